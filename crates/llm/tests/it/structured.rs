//! Answers in JSON of a given shape: how each wire asks for them, and what comes of it.

use crate::kit::{Outcome, providers, quick, request};
use emulator::{Emulator, Gate, Script};
use futures_util::StreamExt;
use llm::{Delta, ErrorKind, Finish, Kind, Providers, Schema};
use serde_json::{Value, json};

fn schema() -> Schema {
    let schema = json!({"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"],
        "additionalProperties": false});
    Schema { name: "reply".into(), schema }
}

#[tokio::test]
async fn every_wire_is_told_the_schema_and_gives_a_value() {
    for (kind, model, pointer) in [
        (Kind::OpenAi, "m", "/response_format/json_schema/schema"),
        (Kind::OpenRouter, "m", "/response_format/json_schema/schema"),
        (Kind::OpenAi, "gpt-5-pro", "/text/format/schema"),
        (Kind::Gemini, "m", "/generationConfig/responseJsonSchema"),
        (Kind::Anthropic, "m", "/output_config/format/schema"),
    ] {
        let emulator = Emulator::start().await;
        let providers = providers(&emulator, kind, quick());
        emulator.script(Script::text("{\"answer\": 42}"));
        let value = providers.default().generate_structured(request(model), &schema()).await.unwrap();
        assert_eq!(value, json!({"answer": 42}), "{kind:?}");
        let body = &emulator.requests()[0].body;
        assert_eq!(body.pointer(pointer), Some(&schema().schema), "{kind:?}");
        assert!(body.to_string().contains("JSON Schema"), "said in words too: {body}");
    }
}

#[tokio::test]
async fn the_growing_json_is_streamed_by_every_provider() {
    let emulator = Emulator::start().await;
    for (kind, model) in [
        (Kind::OpenAi, "m"),
        (Kind::OpenAi, "gpt-5-pro"),
        (Kind::OpenRouter, "m"),
        (Kind::Ollama, "m"),
        (Kind::Gemini, "m"),
        (Kind::Anthropic, "m"),
    ] {
        let providers = providers(&emulator, kind, quick());
        let gate = Gate::new();
        emulator.script(Script::text("{ \"answer\": 42 }").gate(2, &gate));
        let mut answer = providers.default().stream_structured(request(model), &schema());
        let mut text = String::new();
        while text != "{ \"answer\": " {
            let Delta::Text(piece) = answer.next().await.unwrap().unwrap() else { panic!("{kind:?}") };
            text.push_str(&piece);
        }
        gate.open();
        let rest = Outcome::of(answer).await;
        assert_eq!((rest.text.as_str(), rest.finish), ("42 }", Some(Finish::Stop)), "{kind:?} {model}");
    }
}

#[tokio::test]
async fn a_server_that_knows_no_schema_is_asked_in_words() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::OpenAi, quick());
    let refusal: Value =
        json!({"error": {"message": "Unknown field response_format", "type": "invalid_request_error"}});
    emulator.script(Script::status(400, refusal.to_string()));
    emulator.script(Script::text("```json\n{\"answer\": 1}\n```"));
    let value = providers.default().generate_structured(request("m"), &schema()).await.unwrap();
    assert_eq!(value, json!({"answer": 1}));
    assert_eq!(emulator.requests()[1].body.get("response_format"), None);
}

#[tokio::test]
async fn what_is_no_json_is_an_error() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::OpenAi, quick());
    emulator.script(Script::text("I would rather not."));
    emulator.script(Script::text("{\"answer\": ").at_length());
    for _ in 0..2 {
        let error = providers.default().generate_structured(request("m"), &schema()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
    }
    let offline = Providers::new(vec![]).unwrap();
    let error = offline.default().generate_structured(request("m"), &schema()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadRequest);
}
