//! Users: a program with an access token, and a browser with cookies.

use super::events::Events;
use reqwest::{Method, header::HeaderMap, redirect::Policy};
use serde_json::{Value, json};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "securepass123";

/// A program that calls the API.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Client {
    pub(crate) fn new(url: String, token: Option<String>) -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Self { http, url, token }
    }

    /// The same client with a token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The access token.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    /// Makes an account `name` and returns its client.
    pub(crate) async fn register(&self, name: &str) -> Self {
        let answer = self.post("/api/v1/auth/register", &account(name)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        self.with_token(answer.json()["access_token"].as_str().unwrap())
    }

    /// A request to be finished by hand.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::read(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::read(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::read(self.request(Method::PATCH, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::DELETE, path)).await
    }

    /// Sends a message to a model of the emulator and follows the answer.
    pub(crate) async fn send(&self, message: &str, model: &str) -> Events {
        self.stream(&json!({ "message": message, "provider": "openai", "model": model })).await
    }

    /// `POST /api/v1/chat/stream`, which must succeed.
    pub(crate) async fn stream(&self, request: &Value) -> Events {
        Events::open(self.request(Method::POST, "/api/v1/chat/stream").json(request)).await
    }

    /// Follows a run from an event on.
    pub(crate) async fn follow(&self, run: &str, after: Option<&str>) -> Events {
        let mut request = self.request(Method::GET, &format!("/api/v1/chat/runs/{run}/events"));
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        Events::open(request).await
    }
}

impl Answer {
    /// Sends the request and reads its answer.
    pub(crate) async fn read(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    /// The same, but of a stream of events that need not end only what comes first.
    pub(crate) async fn read_beginning(request: reqwest::RequestBuilder) -> Self {
        let mut response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let is_stream = headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let text = if is_stream {
            String::from_utf8(response.chunk().await.unwrap().unwrap_or_default().to_vec()).unwrap()
        } else {
            response.text().await.unwrap()
        };
        Self { status, headers, text }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// A header's value, empty where it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The code of the envelope, which must be one and fit the status.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        let envelope: types::Envelope =
            serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.text));
        assert_eq!(envelope.error.code.status(), self.status, "{}", self.text);
        assert!(!envelope.error.message.is_empty());
        envelope.error.code.as_str().to_owned()
    }

    /// The status and the body, for a snapshot.
    pub(crate) fn whole(&self) -> Value {
        json!({ "status": self.status, "body": if self.text.is_empty() { Value::Null } else { self.json() } })
    }
}

/// What an account is registered with.
pub(crate) fn account(name: &str) -> Value {
    json!({ "email": format!("{name}@example.com"), "username": name, "password": PASSWORD })
}

/// A browser: keeps cookies, follows no redirect, and says where its requests come from.
#[derive(Clone)]
pub(crate) struct Browser {
    http: reqwest::Client,
    url: String,
}

impl Browser {
    pub(crate) fn new(url: String) -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none()).cookie_store(true).build().unwrap();
        Self { http, url }
    }

    /// Follows a link.
    pub(crate) async fn open(&self, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.url));
        Answer::read(
            request.header("accept", "text/html,application/xhtml+xml").header("sec-fetch-site", "same-origin"),
        )
        .await
    }

    /// Calls a route with one more header.
    pub(crate) async fn get_with(&self, path: &str, name: &str, value: &str) -> Answer {
        Answer::read(self.http.get(format!("{}{path}", self.url)).header(name, value)).await
    }

    /// Submits a form.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.http.post(format!("{}{path}", self.url)).form(fields);
        Answer::read(
            request
                .header("accept", "text/html,application/xhtml+xml")
                .header("origin", &self.url)
                .header("sec-fetch-site", "same-origin"),
        )
        .await
    }

    /// Calls a server function or a REST route from a script of the page.
    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.url)).json(body);
        Answer::read(request.header("origin", &self.url).header("sec-fetch-site", "same-origin")).await
    }

    /// Registers through the form.
    pub(crate) async fn register(&self, name: &str) {
        let email = format!("{name}@example.com");
        let fields = [("email", email.as_str()), ("username", name), ("password", PASSWORD)];
        let answer = self.submit("/register", &fields).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.text);
    }

    /// Who the browser is signed in as.
    pub(crate) async fn me(&self) -> Answer {
        Answer::read(self.http.get(format!("{}/api/v1/auth/me", self.url))).await
    }
}
