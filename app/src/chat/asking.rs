//! Requests under way that begin an answer on the page, or show one. What is heard meanwhile of an answer there may be theirs,
//! and is looked at when they are done.

use super::Chat;
use leptos::prelude::*;

/// A request under way, until it is dropped.
pub(crate) struct Asking(Chat);

impl Asking {
    pub(crate) fn new(chat: Chat) -> Self {
        chat.asking.update(|asking| *asking += 1);
        Self(chat)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.asking.try_update(|asking| *asking -= 1);
    }
}
