//! Conversations as their owner reads and arranges them.

use crate::cache::Version;
use crate::db::messages::Message as Stored;
use crate::rendering::{Part, Source};
use crate::runs::transcript::Transcript;
use crate::{Actor, Backend, Error, db, error::Result, events, models};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use types::{
    Conversation, ConversationId, ConversationSummary, ConversationView, History, Message, MessageBody, MessageId,
    MessageRole, MessageView, ModelInfo, ModelRef, MoodView, Page, RenameConversation, RunId, RunPosition, Siblings,
    Statement, StreamId, UserEvent, quote_from,
};

/// Conversations removed in one statement when all are.
const DELETE_BATCH: i64 = 20;
/// Of the user's messages, so many of the newest are listed with how they read.
const STATEMENTS: i64 = 500;

/// The beginning of the list of somebody's conversations, as it was last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    conversations: Vec<ConversationSummary>,
    /// There are no others.
    is_all: bool,
}

impl Listed {
    /// A page, where all of it was read.
    fn page(&self, page: Page) -> Option<Vec<ConversationSummary>> {
        let at = |row: i64| usize::try_from(row).unwrap_or(usize::MAX).min(self.conversations.len());
        let end = page.offset.saturating_add(page.limit);
        let is_read = self.is_all || usize::try_from(end).is_ok_and(|end| end <= self.conversations.len());
        is_read.then(|| self.conversations[at(page.offset)..at(end)].to_vec())
    }

    /// What it takes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        self.conversations.iter().map(|one| size_of::<ConversationSummary>() + one.title.len()).sum()
    }
}

/// The version of what lists of the user's conversations show, when they asked: what [`list`] gives is as new, or newer.
pub const fn version(actor: &Actor) -> i64 {
    actor.conversations_version
}

/// The user's conversations, most recently changed first.
pub async fn list(backend: &Backend, actor: &Actor, page: Page) -> Result<History> {
    let histories = &backend.cache.histories;
    let version = Version::List { owner: actor.id(), version: actor.conversations_version };
    if let Some(conversations) = histories.find(backend, &actor.id(), &version, |listed| listed.page(page)).await {
        return Ok(History { conversations });
    }
    let found = db::conversations::list(&backend.db, actor.id(), page).await?;
    let conversations: Vec<_> = found.into_iter().map(ConversationSummary::from).collect();
    if page.offset == 0 {
        let is_all = i64::try_from(conversations.len()).is_ok_and(|count| count < page.limit);
        histories.keep(backend, actor.id(), version, Listed { conversations: conversations.clone(), is_all });
    }
    Ok(History { conversations })
}

/// A conversation with a page of its messages and their source text, oldest first; the offset counts back from the
/// newest.
pub async fn get(backend: &Backend, actor: &Actor, id: ConversationId, page: Page) -> Result<Conversation> {
    let (conversation, stored) = read(backend, actor, id, page).await?;
    let siblings = siblings(backend, actor, id, &stored).await?;
    let mut messages = Vec::with_capacity(stored.len());
    for message in stored {
        messages.push(source(backend, actor, message, &siblings).await?);
    }
    Ok(Conversation {
        id: conversation.id,
        title: conversation.title,
        created_at: conversation.created_at,
        updated_at: conversation.updated_at,
        sentiment: conversation.sentiment.map(|state| state.shown),
        model: conversation.settings.model,
        usage: db::messages::sum_usage(&backend.db, id, actor.id()).await?,
        total_messages: conversation.total_messages,
        has_more: has_more(conversation.total_messages, page, messages.len()),
        messages,
    })
}

/// The same as a page shows it: finished messages as HTML, a growing one as its source so far.
pub async fn view(backend: &Backend, actor: &Actor, id: ConversationId, page: Page) -> Result<ConversationView> {
    let (conversation, stored) = read(backend, actor, id, page).await?;
    let messages = shown(backend, actor, id, stored).await?;
    // The page names the model that it shows with every message: one that is gone would be refused each time.
    let model = match conversation.settings.model {
        Some(chosen) => Some(models::still_there(backend, actor, chosen).await?),
        None => None,
    };
    Ok(ConversationView {
        id: conversation.id,
        title: conversation.title,
        sentiment: conversation.sentiment.map(|state| state.shown),
        model,
        usage: db::messages::sum_usage(&backend.db, id, actor.id()).await?,
        total_messages: conversation.total_messages,
        has_more: has_more(conversation.total_messages, page, messages.len()),
        messages,
    })
}

/// How a conversation reads, message by message.
pub async fn mood(backend: &Backend, actor: &Actor, id: ConversationId) -> Result<MoodView> {
    let conversation =
        db::conversations::find(&backend.db, id, actor.id()).await?.ok_or_else(Error::conversation_not_found)?;
    let statements = statements(backend, actor, id, conversation.version).await?;
    let sentiment = conversation.sentiment.map(|state| state.shown);
    Ok(MoodView { title: conversation.title, sentiment, statements })
}

/// The user's own messages on the branch that is shown, oldest first.
async fn statements(
    backend: &Backend,
    actor: &Actor,
    id: ConversationId,
    version: db::conversations::Version,
) -> Result<Vec<Statement>> {
    let version = Version::Conversation { owner: actor.id(), version };
    if let Some(known) = backend.cache.user_messages.find(backend, &id, &version, |known| Some(known.clone())).await {
        return Ok(known);
    }
    let found = db::messages::list_statements(&backend.db, id, actor.id(), STATEMENTS).await?;
    let statement =
        |(id, beginning, sentiment): (MessageId, String, _)| Statement { id, quote: quote_from(&beginning), sentiment };
    let statements: Vec<_> = found.into_iter().rev().map(statement).collect();
    backend.cache.user_messages.keep(backend, id, version, statements.clone());
    Ok(statements)
}

/// Gives a conversation a name.
pub async fn rename(
    backend: &Backend,
    actor: &Actor,
    id: ConversationId,
    request: RenameConversation,
) -> Result<ConversationSummary> {
    request.validate()?;
    let title = request.title.trim();
    if !db::conversations::rename(&backend.db, id, actor.id(), title, backend.clock.now()).await? {
        return Err(Error::conversation_not_found());
    }
    let event = UserEvent::ConversationRenamed { conversation_id: id, title: title.to_owned() };
    events::publish(backend, actor.id(), event);
    let renamed = db::conversations::find(&backend.db, id, actor.id()).await?;
    renamed.map(ConversationSummary::from).ok_or_else(Error::conversation_not_found)
}

/// Chooses the model that answers in a conversation from now on.
pub async fn choose_model(backend: &Backend, actor: &Actor, id: ConversationId, model: ModelRef) -> Result<()> {
    model.validate()?;
    models::check(backend, &model).await?;
    let settings = db::conversations::Settings { model: Some(model) };
    if !db::conversations::update_settings(&backend.db, id, actor.id(), &settings).await? {
        return Err(Error::conversation_not_found());
    }
    Ok(())
}

/// Removes a conversation with everything in it; an answer being written in it ends.
pub async fn delete(backend: &Backend, actor: &Actor, id: ConversationId) -> Result<()> {
    if !db::conversations::delete(&backend.db, id, actor.id()).await? {
        return Err(Error::conversation_not_found());
    }
    backend.runs.lose(id);
    events::publish(backend, actor.id(), UserEvent::ConversationDeleted { conversation_id: id });
    backend.cache.forget(backend, &[id]).await;
    Ok(())
}

/// Removes all of the user's conversations.
pub async fn delete_all(backend: &Backend, actor: &Actor) -> Result<()> {
    let outcome = delete_in_batches(backend, actor).await;
    // Where it broke off some are gone, and others are not.
    let event = if outcome.is_ok() { UserEvent::ConversationsCleared } else { UserEvent::Resync };
    events::publish(backend, actor.id(), event);
    outcome
}

async fn delete_in_batches(backend: &Backend, actor: &Actor) -> Result<()> {
    loop {
        let deleted = db::conversations::delete_some(&backend.db, actor.id(), DELETE_BATCH).await?;
        if deleted.is_empty() {
            return Ok(());
        }
        backend.cache.forget(backend, &deleted).await;
        for id in deleted {
            backend.runs.lose(id);
        }
    }
}

/// One message as a page shows it.
pub async fn message_view(backend: &Backend, actor: &Actor, id: MessageId) -> Result<MessageView> {
    let message = db::messages::find(&backend.db, id, actor.id()).await?.ok_or_else(Error::message_not_found)?;
    shown(backend, actor, message.conversation_id, vec![message]).await?.pop().ok_or_else(Error::message_not_found)
}

/// The source text of one message, for copying.
pub async fn message_source(backend: &Backend, actor: &Actor, id: MessageId) -> Result<String> {
    let message = db::messages::find(&backend.db, id, actor.id()).await?.ok_or_else(Error::message_not_found)?;
    Ok(content(backend, actor, message).await?.0)
}

/// The conversation, and the page of its messages oldest first.
async fn read(
    backend: &Backend,
    actor: &Actor,
    id: ConversationId,
    page: Page,
) -> Result<(db::conversations::Conversation, Vec<Stored>)> {
    let conversation =
        db::conversations::find(&backend.db, id, actor.id()).await?.ok_or_else(Error::conversation_not_found)?;
    let mut messages = match conversation.version.head {
        Some(head) => db::messages::list_branch(&backend.db, id, actor.id(), Some(head), page).await?,
        None => Vec::new(),
    };
    messages.reverse();
    Ok((conversation, messages))
}

/// Whether there are messages before a page. It may have fewer than were asked for.
fn has_more(total: i64, page: Page, found: usize) -> bool {
    total > page.offset.saturating_add(i64::try_from(found).unwrap_or(i64::MAX))
}

/// What wrote a message, as it is told now: of the time that a provider asked to wait, what is left.
fn model_info(message: &mut Stored, now: DateTime<Utc>) -> Option<ModelInfo> {
    let mut info = message.model_info.take()?;
    if let Some(error) = &mut info.error
        && let (Some(wait), Some(ended_at)) = (error.retry_after_ms, message.ended_at)
    {
        let passed = u64::try_from((now - ended_at).num_milliseconds()).unwrap_or_default();
        error.retry_after_ms = wait.checked_sub(passed).filter(|left| *left > 0);
    }
    Some(info)
}

/// What a run has written so far, and where to follow: `(content, thought, position)`. From the run itself where this
/// process writes it, else from its log.
async fn so_far(
    backend: &Backend,
    actor: &Actor,
    message: MessageId,
    run: RunId,
) -> Result<(String, String, RunPosition)> {
    if let Some(live) = backend.runs.writing(message, actor.id()) {
        let (content, thought, place) = live.text();
        let last_event_id = StreamId::new(live.telling.lease_number, place);
        return Ok((content, thought, RunPosition { id: run, last_event_id }));
    }
    let lease_number = db::runs::find(&backend.db, run, actor.id()).await?.map_or(0, |run| run.lease_number);
    let transcript = Transcript::from_log(db::run_log::list(&backend.db, run, 0).await?);
    let (content, thought) = transcript.text();
    let last_event_id = StreamId::new(lease_number, transcript.end());
    Ok((content, thought, RunPosition { id: run, last_event_id }))
}

/// Where messages of one conversation stand among those that follow the same ones, by their ids.
async fn siblings(
    backend: &Backend,
    actor: &Actor,
    id: ConversationId,
    messages: &[Stored],
) -> Result<HashMap<MessageId, Siblings>> {
    let depths = messages.iter().map(|message| message.depth);
    let (Some(first), Some(last)) = (depths.clone().min(), depths.max()) else { return Ok(HashMap::new()) };
    Ok(db::tree::list_siblings(&backend.db, id, actor.id(), (first, last)).await?)
}

/// The source text of a message so far, and where to follow while it is being written.
async fn content(backend: &Backend, actor: &Actor, message: Stored) -> Result<(String, Option<RunPosition>)> {
    Ok(match message.run_id {
        Some(run) => {
            let (content, _, position) = so_far(backend, actor, message.id, run).await?;
            (content, Some(position))
        }
        None => (message.content, None),
    })
}

async fn source(
    backend: &Backend,
    actor: &Actor,
    mut message: Stored,
    siblings: &HashMap<MessageId, Siblings>,
) -> Result<Message> {
    let model_info = model_info(&mut message, backend.clock.now());
    let sentiment_data = message.sentiment.take();
    let &Stored { id, parent_id, role, status, created_at, .. } = &message;
    let siblings = siblings.get(&id).copied().unwrap_or(Siblings::ALONE);
    let (content, run) = content(backend, actor, message).await?;
    Ok(Message { id, parent_id, siblings, role, content, status, run, sentiment_data, model_info, created_at })
}

/// Messages as a page shows them. The texts of those that are finished are rendered together.
async fn shown(
    backend: &Backend,
    actor: &Actor,
    conversation: ConversationId,
    stored: Vec<Stored>,
) -> Result<Vec<MessageView>> {
    let siblings = siblings(backend, actor, conversation, &stored).await?;
    let mut views = Vec::with_capacity(stored.len());
    let mut sources = Vec::new();
    for mut message in stored {
        let mut view = MessageView {
            id: message.id,
            role: message.role,
            status: message.status,
            body: MessageBody::Html(String::new()),
            thought: None,
            model_info: model_info(&mut message, backend.clock.now()),
            sentiment: message.sentiment,
            siblings: siblings.get(&message.id).copied().filter(|siblings| siblings.count > 1),
        };
        if let Some(run) = message.run_id {
            let (content, thought, run) = so_far(backend, actor, message.id, run).await?;
            view.body = MessageBody::Growing { content, thought, run };
        } else {
            let part = if message.role == MessageRole::User { Part::Question } else { Part::Answer };
            sources.push(Source { message: message.id, part, text: message.content });
            if !message.thought.is_empty() {
                sources.push(Source { message: message.id, part: Part::Thought, text: message.thought });
                view.thought = Some(String::new());
            }
        }
        views.push(view);
    }
    let mut rendered = backend.renderer.render(sources).await?.into_iter();
    let mut next = || rendered.next().map(|html| html.to_string()).unwrap_or_default();
    for view in &mut views {
        if let MessageBody::Html(html) = &mut view.body {
            *html = next();
        }
        if let Some(html) = &mut view.thought {
            *html = next();
        }
    }
    Ok(views)
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{ErrorCode, MessageStatus, RunError};

    #[test]
    fn of_a_wait_that_a_provider_asked_for_only_the_rest_is_told() {
        let at = |seconds: i64| DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        let told = |ended_at: Option<DateTime<Utc>>, now| {
            let error = RunError {
                code: ErrorCode::ProviderRateLimited,
                message: "m".into(),
                retryable: true,
                retry_after_ms: Some(30_000),
            };
            let info = ModelInfo {
                provider: "p".into(),
                model: "m".into(),
                finish_reason: None,
                usage: None,
                error: Some(error),
                seams: Vec::new(),
            };
            let mut message = Stored {
                id: MessageId(1),
                conversation_id: ConversationId(uuid::Uuid::nil()),
                parent_id: None,
                depth: 0,
                role: MessageRole::Assistant,
                content: String::new(),
                thought: String::new(),
                status: MessageStatus::Failed,
                sentiment: None,
                model_info: Some(info),
                created_at: at(0),
                run_id: None,
                ended_at,
            };
            model_info(&mut message, now).unwrap().error.unwrap().retry_after_ms
        };
        assert_eq!(told(Some(at(5)), at(5)), Some(30_000));
        assert_eq!(told(Some(at(5)), at(25)), Some(10_000));
        assert_eq!(told(Some(at(5)), at(35)), None, "it may be sent again now");
        assert_eq!(told(Some(at(5)), at(9_999)), None);
        assert_eq!(told(Some(at(5)), at(0)), Some(30_000), "a clock that went back");
    }

    #[test]
    fn a_page_is_taken_from_what_was_read_where_all_of_it_was() {
        let one = |number: u128| ConversationSummary {
            id: ConversationId(uuid::Uuid::from_u128(number)),
            title: number.to_string(),
            message_count: 2,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        };
        let mut listed = Listed { conversations: (0..3).map(one).collect(), is_all: false };
        let page = |listed: &Listed, offset, limit| -> Option<Vec<String>> {
            let page = listed.page(Page { limit, offset })?;
            Some(page.into_iter().map(|conversation| conversation.title).collect())
        };
        assert_eq!(page(&listed, 0, 2).unwrap(), ["0", "1"]);
        assert_eq!(page(&listed, 1, 2).unwrap(), ["1", "2"]);
        assert_eq!(page(&listed, 0, 4), None);
        assert_eq!(page(&listed, i64::MAX, 100), None);
        listed.is_all = true;
        assert_eq!(page(&listed, 2, 2).unwrap(), ["2"]);
        assert_eq!(page(&listed, i64::MAX, 100).unwrap(), [""; 0]);
    }

    #[test]
    fn a_short_page_has_more_before_it() {
        let page = Page { limit: 50, offset: 10 };
        assert!(has_more(100, page, 50) && has_more(14, page, 3));
        assert!(!has_more(13, page, 3) && !has_more(60, page, 50));
    }
}
