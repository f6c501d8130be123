//! What a model gets to read: the newest messages of the branch that fit its budget. They are read once and remembered:
//! what is read for a question is what was read for the one before it, with its answer.

use super::live::Live;
use super::log::in_time;
use crate::cache::Version;
use crate::db::{self, conversations};
use crate::{Backend, error::Result};
use llm::ChatMessage;
use serde::{Deserialize, Serialize};
use types::{MessageId, MessageRole, Page, StartedRun};

/// Characters for a model whose window is not known: about 8,000 tokens of English.
const DEFAULT_BUDGET: usize = 24_000;
/// Characters a token stands for, on the safe side for other languages than English.
const CHARS_PER_TOKEN: usize = 3;
/// The most messages that are looked at, whatever the window.
const MAX_MESSAGES: usize = 200;
/// Messages that are read at a time.
const PAGE: i64 = 20;
/// The most text that is remembered of a branch, in bytes. A model that reads more than this has it read again.
const MAX_BYTES: usize = 512 << 10;

/// A message as a model reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turn {
    id: MessageId,
    role: MessageRole,
    content: String,
}

/// The end of a branch, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Branch {
    turns: Vec<Turn>,
    /// Nothing was said before.
    is_whole: bool,
}

/// What whoever begins to write a run knows of what its model gets to read.
#[derive(Debug, Default)]
pub(crate) struct Start {
    before: Before,
    /// The question, where it is new.
    question: Option<String>,
}

/// A conversation before a run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Before {
    /// There is none: it begins with the run.
    Nothing,
    /// It was this version, and if the question is new, this is the message that it follows.
    Found { version: conversations::Version, parent: Option<MessageId> },
    /// Another process has stored the run.
    #[default]
    Unknown,
}

impl Start {
    /// `question` is empty where the question is there already.
    pub(super) fn new(before: Before, question: String) -> Self {
        let is_known = !matches!(before, Before::Unknown);
        Self { before, question: Some(question).filter(|text| is_known && !text.is_empty()) }
    }

    /// The version of what the model reads while the run is being written: the branch ends in its question.
    fn version(&self, live: &Live) -> Option<Version> {
        let revision = match self.before {
            Before::Nothing => 0,
            Before::Found { version, .. } => version.revision + 1,
            Before::Unknown => return None,
        };
        Some(version(live, Some(live.started.user_message_id), revision))
    }
}

fn version(live: &Live, head: Option<MessageId>, revision: i64) -> Version {
    Version::Conversation { owner: live.owner, version: conversations::Version { head, revision } }
}

/// The messages to send for a run, oldest first: the question is the last. Costs no query where the conversation's last
/// answer was written here or Redis knows it, else one for most conversations, and holds no connection afterwards.
pub(super) async fn read(
    backend: &Backend,
    live: &Live,
    window: Option<u32>,
    start: &mut Start,
) -> Result<Vec<ChatMessage>> {
    let budget = budget(window);
    let branch = if let Some(branch) = known(backend, live, budget, start).await {
        branch
    } else {
        let _turn = if matches!(start.before, Before::Unknown) { backend.runs.turn().await } else { None };
        in_time(read_branch(backend, live, budget)).await?
    };
    let messages = branch.messages(budget);
    if let Some(version) = start.version(live) {
        backend.cache.contexts.keep_here(live.started.conversation_id, version, branch.bounded());
    }
    Ok(messages)
}

/// Remembers what the model will have read when it is asked next: what it has read for the run, and the answer. The
/// conversation's revision is that of the run's end.
pub(super) fn keep(backend: &Backend, live: &Live, start: &Start, revision: i64) {
    let &StartedRun { conversation_id, message_id, .. } = &live.started;
    let contexts = &backend.cache.contexts;
    let branch = start.version(live).and_then(|version| contexts.peek(&conversation_id, &version, Branch::clone));
    if let Some(branch) = branch {
        let (content, ..) = live.text();
        let branch = branch.then(Turn { id: message_id, role: MessageRole::Assistant, content });
        contexts.keep(backend, conversation_id, version(live, Some(message_id), revision), branch.bounded());
    }
}

/// The branch that ends in the run's question, where all of it that is wanted is known.
async fn known(backend: &Backend, live: &Live, budget: usize, start: &mut Start) -> Option<Branch> {
    let &StartedRun { conversation_id, user_message_id: id, .. } = &live.started;
    let asked = start.question.take().map(|content| Turn { id, role: MessageRole::User, content });
    let (found, parent) = match start.before {
        Before::Found { version, parent } => (Some(version), parent),
        Before::Nothing | Before::Unknown => (None, None),
    };
    let beginning = match (asked, parent) {
        (Some(question), None) => return Some(Branch { turns: vec![question], is_whole: true }),
        (Some(question), Some(parent)) => Some((question, parent)),
        (None, _) => None,
    };
    let found = found?;
    let wanted = |known: &Branch| {
        let branch = match &beginning {
            Some((question, parent)) => known.until(*parent)?.then(question.clone()),
            None => known.until(id)?,
        };
        Some(branch).filter(|branch| branch.covers(budget))
    };
    let version = version(live, found.head, found.revision);
    backend.cache.contexts.find(backend, &conversation_id, &version, wanted).await
}

async fn read_branch(backend: &Backend, live: &Live, budget: usize) -> Result<Branch> {
    let &StartedRun { conversation_id, user_message_id: question, .. } = &live.started;
    let mut branch = Branch { turns: Vec::new(), is_whole: false };
    // A few at a time: messages can be long, and most of a long conversation is not sent.
    while !branch.covers(budget) {
        let page = Page { limit: PAGE, offset: i64::try_from(branch.turns.len()).unwrap_or(i64::MAX) };
        let part = db::messages::list_branch(&backend.db, conversation_id, live.owner, Some(question), page).await?;
        branch.is_whole = part.last().is_none_or(|oldest| oldest.parent_id.is_none());
        let turn =
            |message: db::messages::Message| Turn { id: message.id, role: message.role, content: message.content };
        branch.turns.splice(0..0, part.into_iter().rev().map(turn));
    }
    Ok(branch)
}

/// Characters of context for a window of so many tokens; a quarter of it is left for the answer.
fn budget(context_window: Option<u32>) -> usize {
    context_window.map_or(DEFAULT_BUDGET, |tokens| tokens as usize / 4 * 3 * CHARS_PER_TOKEN)
}

impl Branch {
    /// Whether nothing more of the branch would be sent.
    fn covers(&self, budget: usize) -> bool {
        let length = || self.turns.iter().map(|turn| turn.content.chars().count()).sum::<usize>();
        self.is_whole || self.turns.len() >= MAX_MESSAGES || length() > budget
    }

    /// The same as it was up to a message, which has to be on it.
    fn until(&self, end: MessageId) -> Option<Self> {
        let at = self.turns.iter().rposition(|turn| turn.id == end)?;
        Some(Self { turns: self.turns[..=at].to_vec(), is_whole: self.is_whole })
    }

    /// The same with one message more.
    fn then(mut self, turn: Turn) -> Self {
        self.turns.push(turn);
        self
    }

    /// The newest of it, as much as is remembered.
    fn bounded(mut self) -> Self {
        let mut bytes = 0;
        let newest = self.turns.iter().rev().take(MAX_MESSAGES).take_while(|turn| {
            bytes += turn.bytes();
            bytes <= MAX_BYTES
        });
        let dropped = self.turns.len() - newest.count();
        self.turns.drain(..dropped);
        self.is_whole &= dropped == 0;
        self
    }

    /// What it takes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        self.turns.iter().map(Turn::bytes).sum()
    }

    /// The messages to send, oldest first. The newest is always sent; what is empty (an answer that failed before its
    /// first word) is left out, and so is everything older than the first message that does not fit.
    fn messages(&self, budget: usize) -> Vec<ChatMessage> {
        let mut left = budget;
        let mut chosen = Vec::new();
        for turn in self.turns.iter().rev().take(MAX_MESSAGES).filter(|turn| !turn.content.trim().is_empty()) {
            let length = turn.content.chars().count();
            if length > left && !chosen.is_empty() {
                break;
            }
            left = left.saturating_sub(length);
            chosen.push(match turn.role {
                MessageRole::Assistant => ChatMessage::assistant(turn.content.as_str()),
                MessageRole::User | MessageRole::System => ChatMessage::user(turn.content.as_str()),
            });
        }
        chosen.reverse();
        chosen
    }
}

impl Turn {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.content.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(turns: &[(MessageRole, &str)]) -> Branch {
        let turn = |(id, (role, content)): (i64, &(_, &str))| Turn {
            id: MessageId(id),
            role: *role,
            content: (*content).to_owned(),
        };
        Branch { turns: (1..).zip(turns).map(turn).collect(), is_whole: true }
    }

    fn texts(branch: &Branch, budget: usize) -> Vec<String> {
        branch.messages(budget).into_iter().map(|message| message.text()).collect()
    }

    #[test]
    fn the_newest_that_fit_are_sent_oldest_first() {
        let branch = branch(&[
            (MessageRole::Assistant, "first"),
            (MessageRole::User, "second"),
            (MessageRole::Assistant, ""),
            (MessageRole::User, "third"),
        ]);
        assert_eq!(texts(&branch, 100), ["first", "second", "third"]);
        assert_eq!(texts(&branch, 11), ["second", "third"]);
        assert_eq!(texts(&branch, 10), ["third"]);
        assert_eq!(
            texts(&branch, 1),
            ["third"],
            "the new message is sent even if it is too long: the provider says so"
        );
    }

    #[test]
    fn a_window_leaves_room_for_the_answer() {
        assert_eq!(budget(Some(128_000)), 288_000);
        assert_eq!(budget(None), 24_000);
    }

    #[test]
    fn another_branch_is_known_up_to_where_they_part() {
        let known =
            branch(&[(MessageRole::User, "one"), (MessageRole::Assistant, "two"), (MessageRole::User, "three")]);
        let turn = Turn { id: MessageId(9), role: MessageRole::User, content: "other".to_owned() };
        assert_eq!(texts(&known.until(MessageId(2)).unwrap().then(turn), 100), ["one", "two", "other"]);
        assert_eq!(known.until(MessageId(9)), None);
    }

    #[test]
    fn what_is_remembered_is_the_end_of_the_branch() {
        let long = "x".repeat(MAX_BYTES / 2);
        let bounded =
            branch(&[(MessageRole::User, "old"), (MessageRole::User, &long), (MessageRole::User, "new")]).bounded();
        assert!(bounded.is_whole && bounded.turns.len() == 3);
        let bounded =
            branch(&[(MessageRole::User, &long), (MessageRole::User, &long), (MessageRole::User, "new")]).bounded();
        assert_eq!((bounded.turns.len(), bounded.is_whole), (2, false));
        assert!(bounded.bytes() <= MAX_BYTES);
        assert!(bounded.covers(MAX_BYTES / 2) && !bounded.covers(MAX_BYTES), "a larger window has more read");
        let many = branch(&[(MessageRole::User, "x"); MAX_MESSAGES + 1]).bounded();
        assert_eq!((many.turns.len(), many.is_whole), (MAX_MESSAGES, false));
        assert!(many.covers(usize::MAX), "nobody looks at more of them");
        let one = branch(&[(MessageRole::User, "a"), (MessageRole::User, &"x".repeat(MAX_BYTES))]).bounded();
        assert_eq!((one.turns.len(), one.is_whole), (0, false), "and one that is too long not at all");
    }
}
