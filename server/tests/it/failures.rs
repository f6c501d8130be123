//! Answers that fail: what is said, what can be done, and what a provider that fails too often does to the rest.

use crate::support::{Event, on_both};
use emulator::Script;
use serde_json::{Value, json};

fn error(events: &[Event]) -> Value {
    let last = events.last().unwrap();
    assert_eq!(last.name, "error", "{events:?}");
    last.data.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_says_what_happened_and_is_there_after_a_reload() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let said = |status, error: Value| Script::status(status, json!({ "error": error }).to_string());
        let busy = |status| Script::status(status, "{}").header("retry-after", "30");
        let quota = json!({ "code": "insufficient_quota", "message": "You exceeded your current quota." });
        let context = json!({ "code": "context_length_exceeded", "message": "maximum context length is 8192 tokens" });
        let page = Script::body("<!doctype html>").header("content-type", "text/html");
        let cases = [
            (
                Script::failure(401),
                "provider_authentication",
                false,
                "OpenAI refused the key this Lia uses. Your message",
            ),
            (said(429, quota), "provider_quota", false, "This Lia's account with OpenAI is used up. Your message is"),
            (said(400, context), "context_length", false, "This conversation is longer than the model can read. Your"),
            (Script::failure(404), "provider_bad_request", false, "OpenAI did not accept the request. Your message is"),
            (page, "provider_protocol", false, "OpenAI answered something Lia does not understand. Your message is"),
            (busy(429), "provider_rate_limited", true, "OpenAI asks for a pause. Your message is saved. Try again"),
            (busy(529), "provider_overloaded", true, "OpenAI has too much to do. Your message is saved. Try again"),
            (
                Script::text("a b c").cut(2),
                "interrupted",
                true,
                "OpenAI broke off in the middle. What had been written",
            ),
        ];
        for (script, code, retryable, message) in cases {
            // Asked to go on, it breaks off at the same word.
            let times = if code == "interrupted" { 2 } else { 1 };
            (0..times).for_each(|_| app.emulator.script(script.clone()));
            let events = ada.send("Are you there?", "echo").await.rest().await;
            let told = error(&events);
            assert_eq!((&told["code"], &told["retryable"]), (&json!(code), &json!(retryable)), "{told}");
            assert!(told["message"].as_str().unwrap().starts_with(message), "{told}");
            assert!(!told["message"].as_str().unwrap().contains("  "), "{told}");
            let wait = told["retry_after_ms"].as_u64();
            let is_asked_for = ["provider_rate_limited", "provider_overloaded"].contains(&code);
            assert_eq!(wait, is_asked_for.then_some(30_000), "{told}");

            let id = events[0].data["conversation_id"].as_str().unwrap();
            let conversation = ada.get(&format!("/api/v1/chat/conversation/{id}")).await.ok();
            let view = ada.post("/fn/view_conversation", &json!({ "id": id, "offset": 0 })).await.ok();
            for kept in [&conversation["messages"][1]["model_info"], &view["messages"][1]["model_info"]] {
                let mut kept = kept["error"].clone();
                let left = kept.as_object_mut().unwrap().remove("retry_after_ms").and_then(|left| left.as_u64());
                assert_eq!(left.is_some(), is_asked_for, "{told}");
                assert!(left <= wait, "what is left of the wait");
                let mut told = told.clone();
                told.as_object_mut().unwrap().remove("retry_after_ms");
                assert_eq!(kept, told);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_too_often_is_left_alone_and_another_is_named() {
    on_both(async |setup| {
        let app = setup.start_with_every_provider().await;
        let ada = app.register("ada").await;
        // The lists are read: who cannot be reached is not named.
        ada.get("/api/v1/chat/models").await.ok();
        let health = async || app.stranger().get("/health").await.ok();
        let before = health().await;
        assert_eq!(
            (&before["status"], &before["services"]["openai"]["status"]),
            (&json!("healthy"), &json!("healthy"))
        );
        assert!(before["services"].get("offline").is_none());

        for _ in 0..5 {
            app.emulator.script(Script::status(503, "{}"));
        }
        ada.send("Are you there?", "echo").await.rest().await;
        let open = error(&ada.send("Are you there?", "echo").await.rest().await);
        assert_eq!(app.emulator.requests().len(), 5, "it is not asked any more");
        assert_eq!(open["message"], "OpenAI is not answering; try Gemini. Your message is saved.");
        assert_eq!((&open["code"], &open["retryable"]), (&json!("provider_unavailable"), &json!(true)));
        assert!((1..=5_000).contains(&open["retry_after_ms"].as_u64().unwrap()), "{open}");

        let after = health().await;
        assert_eq!(
            (&after["status"], &after["services"]["openai"]),
            (&json!("degraded"), &json!({ "status": "unhealthy", "cause": "provider_unavailable" }))
        );
        assert_eq!(after["services"]["gemini"], json!({ "status": "healthy" }));
        assert_eq!(app.stranger().get("/health/ready").await.status, 200);
        let menu = ada.post("/fn/list_models", &json!({})).await.ok();
        let problem = menu[0]["problem"].as_str().unwrap();
        assert!(
            problem.starts_with("OpenAI is not answering. It can be asked again in ") && problem.ends_with(" s."),
            "{problem}"
        );
        assert!(menu[1]["problem"].is_null(), "{menu}");
        let other = json!({ "message": "And you?", "provider": "gemini", "model": "echo" });
        assert_eq!(ada.stream(&other).await.rest().await.last().unwrap().name, "done");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_else_is_well_nobody_is_named() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        // Ollama is configured here and cannot be reached; Offline is no alternative to a model.
        ada.get("/api/v1/chat/models").await.ok();
        for _ in 0..5 {
            app.emulator.script(Script::status(503, "{}"));
        }
        ada.send("Are you there?", "echo").await.rest().await;
        let open = error(&ada.send("Are you there?", "echo").await.rest().await);
        let said = "OpenAI is not answering. Your message is saved. Try again in a moment, or choose another model.";
        assert_eq!(open["message"], said);
    })
    .await;
}
