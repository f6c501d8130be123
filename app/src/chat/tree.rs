//! What a person does with a message that is there: has it answered again, edits it, shows another branch, goes on with it,
//! deletes it, takes it along into another conversation. Its code comes with the first of them. Runs in handlers only, which
//! means in the browser.

use super::{Asking, Chat, Shelf, actions, outbox::may_send, place::path_of};
use crate::{
    AppError,
    address::Address,
    browser,
    lazy::Missing,
    parts::message_tools,
    server_fns::{
        continue_answer, delete_message, edit_message, fork_conversation, message_source, regenerate, show_branch,
    },
};
use leptos::{
    ev::KeyboardEvent,
    prelude::*,
    task::spawn_local,
    wasm_bindgen::JsCast,
    web_sys::{Element, HtmlElement},
};
use types::{ApiError, ContinueAnswer, ConversationId, EditMessage, ErrorCode, MessageId, Regenerate};
use wasm_split_helpers::wasm_split;

/// What a button at a message does: its `data-deed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Regenerate,
    Continue,
    Show,
    Fork,
    /// Opens the field, sends what is in it, takes it away.
    Edit,
    Save,
    Cancel,
    /// Asks whether it is meant, does it, takes the question away.
    Delete,
    DeleteNow,
    Keep,
}

impl Deed {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "regenerate" => Self::Regenerate,
            "continue" => Self::Continue,
            "show" => Self::Show,
            "fork" => Self::Fork,
            "edit" => Self::Edit,
            "save" => Self::Save,
            "cancel" => Self::Cancel,
            "delete" => Self::Delete,
            "delete-now" => Self::DeleteNow,
            "keep" => Self::Keep,
            _ => return None,
        })
    }
}

/// Does what a button at a message says.
#[wasm_split(tree, fallible)]
pub(crate) fn press(chat: Chat, shelf: Shelf, address: Address, button: Element) -> Result<(), Missing> {
    let deed = button.get_attribute("data-deed").and_then(|name| Deed::from_name(&name));
    let id = button.get_attribute("data-id").and_then(|text| text.parse().ok()).map(MessageId);
    if let (Some(deed), Some(id)) = (deed, id) {
        act(chat, shelf, address, deed, id);
    }
    Ok(())
}

/// Has an answer written again, or gone on with.
#[wasm_split(tree, fallible)]
pub(crate) fn answer(
    chat: Chat,
    shelf: Shelf,
    address: Address,
    deed: Deed,
    message: MessageId,
) -> Result<(), Missing> {
    act(chat, shelf, address, deed, message);
    Ok(())
}

/// Escape leaves the field and the question, Enter with Ctrl or Cmd sends what is in the field: by the buttons.
#[wasm_split(tree, fallible)]
pub(crate) fn press_key(event: KeyboardEvent, around: Element) -> Result<(), Missing> {
    let deed = match event.key().as_str() {
        "Escape" => "[data-deed=cancel], [data-deed=keep]",
        "Enter" if event.ctrl_key() || event.meta_key() => "[data-deed=save]",
        _ => return Ok(()),
    };
    let button = around.query_selector(deed).ok().flatten();
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        button.click();
    }
    Ok(())
}

fn act(chat: Chat, shelf: Shelf, address: Address, deed: Deed, id: MessageId) {
    match deed {
        Deed::Edit => edit(chat, id),
        Deed::Save => save(chat, shelf, id),
        Deed::Cancel => message_tools::close_editor(id),
        Deed::Delete => message_tools::ask(id),
        Deed::Keep => message_tools::close_question(id),
        Deed::Regenerate | Deed::Continue | Deed::Show | Deed::Fork | Deed::DeleteNow => {
            run(chat, shelf, address, deed, id);
        }
    }
}

fn run(chat: Chat, shelf: Shelf, address: Address, deed: Deed, id: MessageId) {
    let Some(conversation) = chat.place.get_untracked().conversation() else { return };
    if chat.writing.get_untracked().is_some() {
        return;
    }
    let visit = chat.visit();
    let (provider, model) = chat.model.get_untracked().map(|choice| (choice.provider, choice.model)).unzip();
    chat.notice.set(None);
    spawn_local(async move {
        let _asking = Asking::new(chat);
        let client_message_id = Some(browser::random_id());
        let done = match deed {
            Deed::Regenerate => {
                regenerate(id, Regenerate { provider, model, settings: None, client_message_id }).await.map(drop)
            }
            Deed::Continue => continue_answer(id, ContinueAnswer { settings: None, client_message_id }).await.map(drop),
            Deed::Show => show_branch(id).await.map(drop),
            Deed::DeleteNow => delete_message(id).await.map(drop),
            Deed::Edit | Deed::Save | Deed::Cancel | Deed::Delete | Deed::Keep => return,
            Deed::Fork => match fork_conversation(id).await {
                Ok(forked) => {
                    shelf.touch(forked.id, Some(forked.title));
                    if chat.is_visit(visit) {
                        address.go(&path_of(forked.id), false);
                    }
                    return;
                }
                Err(error) => Err(error),
            },
        };
        match done {
            Ok(()) => {
                if deed != Deed::Show {
                    shelf.touch(conversation, None);
                }
                actions::refresh(chat, visit, conversation).await;
                if deed == Deed::Show {
                    message_tools::focus_versions(id);
                }
            }
            Err(AppError(error)) if chat.is_visit(visit) => refused(chat, visit, conversation, error).await,
            Err(_) => {}
        }
    });
}

/// It is not done. Where that is because an answer is being written, the page is to show that one.
async fn refused(chat: Chat, visit: u32, conversation: ConversationId, error: ApiError) {
    let is_behind = error.code == ErrorCode::RunInProgress;
    chat.notice.set(Some(error));
    if is_behind {
        actions::refresh(chat, visit, conversation).await;
    }
}

/// Puts the words of a question into a field in its place. They are kept there until the server has saved them.
fn edit(chat: Chat, id: MessageId) {
    let visit = chat.visit();
    spawn_local(async move {
        let source = message_source(id).await;
        if !chat.is_visit(visit) {
            return;
        }
        match source {
            Ok(text) => message_tools::open_editor(id, &text),
            Err(AppError(error)) => chat.notice.set(Some(error)),
        }
    });
}

fn save(chat: Chat, shelf: Shelf, id: MessageId) {
    let (Some(conversation), Some(message)) = (chat.place.get_untracked().conversation(), message_tools::edited(id))
    else {
        return;
    };
    if !may_send(&message) {
        return;
    }
    if chat.writing.get_untracked().is_some() {
        // Perhaps one that was asked for in another tab while the field was open.
        let text =
            "The last answer of this conversation is still being written. Wait for it, or stop it: your words stay.";
        return chat.notice.set(Some(ApiError::new(ErrorCode::RunInProgress, text)));
    }
    let visit = chat.visit();
    let (provider, model) = chat.model.get_untracked().map(|choice| (choice.provider, choice.model)).unzip();
    chat.notice.set(None);
    message_tools::hold_editor(id, true);
    spawn_local(async move {
        let _asking = Asking::new(chat);
        let request = EditMessage {
            message,
            provider,
            model,
            settings: None,
            sentiment_method: chat.unseen.with_value(|unseen| unseen.method),
            client_message_id: Some(browser::random_id()),
        };
        let saved = edit_message(id, request).await;
        if !chat.is_visit(visit) {
            return;
        }
        match saved {
            Ok(_) => {
                shelf.touch(conversation, None);
                message_tools::close_editor(id);
                actions::refresh(chat, visit, conversation).await;
            }
            Err(AppError(error)) => {
                message_tools::hold_editor(id, false);
                refused(chat, visit, conversation, error).await;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{MessageRole, Siblings};

    #[test]
    fn every_button_at_a_message_does_something() {
        let siblings = Siblings { index: 2, count: 3, previous_id: Some(MessageId(1)), next_id: Some(MessageId(9)) };
        let tools = [MessageRole::User, MessageRole::Assistant]
            .map(|role| message_tools::tools(role, Some(MessageId(4)), Some(siblings)));
        let html = tools.concat();
        let named: Vec<_> = html.split("data-deed=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(named.len(), 10);
        assert!(named.iter().all(|name| Deed::from_name(name).is_some()), "{named:?}");
        assert!(html.contains(">2/3<"));
        assert_eq!(message_tools::tools(MessageRole::User, None, None), "", "the server has not numbered it yet");
    }
}
