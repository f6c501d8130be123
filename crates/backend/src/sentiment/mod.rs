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
    models::{self, Choice},
    runs::meter::Meter,
};
use llm::{NaturalLanguage, Offline};
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use types::{
    ConversationId, MessageId, MethodInfo, Methods, ModelRef, NewRun, Preferences, RunEvent, RunId, Sentiment,
    SentimentMethod, SentimentUpdate, StartedRun, Usage,
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
    let method = |id, name: &str, description: &str, available| MethodInfo {
        id,
        name: name.to_owned(),
        description: description.to_owned(),
        available,
    };
    Methods {
        methods: vec![
            method(
                SentimentMethod::Local,
                "On this server",
                "Rules and a small trained model. Nothing leaves Lia, and it costs nothing.",
                true,
            ),
            method(
                SentimentMethod::Structured,
                "With the answer",
                "The model that answers says in the same call how your message reads.",
                has_model,
            ),
            method(
                SentimentMethod::LlmSeparate,
                "A call of its own",
                "A model is asked beside the answer how your message reads. It costs a second, small call.",
                has_model,
            ),
            method(
                SentimentMethod::NlpApi,
                "Google Natural Language",
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
pub fn usual(backend: &Backend, preferences: &Preferences) -> SentimentMethod {
    preferences.sentiment_method.unwrap_or(backend.config.sentiment.method)
}

/// The sentiment of a run's conversation before the run. Without it a model reads the message all the same.
pub(crate) async fn before(backend: &Backend, run: RunId) -> Option<State> {
    let asked = db::sentiment::find_asked(&backend.db, run).await;
    asked.inspect_err(|error| tracing::warn!(%error, run.id = %run, "a sentiment cannot be read")).ok()??.state
}

/// A reading that is being asked for beside an answer. Dropping it gives it up.
#[derive(Debug)]
pub(crate) struct Beside {
    asking: Option<AbortOnDropHandle<Option<Judgement>>>,
    meter: Meter,
}

impl Beside {
    /// Asks, where the message's method is one that asks.
    pub(crate) fn begin(backend: &Backend, started: &StartedRun, choice: &Choice) -> Self {
        let meter = Meter::default();
        let asking = match choice.sentiment_method {
            SentimentMethod::LlmSeparate | SentimentMethod::NlpApi => {
                let asking = ask(backend.clone(), started.run_id, choice.clone(), meter.clone());
                Some(AbortOnDropHandle::new(backend.runs.tasks.spawn(asking)))
            }
            SentimentMethod::Structured | SentimentMethod::Local => None,
        };
        Self { asking, meter }
    }

    /// The reading. Where the answer has come to its good end, it is waited for a little; else it is there or it is not.
    pub(crate) async fn settle(&mut self, has_time: bool) -> Option<Judgement> {
        let asking = self.asking.take()?;
        let limit = if has_time { WAIT } else { Duration::ZERO };
        timeout(limit, asking).await.ok()?.ok()?
    }

    /// What asking has used so far.
    pub(crate) fn used(&self) -> Option<Usage> {
        self.meter.used()
    }
}

async fn ask(backend: Backend, run: RunId, choice: Choice, meter: Meter) -> Option<Judgement> {
    let asked = db::sentiment::find_asked(&backend.db, run).await.ok()??;
    if choice.sentiment_method == SentimentMethod::NlpApi {
        let language = backend.config.sentiment.language.as_ref()?;
        return nlp_api::read(language, &asked.text, LIMIT).await;
    }
    // The configured model, else the one that answers. Offline cannot read.
    let reader = match &backend.config.sentiment.model {
        Some(model) => models::configured(&backend, model).await?,
        None => choice,
    };
    if reader.provider.id() == Offline::ID {
        return None;
    }
    let reading = llm_separate::read(&reader, &asked.text, asked.state.as_ref(), &meter);
    timeout(LIMIT, reading).await.ok()?
}

/// How a message reads, and its conversation with it: what is stored with the end of its answer.
#[derive(Clone, Debug)]
pub(crate) struct Feeling {
    pub(crate) message: MessageId,
    pub(crate) sentiment: Sentiment,
    pub(crate) state: State,
    /// The message was read for another answer: there is nothing to store.
    pub(crate) is_known: bool,
}

impl Feeling {
    /// What followers hear of it.
    pub(crate) fn event(&self) -> RunEvent {
        RunEvent::Sentiment(self.update())
    }

    fn update(&self) -> SentimentUpdate {
        SentimentUpdate { message: Some(self.sentiment.clone()), cumulative: Some(self.state.shown.clone()) }
    }
}

/// What is to be stored of a run's message: the judgement that came, or `local`'s in its place. A message that was read
/// for another answer is not read again. `known` is what the run is to read, where that need not be looked up. `None`: the
/// run is gone.
pub(crate) async fn settle(
    backend: &Backend,
    run: RunId,
    known: Option<&db::sentiment::Asked>,
    judgement: Option<&Judgement>,
) -> db::Result<Option<Feeling>> {
    let asked = match known {
        Some(asked) => Some(asked.clone()),
        None => db::sentiment::find_asked(&backend.db, run).await?,
    };
    let Some(asked) = asked else { return Ok(None) };
    if let Some(sentiment) = asked.reading {
        let state = asked.state.unwrap_or_else(|| State::with(None, &sentiment, None));
        return Ok(Some(Feeling { message: asked.message, sentiment, state, is_known: true }));
    }
    let judgement = match judgement {
        Some(judgement) => judgement.clone(),
        None => local::read(&asked.text),
    };
    let sentiment = Sentiment {
        score: judgement.score,
        label: judgement.label,
        emotion: judgement.emotion,
        confidence: judgement.confidence,
        method: judgement.method,
        fallback: judgement.method != asked.method,
        corrected: false,
    };
    let state = State::with(asked.state.as_ref(), &sentiment, judgement.conversation.as_ref());
    Ok(Some(Feeling { message: asked.message, sentiment, state, is_known: false }))
}

/// Makes a conversation's sentiment anew from the messages of its branch: for a transaction that has changed, removed or
/// added some, and that holds the conversation. Costs a walk over the branch.
pub(crate) async fn recompute(tx: &mut db::Tx, conversation: ConversationId) -> db::Result<Option<State>> {
    let readings = db::sentiment::list_branch(tx, conversation).await?;
    let state = State::of(&readings);
    db::sentiment::set_state(tx, conversation, state.as_ref()).await?;
    Ok(state)
}
