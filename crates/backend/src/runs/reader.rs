//! Reading the log of a run that another node writes, or wrote: one reader for each run that is followed here, however many
//! follow it. It looks when there is a hint that more was written, and else once a second; when nobody follows any more it
//! goes.

use super::{
    log::in_time,
    telling::{Closed, Source, Telling},
    transcript::Transcript,
};
use crate::{Backend, db, error::Result};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::timeout};
use types::{ErrorCode, FinishReason, MessageStatus, RunError, RunEvent, RunId, UserId};

/// How often the log is looked at where no hint comes.
const POLL: Duration = Duration::from_secs(1);

/// The tellings that are filled from logs.
#[derive(Debug, Default)]
pub(crate) struct Readers(Mutex<HashMap<RunId, Arc<Telling>>>);

impl Readers {
    fn tellings(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Telling>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a telling to which nothing will be added, or which nobody follows, and says whether it is one: somebody may
    /// have come at the last moment.
    fn forget(&self, run: RunId, telling: &Arc<Telling>) -> bool {
        let mut tellings = self.tellings();
        let is_over = telling.is_closed() || !telling.is_followed();
        if is_over && tellings.get(&run).is_some_and(|known| Arc::ptr_eq(known, telling)) {
            tellings.remove(&run);
        }
        is_over
    }
}

/// What is told here of the user's run under a lease, or a later one: by its writer, where that is here, else out of its log.
/// For callers that have found the run through its owner.
pub(super) fn join(
    backend: &Backend,
    run: RunId,
    owner: UserId,
    lease_number: i64,
) -> (Arc<Telling>, watch::Receiver<()>) {
    let live = backend.runs.find(run, owner).filter(|live| live.telling.lease_number == lease_number);
    if let Some(live) = live {
        return followed(Arc::clone(&live.telling));
    }
    let mut tellings = backend.readers.tellings();
    if let Some(telling) = tellings.get(&run) {
        if telling.lease_number >= lease_number && !telling.is_closed() {
            return followed(Arc::clone(telling));
        }
        telling.leave(lease_number);
    }
    let telling = Arc::new(Telling::new(lease_number, Source::Log, Transcript::default()));
    tellings.insert(run, Arc::clone(&telling));
    // Before its reader is there, which would find that nobody follows.
    let joined = followed(Arc::clone(&telling));
    drop(tellings);
    backend.background.spawn(read(backend.clone(), run, owner, telling));
    joined
}

fn followed(telling: Arc<Telling>) -> (Arc<Telling>, watch::Receiver<()>) {
    let changes = telling.follow();
    (telling, changes)
}

/// Fills a telling from the log for as long as it is followed.
async fn read(backend: Backend, run: RunId, owner: UserId, telling: Arc<Telling>) {
    let mut hints = backend.bus.watch(run);
    loop {
        hints.borrow_and_update();
        let looked = tokio::select! {
            // A database that has gone silent may never answer.
            looked = in_time(look(&backend, run, owner, &telling)) => looked,
            () = backend.closed.cancelled() => return,
        };
        if let Err(error) = looked {
            // It may be back in a moment, and then the run goes on.
            tracing::debug!(error = &error as &dyn std::error::Error, run.id = %run, "a run's log cannot be read");
        }
        tokio::select! {
            () = telling.over() => {}
            () = telling.deserted() => {}
            // The hint is only sooner than the next look.
            _ = timeout(POLL, hints.changed()) => {}
            () = backend.closed.cancelled() => return,
        }
        if backend.readers.forget(run, &telling) {
            return;
        }
    }
}

/// Tells what the log holds by now, and where the run ended or goes on elsewhere, that.
async fn look(backend: &Backend, id: RunId, owner: UserId, telling: &Telling) -> Result<()> {
    // The order matters: what was stored before the run ended is in the log once the row says that it has.
    let Some(run) = db::runs::find(&backend.db, id, owner).await? else {
        telling.close(Closed::Gone, |_| {});
        return Ok(());
    };
    let is_here = || backend.runs.find(id, owner).is_some_and(|live| live.telling.lease_number == run.lease_number);
    if run.lease_number != telling.lease_number || (run.running && is_here()) {
        telling.leave(run.lease_number);
        return Ok(());
    }
    let end = u32::try_from(run.last_seq).unwrap_or(u32::MAX);
    if telling.end() < end {
        let log = db::run_log::list(&backend.db, id, telling.end()).await?;
        telling.tell(|transcript| transcript.extend(log));
    }
    if run.running {
        return Ok(());
    }
    if telling.end() >= end {
        telling.close(Closed::Ended, |_| {});
        return Ok(());
    }
    // The log is no longer kept.
    match ended(backend, &run, owner, end).await? {
        Some(ended) => telling.close(Closed::Ended, |transcript| *transcript = ended),
        None => telling.close(Closed::Gone, |_| {}),
    }
    Ok(())
}

/// The whole text and how it ended, from the message.
async fn ended(backend: &Backend, run: &db::runs::Run, owner: UserId, end: u32) -> Result<Option<Transcript>> {
    let Some(message) = db::messages::find(&backend.db, run.message_id, owner).await? else { return Ok(None) };
    let info = message.model_info;
    let last = match message.status {
        MessageStatus::Complete | MessageStatus::Stopped => RunEvent::Done {
            finish_reason: info.as_ref().and_then(|info| info.finish_reason).unwrap_or(FinishReason::Other),
            usage: info.and_then(|info| info.usage),
        },
        _ => RunEvent::Error(info.and_then(|info| info.error).unwrap_or_else(|| RunError {
            code: ErrorCode::Interrupted,
            message: "The answer broke off. What had been written is kept.".to_owned(),
            retryable: true,
            retry_after_ms: None,
        })),
    };
    let text = RunEvent::Snapshot { content: message.content, thought: message.thought };
    Ok(Some(Transcript::of_ended(end, text, last)))
}
