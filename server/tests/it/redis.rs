//! Redis beside Lia: what it carries, and that nothing depends on it.

use crate::support::{PrivateRedis, Proxy, Setup, TestApp, on_both, redis_url, text};
use axum::{Router, extract::State, http::HeaderMap, routing::post};
use emulator::{Gate, Script};
use futures_util::StreamExt as _;
use redis::AsyncTypedCommands as _;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

const ANSWER: &str = "one two three four five";
const LIFE: Duration = Duration::from_mins(1);

/// Returns once `/health/cache` says this of Redis.
async fn until(app: &TestApp, status: &str) -> Value {
    loop {
        let health = app.stranger().get("/health/cache").await.ok();
        if health["status"] == status {
            return health;
        }
    }
}

/// Two nodes on one Postgres and one Redis, which both of them have reached. The second one knows that it is not alone.
async fn two_nodes(setup: Setup, redis: &str) -> Option<(TestApp, TestApp)> {
    let url = setup.variable("DATABASE_URL")?.to_owned();
    let first = setup.with("REDIS_URL", redis).start().await;
    let second = first.another(&url).await;
    until(&first, "healthy").await;
    until(&second, "healthy").await;
    Some((first, second))
}

/// What is heard on the channels of all installations.
async fn listen(url: &str) -> redis::aio::PubSub {
    let mut heard = redis::Client::open(url).unwrap().get_async_pubsub().await.unwrap();
    heard.psubscribe("lia:*:hints").await.unwrap();
    heard
}

/// A run that `second` writes while it is followed at `first`, up to its second word; its hints have been heard on Redis.
/// Then somebody who is no node of Lia tells on that channel that it is to be stopped, and it is.
async fn hints_travel(first: &TestApp, second: &TestApp, redis: &str) {
    let mut heard = listen(redis).await;
    let grace = first.register("grace").await;
    let there = second.as_seen_by(&grace);
    let gate = Gate::new();
    second.emulator.script(Script::text(ANSWER).gate(2, &gate));
    let mut events = there.send("Count to five.", "echo").await;
    let start = events.expect("start").await.data;
    let run = start["run_id"].as_str().unwrap();
    let mut followed = grace.follow(run, None).await;
    followed.expect("start").await;
    assert_eq!(followed.text_of("one two ".len()).await.0, "one two ");
    let mut messages = heard.on_message();
    let channel = loop {
        let message = messages.next().await.unwrap();
        let hint: String = message.get_payload().unwrap();
        if hint.starts_with("written ") && hint.contains(run) {
            break message.get_channel_name().to_owned();
        }
    };
    let mut teller = redis::Client::open(redis).unwrap().get_multiplexed_async_connection().await.unwrap();
    let told = tokio::select! {
        told = followed.rest() => told,
        // Until the node listens, which it may begin to do a moment after it has a connection.
        () = async { loop { teller.publish(&channel, format!("stop {run}")).await.unwrap(); } } => unreachable!(),
    };
    assert_eq!(told.last().unwrap().data["finish_reason"], "stopped", "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_travel_by_redis() {
    let Some(redis) = redis_url() else { return };
    on_both(async |setup| {
        let Some((first, second)) = two_nodes(setup, &redis).await else { return };
        hints_travel(&first, &second, &redis).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_travel_by_a_cluster_and_values_are_kept_wherever_they_belong() {
    let Some(cluster) = PrivateRedis::start_cluster().await else { return };
    let url = format!("{}?cluster=true", cluster.url());
    on_both(async |setup| {
        let Some((first, second)) = two_nodes(setup, &url).await else { return };
        assert_eq!(first.stranger().get("/health/cache").await.ok()["redis"], "cluster");
        let keys: Vec<String> = (0..20).map(|number| format!("conv:{number}")).collect();
        let (here, there) = (first.backend().redis().unwrap(), second.backend().redis().unwrap());
        for key in &keys {
            here.set(key, &format!("value of {key}"), LIFE).await;
            assert_eq!(there.get(key).await, Some(format!("value of {key}")));
        }
        there.delete(&keys.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for key in &keys {
            assert_eq!(here.get(key).await, None);
        }
        hints_travel(&first, &second, &cluster.url()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_with_redis() {
    let Some(redis) = redis_url() else { return };
    on_both(async |setup| {
        let line = Proxy::start(&redis).await;
        let Some((first, second)) = two_nodes(setup, &line.url()).await else { return };
        let ada = first.register("ada").await;
        let there = second.as_seen_by(&ada);
        for break_it in [Proxy::break_off, Proxy::cut] {
            let gate = Gate::new();
            second.emulator.script(Script::text(ANSWER).gate(2, &gate));
            let mut events = there.send("Count to five.", "echo").await;
            let start = events.expect("start").await.data;
            let run = start["run_id"].as_str().unwrap().to_owned();
            let mut followed = ada.follow(&run, None).await;
            followed.expect("start").await;
            assert_eq!(followed.text_of("one two ".len()).await.0, "one two ");

            break_it(&line);
            gate.open();
            let told = followed.rest().await;
            assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), ("three four five", "done"));
            let health = until(&first, "degraded").await;
            assert_eq!((&health["redis"], &health["latency_ms"]), (&json!("server"), &Value::Null));
            let health = first.stranger().get("/health").await.ok();
            assert_eq!(
                (&health["status"], &health["services"]["cache"]["status"]),
                (&json!("degraded"), &json!("degraded"))
            );

            // A stop finds its way too.
            let gate = Gate::new();
            second.emulator.script(Script::text(ANSWER).gate(2, &gate));
            let mut events = there.send("Count to five.", "echo").await;
            let start = events.expect("start").await.data;
            gate.reached().await;
            let path = format!("/api/v1/chat/runs/{}/stop", start["run_id"].as_str().unwrap());
            assert_eq!(ada.post(&path, &json!(null)).await.status, 204);
            assert_eq!(events.rest().await.last().unwrap().data["finish_reason"], "stopped");

            line.mend();
            until(&first, "healthy").await;
            until(&second, "healthy").await;
        }
        assert_eq!(first.stranger().get("/health").await.ok()["services"]["cache"]["status"], "healthy");
        hints_travel(&first, &second, &redis).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lia_starts_without_the_redis_that_she_was_told_of() {
    on_both(async |setup| {
        // Nothing listens at the discard port.
        let app = setup.with("REDIS_URL", "redis://127.0.0.1:9").start().await;
        let health = app.stranger().get("/health/cache").await.ok();
        assert_eq!((&health["status"], &health["redis"]), (&json!("degraded"), &json!("server")));
        let ada = app.register("ada").await;
        app.emulator.script(Script::text(ANSWER));
        assert_eq!(text(&ada.send("Count to five.", "echo").await.rest().await), ANSWER);
    })
    .await;
}

/// What a stand-in of Upstash's remembers.
type Remembered = Arc<Mutex<HashMap<String, String>>>;

/// One command of its REST API.
async fn obey(State(remembered): State<Remembered>, headers: HeaderMap, command: String) -> String {
    assert_eq!(headers["authorization"], "Bearer hunter22");
    let mut remembered = remembered.lock().unwrap();
    let words: Vec<String> = serde_json::from_str(&command).unwrap();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["PING"] => json!("PONG"),
        ["GET", key] => json!(remembered.get(key)),
        ["SET", key, value, "PX", "60000"] => {
            remembered.insert(key.to_owned(), value.to_owned());
            json!("OK")
        }
        ["DEL", ref keys @ ..] => json!(keys.iter().filter_map(|key| remembered.remove(*key)).count()),
        _ => panic!("Upstash is asked for {words:?}"),
    };
    json!({ "result": result }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn upstash_remembers_over_http() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(obey)).with_state(Remembered::default());
    let tasks = TaskTracker::new();
    tasks.spawn(async move { axum::serve(listener, router).await });
    on_both(async |setup| {
        let setup = setup.with("UPSTASH_REDIS_REST_URL", &url).with("UPSTASH_REDIS_REST_TOKEN", "hunter22");
        let database_url = setup.variable("DATABASE_URL").map(ToOwned::to_owned);
        let app = setup.start().await;
        assert_eq!(until(&app, "healthy").await["redis"], "upstash");
        let redis = app.backend().redis().unwrap();
        redis.set("conv:1", "\"Grüße\"\n", LIFE).await;
        assert_eq!(redis.get("conv:1").await.as_deref(), Some("\"Grüße\"\n"));
        redis.delete(&["conv:1", "conv:2"]).await;
        assert_eq!(redis.get("conv:1").await, None);
        assert!(!redis.publish("released").await, "nobody could hear it: Postgres carries hints");

        let Some(database_url) = database_url else { return };
        let second = app.another(&database_url).await;
        let ada = app.register("ada").await;
        let there = second.as_seen_by(&ada);
        app.emulator.script(Script::text(ANSWER));
        let run = there.send("Count to five.", "echo").await.expect("start").await.data["run_id"].clone();
        assert_eq!(text(&ada.follow(run.as_str().unwrap(), None).await.rest().await), ANSWER);
    })
    .await;
}
