//! What all wires have in common, on each of them; and what each asks in its own way.

use crate::kit::{KEY, Outcome, config, quick, request};
use bytes::Bytes;
use emulator::{Emulator, Script, State};
use futures_util::StreamExt;
use llm::{
    ChatMessage, ChatRequest, Delta, ErrorKind, Finish, Kind, Limits, Part, ProviderConfig, Providers, Role, Settings,
    Usage,
};
use serde_json::json;

/// Every wire: its kind, and what is put to a model's name so that it is asked on it.
const WIRES: [(Kind, &str); 5] = [
    (Kind::OpenAi, ""),
    (Kind::OpenAi, "gpt-5-pro"),
    (Kind::OpenRouter, ""),
    (Kind::Gemini, ""),
    (Kind::Anthropic, ""),
];

fn start(emulator: &Emulator, kind: Kind, limits: Limits) -> Providers {
    let base_url = if kind == Kind::OpenRouter { format!("{}/api", emulator.base_url()) } else { emulator.base_url() };
    let config = ProviderConfig { base_url: base_url.parse().unwrap(), ..config(emulator, kind) };
    Providers::with_limits(vec![config], limits).unwrap()
}

fn model(name: &'static str) -> &'static str {
    if name.is_empty() { "m" } else { name }
}

#[tokio::test]
async fn an_answer_comes_whole_on_every_wire() {
    for (kind, name) in WIRES {
        let emulator = Emulator::start().await;
        let providers = start(&emulator, kind, quick());
        for bend in [Script::crlf, Script::whole, |script: Script| script.chunks(1), |script: Script| script.chunks(7)]
        {
            emulator.script(bend(Script::text("Grüße, 世界 ✅").thought("Let me think. ")));
            let outcome = Outcome::of(providers.default().stream(request(model(name)))).await;
            assert_eq!(outcome.text, "Grüße, 世界 ✅", "{kind:?} {name}");
            assert_eq!(outcome.thought, "Let me think. ", "{kind:?} {name}");
            assert_eq!(outcome.finish, Some(Finish::Stop), "{kind:?} {name}");
            // OpenRouter says what it cost, at the price in its list.
            let cost_micros = (kind == Kind::OpenRouter).then_some(2 + 2 * 6);
            let usage = Usage { input_tokens: Some(2), output_tokens: Some(6), cost_micros, estimated: false };
            assert_eq!(outcome.usage, Some(usage), "{kind:?} {name}");
        }
        emulator.script(Script::text("cut short").at_length());
        let outcome = Outcome::of(providers.default().stream(request(model(name)))).await;
        assert_eq!(outcome.finish, Some(Finish::Length), "{kind:?} {name}");
    }
}

#[tokio::test]
async fn faults_have_their_kind_on_every_wire() {
    for (kind, name) in WIRES {
        let emulator = Emulator::start().await;
        let providers = start(&emulator, kind, Limits { attempts: 1, ..quick() });
        let error = json!({"message": "Overloaded", "type": "overloaded_error", "code": "overloaded_error"});
        for (script, expected) in [
            (Script::tokens(4).without_finish().without_end_mark(), ErrorKind::Interrupted),
            (Script::tokens(4).cut(4), ErrorKind::Interrupted),
            (Script::tokens(4).abort(4), ErrorKind::Interrupted),
            (Script::tokens(4).error(4, error.clone()), ErrorKind::Overloaded),
            (Script::tokens(4).raw(4, "{\n\"error\": {\"type\": \"overloaded_error\"}\n}\n"), ErrorKind::Overloaded),
        ] {
            emulator.script(script);
            let outcome = Outcome::of(providers.default().stream(request(model(name)))).await;
            // Gemini has one word for a provider that has too much to do and one that is broken.
            let is_expected = outcome.kind() == expected
                || (kind == Kind::Gemini
                    && expected == ErrorKind::Overloaded
                    && outcome.kind() == ErrorKind::Unavailable);
            assert!(is_expected, "{kind:?} {name} {expected:?}: {outcome:?}");
            assert_eq!(outcome.text, "token0 token1 token2 token3 ", "{kind:?} {name} {expected:?}");
            assert_eq!(outcome.usage.map(|usage| usage.output_tokens.is_some()), Some(true));
        }
    }
}

#[tokio::test]
async fn failures_have_their_kind_on_every_wire() {
    for (kind, name) in WIRES {
        let emulator = Emulator::start().await;
        let providers = start(&emulator, kind, Limits { attempts: 1, ..quick() });
        for (status, expected) in [
            (400, ErrorKind::BadRequest),
            (401, ErrorKind::Authentication),
            (403, ErrorKind::Authentication),
            (404, ErrorKind::BadRequest),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Unavailable),
            (504, ErrorKind::Timeout),
        ] {
            emulator.script(Script::failure(status));
            let outcome = Outcome::of(providers.default().stream(request(model(name)))).await;
            assert_eq!(outcome.kind(), expected, "{kind:?} {name} {status}");
            let wait = outcome.error.as_ref().and_then(llm::Error::retry_after);
            assert_eq!(wait.is_some(), status == 429, "{kind:?} {name} {status}");
        }
    }
}

#[tokio::test]
async fn cancelling_drops_the_connection_on_every_wire() {
    for (kind, name) in WIRES {
        let emulator = Emulator::start().await;
        emulator.script(Script::tokens(4).hang(2));
        let providers = start(&emulator, kind, quick());
        let mut answer = providers.default().stream(request(model(name)));
        assert_eq!(answer.next().await.unwrap().unwrap(), Delta::Text("token0 ".into()));
        drop(answer);
        emulator.wait_until(|requests| requests[0].state == State::Disconnected).await;
    }
}

fn conversation() -> ChatRequest {
    ChatRequest {
        model: "echo".into(),
        system: Some("Be kind.".into()),
        messages: vec![
            ChatMessage::assistant("An answer whose question was cut off"),
            ChatMessage::user("Hi"),
            ChatMessage::assistant("Hello"),
            ChatMessage {
                role: Role::User,
                parts: vec![
                    Part::Text("What is this?".into()),
                    Part::Image { media_type: "image/png".into(), data: Bytes::from_static(b"png") },
                ],
            },
        ],
        settings: Settings {
            temperature: Some(1.5),
            max_tokens: Some(100),
            top_p: Some(0.9),
            frequency_penalty: Some(0.5),
            presence_penalty: Some(-0.5),
        },
    }
}

#[tokio::test]
async fn gemini_is_asked_in_its_own_way() {
    let emulator = Emulator::start().await;
    let providers = start(&emulator, Kind::Gemini, quick());
    assert_eq!(Outcome::of(providers.default().stream(conversation())).await.text, "What is this?");
    let requests = emulator.requests();
    assert_eq!(requests[0].path, "/v1beta/models/echo:streamGenerateContent");
    assert_eq!(requests[0].header("x-goog-api-key"), KEY);
    assert_eq!(
        requests[0].body,
        json!({
            "systemInstruction": {"parts": [{"text": "Be kind."}]},
            "contents": [
                {"role": "model", "parts": [{"text": "An answer whose question was cut off"}]},
                {"role": "user", "parts": [{"text": "Hi"}]},
                {"role": "model", "parts": [{"text": "Hello"}]},
                {"role": "user", "parts": [{"text": "What is this?"}, {"inlineData": {"mimeType": "image/png", "data": "cG5n"}}]},
            ],
            "generationConfig": {"temperature": 1.5, "topP": 0.9, "maxOutputTokens": 100, "frequencyPenalty": 0.5,
                "presencePenalty": -0.5},
        })
    );
}

#[tokio::test]
async fn what_a_model_of_gemini_refuses_is_left_out() {
    let emulator = Emulator::start().await;
    let providers = start(&emulator, Kind::Gemini, quick());
    let refusal =
        json!({"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "Penalty is not enabled for m"}});
    emulator.script(Script::status(400, refusal.to_string()));
    emulator.script(Script::status(400, refusal.to_string()));
    emulator.script(Script::text("now"));
    assert_eq!(providers.default().generate(conversation()).await.unwrap(), "now");
    let body = &emulator.requests()[2].body;
    assert_eq!(body["generationConfig"], json!({"temperature": 1.5, "topP": 0.9, "maxOutputTokens": 100}));
}

#[tokio::test]
async fn anthropic_is_asked_in_its_own_way() {
    let emulator = Emulator::start().await;
    let providers = start(&emulator, Kind::Anthropic, quick());
    assert_eq!(Outcome::of(providers.default().stream(conversation())).await.text, "What is this?");
    let requests = emulator.requests();
    assert_eq!(requests[0].path, "/v1/messages");
    assert_eq!(requests[0].header("x-api-key"), KEY);
    assert_eq!(requests[0].header("anthropic-version"), "2023-06-01");
    assert_eq!(
        requests[0].body,
        json!({
            "model": "echo",
            "max_tokens": 100,
            "system": "Be kind.",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "Hello"}]},
                {"role": "user", "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"}},
                ]},
            ],
            "stream": true,
            "temperature": 1.0,
        })
    );
    let recording = Part::Audio { media_type: "audio/wav".into(), data: Bytes::new() };
    let request =
        ChatRequest { messages: vec![ChatMessage { role: Role::User, parts: vec![recording] }], ..request("echo") };
    assert_eq!(Outcome::of(providers.default().stream(request)).await.kind(), ErrorKind::BadRequest);
    assert_eq!(emulator.requests().len(), 1);
}

#[tokio::test]
async fn responses_are_asked_in_their_own_way() {
    let emulator = Emulator::start().await;
    let providers = start(&emulator, Kind::OpenAi, quick());
    let request = ChatRequest { model: "gpt-5-pro".into(), ..conversation() };
    assert_eq!(Outcome::of(providers.default().stream(request)).await.text, "You said: What is this?");
    let requests = emulator.requests();
    assert_eq!(requests[0].path, "/v1/responses");
    assert_eq!(requests[0].header("authorization"), format!("Bearer {KEY}"));
    let body = &requests[0].body;
    assert_eq!(body["instructions"], "Be kind.");
    assert_eq!(body["store"], false);
    assert_eq!(body["max_output_tokens"], 100);
    assert_eq!(body.get("temperature"), None, "a model that thinks refuses it");
    assert_eq!(body["input"][1], json!({"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}));
    assert_eq!(body["input"][2]["content"][0]["type"], "output_text");
    assert_eq!(body["input"][3]["content"][1]["image_url"], "data:image/png;base64,cG5n");
}

#[tokio::test]
async fn an_empty_answer_of_gemini_is_asked_for_again() {
    let emulator = Emulator::start().await;
    let providers = start(&emulator, Kind::Gemini, quick());
    emulator.script(Script::text(""));
    emulator.script(Script::text("now"));
    assert_eq!(Outcome::of(providers.default().stream(request("m"))).await.text, "now");
    // It is no reason to leave the provider alone.
    for _ in 0..3 {
        emulator.script(Script::text(""));
    }
    assert_eq!(Outcome::of(providers.default().stream(request("m"))).await.kind(), ErrorKind::Interrupted);
    assert_eq!(providers.default().status().last_error, None);
    let blocked =
        json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}});
    emulator.script(Script::body(format!("data: {blocked}\r\n\r\n")));
    let outcome = Outcome::of(providers.default().stream(request("m"))).await;
    assert_eq!(outcome.finish, Some(Finish::ContentFilter));
    emulator.script(Script::text("").filtered());
    assert_eq!(providers.default().generate(request("m")).await.unwrap_err().kind(), ErrorKind::ContentFilter);
    // A gateway that keeps the line open.
    emulator.script(Script::text("done").without_finish().raw(1, sse_stop()).raw(1, "data: [DONE]\n\n").hang(1));
    assert_eq!(Outcome::of(providers.default().stream(request("m"))).await.finish, Some(Finish::Stop));
    // Without `alt=sse` a gateway answers with one array.
    let part = |text: &str| json!({"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}]});
    emulator
        .script(Script::body(format!("[{},\n{}]", part("a"), part("b"))).header("content-type", "application/json"));
    assert_eq!(Outcome::of(providers.default().stream(request("m"))).await.text, "ab");
}

fn sse_stop() -> String {
    format!("data: {}\n\n", json!({"candidates": [{"content": {}, "finishReason": "STOP"}]}))
}

#[tokio::test]
async fn a_refusal_of_anthropic_and_a_doubled_start_are_understood() {
    let emulator = Emulator::start().await;
    let providers = start(&emulator, Kind::Anthropic, quick());
    emulator.script(Script::refusal("I would rather not."));
    let outcome = Outcome::of(providers.default().stream(request("m"))).await;
    assert_eq!(outcome.finish, Some(Finish::ContentFilter));
    let start = json!({"type": "message_start", "message": {"id": "msg_1", "content": [], "usage": {"input_tokens": 5,
        "cache_read_input_tokens": 7, "output_tokens": 1}}});
    emulator.script(Script::text("once only").raw(1, format!("event: message_start\ndata: {start}\n\n")));
    let outcome = Outcome::of(providers.default().stream(request("m"))).await;
    assert_eq!(outcome.text, "once only");
    assert_eq!(outcome.usage.unwrap().input_tokens, Some(12));
}

#[tokio::test]
async fn every_provider_lists_its_models() {
    for (kind, _) in WIRES {
        let emulator = Emulator::start().await;
        let providers = start(&emulator, kind, quick());
        let models = providers.default().models().await.unwrap();
        let id = if kind == Kind::OpenRouter { "emulator/echo" } else { "echo" };
        assert!(models.iter().any(|model| model.id == id), "{kind:?}: {models:?}");
        let window = models[0].context_window;
        assert_eq!(window.is_some(), matches!(kind, Kind::Gemini | Kind::OpenRouter), "{kind:?}");
        assert!(providers.default().validate_connection().await.is_ok());
    }
}
