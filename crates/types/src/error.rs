//! The one shape of every failure: `{"error": {"code", "message", "details"?}}`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal => $status:literal,)*) => {
        /// Why something failed, for programs. The spelling on the wire never changes; [`ErrorCode::status`] is the
        /// HTTP status that goes with it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum ErrorCode {
            $($(#[$doc])* #[cfg_attr(feature = "openapi", schema(rename = $text))] $name,)*
            /// A code this build does not know: the other side is newer.
            #[cfg_attr(feature = "openapi", schema(rename = "unknown"))]
            Unknown,
        }

        impl ErrorCode {
            /// Every code with its HTTP status, for the documentation and for tests.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it is written on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* Self::Unknown => "unknown" }
            }

            /// The HTTP status of an answer that carries this code.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* Self::Unknown => 500 }
            }
        }
    };
}

error_codes! {
    /// The request cannot be understood at all (headers, query, form).
    BadRequest = "bad_request" => 400,
    /// The body is not JSON, or not UTF-8.
    BadJson = "bad_json" => 400,
    /// The route wants a signed-in user.
    NotSignedIn = "not_signed_in" => 401,
    /// Unknown user or wrong password; deliberately one code.
    InvalidCredentials = "invalid_credentials" => 401,
    /// Signed in, but without the right.
    Forbidden = "forbidden" => 403,
    /// A request from another site that would change something.
    CrossSite = "cross_site" => 403,
    /// This installation takes no new accounts.
    RegistrationClosed = "registration_closed" => 403,
    /// No such path.
    NotFound = "not_found" => 404,
    /// No such conversation, or not the caller's.
    ConversationNotFound = "conversation_not_found" => 404,
    /// No such run, or not the caller's.
    RunNotFound = "run_not_found" => 404,
    /// No such message, or not the caller's.
    MessageNotFound = "message_not_found" => 404,
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed" => 405,
    /// The request did not arrive in time.
    RequestTimeout = "request_timeout" => 408,
    /// The e-mail address or the username already has an account.
    AccountExists = "account_exists" => 409,
    /// The same `client_message_id` with another body.
    IdempotencyConflict = "idempotency_conflict" => 409,
    /// The conversation's last answer is still being written.
    RunInProgress = "run_in_progress" => 409,
    /// The answer was written to its end, or has no text to go on from.
    NothingToContinue = "nothing_to_continue" => 409,
    /// As many versions of a message as there may be.
    TooManyVersions = "too_many_versions" => 409,
    /// The body is larger than the route takes.
    PayloadTooLarge = "payload_too_large" => 413,
    /// The body's media type is not the one the route takes.
    UnsupportedMediaType = "unsupported_media_type" => 415,
    /// A field, an id or a parameter is not acceptable; `details` names it.
    ValidationFailed = "validation_failed" => 422,
    /// Too many requests; `Retry-After` says when to come back.
    RateLimited = "rate_limited" => 429,
    /// As many answers of the user's are being written as may be at once.
    TooManyRuns = "too_many_runs" => 429,
    /// As many of the user's sockets and streams of events are open as may be at once.
    TooManyStreams = "too_many_streams" => 429,
    /// A fault of Lia's. The log has the reason under the request's id.
    Internal = "internal" => 500,
    /// The database cannot be reached.
    DatabaseUnavailable = "database_unavailable" => 503,
    /// The server is going down and takes no new work.
    ShuttingDown = "shutting_down" => 503,
    /// As many answers are being written as may be at once.
    Busy = "busy" => 503,
    /// The provider refused Lia's key.
    ProviderAuthentication = "provider_authentication" => 502,
    /// The provider's account has no credit left.
    ProviderQuota = "provider_quota" => 502,
    /// The provider asks for a pause.
    ProviderRateLimited = "provider_rate_limited" => 503,
    /// The conversation is longer than the model can read.
    ContextLength = "context_length" => 422,
    /// The provider's filter stopped the answer.
    ContentFilter = "content_filter" => 422,
    /// The provider has too much to do.
    ProviderOverloaded = "provider_overloaded" => 503,
    /// The provider cannot be reached.
    ProviderUnavailable = "provider_unavailable" => 503,
    /// The provider went silent.
    ProviderTimeout = "provider_timeout" => 504,
    /// The provider refused the request.
    ProviderBadRequest = "provider_bad_request" => 502,
    /// The provider answered something that is not its protocol.
    ProviderProtocol = "provider_protocol" => 502,
    /// The answer broke off: the provider's stream or Lia itself ended early. What had been written is kept.
    Interrupted = "interrupted" => 503,
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// By hand: the derived reader compares with every code in three ways, which is several kilobytes in the browser.
impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self::ALL.iter().copied().find(|code| code.as_str() == text).unwrap_or(Self::Unknown))
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with one field, in words for the person who filled it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field's name in the request.
    pub field: String,
    /// What to change, as a sentence.
    pub message: String,
}

/// A failure as plain data: what the envelope holds, what a server function returns, what a page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiError {
    /// Why, for programs.
    pub code: ErrorCode,
    /// Why, for people: what happened and what to do. Never internals.
    pub message: String,
    /// The fields at fault, with [`ErrorCode::ValidationFailed`] and [`ErrorCode::AccountExists`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<FieldError>,
    /// Milliseconds after which the same request may succeed; also sent as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl ApiError {
    /// An error with a code and a sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new(), retry_after_ms: None }
    }

    /// The message that belongs to `field`, where there is one.
    pub fn field(&self, field: &str) -> Option<&str> {
        self.details.iter().find(|detail| detail.field == field).map(|detail| detail.message.as_str())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

/// The body of every answer that is a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Envelope {
    /// The failure.
    pub error: ApiError,
}

/// Collects what is wrong with a request, so that a form shows all of it at once.
#[derive(Debug, Default)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes one remark at a field.
    pub fn reject(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldError { field: field.to_owned(), message: message.into() });
    }

    /// Notes the remark where there is one.
    pub fn check(&mut self, field: &str, outcome: Result<(), String>) {
        if let Err(message) = outcome {
            self.reject(field, message);
        }
    }

    /// `Ok` if nothing was noted, else one [`ErrorCode::ValidationFailed`] with all of it.
    pub fn finish(self) -> Result<(), ApiError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let message = match self.0.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            _ => "Some fields need another look.".to_owned(),
        };
        Err(ApiError { details: self.0, ..ApiError::new(ErrorCode::ValidationFailed, message) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_spelled_the_same_by_serde_and_by_hand() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert!((400..600).contains(&code.status()), "{code}");
        }
    }

    #[test]
    fn an_unknown_code_is_read_and_not_refused() {
        let envelope: Envelope = serde_json::from_str(r#"{"error":{"code":"from_tomorrow","message":"m"}}"#).unwrap();
        assert_eq!(envelope.error.code, ErrorCode::Unknown);
    }
}
