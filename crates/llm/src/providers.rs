//! The providers of one installation: those that are configured, an Ollama on this machine, and Offline.

use crate::{
    Error, ErrorKind, Kind, Limits, ListCounts, ListSource, ModelInfo, ModelList, Offline, Provider, ProviderConfig,
    catalogue::Catalogue, http,
};
use reqwest::Client;
use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, task::JoinSet};

/// How long the program on this machine may take to say that it is there.
const PROBE: Duration = Duration::from_millis(1500);

/// The providers of one installation. Cheap to clone; the last clone that goes ends what runs in the background.
#[derive(Clone, Debug)]
pub struct Providers {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    configured: Vec<Provider>,
    /// Found on this machine, not configured.
    found: Arc<OnceLock<Provider>>,
    offline: Provider,
    catalogue: Catalogue,
    client: Client,
    limits: Limits,
    /// What runs in the background; dropped with everything else.
    tasks: Mutex<JoinSet<()>>,
}

impl Providers {
    /// The configured providers in their order, and Offline. Fails where two have the same id, or a key cannot be one.
    pub fn new(configs: Vec<ProviderConfig>) -> Result<Self, Error> {
        Self::with_limits(configs, Limits::default())
    }

    /// The same with other time limits, for tests.
    pub fn with_limits(configs: Vec<ProviderConfig>, limits: Limits) -> Result<Self, Error> {
        let client = http::client(&limits)?;
        let mut configured: Vec<Provider> = Vec::with_capacity(configs.len());
        for config in configs {
            if config.id == Offline::ID || configured.iter().any(|provider| provider.id() == config.id) {
                return Err(Error::new(ErrorKind::BadRequest, format!("two providers with the id {:?}", config.id)));
            }
            configured.push(Provider::new(config, client.clone(), limits.clone())?);
        }
        let inner = Inner {
            configured,
            found: Arc::default(),
            offline: Provider::Offline(Offline),
            catalogue: Catalogue::default(),
            client,
            limits,
            tasks: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Looks in the background for an Ollama at its usual address on this machine, unless one is configured. It becomes a
    /// provider when it answers with a model. Needs a running tokio runtime.
    #[must_use]
    pub fn with_local_ollama(self) -> Self {
        self.look_for(ProviderConfig::new(Kind::Ollama, ""));
        self
    }

    /// Reads the lists of models in the background, so that the first person finds them, and the connections, there. Needs a
    /// running tokio runtime.
    pub fn warm_up(&self) {
        for provider in self.iter() {
            self.inner.catalogue.refresh(provider, |task| self.spawn(task));
        }
    }

    fn look_for(&self, config: ProviderConfig) {
        if self.get(&config.id).is_some() {
            return;
        }
        let limits = Limits { connect: PROBE, list: PROBE, ..self.inner.limits.clone() };
        let found = self.inner.found.clone();
        if let Ok(provider) = Provider::new(config, self.inner.client.clone(), limits) {
            self.spawn(async move {
                match provider.models().await {
                    Ok(models) if !models.is_empty() => {
                        tracing::info!(llm.models = models.len(), "found an Ollama on this machine");
                        // It was looked for once, so nothing is there yet.
                        let _ = found.set(provider);
                    }
                    Ok(_) => tracing::info!("the Ollama on this machine has no model yet"),
                    Err(error) => tracing::debug!(%error, "no Ollama on this machine"),
                }
            });
        }
    }

    /// The provider with this id.
    pub fn get(&self, id: &str) -> Option<&Provider> {
        self.iter().find(|provider| provider.id() == id)
    }

    /// All of them: the configured ones in their order, what was found, Offline.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.inner.configured.iter().chain(self.inner.found.get()).chain([&self.inner.offline])
    }

    /// The one that is asked where nobody chose: the first.
    pub fn default(&self) -> &Provider {
        self.iter().next().unwrap_or(&self.inner.offline)
    }

    /// Every provider's id with its models, in the order of [`iter`](Self::iter). Lists are kept for a day and refreshed in
    /// the background; the first time this waits a short while for them. A provider that does not answer keeps its last
    /// list, else its configured models.
    pub async fn catalogue(&self) -> Vec<(String, Vec<ModelInfo>)> {
        let providers: Vec<&Provider> = self.iter().collect();
        let models = self.inner.catalogue.list(&providers, |task| self.spawn(task)).await;
        providers.iter().zip(models).map(|(provider, models)| (provider.id().to_owned(), models.to_vec())).collect()
    }

    /// The models of one provider out of the [`catalogue`](Self::catalogue), without copying them or waiting for another
    /// provider's; empty for an id that is nobody's.
    pub async fn models(&self, id: &str) -> Arc<[ModelInfo]> {
        let Some(provider) = self.get(id) else { return Arc::default() };
        let models = self.inner.catalogue.list(&[provider], |task| self.spawn(task)).await;
        models.into_iter().next().unwrap_or_default()
    }

    /// The lists that providers gave when they were last asked, for whoever keeps them beyond this process.
    pub fn lists(&self) -> Vec<ModelList> {
        self.inner.catalogue.lists(self.iter())
    }

    /// Takes lists that were kept: those of providers that are asked at the same place with the same key, no older than the
    /// day that a list is good for, and only where none was read since.
    pub fn restore(&self, lists: Vec<ModelList>) {
        for list in lists {
            if let Some(provider) = self.get(&list.provider) {
                self.inner.catalogue.restore(provider, list);
            }
        }
    }

    /// Changes whenever a list was read.
    pub fn list_changes(&self) -> watch::Receiver<u64> {
        self.inner.catalogue.changes()
    }

    /// How often lists were asked for, and known.
    pub fn list_counts(&self) -> ListCounts {
        self.inner.catalogue.counts()
    }

    /// Whether a provider has a model that can be named, as far as is known without asking it.
    pub fn has_models(&self, id: &str) -> bool {
        self.get(id).is_some_and(|provider| self.inner.catalogue.source(provider).0)
    }

    /// Where the models of a provider are known from; none for an id that is nobody's.
    pub fn list_source(&self, id: &str) -> Option<ListSource> {
        self.get(id).map(|provider| self.inner.catalogue.source(provider).1)
    }

    /// Why a provider's list of models could not be read the last time; none where it could.
    pub fn list_error(&self, id: &str) -> Option<Error> {
        self.inner.catalogue.error(id)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emulator::Emulator;

    #[tokio::test]
    async fn what_answers_on_this_machine_becomes_a_provider_before_offline() {
        let emulator = Emulator::start().await;
        let base_url = emulator.base_url().parse().unwrap();
        let config = ProviderConfig { base_url, ..ProviderConfig::new(Kind::Ollama, "") };
        let providers = Providers::new(Vec::new()).unwrap();
        providers.look_for(config.clone());
        let mut tasks = std::mem::take(&mut *providers.inner.tasks.lock().unwrap());
        while tasks.join_next().await.is_some() {}
        assert_eq!(providers.default().id(), "ollama");
        assert_eq!(providers.iter().count(), 2);
        providers.look_for(config);
        assert!(providers.inner.tasks.lock().unwrap().is_empty(), "it is not looked for twice");
    }

    #[tokio::test]
    async fn what_does_not_answer_does_not() {
        let base_url = "http://127.0.0.1:1".parse().unwrap();
        let providers = Providers::new(Vec::new()).unwrap();
        providers.look_for(ProviderConfig { base_url, ..ProviderConfig::new(Kind::Ollama, "") });
        let mut tasks = std::mem::take(&mut *providers.inner.tasks.lock().unwrap());
        while tasks.join_next().await.is_some() {}
        assert_eq!(providers.default().id(), "offline");
    }
}
