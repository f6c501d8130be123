//! The load of `./dev bench relay`: asks for answers, many at a time, and says what came back and when.
//!
//! The same program, with the same connections and the same reading, asks Lia and asks the providers' stand-in directly,
//! so that the two can be compared. It runs on one thread and reads no more of an answer than it needs: it must not be
//! what is measured. It knows Lia's API as a stranger does, and starts nothing.
#![expect(clippy::print_stdout, reason = "its figures are its output")]

mod connection;
mod held;
mod paced;
mod reader;
mod stored;
mod target;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use std::{net::SocketAddr, time::Duration};
use target::Target;

/// Asks for answers, many at a time, and prints what was measured as one line of JSON.
#[derive(Debug, Parser)]
#[command(name = "load")]
struct Options {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Each stream asks for one answer after the other, each in a new conversation
    Answers {
        #[command(flatten)]
        who: Who,
        /// Seconds that are measured
        #[arg(long)]
        seconds: f64,
        /// Seconds before them
        #[arg(long, default_value_t = 1.0)]
        warm_up: f64,
        /// Seconds over which the streams begin, one after the other
        #[arg(long, default_value_t = 0.0)]
        spread: f64,
    },
    /// All streams are open at once for a while
    Held {
        #[command(flatten)]
        who: Who,
        /// Seconds that all of them are open
        #[arg(long)]
        seconds: f64,
        /// Seconds over which the streams begin, one after the other
        #[arg(long)]
        spread: f64,
    },
}

/// Who is asked for what.
#[derive(Clone, Debug, Args)]
struct Who {
    /// The address: 127.0.0.1:8000
    #[arg(long)]
    address: SocketAddr,
    /// A user's access token, once for each user; without one the address is the stand-in's
    #[arg(long = "token")]
    tokens: Vec<String>,
    /// Streams at a time
    #[arg(long)]
    streams: u32,
    /// Tokens of an answer
    #[arg(long, default_value_t = 100)]
    length: usize,
    /// Tokens a second; as fast as it goes without it
    #[arg(long)]
    pace: Option<u32>,
}

impl Who {
    fn target(&self) -> Target {
        let pace = self.pace.map(|pace| format!("+slow-{pace}")).unwrap_or_default();
        Target::new(self.address, &self.tokens, &format!("tokens-{}{pace}", self.length))
    }
}

/// File descriptors that are not connections.
const OTHER_FILES: u64 = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let figures = match Options::parse().task {
        Task::Answers { who, seconds, warm_up, spread } => {
            make_room(who.streams)?;
            let plan = paced::Plan {
                streams: who.streams,
                length: who.length,
                warm_up: Duration::from_secs_f64(warm_up),
                measured: Duration::from_secs_f64(seconds),
                spread: Duration::from_secs_f64(spread),
            };
            paced::run(who.target(), plan).await?
        }
        Task::Held { who, seconds, spread } => {
            make_room(who.streams)?;
            let (open, spread) = (Duration::from_secs_f64(seconds), Duration::from_secs_f64(spread));
            held::run(who.target(), who.streams, open, spread).await?
        }
    };
    println!("{figures}");
    Ok(())
}

/// Each stream is a connection of its own.
fn make_room(streams: u32) -> anyhow::Result<()> {
    let wanted = OTHER_FILES + u64::from(streams);
    let files = rlimit::increase_nofile_limit(wanted).context("the limit of open files cannot be raised")?;
    anyhow::ensure!(files >= wanted, "{streams} streams need {wanted} open files, and the system lets us have {files}");
    Ok(())
}
