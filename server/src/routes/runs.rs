//! Answers being written: starting one, following it, stopping it.
//!
//! A run is not the request that started it. A follower that goes away stops nothing, and may come back.

use crate::{
    edge::{actor::Caller, rate_limit::ChatPermit},
    error::{Error, Result},
    extract::{Json, Path, Query},
    state::AppState,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use backend::runs::{self, Follower, Wish};
use futures_util::{Stream, stream};
use serde::Deserialize;
use std::{convert::Infallible, time::Duration};
use tokio_util::sync::CancellationToken;
use types::{Envelope, NewRun, RunId, StreamId};
use utoipa::IntoParams;

/// Often enough that no proxy takes a thinking model for a dead connection.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a follower waits before it comes back after a restart.
pub(super) const RETRY: Duration = Duration::from_secs(1);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The path of [`stream()`].
pub const STREAM: &str = "/api/v1/chat/stream";

/// Send a message and follow its answer
///
/// The message is saved before the provider is asked. From then on the status is 200 and a failure is an `error`
/// event. Events: `start`, `thought`, `chunk`, `snapshot`, `sentiment`, `done`,
/// `error`; `done` or `error` is the last, and one `sentiment` comes before it, as soon as it is known. Closing the
/// connection stops nothing: follow again with the run's id, or stop the run.
#[utoipa::path(
    post, path = STREAM, tag = "chat",
    request_body(content = NewRun, example = json!({
        "message": "Why is the moon sometimes visible in daylight?",
        "provider": "offline",
        "model": "companion",
        "conversation_id": null,
        "client_message_id": "0190a7c4-5b1e-4000-8000-000000000002"
    })),
    responses(
        (status = 200, description = "The events of the run", body = String, content_type = "text/event-stream"),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such conversation of yours", body = Envelope),
        (status = 409, description = "An answer is being written, or the id was used for another message", body = Envelope),
        (status = 422, description = "A field is not acceptable", body = Envelope),
        (status = 429, description = "Too many answers in a minute, or under way and waiting for one user (`too_many_runs`); `Retry-After` says when to come back", body = Envelope),
        (status = 503, description = "The server is going down (`shutting_down`), writes as many answers as it can (`busy`), or has no database now; `Retry-After` says when to come back, where it is known", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn stream(
    State(state): State<AppState>,
    caller: Caller,
    _: ChatPermit,
    Json(request): Json<NewRun>,
) -> Result<Response> {
    let follower = runs::answer(&state.backend, &caller, Wish::Send(request)).await?;
    Ok(events_response(&state, follower))
}

/// Where a follower goes on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct After {
    /// The last event that was seen; `Last-Event-ID` says the same and wins.
    #[param(example = 4_294_967_303_i64)]
    after: Option<i64>,
}

/// Follow a run
///
/// First what came after the given event, then what comes. 204 when nothing is left to come.
#[utoipa::path(
    get, path = "/api/v1/chat/runs/{id}/events", tag = "chat",
    params(("id" = RunId, Path, description = "The run", example = "0190a7c4-5b1e-7000-8000-000000000003"), After),
    responses(
        (status = 200, description = "The events of the run", body = String, content_type = "text/event-stream"),
        (status = 204, description = "The run is over and was seen to its end"),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such run of yours", body = Envelope),
        (status = 422, description = "The id or the position is not acceptable", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn events(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<RunId>,
    Query(query): Query<After>,
    headers: HeaderMap,
) -> Result<Response> {
    let after = last_event_id(&headers)?.or(query.after.map(StreamId));
    let follower = runs::follow(&state.backend, &caller, id, after).await?;
    Ok(events_response(&state, follower))
}

/// Stop a run
///
/// What was written stays. A run that is already over stays as it is.
#[utoipa::path(
    post, path = "/api/v1/chat/runs/{id}/stop", tag = "chat",
    params(("id" = RunId, Path, description = "The run", example = "0190a7c4-5b1e-7000-8000-000000000003")),
    responses(
        (status = 204, description = "It stops"),
        (status = 401, description = "Not signed in", body = Envelope),
        (status = 404, description = "No such run of yours", body = Envelope),
        (status = 422, description = "The id is not acceptable", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn stop(State(state): State<AppState>, caller: Caller, Path(id): Path<RunId>) -> Result<StatusCode> {
    runs::stop(&state.backend, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A browser that reconnects sends the address it began with, so the header knows better than the query.
fn last_event_id(headers: &HeaderMap) -> Result<Option<StreamId>> {
    let Some(value) = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) else { return Ok(None) };
    match value.to_str().ok().and_then(|text| text.parse().ok()) {
        Some(id) => Ok(Some(id)),
        None => Err(Error::invalid("Last-Event-ID", "This is not the id of an event.")),
    }
}

/// The answer that carries a run's events; 204 where nothing is left to come.
pub(super) fn events_response(state: &AppState, follower: Option<Follower>) -> Response {
    let Some(follower) = follower else { return StatusCode::NO_CONTENT.into_response() };
    stream_response(events_of(follower, state.backend.shutting_down()))
}

/// The answer that carries events, with a heartbeat, past whatever would hold them back.
pub(super) fn stream_response<E>(events: E) -> Response
where
    E: Stream<Item = Result<Event, Infallible>> + Send + 'static,
{
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// The run's events as they are written to the wire. A follower that is sent away by a shutdown is told when to come
/// back.
fn events_of(follower: Follower, shutting_down: CancellationToken) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some(follower), move |follower| {
        let shutting_down = shutting_down.clone();
        async move {
            let mut follower = follower?;
            match follower.next().await {
                Some((id, event)) => {
                    let line = Event::default().event(event.name()).id(id.to_string()).data(event.data());
                    // A shutdown may end the run itself; whoever then opens another stream is to wait too.
                    let line = if shutting_down.is_cancelled() { line.retry(RETRY) } else { line };
                    Some((Ok(line), (!event.is_last()).then_some(follower)))
                }
                None if shutting_down.is_cancelled() => Some((Ok(Event::default().retry(RETRY)), None)),
                None => None,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_an_event_or_a_refusal() {
        let mut headers = HeaderMap::new();
        assert_eq!(last_event_id(&headers).unwrap(), None);
        headers.insert(LAST_EVENT_ID, "12".parse().unwrap());
        assert_eq!(last_event_id(&headers).unwrap(), Some(StreamId(12)));
        headers.insert(LAST_EVENT_ID, "x".parse().unwrap());
        assert_eq!(last_event_id(&headers).unwrap_err().status(), 422);
    }
}
