//! Following a run: replay from a place, then live, for as long as the sign-in holds.

use super::live::{Closed, Live};
use super::transcript::{NotHere, Transcript};
use crate::db::run_log::Entry;
use crate::{Actor, Backend, Error, db, error::Result, sessions};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, sleep, timeout, timeout_at},
};
use types::{ErrorCode, FinishReason, MessageStatus, RunError, RunEvent, RunId, SessionId, StreamId};

/// How often the log is looked at while the run is being written by another process.
const POLL: Duration = Duration::from_secs(1);
/// How long a follower that has just been given text lets more of it gather. The first word waits for nothing, and models
/// that write a hundred tokens a second or fewer are not slowed either; what comes faster than a screen can show it goes
/// out in one write instead of one for each token, which was a third of what an answer cost.
const BREATH: Duration = Duration::from_millis(10);

/// A reader of one run, at one place in it. However slow it is, it holds no more than what it has not yet read of one
/// look at the run; the text itself is the run's.
pub struct Follower {
    backend: Backend,
    actor: Actor,
    run: RunId,
    /// The lease under which the place is one.
    lease_number: i64,
    live: Option<(Arc<Live>, watch::Receiver<()>)>,
    /// Changes when another node has told of the run; there since the first look at the database.
    hints: Option<watch::Receiver<()>>,
    place: u32,
    /// The place cannot be continued: go on with the whole text.
    lost_place: bool,
    waiting: VecDeque<Entry>,
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
    let live = backend.runs.find(id, actor.id());
    let run = db::runs::find(&backend.db, id, actor.id()).await?.ok_or_else(Error::run_not_found)?;
    let place = place_of(after, run.lease_number);
    if !run.running && place.is_some_and(|place| i64::from(place) == run.last_seq) {
        return Ok(None);
    }
    // A node that stood still may hold a run that is another's by now.
    let live = live.filter(|live| live.lease_number == run.lease_number);
    Ok(Some(Follower {
        backend: backend.clone(),
        actor: actor.clone(),
        run: id,
        lease_number: run.lease_number,
        live: live.map(|live| {
            let changes = live.changes();
            (live, changes)
        }),
        hints: None,
        place: place.unwrap_or(0),
        lost_place: place.is_none(),
        waiting: VecDeque::new(),
        breath: None,
        finished: false,
        sign_outs,
    }))
}

/// The place that an id names under the run's lease; `None` for an id of another lease.
fn place_of(after: Option<StreamId>, lease_number: i64) -> Option<u32> {
    match after {
        None | Some(StreamId::START) => Some(0),
        Some(StreamId(id)) => {
            let place = u32::try_from(id & i64::from(u32::MAX)).ok()?;
            (id >> 32 == lease_number).then_some(place)
        }
    }
}

impl Follower {
    /// Follows a run that the actor has just begun. `sign_outs` was taken before their sign-in was last looked at.
    pub(super) fn of_new(
        backend: &Backend,
        actor: &Actor,
        live: Arc<Live>,
        sign_outs: broadcast::Receiver<SessionId>,
    ) -> Self {
        let changes = live.changes();
        Self {
            backend: backend.clone(),
            actor: actor.clone(),
            run: live.started.run_id,
            lease_number: live.lease_number,
            live: Some((live, changes)),
            hints: None,
            place: 0,
            lost_place: false,
            waiting: VecDeque::new(),
            breath: None,
            finished: false,
            sign_outs,
        }
    }

    /// The next event with its id, when there is one. `None` after the last one, and when the sign-in ends or the
    /// process goes down; then the client may come back with the last id.
    pub async fn next(&mut self) -> Option<(StreamId, RunEvent)> {
        loop {
            if let Some(entry) = self.waiting.pop_front() {
                self.finished = entry.event.is_last();
                return Some((StreamId::new(self.lease_number, entry.n), entry.event));
            }
            if self.finished {
                return None;
            }
            let was_live = self.live.is_some();
            let looked = match self.live {
                Some(_) => Ok(self.look_live()),
                // On the heap only while it is needed: a follower of a live run never does.
                None => Box::pin(self.look_stored()).await,
            };
            match looked {
                Ok(true) => {}
                Ok(false) if self.finished => return None,
                Ok(false) if was_live && self.live.is_none() => {}
                Ok(false) => self.wait().await?,
                Err(Error::Database(error)) => {
                    // It may be back in a moment, and then the run goes on.
                    tracing::debug!(error = &error as &dyn std::error::Error, run.id = %self.run, "a follower waits for the database");
                    self.wait().await?;
                }
                // The conversation was deleted.
                Err(error) => {
                    self.finished = true;
                    return Some((StreamId::new(self.lease_number, self.place.saturating_add(1)), gone(error)));
                }
            }
        }
    }

    /// The events as a stream that can outlive the request.
    pub fn into_stream(self) -> impl futures_util::Stream<Item = (StreamId, RunEvent)> + Send + 'static {
        futures_util::stream::unfold(self, |mut follower| async move {
            let item = follower.next().await?;
            Some((item, follower))
        })
    }

    /// Takes what the run has told since, and says whether there was anything.
    fn look_live(&mut self) -> bool {
        let Some((live, changes)) = &mut self.live else { return false };
        changes.borrow_and_update();
        let (found, closed) = if self.lost_place { (Err(NotHere), None) } else { live.after(self.place) };
        match found {
            Ok(entries) if !entries.is_empty() => self.take(entries),
            Ok(_) => {
                match closed {
                    Some(Closed::Ended) => self.finished = true,
                    // Not told to the end: the database is asked next.
                    Some(Closed::Left) => self.live = None,
                    None => {}
                }
                false
            }
            Err(NotHere) => {
                let whole = live.whole();
                self.lost_place = false;
                self.take(whole)
            }
        }
    }

    /// Takes what the log holds, and says whether there was anything.
    async fn look_stored(&mut self) -> Result<bool> {
        let (db, owner) = (&self.backend.db, self.actor.id());
        self.hints.get_or_insert_with(|| self.backend.bus.watch(self.run)).borrow_and_update();
        // The order matters: what was stored before the run ended is in the log once the row says that it has.
        let run = db::runs::find(db, self.run, owner).await?.ok_or_else(Error::run_not_found)?;
        if run.lease_number != self.lease_number {
            // Another node writes it: what was told here and never stored does not count.
            self.lease_number = run.lease_number;
            self.lost_place |= self.place > 0;
        }
        if run.running
            && let Some(live) = self.backend.runs.find(self.run, owner)
            && live.lease_number == self.lease_number
        {
            let changes = live.changes();
            self.live = Some((live, changes));
            return Ok(self.look_live());
        }
        let end = u32::try_from(run.last_seq).unwrap_or(u32::MAX);
        if self.place == end && !self.lost_place {
            self.finished = !run.running;
            return Ok(false);
        }
        let log = db::run_log::list(db, self.run, if self.lost_place { 0 } else { self.place }).await?;
        let transcript = Transcript::from_log(log);
        let found = if self.lost_place { Err(NotHere) } else { transcript.after(self.place) };
        match found {
            Ok(entries) if !entries.is_empty() => Ok(self.take(entries)),
            Err(NotHere) if self.lost_place && transcript.end() > 0 => {
                self.lost_place = false;
                Ok(self.take(transcript.whole()))
            }
            _ if run.running => Ok(false),
            _ => self.take_ending(&run, end).await,
        }
    }

    /// The whole text and how it ended, from the message: for a place that the log no longer holds.
    async fn take_ending(&mut self, run: &db::runs::Run, end: u32) -> Result<bool> {
        let message = db::messages::find(&self.backend.db, run.message_id, self.actor.id())
            .await?
            .ok_or_else(Error::message_not_found)?;
        self.lost_place = false;
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
        let snapshot = RunEvent::Snapshot { content: message.content, thought: message.thought };
        Ok(self.take(vec![Entry { n: end.saturating_sub(1), event: snapshot }, Entry { n: end, event: last }]))
    }

    fn take(&mut self, entries: Vec<Entry>) -> bool {
        if let Some(last) = entries.last() {
            self.place = last.n;
            let is_text = matches!(last.event, RunEvent::Chunk { .. } | RunEvent::Thought { .. });
            self.breath = is_text.then(|| Instant::now() + BREATH);
        }
        self.waiting.extend(entries);
        !self.waiting.is_empty()
    }

    /// Waits until looking again may find something. `None`: it is over for this follower.
    async fn wait(&mut self) -> Option<()> {
        let changed = async {
            match &mut self.live {
                Some((live, changes)) => {
                    if let Some(breath) = self.breath.take() {
                        // The last words wait for nothing either.
                        let _ = timeout_at(breath, live.over()).await;
                    }
                    // The sender is dropped only with the run, which closes before.
                    drop(changes.changed().await);
                }
                // The hint is only sooner than the next look.
                None => match &mut self.hints {
                    Some(hints) => drop(timeout(POLL, hints.changed()).await),
                    None => sleep(POLL).await,
                },
            }
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

/// What a follower hears last whose run is no more.
fn gone(error: Error) -> RunEvent {
    let error = types::ApiError::from(error);
    let (code, message) = match error.code {
        ErrorCode::RunNotFound | ErrorCode::MessageNotFound => {
            (ErrorCode::ConversationNotFound, "This conversation was deleted.".to_owned())
        }
        code => (code, error.message),
    };
    RunEvent::Error(RunError { code, message, retryable: false, retry_after_ms: None })
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
