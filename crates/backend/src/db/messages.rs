//! Messages. Reads go through the conversation's owner; writes happen in the transaction of a run.

use super::{Db, Result, read, sentiment::sentiment_from};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use types::{
    ConversationId, MessageId, MessageRole, MessageStatus, ModelInfo, Page, RunId, Sentiment, UsageTotal, UserId,
};
use uuid::Uuid;

/// A message as it is stored. While it is streaming, `content` and `thought` lag behind the run.
pub(crate) struct Message {
    pub(crate) id: MessageId,
    pub(crate) conversation_id: ConversationId,
    pub(crate) parent_id: Option<MessageId>,
    /// How many messages are before it on its branch.
    pub(crate) depth: i32,
    pub(crate) role: MessageRole,
    pub(crate) content: String,
    pub(crate) thought: String,
    pub(crate) status: MessageStatus,
    pub(crate) sentiment: Option<Sentiment>,
    pub(crate) model_info: Option<ModelInfo>,
    pub(crate) created_at: DateTime<Utc>,
    /// The run that is writing it.
    pub(crate) run_id: Option<RunId>,
    /// When the last run ended that wrote it.
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    conversation_id: Uuid,
    parent_id: Option<i64>,
    depth: i32,
    role: String,
    content: String,
    thought: String,
    status: String,
    sentiment_data: Option<Json<Value>>,
    model_info: Option<Json<ModelInfo>>,
    created_at: DateTime<Utc>,
    run_id: Option<Uuid>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<Row> for Message {
    fn from(row: Row) -> Self {
        Self {
            id: MessageId(row.id),
            conversation_id: ConversationId(row.conversation_id),
            parent_id: row.parent_id.map(MessageId),
            depth: row.depth,
            role: role_from(&row.role),
            content: row.content,
            thought: row.thought,
            status: status_from(&row.status),
            sentiment: row.sentiment_data.and_then(|json| sentiment_from(json.0)),
            model_info: row.model_info.map(|json| json.0),
            created_at: row.created_at,
            run_id: row.run_id.map(RunId),
            ended_at: row.ended_at,
        }
    }
}

pub(super) fn role_from(text: &str) -> MessageRole {
    match text {
        "user" => MessageRole::User,
        "system" => MessageRole::System,
        _ => MessageRole::Assistant,
    }
}

pub(super) fn status_from(text: &str) -> MessageStatus {
    match text {
        "streaming" => MessageStatus::Streaming,
        "complete" => MessageStatus::Complete,
        "stopped" => MessageStatus::Stopped,
        "failed" => MessageStatus::Failed,
        _ => MessageStatus::Interrupted,
    }
}

/// A status as both `messages` and `runs` spell it.
pub(super) const fn status_str(status: MessageStatus) -> &'static str {
    match status {
        MessageStatus::Streaming => "streaming",
        MessageStatus::Complete => "complete",
        MessageStatus::Stopped => "stopped",
        MessageStatus::Interrupted => "interrupted",
        MessageStatus::Failed => "failed",
    }
}

/// The most text of one page, in bytes: a page of the longest messages there may be would not fit into memory.
pub(crate) const PAGE_MAX_BYTES: i64 = 16 << 20;

/// A message as [`Row`] reads it, of `m` in `$from`. More than one run may have written it, one after the other.
macro_rules! select_message {
    ($from:literal) => {
        concat!(
            "select m.id, m.conversation_id, m.parent_id, m.depth, m.role, m.content, m.thought, m.status, \
             m.sentiment_data, m.model_info, m.created_at, r.id as run_id, \
             (select max(ended.finished_at) from runs ended where ended.message_id = m.id) as ended_at ",
            $from
        )
    };
}

/// The messages on the branch that ends in a message of the conversation, or in its head, newest first: up to `limit` of
/// them after `offset`. A page ends early with the message that makes it longer than [`PAGE_MAX_BYTES`]. Costs a walk of
/// `offset + limit` steps up the tree, over ids only, and reads the text of nothing that is not given out.
pub(crate) async fn list_branch(
    db: &Db,
    conversation_id: ConversationId,
    owner: UserId,
    end: Option<MessageId>,
    page: Page,
) -> Result<Vec<Message>> {
    const SQL: &str = concat!(
        "with recursive branch (id, parent_id, step) as ( \
           select m.id, m.parent_id, 1 from conversations c \
           join messages m on m.id = coalesce($6, c.head_message_id) and m.conversation_id = c.id \
           where c.id = $1 and c.user_id = $2 and c.deleted_at is null \
           union all \
           select m.id, m.parent_id, branch.step + 1 from branch join messages m on m.id = branch.parent_id \
           where branch.step < $3 + $4) ",
        select_message!(
            "from (select branch.id, branch.step, octet_length(m.content) + octet_length(m.thought) as bytes, \
                          sum(octet_length(m.content) + octet_length(m.thought)) over (order by branch.step) \
                            as bytes_so_far \
                   from branch join messages m on m.id = branch.id where branch.step > $4) page \
             join messages m on m.id = page.id left join runs r on r.message_id = m.id and r.status = 'running' \
             where page.bytes_so_far - page.bytes <= $5 order by page.step"
        )
    );
    let rows: Vec<Row> = read!(db, |pool| sqlx::query_as(SQL)
        .bind(conversation_id.0)
        .bind(owner.0)
        .bind(page.limit)
        .bind(page.offset)
        .bind(PAGE_MAX_BYTES)
        .bind(end.map(|id| id.0))
        .fetch_all(pool)
        .await?);
    Ok(rows.into_iter().map(Message::from).collect())
}

/// The beginnings of the user's own messages on the branch that ends in the conversation's head, with how they read,
/// newest first. One that was not read is left out.
pub(crate) async fn list_statements(
    db: &Db,
    conversation_id: ConversationId,
    owner: UserId,
    limit: i64,
) -> Result<Vec<(MessageId, String, Sentiment)>> {
    // A question and its answer are two steps.
    const SQL: &str = "with recursive branch (id, parent_id, step) as ( \
           select m.id, m.parent_id, 1 from conversations c join messages m on m.id = c.head_message_id \
           where c.id = $1 and c.user_id = $2 and c.deleted_at is null \
           union all \
           select m.id, m.parent_id, branch.step + 1 from branch join messages m on m.id = branch.parent_id \
           where branch.step < 2 * $3) \
         select m.id, substr(m.content, 1, 400), m.sentiment_data \
         from branch join messages m on m.id = branch.id \
         where m.role = 'user' and m.sentiment_data is not null order by branch.step limit $3";
    let rows: Vec<(i64, String, Json<Value>)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(conversation_id.0).bind(owner.0).bind(limit).fetch_all(pool).await?);
    let read =
        |(id, beginning, data): (i64, String, Json<Value>)| Some((MessageId(id), beginning, sentiment_from(data.0)?));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// One message of the user's.
pub(crate) async fn find(db: &Db, id: MessageId, owner: UserId) -> Result<Option<Message>> {
    const SQL: &str = select_message!(
        "from messages m join conversations c on c.id = m.conversation_id \
         left join runs r on r.message_id = m.id and r.status = 'running' \
         where m.id = $1 and c.user_id = $2 and c.deleted_at is null"
    );
    let row: Option<Row> = read!(db, |pool| sqlx::query_as(SQL).bind(id.0).bind(owner.0).fetch_optional(pool).await?);
    Ok(row.map(Message::from))
}

/// What all answers of the user's conversation have used together, whatever branch they are on.
pub(crate) async fn sum_usage(db: &Db, conversation_id: ConversationId, owner: UserId) -> Result<UsageTotal> {
    const SQL: &str = "select cast(coalesce(sum(m.input_tokens), 0) as bigint), \
                       cast(coalesce(sum(m.output_tokens), 0) as bigint), cast(sum(m.cost_micros) as bigint), \
                       count(case when cast(m.model_info -> 'usage' -> 'estimated' as text) = 'true' then 1 end) > 0 \
                       from messages m join conversations c on c.id = m.conversation_id \
                       where c.id = $1 and c.user_id = $2 and c.deleted_at is null and m.output_tokens is not null";
    let (input_tokens, output_tokens, cost_micros, estimated): (i64, i64, Option<i64>, bool) =
        read!(db, |pool| sqlx::query_as(SQL).bind(conversation_id.0).bind(owner.0).fetch_one(pool).await?);
    Ok(UsageTotal { input_tokens, output_tokens, cost_micros, estimated })
}
