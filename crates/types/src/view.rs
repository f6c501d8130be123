//! What Lia's own pages get: as little as they show. Times stay on the server, which renders them; reading them would
//! bring a calendar into the browser.

use crate::{
    ConversationId, ConversationSummary, CumulativeSentiment, MessageId, MessageRole, MessageStatus, MethodInfo,
    ModelInfo, ModelRef, RunPosition, Sentiment, SentimentMethod, Siblings, UsageTotal, User, UserId, UserRole,
};
use serde::{Deserialize, Serialize};

/// Who looks at the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// The account's number.
    pub id: UserId,
    /// Its address.
    pub email: String,
    /// Its name.
    pub username: String,
    /// What the account may do.
    pub role: UserRole,
}

impl From<User> for Viewer {
    fn from(user: User) -> Self {
        Self { id: user.id, email: user.email, username: user.username, role: user.role }
    }
}

/// A conversation in the sidebar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationEntry {
    /// Its id.
    pub id: ConversationId,
    /// Its name.
    pub title: String,
}

impl From<ConversationSummary> for ConversationEntry {
    fn from(summary: ConversationSummary) -> Self {
        Self { id: summary.id, title: summary.title }
    }
}

/// The beginning of the list of conversations, as a page that may be behind gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The version of what lists of the user's conversations show.
    pub version: i64,
    /// The conversations, most recently changed first.
    pub entries: Vec<ConversationEntry>,
    /// Whether there may be more.
    pub has_more: bool,
}

/// A message as the browser shows it: safe HTML made on the server, or the source of a text that is still growing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageView {
    /// Its number.
    pub id: MessageId,
    /// Whose words.
    pub role: MessageRole,
    /// How far it has come.
    pub status: MessageStatus,
    /// The body.
    pub body: MessageBody,
    /// The model's thoughts as HTML from `crates/markdown`, where the message is finished and has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thought: Option<String>,
    /// What wrote it, for the assistant's.
    pub model_info: Option<ModelInfo>,
    /// How it reads, for the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<Sentiment>,
    /// Where it stands among those that follow the same one, where there are others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub siblings: Option<Siblings>,
}

/// The body of a message on its way to the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageBody {
    /// Finished: HTML from `crates/markdown`, and nothing else ever.
    Html(String),
    /// Growing: the source so far and where to follow.
    Growing {
        /// Markdown so far.
        content: String,
        /// The model's thoughts so far.
        thought: String,
        /// Where to follow.
        run: RunPosition,
    },
}

/// One of the user's messages as the inspector lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// Which message.
    pub id: MessageId,
    /// How it begins, in one line.
    pub quote: String,
    /// How it reads.
    pub sentiment: Sentiment,
}

/// How a conversation reads, message by message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MoodView {
    /// The conversation's name.
    pub title: String,
    /// The whole of it.
    pub sentiment: Option<CumulativeSentiment>,
    /// The newest of the user's messages that were read, oldest first.
    pub statements: Vec<Statement>,
}

/// Who may read a person's messages, and who does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderView {
    /// All methods.
    pub methods: Vec<MethodInfo>,
    /// The one that the person chose.
    pub chosen: Option<SentimentMethod>,
    /// The installation's, which reads where nothing was chosen.
    pub usual: SentimentMethod,
}

/// What the conversation page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationView {
    /// Its id.
    pub id: ConversationId,
    /// Its name.
    pub title: String,
    /// How the person feels in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<CumulativeSentiment>,
    /// The model that was chosen in it last.
    pub model: Option<ModelRef>,
    /// What all of it has used.
    pub usage: UsageTotal,
    /// Messages on the path from the first to the newest.
    pub total_messages: i64,
    /// Whether there are older messages than these.
    pub has_more: bool,
    /// The newest messages, oldest first.
    pub messages: Vec<MessageView>,
}
