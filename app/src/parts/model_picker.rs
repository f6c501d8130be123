//! Which model answers: the button in the composer, and the list it opens. A field to search with keeps the focus; the
//! arrow keys move through the list below it.

use super::{
    composer::Sender,
    draw::{attribute_at, html_by_id, input_by_id, mark},
    icon::{self, Icon},
    model_list::{SEARCH, draw, draw_active, follow_active},
    sidebar::focus_composer,
};
use crate::{
    browser,
    chat::{
        Chat, Picker,
        choosing::{choose, fetch, prefer_other, toggle_favourite},
    },
    lazy::{self, Missing},
};
use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    prelude::*,
};
use wasm_split_helpers::wasm_split;

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
    if let Some(element) = html_by_id(PICKER) {
        // It fails only for one that is open.
        let _ = element.show_popover();
    }
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
        let Some(element) = html_by_id(PICKER) else { return };
        if element.matches(":popover-open").unwrap_or(false) {
            self.picker.update_value(|picker| prefer_other(self.chat, picker));
            self.draw();
            self.picker.with_value(follow_active);
            self.fetch();
            let field = html_by_id(SEARCH).filter(|_| !browser::is_touch());
            let _ = field.unwrap_or(element).focus();
        } else {
            self.picker.update_value(|picker| picker.rest(self.chat.model.get_untracked().as_ref()));
            if let Some(field) = input_by_id(SEARCH) {
                field.set_value("");
            }
        }
    }

    fn take(self, number: usize) {
        if let Some(model) = self.picker.with_value(|picker| picker.choice(number)) {
            let failed = self.picker.with_value(|picker| picker.ask_again);
            if let Some(element) = html_by_id(PICKER) {
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
        if attribute_at(event, "aria-activedescendant").is_none() {
            return;
        }
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
        let number = attribute_at(event, "data-model").and_then(|number| number.parse().ok());
        match (attribute_at(event, "data-does").as_deref(), number) {
            (Some("mark"), number) => self.mark(number.or(self.picker.with_value(|picker| picker.active))),
            (Some("fetch"), _) => self.fetch(),
            (_, Some(number)) => self.take(number),
            _ => {}
        }
    }
}

/// What happens to the picker.
enum Event {
    Toggled,
    Typed(String),
    Pressed(KeyboardEvent),
    Clicked(MouseEvent),
}

/// Does what follows from an event.
#[wasm_split(picker, fallible)]
fn take_in(hand: Hand, event: Event) -> Result<(), Missing> {
    match event {
        Event::Toggled => hand.toggled(),
        Event::Typed(words) => hand.look_for(words),
        Event::Pressed(event) => hand.press(&event),
        Event::Clicked(event) => hand.click(&event),
    }
    Ok(())
}

/// The list, in the place where menus are. What stands in it is the same for all: its one element hears what happens.
#[component]
pub(crate) fn ModelPicker() -> impl IntoView {
    let hand = Hand {
        chat: expect_context::<Chat>(),
        picker: expect_context::<StoredValue<Picker>>(),
        sender: expect_context::<Sender>(),
    };
    let hear = move |event| lazy::call(hand.chat.notice, take_in(hand, event));
    Effect::new(move |_| {
        // The focus is there before the next key is pressed. On a phone it would bring a keyboard over the list.
        if let Some(field) = input_by_id(SEARCH).filter(|_| !browser::is_touch()) {
            mark(&field, "autofocus", true);
        }
        // It may have been opened before WASM had loaded.
        if html_by_id(PICKER).is_some_and(|picker| picker.matches(":popover-open").unwrap_or(false)) {
            hear(Event::Toggled);
        }
    });
    let on_mouse = |event: MouseEvent| {
        // The field keeps the focus while the list is clicked.
        if attribute_at(&event, "data-model").is_some() {
            event.prevent_default();
        }
    };
    view! {
        <div
            id=PICKER
            class="menu picker"
            popover="auto"
            role="dialog"
            aria-label="Models"
            tabindex="-1"
            on:toggle=move |_| hear(Event::Toggled)
            on:input=move |event| hear(Event::Typed(event_target_value(&event)))
            on:keydown=move |event| hear(Event::Pressed(event))
            on:mousedown=on_mouse
            on:click=move |event| hear(Event::Clicked(event))
        >
            <div class="picker-search">
                <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
                    <path d="M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12ZM13.5 13.5 17 17"></path>
                </svg>
                <input
                    id="models-search"
                    type="text"
                    role="combobox"
                    aria-label="Search models"
                    aria-expanded="true"
                    aria-controls="models"
                    aria-autocomplete="list"
                    aria-activedescendant=""
                    placeholder="Search models"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    enterkeyhint="done"
                />
                // On a phone there is no Escape.
                <button
                    type="button"
                    class="icon-button"
                    aria-label="Close"
                    popovertarget="model-picker"
                    popovertargetaction="hide"
                >
                    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
                        <path d="M5 5 15 15M15 5 5 15"></path>
                    </svg>
                </button>
            </div>
            <p id="models-remark" class="picker-remark" role="status"></p>
            <button id="models-retry" type="button" class="button" data-does="fetch" hidden="">
                "Try again"
            </button>
            <div id="models" class="picker-list" role="listbox" aria-label="Models" hidden=""></div>
            <div id="models-foot" class="picker-foot" hidden="">
                <p id="models-about"></p>
                <button id="models-mark" type="button" class="quiet-button" data-does="mark"></button>
            </div>
        </div>
    }
    .into_any()
}
