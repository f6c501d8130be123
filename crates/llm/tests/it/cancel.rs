//! Giving up: wherever a call is, dropping it ends it, and nobody is asked afterwards.

use crate::kit::{Outcome, config, providers, quick, request};
use emulator::{Emulator, Script, State};
use futures_util::{FutureExt, StreamExt};
use llm::{Kind, Limits, ProviderConfig, Providers};
use std::time::Duration;
use tokio::{io::AsyncReadExt, net::TcpListener};

#[tokio::test]
async fn while_it_connects() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let emulator = Emulator::start().await;
    // Whoever wants TLS is connected only after a handshake, and this one never shakes hands.
    let base_url = format!("https://{address}").parse().unwrap();
    let config = ProviderConfig { base_url, ..config(&emulator, Kind::OpenAi) };
    let providers = Providers::with_limits(vec![config], quick()).unwrap();
    let mut answer = providers.default().stream(request("m"));
    let mut socket = tokio::select! {
        accepted = listener.accept() => accepted.unwrap().0,
        delta = answer.next() => panic!("an answer: {delta:?}"),
    };
    // Its greeting is on its way when it gives up.
    assert!(answer.next().now_or_never().is_none());
    drop(answer);
    let mut greeting = Vec::new();
    let end = socket.read_to_end(&mut greeting).await;
    assert!(!String::from_utf8_lossy(&greeting).contains("POST"), "{end:?}");
}

#[tokio::test]
async fn while_it_waits_for_the_first_byte() {
    let emulator = Emulator::start().await;
    for script in [Script::text("never").hang_at_once(), Script::text("never").hang(0)] {
        emulator.script(script);
        let providers = providers(&emulator, Kind::OpenAi, quick());
        let mut answer = providers.default().stream(request("m"));
        let open = |requests: &[emulator::Request]| requests.last().is_some_and(|last| last.state == State::Open);
        tokio::select! {
            () = emulator.wait_until(open) => {}
            delta = answer.next() => panic!("an answer: {delta:?}"),
        }
        drop(answer);
        emulator.wait_until(|requests| requests.iter().all(|request| request.state == State::Disconnected)).await;
    }
    assert_eq!(emulator.requests().len(), 2);
}

#[tokio::test]
async fn while_it_waits_to_ask_again() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::OpenAi, quick());
    emulator.script(Script::status(429, "{}").header("retry-after-ms", "150"));
    let mut answer = providers.default().stream(request("given up"));
    let failed = |requests: &[emulator::Request]| requests.first().is_some_and(|first| first.state == State::Complete);
    tokio::select! {
        () = emulator.wait_until(failed) => {}
        delta = answer.next() => panic!("an answer: {delta:?}"),
    }
    assert!(answer.next().now_or_never().is_none(), "it has read the failure or is about to");
    drop(answer);
    // Somebody who waits longer than the first one would have.
    emulator.script(Script::status(429, "{}").header("retry-after-ms", "600"));
    emulator.script(Script::text("patience"));
    assert_eq!(Outcome::of(providers.default().stream(request("patient"))).await.text, "patience");
    let models: Vec<String> =
        emulator.requests().iter().map(|request| request.body["model"].as_str().unwrap().to_owned()).collect();
    assert_eq!(models, ["given up", "patient", "patient"]);
}

#[tokio::test]
async fn before_it_was_ever_polled_nobody_is_asked() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::OpenAi, quick());
    drop(providers.default().stream(request("m")));
    assert_eq!(Outcome::of(providers.default().stream(request("echo"))).await.text, "Hello there");
    assert_eq!(emulator.requests().len(), 1);
}

#[tokio::test]
async fn an_open_breaker_ends_a_wait_without_another_call_and_spares_the_list() {
    let emulator = Emulator::start().await;
    let limits = Limits { failures_to_open: 2, attempts: 5, open_at_least: Duration::from_mins(1), ..quick() };
    let providers = providers(&emulator, Kind::OpenAi, limits);
    for _ in 0..5 {
        emulator.script(Script::status(503, "{}"));
    }
    let error = Outcome::of(providers.default().stream(request("m"))).await.error.unwrap();
    assert!(error.is_circuit_open() && error.retry_after().unwrap() > Duration::from_secs(50));
    assert_eq!(emulator.requests().len(), 2, "the third attempt found it open");
    providers.models("test").await;
    assert!(providers.list_error("test").unwrap().is_circuit_open(), "its list is not asked for either");
}
