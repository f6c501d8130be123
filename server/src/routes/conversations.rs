//! Conversations: listing, reading, renaming, deleting; and the models one may choose.

use crate::{
    edge::actor::Caller,
    error::Result,
    extract::{Json, Path, Query},
    state::AppState,
};
use axum::{extract::State, http::StatusCode};
use backend::{conversations, models};
use serde::Deserialize;
use types::{
    Conversation, ConversationId, ConversationSummary, Envelope, History, ModelCatalogue, ModelRef, Page,
    RenameConversation,
};
use utoipa::IntoParams;

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Window {
    /// How many are wanted.
    #[param(example = 20, minimum = 1)]
    limit: Option<i64>,
    /// How many are passed over.
    #[param(example = 0, minimum = 0)]
    offset: Option<i64>,
}

/// List conversations
///
/// The most recently changed first; 20 unless `limit` (1 to 100) says otherwise.
#[utoipa::path(
    get, path = "/api/v1/chat/history", tag = "chat", params(Window),
    responses(
        (status = 200, description = "The page", body = History),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 422, description = "A parameter is out of bounds", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn history(
    State(state): State<AppState>,
    caller: Caller,
    Query(window): Query<Window>,
) -> Result<Json<History>> {
    let page = Page::new(window.limit, window.offset, 20, 100)?;
    Ok(Json(conversations::list(&state.backend, &caller, page).await?))
}

/// Read a conversation
///
/// A page of its messages, oldest first; `offset` counts back from the newest. 50 unless `limit` (1 to 200) says
/// otherwise; fewer, with `has_more`, where their text is longer than 16 MiB together. A message that is still being written has what there is of it, and in `run` where to follow.
#[utoipa::path(
    get, path = "/api/v1/chat/conversation/{id}", tag = "chat",
    params(("id" = ConversationId, Path, description = "The conversation", example = "0190a7c4-5b1e-7000-8000-000000000001"), Window),
    responses(
        (status = 200, description = "The conversation", body = Conversation),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such conversation of yours", body = Envelope),
        (status = 422, description = "The id or a parameter is not acceptable", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(window): Query<Window>,
) -> Result<Json<Conversation>> {
    let page = Page::new(window.limit, window.offset, 50, 200)?;
    Ok(Json(conversations::get(&state.backend, &caller, id, page).await?))
}

/// Delete a conversation
///
/// With all its messages; an answer that is being written in it stops.
#[utoipa::path(
    delete, path = "/api/v1/chat/conversation/{id}", tag = "chat",
    params(("id" = ConversationId, Path, description = "The conversation", example = "0190a7c4-5b1e-7000-8000-000000000001")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such conversation of yours", body = Envelope),
        (status = 422, description = "The id is not acceptable", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<StatusCode> {
    conversations::delete(&state.backend, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete all conversations
#[utoipa::path(
    delete, path = "/api/v1/chat/conversations", tag = "chat",
    responses(
        (status = 204, description = "They are gone"),
        (status = 401, description = "Not signed in", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn delete_all(State(state): State<AppState>, caller: Caller) -> Result<StatusCode> {
    conversations::delete_all(&state.backend, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Rename a conversation
#[utoipa::path(
    patch, path = "/api/v1/chat/conversation/{id}/rename", tag = "chat",
    params(("id" = ConversationId, Path, description = "The conversation", example = "0190a7c4-5b1e-7000-8000-000000000001")),
    request_body(content = RenameConversation, example = json!({"title": "A quiet week"})),
    responses(
        (status = 200, description = "The conversation as it is listed", body = ConversationSummary),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such conversation of yours", body = Envelope),
        (status = 422, description = "The id or the title is not acceptable", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn rename(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(request): Json<RenameConversation>,
) -> Result<Json<ConversationSummary>> {
    Ok(Json(conversations::rename(&state.backend, &caller, id, request).await?))
}

/// Choose a conversation's model
///
/// It answers from now on, where a message names none. Sending a message that names a model chooses it too.
#[utoipa::path(
    put, path = "/api/v1/chat/conversation/{id}/model", tag = "chat",
    params(("id" = ConversationId, Path, description = "The conversation", example = "0190a7c4-5b1e-7000-8000-000000000001")),
    request_body(content = ModelRef, example = json!({"provider": "offline", "model": "companion"})),
    responses(
        (status = 204, description = "It is chosen"),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such conversation of yours", body = Envelope),
        (status = 422, description = "The id is not acceptable, or there is no such model", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn choose_model(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(model): Json<ModelRef>,
) -> Result<StatusCode> {
    conversations::choose_model(&state.backend, &caller, id, model).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the models
///
/// Of every configured provider, by the provider's id.
#[utoipa::path(
    get, path = "/api/v1/chat/models", tag = "chat",
    responses(
        (status = 200, description = "The models", body = ModelCatalogue),
        (status = 401, description = "Not signed in", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn models(State(state): State<AppState>, caller: Caller) -> Result<Json<ModelCatalogue>> {
    Ok(Json(models::catalogue(&state.backend, &caller).await?))
}
