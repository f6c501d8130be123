//! Following a run: replay from a place, then live, for as long as the sign-in holds.

use super::telling::{Closed, Look, Telling};
use super::{live::Live, reader};
use crate::db::run_log::Entry;
use crate::{Actor, Backend, Error, db, error::Result, sessions};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, timeout_at},
};
use types::{ErrorCode, RunError, RunEvent, RunId, SessionId, StreamId};

/// How long a follower that has just been given text lets more of it gather. The first word waits for nothing, and models
/// that write a hundred tokens a second or fewer are not slowed either; what comes faster than a screen can show it goes
/// out in one write instead of one for each token, which was a third of what an answer cost.
const BREATH: Duration = Duration::from_millis(10);
/// How many answers are written here at once for each time that the breath is as long again, up to [`LONGEST`] of them: a
/// machine that writes hundreds is busy, each answer grows slowly, and a write for every few words would be most of its work.
const MANY: usize = 100;
/// Of breaths: twenty times a second is still no jerk to the eye.
const LONGEST: u32 = 5;

/// A reader of one run, at one place in it. However slow it is, it holds no more than the one event that it is being given:
/// the text itself is the run's.
pub struct Follower {
    backend: Backend,
    actor: Actor,
    run: RunId,
    telling: Arc<Telling>,
    /// Of the telling.
    changes: watch::Receiver<()>,
    /// Under the telling's lease. `None`: one that cannot be continued, so the whole text comes next.
    place: Option<u32>,
    /// The last event that it was given, under whichever lease.
    last: StreamId,
    /// It has been told how the question reads, which is told once.
    has_reading: bool,
    /// Until when text may gather.
    breath: Option<Instant>,
    finished: bool,
    sign_outs: broadcast::Receiver<SessionId>,
}

/// Follows the user's run from after an event. `None`: it has ended, and nothing came after that event.
pub async fn follow(backend: &Backend, actor: &Actor, id: RunId, after: Option<StreamId>) -> Result<Option<Follower>> {
    let sign_outs = backend.runs.sign_outs();
    // Whoever signed out before this line is not heard by the next ones.
    sessions::still_holds(backend, actor).await?;
    let run = db::runs::find(&backend.db, id, actor.id()).await?.ok_or_else(Error::run_not_found)?;
    if !run.running && place_of(after, run.lease_number).is_some_and(|place| i64::from(place) == run.last_seq) {
        return Ok(None);
    }
    let (telling, changes) = reader::join(backend, id, actor.id(), run.lease_number);
    Ok(Some(Follower {
        backend: backend.clone(),
        actor: actor.clone(),
        run: id,
        place: place_of(after, telling.lease_number),
        last: after.unwrap_or(StreamId::START),
        has_reading: false,
        telling,
        changes,
        breath: None,
        finished: false,
        sign_outs,
    }))
}

/// The place that an id names under the run's lease; `None` for an id of another lease.
fn place_of(after: Option<StreamId>, lease_number: i64) -> Option<u32> {
    match after {
        None | Some(StreamId::START) => Some(0),
        Some(id) => (id.lease_number() == lease_number).then_some(id.place()),
    }
}

impl Follower {
    /// Follows a run that the actor has just begun. `sign_outs` was taken before their sign-in was last looked at.
    pub(super) fn of_new(
        backend: &Backend,
        actor: &Actor,
        live: &Live,
        sign_outs: broadcast::Receiver<SessionId>,
    ) -> Self {
        Self {
            backend: backend.clone(),
            actor: actor.clone(),
            run: live.started.run_id,
            telling: Arc::clone(&live.telling),
            changes: live.telling.follow(),
            place: Some(0),
            last: StreamId::START,
            has_reading: false,
            breath: None,
            finished: false,
            sign_outs,
        }
    }

    /// The next event with its id, when there is one. `None` after the last one, and when the sign-in ends or the
    /// process goes down; then the client may come back with the last id.
    pub async fn next(&mut self) -> Option<(StreamId, RunEvent)> {
        while !self.finished {
            self.changes.borrow_and_update();
            match self.telling.look(self.place) {
                Look::Next(entry) => {
                    if let Some(told) = self.give(entry) {
                        return Some(told);
                    }
                }
                Look::Nothing => self.wait().await?,
                Look::Closed(Closed::Left(lease_number)) => self.go_over(lease_number),
                Look::Closed(Closed::Ended) => self.finished = true,
                Look::Closed(Closed::Gone) => {
                    let n = self.place.unwrap_or_default().saturating_add(1);
                    return Some(self.take(Entry { n, event: gone() }));
                }
            }
        }
        None
    }

    /// The events as a stream that can outlive the request.
    pub fn into_stream(self) -> impl futures_util::Stream<Item = (StreamId, RunEvent)> + Send + 'static {
        futures_util::stream::unfold(self, |mut follower| async move {
            let item = follower.next().await?;
            Some((item, follower))
        })
    }

    /// What comes next, unless the follower knows it. To one that is given the whole text how the question reads comes
    /// first, where that was told before and not to this one.
    fn give(&mut self, entry: Entry) -> Option<(StreamId, RunEvent)> {
        if self.place.is_none() && !self.has_reading {
            let (was_heard, reading) = self.telling.read(|transcript| {
                let reading = transcript.reading().filter(|reading| reading.n <= entry.n);
                (transcript.was_heard(self.last.place()), reading.cloned())
            });
            self.has_reading = was_heard || reading.is_some();
            if let Some(reading) = reading.filter(|_| !was_heard) {
                // Still at a place that cannot be continued: whoever breaks off here is given the whole text again.
                self.last = StreamId(self.last.0.saturating_add(1));
                return Some((self.last, reading.event));
            }
        }
        if self.has_reading && matches!(entry.event, RunEvent::Sentiment(_)) {
            self.place = Some(entry.n);
            return None;
        }
        Some(self.take(entry))
    }

    fn take(&mut self, entry: Entry) -> (StreamId, RunEvent) {
        let is_text = matches!(entry.event, RunEvent::Chunk { .. } | RunEvent::Thought { .. });
        self.breath = is_text.then(|| Instant::now() + breath(self.backend.runs.count()));
        self.finished = entry.event.is_last();
        self.has_reading |= matches!(entry.event, RunEvent::Sentiment(_));
        self.place = Some(entry.n);
        self.last = StreamId::new(self.telling.lease_number, entry.n);
        (self.last, entry.event)
    }

    /// Follows whoever tells what comes, under this lease or a later one.
    fn go_over(&mut self, lease_number: i64) {
        let (telling, changes) = reader::join(&self.backend, self.run, self.actor.id(), lease_number);
        if telling.lease_number != self.telling.lease_number {
            // Another node writes it: what was told here and never stored does not count.
            self.place = self.place.filter(|place| *place == 0);
        }
        (self.telling, self.changes) = (telling, changes);
    }

    /// Waits until looking again may find something. `None`: it is over for this follower.
    async fn wait(&mut self) -> Option<()> {
        let changed = async {
            if let Some(breath) = self.breath.take() {
                // The last words wait for nothing either.
                let _ = timeout_at(breath, self.telling.over()).await;
            }
            // The telling is here, and so is its sender.
            drop(self.changes.changed().await);
        };
        tokio::select! {
            biased;
            () = signed_out(&mut self.sign_outs, self.actor.session) => None,
            // Before the end of the process: what was told last is still to be read.
            () = changed => Some(()),
            () = self.backend.closed.cancelled() => None,
        }
    }
}

/// How long text gathers where so many answers are written.
fn breath(answers: usize) -> Duration {
    BREATH * u32::try_from(answers / MANY).unwrap_or(LONGEST).clamp(1, LONGEST)
}

/// What a follower hears last whose run is no more.
fn gone() -> RunEvent {
    RunEvent::Error(RunError {
        code: ErrorCode::ConversationNotFound,
        message: "This conversation was deleted.".to_owned(),
        retryable: false,
        retry_after_ms: None,
    })
}

/// Waits until a sign-in ends. Missing some because they were too many counts as ended: the client comes back.
pub(crate) async fn signed_out(sign_outs: &mut broadcast::Receiver<SessionId>, session: SessionId) {
    loop {
        match sign_outs.recv().await {
            Ok(ended) if ended != session => {}
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_gathers_longer_where_many_answers_are_written() {
        assert_eq!([0, 1, 199].map(breath), [BREATH; 3]);
        assert_eq!(
            [250, 500, 5_000, usize::MAX].map(breath),
            [2, LONGEST, LONGEST, LONGEST].map(|times| BREATH * times)
        );
    }
}
