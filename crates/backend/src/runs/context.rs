//! What a model gets to read: the newest messages of the branch that fit its budget.

use crate::db::messages::Message;
use llm::ChatMessage;
use types::MessageRole;

/// Characters for a model whose window is not known: about 8,000 tokens of English.
const DEFAULT_BUDGET: usize = 24_000;
/// Characters a token stands for, on the safe side for other languages than English.
const CHARS_PER_TOKEN: usize = 3;
/// The most messages that are looked at, whatever the window.
pub(crate) const MAX_MESSAGES: usize = 200;

/// Characters of context for a window of so many tokens; a quarter of it is left for the answer.
pub(crate) fn budget(context_window: Option<u32>) -> usize {
    context_window.map_or(DEFAULT_BUDGET, |tokens| tokens as usize / 4 * 3 * CHARS_PER_TOKEN)
}

/// Characters of messages.
pub(crate) fn length(branch: &[Message]) -> usize {
    branch.iter().map(|message| message.content.chars().count()).sum()
}

/// The messages to send, oldest first. `branch` is newest first and begins with the user's new message, which is
/// always sent; what is empty (an answer that failed before its first word) is left out, and so is everything older
/// than the first message that does not fit.
pub(crate) fn assemble(branch: Vec<Message>, budget: usize) -> Vec<ChatMessage> {
    let mut left = budget;
    let mut chosen = Vec::new();
    for message in branch {
        if message.content.trim().is_empty() {
            continue;
        }
        let length = message.content.chars().count();
        if length > left && !chosen.is_empty() {
            break;
        }
        left = left.saturating_sub(length);
        chosen.push(match message.role {
            MessageRole::Assistant => ChatMessage::assistant(message.content),
            MessageRole::User | MessageRole::System => ChatMessage::user(message.content),
        });
    }
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use types::{MessageId, MessageStatus};

    fn message(role: MessageRole, content: &str) -> Message {
        Message {
            id: MessageId(1),
            conversation_id: types::ConversationId(uuid::Uuid::nil()),
            parent_id: None,
            depth: 0,
            role,
            content: content.to_owned(),
            thought: String::new(),
            status: MessageStatus::Complete,
            sentiment: None,
            model_info: None,
            created_at: DateTime::UNIX_EPOCH,
            run_id: None,
            ended_at: None,
        }
    }

    #[test]
    fn the_newest_that_fit_are_sent_oldest_first() {
        let branch = || {
            vec![
                message(MessageRole::User, "third"),
                message(MessageRole::Assistant, ""),
                message(MessageRole::User, "second"),
                message(MessageRole::Assistant, "first"),
            ]
        };
        let texts =
            |budget| -> Vec<String> { assemble(branch(), budget).into_iter().map(|message| message.text()).collect() };
        assert_eq!(texts(100), ["first", "second", "third"]);
        assert_eq!(texts(11), ["second", "third"]);
        assert_eq!(texts(10), ["third"]);
        assert_eq!(texts(1), ["third"], "the new message is sent even if it is too long: the provider says so");
    }

    #[test]
    fn a_window_leaves_room_for_the_answer() {
        assert_eq!(budget(Some(128_000)), 288_000);
        assert_eq!(budget(None), 24_000);
    }
}
