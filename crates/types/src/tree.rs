//! Messages form a tree: what may be asked of it, and where in it a message stands.

use crate::{
    ApiError, ConversationId, Fields, GenerationSettings, MESSAGE_MAX_CHARS, MessageId, SentimentMethod,
    TITLE_MAX_CHARS, check_text,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most messages that may follow one and the same: answers to a question, or versions of a question.
pub const VERSIONS_MAX: usize = 100;

/// Where a message stands among those that follow the same one: the `2/3` below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Siblings {
    /// Its place among them, oldest first, from 1.
    pub index: u32,
    /// How many there are, itself included.
    pub count: u32,
    /// The one before it.
    pub previous_id: Option<MessageId>,
    /// The one after it.
    pub next_id: Option<MessageId>,
}

impl Siblings {
    /// A message that stands alone.
    pub const ALONE: Self = Self { index: 1, count: 1, previous_id: None, next_id: None };
}

/// A request for another answer: `POST /api/v1/chat/messages/{id}/regenerate`. Without a model the one that wrote the
/// answer writes again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Regenerate {
    /// The provider's id, as in the list of models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model's id within its provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How the model chooses its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<GenerationSettings>,
    /// The client's own id of this request: repeating it never asks the provider twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<Uuid>,
}

impl Regenerate {
    /// Bounds of the names and the settings; whether the model exists is for the server to say.
    pub fn validate(&self) -> Result<(), ApiError> {
        let mut fields = Fields::new();
        check_names(&mut fields, self.provider.as_deref(), self.model.as_deref());
        if let Some(settings) = &self.settings {
            settings.check(&mut fields);
        }
        fields.finish()
    }
}

/// Another version of a question, to be answered: `POST /api/v1/chat/messages/{id}/edit`. Without a model the
/// conversation's answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditMessage {
    /// The user's words as they are to be: 1 to 200,000 characters, not blank.
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
    /// The client's own id of this request: repeating it never asks the provider twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<Uuid>,
}

impl EditMessage {
    /// Bounds of the text, the names and the settings; whether the model exists is for the server to say.
    pub fn validate(&self) -> Result<(), ApiError> {
        let mut fields = Fields::new();
        fields.check("message", check_text(&self.message, MESSAGE_MAX_CHARS));
        check_names(&mut fields, self.provider.as_deref(), self.model.as_deref());
        if let Some(settings) = &self.settings {
            settings.check(&mut fields);
        }
        fields.finish()
    }
}

/// A request to go on with an answer that was not written to its end: `POST /api/v1/chat/messages/{id}/continue`. The
/// model that wrote it goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContinueAnswer {
    /// How the model chooses its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<GenerationSettings>,
    /// The client's own id of this request: repeating it never asks the provider twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<Uuid>,
}

impl ContinueAnswer {
    /// Bounds of the settings.
    pub fn validate(&self) -> Result<(), ApiError> {
        let mut fields = Fields::new();
        if let Some(settings) = &self.settings {
            settings.check(&mut fields);
        }
        fields.finish()
    }
}

/// Which branch a conversation shows from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownBranch {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// The last message of the branch; null where nothing is left in the conversation.
    pub head_message_id: Option<MessageId>,
}

fn check_names(fields: &mut Fields, provider: Option<&str>, model: Option<&str>) {
    for (field, name) in [("provider", provider), ("model", model)] {
        if let Some(name) = name {
            fields.check(field, check_text(name, TITLE_MAX_CHARS));
        }
    }
}
