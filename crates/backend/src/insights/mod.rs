//! How everybody together feels: the numbers of the admin dashboard.
//!
//! Messages are many, so they are added up beforehand: a *cell* holds what was read on one day, by provider, model and
//! method (`cells`). A cell is always made whole, from the messages themselves; triggers of the database note the days
//! on which something was written, corrected or deleted, and [`roll_up`] makes the cells of those days anew. So a cell
//! equals what its messages say however they came and went, and what is deleted is gone from it with the next
//! roll-up. Weeks and months are added up from their days, so that an answer reads a few cells a month and the sums of
//! each point of its series, however many messages there are.
//!
//! What may be told of them is decided in `privacy` and `report`; the queries are those of `db::insights`, and there are
//! no others. What remains possible is the difference of two ranges that share most of their days: it can tell how a
//! day reads, and each of its numbers may come from few people, though never whose.

pub(crate) mod cells;
mod csv;
mod privacy;
pub(crate) mod report;

pub use csv::table as csv;

use crate::{Actor, Backend, Permission, db, error::Result};
use chrono::NaiveDate;
use db::insights::{Cell, StepSum};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::{Instant, sleep};
use types::{InsightParameters, InsightQuery, InsightStep, SentimentInsights};

/// How long what was written may wait for the dashboard.
const ROLL_UP_EVERY: Duration = Duration::from_secs(5);
/// A roll-up rests for as many times what it took, so that a busy day costs a fiftieth of a processor at most.
const REST: u32 = 50;
/// Days that are asked for at once.
const DAYS_AT_ONCE: i64 = 100;

/// How everybody feels, in a range and with filters. For admins.
pub async fn sentiment(backend: &Backend, actor: &Actor, parameters: &InsightParameters) -> Result<SentimentInsights> {
    actor.require(Permission::ViewInsights)?;
    let query = parameters.check(backend.clock.now().date_naive())?;
    let (cells, series) = read(&backend.db, &query).await?;
    Ok(report::report(&cells, &series, &query))
}

/// The cells of a range, whole months in one piece, and the sums of each of its steps: a range by week or month is one of
/// whole weeks or months.
pub(crate) async fn read(db: &db::Db, query: &InsightQuery) -> Result<(Vec<Cell>, Vec<StepSum>)> {
    let (from, end) = (query.from, InsightStep::Day.end(query.to));
    let months_end = InsightStep::Month.start(end);
    let months_begin = if from == InsightStep::Month.start(from) { from } else { InsightStep::Month.end(from) };
    let mut cells = Vec::new();
    if months_begin < months_end {
        cells.extend(db::insights::list(db, InsightStep::Day, from, months_begin).await?);
        cells.extend(db::insights::list(db, InsightStep::Month, months_begin, months_end).await?);
        cells.extend(db::insights::list(db, InsightStep::Day, months_end, end).await?);
    } else {
        cells.extend(db::insights::list(db, InsightStep::Day, from, end).await?);
    }
    Ok((cells, db::insights::list_sums(db, query.step, from, end).await?))
}

/// Makes the cells anew of every day that has changed since, and says how many days those were.
pub async fn roll_up(backend: &Backend) -> Result<usize> {
    let mut done = 0;
    loop {
        match roll_up_some(&backend.db).await? {
            0 => return Ok(done),
            days => done += days,
        }
    }
}

/// The same for a bounded number of days; 0: none has changed.
pub(crate) async fn roll_up_some(db: &db::Db) -> Result<usize> {
    let days = db::insights::list_changed_days(db, DAYS_AT_ONCE).await?;
    for day in &days {
        roll_up_day(db, *day).await?;
    }
    Ok(days.len())
}

/// One transaction a day: it takes the changes first and reads the messages after that, so whatever it does not see has
/// a change of its own. The week and the month are added up from their days.
async fn roll_up_day(db: &db::Db, day: NaiveDate) -> Result<()> {
    let mut tx = db.begin().await?;
    db::insights::take_changes(&mut tx, day).await?;
    let readings = db::insights::list_readings(&mut tx, day).await?;
    let courses = db::insights::list_courses(&mut tx, day).await?;
    db::insights::replace(&mut tx, InsightStep::Day, day, &cells::add_up(readings, courses)).await?;
    for step in [InsightStep::Week, InsightStep::Month] {
        let mut totals = BTreeMap::<_, cells::Totals>::new();
        for cell in db::insights::list_days(&mut tx, step.start(day), step.end(day)).await? {
            let sum = totals.entry(cell.source).or_default();
            match step {
                // What a range says beyond its series is added up from months and days.
                InsightStep::Week => sum.sum.join(&cell.totals.sum),
                InsightStep::Day | InsightStep::Month => sum.join(&cell.totals),
            }
        }
        db::insights::replace(&mut tx, step, step.start(day), &totals).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Keeps the cells up to date until the process goes down.
pub(crate) async fn keep_rolled_up(backend: Backend) {
    loop {
        let begun = Instant::now();
        if let Err(error) = roll_up(&backend).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the dashboard's numbers could not be added up");
        }
        let pause = ROLL_UP_EVERY.max(begun.elapsed() * REST);
        tokio::select! {
            () = sleep(pause) => {}
            () = backend.closed.cancelled() => return,
        }
    }
}
