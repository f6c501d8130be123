//! The wires, as a closed set, told apart by `match`; each one is a file.

use crate::{
    anthropic, chat, gemini, openrouter, responses,
    script::{Failure, Finish, Piece},
};
use serde_json::Value;

/// A wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// OpenAI Chat Completions.
    Chat,
    /// OpenAI Responses.
    Responses,
    /// Google Gemini.
    Gemini,
    /// Anthropic Messages.
    Anthropic,
    /// OpenRouter's accent of Chat Completions.
    OpenRouter,
}

/// One event of a stream, before it is framed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: Option<String>,
    pub(crate) data: String,
}

impl Event {
    pub(crate) fn new(data: &impl ToString) -> Self {
        Self { name: None, data: data.to_string() }
    }

    /// An event that is named as its data's `type`.
    pub(crate) fn typed(data: &Value) -> Self {
        let name = data.get("type").and_then(Value::as_str).map(String::from);
        Self { name, data: data.to_string() }
    }
}

/// What an answer on any wire says about itself.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) model: String,
    pub(crate) input_tokens: usize,
    pub(crate) output_tokens: usize,
    /// Seconds since 1970.
    pub(crate) created: u64,
    /// Whether the answer says its tokens.
    pub(crate) with_usage: bool,
}

impl Wire {
    /// The events of an answer: those before each of the pieces, with the piece, and at the end those after the last. One
    /// list for each piece and one more.
    pub(crate) fn events(
        self,
        head: &Head,
        pieces: &[Piece],
        finish: Option<Finish>,
        end_mark: bool,
    ) -> Vec<Vec<Event>> {
        match self {
            Self::Chat => chat::events(head, pieces, finish, end_mark),
            Self::Responses => responses::events(head, pieces, finish, end_mark),
            Self::Gemini => gemini::events(head, pieces, finish),
            Self::Anthropic => anthropic::events(head, pieces, finish, end_mark),
            Self::OpenRouter => openrouter::events(head, pieces, finish, end_mark),
        }
    }

    /// What a wire sends as life before anything else, as comments.
    pub(crate) const fn greeting(self) -> Option<&'static str> {
        match self {
            Self::OpenRouter => Some("OPENROUTER PROCESSING"),
            Self::Chat | Self::Responses | Self::Gemini | Self::Anthropic => None,
        }
    }

    /// An error inside a stream.
    pub(crate) fn error(self, error: &Value) -> Event {
        match self {
            Self::Chat => chat::error(error),
            Self::Responses => responses::error(error),
            Self::Gemini => gemini::error(error),
            Self::Anthropic => anthropic::error(error),
            Self::OpenRouter => openrouter::error(error),
        }
    }

    /// A failure in place of an answer.
    pub(crate) fn failure(self, status: u16, failure: &Failure) -> Value {
        match self {
            Self::Chat | Self::Responses => chat::failure(failure),
            Self::Gemini => gemini::failure(status, failure),
            Self::Anthropic => anthropic::failure(failure),
            Self::OpenRouter => openrouter::failure(status, failure),
        }
    }

    /// The whole answer as one document.
    pub(crate) fn whole(self, head: &Head, pieces: &[Piece], finish: Option<Finish>) -> Value {
        match self {
            Self::Chat => chat::whole(head, pieces, finish),
            Self::Responses => responses::whole(head, pieces, finish),
            Self::Gemini => gemini::whole(head, pieces, finish),
            Self::Anthropic => anthropic::whole(head, pieces, finish),
            Self::OpenRouter => openrouter::whole(head, pieces, finish),
        }
    }
}
