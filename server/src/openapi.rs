//! The API's description of itself: `/api/openapi.json`. Made from the handlers' own attributes, so that a route that
//! exists is described and one that is described exists.

use crate::routes::about;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use types::ClientMessage;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

/// What is true of the whole API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lia",
        description = "Chat with every model. Every failure is `{\"error\": {\"code\", \"message\", \"details\"?}}`.",
        version = env!("CARGO_PKG_VERSION"),
        license(name = "MIT", identifier = "MIT"),
    ),
    tags(
        (name = "accounts", description = "Accounts and sign-ins"),
        (name = "chat", description = "Conversations and the answers being written in them"),
        (name = "admin", description = "How everybody together feels; for admins"),
        (name = "operations", description = "Whether Lia is well"),
    ),
    // The JSON side of a page, which Leptos routes.
    paths(about::about),
    // What is said over the WebSocket, which no operation has as its body.
    components(schemas(ClientMessage)),
    modifiers(&Credentials),
)]
pub struct Document;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let cookie = ApiKey::Cookie(ApiKeyValue::new(crate::edge::cookies::COOKIE));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    }
}

/// The document as it is served: with an example request for every operation, made from the examples of its
/// parameters and its body.
pub fn publish(document: &utoipa::openapi::OpenApi) -> serde_json::Result<Bytes> {
    let mut document = serde_json::to_value(document)?;
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                let source = example(path, method, operation);
                operation.insert(
                    "x-codeSamples".to_owned(),
                    json!([{ "lang": "Shell", "label": "curl", "source": source }]),
                );
            }
        }
    }
    serde_json::to_vec(&document).map(Bytes::from)
}

/// A command that makes the request.
fn example(path: &str, method: &str, operation: &Map<String, Value>) -> String {
    let mut path = path.to_owned();
    let mut headers = String::new();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for parameter in operation.get("parameters").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| match &parameter[key] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let (name, value) = (text("name"), text("example"));
        match text("in").as_str() {
            "path" => path = path.replace(&format!("{{{name}}}"), &value),
            "query" => drop(query.append_pair(&name, &value)),
            _ => _ = write!(headers, " -H '{name}: {value}'"),
        }
    }
    if operation.contains_key("security") {
        headers.push_str(" -H \"Authorization: Bearer $TOKEN\"");
    }
    let query = query.finish();
    let separator = if query.is_empty() { "" } else { "?" };
    let body = operation.get("requestBody").and_then(|body| body.pointer("/content/application~1json/example"));
    let body = body.map(|body| format!(" -H 'Content-Type: application/json' -d '{body}'")).unwrap_or_default();
    format!("curl -X {} \"$LIA{path}{separator}{query}\"{headers}{body}", method.to_uppercase())
}
