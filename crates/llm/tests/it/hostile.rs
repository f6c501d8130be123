//! HTTP as it should not be: heads and bodies that break off, lie, drip or never end. What there was of the text is kept,
//! nothing is said twice, nobody waits for ever, and a client that goes is gone at once.

use crate::{
    kit::{Outcome, quick, request},
    server::{Play, Server},
};
use futures_util::{StreamExt, future::join_all};
use llm::{Circuit, Delta, ErrorKind, Finish, Kind, Limits, Provider};
use std::time::{Duration, Instant};

const PIECE: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half \"}}]}\n\n";
const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

async fn ask(provider: &Provider) -> Outcome {
    Outcome::of(provider.stream(request("m"))).await
}

/// How an answer of these bytes ends, how much of its text there is, and how often it was asked for.
async fn outcome_of(play: Play) -> (Result<Finish, ErrorKind>, String, usize) {
    let server = Server::start([play]).await;
    let providers = server.providers(Kind::OpenAi, quick());
    let outcome = ask(providers.default()).await;
    let end = outcome.error.as_ref().map_or_else(|| Ok(outcome.finish.clone().unwrap()), |error| Err(error.kind()));
    (end, outcome.text, server.seen().calls.len())
}

#[tokio::test]
async fn what_breaks_before_the_first_word_is_asked_for_three_times() {
    let garbage = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nno chunk\r\n";
    for (play, kind) in [
        (Play::default(), ErrorKind::Unavailable),
        (Play::default().reset(), ErrorKind::Unavailable),
        (Play::raw("HTTP/1.1 200 OK\r\ncontent-ty"), ErrorKind::Unavailable),
        (Play::raw("SSH-2.0-OpenSSH_9.6\r\n"), ErrorKind::Unavailable),
        (Play::stream(), ErrorKind::Interrupted),
        (Play::chunked().chunk(": nothing yet\n\n"), ErrorKind::Interrupted),
        (Play::chunked().chunk(": nothing yet\n\n").reset(), ErrorKind::Interrupted),
        (Play::raw(garbage), ErrorKind::Interrupted),
        (Play::response("200 OK", "", ""), ErrorKind::Interrupted),
        (Play::stream().then(DONE), ErrorKind::Interrupted),
        (Play::response("500 Internal Server Error", "", ""), ErrorKind::Unavailable),
        (Play::response("502 Bad Gateway", "content-type: text/html\r\n", "<html>no</html>"), ErrorKind::Unavailable),
    ] {
        let about = format!("{play:?}");
        assert_eq!(outcome_of(play).await, (Err(kind), String::new(), 3), "{about}");
    }
}

#[tokio::test]
async fn what_breaks_in_the_middle_is_asked_for_once_and_keeps_its_text() {
    let length = |length: usize| Play::raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{PIECE}"));
    for play in [
        Play::stream().then(PIECE),
        Play::stream().then(PIECE).then("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ha"),
        Play::chunked().chunk(PIECE),
        Play::chunked().chunk(PIECE).then("ffff\r\ndata: {\"cho"),
        Play::chunked().chunk(PIECE).then("zz\r\n"),
        Play::chunked().chunk(PIECE).chunk("").drip(),
        // A length that the body does not have, and one that cuts it.
        length(9999),
        Play::raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{PIECE}{STOP}", PIECE.len() + 9)),
    ] {
        let about = format!("{play:?}");
        assert_eq!(outcome_of(play).await, (Err(ErrorKind::Interrupted), "half ".into(), 1), "{about}");
    }
}

#[tokio::test]
async fn what_only_breaks_the_rules_of_http_is_an_answer() {
    let whole = format!("{PIECE}{STOP}{DONE}");
    for play in [
        Play::stream().then(PIECE).then(STOP),
        Play::stream().then(&whole).drip(),
        Play::chunked().chunk(&whole).drip(),
        // No last chunk, no last line end, nothing after the reason but a reset.
        Play::chunked().chunk(&whole),
        Play::chunked().chunk(&whole).then("0\r\n"),
        Play::chunked().chunk(PIECE).chunk(STOP),
        Play::chunked().chunk(PIECE).chunk(STOP).chunk("dat").reset(),
        Play::raw(format!("HTTP/1.0 200 OK\r\n\r\n{whole}")),
        Play::response("201 Created", "content-type: text/event-stream\r\n", &whole),
        Play::raw(format!("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n{whole}")),
        Play::raw(format!("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{whole}")),
        Play::stream().then(&whole).hang(),
    ] {
        let about = format!("{play:?}");
        assert_eq!(outcome_of(play).await, (Ok(Finish::Stop), "half ".into(), 1), "{about}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_not_asked_for_again() {
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff\xff".as_slice();
    let page = "\n<!DOCTYPE html><html><title>Sign in</title></html>";
    for (play, kind) in [
        (Play::response("200 OK", "content-type: text/html\r\n", page), ErrorKind::Protocol),
        (Play::response("200 OK", "", page), ErrorKind::Protocol),
        (Play::response("200 OK", "content-type: text/event-stream\r\n", page), ErrorKind::Protocol),
        (Play::response("200 OK", "", format!("\u{FEFF}{page}")), ErrorKind::Protocol),
        (Play::response("200 OK", "content-encoding: gzip\r\n", gzip), ErrorKind::Protocol),
        (Play::response("200 OK", "", "{\"choices\": nonsense}"), ErrorKind::Protocol),
        (Play::response("204 No Content", "", ""), ErrorKind::Protocol),
        (Play::response("302 Found", "location: /v1/elsewhere\r\n", ""), ErrorKind::Protocol),
        (Play::response("307 Temporary Redirect", "location: /v1/elsewhere\r\n", ""), ErrorKind::Protocol),
        (Play::response("401 Unauthorized", "content-encoding: gzip\r\n", gzip), ErrorKind::Authentication),
        (Play::response("404 Not Found", "content-type: text/html\r\n", page), ErrorKind::BadRequest),
        (
            Play::response("200 OK", "", "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"m\"}}"),
            ErrorKind::Quota,
        ),
    ] {
        let about = format!("{play:?}");
        assert_eq!(outcome_of(play).await, (Err(kind), String::new(), 1), "{about}");
    }
}

#[tokio::test]
async fn a_failure_is_understood_although_its_body_does_not_end() {
    let body = "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"m\"}}";
    let head = |length: &str| format!("HTTP/1.1 429 Too Many Requests\r\n{length}\r\n\r\n");
    for play in [
        Play::raw(head("transfer-encoding: chunked")).chunk(body).hang(),
        Play::raw(head("content-length: 9999")).then(body),
        Play::raw(head("content-length: 9999")).then(body).reset(),
        Play::raw(head("content-length: 9999")).then(body).drip().hang(),
    ] {
        let about = format!("{play:?}");
        let started = Instant::now();
        let (end, ..) = outcome_of(play).await;
        // A reset may overtake the body.
        assert!(matches!(end, Err(ErrorKind::Quota | ErrorKind::RateLimited)), "{about}: {end:?}");
        assert!(about.contains("Reset") || end == Err(ErrorKind::Quota), "{about}");
        assert!(started.elapsed() < Duration::from_secs(4), "{about}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_replaced_wherever_they_are_cut() {
    let event = |content: &[u8]| {
        [b"data: {\"choices\":[{\"delta\":{\"content\":\"".as_slice(), content, b"\"}}]}\n\n"].concat()
    };
    let body = [event(b"a\xffb"), event("\u{1F30A}".as_bytes()), event(b"\xf0\x9f"), event(b"c\\u0000"), STOP.into()];
    let body = body.concat();
    for size in [1, 2, 3, 7, body.len()] {
        let play = body.chunks(size).fold(Play::stream(), Play::then);
        let (end, text, _) = outcome_of(play).await;
        assert_eq!(
            (end, text.as_str()),
            (Ok(Finish::Stop), "a\u{FFFD}b\u{1F30A}\u{FFFD}c\u{FFFD}"),
            "in chunks of {size}"
        );
    }
    // A bare NUL is no JSON.
    let (end, text, calls) = outcome_of(Play::stream().then(PIECE).then(event(b"c\0d")).then(STOP)).await;
    assert_eq!((end, text.as_str(), calls), (Err(ErrorKind::Protocol), "half ", 1));
}

#[tokio::test]
async fn a_head_that_never_ends_is_a_timeout() {
    let limits = Limits { first_token: Duration::from_millis(200), attempts: 1, ..quick() };
    for play in [
        Play::raw("HTTP/1.1 200 OK\r\n").then("x-more: 1\r\n").hang(),
        Play::raw("HTTP/1.1 100 Continue\r\n\r\n").hang(),
        Play::default().hang(),
        Play::stream().hang(),
    ] {
        let server = Server::start([play]).await;
        assert_eq!(ask(server.providers(Kind::OpenAi, limits.clone()).default()).await.kind(), ErrorKind::Timeout);
        server.wait_until(|seen| seen.gone.len() == 1).await;
    }
}

#[tokio::test]
async fn a_line_without_an_end_is_too_long_in_the_end() {
    let server = Server::start([Play::stream().then(PIECE).then("data: ").then(vec![b'x'; 65_536]).repeat()]).await;
    let outcome = ask(server.providers(Kind::OpenAi, quick()).default()).await;
    assert_eq!((outcome.text.as_str(), outcome.kind()), ("half ", ErrorKind::Protocol));
    server.wait_until(|seen| seen.gone.len() == 1).await;
    // What the decoder takes, and what lies between the two of them.
    assert!(server.seen().written < 40 * 1024 * 1024, "{} bytes", server.seen().written);
    assert_eq!(server.seen().calls.len(), 1);
}

#[tokio::test]
async fn comments_without_an_end_end_with_the_answers_time() {
    let play = Play::stream().then(PIECE).then(": still there\n\n".repeat(1000)).repeat();
    let server = Server::start([play]).await;
    let limits = Limits { total: Duration::from_millis(800), ..quick() };
    let outcome = ask(server.providers(Kind::OpenAi, limits).default()).await;
    assert_eq!((outcome.text.as_str(), outcome.kind()), ("half ", ErrorKind::Timeout));
    server.wait_until(|seen| seen.gone.len() == 1).await;
}

#[tokio::test]
async fn a_client_that_goes_is_gone_at_once() {
    let body = format!("{PIECE}{}", ": still there\n\n");
    for (play, speaks) in [
        (Play::default().hang(), false),
        (Play::raw("HTTP/1.1 200 OK\r\n").hang(), false),
        (Play::chunked().hang(), false),
        (Play::chunked().then(": nothing\n\n").hang(), false),
        (Play::chunked().chunk(PIECE).hang(), true),
        (Play::chunked().chunk(PIECE).then("ffff\r\nda").hang(), true),
        (Play::stream().then(PIECE).then(body).repeat(), true),
        (Play::raw("HTTP/1.1 503 No\r\ncontent-length: 99\r\n\r\nso").hang(), false),
    ] {
        let about = format!("{play:?}");
        let server = Server::start([play]).await;
        let providers = server.providers(Kind::OpenAi, quick());
        let mut answer = providers.default().stream(request("m"));
        if speaks {
            assert_eq!(answer.next().await.unwrap().unwrap(), Delta::Text("half ".into()));
        } else {
            tokio::select! {
                () = server.wait_until(|seen| !seen.calls.is_empty()) => {}
                delta = answer.next() => panic!("{about}: {delta:?}"),
            }
        }
        let dropped = Instant::now();
        drop(answer);
        server.wait_until(|seen| seen.gone.len() == 1).await;
        let seen = server.seen();
        // It takes a millisecond; the rest is for a busy machine.
        assert!(seen.gone[0].saturating_duration_since(dropped) < Duration::from_millis(250), "{about}");
        assert_eq!(seen.calls.len(), 1, "{about}");
    }
}

#[tokio::test]
async fn attempts_are_bounded_and_wait_as_they_are_told() {
    let told = "{\"error\":{\"message\":\"Please try again in 120ms.\",\"code\":\"rate_limit_exceeded\"}}";
    let server = Server::start([Play::response("429 Too Many Requests", "", told)]).await;
    let outcome = ask(server.providers(Kind::OpenAi, quick()).default()).await;
    assert_eq!(outcome.kind(), ErrorKind::RateLimited);
    let calls = server.seen().calls;
    assert_eq!(calls.len(), 3);
    for pair in calls.windows(2) {
        assert!(pair[1] - pair[0] >= Duration::from_millis(120), "{:?}", pair[1] - pair[0]);
    }
    // Who asks for a longer wait than anybody has is not asked again.
    let later = Play::response("503 No", "retry-after: 11\r\n", "");
    let server = Server::start([later]).await;
    let error = ask(server.providers(Kind::OpenAi, quick()).default()).await.error.unwrap();
    assert_eq!((error.retry_after(), server.seen().calls.len()), (Some(Duration::from_secs(11)), 1));
}

#[tokio::test]
async fn behind_an_open_door_nobody_is_called_and_one_finds_out() {
    let limits = Limits {
        failures_to_open: 3,
        attempts: 2,
        open_at_least: Duration::from_secs(1),
        open_at_most: Duration::from_secs(1),
        ..quick()
    };
    let server = Server::start([Play::default().reset()]).await;
    let providers = server.providers(Kind::OpenAi, limits);
    let provider = providers.default();
    for _ in 0..2 {
        assert_eq!(ask(provider).await.kind(), ErrorKind::Unavailable);
    }
    assert_eq!(server.seen().calls.len(), 3, "the second attempt of the second found it open");
    let crowd = || join_all((0..100).map(|_| ask(provider)));
    assert!(crowd().await.iter().all(|outcome| outcome.error.as_ref().unwrap().is_circuit_open()));
    assert_eq!(server.seen().calls.len(), 3);
    tokio::time::sleep(Duration::from_millis(1050)).await;
    assert_eq!(provider.status().circuit, Circuit::HalfOpen);
    crowd().await;
    assert_eq!(server.seen().calls.len(), 4, "one probe, and no second attempt of its own");
    assert_eq!(provider.status().circuit, Circuit::Open);
}

/// Memory of this process that is in use, in bytes.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    const PAGE: usize = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * PAGE
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_long_answer_takes_no_more_memory_than_a_short_one() {
    const EVENTS: usize = 5000;
    const BYTES: usize = 8000;
    let piece = PIECE.replace("half ", &"x".repeat(BYTES));
    let play = (0..EVENTS).fold(Play::stream(), |play, _| play.then(&piece)).then(STOP);
    let server = Server::start([play]).await;
    let providers = server.providers(Kind::OpenAi, quick());
    let mut answer = providers.default().stream(request("m"));
    let (mut length, mut before) = (0, 0);
    while let Some(delta) = answer.next().await {
        if let Delta::Text(text) = delta.unwrap() {
            length += text.len();
            before = if before == 0 { resident() } else { before };
        }
    }
    assert_eq!(length, EVENTS * BYTES);
    let grown = resident().saturating_sub(before);
    // Other tests may run beside this one.
    assert!(grown < length / 2, "{grown} bytes more");
}
