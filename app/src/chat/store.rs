//! What the conversation column shows. Every decision about it is a method here and runs without a browser; asking
//! the server is `actions`' part.

use super::{
    Place, Row,
    delivery::Pending,
    figures,
    outbox::{Outbox, before},
};
use leptos::prelude::*;
use types::{
    ApiError, ConversationId, ConversationView, CumulativeSentiment, FinishReason, MessageId, MessageRole,
    MessageStatus, MessageView, ModelInfo, ModelRef, RunEvent, RunId, SentimentMethod, SentimentUpdate, StartedRun,
    StreamId, UsageTotal,
};

/// The conversation on the page.
#[derive(Clone, Copy)]
pub(crate) struct Chat {
    pub(crate) place: RwSignal<Place>,
    pub(crate) title: RwSignal<String>,
    pub(crate) rows: RwSignal<Vec<Row>>,
    /// Whether the server has older messages than those on the page.
    pub(crate) has_earlier: RwSignal<bool>,
    /// Whether the place is being fetched.
    pub(crate) loading: RwSignal<bool>,
    /// Why the place cannot be shown.
    pub(crate) problem: RwSignal<Option<ApiError>>,
    /// The answer being written.
    pub(crate) writing: RwSignal<Option<Writing>>,
    /// Whether the line to the answer is broken and being mended.
    pub(crate) reconnecting: RwSignal<bool>,
    /// What went wrong with the last thing the user did; shown above the composer.
    pub(crate) notice: RwSignal<Option<ApiError>>,
    /// What a screen reader is told.
    pub(crate) announcement: RwSignal<String>,
    /// The model that answers here.
    pub(crate) model: RwSignal<Option<ModelRef>>,
    /// What the conversation has used.
    pub(crate) usage: RwSignal<UsageTotal>,
    /// How the conversation reads.
    pub(crate) mood: RwSignal<Option<CumulativeSentiment>>,
    /// The text in the composer.
    pub(crate) draft: RwSignal<String>,
    /// How many requests are under way that begin an answer here, or show one.
    pub(crate) asking: RwSignal<u32>,
    pub(crate) unseen: StoredValue<Unseen>,
}

/// What of a conversation no view follows. Kept together: a [`Chat`] is handed on by value.
#[derive(Default)]
pub(crate) struct Unseen {
    /// The model that answers in new conversations.
    pub(crate) usual_model: Option<ModelRef>,
    /// The method that reads the messages from now on, where one was chosen for the place that is shown.
    pub(crate) method: Option<SentimentMethod>,
    pub(crate) outbox: Outbox,
    /// What waits until Lia can be reached.
    pub(crate) pending: Pending,
    /// The place of which the words in the composer have not been stored yet.
    pub(crate) unstored_draft: Option<Place>,
    /// Whether somebody looks after the line to the answer being written.
    pub(crate) is_watched: bool,
    /// The version of the list of conversations that was read last.
    pub(crate) list_version: i64,
    /// The conversation that is being deleted on this page.
    pub(crate) deleting: Option<ConversationId>,
    /// Raised whenever another place is shown: what was asked for the old one is then not for this page.
    visit: u32,
}

/// An answer being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Writing {
    /// Its row.
    pub(crate) key: i64,
    /// Its run, once the server has named it.
    pub(crate) run: Option<RunId>,
    /// Whether the user has pressed Stop.
    pub(crate) stopping: bool,
    /// Whether it was asked for in another tab or on another device: whoever reads here stays where they are.
    pub(crate) is_elsewhere: bool,
    /// Whether Lia had no room for it, and nothing shows yet that its turn has come.
    pub(crate) is_queued: bool,
}

impl Writing {
    const fn new(key: i64, run: Option<RunId>) -> Self {
        Self { key, run, stopping: false, is_elsewhere: false, is_queued: false }
    }
}

impl Chat {
    pub(crate) fn new() -> Self {
        Self {
            place: RwSignal::new(Place::New),
            title: RwSignal::default(),
            rows: RwSignal::default(),
            has_earlier: RwSignal::new(false),
            loading: RwSignal::new(false),
            problem: RwSignal::new(None),
            writing: RwSignal::new(None),
            reconnecting: RwSignal::new(false),
            notice: RwSignal::new(None),
            announcement: RwSignal::default(),
            model: RwSignal::new(None),
            usage: RwSignal::default(),
            mood: RwSignal::new(None),
            draft: RwSignal::default(),
            asking: RwSignal::new(0),
            unseen: StoredValue::default(),
        }
    }

    /// The number of this visit to a place.
    pub(crate) fn visit(self) -> u32 {
        self.unseen.with_value(|unseen| unseen.visit)
    }

    /// Whether the page still shows what it showed in that visit.
    pub(crate) fn is_visit(self, visit: u32) -> bool {
        self.unseen.try_with_value(|unseen| unseen.visit) == Some(visit)
    }

    fn usual_model(self) -> Option<ModelRef> {
        self.unseen.with_value(|unseen| unseen.usual_model.clone())
    }

    /// Goes to a place of which nothing is known yet.
    pub(crate) fn leave_for(self, place: Place) {
        let is_another = self.place.get_untracked() != place;
        self.unseen.update_value(|unseen| {
            unseen.visit += 1;
            // It was chosen for the words written there, and for no others.
            if is_another {
                unseen.method = None;
            }
        });
        self.place.set(place);
        self.title.set(String::new());
        self.rows.set(Vec::new());
        self.has_earlier.set(false);
        self.loading.set(place.conversation().is_some());
        self.problem.set(None);
        self.writing.set(None);
        self.reconnecting.set(false);
        self.notice.set(None);
        self.usage.set(UsageTotal::default());
        self.mood.set(None);
        if place == Place::New {
            self.model.set(self.usual_model());
        }
    }

    /// Shows a conversation.
    pub(crate) fn show(self, view: ConversationView) {
        self.leave_for(Place::Conversation(view.id));
        self.loading.set(false);
        self.title.set(view.title);
        self.has_earlier.set(view.has_more);
        self.usage.set(view.usage);
        self.mood.set(view.sentiment);
        self.model.set(view.model.or_else(|| self.usual_model()));
        let mut writing = None;
        let rows = view.messages.into_iter().map(|message| {
            let (row, run) = Row::from_view(message);
            if let Some(run) = run {
                writing = Some(Writing::new(row.key, Some(run.id)));
            }
            row
        });
        let rows = rows.collect();
        self.rows.set(rows);
        self.writing.set(writing);
    }

    /// Shows the conversation as it is now, another branch of it perhaps. What has not changed stays on the page as it is,
    /// and so does what is older than the view: a message has one way to it, whichever branch goes on from there. An answer
    /// that is being written may have been asked for elsewhere.
    pub(crate) fn refresh(self, view: ConversationView, is_elsewhere: bool) {
        self.title.set(view.title);
        self.usage.set(view.usage);
        self.mood.set(view.sentiment);
        self.model.set(view.model.or_else(|| self.usual_model()));
        let known = self.rows.get_untracked();
        let oldest = view.messages.first().map(|message| message.id);
        let older = known.iter().position(|row| oldest.is_some() && row.id.get_untracked() == oldest).unwrap_or(0);
        if older == 0 {
            self.has_earlier.set(view.has_more);
        }
        let mut lowest = known.iter().map(|row| row.key).min().unwrap_or(0).min(0);
        let mut writing = None;
        let rows = view.messages.into_iter().map(|message| {
            if let Some(row) = known.iter().find(|row| row.shows(&message)) {
                row.siblings.set(message.siblings);
                row.outcome.update(|outcome| outcome.sentiment = message.sentiment);
                return row.clone();
            }
            let (mut row, run) = Row::from_view(message);
            // The page keeps what it has under a key: what is another text has another one.
            if known.iter().any(|other| other.key == row.key) {
                lowest -= 1;
                row.key = lowest;
            }
            if let Some(run) = run {
                writing = Some(Writing { is_elsewhere, ..Writing::new(row.key, Some(run.id)) });
            }
            row
        });
        let rows = known[..older].iter().cloned().chain(rows).collect();
        self.rows.set(rows);
        self.writing.set(writing);
    }

    /// Says why the place cannot be shown.
    pub(crate) fn fail(self, error: ApiError) {
        self.loading.set(false);
        self.problem.set(Some(error));
    }

    /// Puts an older page above the messages on this one.
    pub(crate) fn prepend(self, page: ConversationView) {
        self.has_earlier.set(page.has_more);
        self.rows.update(|rows| {
            let mut all: Vec<Row> = page
                .messages
                .into_iter()
                .map(|message| Row::from_view(message).0)
                // Messages that were sent meanwhile have pushed some of these onto the page already.
                .filter(|row| !rows.iter().any(|known| known.id.get_untracked() == row.id.get_untracked()))
                .collect();
            all.append(rows);
            *rows = all;
        });
    }

    /// Messages on the page that the server has numbered: where the next older page begins.
    pub(crate) fn shown(self) -> i64 {
        let shown = self.rows.with_untracked(|rows| rows.iter().filter(|row| row.id.get_untracked().is_some()).count());
        i64::try_from(shown).unwrap_or(i64::MAX)
    }

    /// Shows a message that is on its way, and the answer that will come.
    pub(crate) fn begin(self, text: &str) {
        self.notice.set(None);
        let lowest = self.rows.with_untracked(|rows| rows.iter().map(|row| row.key).min().unwrap_or(0).min(0));
        let (question, answer) = (lowest - 2, lowest - 1);
        self.rows.update(|rows| rows.extend([Row::sent(question, text), Row::awaited(answer)]));
        self.writing.set(Some(Writing::new(answer, None)));
    }

    /// The server has saved the message and is having it answered. Returns whether Stop was pressed meanwhile.
    pub(crate) fn started(self, started: &StartedRun) -> bool {
        let Some(writing) = self.writing.get_untracked() else { return false };
        self.place.set(Place::Conversation(started.conversation_id));
        if let Some(title) = &started.title {
            self.title.set(title.clone());
        }
        self.rows.with_untracked(|rows| {
            if let Some(answer) = rows.iter().position(|row| row.key == writing.key) {
                rows[answer].id.set(Some(started.message_id));
                if let Some(question) = answer.checked_sub(1) {
                    rows[question].id.set(Some(started.user_message_id));
                }
            }
        });
        self.writing.set(Some(Writing { run: Some(started.run_id), is_queued: started.queued, ..writing }));
        writing.stopping
    }

    /// The server did not take the message: it goes back into the composer.
    pub(crate) fn refused(self, text: String, error: ApiError) {
        self.take_back();
        self.notice.set(Some(error));
        self.draft.update(|draft| *draft = before(text, draft));
    }

    /// The message that is on its way did not arrive: it is not one of the conversation.
    pub(crate) fn take_back(self) {
        if let Some(writing) = self.writing.get_untracked() {
            self.rows.update(|rows| {
                if let Some(answer) = rows.iter().position(|row| row.key == writing.key) {
                    rows.truncate(answer.saturating_sub(1));
                }
            });
        }
        self.writing.set(None);
    }

    /// Takes in an event of the run being followed. At its end, returns the message to be fetched as the server has
    /// finished it.
    pub(crate) fn hear(self, id: StreamId, event: &RunEvent) -> Option<MessageId> {
        let row = self.written_row()?;
        row.hear(id, event);
        self.reconnecting.set(false);
        let ended = match event {
            RunEvent::Done { finish_reason, .. } => {
                let stopped = *finish_reason == FinishReason::Stopped;
                (if stopped { MessageStatus::Stopped } else { MessageStatus::Complete }, None)
            }
            RunEvent::Error(error) => (MessageStatus::Failed, Some(error.clone())),
            RunEvent::Sentiment(update) => {
                if let Some(question) = self.question_of(row.key) {
                    self.feel(question, update.clone());
                }
                return None;
            }
            RunEvent::Start(_) => return None,
            _ => {
                self.is_its_turn();
                return None;
            }
        };
        row.publish();
        // Until the finished message has been fetched: what is known of its end is shown at once.
        row.outcome.update(|outcome| {
            let (status, error) = ended;
            if let Some(error) = error {
                let unknown = || ModelInfo {
                    provider: String::new(),
                    model: String::new(),
                    finish_reason: None,
                    usage: None,
                    error: None,
                    seams: Vec::new(),
                };
                outcome.model.get_or_insert_with(unknown).error = Some(error);
            }
            outcome.status = status;
        });
        self.writing.set(None);
        row.id.get_untracked()
    }

    /// The answer being written is queued no more.
    fn is_its_turn(self) {
        if self.writing.with_untracked(|writing| writing.is_some_and(|writing| writing.is_queued)) {
            self.writing.update(|writing| *writing = writing.map(|writing| Writing { is_queued: false, ..writing }));
        }
    }

    /// A message has been read, or its reading was corrected.
    pub(crate) fn feel(self, message: MessageId, update: SentimentUpdate) {
        if let (Some(row), Some(sentiment)) = (self.row(message), update.message) {
            row.outcome.update(|outcome| outcome.sentiment = Some(sentiment));
        }
        if update.cumulative.is_some() {
            self.mood.set(update.cumulative);
        }
    }

    /// The scores of the messages on the page, oldest first. Tracks them.
    pub(crate) fn scores(self) -> Vec<f64> {
        let score = |row: &Row| row.outcome.with(|outcome| outcome.sentiment.as_ref().map(|reading| reading.score));
        self.rows.with(|rows| rows.iter().filter(|row| row.role == MessageRole::User).filter_map(score).collect())
    }

    /// Shows what has been heard since the last time.
    pub(crate) fn publish(self) {
        if let Some(row) = self.written_row() {
            row.publish();
        }
    }

    /// The finished message has come. Returns whether it is finished; one that is not is followed on.
    pub(crate) fn settle(self, view: MessageView) -> bool {
        if view.status == MessageStatus::Streaming {
            return false;
        }
        if let Some(row) = self.row(view.id) {
            if self.writing.get_untracked().is_some_and(|writing| writing.key == row.key) {
                self.writing.set(None);
            }
            let used = |model: &Option<ModelInfo>| model.as_ref().and_then(|model| model.usage);
            // What an answer had used before a run went on with it is in the total already.
            let before = row.outcome.with_untracked(|outcome| used(&outcome.model));
            let usage = used(&view.model_info);
            if row.settle(view)
                && let Some(usage) = usage
            {
                self.usage.update(|total| figures::add(total, &usage, before));
            }
        }
        self.reconnecting.set(false);
        true
    }

    /// The event after which a new connection to the answer being written goes on.
    pub(crate) fn last_event(self) -> StreamId {
        self.written_row().map_or(StreamId::START, |row| row.last_event())
    }

    /// The number of the message being written, once it has one.
    pub(crate) fn written_message(self) -> Option<MessageId> {
        self.written_row()?.id.get_untracked()
    }

    /// The number of the message in this row, once the server has given it one.
    pub(crate) fn id_of(self, key: i64) -> Option<MessageId> {
        self.rows.with_untracked(|rows| rows.iter().find(|row| row.key == key)?.id.get_untracked())
    }

    /// The question that the answer in this row answers.
    pub(crate) fn question_of(self, key: i64) -> Option<MessageId> {
        self.rows.with_untracked(|rows| {
            let answer = rows.iter().position(|row| row.key == key)?;
            let question = rows[..answer].iter().rev().find(|row| row.role == MessageRole::User)?;
            question.id.get_untracked()
        })
    }

    /// Whether the question of the answer in this row began the conversation. Tracks the rows.
    pub(crate) fn is_first(self, key: i64) -> bool {
        !self.has_earlier.get() && self.rows.with(|rows| rows.iter().take(2).any(|row| row.key == key))
    }

    /// The row of a message.
    pub(crate) fn row(self, id: MessageId) -> Option<Row> {
        self.rows.with_untracked(|rows| rows.iter().find(|row| row.id.get_untracked() == Some(id)).cloned())
    }

    fn written_row(self) -> Option<Row> {
        let writing = self.writing.get_untracked()?;
        self.rows.with_untracked(|rows| rows.iter().find(|row| row.key == writing.key).cloned())
    }
}

/// Whether the conversation on the page is this one.
pub(crate) fn shows(chat: Chat, id: ConversationId) -> bool {
    chat.place.get().conversation() == Some(id)
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
