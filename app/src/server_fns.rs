//! What the browser asks of Lia. Every function reads as the rule: who asks, do it, answer. What may be done, to what
//! and by whom is decided in `backend`, which the REST routes call as well.
//!
//! Paths are named by hand: the names that would be made otherwise change from build to build. Arguments travel as
//! JSON, which another site's form cannot send.

#[cfg(feature = "ssr")]
use crate::ssr;
use crate::{AppError, wire::Json};
#[cfg(feature = "ssr")]
use backend::runs::Wish;
use leptos::prelude::*;
use types::{
    ContinueAnswer, ConversationEntry, ConversationId, ConversationView, EditMessage, InsightParameters, Listing,
    MessageId, MessageView, MethodInfo, ModelRef, NewRun, Preferences, PreferencesChange, ProviderView, Regenerate,
    RunId, SentimentFeedback, SentimentInsights, SentimentUpdate, ShownBranch, StartedRun, UserId,
};

/// Conversations in one page of the sidebar.
pub const HISTORY_PAGE: i64 = 30;
/// As many are listed anew at once.
#[cfg(feature = "ssr")]
const HISTORY_MAX: i64 = 300;
/// Messages in one page of a conversation.
pub const MESSAGE_PAGE: i64 = 50;

/// A page of the conversations, most recently changed first, after the `offset` newest.
#[server(prefix = "/fn", endpoint = "list_conversations", input = Json, output = Json)]
pub async fn list_conversations(
    /// Conversations passed over.
    offset: i64,
) -> Result<Vec<ConversationEntry>, AppError> {
    let (backend, actor) = ssr::caller()?;
    let page = types::Page::new(Some(HISTORY_PAGE), Some(offset), HISTORY_PAGE, HISTORY_PAGE)?;
    let history = backend::conversations::list(&backend, &actor, page).await.map_err(ssr::failed)?;
    Ok(history.conversations.into_iter().map(ConversationEntry::from).collect())
}

/// The beginning of the list, as far as a page has read it: `count` conversations. Nothing where the list is still the one
/// that the page knows. It is only its own user's: somebody else may have signed in in the same browser since.
#[server(prefix = "/fn", endpoint = "renew_list", input = Json, output = Json)]
pub async fn renew_list(
    /// Whose page it is.
    user: UserId,
    /// The version of the list that it knows.
    known: i64,
    /// Conversations that it lists.
    count: i64,
) -> Result<Option<Listing>, AppError> {
    let (backend, actor) = ssr::caller_as(Some(user))?;
    let version = backend::conversations::version(&actor);
    if version == known {
        return Ok(None);
    }
    let count = count.clamp(HISTORY_PAGE, HISTORY_MAX);
    let page = types::Page::new(Some(count), None, HISTORY_PAGE, HISTORY_MAX)?;
    let history = backend::conversations::list(&backend, &actor, page).await.map_err(ssr::failed)?;
    let entries: Vec<_> = history.conversations.into_iter().map(ConversationEntry::from).collect();
    let has_more = i64::try_from(entries.len()).is_ok_and(|length| length >= count);
    Ok(Some(Listing { version, entries, has_more }))
}

/// A conversation with a page of its messages; `offset` counts back from the newest.
#[server(prefix = "/fn", endpoint = "view_conversation", input = Json, output = Json)]
pub async fn view_conversation(
    /// Which.
    id: ConversationId,
    /// Messages passed over, from the newest back.
    offset: i64,
) -> Result<ConversationView, AppError> {
    let (backend, actor) = ssr::caller()?;
    let page = types::Page::new(Some(MESSAGE_PAGE), Some(offset), MESSAGE_PAGE, MESSAGE_PAGE)?;
    backend::conversations::view(&backend, &actor, id, page).await.map_err(ssr::failed)
}

/// Saves a message and begins its answer. With a writer it is only theirs: somebody else may have signed in in the same
/// browser since.
#[server(prefix = "/fn", endpoint = "start_run", input = Json, output = Json)]
pub async fn start_run(
    /// The message, and where it belongs.
    request: NewRun,
    /// Who wrote it.
    writer: Option<UserId>,
) -> Result<StartedRun, AppError> {
    let (backend, actor) = ssr::caller_as(writer)?;
    backend::runs::start(&backend, &actor, Wish::Send(request)).await.map_err(ssr::failed)
}

/// Begins another answer to a question, beside those there are.
#[server(name = StartRegeneration, prefix = "/fn", endpoint = "regenerate", input = Json, output = Json)]
pub async fn regenerate(
    /// The question, or one of its answers.
    id: MessageId,
    /// The model that writes it.
    request: Regenerate,
) -> Result<StartedRun, AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::runs::start(&backend, &actor, Wish::Regenerate(id, request)).await.map_err(ssr::failed)
}

/// Saves another version of a question and begins its answer.
#[server(name = StartEdit, prefix = "/fn", endpoint = "edit_message", input = Json, output = Json)]
pub async fn edit_message(
    /// Which.
    id: MessageId,
    /// The words as they are to be.
    request: EditMessage,
) -> Result<StartedRun, AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::runs::start(&backend, &actor, Wish::Edit(id, request)).await.map_err(ssr::failed)
}

/// Goes on with an answer that was not written to its end.
#[server(name = StartContinuation, prefix = "/fn", endpoint = "continue_answer", input = Json, output = Json)]
pub async fn continue_answer(
    /// Which.
    id: MessageId,
    /// How.
    request: ContinueAnswer,
) -> Result<StartedRun, AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::runs::start(&backend, &actor, Wish::Continue(id, request)).await.map_err(ssr::failed)
}

/// Shows the branch of a message from now on.
#[server(prefix = "/fn", endpoint = "show_branch", input = Json, output = Json)]
pub async fn show_branch(
    /// Which message.
    id: MessageId,
) -> Result<ShownBranch, AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::tree::show(&backend, &actor, id).await.map_err(ssr::failed)
}

/// Deletes a message with everything that follows it.
#[server(prefix = "/fn", endpoint = "delete_message", input = Json, output = Json)]
pub async fn delete_message(
    /// Which.
    id: MessageId,
) -> Result<ShownBranch, AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::tree::delete(&backend, &actor, id).await.map_err(ssr::failed)
}

/// Begins a conversation with a copy of everything up to a message.
#[server(prefix = "/fn", endpoint = "fork_conversation", input = Json, output = Json)]
pub async fn fork_conversation(
    /// Which message.
    id: MessageId,
) -> Result<ConversationEntry, AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::tree::fork(&backend, &actor, id).await.map(ConversationEntry::from).map_err(ssr::failed)
}

/// Ends an answer; what has been written is kept.
#[server(prefix = "/fn", endpoint = "stop_run", input = Json, output = Json)]
pub async fn stop_run(
    /// Which.
    id: RunId,
) -> Result<(), AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::runs::stop(&backend, &actor, id).await.map_err(ssr::failed)
}

/// Gives a conversation another name.
#[server(prefix = "/fn", endpoint = "rename_conversation", input = Json, output = Json)]
pub async fn rename_conversation(
    /// Which.
    id: ConversationId,
    /// The new name.
    title: String,
) -> Result<ConversationEntry, AppError> {
    let (backend, actor) = ssr::caller()?;
    let request = types::RenameConversation { title };
    backend::conversations::rename(&backend, &actor, id, request)
        .await
        .map(ConversationEntry::from)
        .map_err(ssr::failed)
}

/// Deletes a conversation and all its messages.
#[server(prefix = "/fn", endpoint = "delete_conversation", input = Json, output = Json)]
pub async fn delete_conversation(
    /// Which.
    id: ConversationId,
) -> Result<(), AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::conversations::delete(&backend, &actor, id).await.map_err(ssr::failed)
}

/// Deletes every conversation of the account.
#[server(prefix = "/fn", endpoint = "delete_all_conversations", input = Json, output = Json)]
pub async fn delete_all_conversations() -> Result<(), AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::conversations::delete_all(&backend, &actor).await.map_err(ssr::failed)
}

/// A message's Markdown, for copying and for asking again.
#[server(prefix = "/fn", endpoint = "message_source", input = Json, output = Json)]
pub async fn message_source(
    /// Which.
    id: MessageId,
) -> Result<String, AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::conversations::message_source(&backend, &actor, id).await.map_err(ssr::failed)
}

/// A message as it is now: the finished HTML once its answer has ended.
#[server(prefix = "/fn", endpoint = "view_message", input = Json, output = Json)]
pub async fn view_message(
    /// Which.
    id: MessageId,
) -> Result<MessageView, AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::conversations::message_view(&backend, &actor, id).await.map_err(ssr::failed)
}

/// The models there are, provider by provider, and what cannot be asked now.
#[server(prefix = "/fn", endpoint = "list_models", input = Json, output = Json)]
pub async fn list_models() -> Result<Vec<ProviderView>, AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::models::menu(&backend, &actor).await.map_err(ssr::failed)
}

/// Chooses the model that answers in a conversation from now on.
#[server(prefix = "/fn", endpoint = "choose_model", input = Json, output = Json)]
pub async fn choose_model(
    /// Which conversation.
    id: ConversationId,
    /// The model.
    model: ModelRef,
) -> Result<(), AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::conversations::choose_model(&backend, &actor, id, model).await.map_err(ssr::failed)
}

/// What the account chose for all of its conversations.
#[server(name = ReadPreferences, prefix = "/fn", endpoint = "preferences", input = Json, output = Json)]
pub async fn preferences() -> Result<Preferences, AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::preferences::get(&backend, &actor).await.map_err(ssr::failed)
}

/// Changes some of what the account chose for all of its conversations.
#[server(prefix = "/fn", endpoint = "save_preferences", input = Json, output = Json)]
pub async fn save_preferences(
    /// What is to be otherwise.
    change: PreferencesChange,
) -> Result<(), AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::preferences::change(&backend, &actor, change).await.map(drop).map_err(ssr::failed)
}

/// The methods that read messages, and which of them this Lia can use.
#[server(prefix = "/fn", endpoint = "list_methods", input = Json, output = Json)]
pub async fn list_methods() -> Result<Vec<MethodInfo>, AppError> {
    let (backend, actor) = ssr::caller()?;
    Ok(backend::sentiment::methods(&backend, &actor).await.methods)
}

/// Says that a message was read wrongly; gives how it and its conversation read now.
#[server(prefix = "/fn", endpoint = "correct_sentiment", input = Json, output = Json)]
pub async fn correct_sentiment(
    /// Which.
    id: MessageId,
    /// What was wrong.
    feedback: SentimentFeedback,
) -> Result<SentimentUpdate, AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::sentiment::correct(&backend, &actor, id, feedback).await.map_err(ssr::failed)
}

/// How everybody together feels; for admins.
#[server(name = ReadInsights, prefix = "/fn", endpoint = "insights", input = Json, output = Json)]
pub async fn insights(
    /// In which days, and through which filters.
    parameters: InsightParameters,
) -> Result<SentimentInsights, AppError> {
    let (backend, actor) = ssr::caller()?;
    backend::insights::sentiment(&backend, &actor, &parameters).await.map_err(ssr::failed)
}
