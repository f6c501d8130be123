//! Which model answers: the button in the composer, and the list it opens. A field to search with keeps the focus; the
//! arrow keys move through the list below it.

use super::{
    composer::Sender,
    icon::{self, Icon},
    model_list::{ABOUT, FOOT, LIST, MARK, REMARK, RETRY, SEARCH, draw, draw_active, follow_active},
    sidebar::focus_composer,
};
use crate::{
    browser,
    chat::{
        Chat, Picker,
        choosing::{choose, fetch, prefer_other, toggle_favourite},
    },
};
use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{Element, HtmlElement, HtmlInputElement},
};

/// The id of the picker's element.
const PICKER: &str = "model-picker";

/// The button that opens the picker and says which model answers.
#[component]
pub(crate) fn ModelButton() -> impl IntoView {
    let (chat, picker) = (expect_context::<Chat>(), expect_context::<StoredValue<Picker>>());
    let name = move || match chat.model.get() {
        Some(model) => picker.with_value(|picker| picker.name(&model)),
        None => "Choose a model".to_owned(),
    };
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
pub(crate) fn open_for(picker: StoredValue<Picker>, key: i64) {
    picker.update_value(|picker| picker.ask_again = Some(key));
    if let Some(element) = html_element(PICKER) {
        // It fails only for one that is open.
        let _ = element.show_popover();
    }
}

fn html_element(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// What the picker's handlers work with.
#[derive(Clone, Copy)]
struct Hand {
    chat: Chat,
    picker: StoredValue<Picker>,
    sender: Sender,
}

impl Hand {
    fn draw(self) {
        self.picker.with_value(|picker| draw(picker, self.chat.model.get_untracked().as_ref()));
    }

    fn fetch(self) {
        fetch(self.chat, self.picker, move || {
            self.draw();
            self.picker.with_value(follow_active);
        });
    }

    /// It has been opened or closed.
    fn toggled(self) {
        let Some(element) = html_element(PICKER) else { return };
        if element.matches(":popover-open").unwrap_or(false) {
            self.picker.update_value(|picker| prefer_other(self.chat, picker));
            self.draw();
            self.picker.with_value(follow_active);
            self.fetch();
            let field = html_element(SEARCH).filter(|_| !browser::is_touch());
            let _ = field.unwrap_or(element).focus();
        } else {
            self.picker.update_value(|picker| picker.rest(self.chat.model.get_untracked().as_ref()));
            if let Some(field) = html_element(SEARCH).and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) {
                field.set_value("");
            }
        }
    }

    fn take(self, number: usize) {
        if let Some(model) = self.picker.with_value(|picker| picker.choice(number)) {
            let failed = self.picker.with_value(|picker| picker.ask_again);
            if let Some(element) = html_element(PICKER) {
                let _ = element.hide_popover();
            }
            choose(self.chat, self.picker, model);
            if let Some(key) = failed {
                self.sender.again(key);
                // The button that opened it goes with the question it stood under.
                focus_composer();
            }
        }
    }

    fn mark(self, number: Option<usize>) {
        if let Some(number) = number {
            toggle_favourite(self.chat, self.picker, number);
            self.draw();
        }
    }

    fn look_for(self, words: String) {
        self.picker.update_value(|picker| picker.look_for(words, self.chat.model.get_untracked().as_ref()));
        self.draw();
        self.picker.with_value(follow_active);
    }

    fn press(self, event: &KeyboardEvent) {
        let key = event.key();
        if key == "Enter" && !event.is_composing() {
            event.prevent_default();
            if let Some(active) = self.picker.with_value(|picker| picker.active) {
                self.take(active);
            }
            return;
        }
        let mut moved = false;
        self.picker.update_value(|picker| moved = picker.step(&key, self.chat.model.get_untracked().as_ref()));
        if moved {
            event.prevent_default();
            self.picker.with_value(|picker| {
                draw_active(picker);
                follow_active(picker);
            });
        }
    }

    fn click(self, event: &MouseEvent) {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let within = |selector: &str| target.as_ref().and_then(|target| target.closest(selector).ok().flatten());
        let number = within("[data-model]").and_then(|row| row.get_attribute("data-model")?.parse().ok());
        if within(".star").is_some() {
            self.mark(number);
        } else if let Some(number) = number {
            self.take(number);
        }
    }
}

/// The list, in the place where menus are.
#[component]
pub(crate) fn ModelPicker() -> impl IntoView {
    let hand = Hand {
        chat: expect_context::<Chat>(),
        picker: expect_context::<StoredValue<Picker>>(),
        sender: expect_context::<Sender>(),
    };
    // It may have been opened before WASM had loaded.
    Effect::new(move |_| hand.toggled());
    view! {
        <div
            id=PICKER
            class="menu picker"
            popover="auto"
            role="dialog"
            aria-label="Models"
            tabindex="-1"
            on:toggle=move |_| hand.toggled()
        >
            <div class="picker-search">
                <Icon path=icon::SEARCH/>
                <input
                    id=SEARCH
                    type="text"
                    role="combobox"
                    aria-label="Search models"
                    aria-expanded="true"
                    aria-controls=LIST
                    aria-autocomplete="list"
                    placeholder="Search models"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    enterkeyhint="done"
                    on:input=move |event| hand.look_for(event_target_value(&event))
                    on:keydown=move |event| hand.press(&event)
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
            <p id=REMARK class="picker-remark" role="status"></p>
            <button id=RETRY type="button" class="button" hidden on:click=move |_| hand.fetch()>"Try again"</button>
            // The field keeps the focus while the list is clicked.
            <div
                id=LIST
                class="picker-list"
                role="listbox"
                aria-label="Models"
                hidden
                on:mousedown=|event| event.prevent_default()
                on:click=move |event| hand.click(&event)
            ></div>
            <div id=FOOT class="picker-foot" hidden>
                <p id=ABOUT></p>
                <button
                    id=MARK
                    type="button"
                    class="quiet-button"
                    on:click=move |_| hand.mark(hand.picker.with_value(|picker| picker.active))
                ></button>
            </div>
        </div>
    }
    .into_any()
}
