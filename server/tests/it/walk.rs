//! A walk over every route there is: those of the API's document and the server functions. As a stranger, as a
//! second user, and with broken input. A new route is walked without anybody thinking of it.

use crate::support::{Answer, Client, TestApp, on_both};
use emulator::{Gate, Script};
use leptos::server_fn::axum::server_fn_paths;
use reqwest::Method;
use serde_json::{Value, json};
use server::site;

/// A request that works, once its ids are somebody's.
#[derive(Clone, Debug)]
struct Route {
    method: Method,
    path: String,
    body: Option<Value>,
    /// Whether it wants a signed-in user.
    is_guarded: bool,
    /// Whether it names a thing by its id.
    names_thing: bool,
}

/// Somebody's things.
struct Things {
    conversation: String,
    run: String,
    message: i64,
    question: i64,
}

/// The arguments of each server function. One that is missing here fails the walk.
fn arguments(function: &str, things: &Things) -> Value {
    match function {
        "delete_all_conversations" | "list_methods" | "list_models" | "preferences" => json!({}),
        "list_conversations" => json!({ "offset": 0 }),
        "renew_list" => json!({ "user": 1, "known": 0, "count": 30 }),
        "view_conversation" => json!({ "id": things.conversation, "offset": 0 }),
        "start_run" => json!({ "request": {
            "message": "m", "provider": "openai", "model": "echo", "conversation_id": things.conversation
        }}),
        "insights" => json!({ "parameters": { "from": "2026-11-01", "provider": "openai" } }),
        "stop_run" => json!({ "id": things.run }),
        "rename_conversation" => json!({ "id": things.conversation, "title": "Mine now" }),
        "delete_conversation" => json!({ "id": things.conversation }),
        "save_preferences" => json!({ "change": { "mark": [{ "provider": "openai", "model": "echo" }] } }),
        "choose_model" => json!({ "id": things.conversation, "model": { "provider": "openai", "model": "echo" } }),
        "correct_sentiment" => json!({ "id": things.question, "feedback": { "kind": "joking" } }),
        "regenerate" => json!({ "id": things.message, "request": { "provider": "openai", "model": "echo" } }),
        "edit_message" => json!({ "id": things.question, "request": { "message": "m" } }),
        "continue_answer" => json!({ "id": things.message, "request": { "settings": { "max_tokens": 9 } } }),
        "message_source" | "view_message" | "show_branch" | "delete_message" | "fork_conversation" => {
            json!({ "id": things.message })
        }
        other => panic!("give an example of the arguments of {other}"),
    }
}

fn server_functions(things: &Things) -> Vec<Route> {
    let route = |(path, method): (&str, Method)| {
        let body = arguments(path.rsplit('/').next().unwrap(), things);
        let names_thing = body.to_string().contains("\"id\"") || body.to_string().contains("conversation_id");
        Route { method, path: path.to_owned(), body: Some(body), is_guarded: true, names_thing }
    };
    let functions: Vec<_> = server_fn_paths().map(route).collect();
    assert!(!functions.is_empty());
    functions
}

async fn documented(app: &TestApp, things: &Things) -> Vec<Route> {
    let document = app.stranger().get("/api/openapi.json").await.ok();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let question = things.question.to_string();
            let id = match path {
                path if path.contains("/runs/") => &things.run,
                path if path.contains("/messages/") => &question,
                _ => &things.conversation,
            };
            let mut body = operation["requestBody"]["content"]["application/json"]["example"].clone();
            if body.get("conversation_id").is_some() {
                body["conversation_id"] = json!(things.conversation);
            }
            routes.push(Route {
                method: method.to_uppercase().parse().unwrap(),
                names_thing: path.contains("{id}") || body.get("conversation_id").is_some(),
                path: path.replace("{id}", id),
                is_guarded: operation.get("security").is_some(),
                body: (!body.is_null()).then_some(body),
            });
        }
    }
    routes
}

async fn call(user: &Client, route: &Route) -> Answer {
    let request = user.request(route.method.clone(), &route.path).header("accept", "application/json");
    Answer::read_beginning(match &route.body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

/// Ada's conversation, in which an answer is being written.
async fn things_of(app: &TestApp, ada: &Client, gate: &Gate) -> Things {
    app.emulator.script(Script::text("one two three").gate(1, gate));
    let mut events = ada.send("Count.", "echo").await;
    let start = events.expect("start").await.data;
    gate.reached().await;
    Things {
        conversation: start["conversation_id"].as_str().unwrap().to_owned(),
        run: start["run_id"].as_str().unwrap().to_owned(),
        message: start["message_id"].as_i64().unwrap(),
        question: start["user_message_id"].as_i64().unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reaches_what_is_not_theirs() {
    on_both(async |setup| {
        let app = setup.start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let gate = Gate::new();
        let things = things_of(&app, &ada, &gate).await;
        let before = ada.get(&format!("/api/v1/chat/conversation/{}", things.conversation)).await.ok();

        let mut routes = documented(&app, &things).await;
        routes.extend(server_functions(&things));
        for route in &routes {
            let answer = call(&app.stranger(), route).await;
            if route.is_guarded {
                assert_eq!(answer.code(), "not_signed_in", "{route:?}");
            }
            assert!(!answer.text.contains("Count."), "{route:?} tells a stranger");
            // Signing out would end the walk.
            if route.path.ends_with("/logout") {
                continue;
            }
            let answer = call(&bob, route).await;
            if route.names_thing {
                assert_eq!(answer.status, 404, "{route:?} {}", answer.text);
                answer.code();
            }
            assert!(!answer.text.contains("Count."), "{route:?} tells another user");
        }
        let after = ada.get(&format!("/api/v1/chat/conversation/{}", things.conversation)).await.ok();
        assert_eq!(before["title"], after["title"]);
        assert_eq!(before["total_messages"], after["total_messages"]);
        assert_eq!(after["messages"][1]["status"], "streaming", "nobody stopped it");
        gate.open();
        let events = ada.follow(&things.run, None).await.rest().await;
        assert_eq!(crate::support::text(&events), "one two three");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_shows_what_is_not_its_readers() {
    on_both(async |setup| {
        let app = setup.start().await;
        let (ada, bob) = (app.browser(), app.browser());
        ada.register("ada").await;
        bob.register("bob").await;
        let request = json!({ "request": { "message": "A secret.", "provider": "openai", "model": "echo" } });
        let started = ada.call(Method::POST, "/fn/start_run", &request).await.ok();
        let conversation = started["conversation_id"].as_str().unwrap();
        let pages: Vec<String> = site::ROUTES.iter().map(|page| page.path().replace("{id}", conversation)).collect();
        assert!(pages.iter().any(|page| page.contains(conversation)), "{pages:?}");
        for page in &pages {
            let its_own = page.contains(conversation);
            let hers = ada.open(page).await;
            assert!(hers.status < 400, "{page}: {}", hers.status);
            assert!(!its_own || hers.text.contains("A secret."), "{page}");
            let his = bob.open(page).await;
            assert!(!his.text.contains("A secret."), "{page} shows another user's");
            assert_eq!(his.status == 404, its_own, "{page}: {}", his.status);
            let nobodys = app.browser().open(page).await;
            assert!(!nobodys.text.contains("A secret."), "{page} shows a stranger");
            assert!(nobodys.status == 200 || nobodys.status == 303, "{page}: {}", nobodys.status);
        }
    })
    .await;
}

/// Bodies that no route takes, and what they are called.
fn broken_bodies(good: &Value) -> Vec<(&'static str, Vec<u8>)> {
    let with_nul = good.to_string().replace(":\"", ":\"\\u0000").into_bytes();
    let nulls: serde_json::Map<String, Value> =
        good.as_object().unwrap().keys().map(|key| (key.clone(), json!([[null]]))).collect();
    vec![
        ("nothing", Vec::new()),
        ("no JSON", b"{\"".to_vec()),
        ("no UTF-8", b"{\"a\": \"\xff\xfe\"}".to_vec()),
        ("a list", b"[]".to_vec()),
        ("a number", b"7".to_vec()),
        ("null", b"null".to_vec()),
        ("nests deeply", "[".repeat(100_000).into_bytes()),
        ("other types", serde_json::to_vec(&nulls).unwrap()),
        ("NUL", with_nul),
    ]
}

/// Whether a broken input was refused as one: a 4xx with the envelope. Where nothing in it was broken for this route
/// (it takes no such input), it may have worked.
fn assert_refused(answer: &Answer, may_work: bool, what: &str) {
    if may_work && (200..300).contains(&answer.status) {
        return;
    }
    assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text);
    answer.code();
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_input_is_refused_everywhere() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let gate = Gate::new();
        let things = things_of(&app, &ada, &gate).await;
        let mut routes = documented(&app, &things).await;
        routes.extend(server_functions(&things));
        // What would end or change what the others need.
        routes.retain(|route| !route.path.ends_with("/logout") && !route.path.contains("all"));
        for route in &routes {
            if let Some(good) = &route.body {
                // Functions without arguments read nothing of the body beyond that it is JSON.
                let takes_nothing = good.as_object().is_some_and(serde_json::Map::is_empty);
                for (name, body) in broken_bodies(good) {
                    let request = ada.request(route.method.clone(), &route.path);
                    let request = request.header("content-type", "application/json").body(body);
                    // Ids and numbers have no place for NUL.
                    let may_work = takes_nothing || name == "NUL";
                    assert_refused(&Answer::read(request).await, may_work, &format!("{route:?} with {name}"));
                }
                if route.is_guarded {
                    let request = app.stranger().request(route.method.clone(), &route.path);
                    let request = request.header("content-type", "application/json").body("{\"");
                    let answer = Answer::read(request).await;
                    assert_eq!(answer.code(), "not_signed_in", "{route:?}: who asks comes before what is asked");
                }
                let request = ada.request(route.method.clone(), &route.path).header("content-type", "text/plain");
                let answer = Answer::read(request.body("m")).await;
                assert_refused(&answer, takes_nothing, &format!("{route:?} with plain text"));
            }
            for id in ["x", "%00", "%ff", "0", "-1", "' or 1=1 --", "9999999999999999999999", &"x".repeat(5000)] {
                let path = route.path.replace(&things.conversation, id).replace(&things.run, id);
                let path = path.replace(&format!("/messages/{}", things.question), &format!("/messages/{id}"));
                if path != route.path {
                    let answer = call(&ada, &Route { path: path.clone(), ..route.clone() }).await;
                    assert_refused(&answer, false, &path);
                }
            }
            for query in ["limit=x", "limit=-1", "offset=1e9", "after=x", "limit=1&limit=2", "%ff=%00", "limit=%00"] {
                let path = format!("{}?{query}", route.path);
                if route.method == Method::GET && !path.contains("/runs/") {
                    let answer = call(&ada, &Route { path: path.clone(), ..route.clone() }).await;
                    assert_refused(&answer, true, &path);
                }
            }
        }
        let path = format!("/api/v1/chat/runs/{}/events", things.run);
        assert_eq!(ada.get(&format!("{path}?after=x")).await.code(), "validation_failed");
        let request = ada.request(Method::GET, &path).header("last-event-id", "x");
        assert_eq!(Answer::read(request).await.code(), "validation_failed");
        gate.open();
    })
    .await;
}
