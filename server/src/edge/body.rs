//! Bodies are read whole, within a size and a time, before a handler sees them. So REST routes, server functions and
//! forms refuse what is too large (413) or too slow (408) in the same way.

use crate::{error::Error, routes};
use axum::{
    body::{Body, HttpBody as _},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use backend::Actor;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use std::time::Duration;

/// How much of a body is taken, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Bytes of a request that starts a run. A message of 200,000 characters is at most 800,000 bytes of UTF-8, and
    /// 2,400,000 from a client that writes each as a pair of `\uXXXX` escapes.
    pub message_bytes: usize,
    /// Bytes of any other request: names, titles, passwords.
    pub other_bytes: usize,
    /// From the first byte of the body to the last.
    pub time: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { message_bytes: 3 * 1024 * 1024, other_bytes: 256 * 1024, time: Duration::from_secs(30) }
    }
}

/// A client that is still sending learns of its refusal only if somebody goes on reading: hyper would reset the
/// connection, and with it the answer. This much is read and thrown away, for this long at most.
const DRAIN_BYTES: usize = 16 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// Reads the body, or refuses the request.
pub async fn read_whole(State(limits): State<BodyLimits>, request: Request, next: Next) -> Response {
    let (parts, mut body) = request.into_parts();
    // Only somebody who is signed in may send a long message: a stranger is refused after less.
    let is_known = parts.extensions.get::<Actor>().is_some();
    let limit =
        if is_known && routes::carries_message(parts.uri.path()) { limits.message_bytes } else { limits.other_bytes };
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let refused = if body.size_hint().lower() > limit as u64 {
        StatusCode::PAYLOAD_TOO_LARGE
    } else {
        match tokio::time::timeout(limits.time, read(&mut body, limit)).await {
            Ok(Ok(bytes)) => return next.run(Request::from_parts(parts, Body::from(bytes))).await,
            Ok(Err(status)) => status,
            Err(_) => StatusCode::REQUEST_TIMEOUT,
        }
    };
    // Who sent `Expect: 100-continue` waits for our word and has sent nothing.
    if refused == StatusCode::PAYLOAD_TOO_LARGE && !parts.headers.contains_key(header::EXPECT) {
        let _ = tokio::time::timeout(DRAIN_TIME, drain(&mut body)).await;
    }
    let mut response = Error::of_status(refused).into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn read(body: &mut Body, limit: usize) -> Result<Bytes, StatusCode> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        if let Ok(data) = frame.into_data() {
            if whole.len() + data.len() > limit {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole.freeze())
}

async fn drain(body: &mut Body) {
    let mut left = DRAIN_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(size) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
