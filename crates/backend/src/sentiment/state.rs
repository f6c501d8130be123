//! What a conversation keeps of how the person feels in it: what is shown, and the sums that the next message joins.
//! Stored as `conversations.sentiment_state`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use types::CumulativeSentiment;

/// The sentiment of a conversation so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// As the last message's method says it.
    pub(crate) shown: CumulativeSentiment,
    /// The sum of the messages' scores.
    pub(crate) sum: f64,
    /// The mood of the last messages.
    pub(crate) recent: f64,
    /// How much of each emotion, by its name.
    pub(crate) emotions: BTreeMap<String, f64>,
}

impl State {
    /// The state as it is stored. One that another edition of Lia wrote and this one cannot read is as good as none.
    pub(crate) fn from_stored(value: Value) -> Option<Self> {
        let state = serde_json::from_value(value);
        state.inspect_err(|error| tracing::warn!(%error, "the sentiment of a conversation cannot be read")).ok()
    }
}
