//! Writing one answer: from the provider's first delta to its last.

use super::ending::{Ending, end, forget, release};
use super::live::{EarlyEnd, Live};
use super::meter::{self, Meter};
use super::patience::Patience;
use super::seam::Seam;
use super::{context, context::Start, failure};
use crate::models::Choice;
use crate::sentiment::{AnswerText, Beside};
use crate::{Backend, error::Result, sentiment};
use futures_util::{FutureExt, StreamExt};
use llm::{ChatMessage, ChatRequest, Delta, ErrorKind, Finish, Provider};
use std::{panic::AssertUnwindSafe, sync::Arc};
use tokio::time::{Instant, sleep, timeout_at};
use types::{ErrorCode, FinishReason, MessageStatus, ModelInfo, RunError, RunEvent};

/// What may wait to be stored before the run stops reading from its provider, in bytes: the database is away.
const MAX_BACKLOG: u32 = 1 << 20;
/// The longest answer, in bytes. Longer than any model writes; a provider that never ends is cut off here.
const MAX_ANSWER: u32 = 64 << 20;
/// Deltas that are told at once where as many have come.
const TOLD_AT_ONCE: usize = 64;
/// How the model is asked to be.
const SYSTEM: &str = "You are Lia, an attentive, calm and exact companion in conversation. Answer in the language of \
                      the person you talk with, in Markdown where it helps.";

/// How a model that cannot be handed the beginning of its answer is asked to go on with it.
const GO_ON: &str = "Your last message broke off in the middle, for a technical reason. Go on with it from exactly where it \
                     ends: your next characters are appended to it as they are. Repeat nothing of it, do not begin again, \
                     and say nothing about the interruption.";

/// Writes the answer of a run that has been stored, and stores its end. Nothing here depends on anybody following.
pub(crate) async fn write(backend: Backend, live: Arc<Live>, choice: Choice, start: Start) {
    let writing = AssertUnwindSafe(write_on(&backend, &live, choice, start));
    if writing.catch_unwind().await.is_err() {
        // Nobody writes it any more: it is found like one whose node died.
        forget(&backend, &live);
    }
}

async fn write_on(backend: &Backend, live: &Arc<Live>, choice: Choice, mut start: Start) {
    let model = choice.info();
    let meter = Meter::default();
    // What is gone on with is gone on with in plain words.
    let mut text = if live.text_length() > 0 { AnswerText::Plain } else { AnswerText::of(&choice) };
    let mut beside = Beside::begin(backend, live, &choice, text.is_structured());
    let ended = tokio::select! {
        biased;
        why = live.early_end() => Err(why),
        // A fault in an adapter ends this answer and not the conversation, which would wait for it for ever.
        ending = AssertUnwindSafe(relay(backend, live, &choice, &model, &mut start, &meter, &mut text)).catch_unwind() => {
            Ok(ending.unwrap_or_else(|_| Ending::failed(&model, fault())))
        }
    };
    let (content, judged) = match &ended {
        // What has not turned out to be words by now is none.
        Err(EarlyEnd::Stopped) if !text.waits_for_reading() => (text.cut().0, None),
        Ok(_) | Err(EarlyEnd::Stopped) => text.finish(),
        // Whoever goes on says it again.
        Err(EarlyEnd::Released | EarlyEnd::Lost) => (String::new(), None),
    };
    if !content.is_empty() {
        live.push(vec![RunEvent::Chunk { content }]);
    }
    let ending = match ended {
        Ok(ending) => ending,
        Err(EarlyEnd::Stopped) => Ending::stopped(&model),
        Err(EarlyEnd::Released) => {
            Box::pin(release(backend, live)).await;
            return forget(backend, live);
        }
        Err(EarlyEnd::Lost) => return forget(backend, live),
    };
    let judged = match judged {
        None => tokio::select! {
            judged = beside.settle(ending.status == MessageStatus::Complete) => judged,
            _ = live.early_end(), if ending.status == MessageStatus::Complete => None,
        },
        judged => judged,
    };
    let used = meter::together(meter.used(), beside.used());
    let used = meter::together(live.before.usage, used);
    // On the heap only while it is needed: what talks to the database is large, and most of a run's time goes by in the
    // relay. Thousands of runs wait there at once.
    Box::pin(end(backend, live, ending.with_usage(used), &start, judged)).await;
}

/// Why an answer is not written on for now.
enum Broke {
    Provider(llm::Error),
    /// What the model is to read could not be read.
    Context(crate::Error),
}

/// Passes the provider's deltas on, and has the model go on where its provider breaks off. Dropping this future drops the
/// provider's connection.
async fn relay(
    backend: &Backend,
    live: &Live,
    choice: &Choice,
    model: &ModelInfo,
    start: &mut Start,
    meter: &Meter,
    text: &mut AnswerText,
) -> Ending {
    let mut patience = Patience::default();
    let mut first = None;
    // Bytes of the beginnings of answers that showed nothing yet.
    let mut unshown = 0;
    loop {
        let is_again = first.is_some();
        let broke = match pass(backend, live, choice, start, meter, text, is_again).await {
            Ok(ending) => return ending,
            Err(broke) => broke,
        };
        let was_structured = text.is_structured();
        let (content, besides) = text.cut();
        tell(backend, live, vec![RunEvent::Chunk { content }], false).await;
        if was_structured && live.text_length() == 0 {
            // Nobody has seen anything of it.
            *text = AnswerText::of(choice);
            unshown += besides;
        }
        let written = live.text_length().saturating_add(unshown);
        let wait = match &broke {
            Broke::Provider(error) => patience.after(error, written, Instant::now()),
            Broke::Context(error) => patience.without_context(error, written, Instant::now()),
        };
        // What broke the answer is told, and not what became of trying to go on.
        let told = match first.take() {
            Some((begun, earlier)) if begun == written => earlier,
            _ => broke,
        };
        let Some(wait) = wait else {
            return Ending::failed(model, told.into_run_error(backend, &choice.provider, live));
        };
        tracing::info!(run.id = %live.started.run_id, llm.provider = choice.provider.id(), ?wait, "an answer broke off and is gone on with");
        first = Some((written, told));
        sleep(wait).await;
    }
}

impl Broke {
    fn into_run_error(self, backend: &Backend, provider: &Provider, live: &Live) -> RunError {
        match self {
            Self::Provider(error) => failure::told(backend, live, provider, &error),
            Self::Context(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, run.id = %live.started.run_id, "a run has no context");
                run_error(types::ApiError::from(error))
            }
        }
    }
}

/// What the model is asked: the conversation, and to go on with what is written of its answer.
async fn request(
    backend: &Backend,
    live: &Live,
    choice: &Choice,
    start: &mut Start,
    kept: &str,
) -> Result<ChatRequest> {
    let mut messages = Box::pin(context::read(backend, live, choice.context_window, start)).await?;
    if !kept.trim().is_empty() {
        messages.push(ChatMessage::assistant(kept));
        if !choice.provider.goes_on(&choice.model) {
            messages.push(ChatMessage::user(GO_ON));
        }
    }
    let settings = choice.llm_settings();
    Ok(ChatRequest { model: choice.model.clone(), system: Some(SYSTEM.to_owned()), messages, settings })
}

/// Asks once and passes on what comes. `is_again`: the same writer has asked before, and the seam is not marked yet.
async fn pass(
    backend: &Backend,
    live: &Live,
    choice: &Choice,
    start: &mut Start,
    meter: &Meter,
    text: &mut AnswerText,
    mut is_again: bool,
) -> Result<Ending, Broke> {
    let (kept, thought, _) = live.text();
    let mut thoughts_apart = !thought.is_empty();
    let request = request(backend, live, choice, start, &kept).await.map_err(Broke::Context)?;
    // A model that cannot be asked for JSON at all is asked for its words alone.
    let mut plainly = text.is_structured().then(|| request.clone());
    let before = if text.is_structured() { sentiment::before(backend, live.started.run_id).await } else { None };
    // What has come together is told together: one look for each follower instead of one for each token.
    // What an earlier run wrote is counted with that.
    if !is_again && live.before.usage.is_none() {
        meter.count_written(&kept);
        meter.count_written(&thought);
    }
    let mut deltas = text.ask(choice, request, before.as_ref(), meter).ready_chunks(TOLD_AT_ONCE);
    let mut seam = Seam::after(kept);
    let mut declined = false;
    // Where only the reading is still to come, the end does not wait for it longer than for one that is asked for beside.
    let mut limit = None;
    loop {
        let next = match limit {
            Some(limit) => timeout_at(limit, deltas.next()).await,
            None => Ok(deltas.next().await),
        };
        let Ok(next) = next else {
            tell(backend, live, vec![RunEvent::Chunk { content: seam.end() }], is_again).await;
            return Ok(Ending::done(&choice.info(), MessageStatus::Complete, FinishReason::Stop));
        };
        let Some(ready) = next else { break };
        let mut events = Vec::with_capacity(ready.len());
        let mut over = None;
        for delta in ready {
            match delta {
                Ok(Delta::Text(piece)) => events.push(RunEvent::Chunk { content: seam.push(text.push(piece)) }),
                Ok(Delta::Refusal(content)) => {
                    declined = true;
                    events.push(RunEvent::Chunk { content: seam.push(content) });
                }
                Ok(Delta::Thought(content)) => {
                    let apart = if std::mem::take(&mut thoughts_apart) { "\n\n" } else { "" };
                    events.push(RunEvent::Thought { content: format!("{apart}{content}") });
                }
                Ok(Delta::Usage(_)) => {}
                Ok(Delta::Finish(finish)) => over = Some(Ok(finish)),
                Err(error) => over = Some(Err(error)),
            }
        }
        match over {
            Some(Ok(_)) => events.push(RunEvent::Chunk { content: seam.end() }),
            // All words are there, and only the reading is missing.
            Some(Err(_)) if text.waits_for_reading() => over = Some(Ok(Finish::Stop)),
            // What is still held back was perhaps said before; whoever goes on says it again.
            Some(Err(_)) | None => {}
        }
        is_again &= !tell(backend, live, events, is_again).await;
        limit = text.waits_for_reading().then(|| limit.unwrap_or_else(|| Instant::now() + sentiment::WAIT));
        match over {
            Some(Ok(finish)) => {
                let reason = if declined { FinishReason::ContentFilter } else { reason(&finish) };
                return Ok(Ending::done(&choice.info(), MessageStatus::Complete, reason));
            }
            Some(Err(error)) => {
                let is_refused = error.kind() == ErrorKind::BadRequest && live.text_length() == 0;
                let Some(request) = plainly.take().filter(|_| is_refused) else { return Err(Broke::Provider(error)) };
                *text = AnswerText::Plain;
                deltas = text.ask(choice, request, None, meter).ready_chunks(TOLD_AT_ONCE);
            }
            None => {}
        }
        if live.text_length() > MAX_ANSWER {
            return Ok(Ending::done(&choice.info(), MessageStatus::Complete, FinishReason::Length));
        }
    }
    Err(Broke::Provider(llm::Error::new(ErrorKind::Interrupted, "the stream of deltas ended without its last one")))
}

/// Tells what there is of some events, and says whether there was anything. `marks_seam`: first what is written already, for
/// whoever reads the log.
async fn tell(backend: &Backend, live: &Live, mut events: Vec<RunEvent>, marks_seam: bool) -> bool {
    events.retain(|event| match event {
        RunEvent::Chunk { content } | RunEvent::Thought { content } => !content.is_empty(),
        _ => true,
    });
    if events.is_empty() {
        return false;
    }
    if marks_seam && live.text_length() > 0 {
        let (content, thought, _) = live.text();
        events.insert(0, RunEvent::Snapshot { content, thought });
    }
    live.push(events);
    backend.runs.dirty.notify_one();
    while live.backlog() > MAX_BACKLOG {
        live.flushed().await;
    }
    true
}

fn reason(finish: &Finish) -> FinishReason {
    match finish {
        Finish::Stop => FinishReason::Stop,
        Finish::Length => FinishReason::Length,
        Finish::ContentFilter => FinishReason::ContentFilter,
        Finish::ToolCalls | Finish::Other(_) => FinishReason::Other,
    }
}

/// What followers hear when something in Lia broke. The panic hook has logged what.
fn fault() -> RunError {
    RunError {
        code: ErrorCode::Internal,
        message: "Something went wrong inside Lia. What had been written is kept. Try again.".to_owned(),
        retryable: true,
        retry_after_ms: None,
    }
}

fn run_error(error: types::ApiError) -> RunError {
    RunError {
        code: error.code,
        message: error.message,
        retryable: error.code.status() >= 500,
        retry_after_ms: error.retry_after_ms,
    }
}
