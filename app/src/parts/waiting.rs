//! The questions that wait to be sent, below the conversation: what each says, why it waits, and how to take it back. Drawn
//! when there are any; what the buttons do is decided in `chat::delivery`.

use super::draw::{append, by_id, made, set, text};
use crate::{
    browser,
    chat::{Chat, growth::html_of, waiting::Waiting},
};
use leptos::{
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{Element, Event},
};
use uuid::Uuid;

/// The id of the place where they are shown.
pub(crate) const AREA: &str = "waiting";

/// Shows what waits at the place on the page, in the place of what was shown before.
pub(crate) fn draw(chat: Chat) {
    let Some(area) = by_id(AREA) else { return };
    let place = chat.place.get_untracked().conversation();
    let items = chat.unseen.with_value(|unseen| {
        let why = match &unseen.pending.why {
            _ if chat.writing.get_untracked().is_some() => "Waits for the answer",
            Some(why) => why,
            None => "Waiting for a connection",
        };
        unseen.pending.queue.at(place).map(|waiting| (waiting.clone(), note(waiting, why))).collect::<Vec<_>>()
    });
    // What has not changed stays as it is, with the focus that may be on it.
    let state = items.iter().map(|(waiting, note)| waiting.name() + note).collect::<Vec<_>>().join("\n");
    if area.get_attribute("data-state").unwrap_or_default() == state {
        return;
    }
    set(&area, "data-state", &state);
    area.set_text_content(None);
    if items.is_empty() {
        return;
    }
    let Some(list) = made("ol", "messages") else { return };
    set(&list, "role", "list");
    set(&list, "aria-label", "Waiting to be sent");
    for (waiting, note) in &items {
        append(&list, item(waiting, note));
    }
    append(&area, Some(list));
}

/// Brings the newest of them into view.
pub(crate) fn show_last() {
    if let Some(last) = by_id(AREA).and_then(|area| area.query_selector("li:last-child").ok().flatten()) {
        browser::scroll_to(&last);
    }
}

/// What a click on one of the buttons asks for, and of which question.
pub(crate) fn pressed(event: &Event) -> Option<(String, Uuid)> {
    let button = event.target()?.dyn_into::<Element>().ok()?.closest("[data-waiting]").ok()??;
    Some((button.get_attribute("data-waiting")?, button.get_attribute("data-id")?.parse().ok()?))
}

fn note(waiting: &Waiting, why: &str) -> String {
    if let Some(refusal) = &waiting.refusal {
        return refusal.clone();
    }
    if waiting.is_claimed(browser::now_ms()) {
        return "Sending…".to_owned();
    }
    format!("{why} · {}", browser::time_of_day(waiting.written_at))
}

fn item(waiting: &Waiting, note: &str) -> Option<Element> {
    let item = made("li", "message from-user")?;
    append(&item, text("h2", "visually-hidden", "Not sent yet"));
    let (bubble, words, foot) = (made("div", "bubble")?, made("div", "prose")?, made("div", "waiting-foot")?);
    // Only ever HTML from `crates/markdown`.
    words.set_inner_html(&html_of(&waiting.request.message));
    append(&bubble, Some(words));
    append(&item, Some(bubble));
    append(&foot, text("span", "waiting-note", note));
    if !waiting.is_claimed(browser::now_ms()) {
        if waiting.refusal.is_some() {
            append(&foot, button(waiting, "again", "Try again"));
        }
        append(&foot, button(waiting, "edit", "Edit"));
        append(&foot, button(waiting, "discard", "Discard"));
    }
    append(&item, Some(foot));
    Some(item)
}

fn button(waiting: &Waiting, deed: &str, label: &str) -> Option<Element> {
    let button = text("button", "quiet-button", label)?;
    set(&button, "type", "button");
    set(&button, "data-waiting", deed);
    set(&button, "data-id", &waiting.name());
    Some(button)
}
