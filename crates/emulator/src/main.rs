//! The emulator as a program, for what runs in other processes.
#![expect(clippy::print_stdout, reason = "a program says where it listens")]

use anyhow::Context as _;
use clap::Parser;
use emulator::{Emulator, MODELS_HELP};
use std::net::SocketAddr;

/// Stands in for the providers of language models, and goes wrong on request.
#[derive(Debug, Parser)]
#[command(name = "emulator", after_long_help = MODELS_HELP)]
struct Options {
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Enough for the thousands of streams that a benchmark holds open.
const OPEN_FILES: u64 = 10_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    // Where the system does not let us have as many, fewer streams are possible and nothing else changes.
    rlimit::increase_nofile_limit(OPEN_FILES).context("the limit of open files cannot be read")?;
    let emulator = Emulator::bind(SocketAddr::from(([127, 0, 0, 1], options.port)), false).await?;
    println!("emulator listens on {}", emulator.base_url());
    emulator.run().await?;
    Ok(())
}
