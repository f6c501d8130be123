//! A provider's failure as it is told: what happened, what was kept, the one thing to do. Knows what failures mean to
//! people and not how they come about.

use super::live::Live;
use crate::{Backend, models};
use llm::{ErrorKind, Provider};
use types::{ErrorCode, RunError};

/// The failure in the words of [`RunError`]. The provider's own words go to the log and nowhere else.
pub(super) fn told(backend: &Backend, live: &Live, provider: &Provider, error: &llm::Error) -> RunError {
    tracing::warn!(
        run.id = %live.started.run_id,
        llm.provider = provider.id(),
        llm.request_id = error.request_id(),
        error.kind = %error.cause(),
        error.detail = error.detail(),
        "a provider failed"
    );
    let kept = if live.text_length() > 0 { "What had been written is kept." } else { "Your message is saved." };
    // Nobody was asked: it has failed too often just now.
    let other = if error.is_circuit_open() { models::alternative(backend, provider) } else { None };
    let message = match other {
        Some(other) => format!("{} is not answering; try {}. {kept}", provider.name(), other.name()),
        None => format!("{} {kept} {}", happened(provider.name(), error), advice(error.kind())),
    };
    RunError {
        code: code(error.kind()),
        message,
        retryable: error.is_transient(),
        retry_after_ms: error.retry_after().and_then(|wait| u64::try_from(wait.as_millis()).ok()),
    }
}

/// A failure as the wire names it.
pub(crate) const fn code(kind: ErrorKind) -> ErrorCode {
    match kind {
        ErrorKind::Authentication => ErrorCode::ProviderAuthentication,
        ErrorKind::Quota => ErrorCode::ProviderQuota,
        ErrorKind::RateLimited => ErrorCode::ProviderRateLimited,
        ErrorKind::ContextLength => ErrorCode::ContextLength,
        ErrorKind::ContentFilter => ErrorCode::ContentFilter,
        ErrorKind::Overloaded => ErrorCode::ProviderOverloaded,
        ErrorKind::Unavailable => ErrorCode::ProviderUnavailable,
        ErrorKind::Timeout => ErrorCode::ProviderTimeout,
        ErrorKind::BadRequest => ErrorCode::ProviderBadRequest,
        ErrorKind::Protocol => ErrorCode::ProviderProtocol,
        ErrorKind::Interrupted | ErrorKind::Cancelled => ErrorCode::Interrupted,
    }
}

fn happened(provider: &str, error: &llm::Error) -> String {
    match error.kind() {
        ErrorKind::Authentication => format!("{provider} refused the key this Lia uses."),
        ErrorKind::Quota => format!("This Lia's account with {provider} is used up."),
        ErrorKind::RateLimited => format!("{provider} asks for a pause."),
        ErrorKind::ContextLength => "This conversation is longer than the model can read.".to_owned(),
        ErrorKind::ContentFilter => format!("{provider} declined to answer this."),
        ErrorKind::Overloaded => format!("{provider} has too much to do."),
        ErrorKind::Unavailable if error.is_circuit_open() => format!("{provider} is not answering."),
        ErrorKind::Unavailable => format!("{provider} cannot be reached."),
        ErrorKind::Timeout => format!("{provider} did not answer."),
        ErrorKind::BadRequest => format!("{provider} did not accept the request."),
        ErrorKind::Protocol => format!("{provider} answered something Lia does not understand."),
        ErrorKind::Interrupted | ErrorKind::Cancelled => format!("{provider} broke off in the middle."),
    }
}

const fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Authentication => "Choose another model, or ask whoever runs this Lia.",
        ErrorKind::Quota | ErrorKind::BadRequest | ErrorKind::Protocol => "Choose another model.",
        ErrorKind::RateLimited | ErrorKind::Overloaded | ErrorKind::Unavailable | ErrorKind::Timeout => {
            "Try again in a moment, or choose another model."
        }
        ErrorKind::ContextLength => "Begin a new one, or choose a model with a larger window.",
        ErrorKind::ContentFilter => "Say it another way.",
        ErrorKind::Interrupted | ErrorKind::Cancelled => "Try again.",
    }
}
