//! Failures as real providers word them: each is the kind that it means, with the wait that it asks for.

use crate::kit::{Outcome, providers, quick, request};
use emulator::{Emulator, Script};
use llm::{ErrorKind, Kind, Limits};
use serde_json::{Value, json};
use std::time::Duration;

/// A status, a body, and what they mean.
type Told = (u16, Value, ErrorKind);

fn of(fields: &Value) -> Value {
    json!({"error": fields})
}

fn openai_and_azure() -> Vec<Told> {
    let openai = |message: &str, kind: &str, code: Value| {
        of(&json!({"message": message, "type": kind, "param": null, "code": code}))
    };
    vec![
        (
            401,
            openai("Incorrect API key provided: sk-x.", "invalid_request_error", json!("invalid_api_key")),
            ErrorKind::Authentication,
        ),
        (
            429,
            openai(
                "You exceeded your current quota, please check your plan.",
                "insufficient_quota",
                json!("insufficient_quota"),
            ),
            ErrorKind::Quota,
        ),
        (
            404,
            openai(
                "The model `x` does not exist or you do not have access to it.",
                "invalid_request_error",
                json!("model_not_found"),
            ),
            ErrorKind::BadRequest,
        ),
        (
            400,
            openai("Invalid prompt: your prompt was flagged.", "invalid_request_error", json!("invalid_prompt")),
            ErrorKind::ContentFilter,
        ),
        (
            500,
            openai("The server had an error while processing your request.", "server_error", Value::Null),
            ErrorKind::Unavailable,
        ),
        (
            503,
            openai("The engine is currently overloaded, please try again later.", "server_error", Value::Null),
            ErrorKind::Overloaded,
        ),
        (
            400,
            openai(
                "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
                "",
                json!("content_filter"),
            ),
            ErrorKind::ContentFilter,
        ),
        (
            401,
            json!({"statusCode": 401, "message": "Unauthorized. Access token is missing."}),
            ErrorKind::Authentication,
        ),
    ]
}

fn other_vendors() -> Vec<Told> {
    let anthropic = |kind: &str, message: &str| json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"});
    vec![
        (
            400,
            anthropic("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
            ErrorKind::ContextLength,
        ),
        (
            400,
            anthropic(
                "invalid_request_error",
                "You have reached your specified API usage limits. You will regain access on 2026-12-01.",
            ),
            ErrorKind::Quota,
        ),
        (
            400,
            anthropic("invalid_request_error", "Output blocked by content filtering policy"),
            ErrorKind::ContentFilter,
        ),
        (402, anthropic("billing_error", "Your account has a payment problem."), ErrorKind::Quota),
        (413, anthropic("request_too_large", "Request exceeds the maximum size"), ErrorKind::ContextLength),
        (529, anthropic("overloaded_error", "Overloaded"), ErrorKind::Overloaded),
        (504, anthropic("timeout_error", "Request timed out"), ErrorKind::Timeout),
        (
            400,
            of(
                &json!({"code": 400, "status": "INVALID_ARGUMENT", "message": "API key not valid. Please pass a valid API key.",
            "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]}),
            ),
            ErrorKind::Authentication,
        ),
        (
            400,
            of(
                &json!({"code": 400, "status": "INVALID_ARGUMENT", "message": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048575)."}),
            ),
            ErrorKind::ContextLength,
        ),
        (
            503,
            json!([{"error": {"code": 503, "status": "UNAVAILABLE", "message": "This model is currently experiencing high demand."}}]),
            ErrorKind::Overloaded,
        ),
        (
            504,
            of(
                &json!({"code": 504, "status": "DEADLINE_EXCEEDED", "message": "Deadline expired before operation could complete."}),
            ),
            ErrorKind::Timeout,
        ),
        (
            400,
            json!({"code": "Client specified an invalid argument", "error": "Incorrect API key provided: xx."}),
            ErrorKind::Authentication,
        ),
        (
            403,
            json!({"code": "The caller does not have permission", "error": "Your team has used all available credits."}),
            ErrorKind::Quota,
        ),
    ]
}

fn gateways() -> Vec<Told> {
    let openrouter = |code: u16, message: &str, metadata: Value| json!({"error": {"code": code, "message": message, "metadata": metadata}, "user_id": "u"});
    vec![
        (
            402,
            openrouter(402, "Insufficient credits. Add more using https://openrouter.ai/settings/credits", Value::Null),
            ErrorKind::Quota,
        ),
        (403, openrouter(403, "Key limit exceeded (total limit).", Value::Null), ErrorKind::Quota),
        (
            403,
            openrouter(
                403,
                "Input was flagged",
                json!({"reasons": ["violence"], "flagged_input": "…", "provider_name": "X"}),
            ),
            ErrorKind::ContentFilter,
        ),
        (429, openrouter(429, "Rate limit exceeded: free-models-per-day.", Value::Null), ErrorKind::Quota),
        (
            429,
            openrouter(429, "Provider returned error", json!({"raw": "x is temporarily rate-limited upstream."})),
            ErrorKind::RateLimited,
        ),
        (
            502,
            openrouter(
                502,
                "Provider returned error",
                json!({"raw": "{\"error\":{\"message\":\"boom\"}}", "error_type": "provider_unavailable"}),
            ),
            ErrorKind::Unavailable,
        ),
        (404, openrouter(404, "No endpoints found matching your data policy.", Value::Null), ErrorKind::BadRequest),
        (
            402,
            of(
                &json!({"message": "Insufficient Balance", "type": "unknown_error", "param": null, "code": "invalid_request_error"}),
            ),
            ErrorKind::Quota,
        ),
        (
            498,
            of(&json!({"message": "Flex tier capacity exceeded.", "type": "internal_server_error"})),
            ErrorKind::Overloaded,
        ),
        (
            401,
            of(&json!({"message": "login fail", "type": "authorized_error", "http_code": "401"})),
            ErrorKind::Authentication,
        ),
        (
            422,
            json!({"object": "error", "message": {"detail": [{"type": "missing", "loc": ["body", "messages"], "msg": "Field required"}]}, "type": "invalid_request_error", "code": null}),
            ErrorKind::BadRequest,
        ),
        (401, json!({"detail": "Unauthorized"}), ErrorKind::Authentication),
        (
            429,
            json!({"object": "error", "message": "Requests rate limit exceeded", "type": "rate_limited", "param": null, "code": "1300"}),
            ErrorKind::RateLimited,
        ),
        (
            429,
            of(&json!({"code": "1113", "message": "Insufficient balance or no resource package. Please recharge."})),
            ErrorKind::Quota,
        ),
    ]
}

fn local_servers() -> Vec<Told> {
    let ollama = |message: &str| of(&json!({"message": message, "type": "api_error", "param": null, "code": null}));
    vec![
        (
            404,
            of(
                &json!({"message": "model \"x\" not found, try pulling it first", "type": "not_found_error", "param": null, "code": null}),
            ),
            ErrorKind::BadRequest,
        ),
        (401, ollama("unauthorized"), ErrorKind::Authentication),
        (429, ollama("you have reached your hourly usage limit"), ErrorKind::RateLimited),
        (503, ollama("server busy, please try again. maximum pending requests exceeded"), ErrorKind::Overloaded),
        (500, ollama("llama runner process has terminated"), ErrorKind::Unavailable),
        (
            503,
            of(&json!({"code": 503, "message": "Loading model", "type": "unavailable_error"})),
            ErrorKind::Unavailable,
        ),
        (
            400,
            of(
                &json!({"code": 400, "message": "the request exceeds the available context size", "type": "exceed_context_size_error", "n_ctx": 4096}),
            ),
            ErrorKind::ContextLength,
        ),
        (
            400,
            json!({"object": "error", "message": "This model's maximum context length is 4096 tokens.", "type": "BadRequestError", "code": 400}),
            ErrorKind::ContextLength,
        ),
        (
            422,
            json!({"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096.", "error_type": "validation"}),
            ErrorKind::ContextLength,
        ),
        (
            404,
            of(
                &json!({"message": "No models loaded. Please load a model.", "type": "invalid_request_error", "code": "model_not_found"}),
            ),
            ErrorKind::BadRequest,
        ),
    ]
}

#[tokio::test]
async fn every_failure_is_the_kind_that_it_means() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::OpenAi, Limits { attempts: 1, ..quick() });
    for (status, body, kind) in [openai_and_azure(), other_vendors(), gateways(), local_servers()].into_iter().flatten()
    {
        emulator.script(Script::status(status, body.to_string()));
        let outcome = Outcome::of(providers.default().stream(request("m"))).await;
        assert_eq!(outcome.kind(), kind, "{status} {body}");
    }
}

#[tokio::test]
async fn every_wait_that_is_asked_for_is_understood() {
    let emulator = Emulator::start().await;
    let providers = providers(&emulator, Kind::OpenAi, Limits { attempts: 1, ..quick() });
    let says = |message: &str| of(&json!({"message": message, "code": "rate_limit_exceeded"}));
    let nothing = of(&json!({"message": "slow down", "code": "rate_limit_exceeded"}));
    let date = ("date", "Wed, 21 Oct 2026 07:28:00 GMT");
    let delay = json!({"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "m", "details": [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerMinute"}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "13s"}]});
    let behind = json!({"code": 429, "message": "Rate limit exceeded: free-models-per-min.", "metadata": {"headers": {
        "X-RateLimit-Limit": "16", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3"}}});
    for (headers, body, millis) in [
        (vec![("retry-after", "20")], &nothing, Some(20_000)),
        (vec![("retry-after", "0.25")], &nothing, Some(250)),
        (vec![("retry-after", "30s")], &nothing, Some(30_000)),
        (vec![("retry-after", "soon")], &nothing, None),
        (vec![("retry-after-ms", "340"), ("retry-after", "1")], &nothing, Some(340)),
        (vec![date, ("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT")], &nothing, Some(30_000)),
        (vec![("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "1s")], &nothing, Some(1000)),
        (vec![("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "6m0s")], &nothing, Some(360_000)),
        (vec![("x-ratelimit-remaining-tokens", "9"), ("x-ratelimit-reset-tokens", "6m0s")], &nothing, None),
        (vec![("x-ratelimit-reset-requests", "120ms"), ("x-ratelimit-reset-tokens", "1s")], &nothing, Some(120)),
        (vec![], &says("Rate limit reached. Please try again in 1.2s. Visit us."), Some(1200)),
        (vec![], &says("Rate limit reached. Please try again in 340ms."), Some(340)),
        (
            vec![],
            &says("tokens per day (TPD): Limit 100000. Please try again in 1h4m33.6s. Need more?"),
            Some(3_873_600),
        ),
        (vec![], &says("Please retry after 20 seconds."), Some(20_000)),
        (vec![], &says("please try again after 1 seconds"), Some(1000)),
        (vec![], &json!({"error": "Too many requests, try again in 3s"}), Some(3000)),
        (vec![], &of(&json!({"message": "m", "retry_after": 2.5})), Some(2500)),
        (vec![], &of(&delay), Some(13_000)),
        (vec![], &of(&behind), Some(3000)),
    ] {
        let script = headers
            .iter()
            .fold(Script::status(429, body.to_string()), |script, (name, value)| script.header(*name, *value));
        emulator.script(script);
        let error = Outcome::of(providers.default().stream(request("m"))).await.error.unwrap();
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{headers:?} {body}");
        assert_eq!(error.retry_after(), millis.map(Duration::from_millis), "{headers:?} {body}");
    }
}
