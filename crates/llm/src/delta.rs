//! What a model answers, piece by piece. Knows no provider.

use crate::Error;
use futures_util::Stream;
use std::{borrow::Cow, pin::Pin};

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
    /// More of the answer.
    Text(String),
    /// More of what the model thinks before it answers; never part of the answer.
    Thought(String),
    /// More of the words with which the model declines.
    Refusal(String),
    /// Tokens so far; a later one replaces an earlier one. One comes before the end of every answer.
    Usage(Usage),
    /// The answer is complete. Always the last.
    Finish(Finish),
}

/// Tokens of one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens the model read, cached ones included.
    pub input_tokens: Option<u64>,
    /// Tokens it wrote, thoughts included.
    pub output_tokens: Option<u64>,
    /// What the answer cost, in millionths of a US dollar, where the provider says it (OpenRouter does). For the others
    /// there is [`Price::cost_micros`](crate::Price::cost_micros).
    pub cost_micros: Option<u64>,
    /// Counted by us, because the provider did not say.
    pub estimated: bool,
}

/// Why a model stopped writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It had said everything.
    Stop,
    /// It reached the limit of tokens.
    Length,
    /// A filter ended it, or it declined.
    ContentFilter,
    /// It wants a tool to be called.
    ToolCalls,
    /// Something else, in the provider's word.
    Other(String),
}

/// An answer on its way: deltas, then [`Delta::Finish`] or an error, then nothing. Dropping it drops the connection, which
/// is how an answer is cancelled.
pub type DeltaStream = Pin<Box<dyn Stream<Item = Result<Delta, Error>> + Send>>;

/// A provider's text as the rest of Lia may have it: without NUL, which no database takes.
pub(crate) fn clean(text: Cow<'_, str>) -> String {
    if memchr::memchr(0, text.as_bytes()).is_some() { text.replace('\0', "\u{FFFD}") } else { text.into_owned() }
}
