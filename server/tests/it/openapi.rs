//! The API's description of itself.

use crate::support::on_both;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_described_with_an_example() {
    on_both(async |setup| {
        let app = setup.start().await;
        let document = app.stranger().get("/api/openapi.json").await.ok();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let mut operations: Vec<String> = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let place = format!("{method} {path}");
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    assert!(!parameter["example"].is_null(), "{place}: {} has no example", parameter["name"]);
                }
                for (kind, body) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
                    assert!(!body["example"].is_null(), "{place}: the {kind} body has no example");
                }
                assert!(operation["x-codeSamples"][0]["source"].as_str().unwrap().starts_with("curl"), "{place}");
                assert!(operation["summary"].is_string(), "{place} has no summary");
                assert!(operation["responses"].as_object().is_some_and(|answers| !answers.is_empty()), "{place}");
                operations.push(place);
            }
        }
        operations.sort();
        let expected = [
            "delete /api/v1/chat/conversation/{id}",
            "delete /api/v1/chat/conversations",
            "delete /api/v1/chat/messages/{id}",
            "get /",
            "get /api/v1/admin/sentiment",
            "get /api/v1/admin/sentiment/export.csv",
            "get /api/v1/admin/sentiment/export.json",
            "get /api/v1/auth/me",
            "get /api/v1/chat/conversation/{id}",
            "get /api/v1/chat/history",
            "get /api/v1/chat/methods",
            "get /api/v1/chat/models",
            "get /api/v1/chat/runs/{id}/events",
            "get /api/v1/events",
            "get /api/v1/preferences",
            "get /api/v1/ws",
            "get /health",
            "get /health/cache",
            "get /health/db",
            "get /health/info",
            "get /health/live",
            "get /health/ready",
            "patch /api/v1/chat/conversation/{id}/rename",
            "patch /api/v1/preferences",
            "post /api/v1/auth/login",
            "post /api/v1/auth/logout",
            "post /api/v1/auth/register",
            "post /api/v1/chat/messages/{id}/continue",
            "post /api/v1/chat/messages/{id}/edit",
            "post /api/v1/chat/messages/{id}/fork",
            "post /api/v1/chat/messages/{id}/regenerate",
            "post /api/v1/chat/messages/{id}/sentiment/feedback",
            "post /api/v1/chat/messages/{id}/show",
            "post /api/v1/chat/runs/{id}/stop",
            "post /api/v1/chat/stream",
            "put /api/v1/chat/conversation/{id}/model",
            "put /api/v1/preferences",
        ];
        assert_eq!(operations, expected);
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert_ne!(document.pointer(reference), None::<&Value>, "{reference} leads nowhere");
        }
    })
    .await;
}
