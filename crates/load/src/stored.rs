//! Whether an answer that was heard is stored in full.

use crate::{connection::with_line, reader::Answer, target::Target};
use anyhow::{Context as _, ensure};
use serde_json::Value;

/// Reads the conversation of an answer and compares: all of its tokens came, and what is stored is what came.
pub(crate) async fn check(target: &Target, stream: u32, answer: &Answer, length: usize) -> anyhow::Result<()> {
    let words = answer.text.split_whitespace().count();
    ensure!(words == length, "an answer of {length} tokens came with {words}");
    let request = target.conversation(&answer.conversation, stream)?;
    let document = with_line(target, async |mut line| line.get(request).await).await?;
    let conversation: Value = serde_json::from_slice(&document).context("a conversation without JSON")?;
    let messages = conversation.get("messages").and_then(Value::as_array).context("a conversation without messages")?;
    let stored = messages.iter().find(|message| message.get("role").is_some_and(|role| role == "assistant"));
    let field = |name: &str| stored.and_then(|message| message.get(name)?.as_str()).unwrap_or_default();
    ensure!(field("status") == "complete", "an answer that was done is stored as {:?}", field("status"));
    ensure!(field("content") == answer.text, "what is stored of an answer is not what came");
    Ok(())
}
