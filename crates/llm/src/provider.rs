//! A provider, whichever it is: a closed set, told apart by `match`. Adding one is one file and one arm here.

use crate::{
    Anthropic, ApiKey, ChatRequest, Circuit, Delta, DeltaStream, Error, ErrorKind, Finish, Gemini, Kind, Limits,
    ModelInfo, Offline, OpenAi, ProviderConfig, Schema, Status, answer, endpoint::Endpoint, known, structured,
};
use futures_util::StreamExt;
use reqwest::Client;
use serde_json::Value;
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::Ordering,
};

/// Models that one provider offers at most: several times as many as the largest lists them, and few enough to send to a
/// browser.
const LIST_MAX_MODELS: usize = 2000;

/// Somebody who answers.
#[derive(Clone, Debug)]
pub enum Provider {
    /// OpenAI and every server with its wire.
    OpenAi(OpenAi),
    /// Google Gemini.
    Gemini(Gemini),
    /// Anthropic.
    Anthropic(Anthropic),
    /// The companion without a model.
    Offline(Offline),
}

impl Provider {
    pub(crate) fn new(config: ProviderConfig, client: Client, limits: Limits) -> Result<Self, Error> {
        if let Some(key) = &config.api_key
            && key.expose().chars().any(|character| !character.is_ascii_graphic())
        {
            let detail = format!("the key of {} holds characters that no key holds", config.id);
            return Err(Error::new(ErrorKind::Authentication, detail));
        }
        match config.kind {
            Kind::OpenAi | Kind::OpenRouter | Kind::Ollama => OpenAi::new(config, client, limits).map(Self::OpenAi),
            Kind::Gemini => Gemini::new(config, client, limits).map(Self::Gemini),
            Kind::Anthropic => Anthropic::new(config, client, limits).map(Self::Anthropic),
        }
    }

    /// What the providers over HTTP share.
    fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::OpenAi(provider) => Some(&provider.endpoint),
            Self::Gemini(provider) => Some(&provider.endpoint),
            Self::Anthropic(provider) => Some(&provider.endpoint),
            Self::Offline(_) => None,
        }
    }

    /// What its list of models depends on, as a number: where it is asked, and with which key. None for one that is not
    /// asked over a network.
    pub(crate) fn door(&self) -> Option<u64> {
        let endpoint = self.endpoint()?;
        let mut hasher = DefaultHasher::new();
        (&endpoint.id, endpoint.base.as_str(), endpoint.key.as_ref().map(ApiKey::expose)).hash(&mut hasher);
        Some(hasher.finish())
    }

    /// Its id on the wire and in the database.
    pub fn id(&self) -> &str {
        self.endpoint().map_or(Offline::ID, |endpoint| &endpoint.id)
    }

    /// Its name for people.
    pub fn name(&self) -> &str {
        self.endpoint().map_or(Offline::NAME, |endpoint| &endpoint.name)
    }

    /// How it is doing, as far as it was asked.
    pub fn status(&self) -> Status {
        let well = Status { circuit: Circuit::Closed, retry_after: None, last_error: None };
        self.endpoint().map_or(well, |endpoint| endpoint.breaker.status())
    }

    /// Whether a model goes on, character by character, with an answer whose beginning is the request's last message. To
    /// others such a message is one that has been said, and they have to be asked in words.
    pub fn goes_on(&self, model: &str) -> bool {
        match self {
            Self::Anthropic(_) => known::takes_prefill(model),
            // It says the whole answer again, word for word.
            Self::Offline(_) => true,
            Self::OpenAi(_) | Self::Gemini(_) => false,
        }
    }

    /// Asks. Nothing is sent before the stream is polled, and dropping it drops the connection.
    #[expect(clippy::needless_pass_by_value, reason = "a request is asked once, and its caller need not keep it")]
    pub fn stream(&self, request: ChatRequest) -> DeltaStream {
        self.ask(&request, None)
    }

    /// Asks for JSON of a given shape; the text of the answer is the growing JSON. Offline cannot.
    #[expect(clippy::needless_pass_by_value, reason = "a request is asked once, and its caller need not keep it")]
    pub fn stream_structured(&self, request: ChatRequest, schema: &Schema) -> DeltaStream {
        self.ask(&request, Some(schema))
    }

    fn ask(&self, request: &ChatRequest, schema: Option<&Schema>) -> DeltaStream {
        match self {
            Self::OpenAi(provider) => provider.stream(request, schema),
            Self::Gemini(provider) => provider.stream(request, schema),
            Self::Anthropic(provider) => provider.stream(request, schema),
            Self::Offline(_) if schema.is_some() => {
                answer::refused(Error::new(ErrorKind::BadRequest, "Offline knows no JSON"))
            }
            Self::Offline(provider) => provider.stream(request),
        }
    }

    /// Asks, and [waits for the whole answer](collect).
    pub async fn generate(&self, request: ChatRequest) -> Result<String, Error> {
        collect(self.stream(request)).await
    }

    /// Asks for JSON of a given shape, and waits for the whole of it. An answer that is no JSON is a
    /// [`Protocol`](ErrorKind::Protocol) error.
    pub async fn generate_structured(&self, request: ChatRequest, schema: &Schema) -> Result<Value, Error> {
        structured::parse(&collect(self.stream_structured(request, schema)).await?)
    }

    /// The models that it offers for chat, as it lists them now; first a good choice for somebody who makes none.
    pub async fn models(&self) -> Result<Vec<ModelInfo>, Error> {
        let models = match self {
            Self::OpenAi(provider) => provider.models().await?,
            Self::Gemini(provider) => provider.models().await?,
            Self::Anthropic(provider) => provider.models().await?,
            Self::Offline(_) => Offline::models(),
        };
        let mut models: Vec<_> = models.into_iter().filter_map(ModelInfo::tidy).take(LIST_MAX_MODELS).collect();
        known::sort(&mut models);
        Ok(models)
    }

    /// The same for whoever only wants to be up to date: a provider that is left alone is not asked for its list either.
    pub(crate) async fn list(&self) -> Result<Vec<ModelInfo>, Error> {
        self.endpoint().map_or(Ok(()), |endpoint| endpoint.breaker.leave_alone())?;
        self.models().await
    }

    /// Whether it answers and takes the key. That it shows the key no list says nothing against it.
    pub async fn validate_connection(&self) -> Result<(), Error> {
        match self.models().await {
            Err(error) if error.kind() == ErrorKind::Authentication && !error.refuses_key() => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Whether an answer has come with this key since an answer was last refused for it.
    pub fn takes_key(&self) -> bool {
        self.endpoint().is_none_or(|endpoint| endpoint.takes_key.load(Ordering::Relaxed))
    }

    /// The models of the configuration, for a provider that does not list its own.
    pub(crate) fn configured_models(&self) -> Vec<ModelInfo> {
        self.endpoint()
            .map_or_else(Offline::models, |endpoint| endpoint.models.iter().map(ModelInfo::from_id).collect())
    }

    /// The models that we know of its vendor, for a provider that keeps its list to itself.
    pub(crate) fn known_models(&self) -> Vec<ModelInfo> {
        self.endpoint().and_then(|endpoint| endpoint.vendor).map(known::list).unwrap_or_default()
    }
}

/// The text of a whole answer. A refusal, or a filter that left nothing, is a
/// [`ContentFilter`](ErrorKind::ContentFilter) error.
pub async fn collect(mut deltas: DeltaStream) -> Result<String, Error> {
    let (mut text, mut refusal) = (String::new(), String::new());
    let mut is_filtered = false;
    while let Some(delta) = deltas.next().await {
        match delta? {
            Delta::Text(piece) => text.push_str(&piece),
            Delta::Refusal(piece) => refusal.push_str(&piece),
            Delta::Finish(finish) => is_filtered = finish == Finish::ContentFilter,
            Delta::Thought(_) | Delta::Usage(_) => {}
        }
    }
    if text.is_empty() && (is_filtered || !refusal.is_empty()) {
        return Err(Error::new(ErrorKind::ContentFilter, refusal));
    }
    Ok(text)
}
