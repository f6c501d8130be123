//! How the person feels: which methods there are, how a message is read beside its answer, and how the reading joins that
//! of the conversation. It knows when a reading is due and what takes the place of one that does not come; how each method
//! reads is in its own file.

mod feedback;
mod judgement;
mod llm_separate;
mod local;
mod nlp_api;
mod prompt;
mod state;
mod structured;

pub use feedback::correct;
pub(crate) use judgement::Judgement;
pub(crate) use state::State;
pub(crate) use structured::AnswerText;

use crate::{
    Actor, Backend,
    cache::Version,
    db,
    error::Result,
    models::{self, Choice},
    preferences,
    runs::{live::Live, meter::Meter},
};
use llm::{NaturalLanguage, Offline};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use types::{
    ConversationId, MethodInfo, Methods, ModelRef, NewRun, Preferences, ReaderView, RunId, Sentiment, SentimentMethod,
    SentimentUpdate, Usage,
};

/// How long the end of an answer waits for a reading.
pub(crate) const WAIT: Duration = Duration::from_secs(2);
/// How long a reading beside an answer may take at all.
const LIMIT: Duration = Duration::from_mins(1);

/// What an installation says about reading messages.
#[derive(Clone, Debug)]
pub struct Config {
    /// The method where neither the message nor its writer says one.
    pub method: SentimentMethod,
    /// The model of `llm_separate`; absent: the one that answers.
    pub model: Option<ModelRef>,
    /// Google's service, for `nlp_api`.
    pub language: Option<NaturalLanguage>,
}

impl Default for Config {
    fn default() -> Self {
        Self { method: SentimentMethod::Local, model: None, language: None }
    }
}

/// The methods, and which of them this installation can use.
pub async fn methods(backend: &Backend, _actor: &Actor) -> Methods {
    let (has_model, has_language) = (has_model(backend).await, backend.config.sentiment.language.is_some());
    let version = Version::Methods { has_model, has_language };
    if let Some(known) = backend.cache.methods.find(backend, &(), &version, |known| Some(known.clone())).await {
        return known;
    }
    let methods = describe(has_model, has_language);
    backend.cache.methods.keep(backend, (), version, methods.clone());
    methods
}

/// Whether there is a model that can be asked how a message reads.
async fn has_model(backend: &Backend) -> bool {
    let providers = &backend.config.providers;
    for provider in providers.iter().filter(|provider| provider.id() != Offline::ID) {
        if !providers.models(provider.id()).await.is_empty() {
            return true;
        }
    }
    false
}

fn describe(has_model: bool, has_language: bool) -> Methods {
    let method = |id: SentimentMethod, description: &str, available| MethodInfo {
        id,
        name: id.label().to_owned(),
        description: description.to_owned(),
        available,
    };
    Methods {
        methods: vec![
            method(
                SentimentMethod::Local,
                "Rules and a small trained model. Nothing leaves Lia, and it costs nothing.",
                true,
            ),
            method(
                SentimentMethod::Structured,
                "The model that answers says in the same call how your message reads.",
                has_model,
            ),
            method(
                SentimentMethod::LlmSeparate,
                "A model is asked beside the answer how your message reads. It costs a second, small call.",
                has_model,
            ),
            method(
                SentimentMethod::NlpApi,
                "Your message is sent to Google's service, which knows scores but no emotions.",
                has_language,
            ),
        ],
    }
}

/// The method that reads a message: its own, else its writer's, else the installation's.
pub(crate) fn choose(backend: &Backend, request: &NewRun, preferences: &Preferences) -> SentimentMethod {
    request.sentiment_method.unwrap_or_else(|| usual(backend, preferences))
}

/// The method that reads a person's messages where these do not say one.
fn usual(backend: &Backend, preferences: &Preferences) -> SentimentMethod {
    preferences.sentiment_method.unwrap_or(backend.config.sentiment.method)
}

/// Who may read the user's messages, and who does.
pub async fn reader(backend: &Backend, actor: &Actor) -> Result<ReaderView> {
    let chosen = preferences::get(backend, actor).await?.sentiment_method;
    let methods = methods(backend, actor).await.methods;
    Ok(ReaderView { methods, chosen, usual: backend.config.sentiment.method })
}

/// The sentiment of a run's conversation before the run. Without it a model reads the message all the same.
pub(crate) async fn before(backend: &Backend, run: RunId) -> Option<State> {
    let asked = db::sentiment::find_asked(&backend.db, run).await;
    asked.inspect_err(|error| tracing::warn!(%error, run.id = %run, "a sentiment cannot be read")).ok()??.state
}

/// Reads a new message at once, where its method is the one that needs nobody else: the reading is stored with the message.
pub(crate) fn at_once(method: SentimentMethod, text: &str) -> Option<Sentiment> {
    (method == SentimentMethod::Local).then(|| sentiment_of(local::read(text), method))
}

/// The reading of a run's question while the answer is being written: it is asked for, stored and told in a task of its own,
/// which holds no word of the answer back. Dropping it gives it up.
#[derive(Debug)]
pub(crate) struct Beside {
    reading: Option<AbortOnDropHandle<Option<Judgement>>>,
    meter: Meter,
}

impl Beside {
    /// Begins to read, where there is something to read and the answer does not bring the reading along.
    pub(crate) fn begin(backend: &Backend, live: &Arc<Live>, choice: &Choice, comes_with_answer: bool) -> Self {
        let meter = Meter::default();
        let is_due = !comes_with_answer && !live.has_told_reading();
        let reading = is_due.then(|| {
            let reading = read(backend.clone(), live.clone(), choice.clone(), meter.clone());
            AbortOnDropHandle::new(backend.runs.tasks.spawn(reading))
        });
        Self { reading, meter }
    }

    /// The judgement, which has been told where it could be stored. Where the answer has come to its good end, it is waited
    /// for a little; else it is there or it is not.
    pub(crate) async fn settle(&mut self, has_time: bool) -> Option<Judgement> {
        let reading = self.reading.take()?;
        let limit = if has_time { WAIT } else { Duration::ZERO };
        timeout(limit, reading).await.ok()?.ok()?
    }

    /// What asking has used so far.
    pub(crate) fn used(&self) -> Option<Usage> {
        self.meter.used()
    }
}

async fn read(backend: Backend, live: Arc<Live>, choice: Choice, meter: Meter) -> Option<Judgement> {
    let judgement = ask(&backend, live.started.run_id, choice, &meter).await;
    if let Err(error) = settle(&backend, &live, judgement.as_ref()).await {
        tracing::warn!(error = &error as &dyn std::error::Error, run.id = %live.started.run_id, "a reading cannot be stored yet");
    }
    judgement
}

/// What somebody else says of a run's question, where its method is to ask somebody else and it was not read before.
async fn ask(backend: &Backend, run: RunId, choice: Choice, meter: &Meter) -> Option<Judgement> {
    let is_asked = matches!(choice.sentiment_method, SentimentMethod::LlmSeparate | SentimentMethod::NlpApi);
    let asked = if is_asked { db::sentiment::find_asked(&backend.db, run).await.ok()?? } else { return None };
    if asked.reading.is_some() {
        return None;
    }
    if choice.sentiment_method == SentimentMethod::NlpApi {
        let language = backend.config.sentiment.language.as_ref()?;
        return nlp_api::read(language, &asked.text, LIMIT).await;
    }
    // The configured model, else the one that answers. Offline cannot read.
    let reader = match &backend.config.sentiment.model {
        Some(model) => models::configured(backend, model).await?,
        None => choice,
    };
    if reader.provider.id() == Offline::ID {
        return None;
    }
    let reading = llm_separate::read(&reader, &asked.text, asked.state.as_ref(), meter);
    timeout(LIMIT, reading).await.ok()?
}

/// Stores how a run's question reads and tells it, unless that was told: as the judgement says that came, else as `local`
/// reads it. A message that was read for another answer, or by whoever wrote the run before, is not read again.
pub(crate) async fn settle(backend: &Backend, live: &Live, judgement: Option<&Judgement>) -> db::Result<()> {
    if live.has_told_reading() {
        return Ok(());
    }
    let mut tx = backend.db.begin().await?;
    // Held, so that this and a correction do not overwrite each other's sums.
    let held = db::sentiment::hold_conversation(&mut tx, live.started.user_message_id, live.owner).await?;
    let Some(conversation) = held else { return Ok(()) };
    let Some(asked) = db::sentiment::find_asked_held(&mut tx, live.started.run_id).await? else { return Ok(()) };
    let update = if let Some(update) = known(&asked) {
        update
    } else {
        let judgement = judgement.cloned().unwrap_or_else(|| local::read(&asked.text));
        let verdict = judgement.conversation.clone();
        let sentiment = sentiment_of(judgement, asked.method);
        let state = State::with(asked.state.as_ref(), &sentiment, verdict.as_ref());
        db::sentiment::set_reading(&mut tx, live.started.user_message_id, &sentiment).await?;
        db::sentiment::set_state(&mut tx, conversation, Some(&state)).await?;
        tx.commit().await?;
        SentimentUpdate { message: Some(sentiment), cumulative: Some(state.shown) }
    };
    live.tell_reading(update);
    backend.runs.dirty.notify_one();
    Ok(())
}

/// How a message reads that was read before, and its conversation with it.
pub(crate) fn known(asked: &db::sentiment::Asked) -> Option<SentimentUpdate> {
    let message = asked.reading.clone()?;
    Some(SentimentUpdate { message: Some(message), cumulative: asked.state.as_ref().map(|state| state.shown.clone()) })
}

/// A judgement of a message that was to be read by this method.
fn sentiment_of(judgement: Judgement, method: SentimentMethod) -> Sentiment {
    Sentiment {
        score: judgement.score,
        label: judgement.label,
        emotion: judgement.emotion,
        confidence: judgement.confidence,
        method: judgement.method,
        fallback: judgement.method != method,
        corrected: false,
    }
}

/// Makes a conversation's sentiment anew from the messages of its branch: for a transaction that has changed, removed or
/// added some, and that holds the conversation. Costs a walk over the branch.
pub(crate) async fn recompute(tx: &mut db::Tx, conversation: ConversationId) -> db::Result<Option<State>> {
    let readings = db::sentiment::list_branch(tx, conversation).await?;
    let state = State::of(&readings);
    db::sentiment::set_state(tx, conversation, state.as_ref()).await?;
    Ok(state)
}
