//! Which models there are, how their providers are doing, and which one answers.

use crate::{Actor, Backend, Error, db, error::Result, preferences, runs::failure, sentiment};
use llm::{Capability, Circuit, ErrorKind, ListSource, Provider};
use types::{
    ErrorCode, GenerationSettings, Model, ModelCatalogue, ModelInfo, ModelRef, NewRun, Preferences, ProviderView,
    SentimentMethod, Usage,
};

/// The model that writes an answer, and how.
#[derive(Clone)]
pub(crate) struct Choice {
    pub(crate) provider: Provider,
    pub(crate) model: String,
    /// Tokens it can read, where known.
    pub(crate) context_window: Option<u32>,
    /// Its list price, where known.
    pub(crate) price: Option<llm::Price>,
    /// What it can do, where known.
    pub(crate) capabilities: Vec<Capability>,
    /// How it is to choose its words.
    pub(crate) settings: GenerationSettings,
    /// How the message that it answers is to be read.
    pub(crate) sentiment_method: SentimentMethod,
}

impl Choice {
    /// What the answer's message says of its model before it has ended.
    pub(crate) fn info(&self) -> ModelInfo {
        ModelInfo {
            provider: self.provider.id().to_owned(),
            model: self.model.clone(),
            finish_reason: None,
            usage: None,
            error: None,
            seams: Vec::new(),
        }
    }

    /// The settings as a request carries them.
    pub(crate) const fn llm_settings(&self) -> llm::Settings {
        let GenerationSettings { temperature, max_tokens, top_p, frequency_penalty, presence_penalty } = self.settings;
        llm::Settings { temperature, max_tokens, top_p, frequency_penalty, presence_penalty }
    }

    fn new(provider: &Provider, model: &llm::ModelInfo) -> Self {
        Self {
            provider: provider.clone(),
            model: model.id.clone(),
            context_window: model.context_window,
            price: model.price,
            capabilities: model.capabilities.clone(),
            settings: GenerationSettings::default(),
            sentiment_method: SentimentMethod::Local,
        }
    }

    /// A model that its provider does not list, and of which nothing is known.
    fn unlisted(provider: &Provider, model: &str) -> Self {
        Self {
            provider: provider.clone(),
            model: model.to_owned(),
            context_window: None,
            price: None,
            capabilities: Vec::new(),
            settings: GenerationSettings::default(),
            sentiment_method: SentimentMethod::Local,
        }
    }
}

/// Tokens as the wire says them, and what they cost: as the provider said, else by the list price.
pub(crate) fn bill(price: Option<llm::Price>, usage: llm::Usage) -> Usage {
    /// A billion tokens, or a thousand dollars: no answer has or costs so much, whatever a provider says, and millions of
    /// such answers can be added up.
    const MOST: u64 = 1_000_000_000;
    let (read, written) = (usage.input_tokens.unwrap_or_default(), usage.output_tokens.unwrap_or_default());
    let listed = || price.map(|price| price.cost_micros(read, written));
    let whole = |number: u64| i64::try_from(number.min(MOST)).unwrap_or(i64::MAX);
    Usage {
        input_tokens: whole(read),
        output_tokens: whole(written),
        estimated: usage.estimated,
        cost_micros: usage.cost_micros.or_else(listed).map(whole),
    }
}

/// The models of every configured provider, by the provider's id.
pub async fn catalogue(backend: &Backend, _actor: &Actor) -> Result<ModelCatalogue> {
    let found = backend.config.providers.catalogue().await;
    Ok(found.into_iter().map(|(provider, models)| (provider, models.into_iter().map(wire).collect())).collect())
}

/// The same as a picker shows it: provider by provider in the order of the configuration, Offline last, and what is wrong
/// with one.
pub async fn menu(backend: &Backend, _actor: &Actor) -> Result<Vec<ProviderView>> {
    let providers = &backend.config.providers;
    let mut menu = Vec::new();
    for (id, models) in providers.catalogue().await {
        // One that was found on this machine in between is in the next menu.
        let Some(provider) = providers.get(&id) else { continue };
        let error = providers.list_error(&id);
        let source = providers.list_source(&id).filter(|_| !models.is_empty());
        let problem = problem(provider, error.as_ref(), source);
        let is_blocked = is_blocked(provider, error.as_ref());
        let models = models.into_iter().map(wire).collect();
        menu.push(ProviderView { name: provider.name().to_owned(), id, models, problem, is_blocked });
    }
    Ok(menu)
}

/// Whether each provider that is configured, or was found, is being asked: by its id, without asking it. Where it is not,
/// or only tried, with the failure for which that is so.
pub fn circuits(backend: &Backend) -> Vec<(String, Circuit, Option<ErrorCode>)> {
    let providers = backend.config.providers.iter().filter(|provider| !matches!(provider, Provider::Offline(_)));
    let circuit = |provider: &Provider| {
        let llm::Status { circuit, last_error, .. } = provider.status();
        let cause = last_error.filter(|_| circuit != Circuit::Closed).map(failure::code);
        (provider.id().to_owned(), circuit, cause)
    };
    providers.map(circuit).collect()
}

/// The first other provider that can answer as far as is known, where there is one.
pub(crate) fn alternative<'a>(backend: &'a Backend, to: &Provider) -> Option<&'a Provider> {
    let providers = &backend.config.providers;
    let can_answer = |provider: &&Provider| {
        let error = providers.list_error(provider.id());
        let is_away = matches!(error.as_ref().map(llm::Error::kind), Some(ErrorKind::Unavailable | ErrorKind::Timeout));
        // One that is being tried may not be back yet.
        let is_asked = provider.status().circuit == Circuit::Closed;
        is_asked && !is_away && !is_blocked(provider, error.as_ref()) && providers.has_models(provider.id())
    };
    let others = providers.iter().filter(|provider| provider.id() != to.id());
    others.filter(|provider| !matches!(provider, Provider::Offline(_))).find(can_answer)
}

/// Whether a provider's models cannot answer now: it is being left alone, or takes no request of ours. That its list could
/// not be read says nothing about them: they are those of its last list, or of the configuration.
fn is_blocked(provider: &Provider, list_error: Option<&llm::Error>) -> bool {
    let is_refused = |error: &llm::Error| error.kind() == ErrorKind::Quota || refuses_key(provider, error);
    provider.status().circuit == Circuit::Open || list_error.is_some_and(is_refused)
}

/// Whether a list that could not be read says that no answer is to be had with our key. Some servers ask for another key
/// where their list is, and answer with this one.
fn refuses_key(provider: &Provider, list_error: &llm::Error) -> bool {
    list_error.refuses_key() && !provider.takes_key()
}

/// What is wrong with a provider now, in plain words. `source`: where its models are known from, where it has any.
fn problem(provider: &Provider, list_error: Option<&llm::Error>, source: Option<ListSource>) -> Option<String> {
    let has_no_models = source.is_none();
    let name = provider.name();
    let status = provider.status();
    if status.circuit == Circuit::Open {
        let seconds = status.retry_after.unwrap_or_default().as_secs_f64().ceil().max(1.0);
        return Some(format!("{name} is not answering. It can be asked again in {seconds} s."));
    }
    if list_error.is_some_and(|error| refuses_key(provider, error)) {
        return Some(format!("{name} refuses the key this Lia uses."));
    }
    match list_error.map(llm::Error::kind) {
        Some(ErrorKind::Authentication) => {
            let these = match source {
                Some(ListSource::Provider) => " These are the models it had.",
                Some(ListSource::Configuration) => " These are the models that are configured here.",
                Some(ListSource::Data) => " These are models that Lia knows.",
                None => "",
            };
            Some(format!("{name} does not list its models for the key this Lia uses.{these}"))
        }
        Some(ErrorKind::BadRequest) if source == Some(ListSource::Data) => {
            Some(format!("{name} does not list its models. These are models that Lia knows."))
        }
        Some(ErrorKind::Quota) => Some(format!("This Lia's account with {name} is used up.")),
        Some(ErrorKind::Unavailable | ErrorKind::Timeout) if has_no_models => {
            Some(format!("{name} cannot be reached."))
        }
        Some(ErrorKind::Unavailable | ErrorKind::Timeout) => {
            Some(format!("{name} could not be reached a moment ago. These are the models it had."))
        }
        // Some list no models and answer all the same: then those of the configuration are there.
        Some(_) if has_no_models => Some(format!("The models of {name} cannot be listed.")),
        None if has_no_models => Some(format!("{name} has no models.")),
        Some(_) | None => None,
    }
}

/// The provider and the model that answer where a new conversation names none.
pub async fn default_choice(backend: &Backend, actor: &Actor) -> Result<(String, String)> {
    let choice = preferred(backend, &preferences::get(backend, actor).await?).await?;
    Ok((choice.provider.id().to_owned(), choice.model))
}

/// The model that answers in a conversation in which this one was chosen: another where that one is gone since.
pub(crate) async fn still_there(backend: &Backend, actor: &Actor, chosen: ModelRef) -> Result<ModelRef> {
    if check(backend, &chosen).await.is_ok() {
        return Ok(chosen);
    }
    let (provider, model) = default_choice(backend, actor).await?;
    Ok(ModelRef { provider, model })
}

/// Refuses a model that is not there.
pub(crate) async fn check(backend: &Backend, model: &ModelRef) -> Result<()> {
    named(backend, Some(&model.provider), Some(&model.model)).await.map(drop)
}

/// The model that a request names; else the one chosen in its conversation; else the user's; else the installation's.
/// It writes as the request says, else as the user prefers.
pub(crate) async fn choose(
    backend: &Backend,
    actor: &Actor,
    request: &NewRun,
    preferences: &Preferences,
) -> Result<Choice> {
    let mut choice = if request.provider.is_some() || request.model.is_some() {
        named(backend, request.provider.as_deref(), request.model.as_deref()).await?
    } else {
        remembered(backend, actor, request, preferences).await?
    };
    choice.sentiment_method = sentiment::choose(backend, request, preferences);
    choice.settings = request.settings.unwrap_or(preferences.generation);
    Ok(choice)
}

async fn remembered(backend: &Backend, actor: &Actor, request: &NewRun, preferences: &Preferences) -> Result<Choice> {
    if let Some(id) = request.conversation_id {
        let conversation = db::conversations::find(&backend.db, id, actor.id()).await?;
        let chosen = conversation.ok_or_else(Error::conversation_not_found)?.settings.model;
        // A model that is gone since is no reason to refuse the message.
        if let Some(model) = chosen
            && let Ok(choice) = named(backend, Some(&model.provider), Some(&model.model)).await
        {
            return Ok(choice);
        }
    }
    preferred(backend, preferences).await
}

/// The user's model while it exists; else the first model of the first provider that has any. Offline always has one.
async fn preferred(backend: &Backend, preferences: &Preferences) -> Result<Choice> {
    if let Some(model) = &preferences.model
        && let Ok(choice) = named(backend, Some(&model.provider), Some(&model.model)).await
    {
        return Ok(choice);
    }
    let providers = &backend.config.providers;
    for provider in providers.iter() {
        if let Some(model) = providers.models(provider.id()).await.first() {
            return Ok(Choice::new(provider, model));
        }
    }
    Err(Error::field("provider", "No provider has a model."))
}

/// A provider's model by their names.
pub(crate) async fn named(backend: &Backend, provider: Option<&str>, model: Option<&str>) -> Result<Choice> {
    let providers = &backend.config.providers;
    let provider = match provider {
        Some(id) => providers.get(id).ok_or_else(|| Error::field("provider", "There is no such provider here."))?,
        None => providers.default(),
    };
    let models = providers.models(provider.id()).await;
    let is_listed = !models.is_empty() && providers.list_source(provider.id()) != Some(ListSource::Data);
    let found = match model {
        Some(id) => models.iter().find(|known| known.id == id),
        None => models.first(),
    };
    match (found, model) {
        (Some(found), _) => Ok(Choice::new(provider, found)),
        (None, None) => Err(Error::field("model", "This provider has no models.")),
        // A provider that cannot list its models may still know this one.
        (None, Some(id)) if !is_listed => Ok(Choice::unlisted(provider, id)),
        (None, Some(_)) => Err(Error::field("model", "There is no such model at this provider.")),
    }
}

/// A model of the configuration: as its provider lists it, else as nothing is known of it. None: there is no such provider.
pub(crate) async fn configured(backend: &Backend, model: &ModelRef) -> Option<Choice> {
    let provider = backend.config.providers.get(&model.provider)?;
    let listed = named(backend, Some(&model.provider), Some(&model.model)).await;
    Some(listed.unwrap_or_else(|_| Choice::unlisted(provider, &model.model)))
}

fn wire(model: llm::ModelInfo) -> Model {
    Model {
        id: model.id,
        name: model.name,
        description: model.description,
        context_window: model.context_window,
        capabilities: model.capabilities.into_iter().map(|capability| name_of(capability).to_owned()).collect(),
        price: model.price.map(|price| types::Price { input: price.input, output: price.output }),
    }
}

/// A capability as the wire spells it.
const fn name_of(capability: llm::Capability) -> &'static str {
    match capability {
        llm::Capability::Images => "images",
        llm::Capability::Audio => "audio",
        llm::Capability::Thinking => "thinking",
        llm::Capability::StructuredOutput => "structured_output",
        llm::Capability::Tools => "tools",
    }
}
