//! What this page makes of what happens elsewhere: which conversations are being answered, which were answered while nobody
//! looked, and whether the conversation on the page has got an answer that the page does not know. Plain data; `live` hears
//! and acts.

use types::{ConversationId, News, RunId};

/// As many answers that the page has shown are remembered: those that can still be told of.
const SHOWN: usize = 32;

/// What is marked in the list of conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// An answer is being written.
    Writing,
    /// An answer has come while another conversation was on the page.
    Unread,
}

/// What this page knows of the answers in its user's conversations, wherever they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Elsewhere {
    /// The answers that are being written.
    running: Vec<(ConversationId, RunId)>,
    /// Those of them that were not named again since something may not have been told.
    doubted: Vec<RunId>,
    unread: Vec<ConversationId>,
    /// Answers in the conversation on the page that it may not know.
    strange: Vec<RunId>,
    /// Answers that the page has shown.
    shown: Vec<RunId>,
    /// Whether the conversation on the page may be another one by now.
    is_stale: bool,
}

impl Elsewhere {
    /// Something has happened. `open` is the conversation on the page.
    pub(crate) fn hear(&mut self, news: &News, open: Option<ConversationId>) {
        match *news {
            News::RunStarted(id, run) => {
                self.running.retain(|known| known.0 != id);
                self.running.push((id, run));
                self.doubted.retain(|known| *known != run);
                self.unread.retain(|known| *known != id);
                self.note(id, run, open);
            }
            News::RunFinished(id, run) => self.finished(id, run, open),
            News::Deleted(id) => {
                self.running.retain(|known| known.0 != id);
                self.unread.retain(|known| *known != id);
            }
            News::Cleared => {
                self.running.clear();
                self.unread.clear();
            }
            News::Resync => self.doubted = self.running.iter().map(|(_, run)| *run).collect(),
            News::Ready | News::Pong | News::Created(_) | News::Renamed(_) => {}
        }
    }

    fn finished(&mut self, id: ConversationId, run: RunId, open: Option<ConversationId>) {
        // Of one that goes on with an answer another one may have been told already.
        self.running.retain(|known| known.1 != run);
        if open != Some(id) && !self.unread.contains(&id) {
            self.unread.push(id);
        }
        self.note(id, run, open);
    }

    fn note(&mut self, id: ConversationId, run: RunId, open: Option<ConversationId>) {
        if open == Some(id) && !self.shown.contains(&run) {
            self.strange.push(run);
        }
    }

    /// Everything that is the case has been told: what was not named again has ended while nothing was heard.
    pub(crate) fn settle(&mut self, open: Option<ConversationId>) {
        let doubted = std::mem::take(&mut self.doubted);
        let ended: Vec<_> = self.running.iter().filter(|(_, run)| doubted.contains(run)).copied().collect();
        for (id, run) in ended {
            self.finished(id, run, open);
        }
    }

    /// The page shows this answer, or asks for it.
    pub(crate) fn shows(&mut self, run: RunId) {
        if !self.shown.contains(&run) {
            self.shown.push(run);
            let surplus = self.shown.len().saturating_sub(SHOWN);
            self.shown.drain(..surplus);
        }
        self.strange.retain(|known| *known != run);
    }

    /// Another conversation is on the page, as it is now.
    pub(crate) fn opened(&mut self, open: Option<ConversationId>) {
        self.unread.retain(|known| Some(*known) != open);
        self.strange.clear();
        self.is_stale = false;
    }

    /// The conversation on the page may have changed without a word.
    pub(crate) fn doubt_page(&mut self) {
        self.is_stale = true;
    }

    /// Whether the conversation on the page has to be read again; asked once.
    pub(crate) fn is_behind(&mut self) -> bool {
        let strange = std::mem::take(&mut self.strange);
        for run in &strange {
            self.shows(*run);
        }
        std::mem::take(&mut self.is_stale) || !strange.is_empty()
    }

    /// What is marked at a conversation.
    pub(crate) fn mark(&self, id: ConversationId) -> Option<Mark> {
        if self.running.iter().any(|known| known.0 == id) {
            Some(Mark::Writing)
        } else {
            self.unread.contains(&id).then_some(Mark::Unread)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::ConversationEntry;
    use uuid::Uuid;

    const A: ConversationId = ConversationId(Uuid::from_u128(1));
    const B: ConversationId = ConversationId(Uuid::from_u128(2));

    fn run(number: u128) -> RunId {
        RunId(Uuid::from_u128(number))
    }

    #[test]
    fn an_answer_elsewhere_is_marked_while_it_is_written_and_until_it_is_read() {
        let mut elsewhere = Elsewhere::default();
        elsewhere.hear(&News::RunStarted(A, run(1)), Some(B));
        assert_eq!((elsewhere.mark(A), elsewhere.mark(B)), (Some(Mark::Writing), None));
        elsewhere.hear(&News::RunFinished(A, run(1)), Some(B));
        assert_eq!(elsewhere.mark(A), Some(Mark::Unread));
        elsewhere.hear(&News::RunStarted(A, run(2)), Some(B));
        elsewhere.hear(&News::RunFinished(A, run(2)), Some(B));
        assert_eq!(elsewhere.mark(A), Some(Mark::Unread));
        elsewhere.opened(Some(A));
        assert_eq!(elsewhere.mark(A), None);
        assert!(!elsewhere.is_behind(), "it was not on the page");
    }

    #[test]
    fn an_answer_in_the_conversation_on_the_page_is_read_once_and_never_marked_unread() {
        let mut elsewhere = Elsewhere::default();
        elsewhere.hear(&News::RunStarted(A, run(1)), Some(A));
        assert!(elsewhere.is_behind());
        elsewhere.hear(&News::RunFinished(A, run(1)), Some(A));
        assert!(!elsewhere.is_behind());
        assert_eq!(elsewhere.mark(A), None);
        elsewhere.hear(&News::RunFinished(A, run(2)), Some(A));
        assert!(elsewhere.is_behind(), "its beginning was not heard");
    }

    #[test]
    fn an_answer_that_the_page_asked_for_is_no_news() {
        let mut elsewhere = Elsewhere::default();
        elsewhere.shows(run(1));
        elsewhere.hear(&News::RunStarted(A, run(1)), Some(A));
        assert!(!elsewhere.is_behind());
        // The word of it came before the server's answer to the one who asked.
        elsewhere.hear(&News::RunStarted(A, run(2)), Some(A));
        elsewhere.shows(run(2));
        assert!(!elsewhere.is_behind());
        elsewhere.hear(&News::RunFinished(A, run(2)), Some(A));
        assert!(!elsewhere.is_behind());
    }

    #[test]
    fn what_ended_while_nothing_was_heard_has_ended() {
        let mut elsewhere = Elsewhere::default();
        elsewhere.hear(&News::RunStarted(A, run(1)), None);
        elsewhere.hear(&News::RunStarted(B, run(2)), None);
        elsewhere.hear(&News::Resync, None);
        assert_eq!(elsewhere.mark(A), Some(Mark::Writing), "nothing is known yet");
        elsewhere.hear(&News::RunStarted(B, run(2)), None);
        elsewhere.settle(None);
        assert_eq!((elsewhere.mark(A), elsewhere.mark(B)), (Some(Mark::Unread), Some(Mark::Writing)));
    }

    #[test]
    fn a_page_that_may_be_behind_is_read_again_once_and_not_after_another_was_opened() {
        let mut elsewhere = Elsewhere::default();
        elsewhere.doubt_page();
        assert!(elsewhere.is_behind() && !elsewhere.is_behind());
        elsewhere.doubt_page();
        elsewhere.hear(&News::RunStarted(A, run(1)), Some(A));
        elsewhere.opened(Some(B));
        assert!(!elsewhere.is_behind());
    }

    #[test]
    fn what_is_gone_is_not_marked() {
        let mut elsewhere = Elsewhere::default();
        for (number, id) in [(1, A), (2, B)] {
            elsewhere.hear(&News::RunStarted(id, run(number)), None);
        }
        elsewhere.hear(&News::Renamed(ConversationEntry { id: A, title: "Other".into() }), None);
        elsewhere.hear(&News::Deleted(A), None);
        assert_eq!((elsewhere.mark(A), elsewhere.mark(B)), (None, Some(Mark::Writing)));
        elsewhere.hear(&News::Cleared, None);
        assert_eq!(elsewhere.mark(B), None);
    }

    #[test]
    fn of_many_answers_the_last_are_remembered() {
        let mut elsewhere = Elsewhere::default();
        (0..100).for_each(|number| elsewhere.shows(run(number)));
        assert_eq!(elsewhere.shown.len(), SHOWN);
        elsewhere.hear(&News::RunFinished(A, run(99)), Some(A));
        assert!(!elsewhere.is_behind());
    }
}
