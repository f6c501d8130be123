//! Recorded answers of real providers, replayed at every chunking and cut at every event. The recordings are not part of
//! the project; where they are absent these tests say so and pass.

use crate::kit::{Outcome, providers, quick, request};
use emulator::{Emulator, Script};
use llm::{ErrorKind, Finish, Kind};
use serde_json::Value;
use std::{fs, path::PathBuf, time::Duration};

struct Recording {
    name: String,
    body: Vec<u8>,
    status: u16,
    content_type: String,
    /// What a correct client ends up with.
    expected: Value,
}

fn recordings(names: &[&str], extension: &str) -> Vec<Recording> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/llm");
    let Ok(entries) = fs::read_dir(folder) else {
        println!("skipped: no recordings");
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let wanted = |path: &&PathBuf| {
        let is_description = name(path).ends_with(".expected.json");
        let is_wanted = names.iter().any(|piece| name(path).contains(piece));
        !is_description && is_wanted && path.extension().is_some_and(|found| found == extension)
    };
    paths
        .iter()
        .filter(wanted)
        .map(|path| {
            let description = fs::read(format!("{}.expected.json", path.display())).unwrap();
            let description: Value = serde_json::from_slice(&description).unwrap();
            Recording {
                name: name(path),
                body: fs::read(path).unwrap(),
                status: u16::try_from(description["http_status"].as_u64().unwrap()).unwrap(),
                content_type: description
                    .pointer("/headers/content-type")
                    .and_then(Value::as_str)
                    .unwrap_or("text/event-stream")
                    .into(),
                expected: description["expected"].clone(),
            }
        })
        .collect()
}

/// Whose recordings, and how they are asked for.
#[derive(Clone, Copy)]
struct Wire {
    /// Pieces of the recordings' names.
    names: &'static [&'static str],
    kind: Kind,
    model: &'static str,
    /// With one of these the answer is complete; without one it is interrupted wherever it ends.
    end_marks: &'static [&'static str],
}

const CHAT: Wire = Wire {
    names: &["-chat-", "openrouter"],
    kind: Kind::OpenAi,
    model: "m",
    end_marks: &["\"finish_reason\":\"", "\"finish_reason\": \""],
};
const RESPONSES: Wire = Wire {
    names: &["openai-responses"],
    kind: Kind::OpenAi,
    model: "gpt-5-pro",
    end_marks: &["event: response.completed", "event: response.incomplete"],
};
const GEMINI: Wire = Wire { names: &["gemini"], kind: Kind::Gemini, model: "m", end_marks: &["\"finishReason\""] };
const ANTHROPIC: Wire =
    Wire { names: &["anthropic"], kind: Kind::Anthropic, model: "m", end_marks: &["\"type\":\"message_stop\""] };

fn script(recording: &Recording, body: Vec<u8>) -> Script {
    let script = if recording.status == 200 { Script::body(body) } else { Script::status(recording.status, body) };
    script.header("content-type", recording.content_type.as_str())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What the recording's description says of the end, in our words.
fn expected_finish(expected: &Value) -> Option<Finish> {
    Some(match text(&expected["finish_raw"]) {
        "stop" | "end_turn" | "STOP" | "completed" => Finish::Stop,
        "length" | "max_tokens" | "MAX_TOKENS" => Finish::Length,
        "tool_calls" | "tool_use" => Finish::ToolCalls,
        _ => return None,
    })
}

fn expected_tokens(usage: &Value) -> Option<(u64, u64)> {
    let count = |name: &str| usage[name].as_u64().unwrap_or_default();
    if usage.is_null() {
        return None;
    }
    Some((
        count("prompt_tokens")
            + count("promptTokenCount")
            + count("toolUsePromptTokenCount")
            + count("input_tokens")
            + count("cache_creation_input_tokens")
            + count("cache_read_input_tokens"),
        count("completion_tokens")
            + count("candidatesTokenCount")
            + count("thoughtsTokenCount")
            + count("output_tokens"),
    ))
}

fn check(recording: &Recording, outcome: &Outcome, how: &str) {
    let (name, expected) = (&recording.name, &recording.expected);
    assert_eq!(outcome.text, text(&expected["text"]), "{name} {how}");
    assert_eq!(outcome.thought, text(&expected["reasoning"]), "{name} {how}");
    assert_eq!(outcome.refusal, text(&expected["refusal"]), "{name} {how}");
    assert_eq!(outcome.error.is_some(), !expected["error"].is_null(), "{name} {how}: {outcome:?}");
    if outcome.error.is_none() {
        assert_eq!(outcome.finish, expected_finish(expected), "{name} {how}");
    }
    let usage = outcome.usage.filter(|usage| !usage.estimated);
    let tokens = usage.map(|usage| (usage.input_tokens.unwrap(), usage.output_tokens.unwrap()));
    assert_eq!(tokens, expected_tokens(&expected["usage_raw"]), "{name} {how}");
}

async fn replay(wire: Wire) {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, wire.kind, quick());
    for recording in recordings(wire.names, "sse") {
        for chunk in [None, Some(1), Some(2), Some(3), Some(7)] {
            let script = script(&recording, recording.body.clone());
            emulator.script(chunk.into_iter().fold(script, Script::chunks));
            let outcome = Outcome::of(providers.default().stream(request(wire.model))).await;
            check(&recording, &outcome, &format!("in chunks of {chunk:?}"));
        }
    }
}

/// The places behind every event.
fn boundaries(body: &[u8]) -> Vec<usize> {
    let ends = |at: usize| body[..at].ends_with(b"\n\n") || body[..at].ends_with(b"\r\n\r\n");
    (1..=body.len()).filter(|at| ends(*at)).collect()
}

/// A stream that is cut is an error with a part of the text, or complete because all that matters had come.
async fn cut_everywhere(wire: Wire) {
    let emulator = Emulator::start().await;
    let limits = llm::Limits { attempts: 1, ..quick() };
    let providers = providers(&emulator, wire.kind, limits);
    for recording in recordings(wire.names, "sse") {
        let whole = text(&recording.expected["text"]).to_owned();
        for (count, at) in boundaries(&recording.body).into_iter().filter(|at| *at < recording.body.len()).enumerate() {
            // Inside of events, too; but a stream of hundreds of like ones is not cut inside of each.
            let places = if count < 40 { vec![at, at - 1, at - 9] } else { vec![at] };
            for at in places {
                emulator.script(script(&recording, recording.body[..at].to_vec()));
                let outcome = Outcome::of(providers.default().stream(request(wire.model))).await;
                let name = &recording.name;
                let said = String::from_utf8_lossy(&recording.body[..at]);
                let is_marked = wire.end_marks.iter().any(|mark| said.contains(mark));
                assert!(whole.starts_with(&outcome.text), "{name} cut at {at}: {outcome:?}");
                match &outcome.error {
                    Some(error) if recording.expected["error"].is_null() => {
                        assert_eq!(error.kind(), ErrorKind::Interrupted, "{name} cut at {at}");
                        let is_all = outcome.text == whole && recording.body[..at].ends_with(b"\n");
                        assert!(!is_all || !is_marked, "{name} cut at {at} had everything");
                    }
                    Some(_) => {}
                    None => {
                        assert_eq!(outcome.text, whole, "{name} cut at {at} counts as complete");
                        assert!(is_marked, "{name} cut at {at} counts as complete");
                    }
                }
            }
        }
    }
}

/// Comments and events from tomorrow change nothing, wherever they stand.
async fn with_noise(wire: Wire) {
    const NOISE: &[&[u8]] = &[
        b": OPENROUTER PROCESSING\n\nevent: keepalive\ndata: {\"type\":\"keepalive\",\"sequence_number\":3}\n\nevent: ping\ndata: ping\n\ndata:\n\n",
        b"\n\n:\n\nretry: 10\n\nevent: of.tomorrow\r\ndata: {\"type\":\"of.tomorrow\",\"choices\":[],\"candidates\":[]}\r\n\r\n",
    ];
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, wire.kind, quick());
    for recording in recordings(wire.names, "sse") {
        for noise in NOISE {
            let mut body = noise.to_vec();
            let mut start = 0;
            for at in boundaries(&recording.body) {
                body.extend_from_slice(&recording.body[start..at]);
                body.extend_from_slice(noise);
                start = at;
            }
            body.extend_from_slice(&recording.body[start..]);
            emulator.script(script(&recording, body).chunks(997));
            check(&recording, &Outcome::of(providers.default().stream(request(wire.model))).await, "with noise");
        }
    }
}

/// Fields that nobody knows yet change nothing either.
async fn with_more_fields(wire: Wire) {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, wire.kind, quick());
    for recording in recordings(wire.names, "sse") {
        let body = String::from_utf8(recording.body.clone()).unwrap();
        let body = body.replace("data: {", "data: {\"from_tomorrow\":{\"deep\":[\"}\",null]},");
        emulator.script(script(&recording, body.into()));
        check(&recording, &Outcome::of(providers.default().stream(request(wire.model))).await, "with more fields");
    }
}

#[tokio::test]
async fn every_recording_comes_out_as_described() {
    for wire in [CHAT, RESPONSES, GEMINI, ANTHROPIC] {
        replay(wire).await;
    }
}

#[tokio::test]
async fn every_recording_may_be_cut_anywhere() {
    for wire in [CHAT, RESPONSES, GEMINI, ANTHROPIC] {
        cut_everywhere(wire).await;
    }
}

#[tokio::test]
async fn noise_changes_no_recording() {
    for wire in [CHAT, RESPONSES, GEMINI, ANTHROPIC] {
        with_noise(wire).await;
        with_more_fields(wire).await;
    }
}

#[tokio::test]
async fn documents_of_gemini_are_understood() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::Gemini, llm::Limits { attempts: 1, ..quick() });
    for recording in recordings(&["gemini"], "json") {
        emulator.script(script(&recording, recording.body.clone()));
        let outcome = Outcome::of(providers.default().stream(request("m"))).await;
        let tokens = outcome.usage.map(|usage| (usage.input_tokens.unwrap(), usage.output_tokens.unwrap()));
        match recording.name.as_str() {
            "gemini-429-retryinfo.json" => {
                assert_eq!(outcome.kind(), ErrorKind::RateLimited);
                assert_eq!(outcome.error.unwrap().retry_after(), Some(Duration::from_secs(48)));
            }
            "gemini-max-tokens-no-text.json" => {
                assert_eq!((outcome.finish, tokens), (Some(Finish::Length), Some((15, 2))));
            }
            "gemini-safety.json" => assert_eq!((outcome.finish, tokens), (Some(Finish::ContentFilter), Some((14, 0)))),
            other => panic!("what is {other}?"),
        }
    }
}
