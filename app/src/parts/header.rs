//! The line above the conversation: the drawer's button, the name, and what can be done with it.

use super::{
    desk::{Desk, MenuButton, Spot},
    icon::{self, Icon},
    reading::MoodLink,
    sidebar::SIDEBAR,
    title_editor::TitleEditor,
};
use crate::{
    chat::{Chat, Entry, Place},
    title::name_page,
};
use leptos::prelude::*;

/// The header of the chat page.
#[component]
pub(crate) fn Header() -> impl IntoView {
    let (chat, desk) = (expect_context::<Chat>(), expect_context::<Desk>());
    let name = move || match chat.place.get() {
        Place::New => "New chat".to_owned(),
        // A heading is never empty, whatever is still on its way or not there at all.
        _ => chat.title.with(|title| if title.is_empty() { "Conversation".to_owned() } else { title.clone() }),
    };
    let entry = Signal::derive(move || {
        let title = chat.title.get();
        chat.place.get().conversation().filter(|_| !title.is_empty()).map(|id| Entry { id, title })
    });
    let renamed = Memo::new(move |_| {
        let shown = chat.place.get().conversation();
        desk.renaming.get().filter(|(id, spot)| *spot == Spot::Header && shown == Some(*id)).map(|(id, _)| id)
    });
    name_page(name);
    view! {
        <header class="header">
            <button type="button" class="icon-button narrow-only" popovertarget=SIDEBAR aria-label="Conversations">
                <Icon path=icon::MENU/>
            </button>
            {move || match renamed.get() {
                Some(id) => view! { <TitleEditor id title=chat.title.get_untracked()/> }.into_any(),
                None => view! { <h1 class="header-title">{name}</h1> }.into_any(),
            }}
            <MoodLink/>
            {move || {
                let has_menu = entry.with(Option::is_some);
                has_menu.then(|| view! { <MenuButton entry spot=Spot::Header/> }.into_any())
            }}
        </header>
    }
    .into_any()
}
