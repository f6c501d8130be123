//! What all providers over HTTP share: the address, the key, the client and what was learned about their models.

use crate::{
    ApiKey, Error, ErrorKind, Limits, ProviderConfig, breaker::Breaker, config::with_version, http, wire::Wire,
};
use reqwest::{
    Client, RequestBuilder,
    header::{HeaderMap, HeaderValue},
};
use serde_json::{Map, Value};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tokio::time::Instant;
use url::Url;

/// The longest list of models that is read, in bytes. OpenRouter's is under one megabyte.
const DOCUMENT_MAX_BYTES: usize = 8 * 1024 * 1024;

/// Models whose refusals are remembered; more than any provider has.
const REMEMBERED_MODELS: usize = 1000;

/// A provider's door.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) client: Client,
    /// Up to and with the version, without a slash at the end.
    pub(crate) base: Url,
    pub(crate) key: Option<ApiKey>,
    /// Of every request, the key's among them.
    pub(crate) headers: HeaderMap,
    pub(crate) limits: Limits,
    pub(crate) breaker: Breaker,
    /// Models from the configuration, for servers that cannot list theirs.
    pub(crate) models: Vec<String>,
    /// The fields that a model was seen to refuse, so that it is asked with them only once.
    pub(crate) refused: Mutex<HashMap<String, Vec<&'static str>>>,
}

/// A request on its way.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) wire: Wire,
    pub(crate) model: String,
    /// Below the base, segment by segment.
    pub(crate) path: Vec<String>,
    pub(crate) query: Option<&'static str>,
    pub(crate) body: Map<String, Value>,
    /// The fields that the model refused, in the order in which it did.
    pub(crate) refused: Vec<&'static str>,
}

impl Endpoint {
    pub(crate) fn new(
        config: ProviderConfig,
        version: &str,
        client: Client,
        headers: HeaderMap,
        limits: Limits,
    ) -> Self {
        Self {
            base: with_version(&config.base_url, version),
            id: config.id,
            name: config.name,
            client,
            key: config.api_key,
            headers,
            breaker: Breaker::new(&limits),
            limits,
            models: config.models,
            refused: Mutex::default(),
        }
    }

    /// The address of a path below the base. A segment is one segment, whatever characters a model's name has.
    fn url(&self, path: impl IntoIterator<Item = impl AsRef<str>>, query: Option<&str>) -> Result<Url, Error> {
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => segments.pop_if_empty().extend(path),
            Err(()) => return Err(Error::new(ErrorKind::BadRequest, "an address that takes no path")),
        };
        url.set_query(query);
        Ok(url)
    }

    /// Reads a document, such as a list of models.
    pub(crate) async fn get(&self, path: &str, query: Option<&str>) -> Result<Value, Error> {
        let until = Instant::now() + self.limits.list;
        let request = self.client.get(self.url([path], query)?).headers(self.headers.clone());
        let response = http::send(request, self.key.as_ref(), until).await?;
        let body = http::read(response, DOCUMENT_MAX_BYTES, until).await?;
        http::json(&body).map_err(|error| error.without_secret(self.key.as_ref().map(ApiKey::expose)))
    }

    /// The request that asks for an answer.
    pub(crate) fn post(&self, call: &Call) -> Result<RequestBuilder, Error> {
        let body = serde_json::to_vec(&call.body)
            .map_err(|error| Error::new(ErrorKind::BadRequest, format!("no JSON: {error}")))?;
        let request = self.client.post(self.url(&call.path, call.query)?).headers(self.headers.clone());
        Ok(request.header("content-type", "application/json").header("accept", "text/event-stream").body(body))
    }

    /// Leaves out of a call what its model is known to refuse.
    pub(crate) fn adapt(&self, mut call: Call) -> Call {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        call.refused = refused.get(&call.model).cloned().unwrap_or_default();
        drop(refused);
        for (index, field) in call.refused.iter().enumerate() {
            call.wire.leave_out(&mut call.body, field, &call.refused[..index]);
        }
        call
    }

    /// Changes a call that was refused for one of its fields. False where it was refused for something else.
    pub(crate) fn repair(&self, call: &mut Call, error: &Error) -> bool {
        // A limit of tokens that does not fit beside the conversation makes the conversation too long for some servers.
        if !matches!(error.kind(), ErrorKind::BadRequest | ErrorKind::ContextLength) {
            return false;
        }
        let Some(field) = call.wire.refused_field(&call.body, error) else { return false };
        call.wire.leave_out(&mut call.body, field, &call.refused);
        call.refused.push(field);
        tracing::debug!(llm.provider = self.id, llm.model = call.model, field, "the model refuses a setting");
        // Another value may be taken the next time.
        if !is_about_the_value(error) {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            if refused.len() < REMEMBERED_MODELS || refused.contains_key(&call.model) {
                refused.insert(call.model.clone(), call.refused.clone());
            }
        }
        true
    }
}

/// Whether a field was refused for being too much or too little.
fn is_about_the_value(error: &Error) -> bool {
    const PHRASES: [&str; 10] = [
        "too large",
        "too high",
        "too small",
        "at most",
        "at least",
        "less than",
        "greater than",
        "minimum",
        "maximum",
        "range",
    ];
    let detail = error.detail().to_lowercase();
    error.kind() == ErrorKind::ContextLength || PHRASES.iter().any(|phrase| detail.contains(phrase))
}

/// A header's value that no log prints.
pub(crate) fn secret(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Error::new(ErrorKind::Authentication, "the key holds characters that no key holds"))?;
    value.set_sensitive(true);
    Ok(value)
}
