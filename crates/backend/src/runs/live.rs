//! A run while this process is writing it, and the list of all such runs.

use super::telling::{Closed, Source, Telling};
use super::transcript::Transcript;
use crate::db::{
    exchanges::{End, Inserted, NewExchange},
    run_log::Entry,
    together::Together,
};
use std::collections::{HashMap, HashSet};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU32, Ordering},
};
use tokio::sync::{Notify, Semaphore, SemaphorePermit, broadcast};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use types::{
    ConversationId, MessageId, ModelInfo, RunEvent, RunId, SentimentUpdate, SessionId, StartedRun, Usage, UserId,
};

/// One answer being written.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) started: StartedRun,
    pub(crate) owner: UserId,
    /// What is known of the answer from before this run.
    pub(crate) before: Before,
    /// What has been told of it.
    pub(crate) telling: Arc<Telling>,
    /// The place up to which the log in the database goes.
    stored: AtomicU32,
    /// Woken when that was moved on.
    flushed: Notify,
    /// Why writing should end before the provider is done.
    end: Mutex<Option<EarlyEnd>>,
    ended: CancellationToken,
    /// Held while a part of the transcript is being stored, so that no part is stored twice.
    pub(crate) storing: tokio::sync::Mutex<()>,
}

/// What an answer was before a run went on with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Before {
    seams: Vec<u32>,
    /// What it had used.
    pub(crate) usage: Option<Usage>,
}

impl From<ModelInfo> for Before {
    fn from(model: ModelInfo) -> Self {
        Self { seams: model.seams, usage: model.usage }
    }
}

/// The part of a transcript that the log lacks: the events with `first < n <= last`.
#[derive(Debug)]
pub(crate) struct Unstored {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) entries: Vec<Entry>,
}

/// Why a run ends before its provider does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EarlyEnd {
    /// The user pressed Stop.
    Stopped,
    /// The conversation was deleted, or another node has claimed the run: nothing may be stored any more.
    Lost,
    /// This process is going down: whoever claims the run next goes on with it.
    Released,
}

impl Live {
    /// A run that has told what is in the transcript, of which the log holds what comes up to a place.
    fn new(
        started: StartedRun,
        owner: UserId,
        lease_number: i64,
        before: Before,
        transcript: Transcript,
        stored: u32,
    ) -> Self {
        Self {
            started,
            owner,
            before,
            telling: Arc::new(Telling::new(lease_number, Source::Writer, transcript)),
            stored: AtomicU32::new(stored),
            flushed: Notify::new(),
            end: Mutex::new(None),
            ended: CancellationToken::new(),
            storing: tokio::sync::Mutex::new(()),
        }
    }

    /// Tells the followers what comes next.
    pub(crate) fn push(&self, events: Vec<RunEvent>) {
        self.telling.tell(|transcript| events.into_iter().for_each(|event| transcript.push(event)));
    }

    /// Tells the followers the last event, which has been stored.
    pub(crate) fn close(&self, last: RunEvent) {
        self.telling.close(Closed::Ended, |transcript| transcript.push(last));
    }

    /// Sends the followers to the database: nothing more is told here.
    pub(crate) fn leave(&self) {
        self.telling.leave(self.telling.lease_number);
    }

    /// The whole text so far with the place it goes up to: `(content, thought, place)`.
    pub(crate) fn text(&self) -> (String, String, u32) {
        self.telling.read(|transcript| {
            let (content, thought) = transcript.text();
            (content, thought, transcript.end())
        })
    }

    /// What the log in the database lacks.
    pub(crate) fn unstored(&self) -> Unstored {
        let first = self.stored.load(Ordering::Acquire);
        self.telling.read(|transcript| Unstored {
            first,
            last: transcript.end(),
            entries: transcript.after(first).unwrap_or_default(),
        })
    }

    /// Whether the log in the database lacks something.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.telling.is_closed() && self.backlog() > 0
    }

    /// Bytes, roughly, that wait to be stored.
    pub(crate) fn backlog(&self) -> u32 {
        // The log first: it is never ahead of what has been told since.
        let stored = self.stored.load(Ordering::Acquire);
        self.telling.end().saturating_sub(stored)
    }

    /// Where in the answer another writer went on, in bytes; see [`Transcript::seams`].
    pub(crate) fn seams(&self) -> Vec<u32> {
        let mut seams = [self.before.seams.clone(), self.telling.read(Transcript::seams)].concat();
        seams.dedup();
        seams
    }

    /// Bytes of answer and thoughts so far.
    pub(crate) fn text_length(&self) -> u32 {
        self.telling.read(Transcript::text_length)
    }

    /// Tells how the question reads, unless that was told.
    pub(crate) fn tell_reading(&self, update: SentimentUpdate) {
        self.telling.tell(|transcript| {
            if transcript.reading().is_none() {
                transcript.push(RunEvent::Sentiment(update));
            }
        });
    }

    /// Whether how the question reads has been told.
    pub(crate) fn has_told_reading(&self) -> bool {
        self.telling.read(|transcript| transcript.reading().is_some())
    }

    /// Notes that the log goes up to `place`.
    pub(crate) fn stored_up_to(&self, place: u32) {
        self.stored.store(place, Ordering::Release);
        self.flushed.notify_one();
    }

    /// Waits until more has been stored than the last time.
    pub(crate) async fn flushed(&self) {
        self.flushed.notified().await;
    }

    /// Asks for an early end. The first reason stays, except that a lost run is lost.
    pub(crate) fn end_early(&self, why: EarlyEnd) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if end.is_none() || why == EarlyEnd::Lost {
            *end = Some(why);
        }
        drop(end);
        self.ended.cancel();
    }

    /// Waits for an early end.
    pub(crate) async fn early_end(&self) -> EarlyEnd {
        self.ended.cancelled().await;
        self.end.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(EarlyEnd::Released)
    }

    /// Whether nothing of it may be stored any more.
    pub(crate) fn is_lost(&self) -> bool {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) == Some(EarlyEnd::Lost)
    }
}

/// All runs this process is writing.
#[derive(Debug)]
pub(crate) struct Runs {
    live: Mutex<HashMap<RunId, Arc<Live>>>,
    /// Runs that are being stored or claimed and will be in `live` in a moment.
    coming: Mutex<HashSet<RunId>>,
    /// Runs whose end the other nodes have not heard of.
    ended: Mutex<Vec<RunId>>,
    /// Woken when some run has something to store.
    pub(crate) dirty: Notify,
    /// Starts that are being stored.
    pub(crate) begins: Together<NewExchange, Option<Inserted>>,
    /// Ends that are being stored.
    pub(crate) ends: Together<End, Option<i64>>,
    /// The tasks that write runs; shutdown waits for them.
    pub(crate) tasks: TaskTracker,
    /// Turns for reading what claimed runs go on from.
    catching_up: Semaphore,
    /// Sign-ins that have just ended: their followers end too.
    signed_out: broadcast::Sender<SessionId>,
}

/// Claimed runs that read what they go on from at the same time. A node that dies may leave thousands of them, and requests
/// want the database, too.
const CATCHING_UP: usize = 2;

impl Default for Runs {
    fn default() -> Self {
        Self {
            live: Mutex::default(),
            coming: Mutex::default(),
            ended: Mutex::default(),
            dirty: Notify::new(),
            begins: Together::default(),
            ends: Together::default(),
            tasks: TaskTracker::new(),
            catching_up: Semaphore::new(CATCHING_UP),
            signed_out: broadcast::Sender::new(64),
        }
    }
}

impl Runs {
    fn live(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a run that has just been stored.
    pub(crate) fn insert(&self, started: StartedRun, owner: UserId, lease_number: i64) -> Arc<Live> {
        let mut transcript = Transcript::default();
        transcript.push(RunEvent::Start(started.clone()));
        self.put(Live::new(started, owner, lease_number, Before::default(), transcript, 0))
    }

    /// Takes in a run that has just been stored with its log and goes on with an answer.
    pub(crate) fn insert_going_on(
        &self,
        started: StartedRun,
        owner: UserId,
        lease_number: i64,
        before: Before,
        transcript: Transcript,
    ) -> Arc<Live> {
        let stored = transcript.end();
        self.put(Live::new(started, owner, lease_number, before, transcript, stored))
    }

    /// Takes in a run that has just been claimed, with what its log holds.
    pub(crate) fn insert_claimed(
        &self,
        started: StartedRun,
        owner: UserId,
        lease_number: i64,
        before: Before,
        mut transcript: Transcript,
    ) -> Arc<Live> {
        let stored = transcript.end();
        transcript.go_on(&started);
        self.put(Live::new(started, owner, lease_number, before, transcript, stored))
    }

    fn put(&self, live: Live) -> Arc<Live> {
        let live = Arc::new(live);
        let earlier = self.live().insert(live.started.run_id, Arc::clone(&live));
        self.dirty.notify_one();
        // Another node had it in between, and this process has not found out yet.
        if let Some(earlier) = earlier {
            earlier.end_early(EarlyEnd::Lost);
        }
        live
    }

    /// Forgets a run that this process writes no more.
    pub(crate) fn remove(&self, live: &Arc<Live>) {
        let mut runs = self.live();
        if runs.get(&live.started.run_id).is_some_and(|known| Arc::ptr_eq(known, live)) {
            runs.remove(&live.started.run_id);
        }
        drop(runs);
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(live.started.run_id);
        self.dirty.notify_one();
    }

    /// The runs that this process has ended writing since the last time.
    pub(crate) fn take_ended(&self) -> Vec<RunId> {
        std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Announces a run that will be written here in a moment, until [`arrived`](Self::arrived).
    pub(crate) fn announce(&self, id: RunId) {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// Ends the announcement: the run is here, or will not come.
    pub(crate) fn arrived(&self, id: RunId) {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Whether this process writes the run under this lease, or will in a moment.
    pub(crate) fn holds(&self, id: RunId, lease_number: i64) -> bool {
        self.live().get(&id).is_some_and(|live| live.telling.lease_number == lease_number)
            || self.coming.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    /// Waits for a turn to read what a claimed run goes on from. It lasts until it is dropped.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // None where nobody hands out turns any more, which does not happen.
        self.catching_up.acquire().await.ok()
    }

    /// How many runs this process writes.
    pub(crate) fn count(&self) -> usize {
        self.live().len()
    }

    /// The runs this process writes.
    pub(crate) fn all(&self) -> Vec<Arc<Live>> {
        self.live().values().cloned().collect()
    }

    /// The run, whoever's it is, if this process is writing it.
    pub(crate) fn get(&self, id: RunId) -> Option<Arc<Live>> {
        self.live().get(&id).cloned()
    }

    /// The user's run, if this process is writing it.
    pub(crate) fn find(&self, id: RunId, owner: UserId) -> Option<Arc<Live>> {
        self.live().get(&id).filter(|live| live.owner == owner).cloned()
    }

    /// The user's run that writes a message, if this process is writing it.
    pub(crate) fn writing(&self, message: MessageId, owner: UserId) -> Option<Arc<Live>> {
        self.live().values().find(|live| live.started.message_id == message && live.owner == owner).cloned()
    }

    /// The runs that have something to store.
    pub(crate) fn dirty_runs(&self) -> Vec<Arc<Live>> {
        self.live().values().filter(|live| live.is_dirty()).cloned().collect()
    }

    /// Ends every run early.
    pub(crate) fn end_all(&self, why: EarlyEnd) {
        for live in self.live().values() {
            live.end_early(why);
        }
    }

    /// Ends the runs of a conversation that is gone.
    pub(crate) fn lose(&self, conversation: ConversationId) {
        for live in self.live().values().filter(|live| live.started.conversation_id == conversation) {
            live.end_early(EarlyEnd::Lost);
        }
    }

    /// Ends the streams of a sign-in that is no more.
    pub(crate) fn end_followers_of(&self, session: SessionId) {
        // Nobody listening is fine.
        let _ = self.signed_out.send(session);
    }

    /// A receiver of the sign-ins that end from now on.
    pub(crate) fn sign_outs(&self) -> broadcast::Receiver<SessionId> {
        self.signed_out.subscribe()
    }
}
