//! What must be true in the end, and what was found: by asking Lia, and by looking into her database.

use crate::{user::Answer, world::World};
use anyhow::{Context as _, ensure};
use serde_json::Value;
use sqlx::{AnyConnection, Connection as _};
use std::{collections::BTreeMap, fmt};

/// What was found.
pub(crate) struct Found {
    acknowledged: usize,
    complete: usize,
    taken_over: usize,
    returns: u32,
    /// How the others ended, and how many.
    others: BTreeMap<String, usize>,
    /// Sentences about what must not be.
    wrong: Vec<String>,
    logs: String,
}

impl Found {
    pub(crate) fn is_good(&self) -> bool {
        self.wrong.is_empty()
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, complete, taken_over, returns, others, wrong, logs } = self;
        writeln!(
            f,
            "found: {acknowledged} answers, {complete} written to their end ({} %), {taken_over} of them with a seam; \
             followers came back {returns} times",
            complete * 100 / (*acknowledged).max(1)
        )?;
        for (ending, count) in others {
            writeln!(f, "       {count} ended otherwise: {ending}")?;
        }
        for sentence in wrong {
            writeln!(f, "WRONG: {sentence}")?;
        }
        match wrong.len() {
            0 => write!(f, "nothing was lost, nothing doubled"),
            count => write!(f, "{count} things are wrong; the logs: {logs}"),
        }
    }
}

/// Looks at every answer that was acknowledged.
pub(crate) async fn check(world: &World, answers: &[Answer], unfinished: usize) -> anyhow::Result<Found> {
    let mut found = Found {
        acknowledged: answers.len(),
        complete: 0,
        taken_over: 0,
        returns: answers.iter().map(|answer| answer.returns.saturating_sub(1)).sum(),
        others: BTreeMap::new(),
        wrong: Vec::new(),
        logs: String::new(),
    };
    if unfinished > 0 {
        found.wrong.push(format!("{unfinished} users never saw the end of an answer"));
    }
    if answers.is_empty() {
        found.wrong.push("nobody was answered at all".to_owned());
    }
    for answer in answers {
        let mut wrong = |what: &str| found.wrong.push(format!("{what} ({}, run {})", answer.question, answer.run));
        let stored = match stored(world, answer).await {
            Ok(stored) => stored,
            Err(error) => {
                wrong(&format!("the conversation is not there: {error:#}"));
                continue;
            }
        };
        let [question, message] = stored.as_slice() else {
            wrong(&format!("there are {} messages", stored.len()));
            continue;
        };
        let (content, status) = (text(message, "content"), text(message, "status"));
        if text(question, "content") != answer.question {
            wrong("the question is another one");
        }
        if status == "streaming" {
            wrong("the run has not ended");
        }
        if content != answer.text {
            wrong(&format!("the follower shows {:?} and the database {content:?}", answer.text));
        }
        if status == "complete" {
            found.complete += 1;
            found.taken_over += usize::from(message["model_info"]["seams"].is_array());
            if content != answer.whole {
                wrong(&format!("words are lost or doubled: {content:?}"));
            }
            continue;
        }
        let error = &message["model_info"]["error"];
        *found.others.entry(format!("{status}, {}", text(error, "code"))).or_default() += 1;
        if !answer.whole.starts_with(content) {
            wrong(&format!("words of a broken answer are lost or doubled: {content:?}"));
        }
    }
    let gaps = gaps(world).await?;
    if gaps > 0 {
        found.wrong.push(format!("{gaps} rows of the log go on from no other: two have written a run"));
    }
    if !found.is_good() {
        found.logs = world.keep_logs();
    }
    Ok(found)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The messages of an answer's conversation.
async fn stored(world: &World, answer: &Answer) -> anyhow::Result<Vec<Value>> {
    let url = format!("{}/api/v1/chat/conversation/{}", world.nodes[0].url, answer.conversation);
    let response = world.http.get(url).bearer_auth(&answer.token).send().await?;
    ensure!(response.status() == 200, "answered {}", response.status());
    let conversation: Value = serde_json::from_str(&response.text().await?)?;
    Ok(conversation["messages"].as_array().cloned().unwrap_or_default())
}

/// The rows of the log that begin where no other ends: each writer goes on where the one before it has ended.
async fn gaps(world: &World) -> anyhow::Result<i64> {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&world.database).await.context("the database cannot be looked into")?;
    let sql = "select count(*) from run_log a where a.first_seq > 0 \
               and not exists (select 1 from run_log b where b.run_id = a.run_id and b.last_seq = a.first_seq)";
    Ok(sqlx::query_scalar(sql).fetch_one(&mut connection).await?)
}
