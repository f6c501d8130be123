//! Runs: who writes which answer, and how far they are.

use super::{Db, Result, Tx, nodes::alive, read, within, write};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use std::time::Duration;
use types::{ConversationId, GenerationSettings, MessageId, ModelInfo, RunId, SentimentMethod, UserId};
use uuid::Uuid;

/// A run as it stands.
#[derive(Debug)]
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

/// A run that a node has to look at: one of its own, or one that nobody writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) id: RunId,
    pub(crate) lease_number: i64,
    /// It is the asking node's.
    pub(crate) own: bool,
    /// Somebody has asked to stop it.
    pub(crate) stop: bool,
}

/// A run that a node has just claimed.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) run: Run,
    pub(crate) owner: UserId,
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) settings: GenerationSettings,
    /// What its message says of its model: where the run goes on with an answer, of the part before it.
    pub(crate) model_info: Option<ModelInfo>,
    /// How often in a row it was claimed without a word being added, this time included.
    pub(crate) claims: i32,
    /// Somebody has asked to stop it.
    pub(crate) stop: bool,
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
struct ClaimedRow {
    #[sqlx(flatten)]
    run: Row,
    user_id: i64,
    provider: String,
    model: String,
    settings: Option<Json<GenerationSettings>>,
    model_info: Option<Json<ModelInfo>>,
    claims: i32,
    stop: bool,
}

impl From<ClaimedRow> for Claimed {
    fn from(row: ClaimedRow) -> Self {
        Self {
            run: row.run.into(),
            owner: UserId(row.user_id),
            provider: row.provider,
            model: row.model,
            settings: row.settings.map(|json| json.0).unwrap_or_default(),
            model_info: row.model_info.map(|json| json.0),
            claims: row.claims,
            stop: row.stop,
        }
    }
}

pub(super) const fn method_str(method: SentimentMethod) -> &'static str {
    match method {
        SentimentMethod::Structured => "structured",
        SentimentMethod::LlmSeparate => "llm_separate",
        SentimentMethod::NlpApi => "nlp_api",
        SentimentMethod::Local => "local",
    }
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

/// The user's runs that are being written, oldest first: a few, since there may be no more of them at once.
pub(crate) async fn list_running(db: &Db, owner: UserId) -> Result<Vec<Run>> {
    // By what is running, and not by all that the user ever had: that nothing of it has an end picks the index.
    const SQL: &str = "select id, conversation_id, message_id, user_message_id, request_digest, \
                       status = 'running' as running, lease_number, last_seq from runs \
                       where status = 'running' and finished_at is null and user_id = $1 order by id limit 100";
    let rows: Vec<Row> = read!(db, |pool| sqlx::query_as(SQL).bind(owner.0).fetch_all(pool).await?);
    Ok(rows.into_iter().map(Run::from).collect())
}

/// Asks whoever writes the user's run to stop, and says whether somebody does.
pub(crate) async fn request_stop(db: &Db, id: RunId, owner: UserId, now: DateTime<Utc>) -> Result<bool> {
    const SQL: &str = "update runs set stop_requested_at = coalesce(stop_requested_at, $3) \
                       where id = $1 and user_id = $2 and status = 'running'";
    let rows =
        write!(db, |pool| sqlx::query(SQL).bind(id.0).bind(owner.0).bind(now).execute(pool).await?.rows_affected());
    Ok(rows == 1)
}

/// Moves the place of a run on, for the holder of its lease; one that `is_well` has come further than what made others
/// claim it. `None`: the run is gone or another's, stop writing. `Some(true)`: somebody has asked to stop.
pub(crate) async fn advance(
    tx: &mut Tx,
    id: RunId,
    lease_number: i64,
    last_seq: i64,
    is_well: bool,
) -> Result<Option<bool>> {
    const SQL: &str = "update runs set last_seq = $3, claims = case when $4 then 0 else claims end \
                       where id = $1 and lease_number = $2 and status = 'running' \
                       returning stop_requested_at is not null";
    let row: Option<(bool,)> = within!(tx, |connection| sqlx::query_as(SQL)
        .bind(id.0)
        .bind(lease_number)
        .bind(last_seq)
        .bind(is_well)
        .fetch_optional(connection)
        .await?);
    Ok(row.map(|(stop,)| stop))
}

/// Lets go of a run, for the holder of its lease: whoever claims it next writes it.
pub(crate) async fn release(tx: &mut Tx, id: RunId, lease_number: i64) -> Result<()> {
    const SQL: &str = "update runs set node_id = null where id = $1 and lease_number = $2 and status = 'running'";
    within!(tx, |connection| sqlx::query(SQL).bind(id.0).bind(lease_number).execute(connection).await.map(drop))?;
    Ok(())
}

/// The runs that are a node's own, and those that nobody writes: released ones, and those of nodes whose lease has run
/// out; oldest first. `lease` is how long a lease lasts: a server that has just come up gives every node that long to come
/// back.
pub(crate) async fn list_unsettled(db: &Db, node: Uuid, lease: Duration) -> Result<Vec<Found>> {
    let rows: Vec<(Uuid, i64, bool, bool)> = match db {
        Db::Postgres(pool) => {
            const SQL: &str = concat!(
                "select r.id, r.lease_number, coalesce(r.node_id = $1, false) as own, \
                 r.stop_requested_at is not null as stop \
                 from runs r left join nodes n on n.id = r.node_id where r.status = 'running' \
                 and (r.node_id is null or r.node_id = $1 or (n.lease_until not ",
                alive!("$2"),
                " and clock_timestamp() not between pg_postmaster_start_time() \
                 and pg_postmaster_start_time() + $2 * interval '1 second')) order by r.id"
            );
            sqlx::query_as(SQL).bind(node).bind(lease.as_secs_f64()).fetch_all(pool).await?
        }
        Db::Sqlite(sqlite) => {
            const SQL: &str = "select id, lease_number, coalesce(node_id = $1, false) as own, \
                               stop_requested_at is not null as stop from runs where status = 'running' \
                               and (node_id is null or node_id = $1) order by id";
            sqlx::query_as(SQL).bind(node).fetch_all(&sqlite.readers).await?
        }
    };
    let found = |(id, lease_number, own, stop)| Found { id: RunId(id), lease_number, own, stop };
    Ok(rows.into_iter().map(found).collect())
}

/// Claims runs for a node: raises their leases, so that whoever wrote them can store nothing more. Gives those that could
/// be had. Of the others, somebody else was first, the node is alive after all, or they have ended; or somebody is writing in
/// their row at this moment, for which the rest need not wait.
pub(crate) async fn claim(db: &Db, runs: &[Found], node: Uuid, lease: Duration) -> Result<Vec<Claimed>> {
    macro_rules! sql {
        ($with:expr, $which:literal) => {
            concat!(
                $with,
                "update runs set node_id = $3, lease_number = lease_number + 1, claims = claims + 1 where ",
                $which,
                " returning id, conversation_id, message_id, user_message_id, request_digest, \
                 status = 'running' as running, lease_number, last_seq, user_id, provider, model, settings, claims, \
                 (select m.model_info from messages m where m.id = runs.message_id) as model_info, \
                 stop_requested_at is not null as stop"
            )
        };
    }
    let rows: Vec<ClaimedRow> = match db {
        Db::Postgres(pool) => {
            const SQL: &str = sql!(
                concat!(
                    "with free as ( \
                       select r.id from runs r join unnest($1::uuid[], $2::bigint[]) as asked (id, lease_number) \
                       on r.id = asked.id and r.lease_number = asked.lease_number \
                       where r.status = 'running' and (r.node_id is null or r.node_id = $3 \
                       or exists (select 1 from nodes n where n.id = r.node_id and n.lease_until not ",
                    alive!("$4"),
                    ")) for update of r skip locked) "
                ),
                "id in (select id from free)"
            );
            let (ids, leases): (Vec<_>, Vec<_>) = runs.iter().map(|run| (run.id.0, run.lease_number)).unzip();
            let asking = sqlx::query_as(SQL).bind(ids).bind(leases).bind(node).bind(lease.as_secs_f64());
            asking.fetch_all(pool).await?
        }
        Db::Sqlite(sqlite) => {
            const SQL: &str =
                sql!("", "id = $1 and lease_number = $2 and status = 'running' and (node_id is null or node_id = $3)");
            let mut tx = sqlite.begin().await?;
            let mut rows = Vec::with_capacity(runs.len());
            for run in runs {
                let asking = sqlx::query_as(SQL).bind(run.id.0).bind(run.lease_number).bind(node);
                rows.extend(asking.fetch_optional(&mut *tx).await?);
            }
            tx.commit().await?;
            rows
        }
    };
    Ok(rows.into_iter().map(Claimed::from).collect())
}
