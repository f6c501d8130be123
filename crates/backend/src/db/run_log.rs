//! The log of a run: what its followers were told, for those who come later.

use super::{Db, Result, Tx, read, runs, within, write};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{postgres::PgPool, types::Json};
use std::collections::HashMap;
use types::{RunEvent, RunId};
use uuid::Uuid;

/// An event with the place `n` at which the run stands after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) n: u32,
    #[serde(flatten)]
    pub(crate) event: RunEvent,
}

/// What a run has told since its log was stored the last time: the events with `first_seq < n <= last_seq`.
pub(crate) struct Part {
    pub(crate) run: RunId,
    pub(crate) lease_number: i64,
    pub(crate) first_seq: u32,
    pub(crate) last_seq: u32,
    pub(crate) entries: Vec<Entry>,
}

impl Part {
    /// Whether the model has said something new. What was kept of an answer that is gone on with is nothing new.
    fn has_words(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.event, RunEvent::Chunk { .. } | RunEvent::Thought { .. }))
    }
}

/// Stores parts of several runs' logs in one transaction and moves the runs on, each for the holder of its lease. Gives
/// the runs that are still theirs, with whether somebody has asked to stop; of the others nothing is stored.
pub(crate) async fn store(db: &Db, parts: &[Part]) -> Result<HashMap<RunId, bool>> {
    if let Db::Postgres(pool) = db {
        return store_at_once(pool, parts).await;
    }
    let mut tx = db.begin().await?;
    let mut running = HashMap::with_capacity(parts.len());
    for part in parts {
        let last = i64::from(part.last_seq);
        if let Some(stop) = runs::advance(&mut tx, part.run, part.lease_number, last, part.has_words()).await? {
            append(&mut tx, part.run, part.first_seq, part.last_seq, &part.entries).await?;
            running.insert(part.run, stop);
        }
    }
    tx.commit().await?;
    Ok(running)
}

async fn store_at_once(pool: &PgPool, parts: &[Part]) -> Result<HashMap<RunId, bool>> {
    const SQL: &str = "with part as ( \
           select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::jsonb[], $6::boolean[]) \
           as part (run_id, lease_number, first_seq, last_seq, events, has_words)), \
         advanced as ( \
           update runs r set last_seq = part.last_seq, claims = case when part.has_words then 0 else r.claims end \
           from part \
           where r.id = part.run_id and r.lease_number = part.lease_number and r.status = 'running' \
           returning r.id, r.stop_requested_at is not null as stop), \
         logged as ( \
           insert into run_log (run_id, first_seq, last_seq, events) \
           select part.run_id, part.first_seq, part.last_seq, part.events \
           from part join advanced on advanced.id = part.run_id \
           on conflict (run_id, last_seq) do nothing) \
         select id, stop from advanced";
    let of_each = |value: fn(&Part) -> i64| parts.iter().map(value).collect::<Vec<_>>();
    let rows: Vec<(Uuid, bool)> = sqlx::query_as(SQL)
        .bind(parts.iter().map(|part| part.run.0).collect::<Vec<_>>())
        .bind(of_each(|part| part.lease_number))
        .bind(of_each(|part| i64::from(part.first_seq)))
        .bind(of_each(|part| i64::from(part.last_seq)))
        .bind(parts.iter().map(|part| Json(&part.entries)).collect::<Vec<_>>())
        .bind(parts.iter().map(Part::has_words).collect::<Vec<_>>())
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(|(id, stop)| (RunId(id), stop)).collect())
}

/// Appends a row that covers `first_seq < n <= last_seq`. For a caller that has just advanced the run. A row that is
/// there already is the same one, stored by a commit whose answer was lost.
pub(crate) async fn append(tx: &mut Tx, run: RunId, first_seq: u32, last_seq: u32, entries: &[Entry]) -> Result<()> {
    const SQL: &str = "insert into run_log (run_id, first_seq, last_seq, events) values ($1, $2, $3, $4) \
                       on conflict (run_id, last_seq) do nothing";
    within!(tx, |connection| sqlx::query(SQL)
        .bind(run.0)
        .bind(i64::from(first_seq))
        .bind(i64::from(last_seq))
        .bind(Json(entries))
        .execute(connection)
        .await
        .map(drop))?;
    Ok(())
}

/// The events of a run from the row that holds the place after `after`, in order. For callers that have found the run
/// through its owner.
pub(crate) async fn list(db: &Db, run: RunId, after: u32) -> Result<Vec<Entry>> {
    const SQL: &str = "select events from run_log where run_id = $1 and last_seq > $2 order by last_seq";
    let rows: Vec<(Json<Vec<Entry>>,)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(run.0).bind(i64::from(after)).fetch_all(pool).await?);
    Ok(rows.into_iter().flat_map(|(json,)| json.0).collect())
}

/// Removes the logs of up to `limit` runs that ended before `before`, and says how many rows went.
pub(crate) async fn prune(db: &Db, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    const SQL: &str = "delete from run_log where run_id in (select r.id from runs r where r.status <> 'running' \
                       and r.finished_at < $1 and exists (select 1 from run_log l where l.run_id = r.id) limit $2)";
    Ok(write!(db, |pool| sqlx::query(SQL).bind(before).bind(limit).execute(pool).await?.rows_affected()))
}
