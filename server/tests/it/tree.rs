//! The tree of messages: other answers, edited questions, branches that are shown, continued, deleted and copied.

use crate::support::{Answer, Client, Event, Events, TestApp, on_both, text};
use emulator::{Gate, Script};
use reqwest::Method;
use serde_json::{Value, json};

/// A conversation as its owner sees it.
struct Tree<'a> {
    user: &'a Client,
    id: String,
}

impl<'a> Tree<'a> {
    /// Begins one.
    async fn begin(user: &'a Client, message: &str) -> Self {
        let events = user.send(message, "echo").await.rest().await;
        Self { user, id: events[0].data["conversation_id"].as_str().unwrap().to_owned() }
    }

    async fn say(&self, message: &str) -> Vec<Event> {
        let request = json!({ "message": message, "provider": "openai", "model": "echo", "conversation_id": self.id });
        self.user.stream(&request).await.rest().await
    }

    async fn detail(&self) -> Value {
        self.user.get(&format!("/api/v1/chat/conversation/{}", self.id)).await.ok()
    }

    /// The texts on the branch that is shown.
    async fn texts(&self) -> Vec<String> {
        let text = |message: &Value| message["content"].as_str().unwrap().to_owned();
        self.detail().await["messages"].as_array().unwrap().iter().map(text).collect()
    }

    /// The ids of the branch that is shown.
    async fn ids(&self) -> Vec<i64> {
        let id = |message: &Value| message["id"].as_i64().unwrap();
        self.detail().await["messages"].as_array().unwrap().iter().map(id).collect()
    }

    /// Where each message of the branch that is shown stands: `2/3`.
    async fn places(&self) -> Vec<String> {
        let place = |message: &Value| format!("{}/{}", message["siblings"]["index"], message["siblings"]["count"]);
        self.detail().await["messages"].as_array().unwrap().iter().map(place).collect()
    }

    async fn run(&self, message: i64, what: &str, body: &Value) -> Vec<Event> {
        open(self.user, message, what, body).await.rest().await
    }

    async fn act(&self, message: i64, what: &str) -> Answer {
        self.user.post(&format!("/api/v1/chat/messages/{message}/{what}"), &json!({})).await
    }

    async fn delete(&self, message: i64) -> Answer {
        self.user.delete(&format!("/api/v1/chat/messages/{message}")).await
    }
}

async fn open(user: &Client, message: i64, what: &str, body: &Value) -> Events {
    Events::open(user.request(Method::POST, &format!("/api/v1/chat/messages/{message}/{what}")).json(body)).await
}

/// What the model got to read with the last request.
fn read_last(app: &TestApp) -> Vec<String> {
    let request = app.emulator.requests().pop().unwrap();
    let messages = request.body["messages"].as_array().unwrap().clone();
    let said = messages.iter().filter(|message| message["role"] != "system");
    said.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_answer_stands_beside_the_first() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        app.emulator.script(Script::text("first"));
        let tree = Tree::begin(&ada, "I love this!").await;
        let before = tree.detail().await;
        let [question, answer] = tree.ids().await[..] else { panic!("a question and an answer") };

        app.emulator.script(Script::text("second"));
        let events = tree.run(answer, "regenerate", &json!({})).await;
        assert_eq!(text(&events), "second");
        assert_eq!(events[0].data["user_message_id"], question);
        let second = events[0].data["message_id"].as_i64().unwrap();
        assert_eq!(read_last(&app), ["I love this!"], "the model does not see the first answer");
        assert_eq!(tree.texts().await, ["I love this!", "second"]);
        assert_eq!(tree.places().await, ["1/1", "2/2"]);
        let after = tree.detail().await;
        assert_eq!(after["messages"][1]["siblings"]["previous_id"], answer);
        assert_eq!(after["messages"][1]["siblings"]["next_id"], Value::Null);
        assert_eq!(after["messages"][1]["model_info"]["model"], "echo", "the one that wrote the first");
        assert_eq!(after["messages"][0]["sentiment_data"], before["messages"][0]["sentiment_data"]);
        assert_eq!(after["sentiment"], before["sentiment"], "the question counts once");
        let reading = &events[1];
        assert_eq!((reading.name.as_str(), &reading.data["message"]["label"]), ("sentiment", &json!("Positive")));
        assert_eq!(reading.data["cumulative"], before["sentiment"]);

        // By the question, and with another model, which is the conversation's from now on.
        app.emulator.script(Script::text("third"));
        let request = json!({ "provider": "openai", "model": "tokens-100" });
        tree.run(question, "regenerate", &request).await;
        assert_eq!((tree.texts().await[1].as_str(), tree.places().await[1].as_str()), ("third", "3/3"));
        assert_eq!(tree.detail().await["model"]["model"], "tokens-100");

        let shown = tree.act(second, "show").await.ok();
        assert_eq!(shown, json!({ "conversation_id": tree.id, "head_message_id": second }));
        assert_eq!((tree.texts().await[1].as_str(), tree.places().await[1].as_str()), ("second", "2/3"));
        tree.say("And then?").await;
        assert_eq!(read_last(&app), ["I love this!", "second", "And then?"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_read_by_a_model_is_not_read_again_for_another_answer() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let request = json!({
            "message": "Good.", "provider": "openai", "model": "echo", "sentiment_method": "llm_separate"
        });
        ada.put("/api/v1/preferences", &json!({ "sentiment_method": "llm_separate" })).await.ok();
        let events = ada.stream(&request).await.rest().await;
        let asked = app.emulator.requests().len();
        assert_eq!(asked, 2, "the answer and the reading");
        let answer = events[0].data["message_id"].as_i64().unwrap();
        open(&ada, answer, "regenerate", &json!({})).await.rest().await;
        assert_eq!(app.emulator.requests().len(), asked + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_question_is_a_branch_of_its_own_with_its_own_sentiment() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let tree = Tree::begin(&ada, "I love this, it is wonderful!").await;
        tree.say("This is awful and I hate it.").await;
        tree.say("Terrible, terrible.").await;
        let whole = tree.detail().await;
        let ids = tree.ids().await;
        assert_eq!(whole["sentiment"]["count"], 3);

        let events = tree.run(ids[2], "edit", &json!({ "message": "What a delight, thank you!" })).await;
        assert_eq!(events[0].data.get("title"), None);
        let expected = ["I love this, it is wonderful!", "I love this, it is wonderful!"];
        let edited = ["What a delight, thank you!"; 2];
        assert_eq!(tree.texts().await, [expected, edited].concat());
        assert_eq!(tree.places().await, ["1/1", "1/1", "2/2", "1/1"]);
        let detail = tree.detail().await;
        assert_eq!((&detail["sentiment"]["count"], &detail["sentiment"]["label"]), (&json!(2), &json!("Positive")));
        assert_eq!(detail["messages"][2]["sentiment_data"]["label"], "Positive");

        // Back to the newest end below the first version, with its sentiment.
        assert_eq!(tree.act(ids[2], "show").await.ok()["head_message_id"], ids[5]);
        assert_eq!(tree.ids().await, ids);
        assert_eq!(tree.detail().await["sentiment"], whole["sentiment"]);

        // The very first question too: a conversation may begin in more than one way.
        tree.run(ids[0], "edit", &json!({ "message": "Let us begin again." })).await;
        assert_eq!(tree.texts().await, ["Let us begin again."; 2]);
        assert_eq!(tree.places().await, ["2/2", "1/1"]);
        assert_eq!(tree.detail().await["sentiment"]["count"], 1);

        let answer = ada.post(&format!("/api/v1/chat/messages/{}/edit", ids[1]), &json!({ "message": "m" })).await;
        assert_eq!(answer.code(), "validation_failed", "an answer is not the user's to edit");
        for message in [json!(""), json!("  "), json!("x".repeat(200_001)), json!(7)] {
            let request = json!({ "message": message });
            let answer = ada.post(&format!("/api/v1/chat/messages/{}/edit", ids[0]), &request).await;
            assert_eq!(answer.code(), "validation_failed");
        }
        let long = json!({ "message": "ü".repeat(200_000) });
        tree.run(ids[0], "edit", &long).await;
        assert_eq!(tree.places().await[0], "3/3", "an edited message may be as long as a new one");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_edit_end_in_two_branches_and_a_repeat_in_none() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let tree = Tree::begin(&ada, "zero").await;
        let [question, answer] = tree.ids().await[..] else { panic!("a question and an answer") };
        let gate = Gate::new();
        app.emulator.script(Script::text("one two three").gate(1, &gate));
        let edit = json!({ "message": "one", "client_message_id": "0190a7c4-5b1e-4000-8000-00000000000a" });
        let mut first = open(&ada, question, "edit", &edit).await;
        let start = first.expect("start").await.data;
        gate.reached().await;
        // The other tab hears that it has to wait, whatever it asks for; nothing moves meanwhile.
        let path = |what: &str| format!("/api/v1/chat/messages/{question}/{what}");
        let other = json!({ "message": "two" });
        assert_eq!(ada.post(&path("edit"), &other).await.code(), "run_in_progress");
        assert_eq!(ada.post(&path("regenerate"), &json!({})).await.code(), "run_in_progress");
        assert_eq!(tree.act(answer, "show").await.code(), "run_in_progress");
        assert_eq!(tree.delete(answer).await.code(), "run_in_progress");
        let growing = start["message_id"].as_i64().unwrap();
        assert_eq!(tree.act(growing, "fork").await.code(), "run_in_progress");
        assert_eq!(tree.act(growing, "continue").await.code(), "run_in_progress");
        assert_eq!(tree.act(answer, "fork").await.status, 201, "what is written can be copied");
        assert_eq!(tree.detail().await["messages"][1]["status"], "streaming");
        gate.open();
        first.rest().await;

        let repeated = tree.run(question, "edit", &edit).await;
        assert_eq!(repeated[0].data["run_id"], start["run_id"], "the same edit is the same run");
        let changed = json!({ "message": "else", "client_message_id": "0190a7c4-5b1e-4000-8000-00000000000a" });
        assert_eq!(ada.post(&path("edit"), &changed).await.code(), "idempotency_conflict");
        tree.run(question, "edit", &other).await;
        assert_eq!(tree.places().await[0], "3/3");
        assert_eq!(tree.texts().await[0], "two");
        tree.act(start["user_message_id"].as_i64().unwrap(), "show").await.ok();
        assert_eq!(tree.texts().await, ["one", "one two three"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_stopped_goes_on_from_its_text() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        app.emulator.script(Script::text("one two three four five").gate(2, &gate));
        let mut events = ada.send("Count to five.", "echo").await;
        let start = events.expect("start").await.data;
        gate.reached().await;
        assert_eq!(events.text_of("one two ".len()).await.0, "one two ");
        ada.post(&format!("/api/v1/chat/runs/{}/stop", start["run_id"].as_str().unwrap()), &json!({})).await;
        events.rest().await;
        gate.open();
        let tree = Tree { user: &ada, id: start["conversation_id"].as_str().unwrap().to_owned() };
        let answer = start["message_id"].as_i64().unwrap();
        let before = tree.detail().await;
        assert_eq!(before["messages"][1]["status"], "stopped");

        // It breaks off once more, and what there is stays.
        app.emulator.script(Script::text("three four five").cut(1));
        app.emulator.script(Script::failure(401));
        let told = tree.run(answer, "continue", &json!({})).await;
        assert_eq!((told[1].name.as_str(), &told[1].data["content"]), ("snapshot", &json!("one two ")));
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), ("one two three ", "error"));
        assert_eq!(tree.detail().await["messages"][1]["status"], "interrupted");

        let gate = Gate::new();
        app.emulator.script(Script::text("four five").gate(1, &gate));
        let mut following = open(&ada, answer, "continue", &json!({})).await;
        let again = following.expect("start").await.data;
        assert_eq!(again["message_id"], answer);
        gate.reached().await;
        // A reload in the middle shows all of it, and where to follow.
        let page = tree.detail().await;
        assert_eq!(page["messages"].as_array().unwrap().len(), 2);
        assert_eq!(page["messages"][1]["run"]["id"], again["run_id"]);
        assert!(page["messages"][1]["content"].as_str().unwrap().starts_with("one two three "), "{page}");
        gate.open();
        following.rest().await;
        let message = tree.detail().await["messages"][1].clone();
        assert_eq!(message["content"], "one two three four five");
        assert_eq!((&message["status"], &message["model_info"]["seams"]), (&json!("complete"), &json!([8, 14])));
        assert_eq!(message["model_info"].get("error"), None);
        let used = |message: &Value| message["model_info"]["usage"]["input_tokens"].as_i64().unwrap();
        assert!(used(&message) > used(&before["messages"][1]), "all that it has cost");
        assert_eq!(tree.detail().await["usage"]["input_tokens"], used(&message));
        assert_eq!(tree.detail().await["sentiment"]["count"], 1);
        assert_eq!(tree.act(answer, "continue").await.code(), "nothing_to_continue", "it is whole");
        let question = start["user_message_id"].as_i64().unwrap();
        assert_eq!(tree.act(question, "continue").await.code(), "nothing_to_continue");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_message_takes_what_follows_and_shows_what_is_near() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let tree = Tree::begin(&ada, "I love this!").await;
        tree.say("I hate that.").await;
        let ids = tree.ids().await;
        tree.run(ids[2], "edit", &json!({ "message": "Wonderful, thank you!" })).await;
        let edited = tree.ids().await;

        // The version that is shown goes, and its sibling comes.
        assert_eq!(tree.delete(edited[2]).await.ok()["head_message_id"], ids[3]);
        assert_eq!(tree.ids().await, ids);
        let detail = tree.detail().await;
        assert_eq!((&detail["sentiment"]["count"], &tree.places().await[2]), (&json!(2), &"1/1".to_owned()));
        for gone in &edited[2..] {
            assert_eq!(tree.act(*gone, "show").await.code(), "message_not_found");
        }

        // An answer: its question is the end, and can be answered again.
        assert_eq!(tree.delete(ids[3]).await.ok()["head_message_id"], ids[2]);
        assert_eq!(tree.ids().await, ids[..3]);
        assert_eq!(tree.detail().await["sentiment"]["count"], 2, "the question is still there");
        tree.run(ids[2], "regenerate", &json!({})).await;
        assert_eq!(tree.texts().await[2..], ["I hate that."; 2]);

        // A question in the middle with everything below it.
        assert_eq!(tree.delete(ids[2]).await.ok()["head_message_id"], ids[1]);
        assert_eq!(tree.ids().await, ids[..2]);
        assert_eq!(tree.detail().await["sentiment"]["count"], 1);
        assert_eq!(tree.delete(ids[0]).await.ok()["head_message_id"], Value::Null);
        let empty = tree.detail().await;
        assert_eq!((&empty["total_messages"], &empty["sentiment"]), (&json!(0), &Value::Null));
        assert_eq!(tree.delete(ids[0]).await.code(), "message_not_found");
        tree.say("Hello again.").await;
        assert_eq!(tree.texts().await, ["Hello again."; 2], "it can be gone on with");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_goes_on_as_a_conversation_of_its_own() {
    on_both(async |setup| {
        let app = setup.start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let tree = Tree::begin(&ada, "I love this!").await;
        tree.say("I hate that.").await;
        tree.say("Third.").await;
        let whole = tree.detail().await;
        let ids = tree.ids().await;
        let path = format!("/api/v1/chat/messages/{}/fork", ids[3]);
        assert_eq!(bob.post(&path, &json!({})).await.code(), "message_not_found");
        let answer = ada.post(&path, &json!({})).await;
        assert_eq!(answer.status, 201);
        let forked = answer.json();
        assert_eq!((&forked["title"], &forked["message_count"]), (&json!("I love this! (branch)"), &json!(4)));
        let fork = Tree { user: &ada, id: forked["id"].as_str().unwrap().to_owned() };
        assert_eq!(fork.texts().await, tree.texts().await[..4]);
        let detail = fork.detail().await;
        assert_eq!(detail["model"], whole["model"]);
        assert_eq!(detail["messages"][0]["sentiment_data"], whole["messages"][0]["sentiment_data"]);
        assert_eq!(detail["messages"][1]["model_info"], whole["messages"][1]["model_info"]);
        assert_eq!((&detail["sentiment"]["count"], &detail["usage"]["input_tokens"]), (&json!(2), &json!(0)));
        let ids_there = fork.ids().await;
        for (at, message) in detail["messages"].as_array().unwrap().iter().enumerate() {
            assert_eq!(message["parent_id"].as_i64(), at.checked_sub(1).map(|before| ids_there[before]));
        }
        fork.say("Elsewhere.").await;
        assert_eq!(read_last(&app), ["I love this!", "I love this!", "I hate that.", "I hate that.", "Elsewhere."]);
        assert_eq!(tree.detail().await, whole, "the original stays as it is");
        assert_eq!(bob.get(&format!("/api/v1/chat/conversation/{}", fork.id)).await.code(), "conversation_not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_so_many_versions_and_no_more() {
    on_both(async |setup| {
        let app = setup.with("RATE_LIMIT_ENABLED", "false").start().await;
        let ada = app.register("ada").await;
        let tree = Tree::begin(&ada, "m").await;
        let answer = tree.ids().await[1];
        let request = json!({ "provider": "offline", "model": "companion" });
        for _ in 1..types::VERSIONS_MAX {
            tree.run(answer, "regenerate", &request).await;
        }
        assert_eq!(tree.places().await[1], "100/100");
        let refused = ada.post(&format!("/api/v1/chat/messages/{answer}/regenerate"), &request).await;
        assert_eq!(refused.code(), "too_many_versions");
    })
    .await;
}
