//! The numbers of the dashboard: the days that are out of date, what was read on a day, and the cells.
//!
//! Triggers of the migrations note the days; whoever writes messages need not think of it. These queries are the only
//! ones on people's messages that take no owner: what comes of them is shown in groups only (`insights`).

use super::{Db, Result, Tx, read, within};
use crate::insights::cells::{Answer, Course, Detail, People, Reading, Source, Tally, Totals};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use sqlx::types::Json;
use std::collections::BTreeMap;
use types::{InsightStep, SentimentLabel};

/// A cell as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    pub(crate) source: Source,
    pub(crate) totals: Totals,
}

/// The sum of a cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StepSum {
    /// The first day of its step.
    pub(crate) starts_on: NaiveDate,
    pub(crate) source: Source,
    pub(crate) sum: Tally,
}

#[derive(sqlx::FromRow)]
struct CellRow {
    provider: String,
    model: String,
    method: String,
    messages: i64,
    score_sum: f64,
    people: Json<People>,
    detail: Json<Detail>,
}

#[derive(sqlx::FromRow)]
struct StepSumRow {
    day: NaiveDate,
    provider: String,
    model: String,
    method: String,
    messages: i64,
    score_sum: f64,
    people: Json<People>,
}

#[derive(sqlx::FromRow)]
struct ReadingRow {
    person: i64,
    provider: String,
    model: String,
    method: String,
    score: f64,
    label: Option<String>,
    emotion: Option<String>,
    score_before: Option<f64>,
    answer_provider: String,
    answer_model: String,
}

#[derive(sqlx::FromRow)]
struct CourseRow {
    person: i64,
    provider: String,
    model: String,
    method: String,
    first_score: f64,
    first_label: Option<String>,
    last_score: f64,
    last_label: Option<String>,
}

const CELLS: &str = "select provider, model, method, messages, score_sum, people, detail from sentiment_cells \
                     where step = $1 and day >= $2 and day < $3 order by day, provider, model, method";

/// The cells of the steps that begin between two days, the second not included.
pub(crate) async fn list(db: &Db, step: InsightStep, from: NaiveDate, end: NaiveDate) -> Result<Vec<Cell>> {
    let rows: Vec<CellRow> =
        read!(db, |pool| sqlx::query_as(CELLS).bind(step.as_str()).bind(from).bind(end).fetch_all(pool).await?);
    Ok(rows.into_iter().map(cell).collect())
}

/// The sums of the steps that begin between two days, the second not included.
pub(crate) async fn list_sums(db: &Db, step: InsightStep, from: NaiveDate, end: NaiveDate) -> Result<Vec<StepSum>> {
    const SQL: &str = "select day, provider, model, method, messages, score_sum, people from sentiment_cells \
                       where step = $1 and day >= $2 and day < $3 order by day, provider, model, method";
    let rows: Vec<StepSumRow> =
        read!(db, |pool| sqlx::query_as(SQL).bind(step.as_str()).bind(from).bind(end).fetch_all(pool).await?);
    let sum = |row: StepSumRow| StepSum {
        starts_on: row.day,
        source: Source { provider: row.provider, model: row.model, method: row.method },
        sum: Tally { messages: row.messages, score_sum: row.score_sum, people: row.people.0 },
    };
    Ok(rows.into_iter().map(sum).collect())
}

fn cell(row: CellRow) -> Cell {
    Cell {
        source: Source { provider: row.provider, model: row.model, method: row.method },
        totals: Totals {
            sum: Tally { messages: row.messages, score_sum: row.score_sum, people: row.people.0 },
            detail: row.detail.0,
        },
    }
}

/// The days that are out of date, the newest first; `limit` of them.
pub(crate) async fn list_changed_days(db: &Db, limit: i64) -> Result<Vec<NaiveDate>> {
    const SQL: &str = "select day from sentiment_changes group by day order by day desc limit $1";
    let rows: Vec<(NaiveDate,)> = read!(db, |pool| sqlx::query_as(SQL).bind(limit).fetch_all(pool).await?);
    Ok(rows.into_iter().map(|(day,)| day).collect())
}

/// Takes up the changes of a day. What they are about is visible to the statements after this one. Other processes wait
/// until the transaction has ended: the days of a month share its cells.
pub(crate) async fn take_changes(tx: &mut Tx, day: NaiveDate) -> Result<()> {
    const SQL: &str = "delete from sentiment_changes where day = $1";
    match tx {
        Tx::Postgres(tx) => {
            // Any number that nothing else of Lia's locks.
            sqlx::query("select pg_advisory_xact_lock(7041776)").execute(&mut **tx).await?;
        }
        // One writer, one process.
        Tx::Sqlite(_) => {}
    }
    within!(tx, |connection| sqlx::query(SQL).bind(day).execute(connection).await.map(drop))?;
    Ok(())
}

/// The messages of a day that were read. The model is that of the message's first answer.
pub(crate) async fn list_readings(tx: &mut Tx, day: NaiveDate) -> Result<Vec<Reading>> {
    const SQL: &str = "select c.user_id as person, \
           coalesce((select a.provider from messages a where a.parent_id = n.id and a.role = 'assistant' \
                     order by a.id limit 1), '') as provider, \
           coalesce((select a.model from messages a where a.parent_id = n.id and a.role = 'assistant' \
                     order by a.id limit 1), '') as model, \
           coalesce(n.sentiment_method, 'local') as method, n.sentiment_score as score, n.sentiment_label as label, \
           n.sentiment_emotion as emotion, b.sentiment_score as score_before, \
           coalesce(r.provider, '') as answer_provider, coalesce(r.model, '') as answer_model \
         from messages n \
         join conversations c on c.id = n.conversation_id and c.deleted_at is null \
         left join messages r on r.id = n.parent_id and r.role = 'assistant' \
         left join messages b on b.id = r.parent_id and b.role = 'user' \
         where n.sentiment_score is not null and n.role = 'user' and n.created_at >= $1 and n.created_at < $2 \
         order by n.id";
    let (begin, end) = bounds(day);
    let rows: Vec<ReadingRow> =
        within!(tx, |connection| sqlx::query_as(SQL).bind(begin).bind(end).fetch_all(connection).await?);
    let reading = |row: ReadingRow| Reading {
        person: row.person,
        source: Source { provider: row.provider, model: row.model, method: row.method },
        score: row.score,
        label: label(row.label, row.score),
        emotion: row.emotion,
        after: row.score_before.map(|score_before| Answer {
            provider: row.answer_provider,
            model: row.answer_model,
            score_before,
        }),
    };
    Ok(rows.into_iter().map(reading).collect())
}

/// The conversations begun on a day in which at least two messages after each other were read. The deepest one that was
/// read is the last, and the first is of the branch that leads to it: another wording of a question is no course.
pub(crate) async fn list_courses(tx: &mut Tx, day: NaiveDate) -> Result<Vec<Course>> {
    const SQL: &str = "with recursive branch (person, last_id, id, parent_id, depth, score) as ( \
           select c.user_id, l.id, l.id, l.parent_id, l.depth, l.sentiment_score \
             from conversations c \
             join messages l on l.id = (select m.id from messages m where m.conversation_id = c.id \
               and m.sentiment_score is not null order by m.depth desc, m.id desc limit 1) \
             where c.deleted_at is null and c.created_at >= $1 and c.created_at < $2 \
           union all \
           select b.person, b.last_id, m.id, m.parent_id, m.depth, m.sentiment_score \
             from branch b join messages m on m.id = b.parent_id), \
         course (last_id, first_depth) as ( \
           select last_id, min(depth) from branch where score is not null group by last_id) \
         select b.person, \
           coalesce((select a.provider from messages a where a.parent_id = f.id and a.role = 'assistant' \
                     order by a.id limit 1), '') as provider, \
           coalesce((select a.model from messages a where a.parent_id = f.id and a.role = 'assistant' \
                     order by a.id limit 1), '') as model, \
           coalesce(f.sentiment_method, 'local') as method, f.sentiment_score as first_score, \
           f.sentiment_label as first_label, l.sentiment_score as last_score, l.sentiment_label as last_label \
         from course \
         join branch b on b.last_id = course.last_id and b.depth = course.first_depth \
         join messages f on f.id = b.id \
         join messages l on l.id = course.last_id \
         where l.id <> f.id \
         order by f.id";
    let (begin, end) = bounds(day);
    let rows: Vec<CourseRow> =
        within!(tx, |connection| sqlx::query_as(SQL).bind(begin).bind(end).fetch_all(connection).await?);
    let course = |row: CourseRow| Course {
        person: row.person,
        source: Source { provider: row.provider, model: row.model, method: row.method },
        first: label(row.first_label, row.first_score),
        last: label(row.last_label, row.last_score),
    };
    Ok(rows.into_iter().map(course).collect())
}

/// The label of a message: its own, or that of its score.
fn label(own: Option<String>, score: f64) -> String {
    own.unwrap_or_else(|| SentimentLabel::of(score).as_str().to_owned())
}

/// The cells of the days between two days, as the transaction sees them.
pub(crate) async fn list_days(tx: &mut Tx, from: NaiveDate, end: NaiveDate) -> Result<Vec<Cell>> {
    let rows: Vec<CellRow> = within!(tx, |connection| sqlx::query_as(CELLS)
        .bind(InsightStep::Day.as_str())
        .bind(from)
        .bind(end)
        .fetch_all(connection)
        .await?);
    Ok(rows.into_iter().map(cell).collect())
}

/// Puts the cells of a step in the place of those there were.
pub(crate) async fn replace(
    tx: &mut Tx,
    step: InsightStep,
    day: NaiveDate,
    cells: &BTreeMap<Source, Totals>,
) -> Result<()> {
    const DELETE: &str = "delete from sentiment_cells where step = $1 and day = $2";
    const INSERT: &str = "insert into sentiment_cells \
                          (step, day, provider, model, method, messages, score_sum, people, detail) \
                          values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    within!(tx, |connection| sqlx::query(DELETE).bind(step.as_str()).bind(day).execute(connection).await.map(drop))?;
    for (source, totals) in cells {
        within!(tx, |connection| sqlx::query(INSERT)
            .bind(step.as_str())
            .bind(day)
            .bind(&source.provider)
            .bind(&source.model)
            .bind(&source.method)
            .bind(totals.sum.messages)
            .bind(totals.sum.score_sum)
            .bind(Json(&totals.sum.people))
            .bind(Json(&totals.detail))
            .execute(connection)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// The moments between which a day lies, UTC; the second is not part of it.
fn bounds(day: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    (midnight(day), midnight(day.checked_add_days(Days::new(1)).unwrap_or(day)))
}
