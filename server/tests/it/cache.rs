//! What is remembered: never shown and never sent once it is out of date, whoever made it so and wherever.

use crate::support::{Client, Event, Events, Setup, TestApp, on_both, redis_url};
use backend::cache::{Counts, Kind};
use chrono::{DateTime, Utc};
use emulator::Script;
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

/// How often things of a kind were remembered.
fn all_counts(app: &TestApp, kind: Kind) -> Counts {
    *app.backend().cache_counts().iter().find(|counts| counts.kind == kind).unwrap()
}

/// How often they were, and how often they were not.
fn counts(app: &TestApp, kind: Kind) -> (u64, u64) {
    let Counts { hits, misses, .. } = all_counts(app, kind);
    (hits, misses)
}

/// With Redis, for this test alone: its keys begin with a digest of the secret.
fn with_redis(setup: Setup, redis: &str) -> Setup {
    setup.with("REDIS_URL", redis).with("JWT_SECRET_KEY", &format!("{:064x}", rand::random::<u128>()))
}

/// Returns once Redis is there.
async fn reach_redis(app: &TestApp) {
    while app.stranger().get("/health/cache").await.ok()["status"] != "healthy" {}
}

/// What Redis has under a key, once that says `words`.
async fn kept(app: &TestApp, key: &str, words: &str) -> String {
    let redis = app.backend().redis().unwrap();
    loop {
        if let Some(text) = redis.get(key).await.filter(|text| text.contains(words)) {
            return text;
        }
    }
}

fn question(message: &str, conversation: Option<&str>) -> Value {
    json!({ "message": message, "provider": "openai", "model": "echo", "conversation_id": conversation })
}

async fn detail(user: &Client, conversation: &str) -> Value {
    user.get(&format!("/api/v1/chat/conversation/{conversation}?limit=200")).await.ok()
}

async fn act(user: &Client, message: &Value, what: &str, body: &Value) -> Vec<Event> {
    let request = user.request(Method::POST, &format!("/api/v1/chat/messages/{message}/{what}"));
    Events::open(request.json(body)).await.rest().await
}

/// What the model was last sent of the conversation.
fn sent(app: &TestApp) -> Vec<String> {
    let request = app.emulator.requests().pop().unwrap();
    let said = request.body["messages"].as_array().unwrap().iter().filter(|message| message["role"] != "system");
    said.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

/// The messages that the page tells of which says how a conversation reads.
async fn listed_by_mood(user: &Client, conversation: &str) -> BTreeSet<String> {
    let page = user.get(&format!("/c/{conversation}/mood")).await.text;
    let id = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect();
    page.split("#message-").skip(1).map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_again_is_remembered() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let events = ada.stream(&question("one", None)).await.rest().await;
        let id = events[0].data["conversation_id"].as_str().unwrap();
        assert_eq!(counts(&app, Kind::Context), (0, 0), "nothing was said before");
        ada.stream(&question("two", Some(id))).await.rest().await;
        ada.stream(&question("three", Some(id))).await.rest().await;
        assert_eq!(sent(&app), ["one", "one", "two", "two", "three"]);
        assert_eq!(counts(&app, Kind::Context), (2, 0));

        let list = async |query: &str| ada.get(&format!("/api/v1/chat/history{query}")).await.ok();
        let first = list("").await;
        assert_eq!((list("").await, list("?limit=1").await), (first.clone(), first));
        assert_eq!(list("?offset=1").await["conversations"], json!([]), "there is no other");
        assert_eq!(counts(&app, Kind::History), (3, 1));

        let first = listed_by_mood(&ada, id).await;
        let (hits, misses) = counts(&app, Kind::UserMessages);
        assert_eq!((first.len(), listed_by_mood(&ada, id).await), (3, first));
        let (more_hits, no_more_misses) = counts(&app, Kind::UserMessages);
        assert!(more_hits > hits && no_more_misses == misses, "{hits} {misses}");
        let methods = async || ada.get("/api/v1/chat/methods").await.ok();
        assert_eq!(methods().await, methods().await);
        assert!(counts(&app, Kind::Methods).0 > 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_window_needs_more_of_is_read_again() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let long = "x".repeat(20_000);
        let events = ada.stream(&question(&long, None)).await.rest().await;
        let id = events[0].data["conversation_id"].as_str().unwrap();
        for message in ["two", "three"] {
            ada.stream(&question(message, Some(id))).await.rest().await;
        }
        assert_eq!(sent(&app), [long.as_str(), "two", "two", "three"], "the question or the answer, not both");
    })
    .await;
}

/// People's tabs at one or two nodes, and what they do there at random.
struct World {
    app: TestApp,
    other: Option<TestApp>,
    /// The same person, at each node.
    users: Vec<Client>,
    conversations: Vec<String>,
    seed: u64,
}

impl World {
    /// A number below `count`.
    fn any(&mut self, count: usize) -> usize {
        // Marsaglia's xorshift: the same seed does the same.
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        usize::try_from(self.seed % u64::try_from(count).unwrap()).unwrap()
    }

    fn user(&mut self) -> Client {
        let at = self.any(self.users.len());
        self.users[at].clone()
    }

    async fn begin(&mut self, number: usize) {
        let events = self.user().stream(&question(&format!("question {number}"), None)).await.rest().await;
        self.conversations.push(events[0].data["conversation_id"].as_str().unwrap().to_owned());
        assert_eq!(sent(&self.app), [format!("question {number}")]);
    }

    /// What the model was sent is what stands on the branch above its answer; `more` than that only at its end.
    async fn check_sent(&mut self, id: &str, more: usize) {
        let detail = detail(&self.user(), id).await;
        let messages = detail["messages"].as_array().unwrap();
        let texts = messages[..messages.len() - 1].iter().map(|message| message["content"].as_str().unwrap());
        let expected: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        let sent = sent(&self.app);
        assert_eq!(sent[..sent.len() - more], expected);
    }

    /// One thing that a person may do, in one of their tabs.
    async fn step(&mut self, number: usize) {
        let at = self.any(self.conversations.len());
        let id = self.conversations[at].clone();
        let user = self.user();
        let shown = detail(&user, &id).await["messages"].as_array().unwrap().clone();
        let Some(last) = shown.last() else { return };
        let message = &shown[self.any(shown.len())]["id"];
        let text = format!("text {number}");
        let script = |text: &str| Script::text(text);
        match self.any(12) {
            0..=3 => {
                self.app.emulator.script(script(&format!("answer {number}")));
                user.stream(&question(&text, Some(&id))).await.rest().await;
                self.check_sent(&id, 0).await;
            }
            4 => {
                self.app.emulator.script(script(&format!("other {number}")));
                act(&user, message, "regenerate", &json!({})).await;
                self.check_sent(&id, 0).await;
            }
            5 => {
                let asked: Vec<_> = shown.iter().filter(|message| message["role"] == "user").collect();
                let asked = &asked[self.any(asked.len())]["id"];
                act(&user, asked, "edit", &json!({ "message": text })).await;
                self.check_sent(&id, 0).await;
            }
            6 => {
                self.app.emulator.script(script("a beginning").at_length());
                act(&user, message, "regenerate", &json!({})).await;
                let answer =
                    detail(&self.user(), &id).await["messages"].as_array().unwrap().last().unwrap()["id"].clone();
                self.app.emulator.script(script(" and its end"));
                act(&self.user(), &answer, "continue", &json!({})).await;
                self.check_sent(&id, 2).await;
            }
            7 => {
                self.app.emulator.script(Script::failure(401));
                user.stream(&question(&text, Some(&id))).await.rest().await;
                self.check_sent(&id, 0).await;
            }
            8 if shown.len() > 2 => {
                assert_eq!(user.delete(&format!("/api/v1/chat/messages/{}", last["id"])).await.status, 200);
            }
            8 | 9 => {
                let place = &message_in(&shown, message)["siblings"];
                if let Some(sibling) = place["previous_id"].as_i64().or(place["next_id"].as_i64()) {
                    user.post(&format!("/api/v1/chat/messages/{sibling}/show"), &json!({})).await.ok();
                }
            }
            10 => {
                let path = format!("/api/v1/chat/conversation/{id}/rename");
                user.patch(&path, &json!({ "title": text })).await.ok();
            }
            _ if self.conversations.len() > 3 => {
                assert_eq!(user.delete(&format!("/api/v1/chat/conversation/{id}")).await.status, 204);
                self.conversations.remove(at);
            }
            _ => {
                let fork = user.post(&format!("/api/v1/chat/messages/{message}/fork"), &json!({})).await;
                assert!(matches!(fork.status, 200 | 201), "{}", fork.text);
                self.conversations.push(fork.json()["id"].as_str().unwrap().to_owned());
            }
        }
    }

    /// Every node lists what there is, in its order, and shows of each what was said in it.
    async fn check_shown(&mut self) {
        let mut expected = Vec::new();
        for id in &self.conversations {
            let found = detail(&self.users[0], id).await;
            expected.push(json!({
                "id": found["id"], "title": found["title"], "message_count": found["total_messages"],
                "created_at": found["created_at"], "updated_at": found["updated_at"],
            }));
        }
        expected.sort_by_key(|one| {
            let changed: DateTime<Utc> = one["updated_at"].as_str().unwrap().parse().unwrap();
            (changed, one["id"].to_string())
        });
        expected.reverse();
        for user in &self.users {
            for _ in 0..2 {
                let listed = user.get("/api/v1/chat/history?limit=100").await.ok();
                assert_eq!(listed["conversations"], json!(expected));
            }
        }
        let id = &self.conversations[usize::try_from(self.seed).unwrap_or_default() % self.conversations.len()];
        let messages = detail(&self.users[0], id).await["messages"].clone();
        let read = messages.as_array().unwrap().iter().filter(|message| !message["sentiment_data"].is_null());
        let read: BTreeSet<_> = read.map(|message| message["id"].to_string()).collect();
        for user in &self.users {
            assert_eq!(listed_by_mood(user, id).await, read);
        }
    }
}

fn message_in<'a>(messages: &'a [Value], id: &Value) -> &'a Value {
    messages.iter().find(|message| message["id"] == *id).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_people_do_nobody_is_shown_and_no_model_is_sent_what_was() {
    on_both(async |setup| {
        let url = setup.variable("DATABASE_URL").map(ToOwned::to_owned);
        let setup = match redis_url() {
            Some(redis) => with_redis(setup, &redis),
            None => setup,
        };
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let mut users = vec![ada.clone()];
        let mut other = None;
        if let Some(url) = url {
            let node = app.another(&url).await;
            users.push(node.as_seen_by(&ada));
            other = Some(node);
        }
        let seed = rand::random();
        let mut world = World { app, other, users, conversations: Vec::new(), seed };
        eprintln!("seed {seed}");
        world.begin(0).await;
        world.begin(1).await;
        for number in 2..40 {
            world.step(number).await;
            world.check_shown().await;
        }
        let nodes = [Some(&world.app), world.other.as_ref()];
        for kind in [Kind::Context, Kind::History, Kind::UserMessages] {
            assert!(nodes.into_iter().flatten().map(|node| counts(node, kind).0).sum::<u64>() > 0, "{kind:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_has_read_another_has_from_redis() {
    let Some(redis) = redis_url() else { return };
    on_both(async |setup| {
        let app = with_redis(setup, &redis).start().await;
        let ada = app.register("ada").await;
        reach_redis(&app).await;
        let events = ada.stream(&question("one", None)).await.rest().await;
        let id = events[0].data["conversation_id"].as_str().unwrap();
        ada.patch(&format!("/api/v1/chat/conversation/{id}/rename"), &json!({ "title": "named" })).await.ok();
        let listed = ada.get("/api/v1/chat/history").await.ok();
        let read = listed_by_mood(&ada, id).await;
        let owner = ada.get("/api/v1/auth/me").await.ok()["id"].clone();
        kept(&app, &format!("conv:{id}:context"), "one").await;
        kept(&app, &format!("conv:{id}:usrmsg"), "one").await;
        kept(&app, &format!("user:{owner}:history"), "named").await;

        let app = app.restart().await;
        let ada = app.as_seen_by(&ada);
        reach_redis(&app).await;
        assert_eq!(ada.get("/api/v1/chat/history").await.ok(), listed);
        assert_eq!(listed_by_mood(&ada, id).await, read);
        ada.stream(&question("two", Some(id))).await.rest().await;
        assert_eq!(sent(&app), ["one", "one", "two"]);
        for kind in [Kind::History, Kind::UserMessages, Kind::Context] {
            let counts = all_counts(&app, kind);
            assert!(counts.shared_hits > 0 && counts.misses == 0, "{counts:?}");
        }
        let health = app.stranger().get("/health/cache").await.ok();
        assert_eq!(health["kinds"]["conv:{id}:context"], json!({ "hits": 0, "shared_hits": 1, "misses": 0 }));

        assert_eq!(ada.delete(&format!("/api/v1/chat/conversation/{id}")).await.status, 204);
        assert_eq!(app.backend().redis().unwrap().get(&format!("conv:{id}:usrmsg")).await, None, "nobody keeps it");
    })
    .await;
}

/// What is put into Redis: what it is, how it is made of what lies there, and whether it may be used.
type Plant = (&'static str, fn(&str) -> String, bool);

#[tokio::test(flavor = "multi_thread")]
async fn what_others_have_put_into_redis_is_used_only_where_its_version_is_right() {
    let Some(redis) = redis_url() else { return };
    on_both(async |setup| {
        let mut app = with_redis(setup, &redis).start().await;
        let mut ada = app.register("ada").await;
        reach_redis(&app).await;
        let events = ada.stream(&question("one", None)).await.rest().await;
        let id = events[0].data["conversation_id"].as_str().unwrap();
        let key = format!("conv:{id}:context");
        let mut said = vec!["one".to_owned(), "one".to_owned()];
        let plants: [Plant; 6] = [
            ("of somebody else", |text| text.replace("\"owner\":1", "\"owner\":2"), false),
            ("older", |text| text.replace("\"revision\":", "\"revision\":-"), false),
            ("of another head", |text| text.replace("\"head\":", "\"head\":9"), false),
            ("broken", |text| text[..text.len() - 1].to_owned(), false),
            (
                "of another kind",
                |_| "{\"version\":{\"list\":{\"owner\":1,\"version\":1}},\"thing\":[]}".to_owned(),
                false,
            ),
            ("right", str::to_owned, true),
        ];
        for (what, plant, is_used) in plants {
            let last = said.last().unwrap().clone();
            let text = kept(&app, &key, &format!("\"content\":\"{last}\"")).await;
            app = app.restart().await;
            ada = app.as_seen_by(&ada);
            reach_redis(&app).await;
            let planted = plant(&text.replace("\"content\":\"one\"", "\"content\":\"poison\""));
            assert_ne!(planted, text);
            app.backend().redis().unwrap().set(&key, &planted, Duration::from_mins(1)).await;
            ada.stream(&question(what, Some(id))).await.rest().await;
            let expected = said.iter().map(|text| if is_used && text == "one" { "poison" } else { text });
            assert_eq!(sent(&app), expected.chain([what]).collect::<Vec<_>>(), "{what}");
            said.extend([what.to_owned(), what.to_owned()]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_starts_has_the_lists_of_models_from_redis() {
    let Some(redis) = redis_url() else { return };
    on_both(async |setup| {
        const KEY: &str = "models:available";
        let mut app = with_redis(setup, &redis).start().await;
        let ada = app.register("ada").await;
        reach_redis(&app).await;
        app.backend().look_for_models();
        let kept = kept(&app, KEY, "tokens-100").await;
        let door = kept.split("\"door\":").nth(1).unwrap().split(',').next().unwrap();
        let of_another = kept.replace(door, "1");
        for (planted, is_used) in [(&kept, true), (&of_another, false)] {
            app = app.restart().await;
            reach_redis(&app).await;
            app.backend()
                .redis()
                .unwrap()
                .set(KEY, &planted.replace("tokens-100", "planted"), Duration::from_mins(1))
                .await;
            app.backend().look_for_models();
            while is_used && all_counts(&app, Kind::Models).shared_hits == 0 {
                tokio::task::yield_now().await;
            }
            let models = app.as_seen_by(&ada).get("/api/v1/chat/models").await.text;
            assert_eq!((models.contains("planted"), models.contains("tokens-100")), (is_used, !is_used), "{models}");
        }
    })
    .await;
}
