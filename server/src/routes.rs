//! The REST API, a file a topic. Handlers read as the rule: who asks, may they, do, answer. What Lia does is
//! `backend`'s; what crosses the wire is `types`'.

pub mod about;
pub mod admin;
pub mod auth;
pub mod conversations;
pub mod events;
pub mod forms;
pub mod health;
pub mod preferences;
pub mod runs;
pub mod sentiment;
pub mod socket;
pub mod tree;

use crate::state::AppState;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The server functions that start runs. They count as the REST routes do.
const RUN_FNS: [&str; 4] = ["/fn/start_run", "/fn/regenerate", "/fn/edit_message", "/fn/continue_answer"];

/// Whether a request to this path calls a server function that starts a run.
pub fn is_run_fn(path: &str) -> bool {
    RUN_FNS.contains(&path)
}

/// Whether a request to this path carries a message, and may be as long as one.
pub fn carries_message(path: &str) -> bool {
    path == runs::STREAM || is_run_fn(path) || path.starts_with("/api/v1/chat/messages/") && path.ends_with("/edit")
}

/// Every documented route under its full path.
pub fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::me))
        .routes(routes!(auth::logout))
        .routes(routes!(runs::stream))
        .routes(routes!(runs::events))
        .routes(routes!(runs::stop))
        .routes(routes!(events::listen))
        .routes(routes!(socket::open))
        .routes(routes!(conversations::history))
        .routes(routes!(conversations::get, conversations::delete))
        .routes(routes!(conversations::delete_all))
        .routes(routes!(conversations::rename))
        .routes(routes!(conversations::choose_model))
        .routes(routes!(conversations::models))
        .routes(routes!(preferences::get, preferences::replace, preferences::change))
        .routes(routes!(sentiment::methods))
        .routes(routes!(sentiment::correct))
        .routes(routes!(tree::regenerate))
        .routes(routes!(tree::edit))
        .routes(routes!(tree::go_on))
        .routes(routes!(tree::show))
        .routes(routes!(tree::delete))
        .routes(routes!(tree::fork))
        .routes(routes!(health::info))
        .routes(routes!(admin::sentiment))
        .routes(routes!(admin::export_json))
        .routes(routes!(admin::export_csv))
}

/// The routes that monitoring calls: neither counted nor asked who calls.
pub fn health() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::database))
        .routes(routes!(health::cache))
}
