//! A question with its answer, across the tables: how the two are stored at once with the run that writes the answer,
//! and how the answer's end is.
//!
//! These are what a chat is made of, so they cost as little as the engine allows. Both engines are asked as seldom as can
//! be: each statement is a journey to the server on Postgres and a change of threads on SQLite. Postgres does it all in
//! one statement, SQLite in one text of several, which count their parameters together.

use super::conversations::{self, Held, Settings};
use super::messages::{self, status_str};
use super::run_log::Entry;
use super::runs::method_str;
use super::{Db, Result, Tx, users};
use crate::sentiment::Feeling;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use types::{ConversationId, GenerationSettings, MessageId, ModelInfo, ModelRef, RunId, SentimentMethod, UserId};
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

/// Postgres' statement that stores the messages and the run, around the one for the conversation's row.
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

const POSTGRES_BEGIN: &str = at_once!(
    "insert into conversations (id, user_id, title, head_message_id, settings, pinned, archived, created_at, updated_at) \
     select $1, $9, $15, id, $14, false, false, $4, $4 from answer"
);

const POSTGRES_BEGIN_AND_PREFER: &str = at_once!(
    "insert into conversations (id, user_id, title, head_message_id, settings, pinned, archived, created_at, updated_at) \
     select $1, $9, $15, id, $14, false, false, $4, $4 from answer), \
     preferred as ( \
       update users set settings = settings || jsonb_build_object('model', $14::jsonb -> 'model'), updated_at = $4 \
       where id = $9"
);

const POSTGRES_CONTINUE: &str = at_once!(
    "update conversations c set head_message_id = answer.id, settings = $14, title = coalesce($15, c.title) \
     from answer where c.id = $1"
);

/// The same for SQLite, after the statement for the conversation's row. Each statement finds what the one before it wrote.
macro_rules! in_turn {
    ($conversation:literal) => {
        concat!(
            $conversation,
            "insert into messages (conversation_id, parent_id, depth, role, content, thought, status, created_at) \
             values ($1, $2, coalesce((select depth + 1 from messages where id = $2), 0), 'user', $3, '', 'complete', $4); \
             insert into messages (conversation_id, parent_id, depth, role, content, thought, status, provider, model, \
                                   model_info, created_at) \
             select $1, id, depth + 1, 'assistant', '', '', 'streaming', $5, $6, $7, $4 from messages \
             where id = last_insert_rowid(); \
             update conversations set head_message_id = last_insert_rowid(), settings = $14 where id = $1; \
             insert into runs (id, user_id, conversation_id, message_id, user_message_id, client_message_id, \
                               request_digest, status, provider, model, sentiment_method, node_id, lease_number, last_seq, \
                               settings, created_at) \
             select $8, $9, $1, id, parent_id, $10, $11, 'running', $5, $6, $12, $13, 1, 0, $16, $4 from messages \
             where id = last_insert_rowid(); \
             select user_message_id, message_id from runs where id = $8"
        )
    };
}

const SQLITE_BEGIN: &str = in_turn!(
    "insert into conversations (id, user_id, title, settings, pinned, archived, created_at, updated_at) \
     values ($1, $9, $15, $14, false, false, $4, $4); "
);

const SQLITE_CONTINUE: &str = in_turn!("");

/// The question of one of the texts above.
macro_rules! ask {
    ($sql:expr, $head:expr, $settings:expr, $exchange:expr) => {
        sqlx::query_as::<_, (i64, i64)>($sql)
            .bind($exchange.conversation.0)
            .bind($head.map(|id: MessageId| id.0))
            .bind($exchange.question)
            .bind($exchange.now)
            .bind(&$exchange.model.provider)
            .bind(&$exchange.model.model)
            .bind(Json($exchange.model))
            .bind($exchange.run.0)
            .bind($exchange.owner.0)
            .bind($exchange.client_message_id)
            .bind($exchange.request_digest)
            .bind(method_str($exchange.sentiment_method))
            .bind($exchange.node)
            .bind(Json($settings))
            .bind($exchange.title)
            .bind(Json($exchange.settings))
    };
}

/// Stores a question, its empty answer and its run, and gives the ids of the two messages. `None` where the conversation
/// is not the owner's. [`super::Error::Duplicate`] where the `client_message_id` was used before, or where another run of
/// the conversation is still going. Then nothing is stored.
pub(crate) async fn insert(db: &Db, exchange: &NewExchange<'_>) -> Result<Option<(MessageId, MessageId)>> {
    let begins = exchange.title.is_some();
    if let Db::Postgres(pool) = db
        && begins
    {
        let settings = Settings { model: Some(exchange.chosen.clone()) };
        let sql = if exchange.is_preferred { POSTGRES_BEGIN_AND_PREFER } else { POSTGRES_BEGIN };
        let ids = ask!(sql, None, &settings, exchange).fetch_one(pool).await?;
        return Ok(Some(messages_of(ids)));
    }
    let mut tx = db.begin().await?;
    let held = if begins {
        Some(Held { head: None, settings: Settings::default() })
    } else {
        conversations::hold(&mut tx, exchange.conversation, exchange.owner, exchange.now).await?
    };
    let Some(Held { head, mut settings }) = held else { return Ok(None) };
    if exchange.is_named || settings.model.is_none() {
        settings.model = Some(exchange.chosen.clone());
    }
    let ids = match &mut tx {
        Tx::Sqlite(connection) => {
            let sql = if begins { SQLITE_BEGIN } else { SQLITE_CONTINUE };
            // Only all of its rows are the whole of a text of several statements.
            let rows = ask!(sql, head, &settings, exchange).fetch_all(&mut **connection).await?;
            rows.into_iter().next_back().ok_or(sqlx::Error::RowNotFound)?
        }
        // A statement of its own: it sees what was stored before the conversation was held.
        Tx::Postgres(connection) => {
            ask!(POSTGRES_CONTINUE, head, &settings, exchange).fetch_one(&mut **connection).await?
        }
    };
    if exchange.is_preferred {
        users::prefer_model(&mut tx, exchange.owner, &exchange.chosen, exchange.now).await?;
    }
    tx.commit().await?;
    Ok(Some(messages_of(ids)))
}

const fn messages_of((question, answer): (i64, i64)) -> (MessageId, MessageId) {
    (MessageId(question), MessageId(answer))
}

const POSTGRES_FINISH: &str = "with run as ( \
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
       from run where q.id = $22), \
     conversation as ( \
       update conversations c set updated_at = $5, sentiment_state = coalesce($23, c.sentiment_state) \
       from run where c.id = $15) \
     select id from run";

/// The run's row comes last: the others are written only while it says that the run is still the lease's.
const SQLITE_FINISH: &str = "\
     insert into run_log (run_id, first_seq, last_seq, events) select id, $6, $4, $7 from runs \
     where id = $1 and lease_number = $2 and status = 'running' on conflict (run_id, last_seq) do nothing; \
     update messages set content = $8, thought = $9, status = $3, input_tokens = $10, output_tokens = $11, \
                         cost_micros = $12, model_info = $13 \
     where id = $14 and exists (select 1 from runs where id = $1 and lease_number = $2 and status = 'running'); \
     update messages set sentiment_score = $16, sentiment_label = $17, sentiment_emotion = $18, \
                         sentiment_confidence = $19, sentiment_method = $20, sentiment_data = $21 \
     where id = $22 and exists (select 1 from runs where id = $1 and lease_number = $2 and status = 'running'); \
     update conversations set updated_at = $5, sentiment_state = coalesce($23, sentiment_state) \
     where id = $15 and exists (select 1 from runs where id = $1 and lease_number = $2 and status = 'running'); \
     update runs set status = $3, last_seq = $4, finished_at = $5, node_id = null \
     where id = $1 and lease_number = $2 and status = 'running' returning id";

/// Stores the end of an answer: the run, the rest of its log, the message, the conversation. `false`: the run is
/// another's by now, or deleted, and nothing was stored.
pub(crate) async fn finish(db: &Db, end: &End<'_>) -> Result<bool> {
    let reading = end.feeling.map(|feeling| &feeling.sentiment);
    let usage = end.ending.model.usage;
    macro_rules! ask {
        ($sql:expr) => {
            sqlx::query_as::<_, (Uuid,)>($sql)
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
        };
    }
    let ended = match db {
        Db::Postgres(pool) => ask!(POSTGRES_FINISH).fetch_all(pool).await?,
        Db::Sqlite(sqlite) => {
            let mut tx = sqlite.begin().await?;
            let ended = ask!(SQLITE_FINISH).fetch_all(&mut *tx).await?;
            tx.commit().await?;
            ended
        }
    };
    Ok(!ended.is_empty())
}
