//! The log of a run: what its followers were told, for those who come later.

use super::{Db, Result, Tx, read, within, write};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use types::{RunEvent, RunId};

/// An event with the place `n` at which the run stands after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) n: u32,
    #[serde(flatten)]
    pub(crate) event: RunEvent,
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
