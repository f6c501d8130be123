//! What is read of conversations, and that only their owners read it.

use super::*;

on_both!(conversations_are_their_owners, |db| async move {
    use super::*;
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let first = conversation(&db, ada, "First", 1).await;
    let second = conversation(&db, ada, "Second", 2).await;
    let titles = |owner, page| {
        let db = db.clone();
        async move {
            let found = conversations::list(&db, owner, page).await.unwrap();
            found.into_iter().map(|found| found.title).collect::<Vec<_>>()
        }
    };
    assert_eq!(titles(ada, ALL).await, ["Second", "First"]);
    assert_eq!(titles(ada, Page { limit: 1, offset: 1 }).await, ["First"]);
    assert!(titles(bob, ALL).await.is_empty());

    let found = conversations::find(&db, first, ada).await.unwrap().unwrap();
    assert_eq!((found.total_messages, found.version.head, found.created_at), (0, None, at(1)));
    assert!(conversations::find(&db, first, bob).await.unwrap().is_none());
    assert!(!conversations::rename(&db, first, bob, "Mine", at(3)).await.unwrap());
    assert!(conversations::rename(&db, first, ada, "Renamed", at(3)).await.unwrap());
    assert_eq!(titles(ada, ALL).await, ["Renamed", "Second"]);

    let mut tx = db.begin().await.unwrap();
    assert!(conversations::hold(&mut tx, first, bob).await.unwrap().is_none());
    assert!(conversations::hold(&mut tx, second, ada).await.unwrap().is_some());
    tree::show(&mut tx, second, None, None, Some(at(5))).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(titles(ada, ALL).await, ["Second", "Renamed"]);

    assert!(!conversations::delete(&db, first, bob).await.unwrap());
    assert!(conversations::delete(&db, first, ada).await.unwrap());
    assert!(conversations::delete_some(&db, bob, 10).await.unwrap().is_empty());
    assert_eq!(conversations::delete_some(&db, ada, 10).await.unwrap(), [second]);
    assert!(titles(ada, ALL).await.is_empty());
});

on_both!(what_a_conversation_used_is_added_up, |db| async move {
    use super::*;
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let id = conversation(&db, ada, "t", 1).await;
    let used = async |owner| messages::sum_usage(&db, id, owner).await.unwrap();
    assert_eq!(used(ada).await, UsageTotal::default());
    let finish = async |usage| {
        let (run, answer) = exchange(&db, ada, id, None).await.unwrap();
        let model = ModelInfo { usage, ..model() };
        let end = End { model, status: MessageStatus::Stopped, ..end(run, id, answer) };
        assert_eq!(ended(&db, &[end]).await, [true]);
    };
    let usage = Usage { input_tokens: 3, output_tokens: 4, estimated: false, cost_micros: None };
    finish(Some(usage)).await;
    finish(None).await;
    assert_eq!(used(ada).await, UsageTotal { input_tokens: 3, output_tokens: 4, cost_micros: None, estimated: false });
    finish(Some(Usage { cost_micros: Some(70), ..usage })).await;
    finish(Some(Usage { cost_micros: Some(7), estimated: true, ..usage })).await;
    exchange(&db, ada, id, None).await.unwrap();
    let all = UsageTotal { input_tokens: 9, output_tokens: 12, cost_micros: Some(77), estimated: true };
    assert_eq!(used(ada).await, all);
    assert_eq!(used(bob).await, UsageTotal::default());
});

on_both!(a_branch_is_read_newest_first, |db| async move {
    use super::*;
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let id = conversation(&db, ada, "t", 1).await;
    let (run, answer) = exchange(&db, ada, id, None).await.unwrap();
    finish(&db, run, id, answer).await;
    let (second_run, second) = exchange(&db, ada, id, None).await.unwrap();

    let branch = messages::list_branch(&db, id, ada, None, ALL).await.unwrap();
    let shape: Vec<_> = branch.iter().map(|message| (message.role, message.status, message.run_id)).collect();
    assert_eq!(
        shape,
        [
            (MessageRole::Assistant, MessageStatus::Streaming, Some(second_run)),
            (MessageRole::User, MessageStatus::Complete, None),
            (MessageRole::Assistant, MessageStatus::Complete, None),
            (MessageRole::User, MessageStatus::Complete, None),
        ]
    );
    assert_eq!((branch[0].id, branch[0].parent_id), (second, Some(branch[1].id)));
    assert_eq!((branch[0].ended_at, branch[1].ended_at, branch[2].ended_at), (None, None, Some(at(20))));
    assert_eq!(
        (branch[1].content.as_str(), branch[2].content.as_str(), branch[2].thought.as_str()),
        ("Grüße 🎈", "an answer", "hm")
    );
    assert_eq!(branch[2].model_info.as_ref().unwrap().usage.unwrap().output_tokens, 4);
    let page = messages::list_branch(&db, id, ada, None, Page { limit: 2, offset: 1 }).await.unwrap();
    assert_eq!(page.iter().map(|message| message.id).collect::<Vec<_>>(), [branch[1].id, branch[2].id]);
    assert!(messages::list_branch(&db, id, bob, None, ALL).await.unwrap().is_empty());
    assert_eq!(conversations::find(&db, id, ada).await.unwrap().unwrap().total_messages, 4);

    assert_eq!(messages::find(&db, second, ada).await.unwrap().unwrap().run_id, Some(second_run));
    assert!(messages::find(&db, second, bob).await.unwrap().is_none());
});

on_both!(a_page_of_long_messages_is_short, |db| async move {
    use super::*;
    let ada = user(&db, "ada").await.id;
    let id = conversation(&db, ada, "t", 1).await;
    // Two bytes a character: the bound is one of memory.
    let long = "ü".repeat(9 << 19);
    let ids = chain(&db, id, &long, 3).await;
    let page = async |page| {
        let found = messages::list_branch(&db, id, ada, None, page).await.unwrap();
        found.into_iter().map(|message| message.id).collect::<Vec<_>>()
    };
    assert_eq!(page(ALL).await, [ids[2], ids[1]]);
    assert_eq!(page(Page { limit: 100, offset: 2 }).await, [ids[0]]);
    assert_eq!(page(Page { limit: 1, offset: 1 }).await, [ids[1]]);
});

on_both!(a_long_conversation_goes_in_one_statement, |db| async move {
    use super::*;
    let ada = user(&db, "ada").await.id;
    let id = conversation(&db, ada, "t", 1).await;
    // More than the 1,000 steps that SQLite's triggers may recurse.
    chain(&db, id, "x", 1_500).await;
    assert_eq!(conversations::find(&db, id, ada).await.unwrap().unwrap().total_messages, 1_500);
    let oldest = messages::list_branch(&db, id, ada, None, Page { limit: 2, offset: 1_499 }).await.unwrap();
    assert_eq!((oldest.len(), oldest[0].parent_id), (1, None));
    assert!(conversations::delete(&db, id, ada).await.unwrap());
});
