//! What stands before every route: bodies, methods, headers, other sites, patience.

use crate::support::{Answer, PASSWORD, Raw, account, on_both};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

const STRICT: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_methods_have_the_envelope() {
    on_both(async |setup| {
        let app = setup.start().await;
        let stranger = app.stranger();
        for path in ["/api", "/api/v1/nothing", "/api/v1/chat/conversation", "/fn/nothing", "/nothing"] {
            assert_eq!(stranger.get(path).await.code(), "not_found", "{path}");
        }
        let answer = stranger.delete("/api/v1/auth/login").await;
        assert_eq!((answer.code().as_str(), answer.header("allow")), ("method_not_allowed", "POST"));
        let answer = stranger.post("/health", &json!({})).await;
        assert_eq!(answer.code(), "method_not_allowed");

        let page = app.browser().open("/nothing").await;
        assert_eq!(page.status, 404);
        assert!(page.header("content-type").starts_with("text/html"), "a person gets a page");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_cannot_be_read_are_refused() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let post = async |kind: &str, body: Vec<u8>| {
            let request = ada.request(Method::POST, "/api/v1/chat/stream");
            Answer::read(request.header("content-type", kind).body(body)).await
        };
        for (kind, body, code) in [
            ("application/json", b"{".to_vec(), "bad_json"),
            ("application/json", Vec::new(), "bad_json"),
            ("application/json", b"{\"message\": \"\xff\"}".to_vec(), "bad_json"),
            ("application/json", b"[1]".to_vec(), "validation_failed"),
            ("text/plain", b"{}".to_vec(), "unsupported_media_type"),
            ("application/x-www-form-urlencoded", b"message=m".to_vec(), "unsupported_media_type"),
            ("application/json", vec![b' '; 4 * 1024 * 1024], "payload_too_large"),
        ] {
            assert_eq!(post(kind, body).await.code(), code, "{kind}");
        }
        let chunks = futures_util::stream::iter((0..64).map(|_| Ok::<_, std::io::Error>(vec![b' '; 64 * 1024])));
        let request = ada.request(Method::POST, "/api/v1/chat/stream").header("content-type", "application/json");
        let unannounced = Answer::read(request.body(reqwest::Body::wrap_stream(chunks))).await;
        assert_eq!(unannounced.code(), "payload_too_large", "without a Content-Length too");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_let_go() {
    on_both(async |setup| {
        let patience = Duration::from_millis(200);
        let app = setup.with_body_time(patience).with_header_time(patience).start().await;
        let mut slow_body = Raw::connect(&app).await;
        slow_body
            .send(
                "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                 content-length: 100\r\n\r\n{",
            )
            .await;
        let answer = slow_body.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("request_timeout"), "{answer}");

        let mut slow_headers = Raw::connect(&app).await;
        slow_headers.send("GET /health HTTP/1.1\r\nhost: x\r\n").await;
        slow_headers.until_closed().await;
        Raw::connect(&app).await.until_closed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_its_way_when_the_door_closes_is_answered() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ask = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
        let (mut used, unused) = (Raw::connect(&app).await, Raw::connect(&app).await);
        used.send(ask).await;
        assert!(used.some().await.starts_with("HTTP/1.1 200"));
        app.close_door().await;
        for mut connection in [used, unused] {
            connection.send(ask).await;
            let answer = connection.until_closed().await;
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_protecting_headers() {
    on_both(async |setup| {
        let app = setup.start().await;
        let stranger = app.stranger();
        for path in ["/health/live", "/api/openapi.json", "/api/v1/auth/me", "/nothing"] {
            let answer = stranger.get(path).await;
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
            assert_eq!(answer.header("content-security-policy"), STRICT, "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
            assert!(!answer.header("permissions-policy").is_empty(), "{path}");
            assert_eq!(answer.header("strict-transport-security"), "", "not over TLS");
        }
        let first = app.browser().open("/login").await;
        let second = app.browser().open("/login").await;
        let nonce = |answer: &Answer| -> String {
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; img-src"), "{policy}");
            policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned()
        };
        assert_ne!(nonce(&first), nonce(&second));
        assert!(first.text.contains(&format!("nonce=\"{}\"", nonce(&first))), "the page's scripts carry it");
        assert!(!first.text.contains(" style="), "the policy would refuse it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_cookie_is_secure_and_tls_is_remembered() {
    on_both(async |setup| {
        let app = setup.with("LIA_PUBLIC_URL", "https://lia.example.com").start().await;
        let email = "ada@example.com";
        let fields = [("email", email), ("username", "ada"), ("password", PASSWORD)];
        let answer = app.browser().submit("/register", &fields).await;
        assert_eq!(answer.status, 303, "the host is another than the browser's, as behind a proxy: {}", answer.text);
        let cookie = answer.header("set-cookie");
        for part in ["lia_session=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=604800"] {
            assert!(cookie.contains(part), "{part} is not in {cookie}");
        }
        assert!(answer.header("strict-transport-security").starts_with("max-age="));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_believed_only_from_a_trusted_proxy() {
    on_both(async |setup| {
        let app = setup.with("TRUSTED_PROXIES", "127.0.0.1").start().await;
        let ask = async |id: &str| {
            let request = app.stranger().request(Method::GET, "/health/live").header("x-request-id", id);
            Answer::read(request).await.header("x-request-id").to_owned()
        };
        assert_eq!(ask("from-the-proxy-1").await, "from-the-proxy-1");
        assert_eq!(ask("two words and more").await.len(), 36);
        let app = app.restart_with("TRUSTED_PROXIES", "").await;
        let request = app.stranger().request(Method::GET, "/health/live").header("x-request-id", "from-the-proxy-1");
        assert_eq!(Answer::read(request).await.header("x-request-id").len(), 36);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_cannot_change_anything() {
    on_both(async |setup| {
        let app = setup.with("CORS_ORIGINS", "https://friend.example").start().await;
        app.register("ada").await;
        let login = json!({ "email": "ada@example.com", "password": PASSWORD });
        let post = async |path: &str, headers: &[(&str, &str)]| {
            let mut request = app.stranger().request(Method::POST, path).json(&login);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            Answer::read(request).await
        };
        let path = "/api/v1/auth/login";
        assert_eq!(post(path, &[("sec-fetch-site", "cross-site")]).await.code(), "cross_site");
        assert_eq!(post(path, &[("sec-fetch-site", "same-site")]).await.code(), "cross_site");
        assert_eq!(post(path, &[("origin", "https://evil.example")]).await.code(), "cross_site");
        assert_eq!(post("/logout", &[("origin", "null")]).await.code(), "cross_site");
        assert_eq!(post("/fn/start_run", &[("origin", "https://evil.example")]).await.code(), "cross_site");
        assert_eq!(post(path, &[("sec-fetch-site", "same-origin")]).await.status, 200);
        assert_eq!(post(path, &[]).await.status, 200, "a program sends neither");

        let friend = post(path, &[("sec-fetch-site", "cross-site"), ("origin", "https://friend.example")]).await;
        assert_eq!(friend.status, 200);
        assert_eq!(friend.header("access-control-allow-origin"), "https://friend.example");
        assert_eq!(friend.header("access-control-allow-credentials"), "");
        let refused = post("/login", &[("origin", "https://friend.example")]).await;
        assert_eq!(refused.header("access-control-allow-origin"), "", "only the API is lent");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_friendly_site_is_told_what_it_may_send() {
    on_both(async |setup| {
        let app = setup.with("CORS_ORIGINS", "https://friend.example").start().await;
        let ask = async |origin: &str| {
            let request = app.stranger().request(Method::OPTIONS, "/api/v1/chat/stream").header("origin", origin);
            let request = request.header("access-control-request-method", "POST");
            Answer::read(request.header("access-control-request-headers", "authorization,content-type")).await
        };
        let answer = ask("https://friend.example").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), "https://friend.example");
        assert!(answer.header("access-control-allow-headers").contains("authorization"));
        assert_eq!(ask("https://evil.example").await.header("access-control-allow-origin"), "");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_answers_are_compressed() {
    on_both(async |setup| {
        let app = setup.start().await;
        let request = app.stranger().request(Method::GET, "/api/openapi.json").header("accept-encoding", "br");
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "br");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_database_is_503_and_not_signed_out() {
    on_both(async |setup| {
        let app = setup.start().await;
        let browser = app.browser();
        browser.register("ada").await;
        let bob = app.register("bob").await;
        // The door stays open while what is behind it has gone.
        app.backend().shut_down(Duration::ZERO).await;
        assert_eq!(bob.get("/api/v1/auth/me").await.code(), "database_unavailable");
        assert_eq!(browser.me().await.code(), "database_unavailable");
        assert_eq!(app.stranger().get("/api/v1/auth/me").await.code(), "not_signed_in");
        let register = app.stranger().post("/api/v1/auth/register", &account("eve")).await;
        assert_eq!(register.code(), "database_unavailable");
        assert_eq!(app.stranger().get("/health").await.status, 503);
        assert_eq!(app.stranger().get("/health/ready").await.status, 503);
        assert_eq!(app.stranger().get("/health/live").await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_is_done_for_a_client_that_does_not_wait() {
    on_both(async |setup| {
        let app = setup.start().await;
        let body = account("ada").to_string();
        let request = format!(
            "POST /api/v1/auth/register HTTP/1.1\r\nHost: lia\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let login = json!({ "email": "ada@example.com", "password": PASSWORD });
        // One may be gone before its body was read, and then it has asked for nothing; not all of them are.
        for _ in 0..50 {
            let mut hasty = Raw::connect(&app).await;
            hasty.send(&request).await;
            drop(hasty);
            if app.stranger().post("/api/v1/auth/login", &login).await.status == 200 {
                return;
            }
        }
        panic!("the account was never made");
    })
    .await;
}
