//! What happens elsewhere: over the WebSocket, and as a stream of events.

use crate::support::{Client, Events, PASSWORD, Raw, Socket, TestApp, account, on_both};
use emulator::{Gate, Script};
use reqwest::Method;
use serde_json::{Value, json};
use server::socket::SocketLimits;
use std::time::Duration;
use tokio_tungstenite::tungstenite::{
    Bytes, Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

/// A stream of the user's events, from its first on.
async fn stream(user: &Client) -> Events {
    let mut events = Events::open(user.request(Method::GET, "/api/v1/events")).await;
    events.expect("resync").await;
    events
}

/// A conversation with an answer: its start.
async fn talk(user: &Client) -> Value {
    let mut events = user.send("Hello.", "echo").await;
    let start = events.expect("start").await.data;
    events.rest().await;
    start
}

async fn rename(user: &Client, conversation: &Value, title: &str) {
    let path = format!("/api/v1/chat/conversation/{}/rename", conversation.as_str().unwrap());
    user.patch(&path, &json!({ "title": title })).await.ok();
}

/// The same account, signed in once more.
async fn again(app: &TestApp, name: &str) -> Client {
    let login = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
    let answer = app.stranger().post("/api/v1/auth/login", &login).await.ok();
    app.stranger().with_token(answer["access_token"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_to_the_user_and_to_nobody_else() {
    on_both(async |setup| {
        let app = setup.start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let mut socket = Socket::listening(&app, &ada).await;
        let mut events = stream(&again(&app, "ada").await).await;
        let (mut his, mut his_events) = (Socket::listening(&app, &bob).await, stream(&bob).await);

        let start = talk(&ada).await;
        let conversation = &start["conversation_id"];
        rename(&ada, conversation, "A quiet week").await;
        let fork = format!("/api/v1/chat/messages/{}/fork", start["message_id"]);
        let fork = ada.post(&fork, &json!(null)).await.json();
        let path = format!("/api/v1/chat/conversation/{}", conversation.as_str().unwrap());
        assert_eq!(ada.delete(&path).await.status, 204);
        assert_eq!(ada.delete("/api/v1/chat/conversations").await.status, 204);

        let created = socket.event("conversation_created").await["conversation"].clone();
        assert_eq!((&created["id"], &created["title"]), (conversation, &start["title"]));
        assert_eq!(created["message_count"], 2);
        let began = socket.event("run_started").await;
        assert_eq!(began["run_id"], start["run_id"]);
        let ended = socket.event("run_finished").await;
        assert_eq!((&ended["run_id"], &ended["message_id"]), (&start["run_id"], &start["message_id"]));
        assert_eq!((&ended["conversation_id"], &ended["status"]), (conversation, &json!("complete")));
        let renamed = socket.event("conversation_renamed").await;
        assert_eq!((&renamed["conversation_id"], &renamed["title"]), (conversation, &json!("A quiet week")));
        assert_eq!(socket.event("conversation_created").await["conversation"], fork);
        assert_eq!(socket.event("conversation_deleted").await["conversation_id"], *conversation);
        socket.event("conversations_cleared").await;

        // The stream tells the same in the same order.
        for told in [created, began, ended, renamed] {
            let event = events.next().await.unwrap();
            assert_eq!(event.data["type"], event.name);
            assert!(event.id.is_empty());
            assert!(event.data == told || event.data["conversation"] == told, "{event:?}");
        }
        for name in ["conversation_created", "conversation_deleted", "conversations_cleared"] {
            events.expect(name).await;
        }

        // The first that he hears is his own.
        let own = talk(&bob).await;
        assert_eq!(his.event("conversation_created").await["conversation"]["id"], own["conversation_id"]);
        assert_eq!(his_events.expect("conversation_created").await.data["conversation"]["id"], own["conversation_id"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_conversation_is_told_as_it_is_listed() {
    on_both(async |setup| {
        let app = setup.start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let mut socket = Socket::listening(&app, &ada).await;
        let gate = Gate::new();
        app.emulator.script(Script::text("one two").gate(1, &gate));
        let mut events = ada.send("Count.", "echo").await;
        let start = events.expect("start").await.data;
        let created = socket.event("conversation_created").await["conversation"].clone();
        let listed = ada.get("/api/v1/chat/history").await.ok()["conversations"][0].clone();
        assert_eq!(created, listed);
        // Who comes later hears what is being written, if it is theirs.
        let mut late = stream(&ada).await;
        let told = late.expect("run_started").await.data;
        assert_eq!((&told["run_id"], &told["message_id"]), (&start["run_id"], &start["message_id"]));
        let mut his = stream(&bob).await;
        gate.open();
        assert_eq!(events.rest().await.last().unwrap().name, "done");
        assert_eq!(late.expect("run_finished").await.data["run_id"], start["run_id"]);
        let own = talk(&bob).await;
        assert_eq!(his.expect("conversation_created").await.data["conversation"]["id"], own["conversation_id"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_followed_over_a_socket_from_any_place_by_its_owner() {
    on_both(async |setup| {
        let app = setup.start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let gate = Gate::new();
        app.emulator.script(Script::text("one two three").gate(2, &gate));
        let mut events = ada.send("Count.", "echo").await;
        let run = events.expect("start").await.data["run_id"].clone();
        gate.reached().await;
        events.text_of("one two ".len()).await;

        let (mut his, mut socket) = (Socket::open(&app, &bob).await, Socket::open(&app, &ada).await);
        his.say(&json!({ "type": "subscribe", "channel": "run", "run_id": run })).await;
        let refused = his.expect("error").await;
        assert_eq!((&refused["error"]["code"], &refused["run_id"]), (&json!("run_not_found"), &run));

        socket.say(&json!({ "type": "subscribe", "channel": "run", "run_id": run })).await;
        assert_eq!(socket.expect("subscribed").await, json!({ "type": "subscribed", "channel": "run", "run_id": run }));
        for event in ["start", "sentiment"] {
            assert_eq!(socket.expect("run_event").await["event"], event);
        }
        let mut text = String::new();
        let mut last = Value::Null;
        while text != "one two " {
            let event = socket.expect("run_event").await;
            assert_eq!((&event["run_id"], &event["event"]), (&run, &json!("chunk")));
            text.push_str(event["data"]["content"].as_str().unwrap());
            last = event["id"].clone();
        }
        socket.say(&json!({ "type": "unsubscribe", "channel": "run", "run_id": run })).await;
        socket.expect("unsubscribed").await;
        gate.open();
        assert_eq!(events.rest().await.last().unwrap().name, "done");

        // On from there, to the end.
        let on = async |socket: &mut Socket, after: &Value| {
            socket.say(&json!({ "type": "subscribe", "channel": "run", "run_id": run, "after": after })).await;
            socket.expect("subscribed").await;
            let mut told = Vec::new();
            loop {
                let message = socket.next().await;
                if message["type"] == "unsubscribed" {
                    return told;
                }
                told.push(message);
            }
        };
        let told = on(&mut socket, &last).await;
        assert_eq!((&told[0]["event"], &told[0]["data"]["content"]), (&json!("chunk"), &json!("three")));
        assert_eq!(told.last().unwrap()["event"], "done");
        let end = told.last().unwrap()["id"].clone();
        assert!(on(&mut socket, &end).await.is_empty(), "nothing comes after the end");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_follows_so_many_runs_and_no_more() {
    on_both(async |setup| {
        let app = setup.with("LIA_MAX_RUNS_PER_USER", "30").start().await;
        let ada = app.register("ada").await;
        let mut socket = Socket::open(&app, &ada).await;
        let gate = Gate::new();
        let mut runs = Vec::new();
        for _ in 0..17 {
            app.emulator.script(Script::text("one two").gate(1, &gate));
            runs.push(ada.send("Count.", "echo").await.expect("start").await.data["run_id"].clone());
        }
        let mut answers = Vec::new();
        for run in runs.iter().chain([&runs[0]]) {
            socket.say(&json!({ "type": "subscribe", "channel": "run", "run_id": run })).await;
            loop {
                let message = socket.next().await;
                if message["type"] != "run_event" {
                    answers.push(message["error"]["code"].clone());
                    break;
                }
            }
        }
        assert_eq!(answers[16], "too_many_streams");
        assert!(answers.iter().enumerate().all(|(n, code)| n == 16 || code.is_null()), "the first again is no new one");
        gate.open();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_and_too_much_of_it_is_the_end() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let mut socket = Socket::open(&app, &ada).await;
        socket.say(&json!({ "type": "ping" })).await;
        socket.expect("pong").await;
        for (said, code) in [
            (r#"{"type""#, "bad_json"),
            (r#"["ping"]"#, "validation_failed"),
            (r#"{"type":"shout"}"#, "validation_failed"),
            (r#"{"type":"subscribe","channel":"run"}"#, "validation_failed"),
        ] {
            socket.send(Message::text(said)).await;
            assert_eq!(socket.error().await, code, "{said}");
        }
        socket.say(&json!({ "type": "ping" })).await;
        socket.expect("pong").await;
        socket.send(Message::text(r#"{"type":"subscribe","channel":"run","run_id":"x"}"#)).await;
        assert_eq!(socket.closed().await, (1008, "validation_failed".to_owned()));

        let ending = async |message: Message| {
            let mut socket = Socket::open(&app, &ada).await;
            socket.send(message).await;
            socket.closed().await
        };
        assert_eq!(ending(Message::binary(vec![0; 9])).await, (1003, "unsupported_media_type".to_owned()));
        assert_eq!(ending(Message::text("x".repeat(5_000))).await, (1009, "payload_too_large".to_owned()));
        let no_text = Frame::message(Bytes::from_static(b"\"\xff\xfe\""), OpCode::Data(Data::Text), true);
        assert_eq!(ending(Message::Frame(no_text)).await, (1007, "bad_json".to_owned()));
        let reserved = Frame::message(Bytes::new(), OpCode::Data(Data::Reserved(5)), true);
        assert_eq!(ending(Message::Frame(reserved)).await, (1002, "bad_request".to_owned()));

        let mut socket = Socket::open(&app, &ada).await;
        for _ in 0..200 {
            socket.say(&json!({ "type": "ping" })).await;
        }
        assert_eq!(socket.closed().await, (1008, "rate_limited".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_user_of_this_site_opens_a_socket() {
    on_both(async |setup| {
        let app = setup.start().await;
        let refusal = async |headers: &[(&'static str, &str)]| Socket::ask(&app, headers).await.err().unwrap().code();
        assert_eq!(refusal(&[]).await, "not_signed_in");
        assert_eq!(refusal(&[("authorization", "Bearer x")]).await, "not_signed_in");
        assert_eq!(app.register("bob").await.get("/api/v1/ws").await.code(), "bad_request");

        let fields = account("ada");
        let fields: Vec<_> =
            fields.as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap())).collect();
        let registered = app.browser().submit("/register", &fields).await;
        let cookie = registered.header("set-cookie").split(';').next().unwrap().to_owned();
        let (own, cookie) = (app.url(""), ("cookie", cookie.as_str()));
        let mut socket =
            Socket::ask(&app, &[cookie, ("origin", &own), ("sec-fetch-site", "same-origin")]).await.ok().unwrap();
        socket.expect("ready").await;
        for foreign in [
            &[cookie, ("origin", "https://elsewhere.example")][..],
            &[cookie, ("origin", "null")],
            &[cookie, ("sec-fetch-site", "cross-site")],
            &[cookie, ("origin", &own), ("sec-fetch-site", "cross-site")],
        ] {
            assert_eq!(refusal(foreign).await, "cross_site", "{foreign:?}");
        }
        let token = format!("Bearer {}", again(&app, "ada").await.token());
        let both = [("authorization", token.as_str()), ("origin", "https://elsewhere.example")];
        assert_eq!(refusal(&both).await, "cross_site");
        // With a token the cookie is ignored.
        assert_eq!(refusal(&[cookie, ("authorization", "Bearer x")]).await, "not_signed_in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_and_streams_end_with_their_sign_in() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let other = again(&app, "ada").await;
        let (socket, events) = (Socket::listening(&app, &ada).await, stream(&ada).await);
        let mut stays = Socket::listening(&app, &other).await;
        assert_eq!(ada.post("/api/v1/auth/logout", &json!(null)).await.status, 204);
        assert_eq!(socket.closed().await, (1008, "not_signed_in".to_owned()));
        assert!(events.rest().await.is_empty());
        assert_eq!(Socket::ask_as(&app, &ada).await.err().unwrap().code(), "not_signed_in");
        talk(&other).await;
        stays.event("conversation_created").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_opens_so_many_sockets_and_streams_and_no_more() {
    on_both(async |setup| {
        let app = setup.start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let mut sockets = Vec::new();
        let mut streams = Vec::new();
        for _ in 0..10 {
            sockets.push(Socket::open(&app, &ada).await);
            streams.push(stream(&ada).await);
        }
        let refused = Socket::ask_as(&app, &ada).await.err().unwrap();
        assert_eq!((refused.code().as_str(), refused.header("retry-after")), ("too_many_streams", "5"));
        let refused = ada.get("/api/v1/events").await;
        assert_eq!((refused.code().as_str(), refused.header("retry-after")), ("too_many_streams", "5"));
        Socket::open(&app, &bob).await;
        // A place is free again when a socket has been closed, which its client hears a little sooner.
        let mut socket = sockets.pop().unwrap();
        socket.send(Message::binary(vec![0])).await;
        socket.closed().await;
        while Socket::ask_as(&app, &ada).await.is_err() {}
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_listen_is_disconnected() {
    on_both(async |setup| {
        let patience = |heartbeat, idle| SocketLimits {
            heartbeat: Duration::from_millis(heartbeat),
            idle: Duration::from_millis(idle),
        };
        let app = setup.with_socket_limits(patience(250, 300)).start().await;
        let ada = app.register("ada").await;
        // Subscribed to nothing.
        assert_eq!(Socket::open(&app, &ada).await.closed().await, (1008, "request_timeout".to_owned()));
        // A client that answers no ping, and hears three frames: two pings and the end.
        let mut raw = Raw::connect(&app).await;
        let opening = "GET /api/v1/ws HTTP/1.1\r\nHost: lia\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        raw.send(format!("{opening}Authorization: Bearer {}\r\n\r\n", ada.token())).await;
        // `subscribe`, masked with zeros.
        let said = json!({ "type": "subscribe", "channel": "events" }).to_string();
        raw.send([&[0x81, 0x80 | u8::try_from(said.len()).unwrap(), 0, 0, 0, 0], said.as_bytes()].concat()).await;
        let heard = raw.until_closed().await;
        assert!(heard.starts_with("HTTP/1.1 101 "), "{heard}");
        assert!(heard.contains(r#""type":"subscribed""#), "{heard}");
        assert!(heard.ends_with("request_timeout"), "{heard}");
        // One that answers them stays, for longer than one that wants nothing.
        let (mut socket, idle) = (Socket::listening(&app, &ada).await, Socket::open(&app, &ada).await);
        let elsewhere = async {
            idle.closed().await;
            talk(&ada).await
        };
        let (heard, start) = tokio::join!(socket.event("conversation_created"), elsewhere);
        assert_eq!(heard["conversation"]["id"], start["conversation_id"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_listener_is_told_to_read_again() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        // More than the system keeps for somebody who does not read.
        app.emulator.script(Script::text(format!("{} ", "x".repeat(20_000)).repeat(400)));
        let start = talk(&ada).await;
        let conversation = &start["conversation_id"];
        let mut socket = Socket::listening_slowly(&app, &ada).await;
        socket.say(&json!({ "type": "subscribe", "channel": "run", "run_id": start["run_id"] })).await;
        socket.expect("subscribed").await;
        for number in 0..100 {
            rename(&ada, conversation, &number.to_string()).await;
        }
        rename(&ada, conversation, "the last").await;
        socket.hurry();
        let mut types = Vec::new();
        loop {
            let event = socket.next().await["event"].clone();
            types.push(event["type"].clone());
            if event["title"] == "the last" {
                break;
            }
        }
        assert!(types.contains(&json!("resync")), "{} events", types.len());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_tell_each_other() {
    on_both(async |setup| {
        let Some(url) = setup.variable("DATABASE_URL").map(ToOwned::to_owned) else { return };
        let first = setup.with_lease(Duration::from_millis(600)).start().await;
        let ada = first.register("ada").await;
        let second = first.another(&url).await;
        let there = second.as_seen_by(&ada);
        let (mut here, mut elsewhere) =
            (Socket::listening(&first, &ada).await, Socket::listening(&second, &there).await);
        while !first.backend().has_others() {
            tokio::task::yield_now().await;
        }
        let start = talk(&ada).await;
        for socket in [&mut here, &mut elsewhere] {
            let mut told = Vec::new();
            while told.last().is_none_or(|event: &Value| event["type"] != "run_finished") {
                told.push(socket.expect("event").await["event"].clone());
            }
            let created: Vec<_> = told.iter().filter(|event| event["type"] == "conversation_created").collect();
            assert_eq!(created.len(), 1, "told once: {told:?}");
            assert_eq!(created[0]["conversation"]["id"], start["conversation_id"]);
            assert!(told.iter().any(|event| event["run_id"] == start["run_id"] && event["type"] == "run_started"));
        }
        rename(&there, &start["conversation_id"], "From there").await;
        for socket in [&mut here, &mut elsewhere] {
            // Perhaps the nodes have heard of each other only now.
            let mut event = socket.expect("event").await["event"].clone();
            while event["type"] == "resync" {
                event = socket.expect("event").await["event"].clone();
            }
            assert_eq!(event["title"], "From there");
        }
        // A sign-in that ends there ends here.
        assert_eq!(there.post("/api/v1/auth/logout", &json!(null)).await.status, 204);
        assert_eq!(here.closed().await, (1008, "not_signed_in".to_owned()));
        assert_eq!(elsewhere.closed().await, (1008, "not_signed_in".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_says_goodbye() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let (socket, mut events) = (Socket::listening(&app, &ada).await, stream(&ada).await);
        let (ending, ()) = tokio::join!(socket.closed(), app.stop());
        assert_eq!(ending, (1012, "shutting_down".to_owned()));
        assert!(events.next().await.is_none());
        assert_eq!(events.retry, Some(1000));
    })
    .await;
}
