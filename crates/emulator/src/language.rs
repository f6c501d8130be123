//! Google Cloud Natural Language, and the place where a service account gets its token. It judges nothing: every text is
//! a little positive unless a script says otherwise.

use crate::{
    answer,
    routes::{Arrived, document},
    script::{Failure, Script},
    wire::{Head, Wire},
};
use axum::{
    body::Body,
    http::{Response, StatusCode},
    response::IntoResponse,
};
use serde_json::{Value, json};

/// The token that is given to every account.
const TOKEN: &str = "emulated-token";

/// `documents:analyzeSentiment`, for whoever shows a key or the token. Only scripts that are asked for count here.
pub(crate) async fn analyse(arrived: Arrived) -> Response<Body> {
    let is_known = match arrived.headers.get("authorization") {
        Some(value) => value.to_str().is_ok_and(|value| value == format!("Bearer {TOKEN}")),
        None => arrived.headers.contains_key("x-goog-api-key"),
    };
    let text = arrived.body.pointer("/document/content").and_then(Value::as_str).unwrap_or_default().to_owned();
    let queued = arrived.shared.next_script(arrived.uri.path(), &arrived.body, false);
    let entry = arrived.shared.log.open(arrived.uri.path(), &arrived.headers, arrived.body);
    let script = match queued {
        _ if !is_known => Script::failure(401),
        Some(script) => script,
        None if text.is_empty() => Script { failure: Some(Failure::of(400)), ..Script::status(400, "") },
        None => Script::status(200, analysis(&text).to_string()),
    };
    let head = Head { model: String::new(), input_tokens: 0, output_tokens: 0, created: 0, with_usage: false };
    answer::respond(script, Wire::Gemini, head, arrived.line, arrived.shared.released.subscribe(), entry).await
}

fn analysis(text: &str) -> Value {
    let sentiment = json!({"magnitude": 0.6, "score": 0.6});
    json!({
        "documentSentiment": sentiment,
        "languageCode": "en",
        "languageSupported": true,
        "sentences": [{"text": {"content": text, "beginOffset": 0}, "sentiment": sentiment}],
    })
}

/// A token for a signed assertion. The signature is not looked at.
pub(crate) async fn token(body: String) -> Response<Body> {
    let is_grant = body.contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer");
    let assertion = body.split("assertion=").nth(1).unwrap_or_default();
    if !is_grant || assertion.split('.').count() != 3 {
        return (StatusCode::BAD_REQUEST, document(&json!({"error": "invalid_grant"}))).into_response();
    }
    document(&json!({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})).into_response()
}
