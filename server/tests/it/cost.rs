//! What answers use and what they cost: of each, and of a conversation.

use crate::support::{Client, Event, on_both};
use emulator::{Gate, Script};
use serde_json::{Value, json};

/// A provider that says what an answer cost, and whose list says what a token costs.
fn with_price(message: &str) -> Value {
    json!({ "message": message, "provider": "openrouter", "model": "emulator/echo" })
}

async fn conversation(user: &Client, events: &[Event]) -> Value {
    let id = events[0].data["conversation_id"].as_str().unwrap();
    user.get(&format!("/api/v1/chat/conversation/{id}")).await.ok()
}

/// The usage of the newest answer.
fn newest(conversation: &Value) -> Value {
    conversation["messages"].as_array().unwrap().last().unwrap()["model_info"]["usage"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_and_its_conversation_say_what_they_cost() {
    on_both(async |setup| {
        let app = setup.start_with_every_provider().await;
        let ada = app.register("ada").await;
        app.emulator.script(Script::text("one two three"));
        let events = ada.stream(&with_price("Count.")).await.rest().await;
        let usage = events.last().unwrap().data["usage"].clone();
        let (read, written) = (usage["input_tokens"].as_i64().unwrap(), usage["output_tokens"].as_i64().unwrap());
        assert_eq!((written, &usage["estimated"]), (3, &json!(false)));
        assert_eq!(usage["cost_micros"], read + 2 * written, "as the provider said");
        let first = conversation(&ada, &events).await;
        assert_eq!(newest(&first), usage);

        // The provider says nothing: Lia counts, and takes the price of the list.
        app.emulator.script(Script::text("four five six").without_usage());
        let mut more = with_price("Go on.");
        more["conversation_id"] = first["id"].clone();
        let events = ada.stream(&more).await.rest().await;
        let estimate = events.last().unwrap().data["usage"].clone();
        let count = |usage: &Value, name: &str| usage[name].as_i64().unwrap();
        assert_eq!(estimate["estimated"], true);
        let listed = count(&estimate, "input_tokens") + 2 * count(&estimate, "output_tokens");
        assert_eq!(count(&estimate, "cost_micros"), listed);

        let whole = conversation(&ada, &events).await;
        let sum = |name: &str| count(&usage, name) + count(&estimate, name);
        let expected = json!({
            "input_tokens": sum("input_tokens"),
            "output_tokens": sum("output_tokens"),
            "cost_micros": sum("cost_micros"),
            "estimated": true,
        });
        assert_eq!(whole["usage"], expected);
        let view = json!({ "id": whole["id"], "offset": 0 });
        assert_eq!(ada.post("/fn/view_conversation", &view).await.ok()["usage"], expected, "on the page too");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_price_has_no_cost() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let events = ada.send("Count.", "echo").await.rest().await;
        let usage = &events.last().unwrap().data["usage"];
        assert!(usage["output_tokens"].as_i64() > Some(0) && usage.get("cost_micros").is_none(), "{usage}");
        let total = conversation(&ada, &events).await["usage"].clone();
        assert!(total["output_tokens"].as_i64() > Some(0) && total.get("cost_micros").is_none(), "{total}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_can_be_read_whatever_a_provider_counts() {
    on_both(async |setup| {
        let app = setup.start_with_every_provider().await;
        let ada = app.register("ada").await;
        let answer = json!({
            "choices": [{"index": 0, "message": {"content": "Many."}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": i64::MAX, "completion_tokens": u64::MAX},
        });
        let mut question = with_price("How many?");
        for _ in 0..3 {
            app.emulator.script(Script::status(200, answer.to_string()));
            let events = ada.stream(&question).await.rest().await;
            let conversation = conversation(&ada, &events).await;
            assert!(conversation["usage"]["output_tokens"].as_i64() > Some(0));
            question["conversation_id"] = conversation["id"].clone();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_ends_early_has_cost_too() {
    on_both(async |setup| {
        let app = setup.start_with_every_provider().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        app.emulator.script(Script::text("one two three four five").gate(2, &gate));
        let mut events = ada.stream(&with_price("Count to five.")).await;
        let start = events.expect("start").await;
        events.text_of("one two ".len()).await;
        let run = start.data["run_id"].as_str().unwrap();
        assert_eq!(ada.post(&format!("/api/v1/chat/runs/{run}/stop"), &json!(null)).await.status, 204);
        let stopped = events.rest().await;
        let usage = &stopped.last().unwrap().data["usage"];
        assert_eq!((&usage["output_tokens"], &usage["estimated"]), (&json!(2), &json!(true)), "eight letters");
        let cost = usage["input_tokens"].as_i64().unwrap() + 2 * 2;
        assert_eq!(usage["cost_micros"], cost);
        assert_eq!(&newest(&conversation(&ada, &[start]).await), usage);

        app.emulator.script(Script::text("one two three").cut(2));
        app.emulator.script(Script::failure(401));
        let broken = ada.stream(&with_price("Count.")).await.rest().await;
        assert_eq!(broken.last().unwrap().name, "error");
        let usage = newest(&conversation(&ada, &broken).await);
        assert_eq!((&usage["output_tokens"], &usage["estimated"]), (&json!(2), &json!(true)));
        assert!(usage["cost_micros"].as_i64() > Some(0));

        app.emulator.script(Script::failure(401));
        let failed = ada.stream(&with_price("Count.")).await.rest().await;
        let failed = conversation(&ada, &failed).await;
        assert!(newest(&failed).is_null(), "without a word nothing is known");
        let nothing = json!({ "input_tokens": 0, "output_tokens": 0, "estimated": false });
        assert_eq!(failed["usage"], nothing);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_call_that_reads_the_question_costs_too() {
    /// What only the second call has in its body.
    const SECOND_CALL: &str = "\"temperature\":0.1";
    const READING: &str = "{\"score\": 0.9, \"label\": \"Positive\", \"emotion\": \"joy\", \"confidence\": 0.9}";
    on_both(async |setup| {
        let app = setup.start_with_every_provider().await;
        let ada = app.register("ada").await;
        let ask = async |second: Option<Script>| {
            let mut question = with_price("What a day!");
            question["sentiment_method"] = json!(if second.is_some() { "llm_separate" } else { "local" });
            if let Some(second) = second {
                app.emulator.script(second.asked_for(SECOND_CALL));
            }
            app.emulator.script(Script::text("one two three"));
            let events = ada.stream(&question).await.rest().await;
            let usage = events.last().unwrap().data["usage"].clone();
            let conversation = conversation(&ada, &events).await;
            assert_eq!(newest(&conversation), usage);
            assert_eq!(conversation["usage"], usage, "the conversation counts it once");
            assert!(conversation["messages"][0]["model_info"].is_null(), "and the question not at all");
            let count = |name: &str| usage[name].as_i64().unwrap();
            (count("input_tokens"), count("output_tokens"), count("cost_micros"), usage["estimated"] == true)
        };
        let (sent, written, cost, _) = ask(None).await;
        let (all_sent, all_written, all_cost, estimated) = ask(Some(Script::text(READING))).await;
        let words = i64::try_from(READING.split_inclusive(' ').count()).unwrap();
        assert_eq!((all_written, estimated), (written + words, false), "as the provider counts both");
        assert!(all_sent > sent + 100, "the second call says how to read: {all_sent}");
        assert_eq!(all_cost, all_sent + 2 * all_written);
        // A call that breaks off, or is not waited for any longer, has cost what came of it.
        for broken in [Script::text(READING).cut(2), Script::text(READING).hang(2)] {
            let (broken_sent, broken_written, broken_cost, estimated) = ask(Some(broken)).await;
            assert!(broken_sent > sent + 100 && estimated);
            assert!((written + 1..all_written).contains(&broken_written), "{broken_written}");
            assert_eq!(broken_cost, broken_sent + 2 * broken_written, "by the list");
        }
        assert_eq!(ask(Some(Script::failure(401))).await, (sent, written, cost, false), "a refused call costs nothing");
    })
    .await;
}
