//! Which models there are, and which one answers.

use crate::{Actor, Backend, Error, db, error::Result};
use types::{Model, ModelCatalogue, ModelInfo, NewRun, Page};

/// The model that writes an answer.
#[derive(Clone)]
pub(crate) struct Choice {
    pub(crate) provider: llm::Provider,
    pub(crate) model: String,
    /// Tokens it can read, where known.
    pub(crate) context_window: Option<u32>,
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
        }
    }
}

/// The models of every configured provider, by the provider's id.
pub async fn catalogue(backend: &Backend, _actor: &Actor) -> Result<ModelCatalogue> {
    let found = backend.config.providers.catalogue().await;
    Ok(found.into_iter().map(|(provider, models)| (provider, models.into_iter().map(wire).collect())).collect())
}

/// The provider and the model that answer where a new conversation names none.
pub async fn default_choice(backend: &Backend, _actor: &Actor) -> Result<(String, String)> {
    let choice = default(backend).await?;
    Ok((choice.provider.id().to_owned(), choice.model))
}

/// The model that a request names; else the one the conversation used last; else the installation's default.
pub(crate) async fn choose(backend: &Backend, actor: &Actor, request: &NewRun) -> Result<Choice> {
    if request.provider.is_some() || request.model.is_some() {
        return named(backend, request.provider.as_deref(), request.model.as_deref()).await;
    }
    if let Some(id) = request.conversation_id {
        let newest = Page { limit: 1, offset: 0 };
        let branch = db::messages::list_branch(&backend.db, id, actor.id(), newest).await?;
        if let Some(info) = branch.into_iter().find_map(|message| message.model_info) {
            // A model that is gone since is no reason to refuse the message.
            if let Ok(choice) = named(backend, Some(&info.provider), Some(&info.model)).await {
                return Ok(choice);
            }
        }
    }
    default(backend).await
}

async fn named(backend: &Backend, provider: Option<&str>, model: Option<&str>) -> Result<Choice> {
    let providers = &backend.config.providers;
    let provider = match provider {
        Some(id) => providers.get(id).ok_or_else(|| Error::field("provider", "There is no such provider here."))?,
        None => providers.default(),
    };
    let models = providers.models(provider.id()).await;
    let Some(model) = model else {
        return first(provider, &models).ok_or_else(|| Error::field("model", "This provider has no models."));
    };
    match models.iter().find(|known| known.id == model) {
        Some(known) => {
            Ok(Choice { provider: provider.clone(), model: known.id.clone(), context_window: known.context_window })
        }
        // A provider that cannot list its models may still know this one.
        None if models.is_empty() => {
            Ok(Choice { provider: provider.clone(), model: model.to_owned(), context_window: None })
        }
        None => Err(Error::field("model", "There is no such model at this provider.")),
    }
}

/// The first model of the first provider that has any. Offline always has one.
async fn default(backend: &Backend) -> Result<Choice> {
    let providers = &backend.config.providers;
    for provider in providers.iter() {
        if let Some(choice) = first(provider, &providers.models(provider.id()).await) {
            return Ok(choice);
        }
    }
    Err(Error::field("provider", "No provider has a model."))
}

fn first(provider: &llm::Provider, models: &[llm::ModelInfo]) -> Option<Choice> {
    models.first().map(|model| Choice {
        provider: provider.clone(),
        model: model.id.clone(),
        context_window: model.context_window,
    })
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
