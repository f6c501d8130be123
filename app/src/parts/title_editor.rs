//! A conversation's name while it is being changed, in place: Enter and leaving keep it, Escape does not.

use super::desk::Desk;
use crate::{
    chat::{Chat, Shelf, errands},
    lazy,
};
use leptos::{ev::KeyboardEvent, html, prelude::*};
use types::{ConversationId, TITLE_MAX_CHARS};

/// The field in the place of a name.
#[component]
pub(crate) fn TitleEditor(id: ConversationId, title: String) -> impl IntoView {
    let (chat, shelf, desk) = (expect_context::<Chat>(), expect_context::<Shelf>(), expect_context::<Desk>());
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            // After the menu has given its focus back.
            request_animation_frame(move || {
                let _ = input.focus();
                input.select();
            });
        }
    });
    let before = StoredValue::new(title.clone());
    // Both Enter and leaving end the editing, and ending it makes the field lose its focus: it counts once.
    let finish = move |keep: bool| {
        if desk.renaming.get_untracked().is_none_or(|(renamed, _)| renamed != id) {
            return;
        }
        desk.renaming.set(None);
        let title = input.get_untracked().map(|input| input.value().trim().to_owned()).unwrap_or_default();
        if keep && !title.is_empty() && before.with_value(|before| *before != title) {
            lazy::call(chat.notice, errands::rename(chat, shelf, id, title));
        }
    };
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.is_composing() => finish(true),
        "Escape" => {
            event.prevent_default();
            finish(false);
        }
        _ => {}
    };
    view! {
        <input
            node_ref=input
            class="title-editor"
            type="text"
            aria-label="Name of the conversation"
            maxlength=TITLE_MAX_CHARS
            value=title
            on:keydown=on_key
            on:blur=move |_| finish(true)
        />
    }
}
