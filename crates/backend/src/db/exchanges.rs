//! A question with its answer, across the tables: how the two are stored at once with the run that writes the answer,
//! and how the answer's end is.
//!
//! These are what a chat is made of, so they cost as little as the engine allows: on Postgres, where each statement is a
//! journey, one statement does what the functions of the tables do one by one on SQLite.

use super::conversations::{self, Held, Settings};
use super::messages::{self, NewMessage, status_str};
use super::run_log::{self, Entry};
use super::runs::{self, method_str};
use super::{Db, Result, Tx, sentiment, users};
use crate::sentiment::Feeling;
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgExecutor, PgPool};
use sqlx::types::Json;
use types::{
    ConversationId, GenerationSettings, MessageId, MessageRole, MessageStatus, ModelInfo, ModelRef, RunId,
    SentimentMethod, UserId,
};
use uuid::Uuid;

/// A question that is to be stored with an empty answer and its run.
pub(crate) struct NewExchange<'a> {
    pub(crate) run: RunId,
    pub(crate) owner: UserId,
    pub(crate) conversation: ConversationId,
    /// The title of the conversation where it begins with this question.
    pub(crate) title: Option<&'a str>,
    pub(crate) question: &'a str,
    pub(crate) model: &'a ModelInfo,
    /// The model of `model`, which from now on is the conversation's.
    pub(crate) chosen: ModelRef,
    /// It was named with the question. Else a model that somebody has chosen for the conversation meanwhile stays.
    pub(crate) is_named: bool,
    /// It answers from now on in the owner's new conversations.
    pub(crate) is_preferred: bool,
    pub(crate) client_message_id: Option<Uuid>,
    pub(crate) request_digest: &'a [u8],
    pub(crate) sentiment_method: SentimentMethod,
    pub(crate) settings: GenerationSettings,
    pub(crate) node: Uuid,
    pub(crate) now: DateTime<Utc>,
}

/// How an answer ends. For the holder of its run's lease.
pub(crate) struct End<'a> {
    pub(crate) run: RunId,
    pub(crate) lease_number: i64,
    pub(crate) conversation: ConversationId,
    pub(crate) message: MessageId,
    pub(crate) ending: messages::Ending<'a>,
    /// How the question reads, and the conversation with it.
    pub(crate) feeling: Option<&'a Feeling>,
    /// The rest of the log: the events with `first_seq < n <= last_seq`.
    pub(crate) first_seq: u32,
    pub(crate) last_seq: u32,
    pub(crate) entries: &'a [Entry],
    pub(crate) now: DateTime<Utc>,
}

/// The statement that stores the messages and the run, around the one for the conversation's row.
macro_rules! at_once {
    ($conversation:literal) => {
        concat!(
            "with question as ( \
               insert into messages (conversation_id, parent_id, depth, role, content, thought, status, created_at) \
               values ($1, $2, coalesce((select depth + 1 from messages where id = $2), 0), 'user', $3, '', 'complete', \
                       $4) returning id, depth), \
             answer as ( \
               insert into messages (conversation_id, parent_id, depth, role, content, thought, status, provider, \
                                     model, model_info, created_at) \
               select $1, id, depth + 1, 'assistant', '', '', 'streaming', $5, $6, $7, $4 from question \
               returning id, parent_id), \
             conversation as (",
            $conversation,
            "), \
             run as ( \
               insert into runs (id, user_id, conversation_id, message_id, user_message_id, client_message_id, \
                                 request_digest, status, provider, model, sentiment_method, node_id, lease_number, \
                                 last_seq, settings, created_at) \
               select $8, $9, $1, id, parent_id, $10, $11, 'running', $5, $6, $12, $13, 1, 0, $16, $4 from answer) \
             select parent_id, id from answer"
        )
    };
}

const BEGIN: &str = at_once!(
    "insert into conversations (id, user_id, title, head_message_id, settings, pinned, archived, created_at, updated_at) \
     select $1, $9, $15, id, $14, false, false, $4, $4 from answer"
);

const BEGIN_AND_PREFER: &str = at_once!(
    "insert into conversations (id, user_id, title, head_message_id, settings, pinned, archived, created_at, updated_at) \
     select $1, $9, $15, id, $14, false, false, $4, $4 from answer), \
     preferred as ( \
       update users set settings = settings || jsonb_build_object('model', $14::jsonb -> 'model'), updated_at = $4 \
       where id = $9"
);

const CONTINUE: &str = at_once!(
    "update conversations c set head_message_id = answer.id, settings = $14, title = coalesce($15, c.title) \
     from answer where c.id = $1"
);

/// Stores a question, its empty answer and its run, and gives the ids of the two messages. `None` where the conversation
/// is not the owner's. [`super::Error::Duplicate`] where the `client_message_id` was used before, or where another run of
/// the conversation is still going. Then nothing is stored.
pub(crate) async fn insert(db: &Db, exchange: &NewExchange<'_>) -> Result<Option<(MessageId, MessageId)>> {
    if let Db::Postgres(pool) = db
        && exchange.title.is_some()
    {
        let settings = Settings { model: Some(exchange.chosen.clone()) };
        let sql = if exchange.is_preferred { BEGIN_AND_PREFER } else { BEGIN };
        return insert_at_once(pool, sql, None, &settings, exchange).await.map(Some);
    }
    let mut tx = db.begin().await?;
    let Some(Held { head, mut settings }) = enter(&mut tx, exchange).await? else { return Ok(None) };
    if exchange.is_named || settings.model.is_none() {
        settings.model = Some(exchange.chosen.clone());
    }
    let ids = match &mut tx {
        Tx::Sqlite(_) => insert_one_by_one(&mut tx, head, &settings, exchange).await?,
        // A statement of its own: it sees what was stored before the conversation was held.
        Tx::Postgres(connection) => insert_at_once(&mut **connection, CONTINUE, head, &settings, exchange).await?,
    };
    if exchange.is_preferred {
        users::prefer_model(&mut tx, exchange.owner, &exchange.chosen, exchange.now).await?;
    }
    tx.commit().await?;
    Ok(Some(ids))
}

/// Begins the conversation, or holds the owner's. `None`: it is not theirs.
async fn enter(tx: &mut Tx, exchange: &NewExchange<'_>) -> Result<Option<Held>> {
    let NewExchange { conversation, owner, now, .. } = *exchange;
    let Some(title) = exchange.title else { return conversations::hold(tx, conversation, owner, now).await };
    conversations::insert(tx, conversation, owner, title, now).await?;
    Ok(Some(Held { head: None, settings: Settings::default() }))
}

async fn insert_at_once(
    connection: impl PgExecutor<'_>,
    sql: &'static str,
    head: Option<MessageId>,
    settings: &Settings,
    exchange: &NewExchange<'_>,
) -> Result<(MessageId, MessageId)> {
    let (question, answer): (i64, i64) = sqlx::query_as(sql)
        .bind(exchange.conversation.0)
        .bind(head.map(|id| id.0))
        .bind(exchange.question)
        .bind(exchange.now)
        .bind(&exchange.model.provider)
        .bind(&exchange.model.model)
        .bind(Json(exchange.model))
        .bind(exchange.run.0)
        .bind(exchange.owner.0)
        .bind(exchange.client_message_id)
        .bind(exchange.request_digest)
        .bind(method_str(exchange.sentiment_method))
        .bind(exchange.node)
        .bind(Json(settings))
        .bind(exchange.title)
        .bind(Json(exchange.settings))
        .fetch_one(connection)
        .await?;
    Ok((MessageId(question), MessageId(answer)))
}

async fn insert_one_by_one(
    tx: &mut Tx,
    head: Option<MessageId>,
    settings: &Settings,
    exchange: &NewExchange<'_>,
) -> Result<(MessageId, MessageId)> {
    let question = NewMessage {
        conversation_id: exchange.conversation,
        parent: head,
        role: MessageRole::User,
        content: exchange.question,
        status: MessageStatus::Complete,
        model: None,
        now: exchange.now,
    };
    let question_id = messages::insert(tx, &question).await?;
    let answer = NewMessage {
        parent: Some(question_id),
        role: MessageRole::Assistant,
        content: "",
        status: MessageStatus::Streaming,
        model: Some(exchange.model),
        ..question
    };
    let answer_id = messages::insert(tx, &answer).await?;
    conversations::set_head(tx, exchange.conversation, answer_id, settings).await?;
    let run = runs::NewRun {
        id: exchange.run,
        owner: exchange.owner,
        conversation_id: exchange.conversation,
        message_id: answer_id,
        user_message_id: question_id,
        client_message_id: exchange.client_message_id,
        request_digest: exchange.request_digest,
        provider: &exchange.model.provider,
        model: &exchange.model.model,
        sentiment_method: exchange.sentiment_method,
        settings: exchange.settings,
        node: exchange.node,
        now: exchange.now,
    };
    runs::insert(tx, &run).await?;
    Ok((question_id, answer_id))
}

/// Stores the end of an answer: the run, the rest of its log, the message, the conversation. `false`: the run is
/// another's by now, or deleted, and nothing was stored.
pub(crate) async fn finish(db: &Db, end: &End<'_>) -> Result<bool> {
    match db {
        Db::Postgres(pool) => finish_at_once(pool, end).await,
        Db::Sqlite(_) => {
            let mut tx = db.begin().await?;
            let (last, status) = (i64::from(end.last_seq), end.ending.status);
            if !runs::finish(&mut tx, end.run, end.lease_number, last, status, end.now).await? {
                return Ok(false);
            }
            run_log::append(&mut tx, end.run, end.first_seq, end.last_seq, end.entries).await?;
            messages::finish(&mut tx, end.message, &end.ending).await?;
            conversations::touch(&mut tx, end.conversation, end.now).await?;
            if let Some(feeling) = end.feeling {
                sentiment::set_reading(&mut tx, feeling.message, &feeling.sentiment).await?;
                sentiment::set_state(&mut tx, end.conversation, Some(&feeling.state)).await?;
            }
            tx.commit().await?;
            Ok(true)
        }
    }
}

async fn finish_at_once(pool: &PgPool, end: &End<'_>) -> Result<bool> {
    const SQL: &str = "with run as ( \
           update runs set status = $3, last_seq = $4, finished_at = $5, node_id = null \
           where id = $1 and lease_number = $2 and status = 'running' returning id), \
         log as ( \
           insert into run_log (run_id, first_seq, last_seq, events) select id, $6, $4, $7 from run \
           on conflict (run_id, last_seq) do nothing), \
         message as ( \
           update messages m set content = $8, thought = $9, status = $3, input_tokens = $10, output_tokens = $11, \
                                 cost_micros = $12, model_info = $13 \
           from run where m.id = $14), \
         question as ( \
           update messages q set sentiment_score = $16, sentiment_label = $17, sentiment_emotion = $18, \
                                 sentiment_confidence = $19, sentiment_method = $20, sentiment_data = $21 \
           from run where q.id = $22) \
         update conversations c set updated_at = $5, sentiment_state = coalesce($23, c.sentiment_state) \
         from run where c.id = $15";
    let reading = end.feeling.map(|feeling| &feeling.sentiment);
    let usage = end.ending.model.usage;
    let ended = sqlx::query(SQL)
        .bind(end.run.0)
        .bind(end.lease_number)
        .bind(status_str(end.ending.status))
        .bind(i64::from(end.last_seq))
        .bind(end.now)
        .bind(i64::from(end.first_seq))
        .bind(Json(end.entries))
        .bind(end.ending.content)
        .bind(end.ending.thought)
        .bind(usage.map(|usage| usage.input_tokens))
        .bind(usage.map(|usage| usage.output_tokens))
        .bind(usage.and_then(|usage| usage.cost_micros))
        .bind(Json(end.ending.model))
        .bind(end.message.0)
        .bind(end.conversation.0)
        .bind(reading.map(|reading| reading.score))
        .bind(reading.map(|reading| reading.label.as_str()))
        .bind(reading.and_then(|reading| reading.emotion.as_deref()))
        .bind(reading.map(|reading| reading.confidence))
        .bind(reading.map(|reading| reading.method.as_str()))
        .bind(reading.map(Json))
        .bind(end.feeling.map(|feeling| feeling.message.0))
        .bind(end.feeling.map(|feeling| Json(&feeling.state)))
        .execute(pool)
        .await?;
    Ok(ended.rows_affected() == 1)
}
