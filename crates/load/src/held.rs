//! Streams that are all open at once: that they are, and that each goes on. What they cost is read from outside.

use crate::{connection::with_line, reader::Reader, target::Target};
use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// Opens the streams over `spread`, holds them for `open`, and gives how many of them have spoken (`open`) and how many
/// went on while all were open (`alive`). Fails where one ended: the answers are to be longer than this takes.
pub(crate) async fn run(target: Target, streams: u32, open: Duration, spread: Duration) -> anyhow::Result<Value> {
    let target = Arc::new(target);
    let began = Instant::now();
    let all_begun = began + spread;
    let until = all_begun + open;
    let heard: Arc<[Mutex<Option<Instant>>]> = (0..streams).map(|_| Mutex::default()).collect();
    let mut tasks = JoinSet::new();
    for index in 0..streams {
        let (target, heard) = (target.clone(), heard.clone());
        let turn = began + spread * index / streams;
        tasks.spawn(async move {
            sleep_until(turn).await;
            let listening = with_line(&target, async |mut line| {
                let mut reader = Reader::new(target.wire(), false);
                let request = target.ask(index)?;
                line.ask(request, &mut reader, |_, now| {
                    *heard[index as usize].lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                })
                .await
            });
            tokio::select! {
                ended = listening => Some(ended.with_context(|| format!("stream {index}"))),
                () = sleep_until(until) => None,
            }
        });
    }
    let mut ended = 0_usize;
    while let Some(task) = tasks.join_next().await {
        if let Some(outcome) = task? {
            outcome?;
            ended += 1;
        }
    }
    ensure!(ended == 0, "{ended} answers ended before all were open long enough");
    let last_heard: Vec<Instant> =
        heard.iter().filter_map(|heard| *heard.lock().unwrap_or_else(PoisonError::into_inner)).collect();
    let alive = last_heard.iter().filter(|heard| **heard > all_begun).count();
    Ok(json!({"open": last_heard.len(), "alive": alive}))
}
