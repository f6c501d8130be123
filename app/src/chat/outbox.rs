//! What happens to words between the composer and the server: may they go, and under which id, so that sending them
//! again after a broken line never asks twice.

use super::figures;
use types::{ConversationId, MESSAGE_MAX_CHARS, ModelRef, NewRun, SentimentMethod};
use uuid::Uuid;

/// Characters from which the composer counts down.
const COUNT_FROM: usize = MESSAGE_MAX_CHARS - 5_000;

/// Remembers the last request that may or may not have arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    unanswered: Option<NewRun>,
}

impl Outbox {
    /// The request for these words. The same words to the same place and model keep the id of an unanswered request:
    /// if that one did arrive, the server answers with its run.
    pub(crate) fn request(
        &self,
        message: String,
        conversation_id: Option<ConversationId>,
        choice: Option<ModelRef>,
        sentiment_method: Option<SentimentMethod>,
        fresh: Uuid,
    ) -> NewRun {
        let (provider, model) = choice.map(|choice| (choice.provider, choice.model)).unzip();
        let mut request = NewRun {
            message,
            provider,
            model,
            settings: None,
            sentiment_method,
            conversation_id,
            client_message_id: None,
        };
        request.client_message_id = self
            .unanswered
            .as_ref()
            .filter(|earlier| NewRun { client_message_id: None, ..(*earlier).clone() } == request)
            .and_then(|earlier| earlier.client_message_id)
            .or(Some(fresh));
        request
    }

    /// Nobody knows whether this request arrived.
    pub(crate) fn unanswered(&mut self, request: NewRun) {
        self.unanswered = Some(request);
    }

    /// The server has answered: the next send is a new one.
    pub(crate) fn answered(&mut self) {
        self.unanswered = None;
    }
}

/// What the composer says about the length of a text: nothing, how much is left, or how much is too much.
pub(crate) fn length_remark(text: &str) -> Option<(bool, String)> {
    // Characters are counted only where their number may matter: a byte count is free.
    if text.len() < COUNT_FROM {
        return None;
    }
    let length = text.chars().count();
    if length > MESSAGE_MAX_CHARS {
        let over = match length - MESSAGE_MAX_CHARS {
            1 => "One character too many.".to_owned(),
            over => format!("{} characters too many.", thousands(over)),
        };
        Some((true, format!("{over} A message holds {}.", thousands(MESSAGE_MAX_CHARS))))
    } else if length >= COUNT_FROM {
        Some((false, format!("{} characters left", thousands(MESSAGE_MAX_CHARS - length))))
    } else {
        None
    }
}

/// Whether the text is a message: not blank and not too long.
pub(crate) fn may_send(text: &str) -> bool {
    !text.trim().is_empty() && !length_remark(text).is_some_and(|(too_long, _)| too_long)
}

/// A text brought back before what was typed meanwhile, which is not overwritten.
pub(crate) fn before(text: String, typed: &str) -> String {
    if typed.trim().is_empty() || typed == text { text } else { format!("{text}\n\n{typed}") }
}

fn thousands(number: usize) -> String {
    figures::thousands(i64::try_from(number).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(model: &str) -> ModelRef {
        ModelRef { provider: "p".into(), model: model.into() }
    }

    #[test]
    fn an_unanswered_message_keeps_its_id_until_something_changes() {
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut outbox = Outbox::default();
        let sent = outbox.request("hello".into(), None, Some(choice("m")), None, first);
        assert_eq!(sent.client_message_id, Some(first));
        outbox.unanswered(sent);
        assert_eq!(
            outbox.request("hello".into(), None, Some(choice("m")), None, second).client_message_id,
            Some(first)
        );
        assert_eq!(
            outbox.request("hello!".into(), None, Some(choice("m")), None, second).client_message_id,
            Some(second)
        );
        assert_eq!(
            outbox.request("hello".into(), None, Some(choice("n")), None, second).client_message_id,
            Some(second)
        );
        outbox.answered();
        assert_eq!(
            outbox.request("hello".into(), None, Some(choice("m")), None, second).client_message_id,
            Some(second)
        );
    }

    #[test]
    fn length_is_remarked_on_only_near_the_limit() {
        assert_eq!(length_remark("short"), None);
        assert_eq!(length_remark(&"ü".repeat(150_000)), None);
        assert_eq!(length_remark(&"x".repeat(198_766)), Some((false, "1,234 characters left".into())));
        let over = length_remark(&"x".repeat(200_001));
        assert_eq!(over, Some((true, "One character too many. A message holds 200,000.".into())));
    }

    #[test]
    fn blank_and_too_long_texts_stay() {
        assert!(may_send(" hello "));
        assert!(may_send(&"ü".repeat(200_000)));
        assert!(!may_send(" \n\t"));
        assert!(!may_send(&"x".repeat(200_001)));
    }
}
