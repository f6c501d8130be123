//! What can be done with a conversation in a list: the shared menu, renaming in place, and the question before
//! deleting. One menu and one dialog serve every row.

use super::icon::{self, Icon};
use crate::{
    address::Address,
    chat::{Chat, Entry, Shelf, errands, place::mood_path_of},
    lazy,
};
use leptos::{html, prelude::*};
use types::ConversationId;

/// The id of the shared menu's element.
pub(crate) const MENU: &str = "conversation-menu";

/// Where a conversation's name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    Header,
    Sidebar,
}

/// What the user is doing with which conversation.
#[derive(Clone, Copy)]
pub(crate) struct Desk {
    /// Whose menu is open, and beside which of its names.
    pub(crate) menu: RwSignal<Option<(Entry, Spot)>>,
    pub(crate) renaming: RwSignal<Option<(ConversationId, Spot)>>,
    pub(crate) deleting: RwSignal<Option<Entry>>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { menu: RwSignal::new(None), renaming: RwSignal::new(None), deleting: RwSignal::new(None) }
    }
}

/// The button that opens the menu of a conversation.
#[component]
pub(crate) fn MenuButton(#[prop(into)] entry: Signal<Option<Entry>>, spot: Spot) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let label = move || {
        let title = entry.with(|entry| entry.as_ref().map(|entry| entry.title.clone()).unwrap_or_default());
        format!("More for “{title}”")
    };
    view! {
        <button
            type="button"
            class="icon-button more"
            aria-label=label
            popovertarget=MENU
            on:click=move |_| desk.menu.set(entry.get_untracked().map(|entry| (entry, spot)))
        >
            <Icon path=icon::DOTS/>
        </button>
    }
}

/// The menu of the conversation whose button was pressed.
#[component]
pub(crate) fn ConversationMenu() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let rename = move |_| desk.renaming.set(desk.menu.get_untracked().map(|(entry, spot)| (entry.id, spot)));
    let delete = move |_| desk.deleting.set(desk.menu.get_untracked().map(|(entry, _)| entry));
    let mood = move || desk.menu.with(|menu| menu.as_ref().map(|(entry, _)| mood_path_of(entry.id)));
    view! {
        <div id=MENU class="menu" popover="auto" role="group" aria-label="Conversation">
            <button type="button" class="menu-item" popovertarget=MENU popovertargetaction="hide" on:click=rename>
                <Icon path=icon::PENCIL/>
                "Rename"
            </button>
            <a class="menu-item" href=mood rel="external">
                <Icon path=icon::TREND/>
                "How it reads"
            </a>
            <button type="button" class="menu-item danger" popovertarget=MENU popovertargetaction="hide" on:click=delete>
                <Icon path=icon::TRASH/>
                "Delete"
            </button>
        </div>
    }
    .into_any()
}

/// Asks before a conversation is deleted.
#[component]
pub(crate) fn DeleteDialog() -> impl IntoView {
    let (chat, shelf, desk) = (expect_context::<Chat>(), expect_context::<Shelf>(), expect_context::<Desk>());
    let address = expect_context::<Address>();
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let (true, Some(dialog)) = (desk.deleting.with(Option::is_some), dialog.get())
            && !dialog.open()
        {
            // It fails only for a dialog that is open or not on the page.
            let _ = dialog.show_modal();
        }
    });
    let confirm = move |_| {
        if let Some(entry) = desk.deleting.get_untracked() {
            lazy::call(chat.notice, errands::delete(chat, shelf, entry.id, address));
        }
    };
    let title = move || desk.deleting.with(|entry| entry.as_ref().map(|entry| entry.title.clone()).unwrap_or_default());
    view! {
        <dialog node_ref=dialog class="dialog" aria-labelledby="delete-title" on:close=move |_| desk.deleting.set(None)>
            <form method="dialog">
                <h2 id="delete-title">"Delete this conversation?"</h2>
                <p>"“" {title} "” and all its messages will be gone. This cannot be undone."</p>
                <div class="dialog-actions">
                    <button class="button" autofocus=true>"Keep it"</button>
                    <button class="button danger" on:click=confirm>"Delete"</button>
                </div>
            </form>
        </dialog>
    }
    .into_any()
}
