//! What a model refuses is changed in the request before anybody notices, and remembered only where it holds for good.

use crate::kit::{Outcome, providers, quick, request};
use emulator::{Emulator, Script};
use llm::{ChatRequest, ErrorKind, Finish, Kind, Providers, Settings};
use serde_json::{Value, json};

fn refusal(message: &str, parameter: Option<&str>, code: Option<&str>) -> Script {
    let error = json!({"message": message, "type": "invalid_request_error", "param": parameter, "code": code});
    Script::status(400, json!({"type": "error", "error": error}).to_string())
}

async fn ask(providers: &Providers, model: &str, settings: Settings) -> Outcome {
    Outcome::of(providers.default().stream(ChatRequest { settings, ..request(model) })).await
}

/// A field of every request so far.
fn sent(emulator: &Emulator, field: &str) -> Vec<Option<Value>> {
    emulator.requests().iter().map(|request| request.body.get(field).cloned()).collect()
}

#[tokio::test]
async fn a_setting_that_a_model_refuses_is_left_out_once_and_for_all() {
    let refusal = |field: &str| {
        let message = format!("Unsupported parameter: '{field}' is not supported with this model.");
        Script::status(
            400,
            json!({"error": {"message": message, "type": "invalid_request_error", "param": field,
            "code": "unsupported_parameter"}})
            .to_string(),
        )
    };
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::OpenAi, quick());
    let settings = Settings { temperature: Some(0.5), max_tokens: Some(50), ..Settings::default() };
    emulator.script(refusal("max_tokens"));
    emulator.script(refusal("temperature"));
    let ask = |request: ChatRequest| Outcome::of(providers.default().stream(request));
    assert_eq!(ask(ChatRequest { settings, ..request("echo") }).await.text, "Hello there");
    assert_eq!(ask(ChatRequest { settings, ..request("echo") }).await.text, "Hello there");
    assert_eq!(ask(ChatRequest { settings, ..request("tokens-1") }).await.text, "token0 ");
    let fields = |index: usize| {
        let requests = emulator.requests();
        ["max_tokens", "max_completion_tokens", "temperature"].map(|field| requests[index].body.get(field).is_some())
    };
    assert_eq!(fields(0), [true, false, true]);
    assert_eq!(fields(1), [false, true, true]);
    assert_eq!(fields(2), [false, true, false]);
    assert_eq!(fields(3), [false, true, false], "learned");
    assert_eq!(fields(4), [true, false, true], "another model");
    assert_eq!(emulator.requests().len(), 5);
    // A value that is too much for the model says nothing about others.
    let message = "max_tokens is too large: 50. This model supports at most 40 completion tokens.";
    let too_large = json!({"error": {"message": message, "type": "invalid_request_error", "param": "max_tokens"}});
    for _ in 0..2 {
        emulator.script(Script::status(
            400,
            too_large.to_string().replace("max_tokens is", "max_completion_tokens, max_tokens is"),
        ));
    }
    assert_eq!(ask(ChatRequest { settings, ..request("tokens-2") }).await.text, "token0 token1 ");
    assert_eq!(ask(ChatRequest { settings, ..request("tokens-2") }).await.text, "token0 token1 ");
    assert_eq!(
        [5, 6, 7, 8].map(fields).map(|[old, new, _]| (old, new)),
        [(true, false), (false, true), (false, false), (true, false)]
    );
    // What cannot be left out is an error, and asked once.
    emulator.script(refusal("messages"));
    assert_eq!(ask(request("other")).await.kind(), ErrorKind::BadRequest);
    assert_eq!(emulator.requests().len(), 10);
}

#[tokio::test]
async fn a_value_beyond_what_a_model_takes_says_nothing_about_other_values() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::OpenAi, quick());
    let settings = |temperature| Settings { temperature: Some(temperature), ..Settings::default() };
    for message in [
        "Invalid 'temperature': decimal above maximum value. Expected a value <= 1, but got 1.5 instead.",
        "Invalid 'temperature': decimal below minimum value. Expected a value >= 0.1, but got 0 instead.",
    ] {
        emulator.script(Script::status(400, json!({"error": {"message": message}}).to_string()));
        for temperature in [1.5, 0.5] {
            let request = ChatRequest { settings: settings(temperature), ..request("echo") };
            assert_eq!(Outcome::of(providers.default().stream(request)).await.text, "Hello there");
        }
        let last = emulator.requests().pop().unwrap();
        assert_eq!(last.body.get("temperature"), Some(&json!(0.5)), "{message}");
    }
}

#[tokio::test]
async fn a_refusal_of_something_else_disarms_no_setting() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::OpenAi, quick());
    let settings = Settings { temperature: Some(0.5), ..Settings::default() };
    // It says itself what it is about.
    emulator.script(refusal("A picture of the temperature is not supported.", Some("messages[0].content"), None));
    assert_eq!(ask(&providers, "echo", settings).await.kind(), ErrorKind::BadRequest);
    assert_eq!(sent(&emulator, "temperature").len(), 1, "asked once");
    // It only mentions a setting: leaving it out is worth an attempt, and proves nothing.
    emulator.script(refusal("Something is wrong, perhaps with temperature.", None, None));
    for _ in 0..2 {
        assert_eq!(ask(&providers, "echo", settings).await.text, "Hello there");
    }
    assert_eq!(sent(&emulator, "temperature")[1..], [Some(json!(0.5)), None, Some(json!(0.5))]);
}

#[tokio::test]
async fn a_limit_that_the_refusal_names_is_asked_for_once_and_remembered() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::Anthropic, quick());
    let settings = Settings { max_tokens: Some(32_000), ..Settings::default() };
    let too_many = || {
        let message = "max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for echo";
        refusal(message, None, None)
    };
    emulator.script(too_many());
    for _ in 0..2 {
        assert_eq!(ask(&providers, "echo", settings).await.text, "Hello there");
    }
    assert_eq!(sent(&emulator, "max_tokens"), [32_000, 8192, 8192].map(|limit| Some(json!(limit))));
    // Who keeps refusing is not asked for ever.
    emulator.script(too_many());
    emulator.script(too_many());
    assert_eq!(ask(&providers, "other", settings).await.kind(), ErrorKind::BadRequest);
    assert_eq!(emulator.requests().len(), 5);
    // What is left beside one conversation is not what is left beside the next.
    let beside = "input length and `max_tokens` exceed context limit: 188240 + 32000 > 200000, decrease one of them";
    emulator.script(refusal(beside, None, None));
    for _ in 0..2 {
        assert_eq!(ask(&providers, "think", settings).await.text, "The answer is 42.");
    }
    assert_eq!(sent(&emulator, "max_tokens")[5..], [32_000, 11_760, 32_000].map(|limit| Some(json!(limit))));
}

#[tokio::test]
async fn the_lists_of_models_say_what_requests_need() {
    let emulator = Emulator::start().await;
    let anthropic = providers(&emulator, Kind::Anthropic, quick());
    anthropic.default().models().await.unwrap();
    let settings = Settings { max_tokens: Some(32_000), ..Settings::default() };
    assert_eq!(ask(&anthropic, "echo", settings).await.text, "Hello there");
    assert_eq!(sent(&emulator, "max_tokens"), [Some(json!(8192))]);
    let gemini = providers(&emulator, Kind::Gemini, quick());
    let thoughts = json!({"includeThoughts": true});
    for (is_listed, expected) in [(false, None), (true, Some(&thoughts))] {
        if is_listed {
            gemini.default().models().await.unwrap();
        }
        assert_eq!(ask(&gemini, "think", Settings::default()).await.text, "The answer is 42.");
        let last = emulator.requests().pop().unwrap();
        assert_eq!(last.body.pointer("/generationConfig/thinkingConfig"), expected);
    }
}

#[tokio::test]
async fn summaries_of_thoughts_are_asked_for_where_they_are_given() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::OpenAi, quick());
    let verify = |to: &str, field: &str| {
        let message = format!("Your organization must be verified to {to}. Please go to: https://platform.openai.com");
        refusal(&message, Some(field), Some("unsupported_value"))
    };
    let summary = Some(json!({"summary": "auto"}));
    assert_eq!(ask(&providers, "gpt-5-pro:think", Settings::default()).await.text, "The answer is 42.");
    emulator.script(verify("generate reasoning summaries", "reasoning.summary"));
    for _ in 0..2 {
        assert_eq!(ask(&providers, "gpt-5-pro:think", Settings::default()).await.text, "The answer is 42.");
    }
    assert_eq!(sent(&emulator, "reasoning"), [summary.clone(), summary, None, None]);
    // Nor are they sent piece by piece.
    for model in ["gpt-5-pro:echo", "gpt-5:echo"] {
        let before = emulator.requests().len();
        emulator.script(verify("stream this model", "stream"));
        for _ in 0..2 {
            let outcome = ask(&providers, model, Settings::default()).await;
            assert_eq!((outcome.text.as_str(), outcome.finish), ("Hello there", Some(Finish::Stop)));
        }
        assert_eq!(sent(&emulator, "stream")[before..], [Some(json!(true)), None, None], "{model}");
    }
}
