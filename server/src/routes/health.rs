//! Whether Lia is well. Without credentials it tells no more than a monitor needs.

use crate::{edge::actor::Caller, error::Result, extract::Json, state::AppState};
use axum::{extract::State, http::StatusCode};
use backend::{Permission, cache::Counts, models, redis::Redis};
use chrono::{DateTime, Utc};
use llm::Circuit;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};
use types::{Envelope, ErrorCode};
use utoipa::ToSchema;

/// A database slower than this still works, but people notice.
const SLOW: Duration = Duration::from_millis(500);
/// A database slower than this counts as away: a monitor must not hang with it.
const AWAY: Duration = Duration::from_secs(2);

/// A Redis slower than this is hardly worth asking.
const SLOW_REDIS: Duration = Duration::from_millis(100);

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Healthy,
    /// Works, but slowly, or is about to stop.
    Degraded,
    /// Does not work.
    Unhealthy,
}

/// One thing Lia depends on.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Service {
    /// How well it is.
    status: Status,
    /// How long it took to answer; absent when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    /// Of a provider that is left alone, or tried again: what it failed with last, as its answers name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<ErrorCode>,
}

/// Lia and what she depends on.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// The database's; at best degraded while a provider or Redis is not answering, for Lia works without.
    status: Status,
    /// Now, UTC.
    timestamp: DateTime<Utc>,
    /// Lia's version.
    version: &'static str,
    /// By name: `database`, `cache` where a Redis is configured, and each provider by its id. A provider's is what is
    /// known of it; it is not asked.
    services: BTreeMap<String, Service>,
}

/// How often what was asked for was at hand.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct KindCounts {
    /// In this process.
    hits: u64,
    /// In Redis.
    shared_hits: u64,
    /// Nowhere: it was read from the database, or made.
    misses: u64,
}

/// What is kept at hand.
#[derive(Debug, Serialize, ToSchema)]
pub struct CacheHealth {
    /// Of Redis: at worst degraded, for Lia works without. Healthy where none is configured.
    status: Status,
    /// `none`, `server`, `cluster` or `upstash`: what is configured.
    redis: &'static str,
    /// How long Redis took to answer; absent when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    /// Since this process began, by the kind of its keys.
    kinds: BTreeMap<&'static str, KindCounts>,
}

/// A word for a probe.
#[derive(Debug, Serialize, ToSchema)]
pub struct Probe {
    /// What was found.
    status: &'static str,
}

/// What runs here, for those who run it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Info {
    /// Lia's version.
    version: &'static str,
    /// `development` or `production`.
    environment: &'static str,
    /// Since the program began to serve.
    uptime_seconds: u64,
    /// Operating system and processor.
    platform: String,
    /// `postgres` or `sqlite`.
    database: &'static str,
}

/// Is Lia well?
#[utoipa::path(
    get, path = "/health", tag = "operations",
    responses(
        (status = 200, description = "Healthy or degraded", body = Health),
        (status = 503, description = "Unhealthy", body = Health),
    ),
)]
pub async fn health(State(state): State<AppState>) -> (StatusCode, Json<Health>) {
    let (database, redis) = tokio::join!(ask_database(&state), ask_redis(&state));
    let mut services: BTreeMap<_, _> = models::circuits(&state.backend)
        .into_iter()
        .map(|(provider, circuit, cause)| (provider, Service { status: status_of(circuit), latency_ms: None, cause }))
        .chain(redis.map(|redis| ("cache".to_owned(), redis)))
        .collect();
    let all_answer = services.values().all(|service| service.status == Status::Healthy);
    services.insert("database".to_owned(), database);
    let status = match database.status {
        Status::Healthy if !all_answer || state.backend.shutting_down().is_cancelled() => Status::Degraded,
        status => status,
    };
    let health =
        Health { status, timestamp: state.backend.clock().now(), version: env!("CARGO_PKG_VERSION"), services };
    (status_code(status), Json(health))
}

/// Does the process answer?
#[utoipa::path(
    get, path = "/health/live", tag = "operations",
    responses((status = 200, description = "It does", body = Probe)),
)]
pub async fn live() -> Json<Probe> {
    Json(Probe { status: "alive" })
}

/// May requests be sent here?
#[utoipa::path(
    get, path = "/health/ready", tag = "operations",
    responses(
        (status = 200, description = "They may", body = Probe),
        (status = 503, description = "Not now: the database is away, or the server is going down", body = Probe),
    ),
)]
pub async fn ready(State(state): State<AppState>) -> (StatusCode, Json<Probe>) {
    let ready = !state.backend.shutting_down().is_cancelled() && ask_database(&state).await.status != Status::Unhealthy;
    if ready {
        (StatusCode::OK, Json(Probe { status: "ready" }))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Probe { status: "not_ready" }))
    }
}

/// Does the database answer?
#[utoipa::path(
    get, path = "/health/db", tag = "operations",
    responses(
        (status = 200, description = "It does", body = Service),
        (status = 503, description = "It does not", body = Service),
    ),
)]
pub async fn database(State(state): State<AppState>) -> (StatusCode, Json<Service>) {
    let database = ask_database(&state).await;
    (status_code(database.status), Json(database))
}

/// Is what is kept at hand of use?
#[utoipa::path(
    get, path = "/health/cache", tag = "operations",
    responses((status = 200, description = "Healthy, or degraded while Redis is slow or away", body = CacheHealth)),
)]
pub async fn cache(State(state): State<AppState>) -> Json<CacheHealth> {
    let redis = ask_redis(&state).await;
    Json(CacheHealth {
        status: redis.map_or(Status::Healthy, |redis| redis.status),
        redis: state.backend.redis().map_or("none", Redis::kind),
        latency_ms: redis.and_then(|redis| redis.latency_ms),
        kinds: state.backend.cache_counts().into_iter().map(kind_counts).collect(),
    })
}

const fn kind_counts(Counts { kind, hits, shared_hits, misses }: Counts) -> (&'static str, KindCounts) {
    (kind.as_str(), KindCounts { hits, shared_hits, misses })
}

/// What runs here?
#[utoipa::path(
    get, path = "/health/info", tag = "operations",
    responses(
        (status = 200, description = "Version, uptime, platform", body = Info),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 403, description = "Not an admin", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn info(State(state): State<AppState>, caller: Caller) -> Result<Json<Info>> {
    caller.require(Permission::ViewInstallation)?;
    Ok(Json(Info {
        version: env!("CARGO_PKG_VERSION"),
        environment: state.environment.as_str(),
        uptime_seconds: state.started.elapsed().as_secs(),
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        database: state.backend.database_kind(),
    }))
}

async fn ask_database(state: &AppState) -> Service {
    match tokio::time::timeout(AWAY, state.backend.ping()).await {
        Ok(Ok(latency)) => Service {
            status: if latency < SLOW { Status::Healthy } else { Status::Degraded },
            latency_ms: u64::try_from(latency.as_millis()).ok(),
            cause: None,
        },
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database does not answer");
            Service { status: Status::Unhealthy, latency_ms: None, cause: None }
        }
        Err(_) => Service { status: Status::Unhealthy, latency_ms: None, cause: None },
    }
}

/// `None`: there is none to ask.
async fn ask_redis(state: &AppState) -> Option<Service> {
    let latency = state.backend.redis()?.ping().await;
    Some(Service {
        status: if latency.is_some_and(|latency| latency < SLOW_REDIS) { Status::Healthy } else { Status::Degraded },
        latency_ms: latency.and_then(|latency| u64::try_from(latency.as_millis()).ok()),
        cause: None,
    })
}

const fn status_of(circuit: Circuit) -> Status {
    match circuit {
        Circuit::Closed => Status::Healthy,
        Circuit::HalfOpen => Status::Degraded,
        Circuit::Open => Status::Unhealthy,
    }
}

const fn status_code(status: Status) -> StatusCode {
    match status {
        Status::Healthy | Status::Degraded => StatusCode::OK,
        Status::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    }
}
