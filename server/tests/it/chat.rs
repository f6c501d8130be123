//! Runs: sending, following, coming back, stopping.

use crate::support::{Client, Events, Proxy, TestApp, on_both, text};
use emulator::{Gate, Script, State};
use insta::{allow_duplicates, assert_json_snapshot};
use reqwest::Method;
use serde_json::{Value, json};

const ANSWER: &str = "one two three four five";

async fn detail(user: &Client, conversation: &str) -> Value {
    user.get(&format!("/api/v1/chat/conversation/{conversation}")).await.ok()
}

/// An answer that stands still after two words, its run and its follower.
async fn held(app: &TestApp, user: &Client, gate: &Gate) -> (Value, Events) {
    app.emulator.script(Script::text(ANSWER).gate(2, gate));
    let mut events = user.send("Count to five.", "echo").await;
    let start = events.expect("start").await.data;
    gate.reached().await;
    (start, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_answered_and_kept() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        app.emulator.script(Script::text(ANSWER));
        let events = ada.send("Count to five.", "echo").await.rest().await;
        let names: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
        assert_eq!((&names[..2], names.last()), (["start", "sentiment"].as_slice(), Some(&"done")));
        assert!(names[2..names.len() - 1].iter().all(|name| *name == "chunk"), "{names:?}");
        assert!(events.windows(2).all(|pair| number(&pair[0].id) < number(&pair[1].id)), "ids grow");
        assert_eq!(text(&events), ANSWER);
        allow_duplicates! {
            assert_json_snapshot!(events[0].data, {
                ".conversation_id" => "[uuid]",
                ".run_id" => "[uuid]",
            }, @r#"
            {
              "conversation_id": "[uuid]",
              "message_id": 2,
              "run_id": "[uuid]",
              "title": "Count to five.",
              "user_message_id": 1
            }
            "#);
        }
        assert_eq!(events.last().unwrap().data["finish_reason"], "stop");

        let conversation = events[0].data["conversation_id"].as_str().unwrap();
        let answer = detail(&ada, conversation).await;
        allow_duplicates! {
            assert_json_snapshot!(answer, {
                ".id" => "[uuid]",
                ".created_at" => "[time]",
                ".updated_at" => "[time]",
                ".messages[].created_at" => "[time]",
                ".messages[1].model_info.usage" => "[usage]",
                ".messages[0].sentiment_data" => "[sentiment]",
                ".sentiment" => "[sentiment]",
                ".usage" => "[usage]",
            }, @r#"
            {
              "created_at": "[time]",
              "has_more": false,
              "id": "[uuid]",
              "messages": [
                {
                  "content": "Count to five.",
                  "created_at": "[time]",
                  "id": 1,
                  "model_info": null,
                  "parent_id": null,
                  "role": "user",
                  "run": null,
                  "sentiment_data": "[sentiment]",
                  "siblings": {
                    "count": 1,
                    "index": 1,
                    "next_id": null,
                    "previous_id": null
                  },
                  "status": "complete"
                },
                {
                  "content": "one two three four five",
                  "created_at": "[time]",
                  "id": 2,
                  "model_info": {
                    "finish_reason": "stop",
                    "model": "echo",
                    "provider": "openai",
                    "usage": "[usage]"
                  },
                  "parent_id": 1,
                  "role": "assistant",
                  "run": null,
                  "sentiment_data": null,
                  "siblings": {
                    "count": 1,
                    "index": 1,
                    "next_id": null,
                    "previous_id": null
                  },
                  "status": "complete"
                }
              ],
              "model": {
                "model": "echo",
                "provider": "openai"
              },
              "sentiment": "[sentiment]",
              "title": "Count to five.",
              "total_messages": 2,
              "updated_at": "[time]",
              "usage": "[usage]"
            }
            "#);
        }
    })
    .await;
}

fn number(id: &str) -> i64 {
    id.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_lia_answers_offline() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let catalogue = ada.get("/api/v1/chat/models").await.ok();
        let model = catalogue["offline"][0]["id"].clone();
        let request = json!({ "message": "I feel tired.", "provider": "offline", "model": model });
        let events = ada.stream(&request).await.rest().await;
        assert!(!text(&events).is_empty());
        assert_eq!(events.last().unwrap().name, "done");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conversation_is_the_models_context() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        app.emulator.script(Script::text("Hello Ada."));
        let first = ada.send("My name is Ada.", "echo").await.rest().await;
        app.emulator.script(Script::text("Ada."));
        let conversation = first[0].data["conversation_id"].clone();
        let request = json!({
            "message": "What is my name?", "provider": "openai", "model": "echo", "conversation_id": conversation
        });
        let second = ada.stream(&request).await.rest().await;
        assert_eq!(second[0].data["conversation_id"], conversation);
        assert_eq!(second[0].data.get("title"), None, "the conversation has its title");
        let asked = app.emulator.requests().last().unwrap().body.to_string();
        for part in ["My name is Ada.", "Hello Ada.", "What is my name?"] {
            assert!(asked.contains(part), "{part} is not in {asked}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_comes_back_where_it_was() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        let (start, mut events) = held(&app, &ada, &gate).await;
        let (run, conversation) = (start["run_id"].as_str().unwrap(), start["conversation_id"].as_str().unwrap());
        let (before, last) = events.text_of("one two ".len()).await;
        assert_eq!(before, "one two ");
        // The connection is gone, the answer is not.
        drop(events);

        let same = ada.follow(run, Some(&last)).await;
        let whole = ada.follow(run, None).await;
        let message = detail(&ada, conversation).await["messages"][1].clone();
        assert_eq!(message["status"], "streaming");
        let seen = message["content"].as_str().unwrap();
        assert!(before.starts_with(seen) || seen.starts_with(&before), "{seen:?}");
        let place = message["run"]["last_event_id"].to_string();
        assert_eq!(message["run"]["id"], run);
        let reloaded = ada.follow(run, Some(&place)).await;

        gate.open();
        let same = same.rest().await;
        assert_eq!(format!("{before}{}", text(&same)), ANSWER);
        assert_eq!(text(&whole.rest().await), ANSWER);
        let reloaded = reloaded.rest().await;
        let snapshot = reloaded.iter().any(|event| event.name == "snapshot");
        let shown = if snapshot { text(&reloaded) } else { format!("{seen}{}", text(&reloaded)) };
        assert_eq!(shown, ANSWER);
        assert_eq!(detail(&ada, conversation).await["messages"][1]["content"], ANSWER);

        let end = &same.last().unwrap().id;
        let path = format!("/api/v1/chat/runs/{run}/events");
        let nothing = ada.get(&format!("{path}?after={end}")).await;
        assert_eq!((nothing.status, nothing.text.as_str()), (204, ""));
        assert_eq!(
            text(&ada.follow(run, None).await.rest().await),
            ANSWER,
            "a run that is over is told from the start"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_keeps_what_was_written() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        let (start, mut events) = held(&app, &ada, &gate).await;
        let run = start["run_id"].as_str().unwrap();
        events.text_of("one two ".len()).await;
        assert_eq!(ada.post(&format!("/api/v1/chat/runs/{run}/stop"), &json!(null)).await.status, 204);
        assert_eq!(events.expect("done").await.data["finish_reason"], "stopped");
        assert_eq!(events.next().await, None);
        app.emulator.wait_until(|requests| matches!(requests[0].state, State::Disconnected)).await;

        let message = detail(&ada, start["conversation_id"].as_str().unwrap()).await["messages"][1].clone();
        assert_eq!((&message["status"], &message["content"]), (&json!("stopped"), &json!("one two ")));
        assert_eq!(ada.post(&format!("/api/v1/chat/runs/{run}/stop"), &json!(null)).await.status, 204, "again is fine");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_is_repeated_is_the_same_run() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        app.emulator.script(Script::text(ANSWER));
        let mut request = json!({
            "message": "Count to five.", "provider": "openai", "model": "echo",
            "client_message_id": "0190a7c4-5b1e-4000-8000-000000000002",
        });
        let first = ada.stream(&request).await.rest().await;
        let again = ada.stream(&request).await.rest().await;
        assert_eq!(first[0].data["run_id"], again[0].data["run_id"]);
        assert_eq!(text(&again), ANSWER);
        assert_eq!(app.emulator.requests().len(), 1, "the provider is asked once");

        request["message"] = json!("Count to six.");
        assert_eq!(ada.post("/api/v1/chat/stream", &request).await.code(), "idempotency_conflict");

        let bob = app.register("bob").await;
        let his = bob.stream(&request).await.rest().await;
        assert_ne!(his[0].data["run_id"], first[0].data["run_id"], "the id is unique to its user");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_sends_for_nobody_but_the_one_whose_it_is() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.browser();
        ada.register("ada").await;
        let id = ada.me().await.ok()["id"].as_i64().unwrap();
        let send = async |writer: Value| {
            let request = json!({ "message": "m", "provider": "openai", "model": "echo" });
            ada.call(Method::POST, "/fn/start_run", &json!({ "request": request, "writer": writer })).await
        };
        assert_eq!(send(json!(id)).await.status, 200);
        assert_eq!(send(json!(id + 1)).await.code(), "not_signed_in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_was_stored_without_word_of_it_is_written() {
    on_both(async |setup| {
        // SQLite is in the process: there is no line to break.
        let Some(url) = setup.variable("DATABASE_URL") else { return };
        let proxy = Proxy::start(url).await;
        let app = setup.with("DATABASE_URL", &proxy.url()).start().await;
        let ada = app.register("ada").await;
        app.emulator.script(Script::text(ANSWER));
        proxy.lose_next_start();
        let events = ada.send("Count to five.", "echo").await.rest().await;
        assert!(proxy.has_lost_it());
        assert_eq!(text(&events), ANSWER);
        assert_eq!(events[0].data["title"], "Count to five.");
        let answer = detail(&ada, events[0].data["conversation_id"].as_str().unwrap()).await;
        assert_eq!(answer["messages"][1]["status"], "complete");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_is_written_at_a_time() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        let (start, events) = held(&app, &ada, &gate).await;
        let request = json!({
            "message": "And?", "provider": "openai", "model": "echo", "conversation_id": start["conversation_id"]
        });
        assert_eq!(ada.post("/api/v1/chat/stream", &request).await.code(), "run_in_progress");
        gate.open();
        events.rest().await;
        assert_eq!(ada.post("/api/v1/chat/stream", &request).await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_provider_is_an_event_and_the_question_stays() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let failures = [
            (Script::status(401, "{}"), "provider_authentication", "failed", ""),
            (Script::text(ANSWER).cut(2), "interrupted", "interrupted", "one two "),
        ];
        for (script, code, status, kept) in failures {
            // Asked to go on, it breaks off at the same word.
            let times = if kept.is_empty() { 1 } else { 2 };
            (0..times).for_each(|_| app.emulator.script(script.clone()));
            let events = ada.send("Are you there?", "echo").await.rest().await;
            let last = events.last().unwrap();
            assert_eq!((last.name.as_str(), &last.data["code"]), ("error", &json!(code)), "{last:?}");
            let conversation = detail(&ada, events[0].data["conversation_id"].as_str().unwrap()).await;
            assert_eq!(conversation["messages"][0]["content"], "Are you there?");
            assert_eq!(conversation["messages"][1]["status"], status);
            assert_eq!(conversation["messages"][1]["content"], kept);
        }
        app.emulator.script(Script::status(503, "{}"));
        app.emulator.script(Script::text(ANSWER));
        let events = ada.send("Are you there?", "echo").await.rest().await;
        assert_eq!(events.last().unwrap().name, "done", "what fails before the first word is tried again: {events:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_messages_are_refused_before_anything_is_saved() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let send = async |request: Value| ada.post("/api/v1/chat/stream", &request).await;
        for message in [json!(""), json!(" \n"), json!("a\0b"), json!("x".repeat(200_001)), json!(7)] {
            let answer = send(json!({ "message": message })).await;
            assert_eq!(answer.code(), "validation_failed", "{:.40}", message.to_string());
        }
        let nowhere = "0190a7c4-5b1e-7000-8000-000000000009";
        let unknown = send(json!({ "message": "m", "conversation_id": nowhere })).await;
        assert_eq!(unknown.code(), "conversation_not_found");
        assert_eq!(send(json!({ "message": "m", "conversation_id": "x" })).await.code(), "validation_failed");
        assert_eq!(send(json!({ "message": "m", "provider": "nobody" })).await.code(), "validation_failed");
        assert_eq!(ada.get("/api/v1/chat/history").await.ok()["conversations"], json!([]));

        let longest =
            format!(r#"{{"message":"{}","provider":"openai","model":"tokens-100"}}"#, "\\ud83c\\udf19".repeat(200_000));
        let request = ada.request(Method::POST, "/api/v1/chat/stream").header("content-type", "application/json");
        let events = Events::open(request.body(longest)).await.rest().await;
        assert_eq!(events.last().unwrap().name, "done", "the longest message, in the longest way to write it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_leaves_with_the_sign_in() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        let (start, events) = held(&app, &ada, &gate).await;
        assert_eq!(ada.post("/api/v1/auth/logout", &json!(null)).await.status, 204);
        let events = events.rest().await;
        assert!(events.iter().all(|event| ["sentiment", "chunk"].contains(&event.name.as_str())), "{events:?}");
        gate.open();

        let login = json!({ "email": "ada@example.com", "password": crate::support::PASSWORD });
        let token = app.stranger().post("/api/v1/auth/login", &login).await.ok()["access_token"].clone();
        let ada = app.stranger().with_token(token.as_str().unwrap());
        let events = ada.follow(start["run_id"].as_str().unwrap(), None).await.rest().await;
        assert_eq!(text(&events), ANSWER, "the answer was written to its end");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_a_shutdown_cuts_off_is_written_to_its_end_after_the_start() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        let (start, mut events) = held(&app, &ada, &gate).await;
        let (before, last) = events.text_of("one two ".len()).await;
        app.stop().await;
        while let Some(event) = events.next().await {
            assert_ne!(event.name, "chunk");
        }
        assert_eq!(events.retry, Some(1000));
        app.emulator.script(Script::text("three four five"));
        let app = app.restart().await;
        let ada = app.as_seen_by(&ada);
        // What was shown is replaced by what was kept, and goes on from there.
        let told = ada.follow(start["run_id"].as_str().unwrap(), Some(&last)).await.rest().await;
        assert_eq!(told[0].name, "snapshot");
        assert!(told[0].data["content"].as_str().unwrap().starts_with(&before), "{told:?}");
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));
        assert_eq!(text(&ada.follow(start["run_id"].as_str().unwrap(), None).await.rest().await), ANSWER);
        let message = detail(&ada, start["conversation_id"].as_str().unwrap()).await["messages"][1].clone();
        assert_eq!((&message["status"], &message["content"]), (&json!("complete"), &json!(ANSWER)));
        assert_eq!(message["model_info"]["seams"], json!([before.len()]));
        // The model was told what to go on with.
        let asked = app.emulator.requests().last().unwrap().body["messages"].clone();
        let asked = asked.as_array().unwrap();
        let [.., kept, go_on] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!((&kept["role"], &kept["content"]), (&json!("assistant"), &json!(before)));
        assert_eq!(go_on["role"], "user");
    })
    .await;
}
