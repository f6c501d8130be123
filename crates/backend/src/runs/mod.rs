//! Runs: answers being written. A run belongs to the server, not to the request that asked for it.
//!
//! [`start`] stores the question and an empty answer in one transaction and leaves the writing to a task; [`follow`]
//! reads what the task tells, from any place in it and as often as wanted; [`stop`] ends it. What is told is stored by
//! one log writer at most every 250 ms, and the answer's end in one transaction before anybody hears of it.

mod context;
mod failure;
mod follow;
pub(crate) mod live;
pub(crate) mod log;
pub(crate) mod meter;
pub(crate) mod node;
mod patience;
mod seam;
pub(crate) mod slots;
mod take_over;
pub(crate) mod transcript;
mod write;

pub use follow::{Follower, follow};

use crate::db::exchanges::NewExchange;
use crate::{
    Actor, Backend, Error,
    bus::{self, Hint},
    db,
    error::Result,
    models,
    models::Choice,
    sessions,
};
use live::{EarlyEnd, Live};
use sha2::{Digest, Sha256};
use slots::{Full, Slot};
use std::sync::Arc;
use types::{ApiError, ConversationId, ErrorCode, ModelRef, NewRun, Preferences, RunId, StartedRun, title_from};
use uuid::Uuid;

/// Stores the question with an empty answer and has the answer written. Once this returns, the question is safe and
/// every later failure is an event of the run. Sending the same `client_message_id` again gives the same run.
pub async fn start(backend: &Backend, actor: &Actor, request: NewRun) -> Result<StartedRun> {
    Ok(match launch(backend, actor, request).await? {
        Launched::Now(live) => live.started.clone(),
        Launched::Before(started) => started,
    })
}

/// [`start`]s a run and follows it from its beginning.
pub async fn answer(backend: &Backend, actor: &Actor, request: NewRun) -> Result<Option<Follower>> {
    // Heard from before the sign-in is looked at for the last time.
    let sign_outs = backend.runs.sign_outs();
    match launch(backend, actor, request).await? {
        Launched::Now(live) => Ok(Some(Follower::of_new(backend, actor, live, sign_outs))),
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

async fn launch(backend: &Backend, actor: &Actor, request: NewRun) -> Result<Launched> {
    request.validate()?;
    let digest = digest(&request);
    if let Some(run) = find_earlier(backend, actor, &request).await? {
        return replay(run, &digest);
    }
    refuse_when_stopping(backend)?;
    let slot = backend.slots.take(actor.id()).map_err(refuse_when_full)?;
    // A request whose client goes away is dropped at any await. What has been stored must be written all the same.
    let task = backend.runs.tasks.spawn({
        let (backend, actor) = (backend.clone(), actor.clone());
        async move {
            refuse_when_stopping(&backend)?;
            let preferences = sessions::preferences_of_holder(&backend, &actor).await?;
            let choice = models::choose(&backend, &actor, &request, &preferences).await?;
            let id = RunId(Uuid::now_v7());
            backend.runs.announce(id);
            let launched = match save(&backend, &actor, &request, &choice, &preferences, &digest, id).await {
                Ok(started) => Ok(Launched::Now(begin(&backend, &actor, started, request, choice, slot))),
                Err(Error::Database(db::Error::Duplicate)) => conflict(&backend, &actor, &request, &digest).await,
                // Perhaps it was stored, and only the word of it was lost. Where that cannot be seen now, the node finds
                // the run when it next looks for those that nobody writes.
                Err(error @ Error::Database(_)) => match find_saved(&backend, &actor, &request, id).await {
                    Ok(Some(started)) => Ok(Launched::Now(begin(&backend, &actor, started, request, choice, slot))),
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

/// Has the answer of a stored run written.
fn begin(
    backend: &Backend,
    actor: &Actor,
    started: StartedRun,
    request: NewRun,
    choice: Choice,
    slot: Slot,
) -> Arc<Live> {
    let live = backend.runs.insert(started, actor.id(), FIRST_LEASE);
    // Where the conversation begins, nothing else has been said.
    let opening = request.conversation_id.is_none().then_some(request.message);
    let writing = write::write(backend.clone(), live.clone(), choice, opening);
    backend.runs.tasks.spawn(async move {
        writing.await;
        drop(slot);
    });
    live
}

async fn find_saved(backend: &Backend, actor: &Actor, request: &NewRun, id: RunId) -> Result<Option<StartedRun>> {
    let run = db::runs::find(&backend.db, id, actor.id()).await?;
    let title = request.conversation_id.is_none().then(|| title_from(&request.message));
    Ok(run.filter(|run| run.running).map(|run| StartedRun { title, ..run.into() }))
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
            "As many of your answers are being written as may be at once. Wait for one to end, or stop one.",
        ),
        Full::InAll => (ErrorCode::Busy, "Lia writes as many answers as she can. Try again in a moment."),
    };
    ApiError { retry_after_ms: Some(FULL_RETRY_MS), ..ApiError::new(code, message) }.into()
}

/// Ends the user's run and keeps what is written. A run that has ended already is no error.
pub async fn stop(backend: &Backend, actor: &Actor, id: RunId) -> Result<()> {
    if db::runs::request_stop(&backend.db, id, actor.id(), backend.clock.now()).await? {
        match backend.runs.find(id, actor.id()) {
            Some(live) => live.end_early(EarlyEnd::Stopped),
            None => bus::tell(backend, Hint::Stop(id)).await,
        }
        return Ok(());
    }
    db::runs::find(&backend.db, id, actor.id()).await?.map(drop).ok_or_else(Error::run_not_found)
}

/// The lease number of a run that was never taken over.
const FIRST_LEASE: i64 = 1;

/// Stores a start: conversation, question, empty answer, run.
async fn save(
    backend: &Backend,
    actor: &Actor,
    request: &NewRun,
    choice: &Choice,
    preferences: &Preferences,
    digest: &[u8],
    run_id: RunId,
) -> Result<StartedRun> {
    let conversation_id = request.conversation_id.unwrap_or_else(|| ConversationId(Uuid::now_v7()));
    let title = request.conversation_id.is_none().then(|| title_from(&request.message));
    let model = choice.info();
    let chosen = ModelRef { provider: model.provider.clone(), model: model.model.clone() };
    let is_named = request.provider.is_some() || request.model.is_some();
    let exchange = NewExchange {
        run: run_id,
        owner: actor.id(),
        conversation: conversation_id,
        title: title.clone(),
        question: request.message.clone(),
        is_named,
        is_preferred: is_named && title.is_some() && preferences.model.as_ref() != Some(&chosen),
        model,
        chosen,
        client_message_id: request.client_message_id,
        request_digest: digest.to_vec(),
        sentiment_method: choice.sentiment_method,
        settings: choice.settings,
        node: backend.node()?.id,
        now: backend.clock.now(),
    };
    let db = &backend.db;
    let stored = if db::exchanges::joins(db, &exchange) {
        backend.runs.begins.store(db, exchange, |db, asked| Box::pin(db::exchanges::insert(db, asked))).await?
    } else {
        db::exchanges::insert(db, &[exchange]).await?.into_iter().next().flatten()
    };
    let (user_message_id, message_id) = stored.ok_or_else(Error::conversation_not_found)?;
    Ok(StartedRun { conversation_id, message_id, user_message_id, run_id, title })
}

/// Why a run could not be stored beside those that are: either this send was stored a moment ago, or the
/// conversation's last answer is still being written.
async fn conflict(backend: &Backend, actor: &Actor, request: &NewRun, digest: &[u8]) -> Result<Launched> {
    match find_earlier(backend, actor, request).await? {
        Some(run) => replay(run, digest),
        None => Err(Error::refused(
            ErrorCode::RunInProgress,
            "The last answer of this conversation is still being written. Wait for it, or stop it.",
        )),
    }
}

async fn find_earlier(backend: &Backend, actor: &Actor, request: &NewRun) -> Result<Option<db::runs::Run>> {
    match request.client_message_id {
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
        }
    }
}

/// What makes two sends the same: everything the client said.
fn digest(request: &NewRun) -> Vec<u8> {
    // A request is a tree of strings: serialising it cannot fail.
    let text = serde_json::to_vec(request).unwrap_or_default();
    Sha256::digest(text).to_vec()
}
