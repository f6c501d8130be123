//! What is typed and not sent: kept by the browser for each user and place, through reloads and on the way from one
//! conversation to another.

use super::{Chat, Place};
use crate::browser;
use leptos::prelude::*;
use std::time::Duration;
use types::UserId;

/// What the keys of all unsent texts begin with.
pub(crate) const DRAFTS: &str = "lia.draft.";
/// The drafts of so many conversations are kept, of the newest ones.
const MOST: usize = 50;
/// What is typed within this time is stored at once.
const REST: Duration = Duration::from_millis(300);

/// The key of a user's unsent text for a place.
pub(crate) fn key(user: UserId, place: Place) -> String {
    match place.conversation() {
        Some(id) => format!("{DRAFTS}{user}.{id}"),
        None => format!("{DRAFTS}{user}.new"),
    }
}

/// The text in the composer is this now, and will be stored soon.
pub(crate) fn typed(chat: Chat, user: UserId, text: String) {
    chat.draft.set(text);
    let is_noted = chat.unseen.with_value(|unseen| unseen.unstored_draft.is_some());
    if !is_noted {
        chat.unseen.update_value(|unseen| unseen.unstored_draft = Some(chat.place.get_untracked()));
        set_timeout(move || flush(chat, user), REST);
    }
}

/// Stores what has been typed since the last time.
pub(crate) fn flush(chat: Chat, user: UserId) {
    let mut typed_at = None;
    chat.unseen.update_value(|unseen| typed_at = unseen.unstored_draft.take());
    if let Some(place) = typed_at {
        browser::store(&key(user, place), &chat.draft.get_untracked());
    }
}

/// The text that was kept for one place has been sent; what was typed meanwhile belongs to the place that is shown.
pub(crate) fn sent(chat: Chat, user: UserId, from: Place) {
    chat.unseen.update_value(|unseen| unseen.unstored_draft = None);
    browser::store(&key(user, from), "");
    browser::store(&key(user, chat.place.get_untracked()), &chat.draft.get_untracked());
}

/// Those of a user's drafts that are too many: of the oldest conversations, whose ids are the lowest.
pub(crate) fn surplus(mut keys: Vec<String>) -> Vec<String> {
    keys.retain(|key| key.split('.').next_back() != Some("new"));
    keys.sort();
    keys.truncate(keys.len().saturating_sub(MOST));
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::ConversationId;
    use uuid::Uuid;

    #[test]
    fn each_user_and_place_has_a_text_of_its_own() {
        let id = ConversationId(Uuid::from_u128(1));
        assert_eq!(key(UserId(7), Place::New), "lia.draft.7.new");
        assert_eq!(key(UserId(7), Place::Conversation(id)), format!("lia.draft.7.{id}"));
    }

    #[test]
    fn the_drafts_of_the_oldest_conversations_go_first() {
        let draft = |number: u128| key(UserId(7), Place::Conversation(ConversationId(Uuid::from_u128(number))));
        let mut keys: Vec<_> = (0..52).rev().map(draft).collect();
        keys.push(key(UserId(7), Place::New));
        assert_eq!(surplus(keys), [draft(0), draft(1)]);
        assert_eq!(surplus(vec![draft(3)]), Vec::<String>::new());
    }
}
