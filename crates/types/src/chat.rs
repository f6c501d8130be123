//! Conversations and their messages, as API clients and as the browser get them.

use crate::{
    ApiError, ConversationId, CumulativeSentiment, Fields, GenerationSettings, MessageId, ModelRef, RunId, Sentiment,
    SentimentMethod, Siblings, StreamId, Usage, UsageTotal, check_text,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest message a user may send, in characters.
pub const MESSAGE_MAX_CHARS: usize = 200_000;
/// The longest title of a conversation, in characters.
pub const TITLE_MAX_CHARS: usize = 255;

/// Whose words a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum MessageRole {
    /// The person's.
    User,
    /// The model's.
    Assistant,
    /// Instructions to the model.
    System,
}

/// How far a message has come. A user's message is always `complete`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum MessageStatus {
    /// Being written: `content` is what there is so far.
    Streaming,
    /// Written to its end.
    Complete,
    /// Ended by the user; the text so far is kept.
    Stopped,
    /// Broken off by a fault; the text so far is kept.
    Interrupted,
    /// The provider gave an error; the text so far, if any, is kept.
    Failed,
}

/// A request to send a message and have it answered: `POST /api/v1/chat/stream`. What is absent takes the user's
/// default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewRun {
    /// The user's words: 1 to 200,000 characters, not blank.
    pub message: String,
    /// The provider's id, as in the list of models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model's id within its provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How the model chooses its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<GenerationSettings>,
    /// How the sentiment of the message is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment_method: Option<SentimentMethod>,
    /// The conversation to go on with; absent or null starts one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// The client's own id of this send: sending it again never asks the provider twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<Uuid>,
}

impl NewRun {
    /// Bounds of the text and of the names; whether the model exists is for the server to say.
    pub fn validate(&self) -> Result<(), ApiError> {
        let mut fields = Fields::new();
        fields.check("message", check_text(&self.message, MESSAGE_MAX_CHARS));
        for (field, name) in [("provider", &self.provider), ("model", &self.model)] {
            if let Some(name) = name {
                fields.check(field, check_text(name, TITLE_MAX_CHARS));
            }
        }
        if let Some(settings) = &self.settings {
            settings.check(&mut fields);
        }
        fields.finish()
    }
}

/// A run that has begun: the data of the `start` event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartedRun {
    /// The conversation, new or old.
    pub conversation_id: ConversationId,
    /// The assistant's message, which the run is writing.
    pub message_id: MessageId,
    /// The user's message, which it answers.
    pub user_message_id: MessageId,
    /// The run.
    pub run_id: RunId,
    /// The conversation's title, where this run began the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether as many answers were being written as may at once: it is written once it is its turn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub queued: bool,
}

/// Where a follower of a streaming message goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunPosition {
    /// The run that writes the message.
    pub id: RunId,
    /// The last event that `content` already holds; follow with `?after=`.
    pub last_event_id: StreamId,
}

/// What wrote an assistant's message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelInfo {
    /// The provider's id.
    pub provider: String,
    /// The model's id.
    pub model: String,
    /// Why it ended, as the provider said; absent while streaming and after a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<crate::FinishReason>,
    /// Tokens read and written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What went wrong, where something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<crate::RunError>,
    /// Where in the answer, in bytes, the model was asked to go on after Lia or its provider had broken off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seams: Vec<u32>,
}

/// One message with its source text, for API clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Its number.
    pub id: MessageId,
    /// The message it follows; null for the first.
    pub parent_id: Option<MessageId>,
    /// Where it stands among those that follow the same one.
    pub siblings: Siblings,
    /// Whose words.
    pub role: MessageRole,
    /// The text, Markdown. While streaming: what there is so far.
    pub content: String,
    /// How far it has come.
    pub status: MessageStatus,
    /// Where to follow, while it is being written.
    pub run: Option<RunPosition>,
    /// The sentiment of a user's message.
    pub sentiment_data: Option<Sentiment>,
    /// What wrote it, for the assistant's.
    pub model_info: Option<ModelInfo>,
    /// When it was made, UTC.
    pub created_at: DateTime<Utc>,
}

/// A conversation with a page of its messages, oldest first: `GET /api/v1/chat/conversation/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its name.
    pub title: String,
    /// When it began, UTC.
    pub created_at: DateTime<Utc>,
    /// When something in it last changed, UTC.
    pub updated_at: DateTime<Utc>,
    /// How the person feels in it; null before the first reading.
    pub sentiment: Option<CumulativeSentiment>,
    /// The model that answers next where a message names none: the last one chosen.
    pub model: Option<ModelRef>,
    /// What all of it has used.
    pub usage: UsageTotal,
    /// Messages on the path from the first to the newest.
    pub total_messages: i64,
    /// Whether there are older messages than this page's.
    pub has_more: bool,
    /// The page.
    pub messages: Vec<Message>,
}

/// A conversation in a list: never its messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationSummary {
    /// Its id.
    pub id: ConversationId,
    /// Its name.
    pub title: String,
    /// Messages on the path from the first to the newest.
    pub message_count: i64,
    /// When it began, UTC.
    pub created_at: DateTime<Utc>,
    /// When something in it last changed, UTC.
    pub updated_at: DateTime<Utc>,
}

/// `GET /api/v1/chat/history`: most recently changed first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct History {
    /// The page.
    pub conversations: Vec<ConversationSummary>,
}

/// `PATCH /api/v1/chat/conversation/{id}/rename`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenameConversation {
    /// The new name: 1 to 255 characters, not blank.
    pub title: String,
}

impl RenameConversation {
    /// Bounds of the title.
    pub fn validate(&self) -> Result<(), ApiError> {
        let mut fields = Fields::new();
        fields.check("title", check_text(&self.title, TITLE_MAX_CHARS));
        fields.finish()
    }
}

/// `?limit=&offset=` with the bounds of the route that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Rows wanted.
    pub limit: i64,
    /// Rows passed over.
    pub offset: i64,
}

impl Page {
    /// The page that was asked for: `limit` from 1 to `max`, `offset` not below zero.
    pub fn new(limit: Option<i64>, offset: Option<i64>, default: i64, max: i64) -> Result<Self, ApiError> {
        let page = Self { limit: limit.unwrap_or(default), offset: offset.unwrap_or(0) };
        let mut fields = Fields::new();
        if !(1..=max).contains(&page.limit) {
            fields.reject("limit", format!("Must be from 1 to {max}."));
        }
        // Far beyond any list, and small enough that adding a limit cannot overflow.
        if !(0..=1_000_000_000).contains(&page.offset) {
            fields.reject("offset", "Must be from 0 to 1000000000.");
        }
        fields.finish().map(|()| page)
    }
}
