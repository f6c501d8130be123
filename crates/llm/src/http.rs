//! The one HTTP client of this crate, its time limits, and how a request is sent. Knows no wire.

use crate::{ApiKey, Error, ErrorKind, brackets::Brackets, failure};
use bytes::Bytes;
use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue},
    redirect::Policy,
};
use serde_json::Value;
use std::{error::Error as _, future::Future, time::Duration};
use tokio::time::{Instant, timeout_at};

/// How long a provider may take, and how often it is asked again.
#[derive(Clone, Debug)]
pub struct Limits {
    /// For a connection, with its TLS handshake.
    pub connect: Duration,
    /// Of silence before the first token: models that think first say nothing for minutes. Comments and pings break the
    /// silence.
    pub first_token: Duration,
    /// Of silence after the first token.
    pub idle: Duration,
    /// For what may follow the reason why an answer ended (usage, the end mark), where the server keeps the line open.
    pub after_finish: Duration,
    /// For an answer as a whole.
    pub total: Duration,
    /// For a list of models or a check of the key.
    pub list: Duration,
    /// How many times a request is sent at most.
    pub attempts: usize,
    /// The first wait between two attempts; each one doubles, with up to its own length of jitter.
    pub backoff: Duration,
    /// A provider that asks for a longer wait is not asked again.
    pub max_wait: Duration,
    /// Since the start: after this no attempt begins.
    pub retry_within: Duration,
    /// So many failures in a row and the provider is left alone for a while.
    pub failures_to_open: usize,
    /// For how long, the first time; it doubles with every failed probe.
    pub open_at_least: Duration,
    /// For how long at most.
    pub open_at_most: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_token: Duration::from_mins(2),
            idle: Duration::from_secs(90),
            after_finish: Duration::from_secs(5),
            total: Duration::from_mins(30),
            list: Duration::from_secs(10),
            attempts: 3,
            backoff: Duration::from_millis(300),
            max_wait: Duration::from_secs(10),
            retry_within: Duration::from_secs(45),
            failures_to_open: 5,
            open_at_least: Duration::from_secs(5),
            open_at_most: Duration::from_mins(5),
        }
    }
}

/// The longest body of a failure that is read, in bytes.
const FAILURE_MAX_BYTES: usize = 64 * 1024;

/// How long is waited for it: the status has said the most of it.
const FAILURE_PATIENCE: Duration = Duration::from_secs(5);

/// Builds the client: no limit on the whole of a body (a healthy answer may take ten minutes), no redirects (they would
/// carry the key elsewhere), no compression (it holds streams back), and no idle sockets that a provider has closed.
pub(crate) fn client(limits: &Limits) -> Result<Client, Error> {
    Client::builder()
        .connect_timeout(limits.connect)
        .pool_idle_timeout(Duration::from_secs(30))
        .redirect(Policy::none())
        .user_agent(concat!("lia/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Error::new(ErrorKind::Unavailable, format!("no HTTP client: {}", reason(error))))
}

/// Sends a request and waits for the head of a successful response.
pub(crate) async fn send(request: RequestBuilder, key: Option<&ApiKey>, until: Instant) -> Result<Response, Error> {
    let response = within(until, async { request.send().await.map_err(unreachable) }).await?;
    let status = response.status();
    // Some gateways take an answer for something that they have made.
    if matches!(status, StatusCode::OK | StatusCode::CREATED) {
        return Ok(response);
    }
    let headers = response.headers().clone();
    let body = if is_compressed(&response) {
        Vec::new()
    } else {
        beginning(response, until.min(Instant::now() + FAILURE_PATIENCE)).await
    };
    Err(failure::from_response(status, &headers, &body).without_secret(key.map(ApiKey::expose)))
}

/// As much of a failure's body as comes and is needed: a failure whose body breaks off is still that failure, and a document
/// needs no end of the body to be whole.
async fn beginning(mut response: Response, until: Instant) -> Vec<u8> {
    let (mut body, mut brackets, mut is_whole) = (Vec::new(), Brackets::default(), false);
    while !is_whole
        && body.len() < FAILURE_MAX_BYTES
        && let Ok(Some(chunk)) = chunk(&mut response, until).await
    {
        for byte in &chunk {
            let was_open = brackets.is_open();
            brackets.take(*byte);
            is_whole |= was_open && !brackets.is_open();
        }
        body.extend_from_slice(&chunk);
    }
    body
}

/// Reads a whole body.
pub(crate) async fn read(mut response: Response, max_bytes: usize, until: Instant) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = chunk(&mut response, until).await? {
        if body.len() + chunk.len() > max_bytes {
            return Err(Error::new(ErrorKind::Protocol, format!("a body of more than {max_bytes} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A whole body as JSON; an error object in it is that error.
pub(crate) fn json(body: &[u8]) -> Result<Value, Error> {
    let document =
        serde_json::from_slice(body).map_err(|error| Error::new(ErrorKind::Protocol, format!("no JSON: {error}")))?;
    match failure::find(&document) {
        Some(object) => Err(failure::from_event(object)),
        None => Ok(document),
    }
}

/// The next bytes of a body; `None` at its end.
pub(crate) async fn chunk(response: &mut Response, until: Instant) -> Result<Option<Bytes>, Error> {
    let broken = |error| Error::new(ErrorKind::Interrupted, reason(error));
    within(until, async { response.chunk().await.map_err(broken) }).await
}

async fn within<T>(until: Instant, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = |_| Error::new(ErrorKind::Timeout, "silence beyond the limit");
    timeout_at(until, work).await.unwrap_or_else(|elapsed| Err(late(elapsed)))
}

/// The MIME type of a response without its parameters, in lower case.
pub(crate) fn media_type(response: &Response) -> String {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a body cannot be read, for nobody asked for compression.
pub(crate) fn is_compressed(response: &Response) -> bool {
    let encoding = response.headers().get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity"))
}

fn unreachable(error: reqwest::Error) -> Error {
    Error::new(ErrorKind::Unavailable, reason(error))
}

/// What an error of the client says with its causes, without the address: a URL may hold what is nobody's business.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
