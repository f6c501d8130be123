//! The door of the WebSocket. What is said over it is [`crate::socket`]'s.

use crate::{
    edge::actor::Caller,
    error::{Error, Result},
    serve::Place,
    socket,
    state::AppState,
};
use axum::{
    Extension,
    extract::{
        State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
};
use backend::events;
use tracing::{Instrument as _, Span};
use types::{Envelope, ErrorCode, ServerMessage};

/// Open a WebSocket
///
/// Says `ready` and then waits for what is wanted; a JSON object in each text message. `{"type": "subscribe", "channel":
/// "events"}` listens to what happens to your conversations, as `GET /api/v1/events` does. `{"type": "subscribe", "channel":
/// "run", "run_id": "…", "after": …}` follows a run, as `GET /api/v1/chat/runs/{id}/events` does: at most 16 at once, and each
/// is over with `unsubscribed`. `{"type": "ping"}` is answered with `pong`. What cannot be done is answered with `error`.
///
/// The server pings; who leaves two pings unanswered, or is subscribed to nothing for a minute, is disconnected. The reason
/// of a close frame is the code of an error, as in an answer: 1008 `not_signed_in` when the sign-in has ended, 1008
/// `rate_limited` after a flood, 1012 `shutting_down` when Lia restarts, 1003 for a binary message, 1007 for what is no
/// UTF-8, 1009 for more than 4 KiB.
#[utoipa::path(
    get, path = "/api/v1/ws", tag = "chat",
    params(
        ("Connection" = String, Header, example = "Upgrade"),
        ("Upgrade" = String, Header, example = "websocket"),
        ("Sec-WebSocket-Version" = String, Header, example = "13"),
        ("Sec-WebSocket-Key" = String, Header, description = "16 random bytes in Base64", example = "dGhlIHNhbXBsZSBub25jZQ=="),
    ),
    responses(
        (status = 101, description = "The socket is open; the client says `ClientMessage`s, and the server these", body = ServerMessage),
        (status = 400, description = "This is no WebSocket's handshake", body = Envelope),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 403, description = "A page of another site asks (`cross_site`)", body = Envelope),
        (status = 429, description = "Too many of your sockets and streams are open (`too_many_streams`)", body = Envelope),
        (status = 503, description = "Too many listen at this node (`busy`), or there is no database now", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn open(
    State(state): State<AppState>,
    caller: Caller,
    place: Option<Extension<Place>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response> {
    let upgrade = upgrade.map_err(|refused| Error::new(ErrorCode::BadRequest, format!("{}.", refused.body_text())))?;
    let Caller(actor) = caller;
    let listener = events::listen(&state.backend, &actor).await?;
    let (limits, span) = (state.socket_limits, Span::current());
    let serve = async move |socket| {
        socket::serve(socket, state.backend, actor, listener, limits).await;
        // Held until here: the program waits for it when it ends.
        drop(place);
    };
    Ok(socket::bound(upgrade).on_upgrade(move |socket| serve(socket).instrument(span)))
}
