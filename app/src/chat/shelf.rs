//! The conversations in the sidebar.

use leptos::prelude::*;
use types::{ConversationEntry, ConversationId, News};

/// The list and whether there is more of it.
#[derive(Clone, Copy)]
pub(crate) struct Shelf {
    pub(crate) entries: RwSignal<Vec<ConversationEntry>>,
    pub(crate) has_more: RwSignal<bool>,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        Self { entries: RwSignal::new(Vec::new()), has_more: RwSignal::new(false) }
    }

    /// Shows the first page instead of what was there.
    pub(crate) fn show(self, page: Vec<ConversationEntry>, page_size: i64) {
        self.entries.set(Vec::new());
        self.append(page, page_size);
    }

    /// Adds the next page. What has moved between pages meanwhile is not listed twice.
    pub(crate) fn append(self, page: Vec<ConversationEntry>, page_size: i64) {
        let full = i64::try_from(page.len()).is_ok_and(|length| length >= page_size);
        self.entries.update(|entries| {
            for conversation in page {
                if !entries.iter().any(|entry| entry.id == conversation.id) {
                    entries.push(conversation);
                }
            }
        });
        self.has_more.set(full);
    }

    /// Shows the beginning of the list as it is now, which is as much of it as was shown.
    pub(crate) fn renew(self, page: Vec<ConversationEntry>, has_more: bool) {
        if self.entries.with_untracked(|entries| *entries != page) {
            self.entries.set(page);
        }
        self.has_more.set(has_more);
    }

    /// Something has happened. Returns whether the list has to be read to show it: a conversation came to the top that was
    /// too far down to be listed.
    pub(crate) fn hear(self, news: News) -> bool {
        match news {
            News::Created(entry) | News::Renamed(entry) => self.touch(entry.id, Some(entry.title)),
            News::RunStarted(id, _) | News::RunFinished(id, _) => {
                if self.entries.with_untracked(|entries| entries.iter().all(|entry| entry.id != id)) {
                    return true;
                }
                self.touch(id, None);
            }
            News::Deleted(id) => self.remove(id),
            News::Cleared => self.renew(Vec::new(), false),
            News::Ready | News::Pong | News::Resync => {}
        }
        false
    }

    /// A message was sent: its conversation is the newest. A new one brings its title.
    pub(crate) fn touch(self, id: ConversationId, title: Option<String>) {
        self.entries.update(|entries| {
            let known = entries.iter().position(|entry| entry.id == id).map(|index| entries.remove(index));
            let title = title.or(known.map(|entry| entry.title)).unwrap_or_default();
            entries.insert(0, ConversationEntry { id, title });
        });
    }

    /// A conversation has another name.
    pub(crate) fn rename(self, id: ConversationId, title: &str) {
        self.entries.update(|entries| {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.id == id) {
                title.clone_into(&mut entry.title);
            }
        });
    }

    /// A conversation is gone.
    pub(crate) fn remove(self, id: ConversationId) {
        self.entries.update(|entries| entries.retain(|entry| entry.id != id));
    }

    /// The title of a conversation, if it is listed. Tracks the list.
    pub(crate) fn title(self, id: ConversationId) -> Option<String> {
        self.entries.with(|entries| entries.iter().find(|entry| entry.id == id).map(|entry| entry.title.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::RunId;
    use uuid::Uuid;

    fn id(number: u128) -> ConversationId {
        ConversationId(Uuid::from_u128(number))
    }

    fn page(numbers: &[u128]) -> Vec<ConversationEntry> {
        numbers.iter().map(|&number| ConversationEntry { id: id(number), title: format!("c{number}") }).collect()
    }

    fn titles(shelf: Shelf) -> Vec<String> {
        shelf.entries.get_untracked().into_iter().map(|entry| entry.title).collect()
    }

    #[test]
    fn pages_that_have_shifted_list_nothing_twice() {
        let owner = Owner::new();
        owner.set();
        let shelf = Shelf::new();
        shelf.show(page(&[5, 4, 3]), 3);
        assert!(shelf.has_more.get_untracked());
        shelf.touch(id(6), Some("c6".into()));
        shelf.append(page(&[3, 2]), 3);
        assert_eq!(titles(shelf), ["c6", "c5", "c4", "c3", "c2"]);
        assert!(!shelf.has_more.get_untracked());
    }

    #[test]
    fn a_message_brings_its_conversation_to_the_top_with_its_name() {
        let owner = Owner::new();
        owner.set();
        let shelf = Shelf::new();
        shelf.show(page(&[3, 2, 1]), 30);
        shelf.touch(id(1), None);
        shelf.rename(id(2), "Other");
        shelf.remove(id(3));
        assert_eq!(titles(shelf), ["c1", "Other"]);
    }

    fn entry(number: u128, title: &str) -> ConversationEntry {
        ConversationEntry { id: id(number), title: title.into() }
    }

    #[test]
    fn what_happens_elsewhere_is_listed_in_the_order_in_which_it_happens() {
        let owner = Owner::new();
        owner.set();
        let shelf = Shelf::new();
        let run = RunId(Uuid::from_u128(9));
        shelf.show(page(&[3, 2, 1]), 3);
        assert!(!shelf.hear(News::Created(entry(4, "c4"))));
        assert!(!shelf.hear(News::RunStarted(id(4), run)));
        assert_eq!(titles(shelf), ["c4", "c3", "c2", "c1"]);
        assert!(!shelf.hear(News::RunStarted(id(1), run)));
        assert_eq!(titles(shelf), ["c1", "c4", "c3", "c2"]);
        assert!(!shelf.hear(News::RunFinished(id(4), run)));
        assert!(!shelf.hear(News::Renamed(entry(2, "Other"))));
        assert_eq!(titles(shelf), ["Other", "c4", "c1", "c3"]);
        assert!(!shelf.hear(News::Deleted(id(4))));
        assert!(!shelf.hear(News::Deleted(id(4))), "told twice, it is still gone");
        assert_eq!(titles(shelf), ["Other", "c1", "c3"]);
        assert!(!shelf.hear(News::Cleared));
        assert!(titles(shelf).is_empty() && !shelf.has_more.get_untracked());
    }

    #[test]
    fn a_conversation_that_was_too_far_down_is_looked_for() {
        let owner = Owner::new();
        owner.set();
        let shelf = Shelf::new();
        shelf.show(page(&[3, 2]), 2);
        let run = RunId(Uuid::from_u128(9));
        assert!(shelf.hear(News::RunFinished(id(1), run)), "its name is not known");
        assert_eq!(titles(shelf), ["c3", "c2"]);
        assert!(!shelf.hear(News::Renamed(entry(1, "c1"))), "its name came with it");
        assert_eq!(titles(shelf), ["c1", "c3", "c2"]);
        shelf.renew(page(&[2, 1]), true);
        assert_eq!(titles(shelf), ["c2", "c1"]);
    }
}
