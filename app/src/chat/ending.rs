//! How an answer ended, where that needs saying: the words, and the one thing to do about it.

use super::row::Outcome;
use types::{ErrorCode, FinishReason, MessageStatus, RunError};

/// What is said under an answer that did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) text: String,
    pub(crate) remedy: Remedy,
    /// Whether another model may do what this one cannot now, besides the remedy.
    pub(crate) or_model: bool,
    /// Whether it is a failure rather than something the user wanted.
    pub(crate) failure: bool,
}

/// What helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Nothing, or nothing is needed.
    Nothing,
    /// Asking again, after the wait where there is one.
    Again,
    /// Going on from where it ends.
    Continue,
    /// Asking another model.
    Model,
    /// Writing the message differently.
    Edit,
    /// Going on in a new conversation.
    Anew,
}

/// The note under an answer; none under one that ended well or is still being written. `is_first` tells whether the
/// answer's question began the conversation, `has_text` whether there is anything to go on from.
pub(crate) fn ending(outcome: &Outcome, is_first: bool, has_text: bool) -> Option<Ending> {
    let go_on = if has_text { Remedy::Continue } else { Remedy::Again };
    let model = outcome.model.as_ref();
    let error = model.and_then(|model| model.error.as_ref());
    let reason = model.and_then(|model| model.finish_reason);
    let note = |text: &str, remedy, failure| Some(Ending { text: text.to_owned(), remedy, or_model: false, failure });
    match (outcome.status, error) {
        (MessageStatus::Streaming, _) => None,
        (MessageStatus::Stopped, _) => note("You stopped this answer.", go_on, false),
        (MessageStatus::Failed | MessageStatus::Interrupted, Some(error)) => Some(Ending {
            text: error.message.clone(),
            remedy: if outcome.status == MessageStatus::Interrupted { go_on } else { remedy(error, is_first) },
            or_model: or_model(error),
            failure: true,
        }),
        (MessageStatus::Interrupted, None) => note("The answer broke off here. What was written is kept.", go_on, true),
        (MessageStatus::Failed, None) => note("There is no answer. Your message is saved.", Remedy::Again, true),
        (MessageStatus::Complete, _) => match reason {
            Some(FinishReason::Length) => {
                note("The answer ends here because it reached the most tokens it may have.", go_on, false)
            }
            Some(FinishReason::ContentFilter) => note("The provider's filter ended this answer.", Remedy::Edit, false),
            _ => None,
        },
    }
}

fn remedy(error: &RunError, is_first: bool) -> Remedy {
    match error.code {
        // A first message that is too long is too long in every conversation.
        ErrorCode::ContextLength if !is_first => Remedy::Anew,
        ErrorCode::ContextLength | ErrorCode::ContentFilter => Remedy::Edit,
        ErrorCode::ProviderAuthentication | ErrorCode::ProviderQuota | ErrorCode::ProviderBadRequest => Remedy::Model,
        ErrorCode::ConversationNotFound => Remedy::Nothing,
        _ => Remedy::Again,
    }
}

/// A provider that is not answering, or wants a pause, may not answer the next time either.
fn or_model(error: &RunError) -> bool {
    matches!(
        error.code,
        ErrorCode::ProviderUnavailable
            | ErrorCode::ProviderRateLimited
            | ErrorCode::ProviderOverloaded
            | ErrorCode::ProviderTimeout
            | ErrorCode::ProviderProtocol
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::ModelInfo;

    fn failed(code: ErrorCode) -> Outcome {
        let error = RunError { code, message: "What happened.".into(), retryable: true, retry_after_ms: None };
        let model = ModelInfo {
            provider: "p".into(),
            model: "m".into(),
            finish_reason: None,
            usage: None,
            error: Some(error),
            seams: Vec::new(),
        };
        Outcome { status: MessageStatus::Failed, model: Some(model), sentiment: None }
    }

    fn remedies(is_first: bool) -> Vec<(ErrorCode, Remedy)> {
        let codes = [
            ErrorCode::ProviderAuthentication,
            ErrorCode::ProviderQuota,
            ErrorCode::ProviderRateLimited,
            ErrorCode::ContextLength,
            ErrorCode::ContentFilter,
            ErrorCode::ProviderOverloaded,
            ErrorCode::ProviderUnavailable,
            ErrorCode::ProviderTimeout,
            ErrorCode::ProviderBadRequest,
            ErrorCode::ProviderProtocol,
            ErrorCode::Interrupted,
            ErrorCode::Internal,
        ];
        codes.map(|code| (code, ending(&failed(code), is_first, true).unwrap().remedy)).to_vec()
    }

    #[test]
    fn every_failure_has_something_to_do_about_it() {
        for (code, remedy) in remedies(false).into_iter().chain(remedies(true)) {
            assert_ne!(remedy, Remedy::Nothing, "{code}");
        }
        let of = |code, is_first| ending(&failed(code), is_first, true).unwrap().remedy;
        assert_eq!(of(ErrorCode::ProviderAuthentication, false), Remedy::Model);
        assert_eq!(of(ErrorCode::ContentFilter, false), Remedy::Edit);
        assert_eq!(of(ErrorCode::ProviderRateLimited, false), Remedy::Again);
        assert_eq!(of(ErrorCode::ContextLength, false), Remedy::Anew);
        assert_eq!(of(ErrorCode::ContextLength, true), Remedy::Edit);
    }

    #[test]
    fn a_provider_that_is_not_there_leaves_the_others() {
        let or_model = |code| ending(&failed(code), false, false).unwrap().or_model;
        assert!(or_model(ErrorCode::ProviderUnavailable) && or_model(ErrorCode::ProviderOverloaded));
        assert!(or_model(ErrorCode::ProviderRateLimited) && !or_model(ErrorCode::Interrupted));
    }

    #[test]
    fn an_answer_that_ended_well_has_no_note() {
        let outcome = |status| Outcome { status, model: None, sentiment: None };
        assert!(ending(&outcome(MessageStatus::Complete), false, true).is_none());
        assert!(ending(&outcome(MessageStatus::Streaming), false, true).is_none());
    }

    #[test]
    fn an_answer_with_text_that_was_not_written_to_its_end_goes_on() {
        let at = |status, has_text| {
            let note = ending(&Outcome { status, model: None, sentiment: None }, false, has_text).unwrap();
            (note.remedy, note.failure)
        };
        assert_eq!(at(MessageStatus::Stopped, true), (Remedy::Continue, false));
        assert_eq!(at(MessageStatus::Interrupted, true), (Remedy::Continue, true));
        assert_eq!(at(MessageStatus::Stopped, false), (Remedy::Again, false), "there is nothing to go on from");
        assert_eq!(at(MessageStatus::Interrupted, false), (Remedy::Again, true));
        let broken = Outcome { status: MessageStatus::Interrupted, ..failed(ErrorCode::Interrupted) };
        assert_eq!(ending(&broken, false, true).unwrap().remedy, Remedy::Continue);
    }
}
