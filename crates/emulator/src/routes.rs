//! The paths of the emulator, and which script a request gets.

use crate::{
    Shared, answer, language,
    listen::Line,
    model::{self, Choice},
    openrouter,
    script::Script,
    wire::{Head, Wire},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, FromRequest, FromRequestParts, Request, State},
    http::{HeaderMap, Response, StatusCode, Uri, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::{get, post},
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Requests carry pictures; nothing here needs a tighter bound.
const BODY_MAX_BYTES: usize = 64 * 1024 * 1024;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/responses", post(responses))
        .route("/v1/messages", post(messages))
        .route("/v1/messages/count_tokens", post(count_tokens))
        .route("/v1beta/models/{call}", post(generate).get(gemini_model))
        .route("/v1/models/{call}", post(generate).get(model))
        .route("/api/v1/chat/completions", post(openrouter_chat))
        .route("/v1/models", get(models))
        .route("/v1beta/models", get(gemini_models))
        .route("/api/v1/models", get(openrouter_models))
        .route("/v2/{call}", post(language::analyse))
        .route("/token", post(language::token))
        .route("/emulator/counts", get(counts))
        .route("/emulator/release", post(release))
        .with_state(shared)
}

async fn chat(arrived: Arrived) -> Response<Body> {
    arrived.chat(Wire::Chat).await
}

async fn openrouter_chat(arrived: Arrived) -> Response<Body> {
    arrived.chat(Wire::OpenRouter).await
}

async fn responses(arrived: Arrived) -> Response<Body> {
    let question = arrived.question(Wire::Responses, "input", "/content");
    arrived.play(question).await
}

async fn messages(arrived: Arrived) -> Response<Body> {
    let question = arrived.question(Wire::Anthropic, "messages", "/content");
    arrived.play(question).await
}

async fn count_tokens(arrived: Arrived) -> impl IntoResponse {
    document(&json!({"input_tokens": count(&texts(arrived.body.get("messages"), "/content"))}))
}

/// Gemini names the model and what to do with it in the path.
async fn generate(arrived: Arrived) -> Response<Body> {
    let call = last_segment(&arrived.uri);
    let (model, verb) = call.rsplit_once(':').unwrap_or((call, ""));
    if verb == "countTokens" {
        return document(&json!({"totalTokens": count(&texts(arrived.body.get("contents"), "/parts"))}))
            .into_response();
    }
    let mut question = arrived.question(Wire::Gemini, "contents", "/parts");
    question.model = model.into();
    question.is_stream = verb == "streamGenerateContent";
    arrived.play(question).await
}

/// A request for an answer that has arrived, whatever its wire.
pub(crate) struct Arrived {
    pub(crate) shared: Arc<Shared>,
    pub(crate) line: Line,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl FromRequest<Arc<Shared>> for Arrived {
    type Rejection = Response<Body>;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let line =
            ConnectInfo::<Line>::from_request_parts(&mut parts, shared).await.map_err(IntoResponse::into_response)?;
        let bytes = to_bytes(body, BODY_MAX_BYTES).await;
        let body = bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(|| {
            let error = json!({"error": {"message": "The body is not JSON.", "type": "invalid_request_error"}});
            (StatusCode::BAD_REQUEST, document(&error)).into_response()
        })?;
        Ok(Self { shared: shared.clone(), line: line.0, uri: parts.uri, headers: parts.headers, body })
    }
}

impl Arrived {
    async fn chat(self, wire: Wire) -> Response<Body> {
        let mut question = self.question(wire, "messages", "/content");
        let asked = self.body.pointer("/stream_options/include_usage").and_then(Value::as_bool).unwrap_or_default();
        question.wants_usage = asked || !question.is_stream || wire == Wire::OpenRouter;
        self.play(question).await
    }

    /// What is asked, where the body's field `messages` has the conversation and each of them its text under `content`.
    fn question(&self, wire: Wire, messages: &str, content: &str) -> Question {
        let messages = self.body.get(messages);
        Question {
            wire,
            model: self.body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned(),
            said: texts(messages, content),
            begun: begun(messages, content),
            is_stream: self.body.get("stream").and_then(Value::as_bool).unwrap_or_default(),
            wants_usage: true,
        }
    }

    async fn play(self, question: Question) -> Response<Body> {
        let queued = self.shared.next_script(self.uri.path(), &self.body, true);
        let entry = self.shared.log.open(self.uri.path(), &self.headers, self.body);
        let last = question.said.last().map_or("", String::as_str);
        let mut script = match queued {
            Some(script) => script,
            None => match model::script(&question.model, last) {
                Choice::Script(script) => rest(&question).unwrap_or(*script),
                Choice::Flaky { failures } if self.shared.fails_again(&question.model, failures) => {
                    Script::failure(503)
                }
                Choice::Flaky { .. } => Script::text(format!("You said: {last}")),
            },
        };
        script.is_whole |= !question.is_stream;
        if question.wire == Wire::Gemini && script.line_end == "\n" {
            script = script.crlf();
        }
        let head = Head {
            model: question.model,
            input_tokens: count(&question.said),
            output_tokens: script.pieces.len(),
            created: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            with_usage: question.wants_usage && script.with_usage,
        };
        answer::respond(script, question.wire, head, self.line, self.shared.released.subscribe(), entry).await
    }
}

/// The emulator's tokens are words.
fn count(said: &[String]) -> usize {
    said.iter().map(|text| text.split_whitespace().count()).sum()
}

/// What is asked for, in no wire's terms.
struct Question {
    wire: Wire,
    model: String,
    /// All texts of the conversation.
    said: Vec<String>,
    /// The beginning of an answer to go on with.
    begun: Option<Begun>,
    is_stream: bool,
    wants_usage: bool,
}

/// An answer that was begun, and to what.
struct Begun {
    question: String,
    answer: String,
}

/// The rest of an answer that a model is asked to go on with.
fn rest(question: &Question) -> Option<Script> {
    let begun = question.begun.as_ref().filter(|_| !question.model.contains("begins-over"))?;
    match model::script(&question.model, &begun.question) {
        Choice::Script(script) => script.go_on_after(&begun.answer),
        Choice::Flaky { .. } => None,
    }
}

/// The answer that a conversation ends with, or that only one more message of the user's follows: that is how a model is
/// asked to go on.
fn begun(messages: Option<&Value>, content: &str) -> Option<Begun> {
    let roles: Vec<&str> =
        messages?.as_array()?.iter().map(|message| message["role"].as_str().unwrap_or_default()).collect();
    let at = roles.iter().rposition(|role| matches!(*role, "assistant" | "model"))?;
    let mut said = texts(messages, content);
    if said.len() != roles.len() || at + 2 < roles.len() {
        return None;
    }
    let answer = said.swap_remove(at);
    let question = roles[..at].iter().rposition(|role| *role == "user").map(|question| said.swap_remove(question));
    Some(Begun { question: question.unwrap_or_default(), answer })
}

/// The texts in a list of messages, whose content is a string or a list of parts.
fn texts(messages: Option<&Value>, content: &str) -> Vec<String> {
    let of_content = |content: &Value| match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    };
    match messages {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(messages)) => {
            messages.iter().filter_map(|message| message.pointer(content)).map(of_content).collect()
        }
        _ => Vec::new(),
    }
}

pub(crate) fn document(value: &Value) -> impl IntoResponse + use<> {
    ([(CONTENT_TYPE, "application/json")], value.to_string())
}

/// The list in OpenAI's shape, or in that of the vendor whose header the client sends.
async fn models(headers: HeaderMap) -> impl IntoResponse {
    if headers.contains_key("x-goog-api-key") {
        return document(&google_list());
    }
    let models: Vec<Value> = model::LISTED.iter().map(|id| entry(id, &headers)).collect();
    let [first, last] = [model::LISTED.first(), model::LISTED.last()];
    document(&json!({"object": "list", "data": models, "has_more": false, "first_id": first, "last_id": last}))
}

/// One of the list, or any other: every name is a model.
async fn model(uri: Uri, headers: HeaderMap) -> impl IntoResponse {
    let id = last_segment(&uri);
    document(&if headers.contains_key("x-goog-api-key") { google_entry(id) } else { entry(id, &headers) })
}

fn last_segment(uri: &Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
}

fn entry(id: &str, headers: &HeaderMap) -> Value {
    if headers.contains_key("anthropic-version") {
        json!({"type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z",
            "max_tokens": 8192})
    } else {
        json!({"id": id, "object": "model", "created": 1_700_000_000, "owned_by": "emulator"})
    }
}

async fn gemini_models() -> impl IntoResponse {
    document(&google_list())
}

async fn gemini_model(uri: Uri) -> impl IntoResponse {
    document(&google_entry(last_segment(&uri)))
}

fn google_list() -> Value {
    json!({"models": model::LISTED.iter().map(|id| google_entry(id)).collect::<Vec<_>>()})
}

fn google_entry(id: &str) -> Value {
    json!({"name": format!("models/{id}"), "displayName": id, "inputTokenLimit": 32_768, "outputTokenLimit": 8192,
        "supportedGenerationMethods": ["generateContent"], "thinking": id == "think"})
}

async fn openrouter_models() -> impl IntoResponse {
    let models = model::LISTED.iter().map(|id| {
        json!({"id": format!("emulator/{id}"), "name": format!("Emulator: {id}"), "context_length": 32_768,
            "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
            "pricing": {"prompt": openrouter::INPUT_PRICE.to_string(), "completion": openrouter::OUTPUT_PRICE.to_string()}, "supported_parameters": ["temperature"]})
    });
    document(&json!({"data": models.collect::<Vec<_>>()}))
}

async fn counts(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let [begun, complete, disconnected] = shared.log.counts();
    document(&json!({"begun": begun, "complete": complete, "disconnected": disconnected}))
}

async fn release(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.released.send_modify(|count| *count += 1);
    StatusCode::NO_CONTENT
}
