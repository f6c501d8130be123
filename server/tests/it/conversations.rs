//! Listing, reading, renaming and deleting conversations; models; two users beside each other.

use crate::support::{Client, on_both};
use emulator::{Gate, Script};
use serde_json::{Value, json};

async fn converse(user: &Client, message: &str) -> String {
    let events = user.send(message, "echo").await.rest().await;
    events[0].data["conversation_id"].as_str().unwrap().to_owned()
}

async fn titles(user: &Client, query: &str) -> Vec<String> {
    let history = user.get(&format!("/api/v1/chat/history{query}")).await.ok();
    let title = |conversation: &Value| conversation["title"].as_str().unwrap().to_owned();
    history["conversations"].as_array().unwrap().iter().map(title).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_paged_and_newest_first() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        for message in ["first", "second", "third"] {
            converse(&ada, message).await;
        }
        assert_eq!(titles(&ada, "").await, ["third", "second", "first"]);
        assert_eq!(titles(&ada, "?limit=1&offset=1").await, ["second"]);
        for query in ["?limit=0", "?limit=101", "?offset=-1", "?limit=x", "?limit=99999999999999999999"] {
            assert_eq!(ada.get(&format!("/api/v1/chat/history{query}")).await.code(), "validation_failed", "{query}");
        }
        let first = ada.get("/api/v1/chat/history").await.ok()["conversations"][0].clone();
        let mut keys: Vec<_> = first.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        assert_eq!(keys, ["created_at", "id", "message_count", "title", "updated_at"]);
        assert_eq!(first["message_count"], 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_may_be_behind_reads_its_list_again_only_when_it_has_changed() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let user = ada.get("/api/v1/auth/me").await.ok()["id"].as_i64().unwrap();
        let renew = async |user: i64, known: &Value, count: i64| {
            let request = json!({ "user": user, "known": known, "count": count });
            ada.post("/fn/renew_list", &request).await
        };
        let first = converse(&ada, "first").await;
        let listed = renew(user, &json!(0), 1).await.ok();
        assert_eq!((listed["entries"].as_array().unwrap().len(), &listed["has_more"]), (1, &json!(false)));
        assert_eq!(renew(user, &listed["version"], 1).await.ok(), json!(null), "nothing has happened");
        converse(&ada, "second").await;
        let renewed = renew(user, &listed["version"], i64::MAX).await.ok();
        assert_eq!(renewed["entries"][1], json!({ "id": first, "title": "first" }));
        assert_eq!(renew(user, &renewed["version"], 1).await.ok(), json!(null));
        assert_eq!(renew(user + 1, &json!(0), 1).await.code(), "not_signed_in", "it is another one's page");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_messages_counts_back_from_the_newest() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let id = converse(&ada, "one").await;
        let more = json!({ "message": "two", "provider": "openai", "model": "echo", "conversation_id": id });
        ada.stream(&more).await.rest().await;
        let page = async |query: &str| ada.get(&format!("/api/v1/chat/conversation/{id}{query}")).await.ok();
        let contents = |page: &Value| -> Vec<String> {
            let content = |message: &Value| message["content"].as_str().unwrap().to_owned();
            page["messages"].as_array().unwrap().iter().map(content).collect()
        };
        let all = page("").await;
        assert_eq!(contents(&all), ["one", "one", "two", "two"]);
        assert_eq!((&all["total_messages"], &all["has_more"]), (&json!(4), &json!(false)));
        let newest = page("?limit=1").await;
        assert_eq!((contents(&newest), &newest["has_more"]), (vec!["two".to_owned()], &json!(true)));
        let older = page("?limit=2&offset=2").await;
        assert_eq!((contents(&older), &older["has_more"]), (vec!["one".to_owned(); 2], &json!(false)));
        assert_eq!(contents(&page("?offset=9").await), [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_renamed_and_deleted() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let id = converse(&ada, "first").await;
        let rename = format!("/api/v1/chat/conversation/{id}/rename");
        assert_eq!(ada.patch(&rename, &json!({ "title": "Renamed" })).await.ok()["title"], "Renamed");
        assert_eq!(titles(&ada, "").await, ["Renamed"]);
        for title in [json!(""), json!("  "), json!("x".repeat(256)), json!("a\0"), json!(null), json!(5)] {
            assert_eq!(ada.patch(&rename, &json!({ "title": title })).await.code(), "validation_failed", "{title}");
        }
        let path = format!("/api/v1/chat/conversation/{id}");
        assert_eq!(ada.delete(&path).await.status, 204);
        for answer in
            [ada.get(&path).await, ada.delete(&path).await, ada.patch(&rename, &json!({ "title": "Again" })).await]
        {
            assert_eq!(answer.code(), "conversation_not_found");
        }
        assert_eq!(titles(&ada, "").await, [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_ends_the_answer_that_is_being_written() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        app.emulator.script(Script::text("one two three").gate(1, &gate));
        let mut events = ada.send("Count.", "echo").await;
        let id = events.expect("start").await.data["conversation_id"].as_str().unwrap().to_owned();
        gate.reached().await;
        assert_eq!(ada.delete(&format!("/api/v1/chat/conversation/{id}")).await.status, 204);
        events.rest().await;
        app.emulator.wait_until(|requests| requests[0].state == emulator::State::Disconnected).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_all_leaves_other_people_alone() {
    on_both(async |setup| {
        let app = setup.start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        converse(&ada, "first").await;
        converse(&ada, "second").await;
        converse(&bob, "his").await;
        assert_eq!(ada.delete("/api/v1/chat/conversations").await.status, 204);
        assert_eq!(titles(&ada, "").await, [""; 0]);
        assert_eq!(titles(&bob, "").await, ["his"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_models_of_every_provider_are_listed() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let catalogue = ada.get("/api/v1/chat/models").await.ok();
        assert!(catalogue["openai"].as_array().unwrap().iter().any(|model| model["id"] == "echo"), "{catalogue}");
        assert!(!catalogue["offline"].as_array().unwrap().is_empty());
    })
    .await;
}
