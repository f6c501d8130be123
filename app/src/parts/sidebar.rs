//! The conversations. In the layout on wide screens, a drawer on narrow ones: the browser's own popover, so that it
//! opens before WASM has loaded, closes with Escape, and gives the focus back.

use super::{
    account::AccountMenu,
    desk::{Desk, MenuButton, Spot},
    icon::{self, Icon, Mark},
    title_editor::TitleEditor,
};
use crate::{
    chat::{Chat, Entry, Place, Shelf, errands, place::path_of, store::shows},
    lazy,
};
use leptos::{html, prelude::*};
use types::{ConversationId, Viewer};

/// The id of the sidebar's element, which the header's button opens.
pub(crate) const SIDEBAR: &str = "sidebar";

/// The sidebar.
#[component]
pub(crate) fn Sidebar(user: Viewer) -> impl IntoView {
    let (chat, shelf) = (expect_context::<Chat>(), expect_context::<Shelf>());
    let drawer = NodeRef::<html::Aside>::new();
    // Where the user has gone, the drawer is in the way.
    Effect::new(move |before: Option<Place>| {
        let place = chat.place.get();
        if let (Some(drawer), true) = (drawer.get_untracked(), before.is_some_and(|before| before != place)) {
            // It fails only where the drawer is not open.
            let _ = drawer.hide_popover();
        }
        place
    });
    view! {
        <aside node_ref=drawer id=SIDEBAR class="sidebar" popover="auto" aria-label="Conversations">
            <div class="sidebar-head">
                <a class="brand" href="/">
                    <Mark/>
                    "Lia"
                </a>
            </div>
            <a
                class="new-chat"
                href="/"
                aria-current=move || (chat.place.get() == Place::New).then_some("page")
                on:click=move |_| focus_composer()
            >
                <Icon path=icon::PLUS/>
                "New chat"
            </a>
            <nav class="conversations" aria-label="Your conversations">
                <ul role="list">
                    <For each=move || shelf.entries.get() key=|entry| entry.id let:entry>
                        <SidebarRow id=entry.id/>
                    </For>
                </ul>
                {move || {
                    shelf
                        .entries
                        .with(Vec::is_empty)
                        .then(|| {
                            view! { <p class="sidebar-empty">"Your conversations will be listed here."</p> }.into_any()
                        })
                }}
                {move || {
                    shelf
                        .has_more
                        .get()
                        .then(|| {
                            let more = move |_| lazy::call(chat.notice, errands::load_more(chat, shelf));
                            view! { <button type="button" class="quiet-button" on:click=more>"Show more"</button> }
                                .into_any()
                        })
                }}
            </nav>
            <div class="sidebar-foot">
                <AccountMenu user/>
            </div>
        </aside>
    }
    .into_any()
}

#[component]
fn SidebarRow(id: ConversationId) -> impl IntoView {
    let (chat, shelf, desk) = (expect_context::<Chat>(), expect_context::<Shelf>(), expect_context::<Desk>());
    let title = move || shelf.title(id).unwrap_or_default();
    let entry = Signal::derive(move || shelf.title(id).map(|title| Entry { id, title }));
    let is_renamed = Memo::new(move |_| desk.renaming.get() == Some((id, Spot::Sidebar)));
    view! {
        <li class="row" class:current=move || shows(chat, id)>
            {move || {
                if is_renamed.get() {
                    view! { <TitleEditor id title=untrack(title)/> }.into_any()
                } else {
                    view! {
                        <a href=path_of(id) aria-current=move || shows(chat, id).then_some("page")>
                            {title}
                        </a>
                        <MenuButton entry spot=Spot::Sidebar/>
                    }
                        .into_any()
                }
            }}
        </li>
    }
}

/// Puts the cursor where the next message is written.
pub(crate) fn focus_composer() {
    use leptos::wasm_bindgen::JsCast;
    request_animation_frame(|| {
        let field = document().get_element_by_id(super::composer::FIELD);
        if let Some(field) = field.and_then(|field| field.dyn_into::<leptos::web_sys::HtmlElement>().ok()) {
            let _ = field.focus();
        }
    });
}
