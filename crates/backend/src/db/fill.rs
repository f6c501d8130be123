//! Rows of invented people, many at a time. For `fill` only.

use super::{Db, Result, Tx, read, within};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{QueryBuilder, types::Json};
use std::collections::HashMap;
use types::{ConversationId, MessageId, ModelInfo, Sentiment, UserId};
use uuid::Uuid;

/// An invented person.
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) username: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// An invented conversation.
pub(crate) struct Conversation {
    pub(crate) id: ConversationId,
    pub(crate) owner: UserId,
    pub(crate) title: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// An invented message: a question where it has a sentiment, an answer where it has a model.
pub(crate) struct Message {
    pub(crate) conversation: ConversationId,
    pub(crate) parent: Option<MessageId>,
    pub(crate) depth: i32,
    pub(crate) content: &'static str,
    pub(crate) sentiment: Option<Sentiment>,
    pub(crate) model: Option<ModelInfo>,
    pub(crate) created_at: DateTime<Utc>,
}

/// Whether there is anybody in the database.
pub(crate) async fn has_people(db: &Db) -> Result<bool> {
    let found: Option<(i64,)> =
        read!(db, |pool| sqlx::query_as("select id from users limit 1").fetch_optional(pool).await?);
    Ok(found.is_some())
}

/// Writes people who cannot sign in, and gives their numbers in no particular order.
pub(crate) async fn insert_people(tx: &mut Tx, people: &[Person]) -> Result<Vec<UserId>> {
    const SQL: &str = "insert into users (email, email_key, username, username_key, password_hash, role, session_epoch, \
                       settings, created_at, updated_at) ";
    let rows: Vec<(i64,)> = within!(tx, |connection| {
        let mut query = QueryBuilder::new(SQL);
        query.push_values(people, |mut row, person| {
            row.push_bind(&person.email)
                .push_bind(person.email.to_lowercase())
                .push_bind(&person.username)
                .push_bind(person.username.to_lowercase())
                // No hash at all: no password is right.
                .push_bind("")
                .push_bind("user")
                .push_bind(0_i64)
                .push_bind(Json(Value::Object(serde_json::Map::new())))
                .push_bind(person.created_at)
                .push_bind(person.created_at);
        });
        query.push(" returning id");
        query.build_query_as().fetch_all(connection).await?
    });
    Ok(rows.into_iter().map(|(id,)| UserId(id)).collect())
}

/// Writes conversations without messages.
pub(crate) async fn insert_conversations(tx: &mut Tx, conversations: &[Conversation]) -> Result<()> {
    const SQL: &str =
        "insert into conversations (id, user_id, title, settings, pinned, archived, created_at, updated_at) ";
    within!(tx, |connection| {
        let mut query = QueryBuilder::new(SQL);
        query.push_values(conversations, |mut row, conversation| {
            row.push_bind(conversation.id.0)
                .push_bind(conversation.owner.0)
                .push_bind(&conversation.title)
                .push_bind(Json(Value::Object(serde_json::Map::new())))
                .push_bind(false)
                .push_bind(false)
                .push_bind(conversation.created_at)
                .push_bind(conversation.updated_at);
        });
        query.build().execute(connection).await.map(drop)
    })?;
    Ok(())
}

/// Writes one message each of several conversations, and gives their numbers.
pub(crate) async fn insert_messages(tx: &mut Tx, messages: &[Message]) -> Result<HashMap<ConversationId, MessageId>> {
    const SQL: &str = "insert into messages (conversation_id, parent_id, depth, role, content, thought, status, provider, \
                       model, input_tokens, output_tokens, sentiment_score, sentiment_label, sentiment_emotion, \
                       sentiment_confidence, sentiment_method, sentiment_data, model_info, created_at) ";
    let rows: Vec<(Uuid, i64)> = within!(tx, |connection| {
        let mut query = QueryBuilder::new(SQL);
        query.push_values(messages, |mut row, message| {
            let (sentiment, model) = (message.sentiment.as_ref(), message.model.as_ref());
            let usage = model.and_then(|model| model.usage);
            row.push_bind(message.conversation.0)
                .push_bind(message.parent.map(|id| id.0))
                .push_bind(message.depth)
                .push_bind(if model.is_some() { "assistant" } else { "user" })
                .push_bind(message.content)
                .push_bind("")
                .push_bind("complete")
                .push_bind(model.map(|model| model.provider.as_str()))
                .push_bind(model.map(|model| model.model.as_str()))
                .push_bind(usage.map(|usage| usage.input_tokens))
                .push_bind(usage.map(|usage| usage.output_tokens))
                .push_bind(sentiment.map(|sentiment| sentiment.score))
                .push_bind(sentiment.map(|sentiment| sentiment.label.as_str()))
                .push_bind(sentiment.and_then(|sentiment| sentiment.emotion.as_deref()))
                .push_bind(sentiment.map(|sentiment| sentiment.confidence))
                .push_bind(sentiment.map(|sentiment| sentiment.method.as_str()))
                .push_bind(sentiment.map(Json))
                .push_bind(model.map(Json))
                .push_bind(message.created_at);
        });
        query.push(" returning conversation_id, id");
        query.build_query_as().fetch_all(connection).await?
    });
    Ok(rows.into_iter().map(|(conversation, id)| (ConversationId(conversation), MessageId(id))).collect())
}

/// Makes the last message of each conversation its newest.
pub(crate) async fn set_heads(tx: &mut Tx, heads: &HashMap<ConversationId, MessageId>) -> Result<()> {
    within!(tx, |connection| {
        let mut query = QueryBuilder::new("with heads (conversation_id, message_id) as (");
        query.push_values(heads, |mut row, (conversation, message)| {
            row.push_bind(conversation.0).push_bind(message.0);
        });
        query.push(
            ") update conversations set head_message_id = (select message_id from heads where conversation_id = id) \
             where id in (select conversation_id from heads)",
        );
        query.build().execute(connection).await.map(drop)
    })?;
    Ok(())
}

/// Tells the engine how much there is now, which it would find out later by itself.
pub(crate) async fn analyze(db: &Db) -> Result<()> {
    super::write!(db, |pool| sqlx::query("analyze").execute(pool).await.map(drop))?;
    Ok(())
}
