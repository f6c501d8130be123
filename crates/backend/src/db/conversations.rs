//! Conversations, always with their owner.

use super::{Db, Result, Tx, read, within, write};
use crate::sentiment::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::types::Json;
use types::{ConversationId, ConversationSummary, MessageId, ModelRef, Page, UserId};
use uuid::Uuid;

/// What was chosen for one conversation: the column `settings`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<ModelRef>,
}

/// Which version of a conversation something was made from. Two equal ones have the same messages on the branch that is
/// shown, and these read the same: whatever changes them holds the conversation's row, and so raises its revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) head: Option<MessageId>,
    pub(crate) revision: i64,
}

/// A conversation as it stands.
pub(crate) struct Conversation {
    pub(crate) id: ConversationId,
    pub(crate) title: String,
    /// Not part of a list.
    pub(crate) version: Version,
    /// How the person feels in it; not part of a list.
    pub(crate) sentiment: Option<State>,
    pub(crate) settings: Settings,
    pub(crate) total_messages: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    title: String,
    head_message_id: Option<i64>,
    #[sqlx(default)]
    revision: i64,
    #[sqlx(default)]
    sentiment_state: Option<Json<Value>>,
    settings: Json<Settings>,
    /// Messages from the first to the head: one more than the head's depth.
    total_messages: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Conversation {
    fn from(row: Row) -> Self {
        Self {
            id: ConversationId(row.id),
            title: row.title,
            version: Version { head: row.head_message_id.map(MessageId), revision: row.revision },
            sentiment: row.sentiment_state.and_then(|json| State::from_stored(json.0)),
            settings: row.settings.0,
            total_messages: row.total_messages,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<Conversation> for ConversationSummary {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.id,
            title: conversation.title,
            message_count: conversation.total_messages,
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}

/// The user's conversation, if it is theirs.
pub(crate) async fn find(db: &Db, id: ConversationId, owner: UserId) -> Result<Option<Conversation>> {
    const SQL: &str = "select c.id, c.title, c.head_message_id, c.revision, c.sentiment_state, c.settings, \
                       cast(coalesce(m.depth + 1, 0) as bigint) as total_messages, c.created_at, c.updated_at \
                       from conversations c left join messages m on m.id = c.head_message_id \
                       where c.id = $1 and c.user_id = $2 and c.deleted_at is null";
    let row: Option<Row> = read!(db, |pool| sqlx::query_as(SQL).bind(id.0).bind(owner.0).fetch_optional(pool).await?);
    Ok(row.map(Conversation::from))
}

/// The user's conversations, most recently changed first.
pub(crate) async fn list(db: &Db, owner: UserId, page: Page) -> Result<Vec<Conversation>> {
    const SQL: &str = "select c.id, c.title, c.head_message_id, c.settings, \
                       cast(coalesce(m.depth + 1, 0) as bigint) as total_messages, c.created_at, c.updated_at \
                       from conversations c left join messages m on m.id = c.head_message_id \
                       where c.user_id = $1 and c.deleted_at is null \
                       order by c.updated_at desc, c.id desc limit $2 offset $3";
    let rows: Vec<Row> =
        read!(db, |pool| sqlx::query_as(SQL).bind(owner.0).bind(page.limit).bind(page.offset).fetch_all(pool).await?);
    Ok(rows.into_iter().map(Conversation::from).collect())
}

/// A conversation whose row is held.
pub(crate) struct Held {
    /// As it was before it was held.
    pub(crate) version: Version,
    pub(crate) settings: Settings,
    /// How the person feels in it.
    pub(crate) state: Option<State>,
}

/// Makes another version of the user's conversation and holds its row until the transaction ends, so that two sends cannot
/// both continue it. `None`: it is not theirs.
pub(crate) async fn hold(tx: &mut Tx, id: ConversationId, owner: UserId) -> Result<Option<Held>> {
    const SQL: &str = "update conversations set revision = revision + 1 \
                       where id = $1 and user_id = $2 and deleted_at is null \
                       returning head_message_id, revision - 1, settings, sentiment_state";
    type Row = (Option<i64>, i64, Json<Settings>, Option<Json<Value>>);
    let row: Option<Row> =
        within!(tx, |connection| sqlx::query_as(SQL).bind(id.0).bind(owner.0).fetch_optional(connection).await?);
    Ok(row.map(|(head, revision, settings, state)| Held {
        version: Version { head: head.map(MessageId), revision },
        settings: settings.0,
        state: state.and_then(|json| State::from_stored(json.0)),
    }))
}

/// Replaces what was chosen for the user's conversation, and says whether there is one. Nothing in it has changed by
/// that: it keeps its place in the list.
pub(crate) async fn update_settings(db: &Db, id: ConversationId, owner: UserId, settings: &Settings) -> Result<bool> {
    const SQL: &str = "update conversations set settings = $3 where id = $1 and user_id = $2 and deleted_at is null";
    let rows = write!(db, |pool| sqlx::query(SQL)
        .bind(id.0)
        .bind(owner.0)
        .bind(Json(settings))
        .execute(pool)
        .await?
        .rows_affected());
    Ok(rows == 1)
}

/// Gives the user's conversation a name, and says whether there was one to name.
pub(crate) async fn rename(
    db: &Db,
    id: ConversationId,
    owner: UserId,
    title: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "update conversations set title = $3, updated_at = $4 \
                       where id = $1 and user_id = $2 and deleted_at is null";
    let rows = write!(db, |pool| sqlx::query(SQL)
        .bind(id.0)
        .bind(owner.0)
        .bind(title)
        .bind(now)
        .execute(pool)
        .await?
        .rows_affected());
    Ok(rows == 1)
}

/// Removes the user's conversation with everything in it, and says whether there was one.
pub(crate) async fn delete(db: &Db, id: ConversationId, owner: UserId) -> Result<bool> {
    const SQL: &str = "delete from conversations where id = $1 and user_id = $2";
    let rows = write!(db, |pool| sqlx::query(SQL).bind(id.0).bind(owner.0).execute(pool).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes up to `limit` of the user's conversations and says which: a bounded piece of work, so that no statement
/// holds the writer for long.
pub(crate) async fn delete_some(db: &Db, owner: UserId, limit: i64) -> Result<Vec<ConversationId>> {
    const SQL: &str = "delete from conversations where id in \
                       (select id from conversations where user_id = $1 limit $2) and user_id = $1 returning id";
    let rows: Vec<(Uuid,)> = write!(db, |pool| sqlx::query_as(SQL).bind(owner.0).bind(limit).fetch_all(pool).await?);
    Ok(rows.into_iter().map(|(id,)| ConversationId(id)).collect())
}
