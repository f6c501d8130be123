//! The tree of a conversation's messages: other answers, other versions of questions, the rest of answers; showing,
//! deleting and copying branches.

use super::runs::events_response;
use crate::{
    edge::{actor::Caller, rate_limit::ChatPermit},
    error::Result,
    extract::{Json, Path},
    state::AppState,
};
use axum::{extract::State, http::StatusCode, response::Response};
use backend::{
    runs::{self, Wish},
    tree,
};
use types::{ContinueAnswer, ConversationSummary, EditMessage, Envelope, MessageId, Regenerate, ShownBranch};

/// Ask for another answer
///
/// To a question, or to the question of an answer; what there is stays, and is a sibling of the new answer, which is
/// shown from now on. The question is not read again. Without a model the one that wrote the answer writes again. A model
/// that is named is the conversation's from now on. Events as of `/api/v1/chat/stream`.
#[utoipa::path(
    post, path = "/api/v1/chat/messages/{id}/regenerate", tag = "chat",
    params(("id" = MessageId, Path, description = "The answer, or its question", example = 2)),
    request_body(content = Regenerate, example = json!({"provider": "offline", "model": "companion"})),
    responses(
        (status = 200, description = "The events of the run", body = String, content_type = "text/event-stream"),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such message of yours", body = Envelope),
        (status = 409, description = "An answer is being written, or there are 100 answers to this question", body = Envelope),
        (status = 422, description = "A field is not acceptable", body = Envelope),
        (status = 429, description = "Too many answers in a minute, or at once", body = Envelope),
        (status = 503, description = "The server is full or going down", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn regenerate(
    State(state): State<AppState>,
    caller: Caller,
    _: ChatPermit,
    Path(id): Path<MessageId>,
    Json(request): Json<Regenerate>,
) -> Result<Response> {
    let follower = runs::answer(&state.backend, &caller, Wish::Regenerate(id, request)).await?;
    Ok(events_response(&state, follower))
}

/// Edit a message
///
/// One of your own: another version of it is saved beside it, answered, and shown from now on. The earlier version stays
/// with everything that followed it. Events as of `/api/v1/chat/stream`.
#[utoipa::path(
    post, path = "/api/v1/chat/messages/{id}/edit", tag = "chat",
    params(("id" = MessageId, Path, description = "The message", example = 1)),
    request_body(content = EditMessage, example = json!({
        "message": "Why is the moon sometimes visible at noon?",
        "client_message_id": "0190a7c4-5b1e-4000-8000-000000000004"
    })),
    responses(
        (status = 200, description = "The events of the run", body = String, content_type = "text/event-stream"),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such message of yours", body = Envelope),
        (status = 409, description = "An answer is being written, the id was used before, or there are 100 versions", body = Envelope),
        (status = 422, description = "A field is not acceptable, or the message is not your own", body = Envelope),
        (status = 429, description = "Too many answers in a minute, or at once", body = Envelope),
        (status = 503, description = "The server is full or going down", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn edit(
    State(state): State<AppState>,
    caller: Caller,
    _: ChatPermit,
    Path(id): Path<MessageId>,
    Json(request): Json<EditMessage>,
) -> Result<Response> {
    let follower = runs::answer(&state.backend, &caller, Wish::Edit(id, request)).await?;
    Ok(events_response(&state, follower))
}

/// Go on with an answer
///
/// One that was stopped, that broke off, or that came to the limit of its length, and that nothing follows. The model that
/// wrote it goes on from its text, which is the first event after `start`, a `snapshot`; `seams` of its `model_info` says
/// where it was joined. Events as of `/api/v1/chat/stream`.
#[utoipa::path(
    post, path = "/api/v1/chat/messages/{id}/continue", tag = "chat",
    params(("id" = MessageId, Path, description = "The answer", example = 2)),
    request_body(content = ContinueAnswer, example = json!({
        "client_message_id": "0190a7c4-5b1e-4000-8000-000000000005"
    })),
    responses(
        (status = 200, description = "The events of the run", body = String, content_type = "text/event-stream"),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such message of yours", body = Envelope),
        (status = 409, description = "An answer is being written, or there is nothing to go on with", body = Envelope),
        (status = 422, description = "A field is not acceptable, or the model is gone", body = Envelope),
        (status = 429, description = "Too many answers in a minute, or at once", body = Envelope),
        (status = 503, description = "The server is full or going down", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn go_on(
    State(state): State<AppState>,
    caller: Caller,
    _: ChatPermit,
    Path(id): Path<MessageId>,
    Json(request): Json<ContinueAnswer>,
) -> Result<Response> {
    let follower = runs::answer(&state.backend, &caller, Wish::Continue(id, request)).await?;
    Ok(events_response(&state, follower))
}

/// Show a message's branch
///
/// The conversation shows it from now on, to the newest message below it; `siblings` of a message names the others.
#[utoipa::path(
    post, path = "/api/v1/chat/messages/{id}/show", tag = "chat",
    params(("id" = MessageId, Path, description = "The message", example = 2)),
    responses(
        (status = 200, description = "What is shown", body = ShownBranch),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such message of yours", body = Envelope),
        (status = 409, description = "An answer is being written", body = Envelope),
        (status = 422, description = "The id is not acceptable", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<Json<ShownBranch>> {
    Ok(Json(tree::show(&state.backend, &caller, id).await?))
}

/// Delete a message
///
/// With everything that follows it. Where that was shown, its nearest sibling is from now on, or what comes before it. The
/// conversation's sentiment is that of the messages that are left.
#[utoipa::path(
    delete, path = "/api/v1/chat/messages/{id}", tag = "chat",
    params(("id" = MessageId, Path, description = "The message", example = 2)),
    responses(
        (status = 200, description = "What is shown", body = ShownBranch),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such message of yours", body = Envelope),
        (status = 409, description = "An answer is being written", body = Envelope),
        (status = 422, description = "The id is not acceptable", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<Json<ShownBranch>> {
    Ok(Json(tree::delete(&state.backend, &caller, id).await?))
}

/// Continue in a new conversation
///
/// It begins with a copy of everything up to this message. What the copies cost and how they read counts where they were
/// written.
#[utoipa::path(
    post, path = "/api/v1/chat/messages/{id}/fork", tag = "chat",
    params(("id" = MessageId, Path, description = "The last message to copy", example = 2)),
    responses(
        (status = 201, description = "The new conversation", body = ConversationSummary),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such message of yours", body = Envelope),
        (status = 409, description = "This message is being written", body = Envelope),
        (status = 422, description = "The id is not acceptable", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn fork(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<(StatusCode, Json<ConversationSummary>)> {
    Ok((StatusCode::CREATED, Json(tree::fork(&state.backend, &caller, id).await?)))
}
