//! The lists of models, remembered: asked of the providers once a day, in the background, and never waited for longer than
//! a moment. Knows no provider by name.

use crate::{Error, ErrorKind, ModelInfo, Provider};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// How long a list is good.
const FRESH: Duration = Duration::from_hours(24);

/// After a failure or an empty list: how long until the provider is asked again.
const AGAIN: Duration = Duration::from_mins(1);

/// How long somebody who wants lists waits for those that were never read.
const PATIENCE: Duration = Duration::from_millis(1500);

/// A refresh in the background.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The remembered lists, by the provider's id.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    lists: Mutex<HashMap<String, watch::Sender<List>>>,
    /// Raised whenever a list was read.
    read: watch::Sender<u64>,
    known: AtomicU64,
    restored: AtomicU64,
    awaited: AtomicU64,
}

/// A list as it was read, for whoever keeps it for longer than a process lives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelList {
    /// Whose.
    pub provider: String,
    /// Where that was asked and with which key, as a number that says neither.
    pub door: u64,
    /// How long ago it was read, in seconds.
    pub age_seconds: u64,
    /// What it said.
    pub models: Vec<ModelInfo>,
}

/// Where a provider's models are known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListSource {
    /// It has listed them, if perhaps not when it was last asked.
    Provider,
    /// The configuration names them.
    Configuration,
    /// They are those of its vendor that we know; it may have others.
    Data,
}

/// How often lists were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListCounts {
    /// They were known.
    pub known: u64,
    /// Lists that somebody else had kept.
    pub restored: u64,
    /// The provider had to be waited for.
    pub awaited: u64,
}

/// A provider's list as it stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    /// As the provider said when it last answered.
    models: Option<Arc<[ModelInfo]>>,
    /// Why it did not answer the last time.
    error: Option<Error>,
    /// When it is to be asked again; `None` before the first time.
    due: Option<Instant>,
    /// When it last answered.
    read: Option<Instant>,
    is_asking: bool,
}

impl List {
    /// The models of the provider whose list it is, and where they are known from.
    fn models(&self, provider: &Provider) -> (Arc<[ModelInfo]>, ListSource) {
        // Some servers answer the question for their models with an empty list.
        if let Some(models) = self.models.as_ref().filter(|models| !models.is_empty()) {
            return (models.clone(), ListSource::Provider);
        }
        let configured = provider.configured_models();
        // Who only keeps the list from this key may well answer with it.
        let is_kept = self.error.as_ref().is_some_and(|error| match error.kind() {
            ErrorKind::Authentication => !error.refuses_key() || provider.takes_key(),
            ErrorKind::BadRequest => true,
            _ => false,
        });
        if configured.is_empty() && is_kept {
            return (provider.known_models().into(), ListSource::Data);
        }
        (configured.into(), ListSource::Configuration)
    }
}

impl Catalogue {
    /// The models of each of the providers; refreshes go to `spawn`.
    pub(crate) async fn list(&self, providers: &[&Provider], spawn: impl Fn(Task)) -> Vec<Arc<[ModelInfo]>> {
        let deadline = Instant::now() + PATIENCE;
        let lists: Vec<_> = providers.iter().map(|provider| self.refresh(provider, &spawn)).collect();
        let mut models = Vec::with_capacity(providers.len());
        for (provider, mut list) in providers.iter().zip(lists) {
            // Who has failed once is not waited for again: nobody else's answer is to be late for it.
            let is_known = |list: &List| list.models.is_some() || list.due.is_some();
            let count = if is_known(&list.borrow()) { &self.known } else { &self.awaited };
            count.fetch_add(1, Ordering::Relaxed);
            // Too late, or the refresh was dropped: then what is configured has to do.
            let known = match timeout_at(deadline, list.wait_for(is_known)).await {
                Ok(Ok(list)) => list.clone(),
                Ok(Err(_)) | Err(_) => List::default(),
            };
            models.push(known.models(provider).0);
        }
        models
    }

    /// The lists that were read, of those providers that are asked over a network.
    pub(crate) fn lists<'a>(&self, providers: impl Iterator<Item = &'a Provider>) -> Vec<ModelList> {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let list = |provider: &Provider| {
            let list = lists.get(provider.id())?.borrow();
            Some(ModelList {
                provider: provider.id().to_owned(),
                door: provider.door()?,
                age_seconds: list.read?.elapsed().as_secs(),
                models: list.models.as_ref()?.to_vec(),
            })
        };
        providers.filter_map(list).collect()
    }

    /// Takes a list that was kept, where it is not too old and the provider has said none since.
    pub(crate) fn restore(&self, provider: &Provider, kept: ModelList) {
        let age = Duration::from_secs(kept.age_seconds);
        let (now, models) = (Instant::now(), kept.models);
        let (Some(left), Some(read)) = (FRESH.checked_sub(age), now.checked_sub(age)) else { return };
        if provider.door() != Some(kept.door) || models.is_empty() {
            return;
        }
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = lists.entry(provider.id().to_owned()).or_insert_with(|| watch::Sender::new(List::default()));
        let is_taken = sender.send_if_modified(|list| {
            let is_missing = list.models.is_none();
            if is_missing {
                (list.models, list.read, list.due) = (Some(models.into()), Some(read), Some(now + left));
            }
            is_missing
        });
        self.restored.fetch_add(u64::from(is_taken), Ordering::Relaxed);
    }

    /// Says whenever a list was read.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.read.subscribe()
    }

    pub(crate) fn counts(&self) -> ListCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        ListCounts { known: read(&self.known), restored: read(&self.restored), awaited: read(&self.awaited) }
    }

    /// Whether a model of a provider can be named, and where those are known from.
    pub(crate) fn source(&self, provider: &Provider) -> (bool, ListSource) {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let list = lists.get(provider.id()).map(|list| list.borrow().clone()).unwrap_or_default();
        let (models, source) = list.models(provider);
        (!models.is_empty(), source)
    }

    /// Why a provider's list could not be read the last time.
    pub(crate) fn error(&self, id: &str) -> Option<Error> {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.get(id)?.borrow().error.clone()
    }

    /// Asks a provider for its list where it is time to.
    pub(crate) fn refresh(&self, provider: &Provider, spawn: impl Fn(Task)) -> watch::Receiver<List> {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = lists.entry(provider.id().to_owned()).or_insert_with(|| watch::Sender::new(List::default()));
        let now = Instant::now();
        let is_due = sender.send_if_modified(|list| {
            let is_due = !list.is_asking && list.due.is_none_or(|due| due <= now);
            list.is_asking |= is_due;
            is_due
        });
        if is_due {
            let (provider, sender, read) = (provider.clone(), sender.clone(), self.read.clone());
            spawn(Box::pin(async move {
                let result = provider.list().await;
                if let Err(error) = &result {
                    tracing::warn!(llm.provider = provider.id(), %error, "no list of models");
                }
                // Who has no model yet, as an Ollama that is being set up, may have one soon.
                let is_full = result.as_ref().is_ok_and(|models| !models.is_empty());
                let wait = if is_full { FRESH } else { AGAIN };
                sender.send_modify(|list| {
                    list.is_asking = false;
                    list.due = Some(Instant::now() + wait);
                    match result {
                        Ok(models) => {
                            (list.models, list.error, list.read) = (Some(models.into()), None, Some(Instant::now()));
                        }
                        Err(error) => list.error = Some(error),
                    }
                });
                if is_full {
                    read.send_modify(|times| *times += 1);
                }
            }));
        }
        sender.subscribe()
    }
}
