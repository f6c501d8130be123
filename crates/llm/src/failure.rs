//! Providers' failures, turned into [`Error`]: where the error object is in what they send, and what else it says. What
//! kind of failure it is, `kinds` finds in their vocabulary. Knows none of their addresses.

mod kinds;

use crate::{Error, ErrorKind, wait};
use kinds::{codes, is_of_rights, kind, kind_of_message, kind_of_status};
use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderValue},
};
use serde_json::Value;

/// The failure that a response with an error status is.
pub(crate) fn from_response(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let text = || String::from_utf8_lossy(body).into_owned();
    let mut error = if let Some(object) = find(&json) {
        from_object(object, Some(status))
    } else {
        let said = text();
        let kind = kind_of_message(&said).unwrap_or_else(|| kind_of_status(status, &said));
        let mut error = Error::new(kind, format!("{status}: {said}"));
        error.is_forbidden = is_of_rights(Some(status), &[], &said);
        error
    };
    let in_body = || error.retry_after.or_else(|| wait::from_body(&json));
    let in_limits = || (error.kind == ErrorKind::RateLimited).then(|| wait::from_limits(headers)).flatten();
    error.retry_after = wait::from_headers(headers).or_else(in_body).or_else(in_limits);
    error.retry = match headers.get("x-should-retry").map(HeaderValue::as_bytes) {
        Some(b"true") => Some(true),
        Some(b"false") => Some(false),
        _ => error.retry,
    };
    error.request_id = request_id(headers);
    error
}

/// The failure that an error object inside a stream is.
pub(crate) fn from_event(object: &Value) -> Error {
    from_object(object, None)
}

/// The name a provider gave to a request.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = ["x-request-id", "request-id", "x-generation-id"].iter().find_map(|name| headers.get(*name))?;
    let id: String = value.to_str().ok()?.chars().take(200).collect();
    (!id.is_empty()).then_some(id)
}

/// The error object in a body, wherever the wire puts it: `{"error": …}`, `[{"error": …}]`, or the body itself where it
/// says that it is one, or has a sentence or no more than a yes for its `error`: what else there is to say stands beside
/// that. MiniMax has its `base_resp` in answers, too.
pub(crate) fn find(body: &Value) -> Option<&Value> {
    let body = if let Value::Array(list) = body { list.first()? } else { body };
    match body.get("error") {
        Some(error) if is_truthy(error) => Some(if error.is_object() || error.is_array() { error } else { body }),
        _ if body.get("object").and_then(Value::as_str) == Some("error") => Some(body),
        _ => body.get("base_resp").filter(|outcome| outcome["status_code"].as_i64().is_some_and(|code| code != 0)),
    }
}

/// Whether an `error` field holds an error; some servers send it empty with every chunk.
pub(crate) fn is_truthy(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(object) => !object.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Bool(true) => true,
    }
}

fn from_object(object: &Value, status: Option<StatusCode>) -> Error {
    let message = ["message", "status_msg", "error"].iter().find_map(|field| object.get(*field)?.as_str());
    let message = message.or_else(|| object.as_str()).unwrap_or_default();
    // What OpenRouter was told by the provider behind it.
    let raw = object.pointer("/metadata/raw").map(|raw| raw.as_str().map_or_else(|| raw.to_string(), String::from));
    let said = match raw {
        Some(raw) => format!("{message}: {raw}"),
        None if message.is_empty() => object.to_string(),
        None => message.to_owned(),
    };
    let codes = codes(object);
    let status = status.or_else(|| status_in(object));
    let kind = kind(object, status, &codes, &said);
    let label = codes.first().copied().or(status.as_ref().map(StatusCode::as_str)).unwrap_or("error");
    let parameter = object.get("param").and_then(Value::as_str).filter(|name| !matches!(*name, "" | "None" | "null"));
    let named = parameter.map(|name| format!(" '{name}'")).unwrap_or_default();
    let mut error = Error::new(kind, format!("{label}{named}: {said}"));
    error.parameter = parameter.map(str::to_owned);
    error.is_forbidden = is_of_rights(status, &codes, &said);
    error.retry_after = wait::from_body(object);
    error.retry = object.get("availability").and_then(|availability| availability.get("retryable")?.as_bool());
    error
}

/// Inside a stream the status is in the object: OpenRouter's and llama.cpp's `code`, Groq's `status_code`, MiniMax's
/// `http_code`, Mistral's `raw_status_code`. Their other numbers are no statuses.
fn status_in(object: &Value) -> Option<StatusCode> {
    const FIELDS: [&str; 5] = ["code", "status_code", "status", "http_code", "raw_status_code"];
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let status = |field: &&str| StatusCode::from_u16(u16::try_from(number(object.get(*field)?)?).ok()?).ok();
    FIELDS.iter().filter_map(status).find(|status| status.is_client_error() || status.is_server_error())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    fn kind(status: u16, body: &Value) -> ErrorKind {
        from_response(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.to_string().as_bytes()).kind()
    }

    #[test]
    fn codes_come_before_the_status() {
        let error = |code: &str| json!({"error": {"message": "m", "type": "invalid_request_error", "code": code}});
        assert_eq!(kind(429, &error("insufficient_quota")), ErrorKind::Quota);
        assert_eq!(kind(429, &error("rate_limit_exceeded")), ErrorKind::RateLimited);
        assert_eq!(kind(400, &error("context_length_exceeded")), ErrorKind::ContextLength);
        assert_eq!(kind(401, &error("invalid_api_key")), ErrorKind::Authentication);
        assert_eq!(kind(404, &error("model_not_found")), ErrorKind::BadRequest);
    }

    #[test]
    fn a_status_alone_is_enough() {
        for (status, expected) in [
            (301, ErrorKind::Protocol),
            (400, ErrorKind::BadRequest),
            (401, ErrorKind::Authentication),
            (402, ErrorKind::Quota),
            (403, ErrorKind::Authentication),
            (408, ErrorKind::Timeout),
            (413, ErrorKind::ContextLength),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Unavailable),
            (503, ErrorKind::Unavailable),
            (529, ErrorKind::Overloaded),
        ] {
            assert_eq!(kind(status, &Value::Null), expected, "{status}");
        }
    }

    #[test]
    fn other_providers_words_are_understood() {
        let google = json!({"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
            "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]}});
        assert_eq!(kind(400, &google), ErrorKind::Authentication);
        assert_eq!(kind(400, &json!([google])), ErrorKind::Authentication);
        let moderated = json!({"error": {"code": 403, "message": "flagged", "metadata": {"reasons": ["violence"]}}});
        assert_eq!(kind(403, &moderated), ErrorKind::ContentFilter);
        let llama =
            json!({"error": {"code": 400, "message": "too big", "type": "exceed_context_size_error", "n_ctx": 4096}});
        assert_eq!(kind(400, &llama), ErrorKind::ContextLength);
        let anthropic = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
        assert_eq!(kind(529, &anthropic), ErrorKind::Overloaded);
        let broke = json!({"error": {"type": "invalid_request_error", "message": "Your credit balance is too low to"}});
        assert_eq!(kind(400, &broke), ErrorKind::Quota);
        let daily = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "m", "details": [
            {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}});
        assert_eq!(kind(429, &daily), ErrorKind::Quota);
        assert_eq!(
            kind(400, &json!({"error": "This model's maximum context length is 4096"})),
            ErrorKind::ContextLength
        );
    }

    #[test]
    fn what_no_waiting_helps_is_no_rate_limit() {
        let groq = json!({"error": {"message": "Request too large for model `m` on tokens per minute (TPM): Limit 6000,
            Requested 9000, please reduce your message size", "type": "tokens", "code": "rate_limit_exceeded"}});
        assert_eq!(kind(413, &groq), ErrorKind::ContextLength);
        assert_eq!(kind(429, &groq), ErrorKind::ContextLength);
        let moonshot =
            json!({"error": {"message": "Your account is suspended", "type": "exceeded_current_quota_error"}});
        assert_eq!(kind(429, &moonshot), ErrorKind::Quota);
    }

    #[test]
    fn what_stands_beside_or_inside_the_message_tells_too() {
        let behind = json!({"error": {"code": 400, "message": "Provider returned error",
            "metadata": {"raw": {"message": "input is too long for this model"}}}});
        assert_eq!(kind(400, &behind), ErrorKind::ContextLength);
        assert_eq!(kind(400, &json!({"detail": "The maximum context length is 4096"})), ErrorKind::ContextLength);
        let busy = json!({"error": {"code": 503, "status": "UNAVAILABLE", "message": "The model is overloaded."}});
        assert_eq!(kind(503, &busy), ErrorKind::Overloaded);
        assert_eq!(from_event(&json!({"code": "401", "message": "m"})).kind(), ErrorKind::Authentication);
        assert_eq!(from_event(&json!({"type": "not_found_error", "message": "m"})).kind(), ErrorKind::BadRequest);
        let body = json!({"message": "Please try again in 3s"}).to_string();
        let error = from_response(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), body.as_bytes());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
    }

    #[test]
    fn headers_say_when_and_whether_to_try_again() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        headers.insert("x-should-retry", "false".parse().unwrap());
        headers.insert("x-request-id", "req_1".parse().unwrap());
        let error = from_response(StatusCode::TOO_MANY_REQUESTS, &headers, b"<html>slow down</html>");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(error.request_id(), Some("req_1"));
        assert!(!error.is_transient());
    }

    #[test]
    fn a_key_that_may_not_is_told_from_one_that_is_refused() {
        let refuses_key = |status: u16, body: Value| {
            let status = StatusCode::from_u16(status).unwrap();
            let error = from_response(status, &HeaderMap::new(), body.to_string().as_bytes());
            assert_eq!(error.kind(), ErrorKind::Authentication, "{body}");
            error.refuses_key()
        };
        let of = |message: &str, code: &str| json!({"error": {"message": message, "code": code}});
        let scopes = "You have insufficient permissions for this operation. Missing scopes: api.model.read.";
        for (status, body) in [
            (403, of(scopes, "")),
            (401, of(scopes, "missing_scope")),
            (401, of("Virtual key is not allowed to call this route. Tried to call route: /models", "401")),
            (403, json!({"type": "error", "error": {"type": "permission_error", "message": "no"}})),
            (
                403,
                json!({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "… ListModels are blocked."}}),
            ),
            (403, Value::Null),
        ] {
            assert!(!refuses_key(status, body.clone()), "{status} {body}");
        }
        for (status, body) in [
            (401, Value::Null),
            (401, of("Incorrect API key provided: x", "invalid_api_key")),
            (403, of("Invalid API key", "")),
            (403, json!({"error": {"status": "PERMISSION_DENIED", "message": "Your API key was reported as leaked."}})),
            (403, of("Country, region, or territory not supported", "unsupported_country_region_territory")),
            (400, of("API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT")),
        ] {
            assert!(refuses_key(status, body.clone()), "{status} {body}");
        }
    }

    #[test]
    fn an_empty_error_field_is_none() {
        let empty =
            [json!({}), json!([]), json!(false), json!({"error": ""}), json!({"error": 0}), json!({"error": {}})];
        for body in empty.into_iter().chain([json!({"error": null}), json!({"error": false, "code": 0})]) {
            assert_eq!(find(&body), None, "{body}");
        }
        assert!(find(&json!({"object": "error", "message": "m"})).is_some());
    }
}
