//! Who reads the messages of all conversations: this Lia's own way, or a method of the person's choice.

use crate::{AppError, server_fns::save_preferences};
use leptos::{prelude::*, task::spawn_local};
use types::{MethodInfo, PreferencesChange, ReaderView, SentimentMethod};

/// The methods, of which one is chosen at once and for good.
#[component]
pub(super) fn ReaderChoice(view: ReaderView) -> impl IntoView {
    let ReaderView { methods, chosen, usual } = view;
    let chosen = RwSignal::new(chosen);
    let outcome = RwSignal::new(String::new());
    let choose = move |method: Option<SentimentMethod>| {
        let before = chosen.get_untracked();
        chosen.set(method);
        spawn_local(async move {
            let change = PreferencesChange { sentiment_method: Some(method), ..PreferencesChange::default() };
            outcome.set(match save_preferences(change).await {
                Ok(()) => "Saved. It holds from your next message on.".to_owned(),
                Err(AppError(error)) => {
                    chosen.set(before);
                    error.message
                }
            });
        });
    };
    let name = |wanted: SentimentMethod| methods.iter().find(|method| method.id == wanted).map(|method| &method.name);
    let own = format!("Whoever reads here by default: now “{}”.", name(usual).map(String::as_str).unwrap_or_default());
    let choice = move |method: Option<SentimentMethod>, name: String, about: String, is_available: bool| {
        let id = format!("reader-{}", method.map_or("default", SentimentMethod::as_str));
        let described = format!("{id}-about");
        view! {
            <div class="method">
                <input
                    id=id.clone()
                    type="radio"
                    name="reader"
                    checked=chosen.get_untracked() == method
                    prop:checked=move || chosen.get() == method
                    disabled=!is_available
                    aria-describedby=described.clone()
                    on:change=move |_| choose(method)
                />
                <label for=id>{name}</label>
                <p id=described>{about}</p>
            </div>
        }
        .into_any()
    };
    let own = choice(None, "As this Lia does".to_owned(), own, true);
    let others = methods.into_iter().map(|MethodInfo { id, name, description, available }| {
        let about = if available { description } else { format!("{description} Not set up here.") };
        choice(Some(id), name, about, available)
    });
    view! {
        <fieldset class="methods">
            <legend class="visually-hidden">"Who reads your messages"</legend>
            {own}
            {others.collect_view()}
        </fieldset>
        <p class="settings-note" role="status">{move || outcome.get()}</p>
    }
    .into_any()
}
