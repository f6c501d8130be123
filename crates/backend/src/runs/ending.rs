//! The end of one answer: how it is stored, what its followers hear last, and letting go of one that another node goes on with.

use super::live::{Live, Unstored};
use super::log::in_time;
use super::{context, context::Start};
use crate::db::run_log::Entry;
use crate::sentiment::Judgement;
use crate::{Backend, db, events, sentiment};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;
use types::{ErrorCode, FinishReason, MessageStatus, ModelInfo, RunError, RunEvent, StartedRun, Usage, UserEvent};

/// How an answer ends: what is stored, and what followers hear last.
pub(super) struct Ending {
    pub(super) status: MessageStatus,
    model: ModelInfo,
    last: RunEvent,
}

impl Ending {
    pub(super) fn done(model: &ModelInfo, status: MessageStatus, finish_reason: FinishReason) -> Self {
        Self {
            status,
            model: ModelInfo { finish_reason: Some(finish_reason), ..model.clone() },
            last: RunEvent::Done { finish_reason, usage: None },
        }
    }

    /// The same with what the answer used.
    pub(super) fn with_usage(mut self, used: Option<Usage>) -> Self {
        self.model.usage = used;
        if let RunEvent::Done { usage, .. } = &mut self.last {
            *usage = used;
        }
        self
    }

    pub(super) fn stopped(model: &ModelInfo) -> Self {
        Self::done(model, MessageStatus::Stopped, FinishReason::Stopped)
    }

    pub(super) fn failed(model: &ModelInfo, error: RunError) -> Self {
        let status = match error.code {
            ErrorCode::Interrupted => MessageStatus::Interrupted,
            _ => MessageStatus::Failed,
        };
        let model = ModelInfo { error: Some(error.clone()), ..model.clone() };
        Self { status, model, last: RunEvent::Error(error) }
    }
}

/// Stores the end of a run and tells it; before, where that was not told yet, how the message reads that it answers: as the
/// model has said where it has.
pub(super) async fn end(
    backend: &Backend,
    live: &Arc<Live>,
    mut ending: Ending,
    start: &Start,
    judged: Option<Judgement>,
) {
    ending.model.seams = live.seams();
    ending.model.usage = ending.model.usage.or(live.before.usage);
    if ending.status == MessageStatus::Failed && !ending.model.seams.is_empty() {
        // There is text, and it broke off before the provider failed.
        ending.status = MessageStatus::Interrupted;
    }
    Box::pin(finish(backend, live, ending, start, judged.as_ref())).await;
    forget(backend, live);
}

/// Writes a run no more. Its followers look at the database, unless they have heard the end.
pub(super) fn forget(backend: &Backend, live: &Arc<Live>) {
    backend.runs.remove(live);
    live.leave();
}

/// Stores the end until it is stored, and only then tells it.
async fn finish(backend: &Backend, live: &Live, ending: Ending, start: &Start, judged: Option<&Judgement>) {
    let (mut pause, mut tried) = (Duration::from_millis(100), false);
    let _storing = live.storing.lock().await;
    while !live.is_lost() {
        let (content, thought, _) = live.text();
        let storing = async {
            sentiment::settle(backend, live, judged).await?;
            store(backend, live, content, thought, &ending).await
        };
        let is_stored = match in_time(storing).await {
            Ok(Some(revision)) => {
                context::keep(backend, live, start, revision);
                Ok(true)
            }
            // Perhaps our own commit, whose answer was lost.
            Ok(None) if tried => in_time(has_ended(backend, live)).await,
            Ok(None) => Ok(false),
            Err(error) => Err(error),
        };
        match is_stored {
            Ok(true) => {
                live.close(ending.last.clone());
                return tell_of(backend, live, ending.status);
            }
            Ok(false) => return,
            Err(error) => {
                tried = true;
                tracing::warn!(error = &error as &dyn std::error::Error, run.id = %live.started.run_id, "an answer cannot be stored yet");
            }
        }
        tokio::select! {
            () = sleep(pause) => pause = (pause * 2).min(Duration::from_secs(2)),
            () = backend.closed.cancelled() => return,
        }
    }
}

/// Tells the user's other tabs and devices of a run that has ended.
fn tell_of(backend: &Backend, live: &Live, status: MessageStatus) {
    let StartedRun { conversation_id, message_id, run_id, .. } = live.started;
    let event = UserEvent::RunFinished { conversation_id, message_id, run_id, status };
    events::publish(backend, live.owner, event);
}

/// Stores what the log of a run lacks and lets go of the run, so that whoever claims it has all of it. Where that fails,
/// it waits for the end of this node's lease.
pub(super) async fn release(backend: &Backend, live: &Live) {
    let _storing = live.storing.lock().await;
    let storing = async {
        let rest = live.unstored();
        let mut tx = backend.db.begin().await?;
        let (id, lease_number) = (live.started.run_id, live.telling.lease_number);
        // A node that goes down in order was not brought down by the run.
        if db::runs::advance(&mut tx, id, lease_number, i64::from(rest.last), true).await?.is_some() {
            if !rest.entries.is_empty() {
                db::run_log::append(&mut tx, id, rest.first, rest.last, &rest.entries).await?;
            }
            db::runs::release(&mut tx, id, lease_number).await?;
            tx.commit().await?;
        }
        Ok::<_, db::Error>(())
    };
    if let Err(error) = in_time(storing).await {
        tracing::warn!(error = &error as &dyn std::error::Error, run.id = %live.started.run_id, "a run could not be released");
    }
}

/// Whether the run has ended under the lease that it is written with.
async fn has_ended(backend: &Backend, live: &Live) -> db::Result<bool> {
    let run = db::runs::find(&backend.db, live.started.run_id, live.owner).await?;
    Ok(run.is_some_and(|run| !run.running && run.lease_number == live.telling.lease_number))
}

/// The transaction of an ending: the rest of the log with the last event, the message, the run and the conversation.
/// Gives the conversation's revision; `None`: the run is another's by now, or deleted, and nothing was stored.
async fn store(
    backend: &Backend,
    live: &Live,
    content: String,
    thought: String,
    ending: &Ending,
) -> db::Result<Option<i64>> {
    let Unstored { first, mut last, mut entries } = live.unstored();
    last = last.saturating_add(1);
    entries.push(Entry { n: last, event: ending.last.clone() });
    let end = db::exchanges::End {
        run: live.started.run_id,
        lease_number: live.telling.lease_number,
        conversation: live.started.conversation_id,
        message: live.started.message_id,
        content,
        thought,
        status: ending.status,
        model: ending.model.clone(),
        first_seq: first,
        last_seq: last,
        entries,
        now: backend.clock.now(),
    };
    backend.runs.ends.store(&backend.db, end, |db, ends| Box::pin(db::exchanges::finish(db, ends))).await
}
