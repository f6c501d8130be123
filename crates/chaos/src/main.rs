//! `./dev chaos`: breaks things under load, at random, and looks whether an answer was lost.
//!
//! It runs Lia's own program, several nodes on one Postgres and one Redis or one on SQLite, with the emulator as provider.
//! Users ask and follow their answers while nodes are killed and paused, the database is restarted, and Redis and the
//! provider go away. The
//! emulator's answers are numbered words, so that loss and doubling can be seen. It knows Lia as her users and her
//! operating system do; only in the end it looks into the database.
#![expect(clippy::print_stdout, reason = "what it did and found is its output")]

mod breaker;
mod user;
mod verdict;
mod world;

use anyhow::Context as _;
use clap::Parser;
use std::{path::PathBuf, process::ExitCode, time::Duration};
use tokio::time::{Instant, timeout_at};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use user::{Answer, User};
use world::World;

/// Breaks a running Lia at random and checks that nothing is lost.
#[derive(Debug, Parser)]
#[command(name = "chaos")]
struct Options {
    /// The program `lia`
    #[arg(long)]
    program: PathBuf,
    /// The program `emulator`
    #[arg(long)]
    emulator: PathBuf,
    /// The folder of the browser's half
    #[arg(long)]
    site: Option<PathBuf>,
    /// An empty database on a Postgres server; SQLite without it
    #[arg(long)]
    database: Option<String>,
    /// A shell command that restarts that server
    #[arg(long)]
    restart_database: Option<String>,
    /// The program `redis-server`: the nodes have a Redis beside that database
    #[arg(long)]
    redis: Option<PathBuf>,
    /// How many nodes share the database
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// Users that ask one question after the other
    #[arg(long, default_value_t = 12)]
    users: usize,
    /// For how long things break
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// What happens follows from it; without one it is drawn and printed
    #[arg(long)]
    seed: Option<u64>,
}

/// How long everything may take to come to an end after the last thing was broken.
const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let seed = options.seed.unwrap_or_else(rand::random);
    let engine = match (&options.database, &options.redis) {
        (Some(_), Some(_)) => "Postgres and Redis",
        (Some(_), None) => "Postgres",
        (None, Some(_)) => "SQLite and Redis",
        (None, None) => "SQLite",
    };
    println!("chaos: seed {seed}, {} s, {engine}, {} users", options.seconds, options.users);
    let world = World::start(&options).await.context("the world did not begin")?;
    let over = CancellationToken::new();
    let users = TaskTracker::new();
    let mut asking = Vec::new();
    for number in 0..options.users {
        let user = User::register(&world, number, seed).await.context("a user could not register")?;
        asking.push(users.spawn(user.ask_until(over.clone())));
    }
    let report = breaker::break_things(&world, seed, Duration::from_secs(options.seconds)).await?;
    over.cancel();
    let deadline = Instant::now() + PATIENCE;
    let mut answers: Vec<Answer> = Vec::new();
    let mut unfinished = 0;
    for asking in asking {
        match timeout_at(deadline, asking).await {
            Ok(done) => answers.extend(done.context("a user gave up")?),
            Err(_) => unfinished += 1,
        }
    }
    let found = verdict::check(&world, &answers, unfinished).await?;
    world.stop().await;
    println!("{report}\n{found}");
    Ok(if found.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
