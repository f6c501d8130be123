//! Going on with a run that was another's: a node's that died or went down, or this program's own before it was started
//! again. What its log holds is kept, the model is asked to go on from there, and the seam is marked.

use super::context::Start;
use super::ending::{Ending, end};
use super::live::Before;
use super::log::in_time;
use super::meter;
use super::transcript::Transcript;
use super::wait_for_turn;
use super::write::write;
use crate::{Backend, db, db::runs::Claimed, models, models::Choice};
use std::time::Duration;
use tokio::time::sleep;
use types::{ErrorCode, ModelInfo, RunError};

/// A run that was claimed so often in a row without a word being added is given up: perhaps it is what kills the nodes. A
/// model that thinks in silence may well live through some.
const MAX_CLAIMS: i32 = 8;
/// How long to wait before the log is read again.
const PAUSE: Duration = Duration::from_millis(500);

/// Writes a run that has just been claimed to its end.
pub(crate) async fn take_over(backend: Backend, claimed: Claimed) {
    let (id, lease_number) = (claimed.run.id, claimed.run.lease_number);
    let Some(transcript) = read_log(&backend, &claimed).await else { return backend.runs.arrived(id) };
    tracing::info!(run.id = %id, run.lease = lease_number, bytes = transcript.end(), "a run is taken over");
    let before = before(claimed.model_info, &transcript);
    let live = backend.runs.insert_claimed(claimed.run.into(), claimed.owner, lease_number, before, transcript);
    backend.runs.arrived(id);
    let model = ModelInfo {
        provider: claimed.provider,
        model: claimed.model,
        finish_reason: None,
        usage: None,
        error: None,
        seams: Vec::new(),
    };
    let ending = if claimed.stop {
        Ending::stopped(&model)
    } else if claimed.claims > MAX_CLAIMS {
        Ending::failed(&model, interrupted())
    } else {
        match models::named(&backend, Some(&model.provider), Some(&model.model)).await {
            Ok(choice) => {
                let mut slot = backend.slots.take_over(claimed.owner);
                wait_for_turn(&backend, &live, &mut slot).await;
                return write(backend, live, Choice { settings: claimed.settings, ..choice }, Start::default()).await;
            }
            Err(_) => Ending::failed(&model, interrupted()),
        }
    };
    Box::pin(end(&backend, &live, ending, &Start::default(), None)).await;
}

/// What is known of the answer from before. Where that is what an earlier run has used, those who were lost while they went
/// on with it have told nobody what they used: the words that they left are counted.
fn before(model: Option<ModelInfo>, transcript: &Transcript) -> Before {
    let mut before = model.map(Before::from).unwrap_or_default();
    if before.usage.is_some() {
        let written = llm::Usage {
            input_tokens: None,
            output_tokens: Some(transcript.words().map(llm::estimate_tokens).sum()),
            cost_micros: None,
            estimated: true,
        };
        before.usage = meter::together(before.usage, Some(models::bill(None, written)));
    }
    before
}

/// What the run has told so far. `None`: the process goes down.
async fn read_log(backend: &Backend, claimed: &Claimed) -> Option<Transcript> {
    loop {
        let turn = backend.runs.turn().await;
        match in_time(db::run_log::list(&backend.db, claimed.run.id, 0)).await {
            Ok(log) => return Some(Transcript::from_log(log)),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, run.id = %claimed.run.id, "a run cannot be taken over yet");
            }
        }
        drop(turn);
        tokio::select! {
            () = sleep(PAUSE) => {}
            () = backend.stopping.cancelled() => return None,
        }
    }
}

fn interrupted() -> RunError {
    RunError {
        code: ErrorCode::Interrupted,
        message: "Lia was restarted while this answer was being written. What had been written is kept.".to_owned(),
        retryable: true,
        retry_after_ms: None,
    }
}
