//! Runs: answers being written. A run belongs to the server, not to the request that asked for it.
//!
//! [`start`] stores the question and an empty answer in one transaction and leaves the writing to a task; [`follow`]
//! reads what the task tells, from any place in it and as often as wanted; [`stop`] ends it. What is told is stored by
//! one log writer at most every 250 ms, and the answer's end in one transaction before anybody hears of it.

mod context;
mod follow;
pub(crate) mod live;
pub(crate) mod log;
pub(crate) mod recover;
pub(crate) mod transcript;
mod write;

pub use follow::{Follower, follow};

use crate::db::conversations::Settings;
use crate::db::messages::NewMessage;
use crate::{Actor, Backend, Error, db, error::Result, models, models::Choice, sessions};
use chrono::{DateTime, Utc};
use live::EarlyEnd;
use sha2::{Digest, Sha256};
use std::time::Duration;
use types::{
    ApiError, ConversationId, ErrorCode, MessageId, MessageRole, MessageStatus, ModelRef, NewRun, Preferences, RunId,
    SentimentMethod, StartedRun, title_from,
};
use uuid::Uuid;

/// Stores the question with an empty answer and has the answer written. Once this returns, the question is safe and
/// every later failure is an event of the run. Sending the same `client_message_id` again gives the same run.
pub async fn start(backend: &Backend, actor: &Actor, request: NewRun) -> Result<StartedRun> {
    request.validate()?;
    let digest = digest(&request);
    if let Some(run) = find_earlier(backend, actor, &request).await? {
        return replay(run, &digest);
    }
    refuse_when_stopping(backend)?;
    // A request whose client goes away is dropped at any await. What has been stored must be written all the same.
    let task = backend.runs.tasks.spawn({
        let (backend, actor) = (backend.clone(), actor.clone());
        async move {
            refuse_when_stopping(&backend)?;
            let preferences = sessions::preferences_of_holder(&backend, &actor).await?;
            let choice = models::choose(&backend, &actor, &request, &preferences).await?;
            let id = RunId(Uuid::now_v7());
            match save(&backend, &actor, &request, &choice, &preferences, &digest, id).await {
                Ok(started) => Ok(begin(&backend, &actor, started, choice)),
                Err(Error::Database(db::Error::Duplicate)) => conflict(&backend, &actor, &request, &digest).await,
                // Perhaps it was stored, and only the word of it was lost.
                Err(error @ Error::Database(_)) => {
                    if let Ok(Some(started)) = find_saved(&backend, &actor, &request, id).await {
                        return Ok(begin(&backend, &actor, started, choice));
                    }
                    backend.runs.tasks.spawn(look_again(backend.clone(), actor, request, choice, id));
                    Err(error)
                }
                Err(error) => Err(error),
            }
        }
    });
    task.await.map_err(|error| Error::fault("a run could not be started", error))?
}

/// Has the answer of a stored run written.
fn begin(backend: &Backend, actor: &Actor, started: StartedRun, choice: Choice) -> StartedRun {
    let live = backend.runs.insert(started.clone(), actor.id(), FIRST_LEASE);
    backend.runs.tasks.spawn(write::write(backend.clone(), live, choice));
    started
}

/// When a start is looked for whose commit was not acknowledged and that was not there at once: the connection may be
/// gone before the commit has ended, and the database may be away for a while.
const LOOK_AGAIN: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30)];

/// Looks for a run that may have been stored without our knowing, and has it written: else its conversation would wait
/// for an answer that nobody writes.
async fn look_again(backend: Backend, actor: Actor, request: NewRun, choice: Choice, id: RunId) {
    for pause in LOOK_AGAIN {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = backend.stopping.cancelled() => return,
        }
        if let Ok(Some(started)) = find_saved(&backend, &actor, &request, id).await {
            begin(&backend, &actor, started, choice);
            return;
        }
    }
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

/// Ends the user's run and keeps what is written. A run that has ended already is no error.
pub async fn stop(backend: &Backend, actor: &Actor, id: RunId) -> Result<()> {
    if db::runs::request_stop(&backend.db, id, actor.id(), backend.clock.now()).await? {
        if let Some(live) = backend.runs.find(id, actor.id()) {
            live.end_early(EarlyEnd::Stopped);
        }
        return Ok(());
    }
    db::runs::find(&backend.db, id, actor.id()).await?.map(drop).ok_or_else(Error::run_not_found)
}

/// The lease number of a run that was never taken over.
const FIRST_LEASE: i64 = 1;

/// The transaction of a start: conversation, question, empty answer, run.
async fn save(
    backend: &Backend,
    actor: &Actor,
    request: &NewRun,
    choice: &Choice,
    preferences: &Preferences,
    digest: &[u8],
    run_id: RunId,
) -> Result<StartedRun> {
    let now = backend.clock.now();
    let mut tx = backend.db.begin().await?;
    let Target { conversation_id, head, title, mut settings } = enter(&mut tx, actor, request, now).await?;
    let model = choice.info();
    let chosen = ModelRef { provider: model.provider.clone(), model: model.model.clone() };
    let is_named = request.provider.is_some() || request.model.is_some();
    // What somebody has chosen since this request was looked at stays, unless the request itself chooses.
    if is_named || settings.model.is_none() {
        settings.model = Some(chosen.clone());
    }
    let question = NewMessage {
        conversation_id,
        parent: head,
        role: MessageRole::User,
        content: &request.message,
        status: MessageStatus::Complete,
        model: None,
        now,
    };
    let user_message_id = db::messages::insert(&mut tx, &question).await?;
    let answer = NewMessage {
        parent: Some(user_message_id),
        role: MessageRole::Assistant,
        content: "",
        status: MessageStatus::Streaming,
        model: Some(&model),
        ..question
    };
    let message_id = db::messages::insert(&mut tx, &answer).await?;
    db::conversations::set_head(&mut tx, conversation_id, message_id, &settings).await?;
    let run = db::runs::NewRun {
        id: run_id,
        owner: actor.id(),
        conversation_id,
        message_id,
        user_message_id,
        client_message_id: request.client_message_id,
        request_digest: digest,
        provider: &model.provider,
        model: &model.model,
        sentiment_method: request.sentiment_method.unwrap_or(SentimentMethod::Local),
        node: None,
        now,
    };
    db::runs::insert(&mut tx, &run).await?;
    if is_named && title.is_some() && preferences.model.as_ref() != Some(&chosen) {
        db::users::prefer_model(&mut tx, actor.id(), &chosen, now).await?;
    }
    tx.commit().await?;
    Ok(StartedRun { conversation_id, message_id, user_message_id, run_id, title })
}

/// Where a question goes.
struct Target {
    conversation_id: ConversationId,
    /// The newest message there.
    head: Option<MessageId>,
    /// The conversation's title, where it is new.
    title: Option<String>,
    settings: Settings,
}

/// Begins the conversation, or holds the user's own one.
async fn enter(tx: &mut db::Tx, actor: &Actor, request: &NewRun, now: DateTime<Utc>) -> Result<Target> {
    if let Some(id) = request.conversation_id {
        let held = db::conversations::hold(tx, id, actor.id(), now).await?.ok_or_else(Error::conversation_not_found)?;
        return Ok(Target { conversation_id: id, head: held.head, title: None, settings: held.settings });
    }
    let (id, title) = (ConversationId(Uuid::now_v7()), title_from(&request.message));
    db::conversations::insert(tx, id, actor.id(), &title, now).await?;
    Ok(Target { conversation_id: id, head: None, title: Some(title), settings: Settings::default() })
}

/// Why a run could not be stored beside those that are: either this send was stored a moment ago, or the
/// conversation's last answer is still being written.
async fn conflict(backend: &Backend, actor: &Actor, request: &NewRun, digest: &[u8]) -> Result<StartedRun> {
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

fn replay(run: db::runs::Run, digest: &[u8]) -> Result<StartedRun> {
    if run.request_digest != digest {
        let message = "This client_message_id was used for another message.";
        return Err(ApiError::new(ErrorCode::IdempotencyConflict, message).into());
    }
    Ok(run.into())
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
