//! What happens to a user's conversations, as a stream for API clients. Browsers hear the same over the WebSocket.

use super::runs::{RETRY, stream_response};
use crate::{edge::actor::Caller, error::Result, state::AppState};
use axum::{
    extract::State,
    response::{Response, sse::Event},
};
use backend::events::{self, Listener};
use futures_util::{Stream, stream};
use std::convert::Infallible;
use tokio_util::sync::CancellationToken;
use types::{Envelope, UserEvent};

/// Listen to what happens to your conversations
///
/// `run_started`, `run_finished`, `conversation_created`, `conversation_renamed`, `conversation_deleted` and
/// `conversations_cleared` tell what has just been stored, whoever asked for it. `resync` says that something may not have
/// been told: read the list again. It is the first event of every stream, since nothing is told of what was before; so the
/// events have no ids. The stream ends with the sign-in.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "chat",
    responses(
        (status = 200, description = "The events; `event:` is the data's `type`", body = UserEvent, content_type = "text/event-stream"),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 429, description = "Too many of your sockets and streams are open (`too_many_streams`)", body = Envelope),
        (status = 503, description = "Too many listen at this node (`busy`), or there is no database now", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn listen(State(state): State<AppState>, caller: Caller) -> Result<Response> {
    let listener = events::listen(&state.backend, &caller).await?;
    Ok(stream_response(events_of(listener, state.backend.shutting_down())))
}

/// What a listener hears as it is written to the wire. One that is sent away by a shutdown is told when to come back.
fn events_of(listener: Listener, shutting_down: CancellationToken) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some(listener), move |listener| {
        let shutting_down = shutting_down.clone();
        async move {
            let mut listener = listener?;
            match listener.next().await {
                Some(event) => Some((Ok(line(&event)), Some(listener))),
                None if shutting_down.is_cancelled() => Some((Ok(Event::default().retry(RETRY)), None)),
                None => None,
            }
        }
    })
}

fn line(event: &UserEvent) -> Event {
    Event::default().event(event.name()).data(event.data())
}
