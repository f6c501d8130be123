//! Runs: who writes which answer, and how far they are.

use super::messages::status_str;
use super::{Db, Result, Tx, read, within, write};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use types::{ConversationId, MessageId, MessageStatus, ModelInfo, RunId, SentimentMethod, UserId};
use uuid::Uuid;

/// A run that is to be stored.
pub(crate) struct NewRun<'a> {
    pub(crate) id: RunId,
    pub(crate) owner: UserId,
    pub(crate) conversation_id: ConversationId,
    pub(crate) message_id: MessageId,
    pub(crate) user_message_id: MessageId,
    pub(crate) client_message_id: Option<Uuid>,
    pub(crate) request_digest: &'a [u8],
    pub(crate) provider: &'a str,
    pub(crate) model: &'a str,
    pub(crate) sentiment_method: SentimentMethod,
    pub(crate) node: Option<Uuid>,
    pub(crate) now: DateTime<Utc>,
}

/// A run as it stands.
pub(crate) struct Run {
    pub(crate) id: RunId,
    pub(crate) conversation_id: ConversationId,
    pub(crate) message_id: MessageId,
    pub(crate) user_message_id: MessageId,
    pub(crate) request_digest: Vec<u8>,
    pub(crate) running: bool,
    pub(crate) lease_number: i64,
    pub(crate) last_seq: i64,
}

/// A run that nobody is writing any more.
pub(crate) struct Orphan {
    pub(crate) id: RunId,
    pub(crate) conversation_id: ConversationId,
    pub(crate) message_id: MessageId,
    pub(crate) lease_number: i64,
    pub(crate) model: ModelInfo,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    conversation_id: Uuid,
    message_id: i64,
    user_message_id: i64,
    request_digest: Vec<u8>,
    running: bool,
    lease_number: i64,
    last_seq: i64,
}

impl From<Row> for Run {
    fn from(row: Row) -> Self {
        Self {
            id: RunId(row.id),
            conversation_id: ConversationId(row.conversation_id),
            message_id: MessageId(row.message_id),
            user_message_id: MessageId(row.user_message_id),
            request_digest: row.request_digest,
            running: row.running,
            lease_number: row.lease_number,
            last_seq: row.last_seq,
        }
    }
}

#[derive(sqlx::FromRow)]
struct OrphanRow {
    id: Uuid,
    conversation_id: Uuid,
    message_id: i64,
    lease_number: i64,
    model_info: Option<Json<ModelInfo>>,
    provider: String,
    model: String,
}

pub(super) const fn method_str(method: SentimentMethod) -> &'static str {
    match method {
        SentimentMethod::Structured => "structured",
        SentimentMethod::LlmSeparate => "llm_separate",
        SentimentMethod::NlpApi => "nlp_api",
        SentimentMethod::Local => "local",
    }
}

/// Stores a run. [`super::Error::Duplicate`] where its `client_message_id` was used before, or where another run of
/// the conversation is still going.
pub(crate) async fn insert(tx: &mut Tx, run: &NewRun<'_>) -> Result<()> {
    const SQL: &str = "insert into runs (id, user_id, conversation_id, message_id, user_message_id, client_message_id, \
                       request_digest, status, provider, model, sentiment_method, node_id, lease_number, last_seq, \
                       created_at) values ($1, $2, $3, $4, $5, $6, $7, 'running', $8, $9, $10, $11, 1, 0, $12)";
    within!(tx, |connection| sqlx::query(SQL)
        .bind(run.id.0)
        .bind(run.owner.0)
        .bind(run.conversation_id.0)
        .bind(run.message_id.0)
        .bind(run.user_message_id.0)
        .bind(run.client_message_id)
        .bind(run.request_digest)
        .bind(run.provider)
        .bind(run.model)
        .bind(method_str(run.sentiment_method))
        .bind(run.node)
        .bind(run.now)
        .execute(connection)
        .await
        .map(drop))?;
    Ok(())
}

/// The user's run.
pub(crate) async fn find(db: &Db, id: RunId, owner: UserId) -> Result<Option<Run>> {
    const SQL: &str = "select id, conversation_id, message_id, user_message_id, request_digest, \
                       status = 'running' as running, lease_number, last_seq from runs \
                       where id = $1 and user_id = $2";
    let row: Option<Row> = read!(db, |pool| sqlx::query_as(SQL).bind(id.0).bind(owner.0).fetch_optional(pool).await?);
    Ok(row.map(Run::from))
}

/// The user's run that answered this send before.
pub(crate) async fn find_by_client_message(db: &Db, client_id: Uuid, owner: UserId) -> Result<Option<Run>> {
    const SQL: &str = "select id, conversation_id, message_id, user_message_id, request_digest, \
                       status = 'running' as running, lease_number, last_seq from runs \
                       where user_id = $1 and client_message_id = $2";
    let row: Option<Row> =
        read!(db, |pool| sqlx::query_as(SQL).bind(owner.0).bind(client_id).fetch_optional(pool).await?);
    Ok(row.map(Run::from))
}

/// Asks whoever writes the user's run to stop, and says whether somebody does.
pub(crate) async fn request_stop(db: &Db, id: RunId, owner: UserId, now: DateTime<Utc>) -> Result<bool> {
    const SQL: &str = "update runs set stop_requested_at = coalesce(stop_requested_at, $3) \
                       where id = $1 and user_id = $2 and status = 'running'";
    let rows =
        write!(db, |pool| sqlx::query(SQL).bind(id.0).bind(owner.0).bind(now).execute(pool).await?.rows_affected());
    Ok(rows == 1)
}

/// Moves the place of a run on, for the holder of its lease. `None`: the run is gone or another's, stop writing.
/// `Some(true)`: somebody has asked to stop.
pub(crate) async fn advance(tx: &mut Tx, id: RunId, lease_number: i64, last_seq: i64) -> Result<Option<bool>> {
    const SQL: &str = "update runs set last_seq = $3 where id = $1 and lease_number = $2 and status = 'running' \
                       returning stop_requested_at is not null";
    let row: Option<(bool,)> = within!(tx, |connection| sqlx::query_as(SQL)
        .bind(id.0)
        .bind(lease_number)
        .bind(last_seq)
        .fetch_optional(connection)
        .await?);
    Ok(row.map(|(stop,)| stop))
}

/// Ends a run, for the holder of its lease, and says whether it still was one.
pub(crate) async fn finish(
    tx: &mut Tx,
    id: RunId,
    lease_number: i64,
    last_seq: i64,
    status: MessageStatus,
    now: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "update runs set status = $3, last_seq = $4, finished_at = $5 \
                       where id = $1 and lease_number = $2 and status = 'running'";
    let rows = within!(tx, |connection| sqlx::query(SQL)
        .bind(id.0)
        .bind(lease_number)
        .bind(status_str(status))
        .bind(last_seq)
        .bind(now)
        .execute(connection)
        .await?
        .rows_affected());
    Ok(rows == 1)
}

/// Takes a run over from the holder of a lease, and gives the number of the new one. `None`: it is not theirs any more.
pub(crate) async fn raise_lease(db: &Db, id: RunId, lease_number: i64) -> Result<Option<i64>> {
    const SQL: &str = "update runs set lease_number = lease_number + 1 \
                       where id = $1 and lease_number = $2 and status = 'running' returning lease_number";
    let row: Option<(i64,)> =
        write!(db, |pool| sqlx::query_as(SQL).bind(id.0).bind(lease_number).fetch_optional(pool).await?);
    Ok(row.map(|(number,)| number))
}

/// Runs that are still marked as running, oldest first. For a process that is starting and writes none yet.
pub(crate) async fn list_orphans(db: &Db, limit: i64) -> Result<Vec<Orphan>> {
    const SQL: &str = "select r.id, r.conversation_id, r.message_id, r.lease_number, m.model_info, r.provider, r.model \
                       from runs r join messages m on m.id = r.message_id \
                       where r.status = 'running' order by r.id limit $1";
    let rows: Vec<OrphanRow> = read!(db, |pool| sqlx::query_as(SQL).bind(limit).fetch_all(pool).await?);
    Ok(rows
        .into_iter()
        .map(|row| Orphan {
            id: RunId(row.id),
            conversation_id: ConversationId(row.conversation_id),
            message_id: MessageId(row.message_id),
            lease_number: row.lease_number,
            model: row.model_info.map_or_else(
                || ModelInfo {
                    provider: row.provider,
                    model: row.model,
                    finish_reason: None,
                    usage: None,
                    error: None,
                },
                |json| json.0,
            ),
        })
        .collect())
}
