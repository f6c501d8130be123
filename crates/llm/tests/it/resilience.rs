//! The breaker: a provider that keeps failing is left alone, is probed by one request, and is told by its status.

use crate::kit::{Outcome, config, quick, request};
use emulator::{Emulator, Gate, Script};
use futures_util::{
    StreamExt,
    future::{join, join_all},
};
use llm::{Circuit, Delta, ErrorKind, Finish, Kind, Limits, Providers, Status};
use std::time::Duration;

fn limits() -> Limits {
    Limits {
        attempts: 1,
        failures_to_open: 2,
        open_at_least: Duration::from_secs(1),
        open_at_most: Duration::from_secs(5),
        ..quick()
    }
}

#[tokio::test]
async fn nobody_is_sent_to_a_provider_that_keeps_failing() {
    let emulator = Emulator::start().await;
    let providers = Providers::with_limits(vec![config(&emulator, Kind::OpenAi)], limits()).unwrap();
    let provider = providers.default();
    // A stream that breaks off counts as much as a status.
    emulator.script(Script::tokens(5).cut(2));
    emulator.script(Script::status(503, "{}"));
    for _ in 0..2 {
        assert!(Outcome::of(provider.stream(request("echo"))).await.error.is_some());
    }
    let status = provider.status();
    assert_eq!((status.circuit, status.last_error), (Circuit::Open, Some(ErrorKind::Unavailable)));
    let error = Outcome::of(provider.stream(request("echo"))).await.error.unwrap();
    assert!(error.is_circuit_open() && error.is_transient() && error.retry_after().is_some());
    assert_eq!(error.cause(), ErrorKind::Unavailable);
    assert_eq!(emulator.requests().len(), 2, "nobody was asked");

    tokio::time::sleep(Duration::from_millis(1050)).await;
    assert_eq!(provider.status().circuit, Circuit::HalfOpen);
    let (silent, speaking) = (Gate::new(), Gate::new());
    emulator.script(Script::text("back again").gate(0, &silent).gate(1, &speaking));
    let mut probe = provider.stream(request("echo"));
    let others = || join_all((0..30).map(|_| Outcome::of(provider.stream(request("echo")))));
    let meanwhile = async {
        silent.reached().await;
        let is_refused = |other: &Outcome| other.error.as_ref().is_some_and(llm::Error::is_circuit_open);
        assert!(others().await.iter().all(is_refused), "one probe");
        silent.open();
    };
    assert_eq!(join(probe.next(), meanwhile).await.0.unwrap().unwrap(), Delta::Text("back ".into()));
    assert_eq!(emulator.requests().len(), 3);
    // It is back: nobody waits for the end of a long answer.
    assert_eq!(provider.status().circuit, Circuit::Closed);
    assert!(others().await.iter().all(|other| other.finish == Some(Finish::Stop)));
    speaking.open();
    assert_eq!(Outcome::of(probe).await.finish, Some(Finish::Stop));
    assert_eq!(provider.status(), Status { circuit: Circuit::Closed, retry_after: None, last_error: None });
}

#[tokio::test]
async fn a_probe_that_speaks_and_then_breaks_off_closes_the_door_again() {
    let emulator = Emulator::start().await;
    let providers = Providers::with_limits(vec![config(&emulator, Kind::OpenAi)], limits()).unwrap();
    let provider = providers.default();
    for _ in 0..2 {
        emulator.script(Script::status(500, "{}"));
        assert!(Outcome::of(provider.stream(request("echo"))).await.error.is_some());
    }
    tokio::time::sleep(Duration::from_millis(1050)).await;
    emulator.script(Script::tokens(3).cut(1));
    assert_eq!(Outcome::of(provider.stream(request("echo"))).await.kind(), ErrorKind::Interrupted);
    assert_eq!(provider.status().circuit, Circuit::Open);
    assert!(provider.status().retry_after > Some(Duration::from_secs(1)), "for longer");
}

#[tokio::test]
async fn a_probe_that_its_caller_gives_up_makes_room_for_another() {
    let emulator = Emulator::start().await;
    let providers = Providers::with_limits(vec![config(&emulator, Kind::OpenAi)], limits()).unwrap();
    let provider = providers.default();
    for _ in 0..2 {
        emulator.script(Script::status(500, "{}"));
        assert!(Outcome::of(provider.stream(request("echo"))).await.error.is_some());
    }
    tokio::time::sleep(Duration::from_millis(1050)).await;
    emulator.script(Script::tokens(3).hang(1));
    let mut probe = provider.stream(request("echo"));
    assert!(probe.next().await.unwrap().is_ok());
    drop(probe);
    assert_eq!(Outcome::of(provider.stream(request("echo"))).await.finish, Some(Finish::Stop));
    assert_eq!(provider.status().circuit, Circuit::Closed);
}

#[tokio::test]
async fn a_refused_key_opens_nothing() {
    let emulator = Emulator::start().await;
    let providers = Providers::with_limits(vec![config(&emulator, Kind::OpenAi)], limits()).unwrap();
    for model in ["fault-401", "fault-400", "fault-429", "fault-context", "fault-401"] {
        assert!(Outcome::of(providers.default().stream(request(model))).await.error.is_some());
    }
    assert_eq!(providers.default().status().circuit, Circuit::Closed);
}

#[tokio::test]
async fn what_nobody_can_read_opens_the_door_where_it_comes_again_and_again() {
    let emulator = Emulator::start().await;
    let providers = Providers::with_limits(vec![config(&emulator, Kind::OpenAi)], limits()).unwrap();
    let provider = providers.default();
    let ask = async |body: &'static str| {
        emulator.script(Script::body(body));
        Outcome::of(provider.stream(request("echo"))).await
    };
    let (page, torn) = ("<html>Welcome</html>", "data: {\"choices\": oops}\n\n");
    let whole = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
    assert_eq!(ask(page).await.kind(), ErrorKind::Protocol);
    assert_eq!(ask(whole).await.finish, Some(Finish::Stop), "one closes nothing");
    assert_eq!(ask(torn).await.kind(), ErrorKind::Protocol);
    assert_eq!(ask(page).await.kind(), ErrorKind::Protocol);
    assert_eq!(provider.status().circuit, Circuit::Open);
    let error = Outcome::of(provider.stream(request("echo"))).await.error.unwrap();
    assert_eq!((error.kind(), error.cause()), (ErrorKind::Unavailable, ErrorKind::Protocol));
    assert_eq!(emulator.requests().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn among_many_streams_at_once_nothing_is_lost_or_doubled() {
    const STREAMS: usize = 300;
    const MODELS: [(&str, usize, Option<ErrorKind>); 6] = [
        ("tokens-60", 60, None),
        ("tokens-60+chunk-5+noise", 60, None),
        ("tokens-60+crlf+no-usage", 60, None),
        ("tokens-60+fault-cut-after-30", 30, Some(ErrorKind::Interrupted)),
        ("tokens-60+fault-error-after-30", 30, Some(ErrorKind::Unavailable)),
        ("tokens-60+fault-abort-after-30", 30, Some(ErrorKind::Interrupted)),
    ];
    let emulator = Emulator::start().await;
    let providers = Providers::with_limits(vec![config(&emulator, Kind::OpenAi)], quick()).unwrap();
    let mut streams = tokio::task::JoinSet::new();
    for index in 0..STREAMS {
        let (model, tokens, error) = MODELS[index % MODELS.len()];
        let answer = providers.default().stream(request(model));
        streams.spawn(async move {
            let outcome = Outcome::of(answer).await;
            let expected = (0..tokens).map(|token| format!("token{token} ")).collect::<Vec<_>>().concat();
            assert_eq!(outcome.text, expected, "{model}");
            assert_eq!(outcome.error.as_ref().map(llm::Error::kind), error, "{model}");
            assert_eq!(outcome.finish.is_some(), error.is_none(), "{model}");
        });
    }
    while let Some(stream) = streams.join_next().await {
        stream.unwrap();
    }
    assert_eq!(emulator.requests().len(), STREAMS, "each was asked once");
}
