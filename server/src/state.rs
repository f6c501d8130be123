//! What every handler may reach.

use crate::{config::Environment, edge::rate_limit::RateLimits, socket::SocketLimits};
use axum::extract::FromRef;
use backend::Backend;
use leptos::config::LeptosOptions;
use std::{sync::Arc, time::Instant};

/// The long-lived parts of the program. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// What Lia does.
    pub backend: Backend,
    /// Where Leptos finds the browser's half.
    pub leptos_options: LeptosOptions,
    /// The token buckets.
    pub rate_limits: Arc<RateLimits>,
    /// What may come over a socket, and how long one may be silent.
    pub socket_limits: SocketLimits,
    /// Development or production, as it is told to whoever asks what runs here.
    pub environment: Environment,
    /// When the program began to serve.
    pub started: Instant,
    /// The port on which `cargo leptos watch` reloads the browser.
    pub reload_port: Option<u32>,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos_options.clone()
    }
}

impl FromRef<AppState> for Backend {
    fn from_ref(state: &AppState) -> Self {
        state.backend.clone()
    }
}
