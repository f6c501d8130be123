//! How messages are read: what is told and kept of it, whose choice the method is, and that a person may correct it.

use crate::support::{Answer, Client, Event, TestApp, on_both, text};
use emulator::{Gate, Script};
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) const ANSWER: &str = "one two three four five";
/// What only a second call has in its body.
pub(crate) const SECOND_CALL: &str = "\"temperature\":0.1";

pub(crate) async fn send(user: &Client, message: &str, method: &str, conversation: Option<&Value>) -> Vec<Event> {
    let request = json!({
        "message": message, "provider": "openai", "model": "echo", "sentiment_method": method,
        "conversation_id": conversation
    });
    user.stream(&request).await.rest().await
}

/// The one reading of a run, which comes before its end.
#[track_caller]
pub(crate) fn reading(events: &[Event]) -> Value {
    let names: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names.iter().filter(|name| **name == "sentiment").count(), 1, "{names:?}");
    assert!(matches!(names.last(), Some(&"done" | &"error")), "{names:?}");
    events.iter().find(|event| event.name == "sentiment").unwrap().data.clone()
}

pub(crate) async fn detail(user: &Client, events: &[Event]) -> Value {
    let conversation = events[0].data["conversation_id"].as_str().unwrap();
    user.get(&format!("/api/v1/chat/conversation/{conversation}")).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_how_a_conversation_reads_message_by_message() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let first = send(&ada, "I hate this <b>awful</b> day.", "local", None).await;
        let id = &first[0].data["conversation_id"];
        send(&ada, "Now I am so happy, thank you!", "local", Some(id)).await;
        let page = ada.get(&format!("/c/{}/mood", id.as_str().unwrap())).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("I hate this &lt;b&gt;awful&lt;/b&gt; day."), "{}", page.text);
        assert!(page.text.contains("Now I am so happy, thank you!"));
        assert!(page.text.contains("A tick marks a turning point"), "the second message turns the tide");
        assert_eq!(page.text.matches("#message-").count(), 4, "each message is in the chart and in the table");
        assert!(!page.text.contains(".wasm"), "the page is done when it is rendered");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_is_read_and_kept_with_its_conversation() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        app.emulator.script(Script::text(ANSWER));
        let first = ada.send("I love this, it is wonderful!", "echo").await.rest().await;
        assert_eq!(text(&first), ANSWER);
        let heard = reading(&first);
        let message = &heard["message"];
        assert_eq!((&message["label"], &message["method"]), (&json!("Positive"), &json!("local")));
        assert_eq!(message["fallback"], false);
        assert!(message["score"].as_f64().unwrap() >= 0.1 && message["confidence"].as_f64().unwrap() > 0.0);
        assert!(message["emotion"].is_string(), "{message}");
        let whole = &heard["cumulative"];
        assert_eq!(
            (&whole["score"], &whole["label"], &whole["count"]),
            (&message["score"], &json!("Positive"), &json!(1))
        );
        assert!(whole["summary"].as_str().is_some_and(|summary| (1..=100).contains(&summary.chars().count())));

        let stored = detail(&ada, &first).await;
        assert_eq!(stored["messages"][0]["sentiment_data"], *message);
        assert_eq!(stored["messages"][1]["sentiment_data"], Value::Null, "only the user's messages are read");
        assert_eq!(stored["sentiment"], *whole);
        let run = first[0].data["run_id"].as_str().unwrap();
        assert_eq!(reading(&ada.follow(run, None).await.rest().await), heard, "the log tells the same");

        app.emulator.script(Script::text(ANSWER));
        let second = send(&ada, "This is terrible, I hate it.", "local", Some(&first[0].data["conversation_id"])).await;
        let heard = reading(&second);
        assert_eq!((&heard["message"]["label"], &heard["cumulative"]["count"]), (&json!("Negative"), &json!(2)));
        let mean = f64::midpoint(message["score"].as_f64().unwrap(), heard["message"]["score"].as_f64().unwrap());
        assert!((heard["cumulative"]["score"].as_f64().unwrap() - mean).abs() < 0.002, "{heard}");
        assert_eq!(detail(&ada, &second).await["sentiment"], heard["cumulative"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_gets_the_readings_too() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.browser();
        ada.register("ada").await;
        let request =
            json!({ "request": { "message": "What a lovely day!", "provider": "offline", "model": "companion" } });
        let started = ada.call(Method::POST, "/fn/start_run", &request).await.ok();
        let run = started["run_id"].as_str().unwrap();
        let told = ada.open(&format!("/api/v1/chat/runs/{run}/events")).await.text;
        assert_eq!(told.matches("event: sentiment").count(), 1);
        let request = json!({ "id": started["conversation_id"], "offset": 0 });
        let view = ada.call(Method::POST, "/fn/view_conversation", &request).await.ok();
        assert_eq!(view["messages"][0]["sentiment"]["label"], "Positive");
        assert_eq!(view["messages"][1].get("sentiment"), None);
        assert_eq!(view["sentiment"]["count"], 1);
        let methods = ada.call(Method::POST, "/fn/list_methods", &json!({})).await.ok();
        assert_eq!(methods.as_array().unwrap().len(), 4);
        let request = json!({ "id": started["user_message_id"], "feedback": { "kind": "wrong", "label": "Negative" } });
        let corrected = ada.call(Method::POST, "/fn/correct_sentiment", &request).await.ok();
        assert_eq!(corrected["cumulative"]["label"], "Negative");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ends_badly_has_its_reading_all_the_same() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        for method in ["local", "structured", "llm_separate", "nlp_api"] {
            let fallback = json!(method != "local");
            app.emulator.script(Script::failure(401).asked_for(SECOND_CALL));
            app.emulator.script(Script::text(ANSWER).error(2, json!({"message": "broken", "type": "server_error"})));
            // It cannot be asked to go on.
            app.emulator.script(Script::failure(400));
            let failed = send(&ada, "I am so happy!", method, None).await;
            assert_eq!(failed.last().unwrap().name, "error", "{method}");
            let heard = reading(&failed);
            assert_eq!((&heard["message"]["method"], &heard["message"]["fallback"]), (&json!("local"), &fallback));
            assert_eq!(detail(&ada, &failed).await["messages"][0]["sentiment_data"], heard["message"]);
            // Where nobody made a second call, its script is still there.
            app.emulator.forget_scripts();

            let gate = Gate::new();
            app.emulator.script(Script::text("").hang_at_once().asked_for(SECOND_CALL));
            app.emulator.script(Script::text(ANSWER).gate(2, &gate));
            let request = json!({
                "message": "I am so happy!", "provider": "openai", "model": "echo", "sentiment_method": method
            });
            let mut events = ada.stream(&request).await;
            let start = events.expect("start").await;
            gate.reached().await;
            let run = start.data["run_id"].as_str().unwrap();
            let stop = format!("/api/v1/chat/runs/{run}/stop");
            let mut told = vec![start];
            // What is not held back is there before it is stopped.
            while method != "structured" && text(&told) != "one two " {
                told.push(events.next().await.unwrap());
            }
            assert_eq!(ada.post(&stop, &json!(null)).await.status, 204);
            told.extend(events.rest().await);
            assert_eq!(text(&told), "one two ", "{method}: what was held back is shown");
            let heard = reading(&told);
            assert_eq!((&heard["message"]["method"], &heard["message"]["fallback"]), (&json!("local"), &fallback));
            app.emulator.forget_scripts();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_loses_no_reading() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        app.emulator.script(Script::text(ANSWER).gate(2, &gate));
        let mut events = ada.send("I am so sad today.", "echo").await;
        let start = events.expect("start").await;
        gate.reached().await;
        let app = app.restart().await;
        let ada = app.stranger().with_token(ada.token());
        gate.open();
        let run = start.data["run_id"].as_str().unwrap();
        let told = ada.follow(run, None).await.rest().await;
        let heard = reading(&told);
        let stored = detail(&ada, &[start]).await;
        assert_eq!(stored["messages"][0]["sentiment_data"], heard["message"]);
        assert_eq!((&heard["message"]["label"], &stored["sentiment"]["count"]), (&json!("Negative"), &json!(1)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_method_is_the_messages_the_persons_or_the_installations() {
    on_both(async |setup| {
        let app = setup.with("SENTIMENT_METHOD", "nlp_api").with("GOOGLE_NL_API_KEY", "key").start().await;
        let ada = app.register("ada").await;
        let methods = ada.get("/api/v1/chat/methods").await.ok();
        let listed: Vec<_> = methods["methods"]
            .as_array()
            .unwrap()
            .iter()
            .map(|method| {
                assert!(
                    !method["name"].as_str().unwrap().is_empty() && !method["description"].as_str().unwrap().is_empty()
                );
                (method["id"].as_str().unwrap(), method["available"].as_bool().unwrap())
            })
            .collect();
        assert_eq!(listed, [("local", true), ("structured", true), ("llm_separate", true), ("nlp_api", true)]);

        let method = async |request: Value| {
            app.emulator.script(Script::text(ANSWER));
            reading(&ada.stream(&request).await.rest().await)["message"]["method"].clone()
        };
        let request = json!({ "message": "Good.", "provider": "openai", "model": "echo" });
        assert_eq!(method(request.clone()).await, "nlp_api", "the installation's");
        let chosen = json!({ "sentiment_method": "local" });
        let put = ada.request(Method::PUT, "/api/v1/preferences").json(&chosen);
        assert_eq!(Answer::read(put).await.ok()["sentiment_method"], "local");
        assert_eq!(method(request).await, "local", "the person's");
        let request =
            json!({ "message": "Good.", "provider": "openai", "model": "echo", "sentiment_method": "nlp_api" });
        assert_eq!(method(request).await, "nlp_api", "the message's");
        let request = json!({ "message": "Good.", "sentiment_method": "tarot" });
        assert_eq!(ada.post("/api/v1/chat/stream", &request).await.status, 422);
    })
    .await;
}

pub(crate) async fn correct(user: &Client, message: &Value, feedback: &Value) -> Answer {
    user.post(&format!("/api/v1/chat/messages/{message}/sentiment/feedback"), feedback).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_corrects_what_was_read() {
    on_both(async |setup| {
        let app: TestApp = setup.start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let told = send(&ada, "I hate you, terrible thing!", "local", None).await;
        let start = told[0].data.clone();
        let joke = json!({ "kind": "joking" });
        assert_eq!(correct(&bob, &start["user_message_id"], &joke).await.status, 404, "not his");
        assert_eq!(correct(&ada, &start["message_id"], &joke).await.status, 404, "not a person's");
        for wrong in [json!({}), json!({ "kind": "mad" }), json!({ "kind": "wrong", "label": "Great" })] {
            assert_eq!(correct(&ada, &start["user_message_id"], &wrong).await.status, 422, "{wrong}");
        }
        let told = send(&ada, "I love it!", "local", Some(&start["conversation_id"])).await;
        let second = reading(&told)["message"].clone();

        let answer = correct(&ada, &start["user_message_id"], &joke).await.ok();
        let corrected = &answer["message"];
        assert_eq!((&corrected["label"], &corrected["score"]), (&json!("Neutral"), &json!(0.0)));
        assert_eq!((&corrected["corrected"], &corrected["method"]), (&json!(true), &json!("local")));
        assert_eq!(answer["cumulative"]["count"], 2);
        let mean = second["score"].as_f64().unwrap() / 2.0;
        assert!((answer["cumulative"]["score"].as_f64().unwrap() - mean).abs() < 0.002, "{answer}");
        let stored = detail(&ada, &told).await;
        assert_eq!(stored["messages"][0]["sentiment_data"], *corrected);
        assert_eq!(stored["sentiment"], answer["cumulative"]);
        let again = json!({ "kind": "wrong", "label": "Positive" });
        assert_eq!(correct(&ada, &start["user_message_id"], &again).await.ok()["message"]["score"], 0.5);

        let gate = Gate::new();
        app.emulator.script(Script::text("").hang_at_once().asked_for(SECOND_CALL));
        app.emulator.script(Script::text(ANSWER).gate(1, &gate));
        let request =
            json!({ "message": "Hm.", "provider": "openai", "model": "echo", "sentiment_method": "llm_separate" });
        let mut events = ada.stream(&request).await;
        let early = events.expect("start").await.data;
        assert_eq!(correct(&ada, &early["user_message_id"], &joke).await.code(), "run_in_progress");
        gate.open();
        events.rest().await;
        assert_eq!(correct(&ada, &early["user_message_id"], &joke).await.status, 200);
        let path = format!("/api/v1/chat/conversation/{}", start["conversation_id"].as_str().unwrap());
        assert_eq!(ada.delete(&path).await.status, 204, "what was corrected goes with its conversation");
    })
    .await;
}
