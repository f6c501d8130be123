//! Whether Lia is well, and what she says about herself.

use crate::support::{Answer, on_both};
use insta::{allow_duplicates, assert_json_snapshot};
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_learns_what_it_needs() {
    on_both(async |setup| {
        let app = setup.start().await;
        let stranger = app.stranger();
        let answer = stranger.get("/health").await.whole();
        allow_duplicates! {
            assert_json_snapshot!(answer, {
                ".body.timestamp" => "[time]",
                ".body.version" => "[version]",
                ".body.services.database.latency_ms" => "[ms]",
            }, @r#"
            {
              "body": {
                "services": {
                  "database": {
                    "latency_ms": "[ms]",
                    "status": "healthy"
                  },
                  "ollama": {
                    "status": "healthy"
                  },
                  "openai": {
                    "status": "healthy"
                  }
                },
                "status": "healthy",
                "timestamp": "[time]",
                "version": "[version]"
              },
              "status": 200
            }
            "#);
        }
        assert_eq!(stranger.get("/health/live").await.ok()["status"], "alive");
        assert_eq!(stranger.get("/health/ready").await.ok()["status"], "ready");
        assert_eq!(stranger.get("/health/db").await.ok()["status"], "healthy");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_learns_what_runs_here() {
    on_both(async |setup| {
        let app = setup.start().await;
        let (admin, user) = (app.register("ada").await, app.register("bob").await);
        let info = admin.get("/health/info").await.ok();
        assert!(info["uptime_seconds"].is_u64() && info["platform"].is_string() && info["version"].is_string());
        assert_eq!(user.get("/health/info").await.code(), "forbidden");
        assert_eq!(app.stranger().get("/health/info").await.code(), "not_signed_in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_start_page_is_json_for_a_program() {
    on_both(async |setup| {
        let app = setup.start().await;
        let request = app.stranger().request(Method::GET, "/").header("accept", "application/json");
        let answer = Answer::read(request).await.ok();
        allow_duplicates! {
            assert_json_snapshot!(answer, { ".version" => "[version]" }, @r#"
            {
              "environment": "development",
              "name": "Lia",
              "version": "[version]"
            }
            "#);
        }
        let page = app.browser().open("/login").await;
        assert_eq!(page.status, 200);
        assert!(page.header("content-type").starts_with("text/html"));
    })
    .await;
}
