//! The lists of models in Redis, beyond the catalogue that each process has of them: a node that starts need not ask the
//! providers for what the last one heard, and a provider that is away then still has its models.

use super::Kind;
use crate::{Backend, redis::Redis};
use chrono::{DateTime, TimeDelta, Utc};
use llm::ModelList;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::timeout;

/// How long the first questions to the providers wait for Redis.
const PATIENCE: Duration = Duration::from_millis(500);

/// What Redis keeps.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// By this time the ages are told.
    at: DateTime<Utc>,
    lists: Vec<ModelList>,
}

/// Looks for an Ollama on this machine and for what models there are, and has Redis know whatever is read from then on.
pub(crate) async fn look(backend: Backend) {
    let providers = &backend.config.providers;
    let mut changes = providers.list_changes();
    if let Some(redis) = backend.redis() {
        // The lists that are not there are read in a moment.
        let _ = timeout(PATIENCE, restore(&backend, redis)).await;
    }
    providers.clone().with_local_ollama().warm_up();
    let Some(redis) = backend.redis() else { return };
    while let Some(Ok(())) = backend.closed.run_until_cancelled(changes.changed()).await {
        let kept = Kept { at: backend.clock.now(), lists: providers.lists() };
        if let Ok(text) = serde_json::to_string(&kept) {
            redis.set(Kind::Models.as_str(), &text, Kind::Models.life()).await;
        }
    }
}

async fn restore(backend: &Backend, redis: &Redis) {
    redis.there().await;
    let Some(text) = redis.get(Kind::Models.as_str()).await else { return };
    let Ok(Kept { at, mut lists }) = serde_json::from_str(&text) else { return };
    let passed = (backend.clock.now() - at).max(TimeDelta::zero()).num_seconds();
    for list in &mut lists {
        list.age_seconds = list.age_seconds.saturating_add(passed.unsigned_abs());
    }
    backend.config.providers.restore(lists);
}
