//! What a run is asked for: an answer to a new question at the end of the branch that is shown, or one somewhere else in
//! the tree. Here is what each of them means; how a run is stored and begun knows only the [`Order`].

use crate::{Actor, Backend, Error, db, db::messages::Message, error::Result, models};
use serde::Serialize;
use sha2::{Digest, Sha256};
use types::{
    ContinueAnswer, EditMessage, ErrorCode, FinishReason, MessageId, MessageRole, MessageStatus, ModelInfo, NewRun,
    Regenerate, SentimentMethod,
};
use uuid::Uuid;

/// A request that has an answer written.
#[derive(Clone, Debug, Serialize)]
pub enum Wish {
    /// A new question.
    Send(NewRun),
    /// Another answer to a question, by the question or by one of its answers.
    Regenerate(MessageId, Regenerate),
    /// Another version of a question.
    Edit(MessageId, EditMessage),
    /// The rest of an answer that was not written to its end.
    Continue(MessageId, ContinueAnswer),
}

/// Where in the tree a run writes that is not at the end of the branch that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Beside a question: another version of it, and an answer.
    Beside(MessageId),
    /// Below a question: an answer.
    Below(MessageId),
    /// At the end of an answer: the rest of it.
    On(MessageId),
}

/// What is to be stored and asked.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) request: NewRun,
    /// `None`: a question and an answer below the head.
    pub(super) target: Option<Target>,
    /// The model was named, and is the conversation's from now on.
    pub(super) is_named: bool,
}

impl Wish {
    /// Bounds of what was said; what it is about is looked at with [`Wish::resolve`].
    pub(super) fn validate(&self) -> Result<()> {
        Ok(match self {
            Self::Send(request) => request.validate(),
            Self::Regenerate(_, request) => request.validate(),
            Self::Edit(_, request) => request.validate(),
            Self::Continue(_, request) => request.validate(),
        }?)
    }

    pub(super) const fn client_message_id(&self) -> Option<Uuid> {
        match self {
            Self::Send(request) => request.client_message_id,
            Self::Regenerate(_, request) => request.client_message_id,
            Self::Edit(_, request) => request.client_message_id,
            Self::Continue(_, request) => request.client_message_id,
        }
    }

    /// What makes two of them the same: everything the client said.
    pub(super) fn digest(&self) -> Vec<u8> {
        // A request is a tree of strings and numbers: serialising it cannot fail.
        let text = match self {
            Self::Send(request) => serde_json::to_vec(request),
            _ => serde_json::to_vec(self),
        };
        Sha256::digest(text.unwrap_or_default()).to_vec()
    }

    /// What it comes to, now that the messages can be looked at that it is about.
    pub(super) async fn resolve(self, backend: &Backend, actor: &Actor) -> Result<Order> {
        match self {
            Self::Send(request) => {
                let is_named = request.provider.is_some() || request.model.is_some();
                Ok(Order { request, target: None, is_named })
            }
            Self::Regenerate(id, request) => regenerate(backend, actor, find(backend, actor, id).await?, request).await,
            Self::Edit(id, request) => edit(&find(backend, actor, id).await?, request),
            Self::Continue(id, request) => go_on(backend, actor, find(backend, actor, id).await?, request).await,
        }
    }
}

async fn find(backend: &Backend, actor: &Actor, id: MessageId) -> Result<Message> {
    db::messages::find(&backend.db, id, actor.id()).await?.ok_or_else(Error::message_not_found)
}

/// The method that reads the question of an answer. One that was read is not read again, so nobody is asked.
fn method(question: &Message) -> Option<SentimentMethod> {
    question.sentiment.is_some().then_some(SentimentMethod::Local)
}

/// The question of an answer.
async fn question_of(backend: &Backend, actor: &Actor, answer: &Message) -> Result<Message> {
    match answer.parent_id {
        Some(question) => find(backend, actor, question).await,
        None => Err(Error::field("id", "This message answers nothing.")),
    }
}

/// A request in the conversation of a message that says nothing yet.
fn request_beside(message: &Message) -> NewRun {
    NewRun {
        message: String::new(),
        provider: None,
        model: None,
        settings: None,
        sentiment_method: None,
        conversation_id: Some(message.conversation_id),
        client_message_id: None,
    }
}

async fn regenerate(backend: &Backend, actor: &Actor, message: Message, wanted: Regenerate) -> Result<Order> {
    let is_named = wanted.provider.is_some() || wanted.model.is_some();
    let (question, written_by) = match message.role {
        MessageRole::User => (message, None),
        MessageRole::Assistant | MessageRole::System => {
            (question_of(backend, actor, &message).await?, message.model_info)
        }
    };
    let mut request = NewRun {
        provider: wanted.provider,
        model: wanted.model,
        settings: wanted.settings,
        sentiment_method: method(&question),
        client_message_id: wanted.client_message_id,
        ..request_beside(&question)
    };
    if !is_named
        && let Some(model) = written_by
        // A model that is gone since is no reason to refuse another answer.
        && models::named(backend, Some(&model.provider), Some(&model.model)).await.is_ok()
    {
        (request.provider, request.model) = (Some(model.provider), Some(model.model));
    }
    Ok(Order { request, target: Some(Target::Below(question.id)), is_named })
}

fn edit(question: &Message, wanted: EditMessage) -> Result<Order> {
    if question.role != MessageRole::User {
        return Err(Error::field("id", "Only your own messages can be edited."));
    }
    let request = NewRun {
        message: wanted.message,
        provider: wanted.provider,
        model: wanted.model,
        settings: wanted.settings,
        sentiment_method: wanted.sentiment_method,
        client_message_id: wanted.client_message_id,
        ..request_beside(question)
    };
    let is_named = request.provider.is_some() || request.model.is_some();
    Ok(Order { request, target: Some(Target::Beside(question.id)), is_named })
}

async fn go_on(backend: &Backend, actor: &Actor, answer: Message, wanted: ContinueAnswer) -> Result<Order> {
    if answer.status == MessageStatus::Streaming {
        return Err(super::run_in_progress());
    }
    let is_open = can_go_on(answer.status, answer.model_info.as_ref(), &answer.content);
    if answer.role != MessageRole::Assistant || !is_open {
        return Err(nothing_to_continue());
    }
    // The reading of its question, if there is none yet, is not asked of the model that goes on.
    let mut request = NewRun {
        settings: wanted.settings,
        sentiment_method: Some(SentimentMethod::Local),
        client_message_id: wanted.client_message_id,
        ..request_beside(&answer)
    };
    question_of(backend, actor, &answer).await?;
    if let Some(model) = answer.model_info {
        (request.provider, request.model) = (Some(model.provider), Some(model.model));
    }
    Ok(Order { request, target: Some(Target::On(answer.id)), is_named: false })
}

/// Whether an answer has words and was not written to its end.
pub(super) fn can_go_on(status: MessageStatus, model: Option<&ModelInfo>, content: &str) -> bool {
    let reason = model.and_then(|model| model.finish_reason);
    let is_whole = status == MessageStatus::Complete && reason != Some(FinishReason::Length);
    !is_whole && !content.trim().is_empty()
}

pub(super) fn nothing_to_continue() -> Error {
    Error::refused(
        ErrorCode::NothingToContinue,
        "This answer cannot be continued: it is whole, it has no text, or the conversation has gone on after it.",
    )
}
