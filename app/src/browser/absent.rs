//! The browser's services where there is no browser: nothing happens.

use super::{Line, Said, TextChange};
use leptos::web_sys::{Element, EventTarget, HtmlFormElement, HtmlTextAreaElement, PointerEvent};
use std::future::{Ready, ready};
use uuid::Uuid;

#[cfg(not(feature = "ssr"))]
pub(crate) fn page_theme() -> String {
    String::new()
}

pub(crate) fn path() -> String {
    String::new()
}

#[cfg(not(feature = "ssr"))]
pub(crate) fn query_value(_name: &str) -> Option<String> {
    None
}

pub(crate) fn form_value(_form: &HtmlFormElement, _name: &str) -> Option<String> {
    None
}

pub(crate) fn set_field(_id: &str, _text: &str) {}

pub(crate) fn share_across(_event: &PointerEvent) -> f64 {
    0.0
}

pub(crate) fn set_path(_path: &str, _replace: bool) {}

pub(crate) fn set_page_theme(_name: &str) {}

pub(crate) fn set_cookie(_name: &str, _value: &str) {}

pub(crate) fn stored(_key: &str) -> Option<String> {
    None
}

pub(crate) fn store(_key: &str, _value: &str) {}

pub(crate) fn forget(_prefix: &str) {}

pub(crate) fn random_id() -> Uuid {
    Uuid::nil()
}

pub(crate) fn now_ms() -> f64 {
    0.0
}

pub(crate) fn is_touch() -> bool {
    false
}

pub(crate) fn scroll_to(_element: &Element) {}

pub(crate) fn scroll_to_middle(_element: &Element) {}

pub(crate) fn is_online() -> bool {
    true
}

pub(crate) fn is_hidden() -> bool {
    false
}

pub(crate) fn on_event(_target: &EventTarget, _name: &str, _then: impl Fn() + 'static) {}

pub(crate) fn saves_data() -> bool {
    false
}

pub(crate) fn time_of_day(_ms: f64) -> String {
    String::new()
}

pub(crate) fn stored_keys(_prefix: &str) -> Vec<String> {
    Vec::new()
}

pub(crate) enum Keep {}

impl Keep {
    pub(crate) fn open() -> Ready<Option<Self>> {
        ready(None)
    }

    pub(crate) fn change(&self, _key: &str, _change: TextChange) -> Ready<Option<()>> {
        match *self {}
    }
}

pub(crate) fn copy(_text: &str) -> Ready<bool> {
    ready(false)
}

pub(crate) fn fit_height(_area: &HtmlTextAreaElement) {}

pub(crate) fn on_resize(_element: &Element, _then: impl Fn() + 'static) {}

pub(crate) fn open_line(_url: &str, _hear: impl Fn(Line) + 'static) {}

pub(crate) fn close_line() {}

pub(crate) fn open_socket(_path: &str, _hear: impl Fn(Said) + 'static) {}

pub(crate) fn say(_text: &str) {}

pub(crate) fn close_socket() {}

pub(crate) fn chance() -> f64 {
    0.0
}

pub(crate) fn fetched(_path: &str) -> Ready<Option<String>> {
    ready(None)
}

pub(crate) fn answers() -> Ready<bool> {
    ready(false)
}

pub(crate) fn was_reloaded() -> bool {
    false
}

pub(crate) fn remember_reload(_is_reloaded: bool) {}

pub(crate) fn reload() {}
