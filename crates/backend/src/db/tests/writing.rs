//! How answers are written: starts and ends whole, each send answered once, each run by one node.

use super::*;

on_both!(an_exchange_is_stored_whole_or_not_at_all, |db| async move {
    use super::*;
    nodes::renew(&db, NODE, LEASE).await.unwrap();
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let id = ConversationId(Uuid::now_v7());
    assert_eq!(insert(&db, question(ada, id)).await.unwrap(), None, "there is no such conversation");
    let first = NewExchange { title: Some("It begins".to_owned()), ..question(ada, id) };
    let (asked, answer) = insert(&db, first.clone()).await.unwrap().unwrap();
    assert_eq!(insert(&db, question(bob, id)).await.unwrap(), None, "it is not his");
    let found = conversations::find(&db, id, ada).await.unwrap().unwrap();
    assert_eq!((found.title.as_str(), found.version.head, found.total_messages), ("It begins", Some(answer), 2));
    assert_eq!((found.created_at, found.updated_at, found.settings.model), (at(10), at(10), Some(model_ref())));
    finish(&db, first.run, id, answer).await;

    let chosen = ModelRef { model: "other".into(), ..model_ref() };
    let unnamed = NewExchange { chosen: chosen.clone(), now: at(30), ..question(ada, id) };
    let (again, latest) = insert(&db, unnamed.clone()).await.unwrap().unwrap();
    let branch = messages::list_branch(&db, id, ada, None, ALL).await.unwrap();
    let shape: Vec<_> =
        branch.iter().map(|message| (message.id, message.parent_id, message.content.as_str())).collect();
    let earlier = [(answer, Some(asked), "an answer"), (asked, None, "Grüße 🎈")];
    assert_eq!(shape[..2], [(latest, Some(again), ""), (again, Some(answer), "Grüße 🎈")]);
    assert_eq!(shape[2..], earlier);
    let run = runs::find(&db, unnamed.run, ada).await.unwrap().unwrap();
    assert_eq!((run.message_id, run.user_message_id, run.request_digest), (latest, again, vec![1, 2, 3]));
    let found = conversations::find(&db, id, ada).await.unwrap().unwrap();
    assert_eq!((found.title.as_str(), found.total_messages, found.updated_at), ("It begins", 4, at(30)));
    assert_eq!(found.settings.model, Some(model_ref()), "the conversation's model stays");
    finish(&db, unnamed.run, id, latest).await;

    let named = NewExchange { chosen: chosen.clone(), is_named: true, ..question(ada, id) };
    insert(&db, named).await.unwrap().unwrap();
    assert_eq!(conversations::find(&db, id, ada).await.unwrap().unwrap().settings.model, Some(chosen.clone()));
    let preferred = NewExchange {
        title: Some("t".to_owned()),
        is_preferred: true,
        chosen: chosen.clone(),
        ..question(ada, ConversationId(Uuid::now_v7()))
    };
    insert(&db, preferred.clone()).await.unwrap().unwrap();
    let found = conversations::find(&db, preferred.conversation, ada).await.unwrap().unwrap();
    assert_eq!((found.total_messages, found.settings.model), (2, Some(chosen.clone())));
    assert_eq!(users::find_preferences(&db, ada).await.unwrap().unwrap().model, Some(chosen));
});

on_both!(exchanges_that_come_together_are_stored_together, |db| async move {
    use super::*;
    nodes::renew(&db, NODE, LEASE).await.unwrap();
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let new = |owner, title: &str| NewExchange {
        title: Some(title.to_owned()),
        question: format!("{title}?"),
        ..question(owner, ConversationId(Uuid::now_v7()))
    };
    let asked = [new(ada, "one"), new(bob, "two"), new(ada, "three")];
    assert!(asked.iter().all(|new| exchanges::joins(&db, new)));
    let stored = exchanges::insert(&db, &asked).await.unwrap();
    let mut ends = Vec::new();
    for (new, ids) in asked.iter().zip(stored) {
        let exchanges::Inserted { question, answer, .. } = ids.unwrap();
        let found = conversations::find(&db, new.conversation, new.owner).await.unwrap().unwrap();
        assert_eq!((Some(found.title), found.version.head), (new.title.clone(), Some(answer)));
        let found = messages::find(&db, question, new.owner).await.unwrap().unwrap();
        assert_eq!((found.content, found.parent_id), (new.question.clone(), None));
        let run = runs::find(&db, new.run, new.owner).await.unwrap().unwrap();
        assert_eq!((run.message_id, run.user_message_id, run.running), (answer, question, true));
        ends.push(End { content: format!("{}!", new.question), ..end(new.run, new.conversation, answer) });
    }
    ends[1].lease_number = 2;
    assert_eq!(ended(&db, &ends).await, [true, false, true]);
    for (end, new) in ends.iter().zip(&asked) {
        let found = messages::find(&db, end.message, new.owner).await.unwrap().unwrap();
        let written =
            if new.owner == bob { (MessageStatus::Streaming, "") } else { (end.status, end.content.as_str()) };
        assert_eq!((found.status, found.content.as_str()), written);
    }

    let client_message_id = Some(Uuid::new_v4());
    insert(&db, NewExchange { client_message_id, ..new(ada, "four") }).await.unwrap();
    let again = [new(ada, "five"), NewExchange { client_message_id, ..new(ada, "six") }];
    assert!(matches!(exchanges::insert(&db, &again).await, Err(Error::Duplicate)));
    assert!(conversations::find(&db, again[0].conversation, ada).await.unwrap().is_none(), "none of them is stored");
});

on_both!(one_answer_at_a_time_and_one_run_a_send, |db| async move {
    use super::*;
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let id = conversation(&db, ada, "t", 1).await;
    let client = Uuid::new_v4();
    let (run, answer) = exchange(&db, ada, id, Some(client)).await.unwrap();
    assert!(matches!(exchange(&db, ada, id, None).await, Err(Error::Duplicate)), "one is being written");
    let other = conversation(&db, ada, "t", 1).await;
    assert!(matches!(exchange(&db, ada, other, Some(client)).await, Err(Error::Duplicate)), "it was sent before");
    assert!(
        messages::list_branch(&db, other, ada, None, ALL).await.unwrap().is_empty(),
        "nothing of a refused send stays"
    );

    let found = runs::find_by_client_message(&db, client, ada).await.unwrap().unwrap();
    assert_eq!((found.id, found.message_id, found.conversation_id), (run, answer, id));
    assert_eq!((found.request_digest, found.running, found.lease_number, found.last_seq), (vec![1, 2, 3], true, 1, 0));
    assert!(runs::find_by_client_message(&db, client, bob).await.unwrap().is_none());
    assert!(runs::find(&db, run, bob).await.unwrap().is_none());

    finish(&db, run, id, answer).await;
    assert!(!runs::find(&db, run, ada).await.unwrap().unwrap().running);
    exchange(&db, ada, id, None).await.unwrap();
    let bobs = conversation(&db, bob, "t", 1).await;
    exchange(&db, bob, bobs, Some(client)).await.unwrap();
});

on_both!(only_the_holder_of_the_lease_writes, |db| async move {
    use super::*;
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let id = conversation(&db, ada, "t", 1).await;
    let (run, answer) = exchange(&db, ada, id, None).await.unwrap();
    let chunk = |n, content: &str| Entry { n, event: RunEvent::Chunk { content: content.into() } };

    let part = |run, lease_number, first_seq, last_seq, content: &str| Part {
        run,
        lease_number,
        first_seq,
        last_seq,
        entries: vec![chunk(last_seq, content)],
    };
    let (other_run, _) = exchange(&db, ada, conversation(&db, ada, "t", 1).await, None).await.unwrap();
    let parts = [part(run, 1, 0, 3, "a\"b"), part(other_run, 2, 0, 9, "another lease")];
    assert_eq!(run_log::store(&db, &parts).await.unwrap(), HashMap::from([(run, false)]));
    assert_eq!(
        run_log::store(&db, &parts[..1]).await.unwrap().len(),
        1,
        "a commit whose answer was lost is made again"
    );
    assert_eq!(run_log::list(&db, other_run, 0).await.unwrap(), []);
    assert!(
        conversations::delete(&db, runs::find(&db, other_run, ada).await.unwrap().unwrap().conversation_id, ada)
            .await
            .unwrap()
    );
    assert_eq!(runs::find(&db, run, ada).await.unwrap().unwrap().last_seq, 3);

    assert!(!runs::request_stop(&db, run, bob, at(11)).await.unwrap());
    assert!(runs::request_stop(&db, run, ada, at(11)).await.unwrap());
    let stopped = run_log::store(&db, &[part(run, 1, 3, 5, "cd")]).await.unwrap();
    assert_eq!(stopped, HashMap::from([(run, true)]), "somebody asked to stop");
    assert_eq!(run_log::list(&db, run, 0).await.unwrap(), [chunk(3, "a\"b"), chunk(5, "cd")]);
    assert_eq!(run_log::list(&db, run, 3).await.unwrap(), [chunk(5, "cd")]);

    let taken_over = End { lease_number: 2, entries: vec![chunk(9, "lost")], ..end(run, id, answer) };
    assert_eq!(ended(&db, &[taken_over]).await, [false]);
    assert_eq!(messages::find(&db, answer, ada).await.unwrap().unwrap().status, MessageStatus::Streaming);
    assert_eq!(run_log::list(&db, run, 5).await.unwrap(), [], "nothing of a refused end stays");
    finish(&db, run, id, answer).await;
    assert!(!runs::request_stop(&db, run, ada, at(21)).await.unwrap());
    let mut tx = db.begin().await.unwrap();
    runs::release(&mut tx, run, 1).await.unwrap();
    tx.commit().await.unwrap();
    assert!(runs::list_unsettled(&db, NODE, LEASE).await.unwrap().is_empty(), "what has ended is nobody's to claim");

    assert_eq!(run_log::prune(&db, at(20), 10).await.unwrap(), 0);
    assert_eq!(run_log::prune(&db, at(21), 10).await.unwrap(), 3);
    assert!(run_log::list(&db, run, 0).await.unwrap().is_empty());
});

on_both!(a_run_is_claimed_by_one_when_its_node_is_gone, |db| async move {
    use super::*;
    let ada = user(&db, "ada").await.id;
    let id = conversation(&db, ada, "t", 1).await;
    let (run, answer) = exchange(&db, ada, id, None).await.unwrap();
    let other = Uuid::from_u128(8);
    let on_postgres = db.kind() == "postgres";
    // A server that has just come up gives every node so long to come back.
    let lease = Duration::from_secs(5);
    nodes::renew(&db, NODE, lease * 2).await.unwrap();
    assert_eq!(nodes::renew(&db, other, lease).await.unwrap(), on_postgres, "a file has one process");
    let unsettled = async |node| runs::list_unsettled(&db, node, lease).await.unwrap();
    let own = runs::Found { id: run, lease_number: 1, own: true, stop: false };
    assert_eq!(unsettled(NODE).await, [own]);
    assert_eq!(unsettled(other).await, [], "its node is alive");
    // The runs that a node gets of those that it claims.
    let claim = async |lease_number, node| {
        let asked = runs::Found { lease_number, ..own };
        let nobodys = runs::Found { id: RunId(Uuid::from_u128(9)), ..own };
        let claimed = runs::claim(&db, &[nobodys, asked], node, lease).await.unwrap();
        assert!(claimed.len() < 2);
        claimed.into_iter().next()
    };
    assert!(claim(1, other).await.is_none());

    // Its node dies: the lease runs out, or, where there is one process, the next one begins.
    let db = &db;
    nodes::renew(db, NODE, Duration::ZERO).await.unwrap();
    assert_eq!(nodes::delete_dead(db, other).await.unwrap(), u64::from(!on_postgres), "the dead are kept for a while");
    let orphan = runs::Found { own: false, ..own };
    assert_eq!(runs::list_unsettled(db, other, lease).await.unwrap(), [orphan]);
    assert!(runs::request_stop(db, run, ada, at(11)).await.unwrap());
    assert!(claim(2, other).await.is_none(), "somebody was first");
    let claimed = claim(1, other).await.unwrap();
    assert_eq!((claimed.run.id, claimed.run.message_id, claimed.owner), (run, answer, ada));
    assert_eq!((claimed.run.lease_number, claimed.claims, claimed.stop), (2, 1, true));
    assert_eq!(claimed.settings.max_tokens, Some(9));
    assert_eq!((claimed.provider.as_str(), claimed.model.as_str()), ("openai", "m"));
    assert!(claim(1, other).await.is_none());

    let mut tx = db.begin().await.unwrap();
    assert_eq!(runs::advance(&mut tx, run, 1, 3, true).await.unwrap(), None, "the first one has lost it");
    tx.commit().await.unwrap();
    assert_eq!(ended(db, &[end(run, id, answer)]).await, [false]);
    assert_eq!(claim(2, other).await.unwrap().claims, 2, "it may claim its own again");
    let mut tx = db.begin().await.unwrap();
    assert_eq!(runs::advance(&mut tx, run, 3, 3, true).await.unwrap(), Some(true));
    runs::release(&mut tx, run, 3).await.unwrap();
    tx.commit().await.unwrap();
    nodes::renew(db, NODE, LEASE).await.unwrap();
    assert_eq!(claim(3, NODE).await.unwrap().claims, 1, "it was let go of in order");

    // What was kept is told again by whoever claims a run, and is no word of the model.
    let told = |lease_number, last_seq, event| run_log::Part {
        run,
        lease_number,
        first_seq: last_seq - 1,
        last_seq,
        entries: vec![Entry { n: last_seq, event }],
    };
    let kept = RunEvent::Snapshot { content: "kept".into(), thought: String::new() };
    run_log::store(db, &[told(4, 4, kept)]).await.unwrap();
    assert_eq!(claim(4, NODE).await.unwrap().claims, 2, "nothing was added");
    run_log::store(db, &[told(5, 5, RunEvent::Chunk { content: "!".into() })]).await.unwrap();
    assert_eq!(claim(5, NODE).await.unwrap().claims, 1, "there was a word in between");

    nodes::delete(db, NODE).await.unwrap();
    let orphan = runs::Found { id: run, lease_number: 6, own: false, stop: true };
    assert_eq!(runs::list_unsettled(db, other, lease).await.unwrap(), [orphan], "it has given them all up");
});

on_both!(a_failure_is_kept_with_its_message, |db| async move {
    use super::*;
    let ada = user(&db, "ada").await.id;
    let id = conversation(&db, ada, "t", 1).await;
    let (run, answer) = exchange(&db, ada, id, None).await.unwrap();
    let error =
        RunError { code: ErrorCode::ProviderQuota, message: "m".into(), retryable: false, retry_after_ms: Some(5) };
    let model = ModelInfo { error: Some(error), ..model() };
    let last = vec![Entry { n: 9, event: RunEvent::Error(model.error.clone().unwrap()) }];
    let (entries, status) = (last.clone(), MessageStatus::Failed);
    let end = End { entries, status, model: model.clone(), ..end(run, id, answer) };
    assert_eq!(ended(&db, &[end]).await, [true]);
    assert_eq!(run_log::list(&db, run, 0).await.unwrap(), last);
    let found = messages::find(&db, answer, ada).await.unwrap().unwrap();
    assert_eq!((found.status, found.model_info), (MessageStatus::Failed, Some(model)));
});
