//! What a start does with runs that an earlier process left unfinished: their text, as far as the log has it, becomes
//! the message, and the message is marked as broken off.

use super::live::Unstored;
use super::transcript::Transcript;
use super::write::{Ending, Place, store};
use crate::{Backend, db, error::Result, sentiment};
use types::{ErrorCode, RunError};

/// Orphans taken at a time.
const BATCH: i64 = 100;

/// Ends every run that is still marked as running. For a process that writes none yet.
pub(crate) async fn recover(backend: &Backend) -> Result<()> {
    loop {
        let orphans = db::runs::list_orphans(&backend.db, BATCH).await?;
        for orphan in &orphans {
            interrupt(backend, orphan).await?;
        }
        if orphans.is_empty() {
            return Ok(());
        }
        tracing::info!(runs = orphans.len(), "runs of an earlier process were marked as interrupted");
    }
}

async fn interrupt(backend: &Backend, orphan: &db::runs::Orphan) -> Result<()> {
    // Followers may know text that was never stored. Under another lease their places are not continued: they get the
    // whole of what is.
    let raised = db::runs::raise_lease(&backend.db, orphan.id, orphan.lease_number).await?;
    let Some(lease_number) = raised else { return Ok(()) };
    let transcript = Transcript::from_log(db::run_log::list(&backend.db, orphan.id, 0).await?);
    let (content, thought) = transcript.text();
    let ending = Ending::failed(
        &orphan.model,
        RunError {
            code: ErrorCode::Interrupted,
            message: "Lia was restarted while this answer was being written. What had been written is kept.".to_owned(),
            retryable: true,
            retry_after_ms: None,
        },
    )
    .with(sentiment::settle(backend, orphan.id, None).await?);
    let place =
        Place { run: orphan.id, lease_number, conversation: orphan.conversation_id, message: orphan.message_id };
    let rest = Unstored { first: transcript.end(), last: transcript.end(), entries: Vec::new() };
    store(backend, &place, rest, &content, &thought, &ending).await?;
    Ok(())
}
