//! What kind of failure a provider means: by the codes it sends, else by its sentences, else by the HTTP status. Knows every
//! provider's vocabulary and not where it stands.

use crate::ErrorKind;
use reqwest::StatusCode;
use serde_json::Value;

/// Every code of an error object, the most telling first.
pub(super) fn codes(object: &Value) -> Vec<&str> {
    let metadata = object.get("metadata");
    let details = object.get("details").and_then(Value::as_array).into_iter().flatten();
    let reasons = details.filter_map(|detail| detail.get("reason"));
    let fields = [
        metadata.and_then(|metadata| metadata.get("error_type")),
        object.get("code"),
        object.get("type"),
        object.get("status"),
    ];
    reasons.chain(fields.into_iter().flatten()).filter_map(Value::as_str).collect()
}

/// The kind of failure that an error object tells of. `said` is what it says in words.
pub(super) fn kind(object: &Value, status: Option<StatusCode>, codes: &[&str], said: &str) -> ErrorKind {
    // Groq has the code of a rate limit for a conversation that is longer than a minute's allowance.
    if status == Some(StatusCode::PAYLOAD_TOO_LARGE) {
        return ErrorKind::ContextLength;
    }
    let told: Vec<ErrorKind> = codes.iter().filter_map(|code| kind_of_code(code)).collect();
    // Many servers have one code for all that fails; then their sentence says more, and so does a status of the caller's.
    let precise = told.iter().copied().find(|kind| *kind != ErrorKind::Unavailable);
    let kind = precise.or_else(|| kind_of_number(object)).or_else(|| kind_of_message(said));
    let kind = kind.unwrap_or_else(|| match status {
        Some(StatusCode::FORBIDDEN) if object.pointer("/metadata/reasons").is_some() => ErrorKind::ContentFilter,
        Some(status) if status.is_client_error() => kind_of_status(status, said),
        _ if !told.is_empty() => ErrorKind::Unavailable,
        Some(status) if !status.is_success() => kind_of_status(status, said),
        _ if codes.iter().any(|code| BAD_REQUEST.contains(code)) => ErrorKind::BadRequest,
        // An error in the middle of an answer that does not say what it is: the provider's own.
        _ => ErrorKind::Unavailable,
    });
    match kind {
        ErrorKind::RateLimited if is_allowance_of_a_day(object) => ErrorKind::Quota,
        // It is longer than a minute's allowance, so that no waiting helps.
        ErrorKind::RateLimited if said.to_lowercase().contains("request too large") => ErrorKind::ContextLength,
        // Google has one word for both.
        ErrorKind::Unavailable if is_about_load(said) => ErrorKind::Overloaded,
        kind => kind,
    }
}

/// Codes that say no more than that the request is to blame; a status or a sentence may say more.
const BAD_REQUEST: [&str; 7] = [
    "invalid_request_error",
    "invalid_request",
    "INVALID_ARGUMENT",
    "not_found_error",
    "not_found",
    "NOT_FOUND",
    "model_not_found",
];

fn is_about_load(said: &str) -> bool {
    const PHRASES: [&str; 6] =
        ["overloaded", "high demand", "at capacity", "over capacity", "capacity exceeded", "server busy"];
    let said = said.to_lowercase();
    PHRASES.iter().any(|phrase| said.contains(phrase))
}

/// Whether a refusal is one of this question, to a key that the provider knows; else it is one of the key.
pub(super) fn is_of_rights(status: Option<StatusCode>, codes: &[&str], said: &str) -> bool {
    const OF_KEYS: [&str; 4] =
        ["invalid_api_key", "API_KEY_INVALID", "account_deactivated", "unsupported_country_region_territory"];
    const OF_RIGHTS: [&str; 5] =
        ["permission_denied", "permission_error", "PERMISSION_DENIED", "missing_scope", "insufficient_permissions"];
    const SAID_OF_KEYS: [&str; 6] = [
        "incorrect api key",
        "invalid api key",
        "api key not valid",
        "reported as leaked",
        "has been suspended",
        "has expired",
    ];
    const SAID_OF_RIGHTS: [&str; 3] = ["missing scopes", "insufficient permission", "not allowed to call this route"];
    let said = said.to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| said.contains(phrase));
    let has = |known: &[&str]| codes.iter().any(|code| known.contains(code));
    let is_forbidden = status == Some(StatusCode::FORBIDDEN);
    !has(&OF_KEYS) && !says(&SAID_OF_KEYS) && (is_forbidden || has(&OF_RIGHTS) || says(&SAID_OF_RIGHTS))
}

fn kind_of_code(code: &str) -> Option<ErrorKind> {
    Some(match code {
        "invalid_api_key"
        | "authentication_error"
        | "authentication"
        | "invalid_authentication_error"
        | "authorized_error"
        | "permission_denied"
        | "permission_error"
        | "missing_scope"
        | "insufficient_permissions"
        | "account_deactivated"
        | "unsupported_country_region_territory"
        | "UNAUTHENTICATED"
        | "PERMISSION_DENIED"
        | "API_KEY_INVALID" => ErrorKind::Authentication,
        "insufficient_quota"
        | "insufficient_balance"
        | "billing_error"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "exceeded_current_quota_error"
        | "payment_required" => ErrorKind::Quota,
        "rate_limit_exceeded"
        | "rate_limit_error"
        | "rate_limit_reached_error"
        | "rate_limited"
        | "ThrottlingException"
        | "RESOURCE_EXHAUSTED"
        | "tokens"
        | "requests" => ErrorKind::RateLimited,
        "context_length_exceeded"
        | "exceed_context_size_error"
        | "request_too_large"
        | "model_context_window_exceeded"
        | "model_max_prompt_tokens_exceeded"
        | "string_above_max_length" => ErrorKind::ContextLength,
        "content_filter"
        | "content_policy_violation"
        | "image_content_policy_violation"
        | "data_inspection_failed"
        | "refusal"
        // What OpenAI calls a question that its usage policy forbids.
        | "invalid_prompt" => ErrorKind::ContentFilter,
        "overloaded_error"
        | "server_is_overloaded"
        | "engine_overloaded_error"
        | "provider_overloaded"
        | "slow_down" => ErrorKind::Overloaded,
        "server_error" | "server" | "api_error" | "provider_unavailable" | "INTERNAL" | "UNAVAILABLE" => {
            ErrorKind::Unavailable
        }
        "timeout" | "timeout_error" | "DEADLINE_EXCEEDED" => ErrorKind::Timeout,
        _ => return None,
    })
}

/// MiniMax's numbers, beside a status of 200.
fn kind_of_number(object: &Value) -> Option<ErrorKind> {
    Some(match object.get("status_code")?.as_u64()? {
        1001 => ErrorKind::Timeout,
        1002 | 1039 | 1041 => ErrorKind::RateLimited,
        1004 | 2049 => ErrorKind::Authentication,
        1008 => ErrorKind::Quota,
        1026 | 1027 => ErrorKind::ContentFilter,
        2013 => ErrorKind::BadRequest,
        _ => return None,
    })
}

/// What only the sentence says: many servers have no code for a conversation that is too long, Anthropic has none for an
/// account without credit, and xAI has one status for every request that it refuses.
pub(super) fn kind_of_message(message: &str) -> Option<ErrorKind> {
    const PHRASES: [(ErrorKind, &[&str]); 4] = [
        (
            ErrorKind::Quota,
            &[
                "credit balance is too low",
                "insufficient balance",
                "insufficient credit",
                "used all available credits",
                "key limit exceeded",
                "free-models-per-day",
                "reached your specified api usage limits",
            ],
        ),
        (ErrorKind::Authentication, &["incorrect api key", "invalid api key", "api key not valid"]),
        (ErrorKind::ContentFilter, &["content filtering policy", "content management policy"]),
        (
            ErrorKind::ContextLength,
            &[
                "maximum context length",
                "context window",
                "context length",
                "context size",
                "context limit",
                "maximum prompt length",
                "prompt exceeds max length",
                "prompt is too long",
                "prompt token count",
                "number of tokens in the prompt",
                "input is too long",
                "input token count",
                "range of input length",
                "exceeded model token limit",
                "`max_new_tokens` must be",
                "reduce the length of the messages",
            ],
        ),
    ];
    let message = message.to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    PHRASES.iter().find(|(_, phrases)| says(phrases)).map(|(kind, _)| *kind)
}

pub(super) fn kind_of_status(status: StatusCode, message: &str) -> ErrorKind {
    match status.as_u16() {
        401 | 403 => ErrorKind::Authentication,
        402 => ErrorKind::Quota,
        408 | 504 | 524 => ErrorKind::Timeout,
        413 => ErrorKind::ContextLength,
        429 => ErrorKind::RateLimited,
        // Groq's, for its flexible tier.
        498 | 529 => ErrorKind::Overloaded,
        500..=599 if is_about_load(message) => ErrorKind::Overloaded,
        // The first is Google's, where it ends an answer itself.
        499..=599 => ErrorKind::Unavailable,
        400..=498 => ErrorKind::BadRequest,
        _ => ErrorKind::Protocol,
    }
}

/// Google answers 429 both for a minute's and for a day's allowance; only the quota's id tells them apart.
fn is_allowance_of_a_day(object: &Value) -> bool {
    let details = object.get("details").and_then(Value::as_array).into_iter().flatten();
    let violations = details.filter_map(|detail| detail.get("violations")?.as_array()).flatten();
    violations.filter_map(|violation| violation.get("quotaId")?.as_str()).any(|id| id.contains("PerDay"))
}
