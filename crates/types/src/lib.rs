//! What crosses the wire between Lia's server, its browser half and API clients.
//!
//! Plain data and its validation, nothing else: no I/O, no database, no rendering. The crate compiles to WASM, so
//! that a server function and the component that calls it share one definition. Every wire spelling is fixed here.

mod auth;
mod chat;
mod error;
mod event;
mod ids;
mod insights;
mod live;
mod model;
mod news;
mod preferences;
mod sentiment;
mod text;
mod tree;
mod view;

pub use auth::{AccessToken, Login, Register, User, UserRole};
pub use chat::{
    Conversation, ConversationSummary, History, MESSAGE_MAX_CHARS, Message, MessageRole, MessageStatus, ModelInfo,
    NewRun, Page, RenameConversation, RunPosition, StartedRun, TITLE_MAX_CHARS,
};
pub use error::{ApiError, Envelope, ErrorCode, FieldError, Fields};
pub use event::{FinishReason, RunError, RunEvent, StreamId, Usage, UsageTotal};
pub use ids::{ConversationId, MessageId, RunId, SessionId, UserId};
pub use insights::{
    AnswerDrops, ConversationTurns, DROP_MIN, InsightChoices, InsightGroup, InsightParameters, InsightPoint,
    InsightQuery, InsightStep, PEOPLE_MIN, SentimentInsights,
};
pub use live::{Channel, ClientMessage, ServerMessage, UserEvent};
pub use model::{Model, ModelCatalogue, Price, ProviderView};
pub use news::News;
pub use preferences::{FAVOURITES_MAX, GenerationSettings, ModelRef, Preferences, PreferencesChange};
pub use sentiment::{
    CumulativeSentiment, FeedbackKind, MethodInfo, Methods, SUMMARY_MAX_CHARS, Sentiment, SentimentFeedback,
    SentimentLabel, SentimentMethod, SentimentUpdate,
};
pub use text::{check_text, quote_from, title_from};
pub use tree::{ContinueAnswer, EditMessage, Regenerate, ShownBranch, Siblings, VERSIONS_MAX};
pub use view::{
    ConversationEntry, ConversationView, Listing, MessageBody, MessageView, MoodView, ReaderView, Statement, Viewer,
};
