//! What the list of conversations shows of what happens elsewhere, as marks at their names, and what is not to be disturbed
//! while the list changes: the place where one reads, the focus, an open menu. Drawn by the part of the code that listens.

use super::{
    desk::{Desk, MENU, Spot},
    draw::{append, by_id, made, set, text},
    sidebar::SIDEBAR,
};
use crate::{
    browser,
    chat::{elsewhere::Mark, place::Place},
};
use leptos::{
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{Element, HtmlElement},
};
use types::ConversationId;

/// The class of a mark.
const MARK: &str = "row-mark";

/// Shows what is marked, with the next frame: by then the list is on the page as it is now.
pub(crate) fn draw(mark_of: impl Fn(ConversationId) -> Option<Mark> + 'static) {
    request_animation_frame(move || {
        for row in rows() {
            if let Ok(Some(link)) = row.query_selector("a") {
                let place = link.get_attribute("href").map(|path| Place::of(&path));
                show(&link, place.and_then(Place::conversation).and_then(&mark_of));
            }
        }
    });
}

fn show(link: &Element, mark: Option<Mark>) {
    let (class, says) = match mark {
        None => ("", ""),
        Some(Mark::Writing) => ("writing", "Being answered"),
        Some(Mark::Unread) => ("unread", "New answer"),
    };
    let shown = link.query_selector("[data-mark]").ok().flatten();
    if shown.as_ref().and_then(|shown| shown.get_attribute("data-mark")).unwrap_or_default() == class {
        return;
    }
    if let Some(shown) = shown {
        shown.remove();
    }
    if let (Some(_), Some(sign)) = (mark, made("span", MARK)) {
        set(&sign, "data-mark", class);
        set(&sign, "title", says);
        append(&sign, text("span", "visually-hidden", says));
        append(link, Some(sign));
    }
}

fn rows() -> Vec<HtmlElement> {
    let Some(sidebar) = by_id(SIDEBAR) else { return Vec::new() };
    let rows = sidebar.get_elements_by_class_name("row");
    (0..rows.length()).filter_map(|index| rows.item(index)?.dyn_into().ok()).collect()
}

/// Whether somebody has a conversation of the list in hand: its name is being changed, or its menu is open. What moved then
/// would move under their hands.
pub(crate) fn is_in_hand(desk: Desk) -> bool {
    desk.renaming.get_untracked().is_some_and(|(_, spot)| spot == Spot::Sidebar)
        || by_id(MENU).is_some_and(|menu| menu.matches(":popover-open").unwrap_or(false))
}

/// Calls `then` whenever the menu of a conversation has been closed, or opened.
pub(crate) fn on_put_down(then: impl Fn() + 'static) {
    if let Some(menu) = by_id(MENU) {
        browser::on_event(&menu, "toggle", then);
    }
}

/// Changes the list, and keeps the name that is uppermost in view where it is, unless that is the beginning of the list; and
/// the focus where it was, which an element loses that is moved.
pub(crate) fn steadily(change: impl FnOnce()) {
    let list = by_id(SIDEBAR).and_then(|sidebar| sidebar.query_selector(".conversations").ok().flatten());
    let list = list.and_then(|list| list.dyn_into::<HtmlElement>().ok());
    let focused = document().active_element();
    let uppermost = list.as_ref().filter(|list| list.scroll_top() > 0).and_then(|list| {
        let is_in_view = |row: &HtmlElement| row.offset_top() - list.scroll_top() >= list.offset_top();
        let row = rows().into_iter().find(is_in_view)?;
        Some((row.offset_top() - list.scroll_top(), row))
    });
    change();
    request_animation_frame(move || {
        let Some(list) = list else { return };
        let is_lost = document().active_element().is_some_and(|element| element.tag_name() == "BODY");
        if let Some(focused) = focused.filter(|focused| is_lost && list.contains(Some(focused)))
            && let Ok(focused) = focused.dyn_into::<HtmlElement>()
        {
            let _ = focused.focus();
        }
        if let Some((place, row)) = uppermost.filter(|(_, row)| list.contains(Some(row))) {
            list.set_scroll_top(row.offset_top() - place);
        }
    });
}
