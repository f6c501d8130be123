//! When a reading is told: as soon as it is known, once, and whatever happens to its answer, its node or what was read before.

use crate::sentiment::{ANSWER, SECOND_CALL, correct, detail, reading, send};
use crate::support::{Client, Event, Events, PATIENCE, Proxy, TestApp, on_both, text};
use emulator::{Gate, Script};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use std::time::Duration;
use tokio::time::timeout;

/// As in the tests of takeovers.
const LEASE: Duration = Duration::from_millis(1_500);
/// What a second call says.
const READING: &str = "{\"sentiment\": {\"score\": -0.5, \"emotion\": \"sadness\", \"confidence\": 0.9}}";

fn request(message: &str, method: &str, conversation: Option<&Value>) -> Value {
    json!({
        "message": message, "provider": "openai", "model": "echo", "sentiment_method": method,
        "conversation_id": conversation
    })
}

/// A run whose answer stands still before a word, and its start.
async fn held(app: &TestApp, user: &Client, request: &Value, words: usize) -> (Gate, Event, Events) {
    let gate = Gate::new();
    app.emulator.script(Script::text(ANSWER).gate(words, &gate));
    let mut events = user.stream(request).await;
    let start = events.expect("start").await;
    (gate, start, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_is_told_before_the_first_word_and_found_in_the_middle_of_an_answer() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let (gate, start, mut events) = held(&app, &ada, &request("I am so happy!", "local", None), 0).await;
        let heard = events.next().await.unwrap();
        assert_eq!(heard.name, "sentiment", "nobody has to be asked");
        let seen = detail(&ada, std::slice::from_ref(&start)).await;
        assert_eq!(seen["messages"][0]["sentiment_data"], heard.data["message"]);
        assert_eq!(
            (&seen["messages"][1]["status"], &seen["sentiment"]),
            (&json!("streaming"), &heard.data["cumulative"])
        );
        let page = ada.get(&format!("/c/{}", start.data["conversation_id"].as_str().unwrap())).await;
        assert!(page.text.contains("Reads as positive"), "the page shows it before any script has run");

        gate.open();
        assert_eq!(text(&events.rest().await), ANSWER);
        let told = ada.follow(start.data["run_id"].as_str().unwrap(), None).await.rest().await;
        assert_eq!(
            (told[1].name.as_str(), reading(&told)),
            ("sentiment", heard.data.clone()),
            "the log tells the same"
        );
        let stored = detail(&ada, &[start]).await;
        assert_eq!(
            (&stored["messages"][0]["sentiment_data"], &stored["sentiment"]),
            (&heard.data["message"], &heard.data["cumulative"])
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_or_a_service_says_is_told_when_it_says_it() {
    on_both(async |setup| {
        let app = setup.with("GOOGLE_NL_API_KEY", "key").start().await;
        let ada = app.register("ada").await;
        let second_call = || Script::text(READING).asked_for(SECOND_CALL);
        for (method, beside, fallback) in [
            ("llm_separate", Some(second_call()), false),
            ("llm_separate", Some(Script::failure(401).asked_for(SECOND_CALL)), true),
            ("nlp_api", None, false),
        ] {
            if let Some(script) = beside {
                app.emulator.script(script);
            }
            let (gate, start, mut events) = held(&app, &ada, &request("I miss home.", method, None), 1).await;
            // The answer stands still for as long as this takes.
            let heard = events.expect_besides_text("sentiment").await.data;
            assert_eq!(heard["message"]["fallback"], fallback, "{method}");
            let seen = detail(&ada, std::slice::from_ref(&start)).await;
            assert_eq!(seen["messages"][0]["sentiment_data"], heard["message"]);
            gate.open();
            let rest = events.rest().await;
            assert!(rest.iter().all(|event| event.name != "sentiment"), "{rest:?}");
            let told = ada.follow(start.data["run_id"].as_str().unwrap(), None).await.rest().await;
            assert_eq!(reading(&told), heard);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_while_the_answer_is_written_outlasts_its_end() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let first = send(&ada, "I hate you, terrible thing!", "local", None).await;
        let conversation = &first[0].data["conversation_id"];
        let (gate, start, events) = held(&app, &ada, &request("I love it!", "local", Some(conversation)), 1).await;
        let joke = json!({ "kind": "joking" });
        correct(&ada, &first[0].data["user_message_id"], &joke).await.ok();
        let wrong = json!({ "kind": "wrong", "label": "Negative" });
        let corrected = correct(&ada, &start.data["user_message_id"], &wrong).await.ok();
        assert_eq!((&corrected["cumulative"]["score"], &corrected["cumulative"]["count"]), (&json!(-0.25), &json!(2)));
        gate.open();
        events.rest().await;
        let stored = detail(&ada, &[start]).await;
        assert_eq!(stored["sentiment"], corrected["cumulative"]);
        assert_eq!(stored["messages"][2]["sentiment_data"], corrected["message"]);
    })
    .await;
}

/// Returns when so many connections to the database of a connection wait for a lock.
async fn are_waiting(connection: &mut PgConnection, count: i64) {
    const SQL: &str =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let wait = async { while sqlx::query_scalar::<_, i64>(SQL).fetch_one(&mut *connection).await.unwrap() < count {} };
    timeout(PATIENCE, wait).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_and_a_reading_that_meet_are_both_in_the_sum() {
    on_both(async |setup| {
        // On SQLite one writes after the other, and there is nothing to hold.
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let first = send(&ada, "I love it!", "local", None).await;
        let (conversation, message) = (&first[0].data["conversation_id"], first[0].data["user_message_id"].clone());
        let gate = Gate::new();
        app.emulator.script(Script::text(READING).gate(0, &gate).asked_for(SECOND_CALL));
        app.emulator.script(Script::text(ANSWER));
        let mut events = ada.stream(&request("I miss home.", "llm_separate", Some(conversation))).await;
        events.expect("start").await;
        gate.reached().await;

        // The correction waits for the conversation first, then what the run has to store of it.
        let mut holder = PgConnection::connect(&url).await.unwrap();
        let mut watcher = PgConnection::connect(&url).await.unwrap();
        let mut holding = holder.begin().await.unwrap();
        sqlx::query("select id from conversations for update").execute(&mut *holding).await.unwrap();
        let wrong = json!({ "kind": "wrong", "label": "Negative" });
        let (correcting, ()) = tokio::join!(correct(&ada, &message, &wrong), async {
            are_waiting(&mut watcher, 1).await;
            gate.open();
            are_waiting(&mut watcher, 2).await;
            holding.commit().await.unwrap();
        });
        assert_eq!(correcting.ok()["message"]["score"], -0.5);
        let heard = reading(&events.rest().await);
        let stored = detail(&ada, &first).await;
        assert_eq!((&stored["sentiment"]["score"], &stored["sentiment"]["count"]), (&json!(-0.5), &json!(2)));
        assert_eq!(stored["sentiment"], heard["cumulative"], "what was told is what is stored");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_owner_finds_the_reading_and_every_follower_hears_it_once() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        for method in ["local", "llm_separate"] {
            let proxy = Proxy::start(&url).await;
            let first = setup.clone().with("DATABASE_URL", &proxy.url()).with_lease(LEASE).start().await;
            let second = first.another(&url).await;
            let ada = first.register(&format!("ada-{method}")).await;
            first.emulator.script(Script::text(READING).asked_for(SECOND_CALL));
            let (_gate, start, mut events) = held(&first, &ada, &request("I miss home.", method, None), 2).await;
            let run = start.data["run_id"].as_str().unwrap();
            let there = second.as_seen_by(&ada);
            let mut elsewhere = there.follow(run, None).await;
            // Both hear it, and it is in the log by then, as are the first words.
            let last = events.expect_besides_text("sentiment").await.id;
            let (mut words, mut reading_there) = (0, None);
            while words < "one two ".len() || reading_there.is_none() {
                let event = elsewhere.next().await.unwrap();
                words += event.data["content"].as_str().unwrap_or_default().len();
                reading_there = reading_there.or((event.name == "sentiment").then_some(event.data));
            }
            let heard = reading_there.unwrap();

            proxy.cut();
            second.emulator.script(Script::text("three four five"));
            let rest = timeout(PATIENCE, elsewhere.rest()).await.unwrap();
            assert_eq!(rest.last().unwrap().name, "done", "{method}");
            assert!(rest.iter().all(|event| event.name != "sentiment"), "{method}: {rest:?}");
            let rest = there.follow(run, Some(&last)).await.rest().await;
            assert!(rest.iter().all(|event| event.name != "sentiment"), "{method}: {rest:?}");
            // Whoever comes late, and whoever had not come as far.
            for after in [None, Some(start.id.as_str())] {
                let told = there.follow(run, after).await.rest().await;
                assert_eq!((text(&told).as_str(), reading(&told)), (ANSWER, heard.clone()), "{method}");
            }
            let stored = detail(&there, &[start]).await;
            assert_eq!(
                (&stored["messages"][0]["sentiment_data"], &stored["sentiment"]["count"]),
                (&heard["message"], &json!(1))
            );
            let readings = second
                .emulator
                .requests()
                .iter()
                .filter(|request| request.body.to_string().contains(SECOND_CALL))
                .count();
            assert_eq!(readings, usize::from(method != "local"), "nobody is asked again");
        }
    })
    .await;
}
