//! Answers for which there is no room yet: kept, written in turn, and lost by nothing.

use crate::support::{Client, Events, PATIENCE, TestApp, on_both, text};
use emulator::{Gate, Script};
use serde_json::{Value, json};

const ANSWER: &str = "one two three";

/// Sends a message whose answer has to wait; its start and its follower.
async fn queued(user: &Client) -> (Value, Events) {
    let mut events = user.send("Count to three.", "echo").await;
    let start = events.expect("start").await.data;
    assert_eq!(start["queued"], true);
    (start, events)
}

/// Sends a message whose answer stands still after one word, so that its user has no more room.
async fn held(app: &TestApp, user: &Client, gate: &Gate) -> Events {
    app.emulator.script(Script::text(ANSWER).gate(1, gate));
    let events = user.send("Count to three.", "echo").await;
    gate.reached().await;
    events
}

async fn message(user: &Client, start: &Value) -> Value {
    let conversation = start["conversation_id"].as_str().unwrap();
    user.get(&format!("/api/v1/chat/conversation/{conversation}")).await.ok()["messages"][1].clone()
}

async fn stop(user: &Client, start: &Value) {
    let path = format!("/api/v1/chat/runs/{}/stop", start["run_id"].as_str().unwrap());
    assert_eq!(user.post(&path, &json!(null)).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_no_room_is_answered_in_turn_and_a_full_queue_says_so() {
    on_both(async |setup| {
        let setup = setup.with("LIA_MAX_RUNS", "2").with("LIA_MAX_RUNS_PER_USER", "1");
        let app = setup.with("LIA_MAX_WAITING_RUNS", "2").start().await;
        let users = [app.register("ada").await, app.register("bob").await, app.register("eve").await];
        let [ada, bob, eve] = &users;
        let gate = Gate::new();
        let first = held(&app, ada, &gate).await;
        let (waiting, in_turn) = queued(ada).await;
        assert_eq!(
            message(ada, &waiting).await["status"],
            "streaming",
            "it is stored, and shown where it is looked at"
        );

        let request = json!({ "message": "Count to three.", "provider": "openai", "model": "echo" });
        let refused = ada.post("/api/v1/chat/stream", &request).await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_runs"));
        assert_eq!(refused.header("retry-after"), "3");
        let second = held(&app, bob, &gate).await;
        let (_, for_eve) = queued(eve).await;
        let refused = eve.post("/api/v1/chat/stream", &request).await;
        assert_eq!((refused.status, refused.code().as_str()), (503, "busy"));
        assert_eq!(app.emulator.requests().len(), 2, "no provider was asked for who waits");

        for _ in [&in_turn, &for_eve] {
            app.emulator.script(Script::text(ANSWER));
        }
        gate.open();
        for events in [first, second, in_turn, for_eve] {
            let told = events.rest().await;
            assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_can_be_stopped_and_then_waits_no_more() {
    on_both(async |setup| {
        let app = setup.with("LIA_MAX_RUNS", "1").start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let gate = Gate::new();
        let first = held(&app, &ada, &gate).await;
        let (start, events) = queued(&ada).await;
        let (gone, lost) = queued(&ada).await;
        let (_, for_bob) = queued(&bob).await;
        stop(&ada, &start).await;
        assert_eq!(events.rest().await.last().unwrap().data["finish_reason"], "stopped");
        assert_eq!(message(&ada, &start).await["status"], "stopped");
        let conversation = format!("/api/v1/chat/conversation/{}", gone["conversation_id"].as_str().unwrap());
        assert_eq!(ada.delete(&conversation).await.status, 204);
        lost.rest().await;
        app.emulator.script(Script::text(ANSWER));
        gate.open();
        assert_eq!(text(&first.rest().await), ANSWER);
        assert_eq!(text(&for_bob.rest().await), ANSWER);
        assert_eq!(app.emulator.requests().len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_outlives_a_restart() {
    on_both(async |setup| {
        let app = setup.with("LIA_MAX_RUNS", "1").start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let gate = Gate::new();
        let _first = held(&app, &ada, &gate).await;
        let (start, _events) = queued(&bob).await;
        app.emulator.script(Script::text(ANSWER));
        app.emulator.script(Script::text(ANSWER));
        let app = app.restart().await;
        let bob = app.as_seen_by(&bob);
        let told = bob.follow(start["run_id"].as_str().unwrap(), None).await.rest().await;
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));
        let message = message(&bob, &start).await;
        assert_eq!((&message["status"], &message["content"]), (&json!("complete"), &json!(ANSWER)));
        gate.open();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_goes_down_hands_over_who_waits_at_once() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let first = setup.with("LIA_MAX_RUNS", "1").start().await;
        let second = first.another(&url).await;
        let ada = first.register("ada").await;
        let gate = Gate::new();
        let held = held(&first, &ada, &gate).await;
        let (start, _events) = queued(&ada).await;
        second.emulator.script(Script::text(ANSWER));
        let there = second.as_seen_by(&ada);
        let follow = async {
            let told = there.follow(start["run_id"].as_str().unwrap(), None).await.rest().await;
            // The one that is being written has time to end where it is, and this one did not wait for it.
            gate.open();
            told
        };
        let ((), told) = tokio::join!(first.backend().shut_down(PATIENCE), follow);
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));
        assert_eq!(text(&held.rest().await), ANSWER);
        first.stop().await;
    })
    .await;
}
