//! A service that takes JSON and answers JSON, over this crate's one HTTP client. Knows no wire: what is said is its user's.

use crate::{ApiKey, Error, Limits, endpoint::secret, http};
use reqwest::{Client, header::HeaderValue};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// One address, and the token that opens it.
#[derive(Clone, Debug)]
pub struct JsonService {
    client: Client,
    url: Url,
    token: ApiKey,
    /// The token as it is sent.
    authorization: HeaderValue,
}

impl JsonService {
    /// A service that is not asked yet.
    pub fn new(url: Url, token: ApiKey) -> Result<Self, Error> {
        let authorization = secret(&format!("Bearer {}", token.expose()))?;
        Ok(Self { client: http::client(&Limits::default())?, url, token, authorization })
    }

    /// Posts JSON and gives the JSON of a successful answer, of at most `max_bytes`; waits no longer than `limit`.
    pub async fn post(&self, body: &Value, max_bytes: usize, limit: Duration) -> Result<Value, Error> {
        let until = Instant::now() + limit;
        let request = self.client.post(self.url.clone()).header("authorization", self.authorization.clone());
        let request = request.header("content-type", "application/json").body(body.to_string());
        let response = http::send(request, Some(&self.token), until).await?;
        let body = http::read(response, max_bytes, until).await?;
        http::json(&body).map_err(|error| error.without_secret(Some(self.token.expose())))
    }
}
