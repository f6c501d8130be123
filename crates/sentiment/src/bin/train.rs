//! `sentiment-train DATA [FILE]`: makes the weights from `train.tsv` in the folder DATA and writes them to FILE, by default
//! the one in the repository.

use std::path::PathBuf;

use anyhow::Context as _;
use sentiment::training;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let data = arguments.next().context("usage: sentiment-train DATA [FILE]")?;
    let file = arguments.next().unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/weights.bin")));
    let examples = training::data::load(&data.join("train.tsv")).context("no training data")?;
    let weights = training::train(&examples)?;
    std::fs::write(&file, weights).with_context(|| format!("cannot write {}", file.display()))
}
