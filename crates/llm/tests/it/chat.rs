//! Chat Completions: what is asked, and every accent in which it is answered.

use crate::kit::{KEY, Outcome, ask, config, providers, quick, request};
use emulator::{Emulator, Gate, Script, State};
use futures_util::StreamExt;
use llm::{ChatMessage, ChatRequest, Delta, ErrorKind, Finish, Kind, Part, Providers, Role, Settings, Usage};
use serde_json::{Value, json};

fn sse(chunks: &[Value]) -> String {
    chunks.iter().flat_map(|chunk| ["data: ".into(), chunk.to_string(), "\n\n".into()]).collect()
}

fn delta(delta: &Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn stop() -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
}

/// The outcome of a stream of these chunks, without an end mark.
async fn outcome_of(chunks: &[Value]) -> Outcome {
    let emulator = Emulator::start().await;
    emulator.script(Script::body(sse(chunks)));
    ask(&emulator, llm::Limits { attempts: 1, ..quick() }).await
}

#[tokio::test]
async fn everything_that_is_asked_reaches_the_provider() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::OpenAi, quick());
    let request = ChatRequest {
        model: "echo".into(),
        system: Some("Be kind.".into()),
        messages: vec![
            ChatMessage::user("Hi"),
            ChatMessage::assistant("Hello"),
            ChatMessage {
                role: Role::User,
                parts: vec![
                    Part::Text("What is this?".into()),
                    Part::Image { media_type: "image/png".into(), data: b"png"[..].into() },
                    Part::Audio { media_type: "audio/mpeg".into(), data: b"mp3"[..].into() },
                ],
            },
        ],
        settings: Settings {
            temperature: Some(0.7),
            max_tokens: Some(100),
            top_p: Some(0.9),
            frequency_penalty: Some(-1.5),
            presence_penalty: Some(2.0),
        },
    };
    let outcome = Outcome::of(providers.default().stream(request)).await;
    assert_eq!(outcome.text, "What is this?");
    assert_eq!(outcome.finish, Some(Finish::Stop));
    let requests = emulator.requests();
    assert_eq!(requests[0].path, "/v1/chat/completions");
    assert_eq!(requests[0].header("authorization"), format!("Bearer {KEY}"));
    assert_eq!(requests[0].header("accept-encoding"), "");
    assert_eq!(
        requests[0].body,
        json!({
            "model": "echo",
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello"},
                {"role": "user", "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
                    {"type": "input_audio", "input_audio": {"data": "bXAz", "format": "mp3"}},
                ]},
            ],
            "stream": true,
            "stream_options": {"include_usage": true},
            "max_tokens": 100,
            "temperature": 0.7,
            "top_p": 0.9,
            "frequency_penalty": -1.5,
            "presence_penalty": 2.0,
        })
    );
}

#[tokio::test]
async fn thoughts_in_every_field_are_no_text() {
    for field in ["reasoning_content", "reasoning"] {
        let outcome = outcome_of(&[delta(&json!({field: "hm"})), delta(&json!({"content": "yes"})), stop()]).await;
        assert_eq!((outcome.thought.as_str(), outcome.text.as_str()), ("hm", "yes"), "{field}");
    }
    let details = json!([{"type": "reasoning.text", "text": "hm"}, {"type": "reasoning.summary", "summary": "!"}]);
    let outcome = outcome_of(&[delta(&json!({"reasoning_details": details, "content": ""})), stop()]).await;
    assert_eq!(outcome.thought, "hm!");
    let doubled = json!({"reasoning": "hm", "reasoning_content": "hm", "reasoning_details": details});
    assert_eq!(outcome_of(&[delta(&doubled), stop()]).await.thought, "hm");
}

#[tokio::test]
async fn a_leading_think_block_is_a_thought() {
    for text in ["<think>a < b</think>\n\nyes </think>", " \n<think>a < b</think>yes </think>"] {
        let pieces: Vec<Value> =
            text.chars().map(|c| delta(&json!({"content": c.to_string()}))).chain([stop()]).collect();
        let outcome = outcome_of(&pieces).await;
        assert_eq!((outcome.thought.as_str(), outcome.text.as_str()), ("a < b", "yes </think>"));
        assert_eq!(outcome_of(&[delta(&json!({"content": text})), stop()]).await.thought, "a < b");
    }
    for text in ["say <think> aloud", "<thin", "\n\n1", "<think"] {
        let outcome = outcome_of(&[delta(&json!({"content": text})), stop()]).await;
        assert_eq!((outcome.text.as_str(), outcome.thought.as_str()), (text, ""));
    }
    let outcome = outcome_of(&[delta(&json!({"content": "<think>never closed</thi"})), stop()]).await;
    assert_eq!(outcome.thought, "never closed</thi");
}

#[tokio::test]
async fn chunks_of_strange_shapes_are_survived() {
    let outcome = outcome_of(&[
        json!({"choices": [], "prompt_filter_results": []}),
        json!({"choices": null, "usage": {}, "error": null}),
        json!({"choices": "tomorrow"}),
        json!({"choices": [{"index": 1, "delta": {"content": "other"}}]}),
        delta(&json!({"role": "assistant", "content": null})),
        json!({"choices": [{"delta": {"content": "a"}, "finish_reason": ""}], "error": {}}),
        delta(&json!({"content": " "})),
        delta(&json!({"content": "\n"})),
        delta(&json!({"content": 7})),
        delta(&json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}, {"type": "text", "text": "b"}]})),
        delta(&json!({"content": "\u{0}", "tool_calls": [{"id": "x"}]})),
        json!({"choices": [{"index": 0, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}),
        json!({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}),
    ])
    .await;
    assert_eq!(outcome.text, "a \nb\u{FFFD}");
    assert_eq!(outcome.thought, "t");
    assert_eq!(outcome.usage, Some(Usage { input_tokens: Some(3), output_tokens: Some(4), ..Usage::default() }));
    assert_eq!(outcome.finish, Some(Finish::Stop));
}

#[tokio::test]
async fn finishes_have_our_words_and_tokens_are_estimated_where_nobody_counts() {
    for (word, finish) in [
        ("stop", Finish::Stop),
        ("length", Finish::Length),
        ("content_filter", Finish::ContentFilter),
        ("tool_calls", Finish::ToolCalls),
        ("tired", Finish::Other("tired".into())),
    ] {
        let end = json!({"choices": [{"delta": {"content": "four four"}, "finish_reason": word}]});
        let outcome = outcome_of(&[end]).await;
        assert_eq!(outcome.finish, Some(finish));
        assert_eq!(
            outcome.usage,
            Some(Usage { input_tokens: Some(7), output_tokens: Some(3), estimated: true, ..Usage::default() })
        );
    }
}

#[tokio::test]
async fn the_cost_is_taken_from_whoever_says_it() {
    for (usage, cost) in [
        (json!({"cost": 0.012_345_6}), Some(12_346)),
        (json!({"cost": 0, "is_byok": false, "cost_details": {"upstream_inference_cost": 1}}), Some(0)),
        (json!({"cost": 0.001, "is_byok": true, "cost_details": {"upstream_inference_cost": 0.02}}), Some(21_000)),
        (json!({"cost": 0.001, "is_byok": true, "cost_details": {"upstream_inference_cost": null}}), Some(1000)),
        (json!({"cost": {"input_tokens_cost": 0.001, "total_cost": 0.006}}), Some(6000)),
        (json!({"cost": null}), None),
        (json!({"cost": -1}), None),
        (json!({"cost": 1e300}), None),
        (json!({"cost": "free"}), None),
    ] {
        let mut end = stop();
        end["usage"] = usage;
        let outcome = outcome_of(&[delta(&json!({"content": "four four"})), end]).await;
        assert_eq!(outcome.usage.unwrap().cost_micros, cost);
        assert!(outcome.usage.unwrap().estimated, "the tokens are");
    }
}

#[tokio::test]
async fn a_count_that_comes_in_pieces_is_put_together() {
    let mut first = delta(&json!({"content": "a"}));
    first["usage"] = json!({"prompt_tokens": 7, "completion_tokens": 1});
    let mut last = stop();
    last["usage"] = json!({"completion_tokens": 5, "prompt_tokens": null});
    let chunks = [first, last, json!({"choices": [], "usage": {}}), json!({"choices": [], "usage": null})];
    let usage = Usage { input_tokens: Some(7), output_tokens: Some(5), ..Usage::default() };
    assert_eq!(outcome_of(&chunks).await.usage, Some(usage));
}

#[tokio::test]
async fn the_end_mark_ends_it_even_if_the_line_stays_open() {
    let emulator = Emulator::start().await;
    emulator.script(Script::body("").raw(0, format!("data: {}\n\ndata:[DONE]\n\n", stop())).hang(0));
    assert_eq!(ask(&emulator, quick()).await.finish, Some(Finish::Stop));
    // The same without the mark: the reason is enough, after a moment.
    emulator.script(Script::body("").raw(0, format!("data: {}\n\n", stop())).hang(0));
    let limits = llm::Limits { after_finish: std::time::Duration::from_millis(20), ..quick() };
    assert_eq!(ask(&emulator, limits).await.finish, Some(Finish::Stop));
    emulator.wait_until(|requests| requests.iter().all(|request| request.state == State::Disconnected)).await;
}

#[tokio::test]
async fn comments_do_not_prolong_what_is_complete() {
    let emulator = Emulator::start().await;
    let pause = std::time::Duration::from_millis(30);
    let stopped = Script::body("").raw(0, format!("data: {}\n\n", stop()));
    emulator.script((0..100).fold(stopped, |script, _| script.comment(0, "alive").pause(0, pause)));
    let limits = llm::Limits { after_finish: std::time::Duration::from_millis(100), ..quick() };
    assert_eq!(ask(&emulator, limits).await.finish, Some(Finish::Stop));
    emulator.wait_until(|requests| requests[0].state == State::Disconnected).await;
}

#[tokio::test]
async fn an_error_event_without_json_is_an_error() {
    let emulator = Emulator::start().await;
    emulator.script(Script::text("a b").raw(1, "event: error\ndata: upstream gone\n\n"));
    let outcome = ask(&emulator, quick()).await;
    assert_eq!((outcome.text.as_str(), outcome.kind()), ("a ", ErrorKind::Unavailable));
}

#[tokio::test]
async fn a_whole_document_is_an_answer_too() {
    let emulator = Emulator::start().await;
    emulator.script(Script::text("All at once.").thought("Hm. ").whole());
    let outcome = ask(&emulator, quick()).await;
    assert_eq!((outcome.text.as_str(), outcome.thought.as_str()), ("All at once.", "Hm. "));
    assert_eq!(outcome.usage.unwrap().output_tokens, Some(4));
    assert_eq!(outcome.finish, Some(Finish::Stop));
}

#[tokio::test]
async fn dropping_the_answer_drops_the_connection() {
    let emulator = Emulator::start().await;
    let gate = Gate::new();
    emulator.script(Script::tokens(10).gate(2, &gate));
    let mut answer = providers(&emulator, Kind::OpenAi, quick()).default().stream(request("m"));
    assert_eq!(answer.next().await.unwrap().unwrap(), Delta::Text("token0 ".into()));
    gate.reached().await;
    drop(answer);
    emulator.wait_until(|requests| requests[0].state == State::Disconnected).await;
}

#[tokio::test]
async fn a_text_is_generated_and_a_refusal_is_an_error() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::OpenAi, quick());
    assert_eq!(providers.default().generate(request("think")).await.unwrap(), "The answer is 42.");
    let error = providers.default().generate(request("refusal")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContentFilter);
    assert!(error.detail().contains("can't help"));
}

#[tokio::test]
async fn a_base_may_hold_its_version_already() {
    let emulator = Emulator::start().await;
    let base_url = format!("{}/v1/", emulator.base_url()).parse().unwrap();
    let config = llm::ProviderConfig { base_url, api_key: None, ..config(&emulator, Kind::Ollama) };
    let providers = Providers::with_limits(vec![config], quick()).unwrap();
    assert_eq!(providers.default().generate(request("echo")).await.unwrap(), "Hello there");
    assert_eq!(emulator.requests()[0].header("authorization"), "");
}
