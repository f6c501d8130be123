//! How an answer ended, where that needs saying, with the one thing to do about it.

use super::{composer::Sender, model_picker::open_for};
use crate::chat::{
    Chat, Picker, Row,
    ending::{Remedy, ending},
};
use leptos::prelude::*;

/// The note under an answer.
#[component]
pub(crate) fn EndNote(row: Row) -> impl IntoView {
    let chat = expect_context::<Chat>();
    let (key, wait) = (row.key, row.wait.clone());
    let note = Memo::new(move |_| row.outcome.with(|outcome| ending(outcome, chat.is_first(key), row.has_text())));
    move || {
        note.get().map(|note| {
            let or_model = note.or_model.then(|| view! { <Action key remedy=Remedy::Model wait=wait.clone()/> });
            view! {
                <div class="end-note" class:failure=note.failure role=note.failure.then_some("alert")>
                    <p>{note.text}</p>
                    <div class="end-actions">
                        <Action key remedy=note.remedy wait=wait.clone()/>
                        {or_model}
                    </div>
                </div>
            }
            .into_any()
        })
    }
}

/// The button for a remedy.
#[component]
fn Action(key: i64, remedy: Remedy, wait: ArcRwSignal<String>) -> impl IntoView {
    let (chat, picker, sender) =
        (expect_context::<Chat>(), expect_context::<StoredValue<Picker>>(), expect_context::<Sender>());
    let act = move |_| match remedy {
        Remedy::Nothing => {}
        Remedy::Again => sender.again(key),
        Remedy::Continue => sender.go_on(key),
        Remedy::Model => open_for(picker, key),
        Remedy::Edit => sender.edit(key),
        Remedy::Anew => sender.begin_anew(key),
    };
    // Only asking the same provider again has to wait for it.
    let left = move || if remedy == Remedy::Again { wait.get() } else { String::new() };
    let is_held_back = {
        let left = left.clone();
        move || chat.writing.get().is_some() || !left().is_empty()
    };
    let label = {
        let left = left.clone();
        move || match remedy {
            Remedy::Again if !left().is_empty() => format!("Retry in {}", left()),
            Remedy::Nothing | Remedy::Again => "Try again".to_owned(),
            Remedy::Continue => "Continue".to_owned(),
            Remedy::Model => "Pick another model".to_owned(),
            Remedy::Edit => "Edit your message".to_owned(),
            Remedy::Anew => "Begin a new conversation".to_owned(),
        }
    };
    (remedy != Remedy::Nothing).then(|| {
        view! {
            <button type="button" class="button" disabled=is_held_back on:click=act>
                {label}
            </button>
        }
        .into_any()
    })
}
