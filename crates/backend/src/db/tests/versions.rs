//! Versions: that whatever is shown of something raises that of it, and nothing else does.

use super::{
    LEASE, NODE, ada_and_bob, at, conversation, end, exchange, finish, insert, postgres, question, sqlite, token,
};
use crate::db::{Db, conversations, exchanges, nodes, sentiment, sessions, tree};
use std::cell::Cell;
use types::{ConversationId, SessionId, UserId};
use uuid::Uuid;

/// The version of what lists of somebody's conversations show, as every request reads it.
async fn list_version(db: &Db, session: SessionId) -> i64 {
    sessions::find_holder(db, session, sessions::Kind::Token, at(1)).await.unwrap().unwrap().conversations_version
}

on_both!(whatever_a_list_shows_raises_its_version_and_nobody_elses, |db| async move {
    use super::*;
    nodes::renew(&db, NODE, LEASE).await.unwrap();
    let (ada, bob) = ada_and_bob(&db).await;
    let (session, other) = (token(&db, ada).await, token(&db, bob).await);
    let begun = list_version(&db, session).await;
    assert_eq!(begun, 5, "as random as the epoch");
    let last = Cell::new(begun);
    let is_raised = async || {
        let version = list_version(&db, session).await;
        version > last.replace(version)
    };
    let id = ConversationId(Uuid::now_v7());
    let first = exchanges::NewExchange { title: Some("t".to_owned()), ..question(ada, id) };
    let (_, answer) = insert(&db, first.clone()).await.unwrap().unwrap();
    assert!(is_raised().await, "a conversation begins");
    finish(&db, first.run, id, answer).await;
    assert!(is_raised().await, "its answer ends");
    let (run, answer) = exchange(&db, ada, id, None).await.unwrap();
    assert!(is_raised().await, "it goes on");
    let of_another = exchanges::End { lease_number: 2, ..end(run, id, answer) };
    assert_eq!(exchanges::finish(&db, &[of_another]).await.unwrap(), [None]);
    assert!(!is_raised().await, "who has lost a run changes nothing");
    finish(&db, run, id, answer).await;
    assert!(is_raised().await);
    assert!(conversations::rename(&db, id, ada, "new", at(30)).await.unwrap());
    assert!(is_raised().await, "another name");
    assert!(!conversations::rename(&db, id, bob, "mine", at(30)).await.unwrap());
    assert!(!is_raised().await);
    assert!(conversations::update_settings(&db, id, ada, &conversations::Settings::default()).await.unwrap());
    assert!(!is_raised().await, "no list shows the model");

    let fork = ConversationId(Uuid::now_v7());
    let mut tx = db.begin().await.unwrap();
    assert!(tree::hold(&mut tx, answer, ada).await.unwrap().is_some());
    tx.commit().await.unwrap();
    assert!(!is_raised().await, "to hold a conversation is not to change it");
    let mut tx = db.begin().await.unwrap();
    tree::fork(&mut tx, answer, fork, "copy", at(4)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(is_raised().await, "a copy");
    let mut tx = db.begin().await.unwrap();
    tree::show(&mut tx, id, None, None, None).await.unwrap();
    tx.commit().await.unwrap();
    assert!(is_raised().await, "another branch is of another length");
    assert!(!conversations::delete(&db, fork, bob).await.unwrap());
    assert!(!is_raised().await);
    assert!(conversations::delete(&db, fork, ada).await.unwrap());
    assert!(is_raised().await, "one is gone");
    assert_eq!(conversations::delete_some(&db, ada, 10).await.unwrap(), [id]);
    assert!(is_raised().await, "all are gone");
    assert!(conversations::delete_some(&db, ada, 10).await.unwrap().is_empty());
    assert!(!is_raised().await);
    assert_eq!(list_version(&db, other).await, begun, "his list is as it was");
});

on_both!(what_comes_together_raises_each_version_once, |db| async move {
    use super::*;
    let Db::Postgres(_) = db else { return };
    nodes::renew(&db, NODE, LEASE).await.unwrap();
    let (ada, bob) = ada_and_bob(&db).await;
    let new = |owner: UserId| exchanges::NewExchange {
        title: Some("t".to_owned()),
        ..question(owner, ConversationId(Uuid::now_v7()))
    };
    let asked = [new(bob), new(ada), new(ada)];
    let stored = exchanges::insert(&db, &asked).await.unwrap();
    let ends: Vec<_> = asked
        .iter()
        .zip(stored)
        .map(|(asked, stored)| end(asked.run, asked.conversation, stored.unwrap().answer))
        .collect();
    assert_eq!(exchanges::finish(&db, &ends).await.unwrap(), [Some(1); 3]);
    for owner in [ada, bob] {
        assert_eq!(list_version(&db, token(&db, owner).await).await, 5 + 2);
    }
});

on_both!(whoever_holds_a_conversation_makes_another_version_of_it, |db| async move {
    use super::*;
    nodes::renew(&db, NODE, LEASE).await.unwrap();
    let (ada, _) = ada_and_bob(&db).await;
    let id = conversation(&db, ada, "t", 1).await;
    let version = async || conversations::find(&db, id, ada).await.unwrap().unwrap().version;
    let mut before = version().await;
    assert_eq!((before.head, before.revision), (None, 0));

    let new = question(ada, id);
    let stored = exchanges::insert(&db, std::slice::from_ref(&new)).await.unwrap().remove(0).unwrap();
    assert_eq!(stored.before, Some(before), "what the question was asked after");
    assert_eq!(version().await, conversations::Version { head: Some(stored.answer), revision: 1 });
    let ended = exchanges::finish(&db, &[end(new.run, id, stored.answer)]).await.unwrap();
    before = version().await;
    assert_eq!(ended, [Some(before.revision)]);
    assert_eq!(before.revision, 2);

    let mut tx = db.begin().await.unwrap();
    assert_eq!(conversations::hold(&mut tx, id, ada).await.unwrap().unwrap().version, before);
    tx.commit().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tree::hold(&mut tx, stored.answer, ada).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    sentiment::hold_conversation(&mut tx, stored.question, ada).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    assert_eq!(version().await, conversations::Version { revision: before.revision + 3, ..before });
});
