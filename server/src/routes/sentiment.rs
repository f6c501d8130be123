//! How messages are read: the methods there are, and corrections.

use crate::{
    edge::actor::Caller,
    error::Result,
    extract::{Json, Path},
    state::AppState,
};
use axum::extract::State;
use backend::sentiment;
use types::{Envelope, MessageId, Methods, SentimentFeedback, SentimentUpdate};

/// List the sentiment methods
///
/// With what each does and whether this Lia can use it. A message whose method cannot be used is read by `local`, and
/// says so with `fallback`.
#[utoipa::path(
    get, path = "/api/v1/chat/methods", tag = "chat",
    responses(
        (status = 200, description = "The methods", body = Methods),
        (status = 401, description = "Not signed in", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn methods(State(state): State<AppState>, caller: Caller) -> Result<Json<Methods>> {
    Ok(Json(sentiment::methods(&state.backend, &caller).await))
}

/// Correct a reading
///
/// Of one of your messages. The correction becomes its reading, and the conversation's is made anew with it. Without a
/// `label` the message counts as neutral. What was read before is kept beside the correction.
#[utoipa::path(
    post, path = "/api/v1/chat/messages/{id}/sentiment/feedback", tag = "chat",
    params(("id" = MessageId, Path, description = "The message", example = 1)),
    request_body(content = SentimentFeedback, example = json!({"kind": "joking", "label": "Positive"})),
    responses(
        (status = 200, description = "How it reads now", body = SentimentUpdate),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such message of yours", body = Envelope),
        (status = 409, description = "Its answer is being written, and it has not been read yet", body = Envelope),
        (status = 422, description = "The id or a field is not acceptable", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn correct(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<MessageId>,
    Json(request): Json<SentimentFeedback>,
) -> Result<Json<SentimentUpdate>> {
    Ok(Json(sentiment::correct(&state.backend, &caller, id, request).await?))
}
