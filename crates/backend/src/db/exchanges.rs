//! A question with its answer, across the tables: how the two are stored at once with the run that writes the answer,
//! and how the answer's end is.
//!
//! These are what a chat is made of, so they cost as little as the engine allows. Both engines are asked as seldom as can
//! be: each statement is a journey to the server on Postgres and a change of threads on SQLite. Postgres does it all in
//! one statement, SQLite in one text of several, which count their parameters together. Several that come at once are one
//! transaction, and on Postgres one statement.

use super::conversations::{self, Held, Settings, Version};
use super::messages::status_str;
use super::run_log::Entry;
use super::runs::method_str;
use super::{Db, Result, Tx, users};
use crate::sentiment::State;
use chrono::{DateTime, Utc};
use sqlx::{postgres::PgPool, types::Json};
use std::collections::HashMap;
use types::{
    ConversationId, GenerationSettings, MessageId, MessageStatus, ModelInfo, ModelRef, RunId, Sentiment,
    SentimentMethod, UserId,
};
use uuid::Uuid;

/// A question that is to be stored with an empty answer and its run.
#[derive(Clone, Debug)]
pub(crate) struct NewExchange {
    pub(crate) run: RunId,
    pub(crate) owner: UserId,
    pub(crate) conversation: ConversationId,
    /// The title of the conversation where it begins with this question.
    pub(crate) title: Option<String>,
    pub(crate) question: String,
    /// How the question reads, where that is known already.
    pub(crate) reading: Option<Sentiment>,
    pub(crate) model: ModelInfo,
    /// The model of `model`, which from now on is the conversation's.
    pub(crate) chosen: ModelRef,
    /// It was named with the question. Else a model that somebody has chosen for the conversation meanwhile stays.
    pub(crate) is_named: bool,
    /// It answers from now on in the owner's new conversations.
    pub(crate) is_preferred: bool,
    pub(crate) client_message_id: Option<Uuid>,
    pub(crate) request_digest: Vec<u8>,
    pub(crate) sentiment_method: SentimentMethod,
    pub(crate) settings: GenerationSettings,
    pub(crate) node: Uuid,
    pub(crate) now: DateTime<Utc>,
}

/// How an answer ends. For the holder of its run's lease.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) run: RunId,
    pub(crate) lease_number: i64,
    pub(crate) conversation: ConversationId,
    pub(crate) message: MessageId,
    pub(crate) content: String,
    pub(crate) thought: String,
    pub(crate) status: MessageStatus,
    pub(crate) model: ModelInfo,
    /// The rest of the log: the events with `first_seq < n <= last_seq`.
    pub(crate) first_seq: u32,
    pub(crate) last_seq: u32,
    pub(crate) entries: Vec<Entry>,
    pub(crate) now: DateTime<Utc>,
}

/// A question and its answer as they were stored.
#[derive(Clone, Debug)]
pub(crate) struct Inserted {
    pub(crate) question: MessageId,
    pub(crate) answer: MessageId,
    /// The conversation before them; `None` where it begins.
    pub(crate) before: Option<Version>,
    /// How the conversation reads with the question, where the question came with its reading.
    pub(crate) state: Option<State>,
}

/// Whether an exchange can be stored with others: on Postgres those that begin a conversation, and so wait for no other
/// exchange of it.
pub(crate) const fn joins(db: &Db, exchange: &NewExchange) -> bool {
    matches!(db, Db::Sqlite(_)) || exchange.title.is_some()
}

/// Postgres' statement that begins conversations, each with its question.
const POSTGRES_BEGIN: &str = "with asked as ( \
       select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::jsonb[], $7::uuid[], \
                            $8::bigint[], $9::uuid[], $10::bytea[], $11::text[], $12::uuid[], $13::jsonb[], $14::text[], \
                            $15::jsonb[], $16::boolean[], $17::float8[], $18::text[], $19::text[], $20::float8[], \
                            $21::text[], $22::jsonb[], $23::jsonb[]) \
       as asked (conversation_id, question, now, provider, model, model_info, run_id, user_id, client_message_id, \
                 request_digest, sentiment_method, node_id, chosen, title, settings, is_preferred, score, label, emotion, \
                 confidence, read_by, reading, state)), \
     question as ( \
       insert into messages (conversation_id, depth, role, content, thought, status, created_at, sentiment_score, \
                             sentiment_label, sentiment_emotion, sentiment_confidence, sentiment_method, sentiment_data) \
       select conversation_id, 0, 'user', question, '', 'complete', now, score, label, emotion, confidence, read_by, \
              reading \
       from asked returning id, conversation_id), \
     answer as ( \
       insert into messages (conversation_id, parent_id, depth, role, content, thought, status, provider, model, \
                             model_info, created_at) \
       select conversation_id, id, 1, 'assistant', '', '', 'streaming', provider, model, model_info, now \
       from question join asked using (conversation_id) returning id, parent_id, conversation_id), \
     conversation as ( \
       insert into conversations (id, user_id, title, head_message_id, settings, pinned, archived, created_at, \
                                  updated_at, sentiment_state) \
       select conversation_id, user_id, title, id, chosen, false, false, now, now, state \
       from answer join asked using (conversation_id)), \
     run as ( \
       insert into runs (id, user_id, conversation_id, message_id, user_message_id, client_message_id, request_digest, \
                         status, provider, model, sentiment_method, node_id, lease_number, last_seq, settings, created_at) \
       select run_id, user_id, conversation_id, id, parent_id, client_message_id, request_digest, 'running', provider, \
              model, sentiment_method, node_id, 1, 0, settings, now from answer join asked using (conversation_id)), \
     preferred as ( \
       update users u set settings = u.settings || jsonb_build_object('model', asked.chosen -> 'model'), \
                          updated_at = asked.now \
       from asked where u.id = asked.user_id and asked.is_preferred) \
     select conversation_id, parent_id, id from answer";

/// Postgres' statement that goes on with a conversation whose row is held.
const POSTGRES_CONTINUE: &str = "with question as ( \
       insert into messages (conversation_id, parent_id, depth, role, content, thought, status, created_at, \
                             sentiment_score, sentiment_label, sentiment_emotion, sentiment_confidence, \
                             sentiment_method, sentiment_data) \
       values ($1, $2, coalesce((select depth + 1 from messages where id = $2), 0), 'user', $3, '', 'complete', $4, \
               $16, $17, $18, $19, $20, $21) \
       returning id, depth), \
     answer as ( \
       insert into messages (conversation_id, parent_id, depth, role, content, thought, status, provider, model, \
                             model_info, created_at) \
       select $1, id, depth + 1, 'assistant', '', '', 'streaming', $5, $6, $7, $4 from question returning id, parent_id), \
     conversation as ( \
       update conversations c set head_message_id = answer.id, settings = $14, updated_at = $4, \
                                  sentiment_state = coalesce($22, c.sentiment_state) \
       from answer where c.id = $1), \
     run as ( \
       insert into runs (id, user_id, conversation_id, message_id, user_message_id, client_message_id, request_digest, \
                         status, provider, model, sentiment_method, node_id, lease_number, last_seq, settings, created_at) \
       select $8, $9, $1, id, parent_id, $10, $11, 'running', $5, $6, $12, $13, 1, 0, $15, $4 from answer) \
     select parent_id, id from answer";

/// The same for SQLite, after the statement for the conversation's row. Each statement finds what the one before it wrote.
macro_rules! in_turn {
    ($conversation:literal) => {
        concat!(
            $conversation,
            "insert into messages (conversation_id, parent_id, depth, role, content, thought, status, created_at, \
                                   sentiment_score, sentiment_label, sentiment_emotion, sentiment_confidence, \
                                   sentiment_method, sentiment_data) \
             values ($1, $2, coalesce((select depth + 1 from messages where id = $2), 0), 'user', $3, '', 'complete', $4, \
                     $16, $17, $18, $19, $20, $21); \
             insert into messages (conversation_id, parent_id, depth, role, content, thought, status, provider, model, \
                                   model_info, created_at) \
             select $1, id, depth + 1, 'assistant', '', '', 'streaming', $5, $6, $7, $4 from messages \
             where id = last_insert_rowid(); \
             update conversations set head_message_id = last_insert_rowid(), settings = $14, updated_at = $4, \
                                      sentiment_state = coalesce($22, sentiment_state) \
             where id = $1; \
             insert into runs (id, user_id, conversation_id, message_id, user_message_id, client_message_id, \
                               request_digest, status, provider, model, sentiment_method, node_id, lease_number, last_seq, \
                               settings, created_at) \
             select $8, $9, $1, id, parent_id, $10, $11, 'running', $5, $6, $12, $13, 1, 0, $15, $4 from messages \
             where id = last_insert_rowid(); \
             select user_message_id, message_id from runs where id = $8"
        )
    };
}

const SQLITE_BEGIN: &str = in_turn!(
    "insert into conversations (id, user_id, title, settings, pinned, archived, created_at, updated_at) \
     values ($1, $9, $23, $14, false, false, $4, $4); "
);

const SQLITE_CONTINUE: &str = in_turn!("");

/// The question of one of the texts above that store one exchange.
macro_rules! ask {
    ($sql:expr, $head:expr, $settings:expr, $state:expr, $exchange:expr) => {
        sqlx::query_as::<_, (i64, i64)>($sql)
            .bind($exchange.conversation.0)
            .bind($head.map(|id: MessageId| id.0))
            .bind(&$exchange.question)
            .bind($exchange.now)
            .bind(&$exchange.model.provider)
            .bind(&$exchange.model.model)
            .bind(Json(&$exchange.model))
            .bind($exchange.run.0)
            .bind($exchange.owner.0)
            .bind($exchange.client_message_id)
            .bind(&$exchange.request_digest)
            .bind(method_str($exchange.sentiment_method))
            .bind($exchange.node)
            .bind(Json($settings))
            .bind(Json($exchange.settings))
            .bind($exchange.reading.as_ref().map(|reading| reading.score))
            .bind($exchange.reading.as_ref().map(|reading| reading.label.as_str()))
            .bind($exchange.reading.as_ref().and_then(|reading| reading.emotion.as_deref()))
            .bind($exchange.reading.as_ref().map(|reading| reading.confidence))
            .bind($exchange.reading.as_ref().map(|reading| reading.method.as_str()))
            .bind($exchange.reading.as_ref().map(Json))
            .bind($state.map(Json))
    };
}

/// Stores questions, each with an empty answer and its run; `None` where the conversation is not the owner's. [`super::Error::Duplicate`] where a `client_message_id` was used before, or where
/// another run of a conversation is still going. After an error nothing is stored. More than one only of those that
/// [`joins`] says it of.
pub(crate) async fn insert(db: &Db, exchanges: &[NewExchange]) -> Result<Vec<Option<Inserted>>> {
    if let Db::Postgres(pool) = db
        && exchanges.iter().all(|exchange| joins(db, exchange))
    {
        return begin_at_once(pool, exchanges).await;
    }
    let mut tx = db.begin().await?;
    let mut stored = Vec::with_capacity(exchanges.len());
    for exchange in exchanges {
        stored.push(insert_one(&mut tx, exchange).await?);
    }
    tx.commit().await?;
    Ok(stored)
}

async fn insert_one(tx: &mut Tx, exchange: &NewExchange) -> Result<Option<Inserted>> {
    let begins = exchange.title.is_some();
    let (before, mut settings, state) = if begins {
        (None, Settings::default(), None)
    } else {
        let held = conversations::hold(tx, exchange.conversation, exchange.owner).await?;
        let Some(Held { version, settings, state }) = held else { return Ok(None) };
        (Some(version), settings, state)
    };
    // Of the row that is held: what is corrected at the same time is in it, or comes after this.
    let state = exchange.state_after(state.as_ref());
    let head = before.and_then(|version| version.head);
    if exchange.is_named || settings.model.is_none() {
        settings.model = Some(exchange.chosen.clone());
    }
    let (question, answer) = match tx {
        Tx::Sqlite(connection) => {
            let sql = if begins { SQLITE_BEGIN } else { SQLITE_CONTINUE };
            // Only all of its rows are the whole of a text of several statements.
            let rows = ask!(sql, head, &settings, state.as_ref(), exchange)
                .bind(&exchange.title)
                .fetch_all(&mut **connection)
                .await?;
            rows.into_iter().next_back().ok_or(sqlx::Error::RowNotFound)?
        }
        // A statement of its own: it sees what was stored before the conversation was held.
        Tx::Postgres(connection) => {
            ask!(POSTGRES_CONTINUE, head, &settings, state.as_ref(), exchange).fetch_one(&mut **connection).await?
        }
    };
    if exchange.is_preferred {
        users::prefer_model(tx, exchange.owner, &exchange.chosen, exchange.now).await?;
    }
    Ok(Some(Inserted { question: MessageId(question), answer: MessageId(answer), before, state }))
}

async fn begin_at_once(pool: &PgPool, exchanges: &[NewExchange]) -> Result<Vec<Option<Inserted>>> {
    let chosen = |exchange: &NewExchange| Json(Settings { model: Some(exchange.chosen.clone()) });
    let states = column(exchanges, |exchange| exchange.state_after(None));
    let rows: Vec<(Uuid, i64, i64)> = sqlx::query_as(POSTGRES_BEGIN)
        .bind(column(exchanges, |exchange| exchange.conversation.0))
        .bind(column(exchanges, |exchange| exchange.question.as_str()))
        .bind(column(exchanges, |exchange| exchange.now))
        .bind(column(exchanges, |exchange| exchange.model.provider.as_str()))
        .bind(column(exchanges, |exchange| exchange.model.model.as_str()))
        .bind(column(exchanges, |exchange| Json(&exchange.model)))
        .bind(column(exchanges, |exchange| exchange.run.0))
        .bind(column(exchanges, |exchange| exchange.owner.0))
        .bind(column(exchanges, |exchange| exchange.client_message_id))
        .bind(column(exchanges, |exchange| exchange.request_digest.as_slice()))
        .bind(column(exchanges, |exchange| method_str(exchange.sentiment_method)))
        .bind(column(exchanges, |exchange| exchange.node))
        .bind(column(exchanges, chosen))
        .bind(column(exchanges, |exchange| exchange.title.as_deref()))
        .bind(column(exchanges, |exchange| Json(exchange.settings)))
        .bind(column(exchanges, |exchange| exchange.is_preferred))
        .bind(column(exchanges, |exchange| exchange.reading.as_ref().map(|reading| reading.score)))
        .bind(column(exchanges, |exchange| exchange.reading.as_ref().map(|reading| reading.label.as_str())))
        .bind(column(exchanges, |exchange| exchange.reading.as_ref().and_then(|reading| reading.emotion.as_deref())))
        .bind(column(exchanges, |exchange| exchange.reading.as_ref().map(|reading| reading.confidence)))
        .bind(column(exchanges, |exchange| exchange.reading.as_ref().map(|reading| reading.method.as_str())))
        .bind(column(exchanges, |exchange| exchange.reading.as_ref().map(Json)))
        .bind(column(&states, |state| state.as_ref().map(Json)))
        .fetch_all(pool)
        .await?;
    let stored: HashMap<_, _> = rows.into_iter().map(|(id, question, answer)| (id, (question, answer))).collect();
    let inserted = |(exchange, state): (&NewExchange, Option<State>)| {
        let (question, answer) = stored.get(&exchange.conversation.0).copied()?;
        Some(Inserted { question: MessageId(question), answer: MessageId(answer), before: None, state })
    };
    Ok(exchanges.iter().zip(states).map(inserted).collect())
}

impl NewExchange {
    /// How the conversation reads with the question. `None`: the question is yet to be read.
    fn state_after(&self, before: Option<&State>) -> Option<State> {
        self.reading.as_ref().map(|reading| State::with(before, reading, None))
    }
}

/// One value of each, as Postgres' `unnest` takes them.
fn column<'a, T, V>(of: &'a [T], value: impl Fn(&'a T) -> V) -> Vec<V> {
    of.iter().map(value).collect()
}

/// Postgres' statement that ends answers. Like everybody who writes in a conversation it holds the row of that first: whoever
/// held an answer's run and waited for its conversation would wait for a start that holds the conversation and waits for the
/// run.
const POSTGRES_FINISH: &str = "with ended as ( \
       select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::timestamptz[], $6::bigint[], \
                            $7::jsonb[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], \
                            $13::jsonb[], $14::bigint[], $15::uuid[]) \
       as ended (run_id, lease_number, status, last_seq, now, first_seq, events, content, thought, input_tokens, \
                 output_tokens, cost_micros, model_info, message_id, conversation_id)), \
     locked as (select id from conversations where id = any($15) order by id for no key update), \
     run as ( \
       update runs r set status = e.status, last_seq = e.last_seq, finished_at = e.now, node_id = null from ended e \
       where r.id = e.run_id and r.lease_number = e.lease_number and r.status = 'running' \
       and e.conversation_id in (select id from locked) returning r.id), \
     held as (select ended.* from ended join run on run.id = ended.run_id), \
     log as ( \
       insert into run_log (run_id, first_seq, last_seq, events) select run_id, first_seq, last_seq, events from held \
       on conflict (run_id, last_seq) do nothing), \
     answer as ( \
       update messages m set content = e.content, thought = e.thought, status = e.status, \
                             input_tokens = e.input_tokens, output_tokens = e.output_tokens, \
                             cost_micros = e.cost_micros, model_info = e.model_info from held e where m.id = e.message_id), \
     conversation as ( \
       update conversations c set updated_at = e.now, revision = c.revision + 1 \
       from held e where c.id = e.conversation_id returning c.id, c.revision) \
     select run_id, revision from held join conversation on id = conversation_id";

/// The run's row comes last: the others are written only while it says that the run is still the lease's.
const SQLITE_FINISH: &str = "\
     insert into run_log (run_id, first_seq, last_seq, events) select id, $6, $4, $7 from runs \
     where id = $1 and lease_number = $2 and status = 'running' on conflict (run_id, last_seq) do nothing; \
     update messages set content = $8, thought = $9, status = $3, input_tokens = $10, output_tokens = $11, \
                         cost_micros = $12, model_info = $13 \
     where id = $14 and exists (select 1 from runs where id = $1 and lease_number = $2 and status = 'running'); \
     update conversations set updated_at = $5, revision = revision + 1 \
     where id = $15 and exists (select 1 from runs where id = $1 and lease_number = $2 and status = 'running'); \
     update runs set status = $3, last_seq = $4, finished_at = $5, node_id = null \
     where id = $1 and lease_number = $2 and status = 'running' \
     returning id, (select revision from conversations where id = $15)";

/// The question of one of the two texts above: $each makes a parameter of what it is to be made of.
macro_rules! ask_end {
    ($sql:expr, $each:ident) => {
        sqlx::query_as::<_, (Uuid, i64)>($sql)
            .bind($each!(|end| end.run.0))
            .bind($each!(|end| end.lease_number))
            .bind($each!(|end| status_str(end.status)))
            .bind($each!(|end| i64::from(end.last_seq)))
            .bind($each!(|end| end.now))
            .bind($each!(|end| i64::from(end.first_seq)))
            .bind($each!(|end| Json(&end.entries)))
            .bind($each!(|end| end.content.as_str()))
            .bind($each!(|end| end.thought.as_str()))
            .bind($each!(|end| end.model.usage.map(|usage| usage.input_tokens)))
            .bind($each!(|end| end.model.usage.map(|usage| usage.output_tokens)))
            .bind($each!(|end| end.model.usage.and_then(|usage| usage.cost_micros)))
            .bind($each!(|end| Json(&end.model)))
            .bind($each!(|end| end.message.0))
            .bind($each!(|end| end.conversation.0))
    };
}

/// Stores the ends of answers: of each the run, the rest of its log, the message, the conversation, whose revision it
/// gives. `None`: the run is another's by now, or deleted, and nothing of it was stored.
pub(crate) async fn finish(db: &Db, ends: &[End]) -> Result<Vec<Option<i64>>> {
    match db {
        Db::Postgres(pool) => finish_at_once(pool, ends).await,
        Db::Sqlite(sqlite) => {
            let mut tx = sqlite.begin().await?;
            let mut ended = Vec::with_capacity(ends.len());
            for one in ends {
                macro_rules! of_one {
                    (|$end:ident| $value:expr) => {{
                        let $end = one;
                        $value
                    }};
                }
                let rows = ask_end!(SQLITE_FINISH, of_one).fetch_all(&mut *tx).await?;
                ended.push(rows.first().map(|(_, revision)| *revision));
            }
            tx.commit().await?;
            Ok(ended)
        }
    }
}

async fn finish_at_once(pool: &PgPool, ends: &[End]) -> Result<Vec<Option<i64>>> {
    macro_rules! of_each {
        (|$end:ident| $value:expr) => {
            column(ends, |$end: &End| $value)
        };
    }
    let rows = ask_end!(POSTGRES_FINISH, of_each).fetch_all(pool).await?;
    let ended: HashMap<Uuid, i64> = rows.into_iter().collect();
    Ok(ends.iter().map(|end| ended.get(&end.run.0).copied()).collect())
}
