//! Which page an address names, and going from one conversation to another without loading the page again. Every other
//! link loads its page: the browser needs no router, and each page brings only what it uses.

use crate::browser;
use leptos::{ev, prelude::*, wasm_bindgen::JsCast, web_sys};

/// The path of the page, as a signal.
#[derive(Clone, Copy)]
pub(crate) struct Address(RwSignal<String>);

impl Address {
    /// The address of the request, or of the browser.
    pub(crate) fn new() -> Self {
        #[cfg(feature = "ssr")]
        let path = crate::ssr::path();
        #[cfg(not(feature = "ssr"))]
        let path = browser::path();
        Self(RwSignal::new(path))
    }

    /// The path. Tracks it.
    pub(crate) fn path(self) -> String {
        self.0.get()
    }

    /// The path, once.
    pub(crate) fn path_untracked(self) -> String {
        self.0.get_untracked()
    }

    /// Goes to a place of the chat. With `replace`, going back skips the place one leaves.
    pub(crate) fn go(self, path: &str, replace: bool) {
        if self.path_untracked() != path {
            browser::set_path(path, replace);
            self.0.set(path.to_owned());
        }
    }

    /// Listens to the browser's history and to links within the chat, for as long as the page lives.
    pub(crate) fn listen(self) {
        Effect::new(move |_| {
            window_event_listener(ev::popstate, move |_| self.0.set(browser::path()));
            window_event_listener(ev::click, move |event| {
                if let Some(path) = followed_link(&event) {
                    event.prevent_default();
                    self.go(&path, false);
                }
            });
        });
    }
}

/// Whether a path is the chat's, which goes there without loading.
fn is_chat(path: &str) -> bool {
    path == "/" || path.starts_with("/c/")
}

/// Whether a click is to lead where its link says. One that asks for another tab or a download is the browser's.
pub(crate) fn is_plain(event: &web_sys::MouseEvent) -> bool {
    event.button() == 0 && !event.meta_key() && !event.ctrl_key() && !event.shift_key() && !event.alt_key()
}

/// The path within the chat to which this click leads.
fn followed_link(event: &web_sys::MouseEvent) -> Option<String> {
    let target = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    let link = target.closest("a[href]").ok()??.dyn_into::<web_sys::HtmlAnchorElement>().ok()?;
    // What the link says, not what it resolves to: Lia's own links to the chat are plain paths.
    let path = link.get_attribute("href")?;
    (is_plain(event) && !event.default_prevented() && !link.has_attribute("rel") && is_chat(&path)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_chat_is_gone_to_without_loading() {
        assert!(is_chat("/") && is_chat("/c/0199a3c4"));
        for other in ["/settings", "/login", "//c/1", "https://a.example/c/1", "#message", "/cc"] {
            assert!(!is_chat(other), "{other}");
        }
    }
}
