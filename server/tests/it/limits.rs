//! How often one may ask.

use crate::support::{Answer, PASSWORD, Setup, account, on_both};
use emulator::{Gate, Script};
use reqwest::Method;
use serde_json::{Value, json};

fn limited(setup: Setup) -> Setup {
    setup
        .with("RATE_LIMIT_ENABLED", "true")
        .with("RATE_LIMIT_REQUESTS_PER_MINUTE", "1000")
        .with("RATE_LIMIT_CHAT_REQUESTS_PER_MINUTE", "1000")
        .with("TRUSTED_PROXIES", "127.0.0.1")
}

/// The answer is a refusal that says when to come back.
fn assert_refused(answer: &Answer, limit: &str) {
    assert_eq!(answer.code(), "rate_limited");
    assert_eq!((answer.header("ratelimit-limit"), answer.header("ratelimit-remaining")), (limit, "0"));
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(answer.header("ratelimit-reset"), answer.header("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_an_address_have_buckets_of_their_own() {
    on_both(async |setup| {
        let app = limited(setup).with("RATE_LIMIT_REQUESTS_PER_MINUTE", "3").start().await;
        let from = async |address: &str| {
            let request = app.stranger().request(Method::GET, "/api/v1/auth/me").header("x-forwarded-for", address);
            Answer::read(request).await
        };
        for remaining in ["2", "1", "0"] {
            let answer = from("203.0.113.1").await;
            assert_eq!((answer.status, answer.header("ratelimit-remaining")), (401, remaining));
        }
        assert_refused(&from("203.0.113.1").await, "3");
        assert_eq!(from("203.0.113.2").await.status, 401, "another address");

        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        for _ in 0..3 {
            assert_eq!(ada.get("/api/v1/auth/me").await.status, 200);
        }
        assert_refused(&ada.get("/api/v1/auth/me").await, "3");
        assert_refused(&ada.post("/api/v1/chat/stream", &json!("nonsense")).await, "3");
        assert_eq!(bob.get("/api/v1/auth/me").await.status, 200, "another user");
        for _ in 0..9 {
            assert_eq!(app.stranger().get("/health/live").await.status, 200, "probes are not counted");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_tried_ten_times_a_minute() {
    on_both(async |setup| {
        let app = limited(setup).start().await;
        let wrong = json!({ "email": "ada@example.com", "password": "wrong-password" });
        for _ in 0..10 {
            assert_eq!(app.stranger().post("/api/v1/auth/login", &wrong).await.code(), "invalid_credentials");
        }
        assert_refused(&app.stranger().post("/api/v1/auth/login", &wrong).await, "10");
        assert_refused(&app.stranger().post("/api/v1/auth/login", &json!({})).await, "10");

        let form = app.browser().submit("/login", &[("email", "ada@example.com"), ("password", "x")]).await;
        assert_eq!((form.status, form.header("location")), (303, "/login"), "a form is told on its page");
        assert!(form.header("set-cookie").starts_with("lia_flash="));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_is_counted_like_signing_in() {
    on_both(async |setup| {
        let app = limited(setup).start().await;
        app.register("ada").await;
        for _ in 0..9 {
            assert_eq!(app.stranger().post("/api/v1/auth/register", &account("ada")).await.code(), "account_exists");
        }
        assert_refused(&app.stranger().post("/api/v1/auth/register", &account("bob")).await, "10");
        let fields = [("email", "bob@example.com"), ("username", "bob"), ("password", PASSWORD)];
        let form = app.browser().submit("/register", &fields).await;
        assert_eq!((form.status, form.header("location")), (303, "/register"), "a form is told on its page");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_a_bucket_of_their_own_through_every_door() {
    on_both(async |setup| {
        let app = limited(setup).with("RATE_LIMIT_CHAT_REQUESTS_PER_MINUTE", "2").start().await;
        let browser = app.browser();
        browser.register("ada").await;
        let request = json!({ "message": "m", "provider": "openai", "model": "echo" });
        let rest = async || browser.call(Method::POST, "/api/v1/chat/stream", &request).await;
        let function = async || browser.call(Method::POST, "/fn/start_run", &json!({ "request": request })).await;
        assert_eq!(rest().await.status, 200);
        let started = function().await;
        assert_eq!(started.status, 200, "{}", started.text);
        assert_refused(&rest().await, "2");
        assert_refused(&function().await, "2");
        assert_eq!(browser.me().await.status, 200, "reading goes on");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_at_once_are_bounded_for_each_user_and_in_all() {
    on_both(async |setup| {
        let setup = setup.with("LIA_MAX_RUNS", "3").with("LIA_MAX_RUNS_PER_USER", "2");
        let app = setup.with("LIA_MAX_WAITING_RUNS", "0").start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let gate = Gate::new();
        let mut streams = Vec::new();
        for user in [&ada, &ada, &bob] {
            app.emulator.script(Script::text("one two").gate(1, &gate));
            let mut events = user.send("Count.", "echo").await;
            events.expect("start").await;
            streams.push(events);
        }
        let request = json!({ "message": "Count.", "provider": "openai", "model": "echo" });
        for (user, code) in [(&ada, "busy"), (&bob, "busy")] {
            let refused = user.post("/api/v1/chat/stream", &request).await;
            assert_eq!((refused.code().as_str(), refused.header("retry-after")), (code, "3"));
        }
        gate.open();
        for events in streams {
            events.rest().await;
        }
        app.emulator.script(Script::text("one two"));
        assert_eq!(ada.post("/api/v1/chat/stream", &request).await.status, 200, "what has ended makes room");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_does_not_take_the_room_of_all() {
    on_both(async |setup| {
        let app = setup.with("LIA_MAX_RUNS_PER_USER", "1").with("LIA_MAX_WAITING_RUNS", "0").start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let gate = Gate::new();
        app.emulator.script(Script::text("one two").gate(1, &gate));
        let mut events = ada.send("Count.", "echo").await;
        assert_eq!(events.expect("start").await.data["queued"], Value::Null);
        let request = json!({ "message": "Count.", "provider": "openai", "model": "echo" });
        let refused = ada.post("/api/v1/chat/stream", &request).await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_runs"));
        assert_eq!(bob.post("/api/v1/chat/stream", &request).await.status, 200);
        gate.open();
    })
    .await;
}
