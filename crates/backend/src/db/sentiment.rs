//! How messages read: in their own columns, as JSON for the whole of it, and with the conversation as the sums that the
//! next one joins; and the corrections of the people who wrote them.

use super::{Db, Result, Tx, read, within};
use crate::sentiment::State;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use types::{ConversationId, MessageId, RunId, Sentiment, SentimentFeedback, SentimentMethod, UserId};
use uuid::Uuid;

/// What a run is to read.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) text: String,
    pub(crate) method: SentimentMethod,
    /// How the message reads, where it was read already.
    pub(crate) reading: Option<Sentiment>,
    /// The conversation's sentiment before the message; with it, where it was read.
    pub(crate) state: Option<State>,
}

#[derive(sqlx::FromRow)]
struct AskedRow {
    content: String,
    sentiment_method: String,
    sentiment_data: Option<Json<Value>>,
    sentiment_state: Option<Json<Value>>,
}

/// A sentiment as it is stored. One that another edition of Lia wrote and this one cannot read is as good as none.
pub(super) fn sentiment_from(data: Value) -> Option<Sentiment> {
    serde_json::from_value(data).inspect_err(|error| tracing::warn!(%error, "a sentiment cannot be read")).ok()
}

impl From<AskedRow> for Asked {
    fn from(row: AskedRow) -> Self {
        Self {
            text: row.content,
            method: SentimentMethod::from_name(&row.sentiment_method).unwrap_or(SentimentMethod::Local),
            reading: row.sentiment_data.and_then(|json| sentiment_from(json.0)),
            state: row.sentiment_state.and_then(|json| State::from_stored(json.0)),
        }
    }
}

const ASKED: &str = "select m.content, r.sentiment_method, m.sentiment_data, c.sentiment_state from runs r \
                     join messages m on m.id = r.user_message_id join conversations c on c.id = m.conversation_id \
                     where r.id = $1";

/// The message of a run with its method. For whoever writes the run.
pub(crate) async fn find_asked(db: &Db, run: RunId) -> Result<Option<Asked>> {
    let row: Option<AskedRow> = read!(db, |pool| sqlx::query_as(ASKED).bind(run.0).fetch_optional(pool).await?);
    Ok(row.map(Asked::from))
}

/// The same for callers that hold the conversation: until their transaction ends it stays as it is.
pub(crate) async fn find_asked_held(tx: &mut Tx, run: RunId) -> Result<Option<Asked>> {
    let row: Option<AskedRow> =
        within!(tx, |connection| sqlx::query_as(ASKED).bind(run.0).fetch_optional(connection).await?);
    Ok(row.map(Asked::from))
}

/// Stores how a message reads.
pub(crate) async fn set_reading(tx: &mut Tx, id: MessageId, sentiment: &Sentiment) -> Result<()> {
    const SQL: &str = "update messages set sentiment_score = $2, sentiment_label = $3, sentiment_emotion = $4, \
                       sentiment_confidence = $5, sentiment_method = $6, sentiment_data = $7 where id = $1";
    within!(tx, |connection| sqlx::query(SQL)
        .bind(id.0)
        .bind(sentiment.score)
        .bind(sentiment.label.as_str())
        .bind(&sentiment.emotion)
        .bind(sentiment.confidence)
        .bind(sentiment.method.as_str())
        .bind(Json(sentiment))
        .execute(connection)
        .await
        .map(drop))?;
    Ok(())
}

/// Stores how a message reads after all. Of a copy only what is shown: it is counted with the original, which stays as it
/// is.
pub(crate) async fn correct_reading(tx: &mut Tx, id: MessageId, sentiment: &Sentiment) -> Result<()> {
    const IS_COPY: &str = "select sentiment_score is null from messages where id = $1";
    const SQL: &str = "update messages set sentiment_data = $2 where id = $1";
    let (is_copy,): (bool,) =
        within!(tx, |connection| sqlx::query_as(IS_COPY).bind(id.0).fetch_one(connection).await?);
    if is_copy {
        within!(tx, |connection| sqlx::query(SQL)
            .bind(id.0)
            .bind(Json(sentiment))
            .execute(connection)
            .await
            .map(drop))?;
        return Ok(());
    }
    set_reading(tx, id, sentiment).await
}

/// Stores how a conversation reads. For callers that hold its row.
pub(crate) async fn set_state(tx: &mut Tx, id: ConversationId, state: Option<&State>) -> Result<()> {
    const SQL: &str = "update conversations set sentiment_state = $2 where id = $1";
    within!(tx, |connection| sqlx::query(SQL).bind(id.0).bind(state.map(Json)).execute(connection).await.map(drop))?;
    Ok(())
}

/// The readings on the branch that ends in the conversation's head, oldest first.
pub(crate) async fn list_branch(tx: &mut Tx, id: ConversationId) -> Result<Vec<Sentiment>> {
    const SQL: &str = "with recursive branch (id, parent_id, step) as ( \
           select m.id, m.parent_id, 1 from conversations c join messages m on m.id = c.head_message_id where c.id = $1 \
           union all \
           select m.id, m.parent_id, branch.step + 1 from branch join messages m on m.id = branch.parent_id) \
         select m.sentiment_data from branch join messages m on m.id = branch.id \
         where m.role = 'user' and m.sentiment_data is not null order by branch.step desc";
    let rows: Vec<(Json<Value>,)> =
        within!(tx, |connection| sqlx::query_as(SQL).bind(id.0).fetch_all(connection).await?);
    Ok(rows.into_iter().filter_map(|(json,)| sentiment_from(json.0)).collect())
}

/// Holds the conversation of a message that the user wrote until the transaction ends. `None`: there is none of theirs.
pub(crate) async fn hold_conversation(tx: &mut Tx, id: MessageId, owner: UserId) -> Result<Option<ConversationId>> {
    const SQL: &str = "update conversations set revision = revision + 1 \
                       where id = (select conversation_id from messages where id = $1 and role = 'user') \
                       and user_id = $2 and deleted_at is null returning id";
    let row: Option<(Uuid,)> =
        within!(tx, |connection| sqlx::query_as(SQL).bind(id.0).bind(owner.0).fetch_optional(connection).await?);
    Ok(row.map(|(id,)| ConversationId(id)))
}

/// How a message reads. For callers that hold its conversation.
pub(crate) async fn find_reading(tx: &mut Tx, id: MessageId) -> Result<Option<Sentiment>> {
    const SQL: &str = "select sentiment_data from messages where id = $1 and sentiment_data is not null";
    let row: Option<(Json<Value>,)> =
        within!(tx, |connection| sqlx::query_as(SQL).bind(id.0).fetch_optional(connection).await?);
    Ok(row.and_then(|(json,)| sentiment_from(json.0)))
}

/// Keeps a correction with the reading that it corrects.
pub(crate) async fn insert_feedback(
    tx: &mut Tx,
    id: MessageId,
    owner: UserId,
    feedback: SentimentFeedback,
    before: &Sentiment,
    now: DateTime<Utc>,
) -> Result<()> {
    const SQL: &str = "insert into sentiment_feedback (message_id, user_id, kind, label, reading, created_at) \
                       values ($1, $2, $3, $4, $5, $6)";
    within!(tx, |connection| sqlx::query(SQL)
        .bind(id.0)
        .bind(owner.0)
        .bind(feedback.kind.as_str())
        .bind(feedback.label.map(types::SentimentLabel::as_str))
        .bind(Json(before))
        .bind(now)
        .execute(connection)
        .await
        .map(drop))?;
    Ok(())
}
