//! The tree of a conversation's messages: where a message stands, what follows it, and how it grows, shrinks and is copied.
//!
//! A message follows one that was there before it, in the same conversation, and never comes to follow another: so there
//! are no cycles. What changes the tree does so in a transaction that holds the conversation's row.

use super::conversations::Settings;
use super::exchanges::NewExchange;
use super::messages::{role_from, status_from};
use super::runs::method_str;
use super::{Db, Result, Tx, read, sentiment, within};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use std::collections::HashMap;
use types::{ConversationId, MessageId, MessageRole, MessageStatus, ModelInfo, Siblings, UserId};
use uuid::Uuid;

/// A message without its text.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) parent: Option<MessageId>,
    pub(crate) depth: i32,
    pub(crate) role: MessageRole,
    pub(crate) status: MessageStatus,
}

/// What there is of an answer.
pub(crate) struct Written {
    pub(crate) status: MessageStatus,
    pub(crate) content: String,
    pub(crate) thought: String,
    pub(crate) model: Option<ModelInfo>,
}

/// A conversation whose row is held, by way of one of its messages.
pub(crate) struct Held {
    pub(crate) conversation: ConversationId,
    pub(crate) head: Option<MessageId>,
    pub(crate) title: String,
}

/// Where the messages of a conversation stand that are so deep, by their ids. Reads no text.
pub(crate) async fn list_siblings(
    db: &Db,
    conversation: ConversationId,
    owner: UserId,
    depths: (i32, i32),
) -> Result<HashMap<MessageId, Siblings>> {
    const SQL: &str = "select m.id, m.parent_id from messages m join conversations c on c.id = m.conversation_id \
                       where c.id = $1 and c.user_id = $2 and c.deleted_at is null and m.depth between $3 and $4 \
                       order by m.depth, m.parent_id, m.id";
    let rows: Vec<(i64, Option<i64>)> = read!(db, |pool| sqlx::query_as(SQL)
        .bind(conversation.0)
        .bind(owner.0)
        .bind(depths.0)
        .bind(depths.1)
        .fetch_all(pool)
        .await?);
    let mut found = HashMap::with_capacity(rows.len());
    for siblings in rows.chunk_by(|one, other| one.1 == other.1) {
        let id = |at: usize| siblings.get(at).map(|(id, _)| MessageId(*id));
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        for (at, (message, _)) in siblings.iter().enumerate() {
            let place = Siblings {
                index: number(at + 1),
                count: number(siblings.len()),
                previous_id: at.checked_sub(1).and_then(id),
                next_id: id(at + 1),
            };
            found.insert(MessageId(*message), place);
        }
    }
    Ok(found)
}

/// Holds the conversation of a message until the transaction ends. `None`: the owner has no such message.
pub(crate) async fn hold(tx: &mut Tx, message: MessageId, owner: UserId) -> Result<Option<Held>> {
    const SQL: &str = "update conversations set revision = revision + 1 \
                       where id = (select conversation_id from messages where id = $1) and user_id = $2 \
                       and deleted_at is null returning id, head_message_id, title";
    let row: Option<(Uuid, Option<i64>, String)> =
        within!(tx, |connection| sqlx::query_as(SQL).bind(message.0).bind(owner.0).fetch_optional(connection).await?);
    Ok(row.map(|(id, head, title)| Held { conversation: ConversationId(id), head: head.map(MessageId), title }))
}

/// Whether an answer is being written in the conversation. For callers that hold it.
pub(crate) async fn has_run(tx: &mut Tx, conversation: ConversationId) -> Result<bool> {
    const SQL: &str = "select id from runs where conversation_id = $1 and status = 'running'";
    let row: Option<(Uuid,)> =
        within!(tx, |connection| sqlx::query_as(SQL).bind(conversation.0).fetch_optional(connection).await?);
    Ok(row.is_some())
}

/// A message of the conversation. For callers that hold it.
pub(crate) async fn find(tx: &mut Tx, conversation: ConversationId, id: MessageId) -> Result<Option<Place>> {
    const SQL: &str = "select parent_id, depth, role, status from messages where id = $1 and conversation_id = $2";
    let row: Option<(Option<i64>, i32, String, String)> = within!(tx, |connection| sqlx::query_as(SQL)
        .bind(id.0)
        .bind(conversation.0)
        .fetch_optional(connection)
        .await?);
    Ok(row.map(|(parent, depth, role, status)| Place {
        parent: parent.map(MessageId),
        depth,
        role: role_from(&role),
        status: status_from(&status),
    }))
}

/// The messages that follow the same one as this did or does, oldest first, itself included while it is there.
pub(crate) async fn list_beside(tx: &mut Tx, conversation: ConversationId, place: &Place) -> Result<Vec<MessageId>> {
    const SQL: &str = "select id from messages where conversation_id = $1 and depth = $2 \
                       and parent_id is not distinct from $3 order by id";
    let rows: Vec<(i64,)> = within!(tx, |connection| sqlx::query_as(SQL)
        .bind(conversation.0)
        .bind(place.depth)
        .bind(place.parent.map(|id| id.0))
        .fetch_all(connection)
        .await?);
    Ok(rows.into_iter().map(|(id,)| MessageId(id)).collect())
}

/// How many messages follow a message.
pub(crate) async fn count_below(tx: &mut Tx, id: MessageId) -> Result<i64> {
    const SQL: &str = "select count(*) from messages where parent_id = $1";
    let (count,): (i64,) = within!(tx, |connection| sqlx::query_as(SQL).bind(id.0).fetch_one(connection).await?);
    Ok(count)
}

/// The newest of the messages below a message, or itself where nothing follows it: the end of a branch, for whatever
/// follows a message is newer.
pub(crate) async fn newest_below(tx: &mut Tx, id: MessageId) -> Result<MessageId> {
    const SQL: &str = "with recursive below (id) as ( \
           select id from messages where id = $1 \
           union all select m.id from below join messages m on m.parent_id = below.id) \
         select coalesce(max(id), $1) from below";
    let (newest,): (i64,) = within!(tx, |connection| sqlx::query_as(SQL).bind(id.0).fetch_one(connection).await?);
    Ok(MessageId(newest))
}

/// The last question of the branch that ends in a message.
pub(crate) async fn last_question(tx: &mut Tx, end: MessageId) -> Result<Option<MessageId>> {
    const SQL: &str = "select case when role = 'user' then id else parent_id end from messages where id = $1";
    let row: Option<(Option<i64>,)> =
        within!(tx, |connection| sqlx::query_as(SQL).bind(end.0).fetch_optional(connection).await?);
    Ok(row.and_then(|(id,)| id).map(MessageId))
}

/// Makes a message the end of the branch that is shown, and stores what was chosen for the conversation, where something
/// was, and when something in it has changed, where it has. For callers that hold it.
pub(crate) async fn show(
    tx: &mut Tx,
    conversation: ConversationId,
    head: Option<MessageId>,
    settings: Option<&Settings>,
    updated_at: Option<DateTime<Utc>>,
) -> Result<()> {
    const SQL: &str = "update conversations set head_message_id = $2, settings = coalesce($3, settings), \
                       updated_at = coalesce($4, updated_at) where id = $1";
    within!(tx, |connection| sqlx::query(SQL)
        .bind(conversation.0)
        .bind(head.map(|id| id.0))
        .bind(settings.map(Json))
        .bind(updated_at)
        .execute(connection)
        .await
        .map(drop))?;
    Ok(())
}

/// Writes a question after `parent`, or as another first one. For callers that hold the conversation, in which the
/// parent is.
pub(crate) async fn insert_question(
    tx: &mut Tx,
    exchange: &NewExchange,
    parent: Option<MessageId>,
) -> Result<MessageId> {
    const SQL: &str = "insert into messages (conversation_id, parent_id, depth, role, content, thought, status, created_at) \
                       values ($1, $2, coalesce((select depth + 1 from messages where id = $2), 0), 'user', $3, '', \
                       'complete', $4) returning id";
    let (id,): (i64,) = within!(tx, |connection| sqlx::query_as(SQL)
        .bind(exchange.conversation.0)
        .bind(parent.map(|id| id.0))
        .bind(&exchange.question)
        .bind(exchange.now)
        .fetch_one(connection)
        .await?);
    if let Some(reading) = &exchange.reading {
        sentiment::set_reading(tx, MessageId(id), reading).await?;
    }
    Ok(MessageId(id))
}

/// Writes the empty answer of a run after its question. For callers that hold the conversation, in which the question is.
pub(crate) async fn insert_answer(tx: &mut Tx, exchange: &NewExchange, question: MessageId) -> Result<MessageId> {
    const SQL: &str = "insert into messages (conversation_id, parent_id, depth, role, content, thought, status, \
                       provider, model, model_info, created_at) \
                       select $1, id, depth + 1, 'assistant', '', '', 'streaming', $3, $4, $5, $6 from messages \
                       where id = $2 returning id";
    let (id,): (i64,) = within!(tx, |connection| sqlx::query_as(SQL)
        .bind(exchange.conversation.0)
        .bind(question.0)
        .bind(&exchange.model.provider)
        .bind(&exchange.model.model)
        .bind(Json(&exchange.model))
        .bind(exchange.now)
        .fetch_one(connection)
        .await?);
    Ok(MessageId(id))
}

/// What there is of an answer: its text, its thoughts, and what its message says of its model. For callers that hold its
/// conversation.
pub(crate) async fn find_written(tx: &mut Tx, id: MessageId) -> Result<Option<Written>> {
    const SQL: &str = "select status, content, thought, model_info from messages where id = $1";
    let row: Option<(String, String, String, Option<Json<ModelInfo>>)> =
        within!(tx, |connection| sqlx::query_as(SQL).bind(id.0).fetch_optional(connection).await?);
    Ok(row.map(|(status, content, thought, model)| Written {
        status: status_from(&status),
        content,
        thought,
        model: model.map(|json| json.0),
    }))
}

/// Opens an answer again for a run that goes on with it. Its text stays.
pub(crate) async fn reopen(tx: &mut Tx, id: MessageId, model: &ModelInfo) -> Result<()> {
    const SQL: &str = "update messages set status = 'streaming', model_info = $2 where id = $1";
    within!(tx, |connection| sqlx::query(SQL).bind(id.0).bind(Json(model)).execute(connection).await.map(drop))?;
    Ok(())
}

/// Stores a run whose question and answer are there, with a log that goes up to `last_seq`. [`super::Error::Duplicate`]
/// where its `client_message_id` was used before, or where another run of the conversation is still going.
pub(crate) async fn insert_run(
    tx: &mut Tx,
    exchange: &NewExchange,
    question: MessageId,
    answer: MessageId,
    last_seq: u32,
) -> Result<()> {
    const SQL: &str = "insert into runs (id, user_id, conversation_id, message_id, user_message_id, client_message_id, \
                       request_digest, status, provider, model, sentiment_method, settings, node_id, lease_number, \
                       last_seq, created_at) \
                       values ($1, $2, $3, $4, $5, $6, $7, 'running', $8, $9, $10, $11, $12, 1, $13, $14)";
    within!(tx, |connection| sqlx::query(SQL)
        .bind(exchange.run.0)
        .bind(exchange.owner.0)
        .bind(exchange.conversation.0)
        .bind(answer.0)
        .bind(question.0)
        .bind(exchange.client_message_id)
        .bind(&exchange.request_digest)
        .bind(&exchange.model.provider)
        .bind(&exchange.model.model)
        .bind(method_str(exchange.sentiment_method))
        .bind(Json(exchange.settings))
        .bind(exchange.node)
        .bind(i64::from(last_seq))
        .bind(exchange.now)
        .execute(connection)
        .await
        .map(drop))?;
    Ok(())
}

/// Removes a message with everything below it. For callers that hold the conversation.
pub(crate) async fn delete(tx: &mut Tx, id: MessageId) -> Result<()> {
    const SQL: &str = "with recursive below (id) as ( \
           select id from messages where id = $1 \
           union all select m.id from below join messages m on m.parent_id = below.id) \
         delete from messages where id in (select id from below)";
    within!(tx, |connection| sqlx::query(SQL).bind(id.0).execute(connection).await.map(drop))?;
    Ok(())
}

/// Copies the branch that ends in a message into a conversation of its own, which has the same owner and the same
/// choices. What its messages cost and how they read is shown with the copies and counted with the originals: the columns
/// that are added up stay empty.
pub(crate) async fn fork(
    tx: &mut Tx,
    end: MessageId,
    conversation: ConversationId,
    title: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    const CONVERSATION: &str = "insert into conversations (id, user_id, title, settings, pinned, archived, created_at, \
                                                           updated_at) \
                                select $2, c.user_id, $3, c.settings, false, false, $4, $4 \
                                from conversations c join messages m on m.conversation_id = c.id where m.id = $1";
    const MESSAGES: &str = "insert into messages (conversation_id, depth, role, content, thought, status, provider, \
                                                  model, sentiment_data, model_info, created_at) \
                            with recursive branch (id, parent_id) as ( \
                              select id, parent_id from messages where id = $1 \
                              union all select m.id, m.parent_id from branch join messages m on m.id = branch.parent_id) \
                            select $2, m.depth, m.role, m.content, m.thought, m.status, m.provider, m.model, \
                                   m.sentiment_data, m.model_info, m.created_at \
                            from branch join messages m on m.id = branch.id order by m.depth";
    // The copy is one branch: a message follows the only one that is less deep by one.
    const PARENTS: &str = "update messages set parent_id = (select p.id from messages p \
                             where p.conversation_id = messages.conversation_id and p.depth = messages.depth - 1) \
                           where conversation_id = $1 and depth > 0";
    const HEAD: &str = "update conversations set head_message_id = \
                          (select id from messages where conversation_id = $1 order by depth desc limit 1) where id = $1";
    within!(tx, |connection| {
        let forking = sqlx::query(CONVERSATION).bind(end.0).bind(conversation.0).bind(title).bind(now);
        forking.execute(&mut *connection).await?;
        sqlx::query(MESSAGES).bind(end.0).bind(conversation.0).execute(&mut *connection).await?;
        sqlx::query(PARENTS).bind(conversation.0).execute(&mut *connection).await?;
        sqlx::query(HEAD).bind(conversation.0).execute(&mut *connection).await?;
    });
    Ok(())
}
