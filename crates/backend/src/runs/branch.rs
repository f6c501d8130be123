//! Storing a run that writes elsewhere than below the head: another answer, another version of a question, the rest of an
//! answer. All of it is one transaction that holds the conversation, so what two tabs ask for comes one after the other.

use super::context;
use super::live::Before;
use super::transcript::Transcript;
use super::wish::{Target, can_go_on, nothing_to_continue};
use crate::db::{
    self, Tx,
    conversations::{Held, Settings},
    exchanges::NewExchange,
    tree::{self, Place, Written},
};
use crate::{Backend, Error, error::Result, sentiment};
use chrono::{DateTime, Utc};
use types::{ConversationId, ErrorCode, MessageId, MessageRole, ModelInfo, SentimentUpdate, StartedRun, VERSIONS_MAX};

/// What was stored.
pub(super) struct Stored {
    pub(super) started: StartedRun,
    /// The conversation before the run.
    pub(super) found: context::Before,
    /// What the run goes on with.
    pub(super) kept: Option<Kept>,
    /// How the question reads, where it was read already.
    pub(super) reading: Option<SentimentUpdate>,
    /// When that was.
    pub(super) begun_at: DateTime<Utc>,
}

/// An answer that a run goes on with.
pub(super) struct Kept {
    pub(super) before: Before,
    /// The log of the run so far, as it is stored.
    pub(super) transcript: Transcript,
}

/// Stores a run at a place in the tree. [`db::Error::Duplicate`] as for any other run.
pub(super) async fn insert(backend: &Backend, target: Target, exchange: &NewExchange) -> Result<Stored> {
    let NewExchange { conversation, owner, now, .. } = *exchange;
    let mut tx = backend.db.begin().await?;
    let held = db::conversations::hold(&mut tx, conversation, owner).await?;
    let Held { version, mut settings, .. } = held.ok_or_else(Error::conversation_not_found)?;
    if exchange.is_named || settings.model.is_none() {
        settings.model = Some(exchange.chosen.clone());
    }
    let (question, answer, parent, kept) = match target {
        Target::Below(question) => {
            find(&mut tx, exchange, question, MessageRole::User).await?;
            let versions = tree::count_below(&mut tx, question).await?;
            refuse_too_many(usize::try_from(versions).unwrap_or(usize::MAX))?;
            (question, tree::insert_answer(&mut tx, exchange, question).await?, None, None)
        }
        Target::Beside(question) => {
            let place = find(&mut tx, exchange, question, MessageRole::User).await?;
            refuse_too_many(tree::list_beside(&mut tx, conversation, &place).await?.len())?;
            let question = tree::insert_question(&mut tx, exchange, place.parent).await?;
            (question, tree::insert_answer(&mut tx, exchange, question).await?, place.parent, None)
        }
        Target::On(answer) => {
            let place = find(&mut tx, exchange, answer, MessageRole::Assistant).await?;
            let question = place.parent.ok_or_else(nothing_to_continue)?;
            (question, answer, None, Some(reopen(&mut tx, exchange, question, answer).await?))
        }
    };
    let last = kept.as_ref().map_or(0, |kept| kept.transcript.end());
    tree::insert_run(&mut tx, exchange, question, answer, last).await?;
    if let Some(kept) = &kept {
        let entries = kept.transcript.after(0).unwrap_or_default();
        db::run_log::append(&mut tx, exchange.run, 0, last, &entries).await?;
    }
    show(&mut tx, conversation, version.head, Some(answer), Some((&settings, now))).await?;
    let asked = db::sentiment::find_asked_held(&mut tx, exchange.run).await?;
    tx.commit().await?;
    let found = context::Before::Found { version, parent };
    let reading = asked.as_ref().and_then(sentiment::known);
    Ok(Stored { started: started(exchange, question, answer), found, kept, reading, begun_at: now })
}

/// Shows another branch of a conversation, and makes its sentiment that of the questions on it. `chosen`: the branch is
/// new, with what was chosen for it and when. For transactions that hold the conversation.
pub(crate) async fn show(
    tx: &mut Tx,
    conversation: ConversationId,
    before: Option<MessageId>,
    head: Option<MessageId>,
    chosen: Option<(&Settings, DateTime<Utc>)>,
) -> db::Result<()> {
    let asked_before = last_question(tx, before).await?;
    let (settings, updated_at) = chosen.unzip();
    tree::show(tx, conversation, head, settings, updated_at).await?;
    // The same questions: what a model said of the whole of them stays.
    if asked_before.is_none() || last_question(tx, head).await? != asked_before {
        sentiment::recompute(tx, conversation).await?;
    }
    Ok(())
}

async fn last_question(tx: &mut Tx, end: Option<MessageId>) -> db::Result<Option<MessageId>> {
    match end {
        Some(end) => tree::last_question(tx, end).await,
        None => Ok(None),
    }
}

/// The message of the conversation that a run is to write at, which must be of this kind.
async fn find(tx: &mut Tx, exchange: &NewExchange, id: MessageId, role: MessageRole) -> Result<Place> {
    let place = tree::find(tx, exchange.conversation, id).await?;
    place.filter(|place| place.role == role).ok_or_else(Error::message_not_found)
}

fn refuse_too_many(versions: usize) -> Result<()> {
    if versions >= VERSIONS_MAX {
        let message = format!("There are {VERSIONS_MAX} versions of this message. Delete one first.");
        return Err(Error::refused(ErrorCode::TooManyVersions, &message));
    }
    Ok(())
}

/// Opens an answer again, at the end of its branch, for a run that goes on with it.
async fn reopen(tx: &mut Tx, exchange: &NewExchange, question: MessageId, answer: MessageId) -> Result<Kept> {
    if tree::count_below(tx, answer).await? > 0 {
        return Err(nothing_to_continue());
    }
    let Written { status, content, thought, model } =
        tree::find_written(tx, answer).await?.ok_or_else(Error::message_not_found)?;
    // Looked at again: another tab may have had it written to its end since.
    if !can_go_on(status, model.as_ref(), &content) {
        return Err(nothing_to_continue());
    }
    let (seams, usage) = model.map(|model| (model.seams, model.usage)).unwrap_or_default();
    let model = ModelInfo { seams, usage, ..exchange.model.clone() };
    tree::reopen(tx, answer, &model).await?;
    let transcript = Transcript::going_on(&started(exchange, question, answer), content, thought);
    Ok(Kept { before: model.into(), transcript })
}

fn started(exchange: &NewExchange, question: MessageId, answer: MessageId) -> StartedRun {
    StartedRun {
        conversation_id: exchange.conversation,
        message_id: answer,
        user_message_id: question,
        run_id: exchange.run,
        title: None,
        queued: false,
    }
}
