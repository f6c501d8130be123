//! How messages read, as it is stored.

use super::{LEASE, NODE, at, conversation, finish, insert, postgres, question, sqlite, user};
use crate::db::{Db, conversations, exchanges, exchanges::NewExchange, messages, nodes, sentiment, tree};
use crate::sentiment::State;
use types::{
    ConversationId, FeedbackKind, Page, Sentiment, SentimentFeedback, SentimentLabel, SentimentMethod, UserId,
};
use uuid::Uuid;

/// The columns beside the JSON.
async fn columns(db: &Db, id: i64) -> (Option<f64>, Option<String>, Option<String>, Option<f64>, Option<String>) {
    const SQL: &str = "select sentiment_score, sentiment_label, sentiment_emotion, sentiment_confidence, \
                       sentiment_method from messages where id = $1";
    match db {
        Db::Postgres(pool) => sqlx::query_as(SQL).bind(id).fetch_one(pool).await.unwrap(),
        Db::Sqlite(sqlite) => sqlx::query_as(SQL).bind(id).fetch_one(&sqlite.readers).await.unwrap(),
    }
}

fn reading(score: f64) -> Sentiment {
    Sentiment {
        score,
        label: SentimentLabel::of(score),
        emotion: Some("joy".into()),
        confidence: 0.75,
        method: SentimentMethod::NlpApi,
        fallback: false,
        corrected: false,
    }
}

on_both!(a_reading_is_stored_in_columns_and_as_a_whole, |db| async move {
    use super::*;
    nodes::renew(&db, NODE, LEASE).await.unwrap();
    let (ada, bob) = (user(&db, "ada").await.id, user(&db, "bob").await.id);
    let id = conversation(&db, ada, "t", 1).await;
    let mut questions = Vec::new();
    for score in [0.5, -0.25] {
        let new = question(ada, id);
        let run = new.run;
        let (message, answer) = insert(&db, new).await.unwrap().unwrap();
        let asked = sentiment::find_asked(&db, run).await.unwrap().unwrap();
        assert_eq!(asked.method, SentimentMethod::Local);
        assert_eq!(asked.state.map(|state| state.shown.count), questions.last().map(|_| 1), "that of those before");
        let mut tx = db.begin().await.unwrap();
        assert_eq!(sentiment::find_reading(&mut tx, message).await.unwrap(), None);
        sentiment::set_reading(&mut tx, message, &reading(score)).await.unwrap();
        let state = crate::sentiment::recompute(&mut tx, id).await.unwrap();
        assert_eq!(state.map(|state| state.shown.count as usize), Some(questions.len() + 1));
        tx.commit().await.unwrap();
        finish(&db, run, id, answer).await;
        questions.push((message, answer));
    }
    let (first, answer) = questions[0];
    let stored = columns(&db, first.0).await;
    let expected = (Some(0.5), Some("Positive".into()), Some("joy".into()), Some(0.75), Some("nlp_api".into()));
    assert_eq!(stored, expected);
    let found = messages::find(&db, first, ada).await.unwrap().unwrap();
    assert_eq!(found.sentiment, Some(reading(0.5)));
    let branch = messages::list_branch(&db, id, ada, None, Page { limit: 9, offset: 0 }).await.unwrap();
    assert_eq!(branch.iter().filter(|message| message.sentiment.is_some()).count(), 2);

    let mut tx = db.begin().await.unwrap();
    assert_eq!(sentiment::hold_conversation(&mut tx, first, bob).await.unwrap(), None, "not his");
    assert_eq!(sentiment::hold_conversation(&mut tx, answer, ada).await.unwrap(), None, "not a person's");
    assert_eq!(sentiment::hold_conversation(&mut tx, first, ada).await.unwrap(), Some(id));
    let feedback = SentimentFeedback { kind: FeedbackKind::Joking, label: None };
    sentiment::insert_feedback(&mut tx, first, ada, feedback, &reading(0.5), at(30)).await.unwrap();
    sentiment::set_reading(&mut tx, first, &reading(-0.75)).await.unwrap();
    let state: Option<State> = crate::sentiment::recompute(&mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(state.as_ref().map(|state| (state.shown.score, state.shown.count)), Some((-0.5, 2)));
    let kept = conversations::find(&db, id, ada).await.unwrap().unwrap().sentiment;
    assert_eq!(kept, state);

    let copy = ConversationId(Uuid::new_v4());
    let mut tx = db.begin().await.unwrap();
    tree::fork(&mut tx, answer, copy, "a copy", at(40)).await.unwrap();
    tx.commit().await.unwrap();
    let page = Page { limit: 9, offset: 0 };
    let copied = messages::list_branch(&db, copy, ada, None, page).await.unwrap()[0].id;
    let mut tx = db.begin().await.unwrap();
    sentiment::correct_reading(&mut tx, copied, &reading(0.25)).await.unwrap();
    sentiment::correct_reading(&mut tx, first, &reading(-0.25)).await.unwrap();
    tx.commit().await.unwrap();
    let shown = messages::find(&db, copied, ada).await.unwrap().unwrap().sentiment;
    assert_eq!(shown, Some(reading(0.25)));
    assert_eq!(columns(&db, copied.0).await, (None, None, None, None, None), "a copy counts nothing");
    assert_eq!(columns(&db, first.0).await.0, Some(-0.25));
    assert!(conversations::delete(&db, id, ada).await.unwrap(), "its corrections go with it");
});

async fn state(db: &Db, id: ConversationId, owner: UserId) -> Option<State> {
    conversations::find(db, id, owner).await.unwrap().unwrap().sentiment
}

on_both!(a_question_that_is_read_at_once_is_stored_with_its_reading, |db| async move {
    use super::*;
    nodes::renew(&db, NODE, LEASE).await.unwrap();
    let ada = user(&db, "ada").await.id;
    let new = |score: f64| NewExchange {
        title: Some("t".to_owned()),
        reading: Some(reading(score)),
        ..question(ada, ConversationId(Uuid::now_v7()))
    };
    // Two that begin together, and one that has not been read.
    let unread = NewExchange { reading: None, ..new(0.0) };
    let asked = [new(0.5), unread, new(-0.5)];
    let stored = exchanges::insert(&db, &asked).await.unwrap();
    for (new, stored) in asked.iter().zip(stored) {
        let stored = stored.unwrap();
        let found = messages::find(&db, stored.question, ada).await.unwrap().unwrap();
        assert_eq!(found.sentiment, new.reading);
        let expected = new.reading.as_ref().map(|reading| reading.score);
        assert_eq!(stored.state.as_ref().map(|state| state.shown.score), expected);
        assert_eq!(state(&db, new.conversation, ada).await, stored.state);
        assert_eq!(columns(&db, stored.question.0).await.0, expected);
        finish(&db, new.run, new.conversation, stored.answer).await;
        assert_eq!(state(&db, new.conversation, ada).await, stored.state, "an end changes nothing of it");
    }

    // The next joins what the conversation is by then, corrections included.
    let id = asked[0].conversation;
    let first = messages::list_branch(&db, id, ada, None, Page { limit: 9, offset: 0 }).await.unwrap()[1].id;
    let mut tx = db.begin().await.unwrap();
    sentiment::hold_conversation(&mut tx, first, ada).await.unwrap().unwrap();
    sentiment::set_reading(&mut tx, first, &reading(0.25)).await.unwrap();
    crate::sentiment::recompute(&mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    let next = NewExchange { reading: Some(reading(0.75)), ..question(ada, id) };
    let stored = exchanges::insert(&db, std::slice::from_ref(&next)).await.unwrap().remove(0).unwrap();
    let shown = stored.state.clone().unwrap().shown;
    assert_eq!((shown.score, shown.count), (0.5, 2));
    assert_eq!(state(&db, id, ada).await, stored.state);
    assert_eq!(columns(&db, stored.question.0).await.3, Some(0.75));

    // One that is yet to be read leaves it as it is.
    finish(&db, next.run, id, stored.answer).await;
    let later = question(ada, id);
    let unread = exchanges::insert(&db, std::slice::from_ref(&later)).await.unwrap().remove(0).unwrap();
    assert_eq!((unread.state, state(&db, id, ada).await), (None, stored.state));
});
