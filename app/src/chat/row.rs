//! One message of the conversation on the page, as signals: a token that arrives touches the open block of one
//! message and nothing else.

use super::growth::{Block, Growth, Unshown, html_of};
use leptos::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};
use types::{
    MessageBody, MessageId, MessageRole, MessageStatus, MessageView, ModelInfo, RunEvent, RunPosition, Sentiment,
    Siblings, StreamId,
};

/// A message on the page.
#[derive(Clone)]
pub(crate) struct Row {
    /// The message's number; below zero for one that the server has not numbered yet. Never changes.
    pub(crate) key: i64,
    pub(crate) role: MessageRole,
    /// The message's number, once the server has given it one.
    pub(crate) id: ArcRwSignal<Option<MessageId>>,
    pub(crate) outcome: ArcRwSignal<Outcome>,
    /// Where it stands among those that follow the same message, where there are others.
    pub(crate) siblings: ArcRwSignal<Option<Siblings>>,
    /// The finished HTML; while there is none the message is growing.
    pub(crate) html: ArcRwSignal<Option<Arc<str>>>,
    /// The blocks of a growing message that will not change any more.
    pub(crate) closed: ArcRwSignal<Vec<Block>>,
    /// The HTML of its last block.
    pub(crate) open: ArcRwSignal<String>,
    /// Plain text to add to the element of the last block that grows. `open` has it already, without notice.
    pub(crate) more: ArcRwSignal<String>,
    /// The model's thoughts as plain text, while the message grows.
    pub(crate) thought: ArcRwSignal<String>,
    /// The model's thoughts as finished HTML.
    pub(crate) thought_html: ArcRwSignal<Option<Arc<str>>>,
    /// How long until the provider wants to be asked again, in words, counted down while the page is open; empty when
    /// it may be asked.
    pub(crate) wait: ArcRwSignal<String>,
    growth: Arc<Mutex<Option<Growth>>>,
}

/// How far a message has come, what wrote it and how it reads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) status: MessageStatus,
    pub(crate) model: Option<ModelInfo>,
    /// How the user's words read, once they have been read.
    pub(crate) sentiment: Option<Sentiment>,
}

impl Row {
    /// A message the server knows.
    pub(crate) fn from_view(view: MessageView) -> (Self, Option<RunPosition>) {
        let outcome = Outcome { status: view.status, model: view.model_info, sentiment: view.sentiment };
        let (row, run) = match view.body {
            MessageBody::Html(html) => {
                let row = Self::new(view.id.0, view.role, outcome, Some(html.into()), None);
                row.thought_html.set(view.thought.map(Into::into));
                (row, None)
            }
            MessageBody::Growing { content, thought, run } => {
                let growth = Growth::new(&content, thought, run.last_event_id);
                (Self::new(view.id.0, view.role, outcome, None, Some(growth)), Some(run))
            }
        };
        row.siblings.set(view.siblings);
        (row, run)
    }

    /// Whether this row shows the message as it is now, but for its siblings and for how it reads.
    pub(crate) fn shows(&self, view: &MessageView) -> bool {
        self.id.get_untracked() == Some(view.id)
            && matches!(view.body, MessageBody::Html(_))
            && self.html.with_untracked(Option::is_some)
            && self.outcome.with_untracked(|known| known.status == view.status && known.model == view.model_info)
    }

    /// Whether there is anything of an answer. Tracks it.
    pub(crate) fn has_text(&self) -> bool {
        match self.html.get() {
            Some(html) => !html.is_empty(),
            None => self.closed.with(|closed| !closed.is_empty()) || self.open.with(|open| !open.is_empty()),
        }
    }

    /// The words a user has just sent.
    pub(crate) fn sent(key: i64, text: &str) -> Self {
        let outcome = Outcome { status: MessageStatus::Complete, model: None, sentiment: None };
        Self::new(key, MessageRole::User, outcome, Some(html_of(text).into()), None)
    }

    /// The answer to them, of which there is nothing yet.
    pub(crate) fn awaited(key: i64) -> Self {
        let outcome = Outcome { status: MessageStatus::Streaming, model: None, sentiment: None };
        let growth = Growth::new("", String::new(), StreamId::START);
        Self::new(key, MessageRole::Assistant, outcome, None, Some(growth))
    }

    fn new(key: i64, role: MessageRole, outcome: Outcome, html: Option<Arc<str>>, growth: Option<Growth>) -> Self {
        let row = Self {
            key,
            role,
            id: ArcRwSignal::new((key >= 0).then_some(MessageId(key))),
            outcome: ArcRwSignal::new(outcome),
            siblings: ArcRwSignal::default(),
            html: ArcRwSignal::new(html),
            closed: ArcRwSignal::default(),
            open: ArcRwSignal::default(),
            more: ArcRwSignal::default(),
            thought: ArcRwSignal::default(),
            thought_html: ArcRwSignal::default(),
            wait: ArcRwSignal::default(),
            growth: Arc::new(Mutex::new(growth)),
        };
        row.publish();
        row
    }

    /// Takes in an event of the run that writes it. The page shows it at the next [`Row::publish`].
    pub(crate) fn hear(&self, id: StreamId, event: &RunEvent) -> bool {
        self.with_growth(|growth| growth.hear(id, event)).unwrap_or(false)
    }

    /// The event after which a new connection goes on.
    pub(crate) fn last_event(&self) -> StreamId {
        self.with_growth(|growth| growth.last()).unwrap_or(StreamId::START)
    }

    /// Shows what has been heard.
    pub(crate) fn publish(&self) {
        self.with_growth(|growth| {
            let (known, same_edition) = self.closed.with_untracked(|closed| {
                (closed.len(), closed.first().is_none_or(|block| block.key.0 == growth.edition()))
            });
            if !same_edition {
                self.closed.set(growth.closed_from(0).collect());
            } else if growth.closed_from(known).next().is_some() {
                self.closed.update(|closed| closed.extend(growth.closed_from(known)));
            }
            match growth.take_unshown() {
                Unshown::Nothing => {}
                Unshown::Text(text) => {
                    self.open.update_untracked(|open| growth.open_html().clone_into(open));
                    self.more.set(text);
                }
                Unshown::All => self.open.set(growth.open_html().to_owned()),
            }
            if self.thought.with_untracked(|thought| thought != growth.thought()) {
                self.thought.set(growth.thought().to_owned());
            }
        });
    }

    /// Puts the server's finished HTML in the place of what grew. Returns whether it was still growing.
    pub(crate) fn settle(&self, view: MessageView) -> bool {
        let MessageBody::Html(html) = view.body else { return false };
        let growth = self.growth.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.html.set(Some(html.into()));
        self.thought_html.set(view.thought.map(Into::into));
        self.outcome.set(Outcome { status: view.status, model: view.model_info, sentiment: view.sentiment });
        growth.is_some()
    }

    fn with_growth<T>(&self, work: impl FnOnce(&mut Growth) -> T) -> Option<T> {
        self.growth.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(work)
    }
}
