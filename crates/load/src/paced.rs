//! Streams that ask for one answer after the other: how many come in a second, and how long the first word takes.

use crate::{
    connection::{Line, with_line},
    reader::{Answer, Progress, Reader, Wire},
    stored,
    target::Target,
};
use anyhow::Context as _;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// What is asked when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) streams: u32,
    /// Tokens of an answer.
    pub(crate) length: usize,
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
    /// Over how long the streams begin.
    pub(crate) spread: Duration,
}

/// The answers of one stream whose text is compared with what is stored: its first, and each so many after it.
const SAMPLE_EVERY: usize = 100;

/// An answer that came.
struct Measured {
    first_word: Duration,
    ended: Instant,
}

/// What one stream has to tell.
#[derive(Default)]
struct Told {
    measured: Vec<Measured>,
    sampled: Vec<Answer>,
}

/// Runs a plan and gives its figures: `answers` in all, `per_second` and the milliseconds to the first word (`p50`, `p99`)
/// of those that ended while it was measured, `checked` answers that are stored in full, and the share of one processor
/// that this program took (`generator`).
pub(crate) async fn run(target: Target, plan: Plan) -> anyhow::Result<Value> {
    let target = Arc::new(target);
    let began = Instant::now();
    let from = began + plan.spread + plan.warm_up;
    let until = from + plan.measured;
    let mut streams = JoinSet::new();
    for index in 0..plan.streams {
        let target = target.clone();
        let turn = began + plan.spread * index / plan.streams;
        streams.spawn(async move {
            sleep_until(turn).await;
            let told = with_line(&target, async |line| ask_until(line, &target, index, until).await).await;
            (index, told)
        });
    }
    let (mut all, mut checked) = (Vec::new(), 0);
    let mut samples = Vec::new();
    while let Some(stream) = streams.join_next().await {
        let (index, told) = stream?;
        let told = told.with_context(|| format!("stream {index}"))?;
        all.extend(told.measured);
        samples.extend(told.sampled.into_iter().map(|answer| (index, answer)));
    }
    let share = processor_seconds().context("this process has no record of its time")? / began.elapsed().as_secs_f64();
    for (stream, answer) in samples {
        stored::check(&target, stream, &answer, plan.length).await?;
        checked += 1;
    }
    let mut first_words: Vec<Duration> =
        all.iter().filter(|answer| (from..until).contains(&answer.ended)).map(|answer| answer.first_word).collect();
    first_words.sort_unstable();
    let measured = f64::from(u32::try_from(first_words.len())?);
    Ok(json!({
        "answers": all.len(),
        "per_second": measured / plan.measured.as_secs_f64(),
        "p50": percentile(&first_words, 50),
        "p99": percentile(&first_words, 99),
        "checked": checked,
        "generator": share,
    }))
}

async fn ask_until(mut line: Line, target: &Target, index: u32, until: Instant) -> anyhow::Result<Told> {
    let mut told = Told::default();
    while Instant::now() < until {
        let keep = told.measured.len().is_multiple_of(SAMPLE_EVERY);
        let mut reader = Reader::new(target.wire(), keep && target.wire() == Wire::Lia);
        let request = target.ask(index)?;
        let asked = Instant::now();
        let mut first_word = None;
        line.ask(request, &mut reader, |progress, now| {
            if progress != Progress::Waiting {
                first_word.get_or_insert(now - asked);
            }
        })
        .await?;
        told.measured.push(Measured { first_word: first_word.unwrap_or_default(), ended: Instant::now() });
        told.sampled.extend(reader.answer()?);
    }
    Ok(told)
}

/// A percentile in milliseconds by the nearest rank; null where nothing was measured.
fn percentile(sorted: &[Duration], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).map(|duration| duration.as_secs_f64() * 1e3)
}

/// Seconds of processor time that this process has taken, from /proc/self/stat: fields 14 and 15 in ticks, of which Linux
/// shows a hundred a second on every machine.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may hold spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_ranks() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sorted, 50), Some(100.0));
        assert_eq!(percentile(&sorted, 99), Some(198.0));
        assert_eq!(percentile(&sorted[..1], 99), Some(1.0));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn the_process_knows_its_time() {
        assert!(processor_seconds().is_some());
    }
}
