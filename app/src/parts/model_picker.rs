//! Which model answers: the button in the composer, and the list it opens. A field to search with keeps the focus; the
//! arrow keys move through the list below it.

use super::{
    composer::Sender,
    icon::{self, Icon},
};
use crate::{
    browser,
    chat::{
        Chat, Picker,
        choosing::{choose, fetch, prefer_other, toggle_favourite},
        models::{Group, ModelList, facts},
    },
};
use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    html,
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{Element, HtmlElement},
};
use types::Model;

/// The id of the picker's element.
pub(crate) const PICKER: &str = "model-picker";
/// The id of its list.
const LIST: &str = "models";

/// The button that opens the picker and says which model answers.
#[component]
pub(crate) fn ModelButton() -> impl IntoView {
    let (chat, picker) = (expect_context::<Chat>(), expect_context::<Picker>());
    let name = move || chat.model.get().map_or_else(|| "Choose a model".to_owned(), |model| picker.name(&model));
    view! {
        <button
            type="button"
            class="model-button"
            title="The model that answers"
            aria-haspopup="dialog"
            popovertarget=PICKER
        >
            <span class="visually-hidden">"Model: "</span>
            <span class="model-name">{name}</span>
            <Icon path=icon::CHEVRON_DOWN/>
        </button>
    }
}

/// Opens the picker for a failed answer: what is chosen is asked the same question.
pub(crate) fn open_for(picker: Picker, key: i64) {
    picker.ask_again.set(Some(key));
    if let Some(element) = element() {
        // It fails only for one that is open.
        let _ = element.show_popover();
    }
}

fn element() -> Option<HtmlElement> {
    document().get_element_by_id(PICKER)?.dyn_into().ok()
}

fn close() {
    if let Some(element) = element() {
        // It fails only for one that is closed.
        let _ = element.hide_popover();
    }
}

/// The list, in the place where menus are.
#[component]
pub(crate) fn ModelPicker() -> impl IntoView {
    let (chat, picker, sender) = (expect_context::<Chat>(), expect_context::<Picker>(), expect_context::<Sender>());
    let (popover, field) = (NodeRef::<html::Div>::new(), NodeRef::<html::Input>::new());
    let toggled = move || {
        let Some(element) = popover.get_untracked() else { return };
        if element.matches(":popover-open").unwrap_or(false) {
            fetch(chat, picker);
            let first = || field.get_untracked().filter(|_| !browser::is_touch());
            let _ = first().map_or_else(|| element.focus(), |field| field.focus());
            prefer_other(chat, picker);
        } else {
            picker.ask_again.set(None);
            picker.query.set(String::new());
            let chosen = chat.model.get_untracked();
            picker.active.set(chosen.and_then(|chosen| picker.list.with_untracked(|list| list.number(&chosen))));
        }
    };
    // It may have been opened before WASM had loaded.
    Effect::new(move |_| toggled());
    let take = move |number: usize| {
        if let Some(model) = picker.choice(number) {
            let failed = picker.ask_again.get_untracked();
            close();
            choose(chat, picker, model);
            if let Some(key) = failed {
                sender.again(key);
            }
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let chosen = chat.model.get_untracked();
        let key = event.key();
        if key == "Enter" && !event.is_composing() {
            event.prevent_default();
            if let Some(active) = picker.active.get_untracked() {
                take(active);
            }
        } else if picker.step(&key, chosen.as_ref()) {
            event.prevent_default();
            show_active(picker);
        }
    };
    let on_input = move |event| {
        picker.look_for(event_target_value(&event), chat.model.get_untracked().as_ref());
        show_active(picker);
    };
    let on_click = move |event: MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let within = |selector: &str| target.as_ref().and_then(|target| target.closest(selector).ok().flatten());
        let number = within("[data-model]").and_then(|row| row.get_attribute("data-model")?.parse().ok());
        match number {
            Some(number) if within(".star").is_some() => {
                picker.active.set(Some(number));
                toggle_favourite(chat, picker, number);
            }
            Some(number) => take(number),
            None => {}
        }
    };
    let active_id = move || picker.active.get().map(option_id);
    view! {
        <div
            node_ref=popover
            id=PICKER
            class="menu picker"
            popover="auto"
            role="dialog"
            aria-label="Models"
            tabindex="-1"
            on:toggle=move |_| toggled()
        >
            <div class="picker-search">
                <Icon path=icon::SEARCH/>
                <input
                    node_ref=field
                    type="text"
                    role="combobox"
                    aria-label="Search models"
                    aria-expanded="true"
                    aria-controls=LIST
                    aria-autocomplete="list"
                    aria-activedescendant=active_id
                    placeholder="Search models"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    enterkeyhint="done"
                    prop:value=move || picker.query.get()
                    on:input=on_input
                    on:keydown=on_key
                />
                // On a phone there is no Escape.
                <button
                    type="button"
                    class="icon-button"
                    aria-label="Close"
                    popovertarget=PICKER
                    popovertargetaction="hide"
                >
                    <Icon path=icon::CLOSE/>
                </button>
            </div>
            // The field keeps the focus while the list is clicked.
            <div
                class="picker-list"
                on:mousedown=|event| event.prevent_default()
                on:click=on_click
            >
                <Models/>
            </div>
            <ActiveModel/>
        </div>
    }
    .into_any()
}

/// The groups, or why there are none.
#[component]
fn Models() -> impl IntoView {
    let (chat, picker) = (expect_context::<Chat>(), expect_context::<Picker>());
    let is_filled = Memo::new(move |_| picker.list.with(|list| !list.is_empty()));
    let groups = Memo::new(move |_| chat.model.with(|chosen| picker.groups(chosen.as_ref())));
    let found = move || groups.with(|groups| groups.iter().map(|group| group.shown.len() + group.more).sum::<usize>());
    let remark = move || {
        if let Some(error) = picker.problem.get() {
            return error.message;
        }
        match (is_filled.get(), found()) {
            (false, _) => "Reading the lists of models…".to_owned(),
            (true, 0) => format!("No model is called “{}”.", picker.query.get()),
            (true, 1) => "1 model".to_owned(),
            (true, count) => format!("{count} models"),
        }
    };
    // How many there are is of use only to those who do not see them.
    let is_silent = move || picker.problem.with(Option::is_none) && is_filled.get() && found() > 0;
    view! {
        <p class="picker-remark" class:visually-hidden=is_silent role="status">{remark}</p>
        {move || {
            picker
                .problem
                .with(Option::is_some)
                .then(|| {
                    view! {
                        <button type="button" class="button" on:click=move |_| fetch(chat, picker)>
                            "Try again"
                        </button>
                    }
                        .into_any()
                })
        }}
        <div id=LIST role="listbox" aria-label="Models" hidden=move || groups.with(Vec::is_empty)>
            {move || {
                let chosen = chat.model.get();
                picker
                    .list
                    .with(|list| {
                        let chosen = chosen.and_then(|chosen| list.number(&chosen));
                        groups.get().into_iter().map(|group| group_view(picker, list, group, chosen)).collect_view()
                    })
            }}
        </div>
    }
}

fn group_view(picker: Picker, list: &ModelList, group: Group, chosen: Option<usize>) -> AnyView {
    let Group { title, problem, shown, more } = group;
    let label = problem.as_ref().map_or_else(|| title.clone(), |problem| format!("{title}: {problem}"));
    let rows: Vec<_> = shown
        .into_iter()
        .filter_map(|number| Some((number, list.model(number)?, list.problem(number).is_some())))
        .map(|(number, model, is_away)| option_view(picker, number, model, is_away, chosen == Some(number)))
        .collect();
    view! {
        <div role="group" class="picker-group" aria-label=label>
            <p class="picker-head" role="presentation">
                {title}
                {problem.map(|problem| view! { <span>{problem}</span> })}
            </p>
            {rows}
            {(more > 0)
                .then(|| view! { <p class="picker-more" role="presentation">{more} " more: type to find them"</p> })}
        </div>
    }
    .into_any()
}

fn option_view(picker: Picker, number: usize, model: &Model, is_away: bool, is_chosen: bool) -> AnyView {
    let is_active = move || picker.active.get() == Some(number);
    let is_favourite = move || picker.is_favourite(number);
    let marks: Vec<_> = model
        .capabilities
        .iter()
        .filter_map(|capability| capability_mark(capability))
        .map(|(word, path)| {
            view! {
                <span class="capability" title=word>
                    <Icon path/>
                    <span class="visually-hidden">{word} ", "</span>
                </span>
            }
        })
        .collect();
    view! {
        <div
            id=option_id(number)
            role="option"
            class="picker-option"
            class:active=is_active
            aria-selected=if is_chosen { "true" } else { "false" }
            aria-disabled=is_away.then_some("true")
            data-model=number.to_string()
            title=model.id.clone()
        >
            <span class="option-name">
                {model.name.clone()}
                {is_chosen.then(|| view! { <Icon path=icon::CHECK/> })}
            </span>
            <span class="capabilities">{marks}</span>
            <span class="option-facts">{facts(model)}</span>
            <span class="visually-hidden">{move || if is_favourite() { ", favourite" } else { "" }}</span>
            <span class="star" class:marked=is_favourite aria-hidden="true">
                <Icon path=icon::STAR/>
            </span>
        </div>
    }
    .into_any()
}

/// What the active model is, and its mark: with Tab within reach of the keyboard.
#[component]
fn ActiveModel() -> impl IntoView {
    let (chat, picker) = (expect_context::<Chat>(), expect_context::<Picker>());
    move || {
        let number = picker.active.get()?;
        let (name, text) = picker.list.with(|list| {
            let model = list.model(number)?;
            Some((model.name.clone(), list.problem(number).unwrap_or(&model.description).to_owned()))
        })?;
        let is_favourite = picker.is_favourite(number);
        let label = if is_favourite { "Remove from favourites" } else { "Add to favourites" };
        Some(
            view! {
                <div class="picker-foot">
                    <p>{text}</p>
                    <button
                        type="button"
                        class="quiet-button mark-button"
                        aria-label=format!("{label}: {name}")
                        on:click=move |_| toggle_favourite(chat, picker, number)
                    >
                        <span class="star" class:marked=is_favourite>
                            <Icon path=icon::STAR/>
                        </span>
                        {label}
                    </button>
                </div>
            }
            .into_any(),
        )
    }
}

fn option_id(number: usize) -> String {
    format!("model-{number}")
}

/// Scrolls the list to the active model, once it is there.
fn show_active(picker: Picker) {
    request_animation_frame(move || {
        let active = picker.active.get_untracked().and_then(|number| document().get_element_by_id(&option_id(number)));
        if let Some(active) = active {
            browser::scroll_to(&active);
        }
    });
}

/// A capability's word and sign; none for one that this build does not know.
fn capability_mark(capability: &str) -> Option<(&'static str, &'static str)> {
    Some(match capability {
        "images" => ("Reads images", icon::IMAGE),
        "audio" => ("Hears audio", icon::AUDIO),
        "thinking" => ("Thinks first", icon::THINKING),
        "structured_output" => ("Answers in a given structure", icon::STRUCTURE),
        "tools" => ("Uses tools", icon::TOOLS),
        _ => return None,
    })
}
