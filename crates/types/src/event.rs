//! What a follower of a run is told, and how its events are numbered.

use crate::{ErrorCode, SentimentUpdate, StartedRun};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, num::ParseIntError, str::FromStr};

/// The id of an event: where the stream stands after it. `lease_number * 2^32 + n`, where `n` counts the bytes of text
/// sent so far and one for every event that is not text. An id therefore names a place inside the text, and events
/// that waited may be joined into one without making any earlier id ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct StreamId(pub i64);

impl StreamId {
    /// Before the first event of a run's first lease.
    pub const START: Self = Self(0);

    /// The place `n` under a lease.
    pub const fn new(lease_number: i64, n: u32) -> Self {
        Self((lease_number << 32) | n as i64)
    }

    /// The number of the lease under which its place is one.
    pub const fn lease_number(self) -> i64 {
        self.0 >> 32
    }

    /// The place under its lease.
    pub const fn place(self) -> u32 {
        // The lower half, whatever the upper one is.
        (self.0.cast_unsigned() & 0xffff_ffff) as u32
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for StreamId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Why an answer ended by itself or by its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model had said everything.
    Stop,
    /// It reached the limit of tokens.
    Length,
    /// The provider's filter ended it, or the model refused.
    ContentFilter,
    /// The user pressed Stop.
    Stopped,
    /// Something else; the provider's own word is in the log.
    Other,
}

/// Tokens of one answer, with those of the second call that read its question, where one was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// Tokens the model read.
    pub input_tokens: i64,
    /// Tokens it wrote, thoughts included.
    pub output_tokens: i64,
    /// Whether Lia counted because the provider did not.
    #[serde(default)]
    pub estimated: bool,
    /// What it cost in millionths of a US dollar: as the provider said, else by its list price; absent where unknown. Where
    /// it is known of one of two calls only, that, as an estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<i64>,
}

/// Tokens of a whole conversation: of every answer in it, those of other branches too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageTotal {
    /// Tokens that models read.
    pub input_tokens: i64,
    /// Tokens they wrote, thoughts included.
    pub output_tokens: i64,
    /// What the answers whose cost is known cost together, in millionths of a US dollar; absent where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<i64>,
    /// Whether Lia counted some of it because a provider did not.
    pub estimated: bool,
}

/// A failure after the run was saved: the data of the `error` event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunError {
    /// Why, for programs.
    pub code: ErrorCode,
    /// Why, for people: what happened, what was kept, what to do.
    pub message: String,
    /// Whether sending again may help.
    pub retryable: bool,
    /// Milliseconds the provider asks to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// The data of `thought` and `chunk`.
#[derive(Serialize, Deserialize)]
struct Text<'a> {
    content: Cow<'a, str>,
}

/// The data of `snapshot`.
#[derive(Serialize, Deserialize)]
struct Texts<'a> {
    content: Cow<'a, str>,
    thought: Cow<'a, str>,
}

/// The data of `done`.
#[derive(Serialize, Deserialize)]
struct Ending {
    finish_reason: FinishReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum RunEvent {
    /// The run is saved, and the provider is being asked or will be.
    Start(StartedRun),
    /// More of the model's thoughts.
    Thought {
        /// To append.
        content: String,
    },
    /// More of the answer.
    Chunk {
        /// To append.
        content: String,
    },
    /// The whole text so far, which replaces what is shown.
    Snapshot {
        /// The answer.
        content: String,
        /// The thoughts.
        thought: String,
    },
    /// How the user's message reads, and the conversation with it. Once, as soon as it is known and before the last event.
    Sentiment(SentimentUpdate),
    /// The last event of a run that ended well or was stopped.
    Done {
        /// Why it ended.
        finish_reason: FinishReason,
        /// Tokens, where they are known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
    },
    /// The last event of a run that failed or broke off.
    Error(RunError),
}

impl RunEvent {
    /// The `event:` name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::Thought { .. } => "thought",
            Self::Chunk { .. } => "chunk",
            Self::Snapshot { .. } => "snapshot",
            Self::Sentiment(_) => "sentiment",
            Self::Done { .. } => "done",
            Self::Error(_) => "error",
        }
    }

    /// The `data:` of the event, JSON in one line.
    pub fn data(&self) -> String {
        let data = match self {
            Self::Start(started) => serde_json::to_string(started),
            Self::Thought { content } | Self::Chunk { content } => {
                serde_json::to_string(&Text { content: content.into() })
            }
            Self::Snapshot { content, thought } => {
                serde_json::to_string(&Texts { content: content.into(), thought: thought.into() })
            }
            Self::Sentiment(update) => serde_json::to_string(update),
            Self::Done { finish_reason, usage } => {
                serde_json::to_string(&Ending { finish_reason: *finish_reason, usage: *usage })
            }
            Self::Error(error) => serde_json::to_string(error),
        };
        // Trees of strings and numbers: serialising them cannot fail.
        data.unwrap_or_default()
    }

    /// The event with this name and data; `None` for one this build does not know. Reads each kind of data from the text
    /// itself: the derived reader of the whole enum, which looks at the name inside, is several times as large in the
    /// browser.
    pub fn parse(name: &str, data: &str) -> Option<Self> {
        let text = || serde_json::from_str::<Text<'_>>(data).ok().map(|text| text.content.into_owned());
        match name {
            "start" => serde_json::from_str(data).ok().map(Self::Start),
            "thought" => text().map(|content| Self::Thought { content }),
            "chunk" => text().map(|content| Self::Chunk { content }),
            "snapshot" => serde_json::from_str::<Texts<'_>>(data)
                .ok()
                .map(|texts| Self::Snapshot { content: texts.content.into(), thought: texts.thought.into() }),
            "sentiment" => serde_json::from_str(data).ok().map(Self::Sentiment),
            "done" => serde_json::from_str::<Ending>(data)
                .ok()
                .map(|ending| Self::Done { finish_reason: ending.finish_reason, usage: ending.usage }),
            "error" => serde_json::from_str(data).ok().map(Self::Error),
            _ => None,
        }
    }

    /// Whether nothing follows.
    pub const fn is_last(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Error(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConversationId, CumulativeSentiment, MessageId, RunId, Sentiment, SentimentLabel, SentimentMethod};
    use uuid::Uuid;

    #[test]
    fn name_and_data_come_back_as_the_event() {
        let events = [
            RunEvent::Start(StartedRun {
                conversation_id: ConversationId(Uuid::from_u128(1)),
                message_id: MessageId(3),
                user_message_id: MessageId(2),
                run_id: RunId(Uuid::from_u128(4)),
                title: Some("t".into()),
                queued: true,
            }),
            RunEvent::Thought { content: "Hm".into() },
            RunEvent::Chunk { content: "Grüße\n".into() },
            RunEvent::Snapshot { content: "c".into(), thought: "t".into() },
            RunEvent::Sentiment(SentimentUpdate::default()),
            RunEvent::Sentiment(SentimentUpdate {
                message: Some(Sentiment {
                    score: 0.5,
                    label: SentimentLabel::Positive,
                    emotion: Some("joy".into()),
                    confidence: 0.9,
                    method: SentimentMethod::Local,
                    fallback: false,
                    corrected: false,
                }),
                cumulative: Some(CumulativeSentiment {
                    score: 0.25,
                    label: SentimentLabel::Positive,
                    emotion: None,
                    summary: "Well.".into(),
                    count: 2,
                }),
            }),
            RunEvent::Done { finish_reason: FinishReason::Stopped, usage: None },
            RunEvent::Error(RunError {
                code: ErrorCode::ProviderTimeout,
                message: "m".into(),
                retryable: true,
                retry_after_ms: Some(12),
            }),
        ];
        for event in events {
            assert!(!event.data().contains('\n'));
            let whole = serde_json::to_value(&event).unwrap();
            assert_eq!(whole["event"], event.name());
            assert_eq!(whole["data"], serde_json::from_str::<serde_json::Value>(&event.data()).unwrap());
            assert_eq!(RunEvent::parse(event.name(), &event.data()), Some(event));
        }
        assert_eq!(RunEvent::parse("from_tomorrow", "{}"), None);
    }

    #[test]
    fn an_id_orders_by_lease_and_then_by_place() {
        assert!(StreamId::new(2, 0) > StreamId::new(1, u32::MAX));
        assert_eq!(StreamId::new(1, 7).0, 4_294_967_303);
    }
}
