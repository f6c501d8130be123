//! Questions that wait until Lia can be reached: in which order they go, which of several tabs sends one, and what becomes of
//! one that is not taken. Plain data: the browser keeps it, `delivery` sends what it says.

use serde::{Deserialize, Serialize};
use types::{ApiError, ConversationId, ErrorCode, NewRun};
use uuid::Uuid;

/// As many questions of one user wait in one browser.
const MOST: usize = 50;
/// Bytes that the words of all of them have together.
const ROOM: usize = 4_000_000;
/// How long the tab that sends a question has, in milliseconds, before another one may try. The question's id makes a second
/// try harmless.
const CLAIM_MS: f64 = 30_000.0;

/// A question that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) request: NewRun,
    /// When it was written, in milliseconds since 1970.
    pub(crate) written_at: f64,
    /// Until when it is for one tab to send it, in milliseconds since 1970.
    claimed_until: f64,
    /// Why the server does not take it; such a one goes only when it is told to.
    pub(crate) refusal: Option<String>,
}

impl Waiting {
    pub(crate) fn new(request: NewRun, written_at: f64) -> Self {
        Self { request, written_at, claimed_until: 0.0, refusal: None }
    }

    /// Whether a tab is sending it. A claim that ends later than any can was made before the clock was set back.
    pub(crate) fn is_claimed(&self, now: f64) -> bool {
        now < self.claimed_until && self.claimed_until <= now + CLAIM_MS
    }

    /// Its id, as text.
    pub(crate) fn name(&self) -> String {
        self.request.client_message_id.unwrap_or_default().to_string()
    }
}

/// All that wait, in the order in which they were written. Those without a conversation begin one together, which is how
/// they are shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Queue(Vec<Waiting>);

impl Queue {
    /// What an earlier page has written.
    pub(crate) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// For a later page to read; nothing where nothing waits.
    pub(crate) fn written(&self) -> Option<String> {
        if self.0.is_empty() { None } else { serde_json::to_string(self).ok() }
    }

    /// Puts a question at the end; `false` where there is no room.
    pub(crate) fn add(&mut self, waiting: Waiting) -> bool {
        let taken: usize = self.0.iter().map(|known| known.request.message.len()).sum();
        let has_room = self.0.len() < MOST && taken + waiting.request.message.len() <= ROOM;
        if has_room {
            self.0.push(waiting);
        }
        has_room
    }

    /// The question to be sent next, which is the caller's from now on. What was written later to the same place waits for
    /// it; `resting` are places in which an answer is being written.
    pub(crate) fn claim(&mut self, now: f64, resting: &[Option<ConversationId>]) -> Option<NewRun> {
        let mut passed = resting.to_vec();
        let next = self.0.iter_mut().filter(|waiting| waiting.refusal.is_none()).find(|waiting| {
            let is_first = !passed.contains(&waiting.request.conversation_id);
            passed.push(waiting.request.conversation_id);
            is_first && !waiting.is_claimed(now)
        })?;
        next.claimed_until = now + CLAIM_MS;
        Some(next.request.clone())
    }

    /// The server has taken it. What was written after the beginning of a conversation goes on with that.
    pub(crate) fn sent(&mut self, id: Uuid, conversation: ConversationId) {
        let Some(sent) = self.remove(id) else { return };
        if sent.request.conversation_id.is_none() {
            for waiting in self.0.iter_mut().filter(|waiting| waiting.refusal.is_none()) {
                waiting.request.conversation_id.get_or_insert(conversation);
            }
        }
    }

    /// It was not sent: anybody may try.
    pub(crate) fn release(&mut self, id: Uuid) {
        if let Some(waiting) = self.find(id) {
            waiting.claimed_until = 0.0;
        }
    }

    /// The server does not take it. One whose conversation is gone would be seen nowhere: it becomes the beginning of one.
    pub(crate) fn refuse(&mut self, id: Uuid, error: &ApiError) {
        if let Some(waiting) = self.find(id) {
            waiting.claimed_until = 0.0;
            waiting.refusal = Some(refusal(error));
            if error.code == ErrorCode::ConversationNotFound {
                waiting.request.conversation_id = None;
            }
        }
    }

    /// Sends one once more that was refused, as one that was never sent.
    pub(crate) fn retry(&mut self, id: Uuid, fresh: Uuid) {
        if let Some(waiting) = self.find(id) {
            waiting.refusal = None;
            waiting.request.client_message_id = Some(fresh);
        }
    }

    /// Takes one back, unless it is on its way.
    pub(crate) fn take(&mut self, id: Uuid, now: f64) -> Option<Waiting> {
        let is_there = self.find(id).is_some_and(|waiting| !waiting.is_claimed(now));
        if is_there { self.remove(id) } else { None }
    }

    /// All conversations were deleted: what waits in one was meant to go with it.
    pub(crate) fn forget_conversations(&mut self) {
        self.0.retain(|waiting| waiting.request.conversation_id.is_none());
    }

    /// What waits in a conversation, or for one.
    pub(crate) fn at(&self, place: Option<ConversationId>) -> impl Iterator<Item = &Waiting> {
        self.0.iter().filter(move |waiting| waiting.request.conversation_id == place)
    }

    /// Whether something is to be sent there before anything else is.
    pub(crate) fn holds_back(&self, place: Option<ConversationId>) -> bool {
        self.at(place).any(|waiting| waiting.refusal.is_none())
    }

    /// Whether something is to be sent.
    pub(crate) fn is_live(&self) -> bool {
        self.0.iter().any(|waiting| waiting.refusal.is_none())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something that waits there in this queue does not in the other.
    pub(crate) fn has_more_at(&self, place: Option<ConversationId>, other: &Self) -> bool {
        let is_in_other = |waiting: &Waiting| {
            other.at(place).any(|known| known.request.client_message_id == waiting.request.client_message_id)
        };
        self.at(place).any(|waiting| !is_in_other(waiting))
    }

    fn find(&mut self, id: Uuid) -> Option<&mut Waiting> {
        self.0.iter_mut().find(|waiting| waiting.request.client_message_id == Some(id))
    }

    fn remove(&mut self, id: Uuid) -> Option<Waiting> {
        let index = self.0.iter().position(|waiting| waiting.request.client_message_id == Some(id))?;
        Some(self.0.remove(index))
    }
}

/// What becomes of a question that the server did not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Lia could not be asked or cannot answer now: it is sent again.
    Later,
    /// An answer is being written in its conversation: it is sent after that.
    AfterAnswer,
    /// Nobody, or somebody else, is signed in.
    SignedOut,
    /// Asking again brings the same answer.
    Refused,
}

/// What becomes of a question after this.
pub(crate) fn verdict(error: &ApiError) -> Verdict {
    match error.code {
        ErrorCode::RunInProgress => Verdict::AfterAnswer,
        ErrorCode::NotSignedIn => Verdict::SignedOut,
        ErrorCode::RateLimited | ErrorCode::TooManyRuns | ErrorCode::RequestTimeout => Verdict::Later,
        code if code.status() >= 500 => Verdict::Later,
        _ => Verdict::Refused,
    }
}

/// Why a question is not taken, in a sentence for its writer.
fn refusal(error: &ApiError) -> String {
    if error.code == ErrorCode::ConversationNotFound {
        return "Not sent: its conversation was deleted. “Try again” begins a new one with it.".to_owned();
    }
    let details: Vec<_> = error.details.iter().map(|detail| detail.message.as_str()).collect();
    format!("Not sent: {}", if details.is_empty() { error.message.clone() } else { details.join(" ") })
}

#[cfg(test)]
#[path = "waiting_tests.rs"]
mod tests;
