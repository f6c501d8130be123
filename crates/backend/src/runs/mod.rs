//! Runs: answers being written. A run belongs to the server, not to the request that asked for it.
//!
//! [`start`] stores the question and an empty answer in one transaction and leaves the writing to a task; [`follow`]
//! reads what the task tells, from any place in it and as often as wanted; [`stop`] ends it. What is told is stored by
//! one log writer at most every 250 ms, and the answer's end in one transaction before anybody hears of it.

pub(crate) mod branch;
pub(crate) mod context;
mod ending;
pub(crate) mod failure;
mod follow;
pub(crate) mod live;
pub(crate) mod log;
pub(crate) mod meter;
pub(crate) mod node;
mod patience;
pub(crate) mod reader;
mod seam;
pub(crate) mod slots;
mod take_over;
pub(crate) mod telling;
pub(crate) mod transcript;
mod wish;
mod write;

pub(crate) use follow::signed_out;
pub use follow::{Follower, follow};
pub use wish::Wish;

use crate::db::exchanges::{Inserted, NewExchange};
use crate::{
    Actor, Backend, Error,
    bus::{self, Hint},
    db,
    error::Result,
    events, models,
    models::Choice,
    sentiment::{self, State},
    sessions,
};
use branch::Stored;
use chrono::{DateTime, Utc};
use context::{Before, Start};
use live::{EarlyEnd, Live};
use log::in_time;
use slots::{Full, Slot};
use std::sync::Arc;
use types::{
    ApiError, ConversationId, ConversationSummary, ErrorCode, ModelRef, Preferences, RunId, SentimentUpdate,
    StartedRun, UserEvent, UserId, title_from,
};
use uuid::Uuid;
use wish::{Order, Target};

/// Stores what is asked for with an empty answer and has the answer written. Once this returns, the question is safe and
/// every later failure is an event of the run. Sending the same `client_message_id` again gives the same run.
pub async fn start(backend: &Backend, actor: &Actor, wish: Wish) -> Result<StartedRun> {
    Ok(match launch(backend, actor, wish).await? {
        Launched::Now(live) => live.started.clone(),
        Launched::Before(started) => started,
    })
}

/// [`start`]s a run and follows it from its beginning.
pub async fn answer(backend: &Backend, actor: &Actor, wish: Wish) -> Result<Option<Follower>> {
    // Heard from before the sign-in is looked at for the last time.
    let sign_outs = backend.runs.sign_outs();
    match launch(backend, actor, wish).await? {
        Launched::Now(live) => Ok(Some(Follower::of_new(backend, actor, &live, sign_outs))),
        Launched::Before(started) => follow(backend, actor, started.run_id, None).await,
    }
}

/// A run that was asked for.
enum Launched {
    /// It has just begun.
    Now(Arc<Live>),
    /// The same send began it earlier.
    Before(StartedRun),
}

async fn launch(backend: &Backend, actor: &Actor, wish: Wish) -> Result<Launched> {
    wish.validate()?;
    let digest = wish.digest();
    if let Some(run) = in_time(find_earlier(backend, actor, wish.client_message_id())).await? {
        return replay(run, &digest);
    }
    refuse_when_stopping(backend)?;
    let slot = backend.slots.take(actor.id()).map_err(refuse_when_full)?;
    // A request whose client goes away is dropped at any await. What has been stored must be written all the same.
    let task = backend.runs.tasks.spawn({
        let (backend, actor) = (backend.clone(), actor.clone());
        async move {
            refuse_when_stopping(&backend)?;
            let (preferences, order, choice) = in_time(look_up(&backend, &actor, wish)).await?;
            let id = RunId(Uuid::now_v7());
            backend.runs.announce(id);
            let launched = match in_time(save(&backend, &actor, &order, &choice, &preferences, &digest, id)).await {
                Ok(stored) => Ok(Launched::Now(begin(&backend, &actor, stored, order, choice, slot))),
                Err(Error::Database(db::Error::Duplicate)) => {
                    in_time(conflict(&backend, &actor, &order, &digest)).await
                }
                // Perhaps it was stored, and only the word of it was lost. Where that cannot be seen now, the node finds
                // the run when it next looks for those that nobody writes.
                Err(error @ Error::Database(_)) => match in_time(find_saved(&backend, &actor, &order, id)).await {
                    Ok(Some(stored)) => Ok(Launched::Now(begin(&backend, &actor, stored, order, choice, slot))),
                    _ => Err(error),
                },
                Err(error) => Err(error),
            };
            backend.runs.arrived(id);
            launched
        }
    });
    task.await.map_err(|error| Error::fault("a run could not be started", error))?
}

/// What has to be known before a run can be stored.
async fn look_up(backend: &Backend, actor: &Actor, wish: Wish) -> Result<(Preferences, Order, Choice)> {
    let preferences = sessions::preferences_of_holder(backend, actor).await?;
    let order = wish.resolve(backend, actor).await?;
    let choice = models::choose(backend, actor, &order.request, &preferences).await?;
    Ok((preferences, order, choice))
}

/// Has the answer of a stored run written, once it is its turn.
fn begin(backend: &Backend, actor: &Actor, stored: Stored, order: Order, choice: Choice, mut slot: Slot) -> Arc<Live> {
    let (started, owner) = (StartedRun { queued: slot.waits(), ..stored.started }, actor.id());
    tell_of(backend, owner, &started, stored.begun_at);
    let live = match stored.kept {
        Some(kept) => backend.runs.insert_going_on(started, owner, FIRST_LEASE, kept.before, kept.transcript),
        None => backend.runs.insert(started, owner, FIRST_LEASE),
    };
    if let Some(reading) = stored.reading {
        live.tell_reading(reading);
    }
    let start = Start::new(stored.found, order.request.message);
    let (writer, written) = (backend.clone(), live.clone());
    // Called inside: a future that is handed in and then awaited lies in the task twice.
    backend.runs.tasks.spawn(async move {
        wait_for_turn(&writer, &written, &mut slot).await;
        write::write(writer, written, choice, start).await;
        drop(slot);
    });
    live
}

/// Waits until a run may be written, or is not to be: whoever writes it finds that out at once.
async fn wait_for_turn(backend: &Backend, live: &Live, slot: &mut Slot) {
    tokio::select! {
        biased;
        () = slot.turn() => {}
        _ = live.early_end() => {}
        // There will be no time for it here. Whoever claims it next has it written.
        () = backend.stopping.cancelled() => live.end_early(EarlyEnd::Released),
    }
}

/// Tells the user's other tabs and devices of a run that was just stored, and of its conversation where that begins.
fn tell_of(backend: &Backend, owner: UserId, started: &StartedRun, begun_at: DateTime<Utc>) {
    if let Some(title) = &started.title {
        let conversation = ConversationSummary {
            id: started.conversation_id,
            title: title.clone(),
            // The question and its answer.
            message_count: 2,
            created_at: begun_at,
            updated_at: begun_at,
        };
        events::publish(backend, owner, UserEvent::ConversationCreated { conversation });
    }
    events::publish(backend, owner, UserEvent::RunStarted(started.clone()));
}

/// The run that was stored after all. One that goes on with an answer is left to the node, which knows how.
async fn find_saved(backend: &Backend, actor: &Actor, order: &Order, id: RunId) -> Result<Option<Stored>> {
    if matches!(order.target, Some(Target::On(_))) {
        return Ok(None);
    }
    let run = db::runs::find(&backend.db, id, actor.id()).await?;
    let title = order.request.conversation_id.is_none().then(|| title_from(&order.request.message));
    let found = if title.is_some() { Before::Nothing } else { Before::Unknown };
    let begun_at = backend.clock.now();
    let stored = |run: db::runs::Run| {
        let started = StartedRun { title, ..run.into() };
        Stored { started, found, kept: None, reading: None, begun_at }
    };
    Ok(run.filter(|run| run.running).map(stored))
}

fn refuse_when_stopping(backend: &Backend) -> Result<()> {
    if backend.stopping.is_cancelled() {
        return Err(Error::refused(ErrorCode::ShuttingDown, "Lia is restarting. Try again in a moment."));
    }
    Ok(())
}

/// When somebody may try again for whom there was no room, in milliseconds: answers take some seconds.
const FULL_RETRY_MS: u64 = 3_000;

/// The answer where there is no room for one more run.
fn refuse_when_full(full: Full) -> Error {
    let (code, message) = match full {
        Full::ForUser => (
            ErrorCode::TooManyRuns,
            "As many of your answers are being written, or wait to be, as may at once. Wait for one to end, or stop one.",
        ),
        Full::InAll => {
            (ErrorCode::Busy, "Lia writes as many answers as she can, and as many wait as may. Try again in a moment.")
        }
    };
    ApiError { retry_after_ms: Some(FULL_RETRY_MS), ..ApiError::new(code, message) }.into()
}

/// Ends the user's run and keeps what is written. A run that has ended already is no error.
pub async fn stop(backend: &Backend, actor: &Actor, id: RunId) -> Result<()> {
    if db::runs::request_stop(&backend.db, id, actor.id(), backend.clock.now()).await? {
        match backend.runs.find(id, actor.id()) {
            Some(live) => live.end_early(EarlyEnd::Stopped),
            None => drop(bus::tell(backend, Hint::Stop(id)).await),
        }
        return Ok(());
    }
    db::runs::find(&backend.db, id, actor.id()).await?.map(drop).ok_or_else(Error::run_not_found)
}

/// The lease number of a run that was never taken over.
const FIRST_LEASE: i64 = 1;

/// Stores a start: conversation, question, empty answer, run; what of it is not there yet.
async fn save(
    backend: &Backend,
    actor: &Actor,
    order: &Order,
    choice: &Choice,
    preferences: &Preferences,
    digest: &[u8],
    run_id: RunId,
) -> Result<Stored> {
    let &Order { ref request, target, is_named } = order;
    let conversation_id = request.conversation_id.unwrap_or_else(|| ConversationId(Uuid::now_v7()));
    let title = request.conversation_id.is_none().then(|| title_from(&request.message));
    let model = choice.info();
    let begun_at = backend.clock.now();
    let chosen = ModelRef { provider: model.provider.clone(), model: model.model.clone() };
    // One that is there already was read with its first answer.
    let is_new = !request.message.is_empty();
    let reading = sentiment::at_once(choice.sentiment_method, &request.message).filter(|_| is_new);
    let exchange = NewExchange {
        run: run_id,
        owner: actor.id(),
        conversation: conversation_id,
        title: title.clone(),
        question: request.message.clone(),
        reading: reading.clone(),
        is_named,
        is_preferred: is_named && title.is_some() && preferences.model.as_ref() != Some(&chosen),
        model,
        chosen,
        client_message_id: request.client_message_id,
        request_digest: digest.to_vec(),
        sentiment_method: choice.sentiment_method,
        settings: choice.settings,
        node: backend.node()?.id,
        now: begun_at,
    };
    if let Some(target) = target {
        return branch::insert(backend, target, &exchange).await;
    }
    let db = &backend.db;
    let stored = if db::exchanges::joins(db, &exchange) {
        backend.runs.begins.store(db, exchange, |db, asked| Box::pin(db::exchanges::insert(db, asked))).await?
    } else {
        db::exchanges::insert(db, &[exchange]).await?.into_iter().next().flatten()
    };
    let Inserted { question, answer, before, state } = stored.ok_or_else(Error::conversation_not_found)?;
    let started =
        StartedRun { conversation_id, message_id: answer, user_message_id: question, run_id, title, queued: false };
    let found = match before {
        Some(version) => Before::Found { version, parent: version.head },
        None => Before::Nothing,
    };
    let told = |(message, state): (_, State)| SentimentUpdate { message: Some(message), cumulative: Some(state.shown) };
    Ok(Stored { started, found, kept: None, reading: reading.zip(state).map(told), begun_at })
}

/// Why a run could not be stored beside those that are: either this send was stored a moment ago, or the
/// conversation's last answer is still being written.
async fn conflict(backend: &Backend, actor: &Actor, order: &Order, digest: &[u8]) -> Result<Launched> {
    match find_earlier(backend, actor, order.request.client_message_id).await? {
        Some(run) => replay(run, digest),
        None => Err(run_in_progress()),
    }
}

/// The answer where an answer is being written in the conversation.
pub(crate) fn run_in_progress() -> Error {
    Error::refused(
        ErrorCode::RunInProgress,
        "The last answer of this conversation is still being written. Wait for it, or stop it.",
    )
}

async fn find_earlier(backend: &Backend, actor: &Actor, client_id: Option<Uuid>) -> Result<Option<db::runs::Run>> {
    match client_id {
        Some(id) => Ok(db::runs::find_by_client_message(&backend.db, id, actor.id()).await?),
        None => Ok(None),
    }
}

fn replay(run: db::runs::Run, digest: &[u8]) -> Result<Launched> {
    if run.request_digest != digest {
        let message = "This client_message_id was used for another message.";
        return Err(ApiError::new(ErrorCode::IdempotencyConflict, message).into());
    }
    Ok(Launched::Before(run.into()))
}

impl From<db::runs::Run> for StartedRun {
    fn from(run: db::runs::Run) -> Self {
        Self {
            conversation_id: run.conversation_id,
            message_id: run.message_id,
            user_message_id: run.user_message_id,
            run_id: run.id,
            title: None,
            queued: false,
        }
    }
}
