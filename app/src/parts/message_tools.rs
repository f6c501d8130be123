//! The buttons at a message, the question before it is deleted, and the field in which it is edited. The buttons are text of
//! Lia's own, because a view of each of them would be code that every first load carries; the rest is drawn when it is
//! asked for. What they do is decided in `chat::tree`.

use super::{
    draw::{append, by_id, made, mark, set, text},
    icon,
};
use leptos::{
    prelude::{document, request_animation_frame},
    wasm_bindgen::JsCast,
    web_sys::{Element, HtmlElement, HtmlTextAreaElement},
};
use std::fmt::Write as _;
use types::{MessageId, MessageRole, Siblings};

/// The buttons at a message; none as long as the server has not numbered it. Nothing in this is anybody's words.
pub(crate) fn tools(role: MessageRole, id: Option<MessageId>, siblings: Option<Siblings>) -> String {
    let mut html = String::new();
    let Some(id) = id else { return html };
    if let Some(Siblings { index, count, previous_id, next_id }) = siblings {
        html.push_str("<span class=\"versions\">");
        button(&mut html, "show", previous_id, "Previous version", icon::PREVIOUS);
        let _ = write!(html, "<span>{index}/{count}</span>");
        button(&mut html, "show", next_id, "Next version", icon::NEXT);
        html.push_str("</span>");
    }
    if role == MessageRole::User {
        button(&mut html, "edit", Some(id), "Edit", icon::PENCIL);
        // The style sheet shows it only where nothing follows: the answer was deleted.
        button(&mut html, "regenerate", Some(id), "Answer this", icon::AGAIN);
    } else {
        button(&mut html, "regenerate", Some(id), "Another answer", icon::AGAIN);
        button(&mut html, "fork", Some(id), "Continue in a new chat", icon::FORK);
    }
    button(&mut html, "delete", Some(id), "Delete", icon::TRASH);
    html
}

fn button(html: &mut String, deed: &str, id: Option<MessageId>, name: &str, path: &str) {
    let (id, disabled) = id.map_or((0, " disabled"), |id| (id.0, ""));
    let _ = write!(
        html,
        "<button type=\"button\" class=\"icon-button\" data-deed=\"{deed}\" data-id=\"{id}\" title=\"{name}\" \
         aria-label=\"{name}\"{disabled}><svg class=\"icon\" viewBox=\"0 0 20 20\" width=\"20\" height=\"20\" \
         aria-hidden=\"true\"><path d=\"{path}\"></path></svg></button>"
    );
}

/// Gives the keyboard back its place after another version has come: at the way to the next one, where there is one.
pub(crate) fn focus_versions(id: MessageId) {
    request_animation_frame(move || focus_on(id, ".versions button:not(:disabled)"));
}

/// Asks whether it is meant to delete a message.
pub(crate) fn ask(id: MessageId) {
    let Some(tools) = by_id(&tools_id(id)) else { return };
    let Some(group) = made("div", "tools-question") else { return };
    close_question(id);
    set(&group, "role", "group");
    set(&group, "aria-label", "Delete this and everything below it?");
    append(&group, text("span", "", "Delete this and everything below it?"));
    append(&group, choice(id, "delete-now", "button danger", "Delete"));
    append(&group, choice(id, "keep", "button", "Keep"));
    append(&tools, Some(group));
    focus_on(id, "[data-deed=keep]");
}

/// Takes the question away again.
pub(crate) fn close_question(id: MessageId) {
    let asked = by_id(&tools_id(id)).and_then(|tools| tools.query_selector(".tools-question").ok().flatten());
    if let Some(asked) = asked {
        asked.remove();
        focus_on(id, "[data-deed=delete]");
    }
}

/// Opens a field with the words of a message in its place.
pub(crate) fn open_editor(id: MessageId, words: &str) {
    let (Some(message), None) = (by_id(&format!("message-{id}")), field(id)) else { return };
    let (Some(editor), Some(field)) = (made("div", "editor"), made("textarea", "")) else { return };
    set(&editor, "id", &editor_id(id));
    set(&editor, "role", "group");
    set(&editor, "aria-label", "Edit your message");
    set(&field, "aria-label", "Your message");
    // As many lines as the words take, within what a page bears.
    set(&field, "rows", &(words.lines().count() + words.len() / 60).clamp(2, 12).to_string());
    field.set_text_content(Some(words));
    let (actions, focused) = (made("div", "editor-actions"), field.clone());
    append(&editor, Some(field));
    if let Some(actions) = &actions {
        append(actions, choice(id, "cancel", "button", "Cancel"));
        append(actions, choice(id, "save", "button primary", "Save and ask"));
    }
    append(&editor, actions);
    set(&message, "data-editing", "");
    append(&message, Some(editor));
    if let Some(field) = focused.dyn_ref::<HtmlElement>() {
        let _ = field.focus();
    }
}

/// What the words of a message have become in its field.
pub(crate) fn edited(id: MessageId) -> Option<String> {
    Some(field(id)?.value())
}

/// What the words have become in all fields that are open.
pub(crate) fn all_edited() -> Vec<String> {
    let editors = document().get_elements_by_class_name("editor");
    let text = |index| {
        let field = editors.item(index)?.query_selector("textarea").ok()??;
        Some(field.dyn_into::<HtmlTextAreaElement>().ok()?.value())
    };
    (0..editors.length()).filter_map(text).collect()
}

/// Takes the field away again.
pub(crate) fn close_editor(id: MessageId) {
    if let Some(editor) = by_id(&editor_id(id)) {
        if let Some(message) = editor.parent_element() {
            mark(&message, "data-editing", false);
        }
        editor.remove();
        focus_on(id, "[data-deed=edit]");
    }
}

/// Keeps the field as it is while its words are on their way.
pub(crate) fn hold_editor(id: MessageId, is_held: bool) {
    if let Some(editor) = by_id(&editor_id(id)) {
        mark(&editor, "inert", is_held);
    }
}

fn choice(id: MessageId, deed: &str, class: &str, label: &str) -> Option<Element> {
    let button = text("button", class, label)?;
    set(&button, "type", "button");
    set(&button, "data-deed", deed);
    set(&button, "data-id", &id.to_string());
    Some(button)
}

fn field(id: MessageId) -> Option<HtmlTextAreaElement> {
    by_id(&editor_id(id))?.query_selector("textarea").ok()??.dyn_into().ok()
}

fn editor_id(id: MessageId) -> String {
    format!("editor-{id}")
}

/// The id of the element with the buttons at a message.
pub(crate) fn tools_id(id: MessageId) -> String {
    format!("tools-{id}")
}

fn focus_on(id: MessageId, selector: &str) {
    let found = by_id(&tools_id(id)).and_then(|tools| tools.query_selector(selector).ok().flatten());
    if let Some(found) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
        let _ = found.focus();
    }
}
