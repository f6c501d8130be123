//! What is asked of the server now and then: older pages, another name, a copy, a question to be asked once more. Its code
//! comes with the first of them. Runs in handlers only, which means in the browser.

use super::{Chat, Shelf};
use crate::{
    AppError,
    address::Address,
    browser,
    lazy::Missing,
    server_fns::{
        HISTORY_PAGE, delete_conversation, list_conversations, message_source, rename_conversation, view_conversation,
    },
};
use leptos::{prelude::*, task::spawn_local, web_sys::Element};
use std::time::Duration;
use types::{ApiError, ConversationId, ErrorCode, MessageId};
use wasm_split_helpers::wasm_split;

/// Fetches the question of an answer, to be asked once more or to be written differently.
#[wasm_split(errands, fallible)]
pub(crate) fn fetch_question(chat: Chat, key: i64, then: Callback<String>) -> Result<(), Missing> {
    let Some(question) = chat.question_of(key) else { return Ok(()) };
    let visit = chat.visit();
    spawn_local(async move {
        let source = message_source(question).await;
        if chat.is_visit(visit) {
            match source {
                Ok(text) => then.run(text),
                Err(AppError(error)) => chat.notice.set(Some(error)),
            }
        }
    });
    Ok(())
}

/// Fetches the page before the oldest message shown and keeps what is being read where it is.
#[wasm_split(errands, fallible)]
pub(crate) fn load_earlier(chat: Chat) -> Result<(), Missing> {
    let Some(id) = chat.place.get_untracked().conversation() else { return Ok(()) };
    let visit = chat.visit();
    spawn_local(async move {
        let answer = view_conversation(id, chat.shown()).await;
        if !chat.is_visit(visit) {
            return;
        }
        match answer {
            Ok(page) => {
                let scroller = document().get_element_by_id(super::SCROLLER);
                let below = scroller.as_ref().map(|scroller| scroller.scroll_height() - scroller.scroll_top());
                chat.prepend(page);
                request_animation_frame(move || {
                    if let (Some(scroller), Some(below)) = (scroller, below) {
                        scroller.set_scroll_top(scroller.scroll_height() - below);
                    }
                });
            }
            Err(AppError(error)) => chat.notice.set(Some(error)),
        }
    });
    Ok(())
}

/// Fetches the next page of the sidebar.
#[wasm_split(errands, fallible)]
pub(crate) fn load_more(chat: Chat, shelf: Shelf) -> Result<(), Missing> {
    let offset = shelf.entries.with_untracked(Vec::len);
    spawn_local(async move {
        match list_conversations(i64::try_from(offset).unwrap_or(i64::MAX)).await {
            Ok(page) => shelf.append(page, HISTORY_PAGE),
            Err(AppError(error)) => chat.notice.set(Some(error)),
        }
    });
    Ok(())
}

/// Gives a conversation another name, on the page at once.
#[wasm_split(errands, fallible)]
pub(crate) fn rename(chat: Chat, shelf: Shelf, id: ConversationId, title: String) -> Result<(), Missing> {
    let before = shelf
        .entries
        .with_untracked(|entries| entries.iter().find(|entry| entry.id == id).map(|entry| entry.title.clone()));
    let show = move |title: &str| {
        shelf.rename(id, title);
        if chat.place.get_untracked().conversation() == Some(id) {
            chat.title.set(title.to_owned());
        }
    };
    show(&title);
    spawn_local(async move {
        match rename_conversation(id, title).await {
            Ok(renamed) => show(&renamed.title),
            Err(AppError(error)) => {
                if let Some(before) = before {
                    show(&before);
                }
                chat.notice.set(Some(error));
            }
        }
    });
    Ok(())
}

/// Deletes a conversation; leaves it when it was the one on the page.
#[wasm_split(errands, fallible)]
pub(crate) fn delete(chat: Chat, shelf: Shelf, id: ConversationId, address: Address) -> Result<(), Missing> {
    chat.unseen.update_value(|unseen| unseen.deleting = Some(id));
    spawn_local(async move {
        match delete_conversation(id).await {
            Ok(()) => {
                shelf.remove(id);
                if chat.place.get_untracked().conversation() == Some(id) {
                    address.go("/", false);
                }
            }
            Err(AppError(error)) => {
                chat.unseen.update_value(|unseen| unseen.deleting = None);
                chat.notice.set(Some(error));
            }
        }
    });
    Ok(())
}

/// Copies the text of a code block and says so on its button.
#[wasm_split(errands, fallible)]
pub(crate) fn copy_code(code: String, button: Element) -> Result<(), Missing> {
    spawn_local(async move {
        if browser::copy(&code).await {
            button.set_text_content(Some("Copied"));
            set_timeout(move || button.set_text_content(Some("Copy")), Duration::from_secs(2));
        }
    });
    Ok(())
}

/// Copies a message's Markdown, and sets `copied` for a moment when it is on the clipboard.
#[wasm_split(errands, fallible)]
pub(crate) fn copy_message(chat: Chat, message: MessageId, copied: RwSignal<bool>) -> Result<(), Missing> {
    spawn_local(async move {
        match message_source(message).await {
            Ok(source) if browser::copy(&source).await => {
                copied.try_set(true);
                let back = move || {
                    copied.try_set(false);
                };
                set_timeout(back, Duration::from_secs(2));
            }
            Ok(_) => chat.notice.set(Some(ApiError::new(
                ErrorCode::BadRequest,
                "The browser did not allow copying. Select the text and copy it by hand.",
            ))),
            Err(AppError(error)) => chat.notice.set(Some(error)),
        }
    });
    Ok(())
}
