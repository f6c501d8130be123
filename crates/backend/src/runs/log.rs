//! The log writer: one task that stores what every run of this process has told, together and at most every 250 ms.

use super::live::{EarlyEnd, Live, Unstored};
use crate::{
    Backend,
    bus::{self, Hint},
    db,
    db::run_log::Part,
};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until, timeout};

/// The shortest time between two flushes: the most text that a killed process can lose.
const INTERVAL: Duration = Duration::from_millis(250);
/// How long storing may take before the database counts as away.
const STORE_LIMIT: Duration = Duration::from_secs(10);
/// Runs stored in one transaction: small enough that no transaction holds SQLite's writer for long.
const BATCH: usize = 64;

/// What the database is asked, given up where the answer does not come in time: one that has gone silent may never give it.
/// What it was asked to do may have been done.
///
/// What asks is large and seldom there: it lies on the heap while it is, and not in the task that asks, twice.
pub(super) fn in_time<T, E: From<db::Error>>(
    asking: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, E>> {
    let asking = timeout(STORE_LIMIT, Box::pin(asking));
    async move { asking.await.unwrap_or_else(|_| Err(db::Error::Silent.into())) }
}

/// Stores until the process goes down. The runs' own endings are stored by their tasks.
pub(crate) async fn write(backend: Backend) {
    let mut next = Instant::now();
    loop {
        tokio::select! {
            () = backend.runs.dirty.notified() => {}
            () = backend.closed.cancelled() => return,
        }
        sleep_until(next).await;
        next = Instant::now() + INTERVAL;
        let dirty = backend.runs.dirty_runs();
        for batch in dirty.chunks(BATCH) {
            if let Err(error) = in_time(flush(&backend, batch)).await {
                // The text waits in memory; each run stops reading from its provider when too much of it waits.
                tracing::warn!(error = &error as &dyn std::error::Error, "the log of the runs cannot be stored");
                backend.runs.dirty.notify_one();
                break;
            }
        }
        let mut written = backend.runs.take_ended();
        written.extend(dirty.iter().map(|live| live.started.run_id));
        bus::tell(&backend, Hint::Written(written)).await;
    }
}

/// Stores what the runs' logs lack, in one transaction. A run that is another's by now, or deleted, ends here.
async fn flush(backend: &Backend, runs: &[Arc<Live>]) -> db::Result<()> {
    let mut parts = Vec::with_capacity(runs.len());
    let mut held = Vec::with_capacity(runs.len());
    for live in runs {
        // A run that is storing its own ending needs nothing from here.
        let Ok(guard) = live.storing.try_lock() else { continue };
        let Unstored { first, last, entries } = live.unstored();
        if !entries.is_empty() {
            let (run, lease_number) = (live.started.run_id, live.telling.lease_number);
            parts.push(Part { run, lease_number, first_seq: first, last_seq: last, entries });
            held.push((live, guard));
        }
    }
    if parts.is_empty() {
        return Ok(());
    }
    let running = db::run_log::store(&backend.db, &parts).await?;
    for (part, (live, guard)) in parts.iter().zip(held) {
        let stop = running.get(&part.run);
        if stop.is_some() {
            live.stored_up_to(part.last_seq);
        }
        drop(guard);
        match stop {
            None => live.end_early(EarlyEnd::Lost),
            Some(true) => live.end_early(EarlyEnd::Stopped),
            Some(false) => {}
        }
    }
    Ok(())
}
