//! Runs that outlive their node: others go on with them, and no two write one.

use crate::support::{Client, Events, PATIENCE, Proxy, TestApp, on_both, text};
use emulator::{Gate, Script, State};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use std::time::Duration;
use tokio::time::timeout;

const ANSWER: &str = "one two three four five";
/// Short, so that nobody waits for a death; long enough to be kept on a busy machine.
const LEASE: Duration = Duration::from_millis(1_500);

async fn message(user: &Client, start: &Value) -> Value {
    let conversation = start["conversation_id"].as_str().unwrap();
    user.get(&format!("/api/v1/chat/conversation/{conversation}")).await.ok()["messages"][1].clone()
}

/// An answer that stands still after two words which are stored, its run and its follower.
async fn held(app: &TestApp, user: &Client, gate: &Gate) -> (Value, Events) {
    app.emulator.script(Script::text(ANSWER).gate(2, gate));
    let mut events = user.send("Count to five.", "echo").await;
    let start = events.expect("start").await.data;
    gate.reached().await;
    assert_eq!(events.text_of("one two ".len()).await.0, "one two ");
    (start, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_loses_its_run_to_another_and_writes_no_more() {
    on_both(async |setup| {
        // A SQLite file has one node.
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let proxy = Proxy::start(&url).await;
        let first = setup.with("DATABASE_URL", &proxy.url()).with_lease(LEASE).start().await;
        let second = first.another(&url).await;
        let ada = first.register("ada").await;
        let gate = Gate::new();
        let (start, events) = held(&first, &ada, &gate).await;
        let run = start["run_id"].as_str().unwrap();
        // Followers at the other node read the log.
        let there = second.as_seen_by(&ada);
        let mut elsewhere = there.follow(run, None).await;
        elsewhere.expect("start").await;
        assert_eq!(elsewhere.text_of("one two ".len()).await.0, "one two ");

        proxy.cut();
        second.emulator.script(Script::text("three four five"));
        let told = elsewhere.rest().await;
        assert_eq!(told[0].name, "snapshot");
        assert!(told[0].data["content"].as_str().unwrap().starts_with("one two "), "{told:?}");
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));

        // The first one wakes up, hears the rest of its own answer, and may not store it.
        gate.open();
        proxy.mend();
        let told = events.rest().await;
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"), "{told:?}");
        for user in [&ada, &there] {
            let message = message(user, &start).await;
            assert_eq!((&message["status"], &message["content"]), (&json!("complete"), &json!(ANSWER)));
            assert_eq!(message["model_info"]["seams"], json!([8]));
            assert_eq!(text(&user.follow(run, None).await.rest().await), ANSWER);
        }
    })
    .await;
}

/// An answer that was stopped after two words and is being gone on with: a third one is there, and then it stands still.
async fn held_going_on(app: &TestApp, user: &Client, gate: &Gate) -> (Value, Events) {
    let halt = Gate::new();
    let (start, events) = held(app, user, &halt).await;
    let stop = format!("/api/v1/chat/runs/{}/stop", start["run_id"].as_str().unwrap());
    assert_eq!(user.post(&stop, &json!({})).await.status, 204);
    events.rest().await;
    halt.open();
    app.emulator.script(Script::text("three four five").gate(1, gate));
    let path = format!("/api/v1/chat/messages/{}/continue", start["message_id"]);
    let mut events = Events::open(user.request(Method::POST, &path).json(&json!({}))).await;
    let start = events.expect("start").await.data;
    assert_eq!(events.expect("snapshot").await.data["content"], "one two ");
    gate.reached().await;
    assert_eq!(events.text_of("three ".len()).await.0, "three ");
    (start, events)
}

/// What is left of an answer that was gone on with, and whose writer was lost: the words of everybody who wrote it.
async fn check_gone_on(user: &Client, start: &Value, emulator: &emulator::Emulator) {
    let message = message(user, start).await;
    assert_eq!((&message["status"], &message["content"]), (&json!("complete"), &json!(ANSWER)));
    assert_eq!(message["model_info"]["seams"], json!([8, 14]));
    assert_eq!(text(&user.follow(start["run_id"].as_str().unwrap(), None).await.rest().await), ANSWER);
    // What it goes on from is what both have written.
    let requests = emulator.requests();
    let asked = requests.last().unwrap().body["messages"].as_array().unwrap().clone();
    let said: Vec<_> = asked.iter().map(|message| (&message["role"], &message["content"])).collect();
    assert_eq!(
        said[1..3],
        [(&json!("user"), &json!("Count to five.")), (&json!("assistant"), &json!("one two three "))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_gone_on_with_is_gone_on_with_by_another_node() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let proxy = Proxy::start(&url).await;
        let first = setup.with("DATABASE_URL", &proxy.url()).with_lease(LEASE).start().await;
        let second = first.another(&url).await;
        let ada = first.register("ada").await;
        let gate = Gate::new();
        let (start, events) = held_going_on(&first, &ada, &gate).await;
        let there = second.as_seen_by(&ada);
        let mut elsewhere = there.follow(start["run_id"].as_str().unwrap(), None).await;
        elsewhere.expect("start").await;
        assert_eq!(elsewhere.expect("snapshot").await.data["content"], "one two ");
        assert_eq!(elsewhere.text_of("three ".len()).await.0, "three ");

        proxy.cut();
        second.emulator.script(Script::text("four five"));
        let told = timeout(PATIENCE, elsewhere.rest()).await.unwrap();
        assert_eq!(told[0].name, "snapshot");
        assert!(told[0].data["content"].as_str().unwrap().starts_with("one two three "), "{told:?}");
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));

        // The first one wakes up and may not store what it hears.
        gate.open();
        proxy.mend();
        let told = timeout(PATIENCE, events.rest()).await.unwrap();
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"), "{told:?}");
        for user in [&ada, &there] {
            check_gone_on(user, &start, &second.emulator).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_gone_on_with_outlives_a_restart() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let (start, _events) = held_going_on(&app, &ada, &Gate::new()).await;
        let used = used(&message(&ada, &start).await);
        app.emulator.script(Script::text("four five"));
        let app = app.restart().await;
        let ada = app.as_seen_by(&ada);
        let run = start["run_id"].as_str().unwrap();
        let told = timeout(PATIENCE, ada.follow(run, None).await.rest()).await.unwrap();
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));
        check_gone_on(&ada, &start, &app.emulator).await;
        // The first run's words, the third one, and the last two with what was read for them.
        assert!(self::used(&message(&ada, &start).await) > used + 3, "nobody's words are forgotten");
    })
    .await;
}

/// The tokens of an answer that were written.
fn used(message: &Value) -> i64 {
    message["model_info"]["usage"]["output_tokens"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reads_the_logs_of_many_runs_leaves_room_for_requests() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let proxy = Proxy::start(&url).await;
        let setup = setup.with("DB_POOL_SIZE", "4").with("DB_MAX_OVERFLOW", "0");
        let first = setup.with("DATABASE_URL", &proxy.url()).with_lease(LEASE).start().await;
        let second = first.another(&url).await;
        let ada = first.register("ada").await;
        let there = second.as_seen_by(&ada);
        let mut runs = Vec::new();
        for _ in 0..8 {
            let (start, _events) = held(&first, &ada, &Gate::new()).await;
            let run = start["run_id"].as_str().unwrap().to_owned();
            let mut stored = there.follow(&run, None).await;
            stored.expect("start").await;
            stored.text_of("one two ".len()).await;
            runs.push(run);
        }
        proxy.cut();
        let mut holder = PgConnection::connect(&url).await.unwrap();
        let mut holding = holder.begin().await.unwrap();
        sqlx::query("lock table run_log in access exclusive mode").execute(&mut *holding).await.unwrap();
        for _ in &runs {
            second.emulator.script(Script::text("three four five"));
        }
        let claimed = "select count(*) from runs where lease_number = 2";
        while sqlx::query_scalar::<_, i64>(claimed).fetch_one(&mut *holding).await.unwrap() < 8 {}
        for _ in 0..20 {
            there.get("/api/v1/chat/history").await.ok();
        }
        holding.commit().await.unwrap();
        for run in runs {
            let told = timeout(PATIENCE, there.follow(&run, None).await.rest()).await.unwrap();
            assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_were_told_and_never_stored_are_taken_back() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let proxy = Proxy::start(&url).await;
        let first = setup.with("DATABASE_URL", &proxy.url()).with_lease(LEASE).start().await;
        let second = first.another(&url).await;
        let ada = first.register("ada").await;
        let (silence, halt, anew) = (Gate::new(), Gate::new(), Gate::new());
        first.emulator.script(Script::text(ANSWER).gate(0, &silence).gate(2, &halt));
        let mut events = ada.send("Count to five.", "echo").await;
        let start = events.expect("start").await.data;
        silence.reached().await;
        proxy.cut();
        silence.open();
        let (_, last) = events.text_of("one two ".len()).await;

        second.emulator.script(Script::text(ANSWER).gate(0, &anew));
        anew.reached().await;
        let run = start["run_id"].as_str().unwrap();
        let mut elsewhere = second.as_seen_by(&ada).follow(run, Some(&last)).await;
        let taken_back = elsewhere.expect("snapshot").await;
        assert_eq!(taken_back.data["content"], "", "the database has no word of it");
        anew.open();
        assert_eq!(text(&elsewhere.rest().await), ANSWER);
        halt.open();
        proxy.mend();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_ends_the_streams_of_every_node() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        // Two that know of each other once the first has renewed its lease.
        let first = setup.with_lease(LEASE).start().await;
        let second = first.another(&url).await;
        let ada = second.register("ada").await;
        let gate = Gate::new();
        let (start, _events) = held(&second, &ada, &gate).await;
        let at_first = first.as_seen_by(&ada);
        let mut elsewhere = at_first.follow(start["run_id"].as_str().unwrap(), None).await;
        elsewhere.expect("start").await;
        assert_eq!(elsewhere.text_of("one two ".len()).await.0, "one two ");
        assert_eq!(ada.post("/api/v1/auth/logout", &json!(null)).await.status, 204);
        assert!(elsewhere.rest().await.is_empty(), "it ends, and the answer goes on");
        gate.open();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_be_claimed_keeps_nobody_from_the_others() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let proxy = Proxy::start(&url).await;
        let first = setup.with("DATABASE_URL", &proxy.url()).with_lease(LEASE).start().await;
        let second = first.another(&url).await;
        let ada = first.register("ada").await;
        let there = second.as_seen_by(&ada);
        let mut elsewhere = Vec::new();
        for _ in 0..2 {
            let (start, _events) = held(&first, &ada, &Gate::new()).await;
            let mut events = there.follow(start["run_id"].as_str().unwrap(), None).await;
            events.expect("start").await;
            events.text_of("one two ".len()).await;
            elsewhere.push(events);
        }
        let mut holder = PgConnection::connect(&url).await.unwrap();
        let mut holding = holder.begin().await.unwrap();
        sqlx::query("select id from runs order by id limit 1 for update").execute(&mut *holding).await.unwrap();
        proxy.cut();
        for _ in 0..2 {
            second.emulator.script(Script::text("three four five"));
        }
        // The newer one, while the older one is held; and that one, once it can be had.
        let told = timeout(PATIENCE, elsewhere.pop().unwrap().rest()).await.unwrap();
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));
        holding.commit().await.unwrap();
        let told = timeout(PATIENCE, elsewhere.pop().unwrap().rest()).await.unwrap();
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_keeps_no_dead_node_alive() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let proxy = Proxy::start(&url).await;
        let first = setup.with("DATABASE_URL", &proxy.url()).with_lease(LEASE).start().await;
        let second = first.another(&url).await;
        let ada = first.register("ada").await;
        let (start, _events) = held(&first, &ada, &Gate::new()).await;
        let mut elsewhere = second.as_seen_by(&ada).follow(start["run_id"].as_str().unwrap(), None).await;
        elsewhere.expect("start").await;
        elsewhere.text_of("one two ".len()).await;
        proxy.cut();
        second.emulator.script(Script::text("three four five"));
        // The leases as a clock sees them that was set back. The second node renews its own.
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let later = "update nodes set lease_until = lease_until + interval '1 hour'";
        sqlx::query(later).execute(&mut connection).await.unwrap();
        let told = timeout(PATIENCE, elsewhere.rest()).await.unwrap();
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_goes_down_leaves_its_runs_to_the_others_at_once() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let first = setup.start().await;
        let second = first.another(&url).await;
        let ada = first.register("ada").await;
        let gate = Gate::new();
        let (start, events) = held(&first, &ada, &gate).await;
        second.emulator.script(Script::text("one two three four five"));
        first.stop().await;
        assert!(events.rest().await.iter().all(|event| event.name == "chunk"));
        let there = second.as_seen_by(&ada);
        let told = there.follow(start["run_id"].as_str().unwrap(), None).await.rest().await;
        assert_eq!(text(&told), ANSWER, "a model that begins all over doubles nothing");
        assert_eq!(message(&there, &start).await["status"], "complete");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_has_just_started_goes_on_with_what_is_nobodys_at_once() {
    on_both(async |setup| {
        // Nobody waits for that long.
        let app = setup.with_lease(Duration::from_hours(1)).start().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        let (start, _events) = held(&app, &ada, &gate).await;
        app.emulator.script(Script::text("three four five"));
        let app = app.restart().await;
        let ada = app.as_seen_by(&ada);
        let told = timeout(PATIENCE, ada.follow(start["run_id"].as_str().unwrap(), None).await.rest()).await.unwrap();
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_stopped_from_any_node() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let first = setup.with_lease(LEASE).start().await;
        let second = first.another(&url).await;
        let ada = first.register("ada").await;
        let gate = Gate::new();
        let (start, events) = held(&first, &ada, &gate).await;
        let path = format!("/api/v1/chat/runs/{}/stop", start["run_id"].as_str().unwrap());
        assert_eq!(second.as_seen_by(&ada).post(&path, &json!(null)).await.status, 204);
        assert_eq!(events.rest().await.last().unwrap().data["finish_reason"], "stopped");
        first.emulator.wait_until(|requests| matches!(requests[0].state, State::Disconnected)).await;
        assert_eq!(message(&ada, &start).await["content"], "one two ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_its_provider_breaks_off_is_gone_on_with() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        // Broken off twice, at another word each time, by a model that begins all over and by one that goes on.
        app.emulator.script(Script::text(ANSWER).abort(2));
        app.emulator.script(Script::text(ANSWER).cut(3));
        app.emulator.script(Script::text("four five"));
        let told = ada.send("Count to five.", "echo").await.rest().await;
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), (ANSWER, "done"), "{told:?}");
        let message = message(&ada, &told[0].data).await;
        assert_eq!((&message["status"], &message["content"]), (&json!("complete"), &json!(ANSWER)));
        assert_eq!(message["model_info"]["seams"], json!([8, 14]));
        assert_eq!(app.emulator.requests().len(), 3);

        // Away for good after that: what there is of it is kept, and why it broke off is told.
        app.emulator.script(Script::text(ANSWER).abort(2));
        app.emulator.script(Script::failure(401));
        let told = ada.send("Count to five.", "echo").await.rest().await;
        assert_eq!((text(&told).as_str(), &told.last().unwrap().data["code"]), ("one two ", &json!("interrupted")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_gone_on_with_is_interrupted_and_kept() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        let (start, _events) = held(&app, &ada, &gate).await;
        // Its provider is no longer configured.
        let app = app.restart_with_all(&[("OPENAI_API_KEY", ""), ("OPENAI_BASE_URL", "")]).await;
        let ada = app.as_seen_by(&ada);
        let told = ada.follow(start["run_id"].as_str().unwrap(), None).await.rest().await;
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), ("one two ", "error"));
        let message = message(&ada, &start).await;
        assert_eq!((&message["status"], &message["content"]), (&json!("interrupted"), &json!("one two ")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_whose_word_was_lost_for_good_is_found_and_written() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL") else { return };
        let proxy = Proxy::start(url).await;
        let app = setup.with("DATABASE_URL", &proxy.url()).with_lease(LEASE).start().await;
        let ada = app.register("ada").await;
        app.emulator.script(Script::text(ANSWER));
        let request = json!({
            "message": "Count to five.", "provider": "openai", "model": "echo",
            "client_message_id": "0190a7c4-5b1e-4000-8000-000000000002",
        });
        proxy.lose_next_start_and_then_break();
        assert_eq!(ada.post("/api/v1/chat/stream", &request).await.code(), "database_unavailable");
        proxy.mend();
        // The client sends again what it has no answer to: it is the same run, and somebody writes it.
        let answered = loop {
            let answer = ada.post("/api/v1/chat/stream", &request).await;
            // Connections that broke are found out one by one.
            if answer.status != 503 {
                break answer;
            }
        };
        assert!(answered.status == 200 && answered.text.contains("event: done"), "{}", answered.text);
        let conversations = ada.get("/api/v1/chat/history").await.ok();
        assert_eq!(conversations["conversations"].as_array().unwrap().len(), 1, "it is the same run");
        let start = json!({ "conversation_id": conversations["conversations"][0]["id"] });
        assert_eq!(message(&ada, &start).await["content"], ANSWER);
        assert_eq!(app.emulator.requests().len(), 1);
    })
    .await;
}
