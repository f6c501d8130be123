//! Who is asked: Lia as one of her users, or the providers' stand-in as Lia would ask it. Knows the two requests and no
//! connection.

use crate::reader::Wire;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use serde_json::json;
use std::net::SocketAddr;

/// What every answer is asked with: long enough to be a question.
const QUESTION: &str = "Why is the moon sometimes visible in daylight, and why not always?";

/// Whom to ask, and for what.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// The users' tokens; none where the stand-in is asked.
    tokens: Vec<String>,
    body: Bytes,
}

impl Target {
    /// Lia with the tokens of her users; the stand-in without one.
    pub(crate) fn new(address: SocketAddr, tokens: &[String], model: &str) -> Self {
        let body = if tokens.is_empty() {
            json!({
                "model": model,
                "messages": [{"role": "user", "content": QUESTION}],
                "stream": true,
                "stream_options": {"include_usage": true},
            })
        } else {
            json!({"message": QUESTION, "provider": "openai", "model": model})
        };
        Self { address, tokens: tokens.to_vec(), body: body.to_string().into() }
    }

    /// How its answers are read.
    pub(crate) fn wire(&self) -> Wire {
        if self.tokens.is_empty() { Wire::Provider } else { Wire::Lia }
    }

    /// The request for an answer; the streams take turns with the users.
    pub(crate) fn ask(&self, stream: u32) -> anyhow::Result<Request<Full<Bytes>>> {
        let path = match self.wire() {
            Wire::Provider => "/v1/chat/completions",
            Wire::Lia => "/api/v1/chat/stream",
        };
        let request = self.request("POST", path, stream).header(header::CONTENT_TYPE, "application/json");
        Ok(request.body(Full::new(self.body.clone()))?)
    }

    /// The request for a stored conversation of the user who talked on this stream.
    pub(crate) fn conversation(&self, id: &str, stream: u32) -> anyhow::Result<Request<Full<Bytes>>> {
        Ok(self.request("GET", &format!("/api/v1/chat/conversation/{id}"), stream).body(Full::default())?)
    }

    fn request(&self, method: &str, path: &str, stream: u32) -> http::request::Builder {
        let request = Request::builder().method(method).uri(path).header(header::HOST, self.address.to_string());
        if self.tokens.is_empty() {
            return request;
        }
        let token = &self.tokens[stream as usize % self.tokens.len()];
        request.header(header::AUTHORIZATION, format!("Bearer {token}"))
    }
}
