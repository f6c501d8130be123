//! What a person chose for all of their conversations.

use crate::{edge::actor::Caller, error::Result, extract::Json, state::AppState};
use axum::extract::State;
use backend::preferences;
use types::{Envelope, Preferences, PreferencesChange};

/// Read my preferences
#[utoipa::path(
    get, path = "/api/v1/preferences", tag = "preferences",
    responses(
        (status = 200, description = "What you chose", body = Preferences),
        (status = 401, description = "Not signed in", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn get(State(state): State<AppState>, caller: Caller) -> Result<Json<Preferences>> {
    Ok(Json(preferences::get(&state.backend, &caller).await?))
}

/// Replace my preferences
///
/// All of them: what is absent is not chosen any more. `generation` counts for every message that has no `settings` of its
/// own.
#[utoipa::path(
    put, path = "/api/v1/preferences", tag = "preferences",
    request_body(content = Preferences, example = json!({
        "model": {"provider": "offline", "model": "companion"},
        "favourites": [{"provider": "offline", "model": "companion"}],
        "generation": {"temperature": 0.7, "max_tokens": 2000}
    })),
    responses(
        (status = 200, description = "What is chosen now", body = Preferences),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 422, description = "A value is out of bounds", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn replace(
    State(state): State<AppState>,
    caller: Caller,
    Json(request): Json<Preferences>,
) -> Result<Json<Preferences>> {
    Ok(Json(preferences::replace(&state.backend, &caller, request).await?))
}

/// Change some of my preferences
///
/// What is absent stays as it is; `null` takes a choice back. Two clients that change different things do not undo each
/// other's; `mark` and `unmark` do so for single favourites.
#[utoipa::path(
    patch, path = "/api/v1/preferences", tag = "preferences",
    request_body(content = PreferencesChange, example = json!({
        "mark": [{"provider": "offline", "model": "companion"}],
        "generation": {"temperature": 0.7}
    })),
    responses(
        (status = 200, description = "What is chosen now", body = Preferences),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 422, description = "A value is out of bounds", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Json(request): Json<PreferencesChange>,
) -> Result<Json<Preferences>> {
    Ok(Json(preferences::change(&state.backend, &caller, request).await?))
}
