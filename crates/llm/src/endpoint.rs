//! What all providers over HTTP share: the address, the key, the client and what was learned about their models.

use crate::{
    ApiKey, Error, ErrorKind, Kind, Limits, ProviderConfig, breaker::Breaker, config::with_version, http,
    repair::Lessons, wire::Wire,
};
use reqwest::{
    Client, RequestBuilder,
    header::{HeaderMap, HeaderValue},
};
use serde_json::{Map, Value};
use std::sync::atomic::AtomicBool;
use tokio::time::Instant;
use url::Url;

/// The longest list of models that is read, in bytes. OpenRouter's is under one megabyte.
const DOCUMENT_MAX_BYTES: usize = 8 * 1024 * 1024;

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
    /// The vendor whose models it has as far as anybody knows: it is the vendor's own, or stands in for it by its name.
    pub(crate) vendor: Option<Kind>,
    /// The last that an answer has shown: whether the key is taken.
    pub(crate) takes_key: AtomicBool,
    /// What its models were seen to refuse.
    pub(crate) lessons: Lessons,
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
    /// Fewer tokens are asked for than the first time, see [`Lessons::repair`].
    pub(crate) is_limit_lowered: bool,
}

impl Endpoint {
    pub(crate) fn new(
        config: ProviderConfig,
        version: &str,
        client: Client,
        headers: HeaderMap,
        limits: Limits,
    ) -> Self {
        let is_vendor = config.id == config.kind.id() || config.base_url.host() == config.kind.base_url().host();
        Self {
            vendor: is_vendor.then_some(config.kind),
            takes_key: AtomicBool::new(false),
            base: with_version(&config.base_url, version),
            id: config.id,
            name: config.name,
            client,
            key: config.api_key,
            headers,
            breaker: Breaker::new(&limits),
            limits,
            models: config.models,
            lessons: Lessons::default(),
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
}

/// A header's value that no log prints.
pub(crate) fn secret(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Error::new(ErrorKind::Authentication, "the key holds characters that no key holds"))?;
    value.set_sensitive(true);
    Ok(value)
}
