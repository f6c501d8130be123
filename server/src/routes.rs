//! The REST API, a file a topic. Handlers read as the rule: who asks, may they, do, answer. What Lia does is
//! `backend`'s; what crosses the wire is `types`'.

pub mod about;
pub mod admin;
pub mod auth;
pub mod conversations;
pub mod forms;
pub mod health;
pub mod preferences;
pub mod runs;
pub mod sentiment;

use crate::state::AppState;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The server function that starts a run. It counts and may be as long as the REST route does.
pub const START_RUN_FN: &str = "/fn/start_run";

/// Whether a request to this path carries a message.
pub fn starts_run(path: &str) -> bool {
    [runs::STREAM, START_RUN_FN].contains(&path)
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
        .routes(routes!(conversations::history))
        .routes(routes!(conversations::get, conversations::delete))
        .routes(routes!(conversations::delete_all))
        .routes(routes!(conversations::rename))
        .routes(routes!(conversations::choose_model))
        .routes(routes!(conversations::models))
        .routes(routes!(preferences::get, preferences::replace, preferences::change))
        .routes(routes!(sentiment::methods))
        .routes(routes!(sentiment::correct))
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
}
