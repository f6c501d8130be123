//! What a person chose for all of their conversations, and that it reaches the provider.

use crate::support::{Client, TestApp, on_both};
use emulator::Script;
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/preferences";

#[tokio::test(flavor = "multi_thread")]
async fn they_are_kept_for_their_owner_and_are_the_same_through_every_door() {
    on_both(async |setup| {
        let app = setup.start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let nothing = json!({ "favourites": [], "generation": {} });
        assert_eq!(ada.get(PATH).await.ok(), nothing);
        let chosen = json!({
            "model": { "provider": "openai", "model": "echo" },
            "favourites": [{ "provider": "openai", "model": "think" }, { "provider": "gone", "model": "Ü" }],
            "generation": { "temperature": 0.7, "max_tokens": 32000, "top_p": 0.95, "presence_penalty": -2.0 },
        });
        assert_eq!(ada.put(PATH, &chosen).await.ok(), chosen);
        assert_eq!(ada.get(PATH).await.ok(), chosen);
        assert_eq!(ada.post("/fn/preferences", &json!({})).await.ok(), chosen);
        assert_eq!(bob.get(PATH).await.ok(), nothing);
        assert_eq!(bob.post("/fn/save_preferences", &json!({ "change": chosen })).await.status, 200);
        assert_eq!(bob.get(PATH).await.ok(), chosen);
        assert_eq!(ada.put(PATH, &json!({})).await.ok(), nothing, "all of it is replaced");
        assert_eq!(bob.get(PATH).await.ok(), chosen);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_bounds_is_refused_and_changes_nothing() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let before = ada.put(PATH, &json!({ "generation": { "temperature": 0.5 } })).await.ok();
        let many = vec![json!({ "provider": "p", "model": "m" }); 101];
        let refused = [
            (json!({ "generation": { "temperature": 2.1 } }), "temperature"),
            (json!({ "generation": { "max_tokens": 0 } }), "max_tokens"),
            (json!({ "generation": { "top_p": -0.1 } }), "top_p"),
            (json!({ "generation": { "frequency_penalty": 3 } }), "frequency_penalty"),
            (json!({ "generation": { "warmth": 1 } }), "body"),
            (json!({ "favourites": many }), "favourites"),
            (json!({ "model": { "provider": "openai", "model": "x".repeat(256) } }), "model"),
            (json!({ "model": { "provider": "a\u{0}b", "model": "m" } }), "model"),
            (json!([]), "body"),
        ];
        for (body, field) in refused {
            let answer = ada.put(PATH, &body).await;
            assert_eq!(answer.code(), "validation_failed");
            assert_eq!(answer.json()["error"]["details"][0]["field"], field, "{}", answer.text);
        }
        assert_eq!(ada.get(PATH).await.ok(), before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_from_two_places_at_once_undo_nothing_of_each_other() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let model = |name: &str| json!({ "provider": "openai", "model": name });
        ada.put(PATH, &json!({ "favourites": [model("old")], "sentiment_method": "local" })).await.ok();
        let marks: Vec<_> = (0..8).map(|number| json!({ "mark": [model(&format!("m{number}"))] })).collect();
        let others = [
            json!({ "generation": { "temperature": 0.3 } }),
            json!({ "model": model("echo") }),
            json!({ "unmark": [model("old")] }),
            json!({ "sentiment_method": null }),
        ];
        let changes = marks.iter().chain(&others).map(|change| ada.patch(PATH, change));
        for answer in futures_util::future::join_all(changes).await {
            answer.ok();
        }
        let mut now = ada.get(PATH).await.ok();
        let favourites = now["favourites"].as_array_mut().unwrap();
        favourites.sort_by_key(|favourite| favourite["model"].to_string());
        let marked: Vec<_> = (0..8).map(|number| model(&format!("m{number}"))).collect();
        assert_eq!(now, json!({ "model": model("echo"), "favourites": marked, "generation": { "temperature": 0.3 } }));

        let many: Vec<_> = (0..93).map(|number| model(&format!("x{number}"))).collect();
        for refused in [json!({ "mark": many }), json!({ "generation": { "top_p": 2 } }), json!({ "theme": "dark" })] {
            assert_eq!(ada.patch(PATH, &refused).await.code(), "validation_failed", "{refused}");
        }
        let after = ada.get(PATH).await.ok();
        assert_eq!((&after["generation"], &after["model"]), (&json!({ "temperature": 0.3 }), &model("echo")));
    })
    .await;
}

/// Where a wire has a setting, and which one.
type Places = &'static [(&'static str, &'static str)];

/// What the provider was asked with last.
async fn asked(app: &TestApp, user: &Client, request: Value) -> Value {
    let before = app.emulator.requests().len();
    let events = user.stream(&request).await.rest().await;
    assert_eq!(events.last().unwrap().name, "done", "{events:?}");
    let requests = app.emulator.requests();
    assert_eq!(requests.len(), before + 1);
    requests[before].body.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_reach_the_provider_on_every_wire() {
    on_both(async |setup| {
        let app = setup.start_with_every_provider().await;
        let ada = app.register("ada").await;
        let settings = json!({
            "temperature": 0.7, "max_tokens": 123, "top_p": 0.9, "frequency_penalty": 0.3, "presence_penalty": -0.6,
        });
        let others = json!({
            "temperature": 0.1, "max_tokens": 45, "top_p": 0.2, "frequency_penalty": 1.5, "presence_penalty": 2.0,
        });
        // Anthropic knows no penalties, and its models take the temperature or `top_p`.
        let wires: [(&str, &str, Places); 4] = [
            (
                "openai",
                "echo",
                &[
                    ("/temperature", "temperature"),
                    ("/max_tokens", "max_tokens"),
                    ("/top_p", "top_p"),
                    ("/frequency_penalty", "frequency_penalty"),
                    ("/presence_penalty", "presence_penalty"),
                ],
            ),
            (
                "openrouter",
                "emulator/echo",
                &[
                    ("/temperature", "temperature"),
                    ("/max_tokens", "max_tokens"),
                    ("/top_p", "top_p"),
                    ("/frequency_penalty", "frequency_penalty"),
                    ("/presence_penalty", "presence_penalty"),
                ],
            ),
            (
                "gemini",
                "echo",
                &[
                    ("/generationConfig/temperature", "temperature"),
                    ("/generationConfig/maxOutputTokens", "max_tokens"),
                    ("/generationConfig/topP", "top_p"),
                    ("/generationConfig/frequencyPenalty", "frequency_penalty"),
                    ("/generationConfig/presencePenalty", "presence_penalty"),
                ],
            ),
            ("anthropic", "echo", &[("/temperature", "temperature"), ("/max_tokens", "max_tokens")]),
        ];
        for (provider, model, fields) in wires {
            let assert_sent = |body: &Value, settings: &Value| {
                for (place, name) in fields {
                    assert_eq!(body.pointer(place), Some(&settings[name]), "{provider} {place} {body}");
                }
            };
            let request = json!({ "message": "m", "provider": provider, "model": model });
            ada.put(PATH, &json!({})).await.ok();
            let body = asked(&app, &ada, request.clone()).await;
            assert!(body.pointer(fields[0].0).is_none(), "what nobody set is not sent: {body}");

            let mut its_own = request.clone();
            its_own["settings"] = settings.clone();
            assert_sent(&asked(&app, &ada, its_own.clone()).await, &settings);

            ada.put(PATH, &json!({ "generation": others })).await.ok();
            assert_sent(&asked(&app, &ada, request).await, &others);
            assert_sent(&asked(&app, &ada, its_own).await, &settings);
        }
        let browser = app.browser();
        browser.register("bob").await;
        let save = json!({ "change": { "generation": settings } });
        browser.call(Method::POST, "/fn/save_preferences", &save).await.ok();
        let request = json!({ "request": { "message": "m", "provider": "openai", "model": "echo" } });
        let before = app.emulator.requests().len();
        browser.call(Method::POST, "/fn/start_run", &request).await.ok();
        app.emulator.wait_until(|requests| requests.len() > before).await;
        assert_eq!(app.emulator.requests()[before].body["temperature"], 0.7, "the page's door too");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_refuses_is_left_out_and_the_rest_is_sent() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        ada.put(PATH, &json!({ "generation": { "temperature": 0.7, "top_p": 0.9 } })).await.ok();
        let error = json!({
            "message": "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value \
                        is supported.",
            "type": "invalid_request_error", "param": "temperature", "code": "unsupported_value",
        });
        app.emulator.script(Script::status(400, json!({ "error": error }).to_string()));
        let request = json!({ "message": "m", "provider": "openai", "model": "echo" });
        let events = ada.stream(&request).await.rest().await;
        assert_eq!(events.last().unwrap().name, "done", "{events:?}");
        let sent: Vec<_> = app.emulator.requests().into_iter().map(|request| request.body).collect();
        assert_eq!((sent.len(), &sent[0]["temperature"]), (2, &json!(0.7)));
        assert!(sent[1].get("temperature").is_none() && sent[1]["top_p"] == 0.9, "{}", sent[1]);
        let body = asked(&app, &ada, request).await;
        assert!(body.get("temperature").is_none() && body["top_p"] == 0.9, "and it is remembered: {body}");
    })
    .await;
}
