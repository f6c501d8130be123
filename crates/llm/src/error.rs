//! The one error of this crate: what went wrong in terms a caller can act on, whatever provider said it in whatever words.

use std::{fmt, time::Duration};

/// A failed call of a provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct Error {
    pub(crate) kind: ErrorKind,
    pub(crate) detail: String,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) request_id: Option<String>,
    /// The part of the request that the provider says it refuses, as it names it.
    pub(crate) parameter: Option<String>,
    /// The provider itself said whether to try again.
    pub(crate) retry: Option<bool>,
    /// What opened the breaker behind which nobody was asked.
    pub(crate) opened_by: Option<ErrorKind>,
    /// The key is known, and only this is not open to it.
    pub(crate) is_forbidden: bool,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The key is missing, wrong or may not use the model.
    Authentication,
    /// The account is out of credit or of its allowance; waiting a minute does not help.
    Quota,
    /// Too many requests; waiting helps.
    RateLimited,
    /// The conversation does not fit into the model.
    ContextLength,
    /// A filter of the provider refused the question or the answer.
    ContentFilter,
    /// The provider has too much to do.
    Overloaded,
    /// The provider cannot be reached or is broken.
    Unavailable,
    /// The provider fell silent.
    Timeout,
    /// The provider does not understand the request or does not know the model.
    BadRequest,
    /// The provider's answer cannot be understood.
    Protocol,
    /// The answer broke off before its end mark.
    Interrupted,
    /// The caller gave up.
    Cancelled,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authentication => "the key was refused",
            Self::Quota => "the quota is used up",
            Self::RateLimited => "too many requests",
            Self::ContextLength => "the conversation is too long for the model",
            Self::ContentFilter => "refused by a content filter",
            Self::Overloaded => "the provider is overloaded",
            Self::Unavailable => "the provider is not available",
            Self::Timeout => "the provider did not answer in time",
            Self::BadRequest => "the provider refused the request",
            Self::Protocol => "the provider's answer cannot be understood",
            Self::Interrupted => "the answer broke off",
            Self::Cancelled => "cancelled",
        })
    }
}

impl Error {
    /// The longest detail, in bytes: a provider's page of HTML does not belong into a log.
    const DETAIL_MAX_BYTES: usize = 500;

    /// An error with a sentence for the log. The detail must hold no secret.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        if detail.len() > Self::DETAIL_MAX_BYTES {
            detail.truncate(detail.floor_char_boundary(Self::DETAIL_MAX_BYTES));
            detail.push('…');
        }
        if detail.chars().any(char::is_control) {
            detail = detail.replace(char::is_control, " ");
        }
        Self {
            kind,
            detail,
            retry_after: None,
            request_id: None,
            parameter: None,
            retry: None,
            opened_by: None,
            is_forbidden: false,
        }
    }

    /// What went wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The provider's own words, for the log and not for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// How long the provider asks to wait, at most a day.
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The provider's name of the request, for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Nobody was asked, because the provider failed too often just now.
    pub const fn is_circuit_open(&self) -> bool {
        self.opened_by.is_some()
    }

    /// What went wrong in the first place: where nobody was asked, the failure for which that is so.
    pub fn cause(&self) -> ErrorKind {
        self.opened_by.unwrap_or(self.kind)
    }

    /// Whether the provider takes no question with this key. One that it knows may still be kept from some of them.
    pub fn refuses_key(&self) -> bool {
        self.kind == ErrorKind::Authentication && !self.is_forbidden
    }

    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        self.retry.unwrap_or(match self.kind {
            ErrorKind::RateLimited
            | ErrorKind::Overloaded
            | ErrorKind::Unavailable
            | ErrorKind::Timeout
            | ErrorKind::Interrupted => true,
            ErrorKind::Authentication
            | ErrorKind::Quota
            | ErrorKind::ContextLength
            | ErrorKind::ContentFilter
            | ErrorKind::BadRequest
            | ErrorKind::Protocol
            | ErrorKind::Cancelled => false,
        })
    }

    /// The same without the secret, should a provider have quoted it.
    pub(crate) fn without_secret(mut self, secret: Option<&str>) -> Self {
        if let Some(secret) = secret
            && !secret.is_empty()
            && self.detail.contains(secret)
        {
            self.detail = self.detail.replace(secret, "[key]");
        }
        self.parameter = self.parameter.filter(|parameter| secret.is_none_or(|secret| !parameter.contains(secret)));
        // The detail may have been cut in the middle of the secret. A few letters of it are none.
        if let (Some(secret), Some(cut)) = (secret, self.detail.strip_suffix('…')) {
            let mut ends = secret.char_indices().rev().map(|(at, _)| at).filter(|at| *at >= 4);
            if let Some(kept) = ends.find_map(|end| cut.strip_suffix(&secret[..end])) {
                self.detail = format!("{kept}[key]…");
            }
        }
        self
    }
}

impl From<crate::sse::TooLong> for Error {
    fn from(error: crate::sse::TooLong) -> Self {
        Self::new(ErrorKind::Protocol, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_one_short_line_without_the_key() {
        let error = Error::new(ErrorKind::Authentication, format!("key sk-1\nrefused {}", "ü".repeat(400)));
        assert!(error.detail().len() < 510);
        assert!(!error.detail().contains('\n'));
        assert!(error.clone().without_secret(Some("sk-1")).detail().starts_with("key [key] refused"));
        assert_eq!(error.clone().without_secret(Some("")), error);
    }

    #[test]
    fn no_part_of_a_key_is_left_where_a_detail_is_cut() {
        for before in 480..500 {
            let error = Error::new(ErrorKind::Authentication, format!("{} sk-secret is wrong", ".".repeat(before)));
            let detail = error.without_secret(Some("sk-secret")).detail;
            assert!(!detail.contains("sk-s"), "{detail}");
        }
    }
}
