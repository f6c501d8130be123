//! The database at its worst: silent, or asked for the same rows by several at once.

use crate::support::{Client, Events, PATIENCE, Proxy, TestApp, on_both, text};
use emulator::{Gate, Script};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

const ANSWER: &str = "one two three";

/// An answer that stands still after its first word: its run and its follower.
async fn held(app: &TestApp, user: &Client, gate: &Gate) -> (Value, Events) {
    app.emulator.script(Script::text(ANSWER).gate(1, gate));
    let mut events = user.send("Count to three.", "echo").await;
    let start = events.expect("start").await.data;
    gate.reached().await;
    (start, events)
}

/// Returns once so many wait for what somebody else holds.
async fn wait_until_waiting(connection: &mut PgConnection, many: i64) {
    let query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(query).fetch_one(&mut *connection).await.unwrap() < many {
        // The server tells nobody.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_and_a_start_in_one_conversation_do_not_wait_for_each_other() {
    on_both(async |setup| {
        // SQLite has one writer: nobody holds anything else.
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        let (start, events) = held(&app, &ada, &gate).await;
        let mut holder = PgConnection::connect(&url).await.unwrap();
        let mut looking = PgConnection::connect(&url).await.unwrap();
        let mut holding = holder.begin().await.unwrap();
        sqlx::query("update conversations set title = title").execute(&mut *holding).await.unwrap();
        let request = json!({
            "message": "And?", "provider": "openai", "model": "echo", "conversation_id": start["conversation_id"]
        });
        let next = TaskTracker::new().spawn(async move { ada.post("/api/v1/chat/stream", &request).await });
        wait_until_waiting(&mut looking, 1).await;
        gate.open();
        wait_until_waiting(&mut looking, 2).await;
        // Whoever holds the conversation has its runs too.
        sqlx::query("select id from runs for update nowait").execute(&mut *holding).await.unwrap();
        holding.commit().await.unwrap();
        // Whichever of the two was first to have the conversation.
        let next = next.await.unwrap();
        assert!(next.status == 200 || next.code() == "run_in_progress", "{}", next.text);
        let told = events.rest().await;
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_never_answered_holds_nobody_up_for_ever() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL") else { return };
        let proxy = Proxy::start(url).await;
        let app = setup.with("DATABASE_URL", &proxy.url()).start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        proxy.swallow_next_start();
        let request = json!({ "message": "Are you there?", "provider": "openai", "model": "echo" });
        let lost = TaskTracker::new().spawn(async move { ada.post("/api/v1/chat/stream", &request).await });
        proxy.swallowed().await;
        app.emulator.script(Script::text(ANSWER));
        let told = timeout(PATIENCE, async { bob.send("Count to three.", "echo").await.rest().await }).await.unwrap();
        assert_eq!(text(&told), ANSWER);
        assert_eq!(timeout(PATIENCE, lost).await.unwrap().unwrap().code(), "database_unavailable");
    })
    .await;
}
