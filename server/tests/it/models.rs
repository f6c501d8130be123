//! Which models there are, and which one answers.

use crate::support::{Client, TestApp, on_both};
use serde_json::{Value, json};
use tokio::task::JoinSet;

fn model(provider: &str, model: &str) -> Value {
    json!({ "provider": provider, "model": model })
}

/// Sends a message and tells the conversation it went to.
async fn send(user: &Client, more: Value) -> String {
    let mut request = json!({ "message": "m" });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let events = user.stream(&request).await.rest().await;
    assert_eq!(events.last().unwrap().name, "done", "{events:?}");
    events[0].data["conversation_id"].as_str().unwrap().to_owned()
}

/// The model that wrote the newest answer of a conversation, and the one that writes the next.
async fn models_of(user: &Client, conversation: &str) -> (Value, Value) {
    let conversation = user.get(&format!("/api/v1/chat/conversation/{conversation}")).await.ok();
    let info = &conversation["messages"].as_array().unwrap().last().unwrap()["model_info"];
    (json!({ "provider": info["provider"], "model": info["model"] }), conversation["model"].clone())
}

/// What the page shows of a conversation's model.
async fn shown(user: &Client, conversation: &str) -> Value {
    user.post("/fn/view_conversation", &json!({ "id": conversation, "offset": 0 })).await.ok()["model"].clone()
}

async fn choose(user: &Client, conversation: &str, model: &Value) -> crate::support::Answer {
    user.put(&format!("/api/v1/chat/conversation/{conversation}/model"), model).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_has_every_provider_and_says_what_is_wrong() {
    on_both(async |setup| {
        let app = setup.start_with_every_provider().await;
        let ada = app.register("ada").await;
        let menu = ada.post("/fn/list_models", &json!({})).await.ok();
        let shape: Vec<_> = menu
            .as_array()
            .unwrap()
            .iter()
            .map(|provider| {
                let models = provider["models"].as_array().unwrap();
                (provider["name"].as_str().unwrap(), models.is_empty(), provider["problem"].as_str())
            })
            .collect();
        let expected = [
            ("OpenAI", false, None),
            ("Gemini", false, None),
            ("Anthropic", false, None),
            ("OpenRouter", false, None),
            ("Ollama", true, Some("Ollama cannot be reached.")),
        ];
        assert_eq!(shape[..5], expected);
        assert_eq!((shape.len(), menu[5]["id"].as_str()), (6, Some("offline")), "Offline is last");
        let catalogue = ada.get("/api/v1/chat/models").await.ok();
        assert_eq!(menu[3]["models"], catalogue["openrouter"]);
        assert_eq!(menu[3]["models"][0]["price"], json!({ "input": 1.0, "output": 2.0 }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_is_said_in_the_menu() {
    on_both(async |setup| {
        let mut tasks = JoinSet::new();
        let address = refusing(&mut tasks).await;
        let app = setup.start().await.restart_with("OPENAI_BASE_URL", &address).await;
        let ada = app.register("ada").await;
        let menu = ada.post("/fn/list_models", &json!({})).await.ok();
        assert_eq!(menu[0]["problem"], "OpenAI refuses the key this Lia uses.");
        assert_eq!(menu[0]["is_blocked"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_not_list_models_is_answered_with_those_that_are_known() {
    on_both(async |setup| {
        use axum::{Router, http::StatusCode, routing::get, routing::post};
        let mut tasks = JoinSet::new();
        let answer = json!({ "choices": [{ "message": { "content": "Here." }, "finish_reason": "stop" }] });
        let closed = |status: StatusCode| {
            let answer = answer.to_string();
            Router::new()
                .route("/v1/models", get(async move || status))
                .route("/v1/chat/completions", post(async move || answer))
        };
        let shy = serve(&mut tasks, closed(StatusCode::FORBIDDEN)).await;
        let strict = serve(&mut tasks, closed(StatusCode::UNAUTHORIZED)).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("providers.toml");
        let entry = |id: &str, url: &str| {
            format!("[[provider]]\nid = {id:?}\nkind = \"openai\"\nbase_url = {url:?}\nmodels = [\"mine\"]\n")
        };
        std::fs::write(&file, entry("shy", &shy) + &entry("strict", &strict)).unwrap();
        let app = setup.with("LIA_PROVIDERS", &file.display().to_string()).start().await;
        let app = app.restart_with("OPENAI_BASE_URL", &shy).await;
        let ada = app.register("ada").await;
        let view = async |id: &str| {
            let menu = ada.post("/fn/list_models", &json!({})).await.ok();
            menu.as_array().unwrap().iter().find(|view| view["id"] == id).unwrap().clone()
        };
        let openai = view("openai").await;
        let known = openai["models"].as_array().unwrap();
        assert!(known.iter().any(|model| model["id"] == "gpt-4o"), "{openai}");
        assert_eq!(openai["is_blocked"], false);
        let told = "OpenAI does not list its models for the key this Lia uses. These are models that Lia knows.";
        assert_eq!(openai["problem"], told);
        send(&ada, model("openai", "gpt-4o")).await;
        send(&ada, model("openai", "one-that-lia-does-not-know")).await;

        let shy = view("shy").await;
        assert_eq!((&shy["is_blocked"], &shy["models"][0]["id"]), (&json!(false), &json!("mine")));
        assert!(shy["problem"].as_str().unwrap().ends_with("These are the models that are configured here."), "{shy}");
        send(&ada, model("shy", "mine")).await;
        let other = json!({ "message": "m", "provider": "shy", "model": "another" });
        assert_eq!(ada.post("/api/v1/chat/stream", &other).await.code(), "validation_failed");

        // This one's list says that it takes no such key, until an answer says that it does.
        let refused = view("strict").await;
        assert_eq!(
            (&refused["is_blocked"], &refused["problem"]),
            (&json!(true), &json!("strict refuses the key this Lia uses."))
        );
        send(&ada, model("strict", "mine")).await;
        assert_eq!(view("strict").await["is_blocked"], false);
    })
    .await;
}

/// The address of a provider that takes no key.
async fn refusing(tasks: &mut JoinSet<std::io::Result<()>>) -> String {
    let refuse = || async { axum::http::StatusCode::UNAUTHORIZED };
    serve(tasks, axum::Router::new().fallback(refuse)).await
}

async fn serve(tasks: &mut JoinSet<std::io::Result<()>>, provider: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tasks.spawn(async move { axum::serve(listener, provider).await });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_fails_keeps_no_model_from_answering_and_who_has_no_model_is_not_named() {
    on_both(async |setup| {
        use axum::{Router, http::StatusCode, routing::get, routing::post};
        let mut tasks = JoinSet::new();
        let empty = serve(&mut tasks, Router::new().fallback(async || json!({ "data": [] }).to_string())).await;
        let answer = json!({ "choices": [{ "message": { "content": "Here." }, "finish_reason": "stop" }] });
        let listless = Router::new()
            .route("/v1/models", get(async || StatusCode::BAD_GATEWAY))
            .route("/v1/chat/completions", post(async move || answer.to_string()));
        let listless = serve(&mut tasks, listless).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("providers.toml");
        let entry = |id: &str, url: &str, models: &str| {
            format!("[[provider]]\nid = {id:?}\nkind = \"openai\"\nbase_url = {url:?}\nmodels = {models}\n")
        };
        std::fs::write(&file, entry("empty", &empty, "[]") + &entry("listless", &listless, "[\"m\"]")).unwrap();
        let app = setup.with("LIA_PROVIDERS", &file.display().to_string()).start().await;
        let ada = app.register("ada").await;
        let menu = ada.post("/fn/list_models", &json!({})).await.ok();
        let view = menu.as_array().unwrap().iter().find(|view| view["id"] == "listless").unwrap();
        assert_eq!((&view["is_blocked"], &view["models"][0]["id"]), (&json!(false), &json!("m")));
        assert!(view["problem"].as_str().unwrap().starts_with("listless could not be reached a moment ago."), "{view}");
        send(&ada, model("listless", "m")).await;
        for _ in 0..5 {
            app.emulator.script(emulator::Script::status(503, "{}"));
        }
        for _ in 0..2 {
            ada.send("Are you there?", "echo").await.rest().await;
        }
        let events = ada.send("Are you there?", "echo").await.rest().await;
        let told = &events.last().unwrap().data["message"];
        assert_eq!(
            told,
            "OpenAI is not answering. Your message is saved. Try again in a moment, or choose another model."
        );
        let menu = ada.post("/fn/list_models", &json!({})).await.ok();
        assert_eq!((&menu[0]["id"], &menu[0]["is_blocked"]), (&json!("openai"), &json!(true)), "it is left alone");
        let services = app.stranger().get("/health").await.ok()["services"].clone();
        assert_eq!(services["openai"], json!({ "status": "unhealthy", "cause": "provider_unavailable" }));
        assert_eq!(services["listless"], json!({ "status": "healthy" }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_keeps_its_model() {
    on_both(async |setup| {
        let app = setup.start_with_every_provider().await;
        let ada = app.register("ada").await;
        let (echo, think) = (model("openai", "echo"), model("gemini", "think"));
        let id = send(&ada, think.clone()).await;
        assert_eq!(models_of(&ada, &id).await, (think.clone(), think.clone()));
        assert_eq!(shown(&ada, &id).await, think);

        let again = json!({ "conversation_id": id });
        send(&ada, again.clone()).await;
        assert_eq!(models_of(&ada, &id).await.0, think, "a message that names none");

        assert_eq!(choose(&ada, &id, &echo).await.status, 204);
        assert_eq!(shown(&ada, &id).await, echo, "before the next message");
        assert_eq!(models_of(&ada, &id).await, (think.clone(), echo.clone()));
        send(&ada, again.clone()).await;
        assert_eq!(models_of(&ada, &id).await.0, echo);

        let named = json!({ "conversation_id": id, "provider": "gemini", "model": "think" });
        send(&ada, named).await;
        assert_eq!(models_of(&ada, &id).await.1, think, "a message that names one chooses it");

        let call = json!({ "id": id, "model": echo });
        assert_eq!(ada.post("/fn/choose_model", &call).await.status, 200);
        assert_eq!(shown(&ada, &id).await, echo, "the page's door");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_models_that_exist_are_chosen_and_only_by_the_owner() {
    on_both(async |setup| {
        let app = setup.start().await;
        let (ada, bob) = (app.register("ada").await, app.register("bob").await);
        let echo = model("openai", "echo");
        let id = send(&ada, echo.clone()).await;
        for unknown in [model("openai", "gone"), model("nobody", "echo"), model("openai", ""), model("", "")] {
            assert_eq!(choose(&ada, &id, &unknown).await.code(), "validation_failed", "{unknown}");
        }
        // Ollama lists nothing here, so it may know any model; but not every text is a name.
        for unfit in [model("ollama", "a\u{0}b"), model("ollama", &"x".repeat(256))] {
            assert_eq!(choose(&ada, &id, &unfit).await.code(), "validation_failed", "{unfit}");
        }
        assert_eq!(choose(&bob, &id, &model("offline", "companion")).await.code(), "conversation_not_found");
        assert_eq!(shown(&ada, &id).await, echo);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_conversations_begin_with_the_last_choice_of_a_new_one() {
    on_both(async |setup| {
        let app = setup.start_with_every_provider().await;
        let ada = app.register("ada").await;
        let installations = send(&ada, json!({})).await;
        assert_eq!(models_of(&ada, &installations).await.0["provider"], "openai", "the first provider's");
        assert!(preferred(&ada).await.is_null(), "nobody has chosen");

        ada.put("/api/v1/preferences", &json!({ "generation": { "temperature": 0.5 } })).await.ok();
        let think = model("gemini", "think");
        let first = send(&ada, think.clone()).await;
        assert_eq!(preferred(&ada).await, think);
        let generation = ada.get("/api/v1/preferences").await.ok()["generation"].clone();
        assert_eq!(generation, json!({ "temperature": 0.5 }), "the rest stays");

        let mut in_an_old_one = model("anthropic", "echo");
        in_an_old_one["conversation_id"] = json!(first);
        send(&ada, in_an_old_one).await;
        assert_eq!(preferred(&ada).await, think, "a choice in an old conversation is that conversation's");

        let second = send(&ada, json!({})).await;
        assert_eq!(models_of(&ada, &second).await, (think.clone(), think.clone()));

        let gone = json!({ "model": model("nobody", "gone") });
        ada.put("/api/v1/preferences", &gone).await.ok();
        let third = send(&ada, json!({})).await;
        assert_eq!(models_of(&ada, &third).await.0["provider"], "openai", "what is gone is passed over");
        assert_eq!(preferred(&ada).await, gone["model"], "and not forgotten: it may come back");
    })
    .await;
}

async fn preferred(user: &Client) -> Value {
    user.get("/api/v1/preferences").await.ok()["model"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_gone_does_not_end_its_conversation() {
    on_both(async |setup| {
        let app = setup.start_with_every_provider().await;
        let ada = app.register("ada").await;
        let id = send(&ada, model("gemini", "think")).await;
        let app: TestApp = app.restart_with("GEMINI_BASE_URL", "").await.restart_with("GEMINI_API_KEY", "").await;
        let ada = app.stranger().with_token(ada.token());
        send(&ada, json!({ "conversation_id": id })).await;
        assert_eq!(models_of(&ada, &id).await.0["provider"], "openai", "the message says who has answered");
        // The page shows, and names, the one that answers in its place; it may come back, so it is not forgotten.
        let instead = shown(&ada, &id).await;
        assert_eq!(instead["provider"], "openai");
        assert_eq!(models_of(&ada, &id).await.1, model("gemini", "think"));
        let mut named = instead;
        named["conversation_id"] = json!(id);
        send(&ada, named).await;
        let gone = json!({ "message": "Hello?", "conversation_id": id, "provider": "gemini", "model": "think" });
        assert_eq!(ada.post("/api/v1/chat/stream", &gone).await.code(), "validation_failed", "named, it is refused");
    })
    .await;
}
