//! How models write: a dialog with a slider and a field for each setting. An empty field is the model's own default.
//!
//! The fields hold what is typed, as the browser's own fields do; what follows from it is written beside them.

use super::{
    draw::{append, attribute_at, by_id, input_by_id, made, mark, set, text},
    icon::{self, Icon},
};
use crate::{
    AppError,
    chat::{
        Chat,
        tuning::{SETTINGS, Setting, Texts, settings, texts},
    },
    lazy::{self, Missing},
    server_fns::{preferences, save_preferences},
};
use leptos::{
    ev::{MouseEvent, SubmitEvent},
    html,
    prelude::*,
    task::spawn_local,
    wasm_bindgen::JsCast,
    web_sys::{Element, Event, HtmlDialogElement, HtmlInputElement},
};
use types::{ApiError, PreferencesChange};
use wasm_split_helpers::wasm_split;

/// The ids of the parts that change.
const FIELDS: &str = "tuning-fields";
const PROBLEM: &str = "tuning-problem";
const SAVE: &str = "tuning-save";

fn id(setting: &Setting, part: &str) -> String {
    format!("tuning-{}{part}", setting.field)
}

fn input(setting: &Setting, part: &str) -> Option<HtmlInputElement> {
    input_by_id(&id(setting, part))
}

fn set_text(id: &str, text: &str) {
    if let Some(element) = by_id(id) {
        element.set_text_content(Some(text));
    }
}

/// Switches a control, or a group of them, off and on.
fn enable(id: &str, is_enabled: bool) {
    if let Some(element) = by_id(id) {
        mark(&element, "disabled", !is_enabled);
    }
}

/// What stands in the fields.
fn typed() -> Texts {
    let mut texts = Texts::default();
    for (text, setting) in texts.iter_mut().zip(&SETTINGS) {
        *text = input(setting, "").map(|field| field.value()).unwrap_or_default();
    }
    texts
}

fn fill(texts: &Texts) {
    for (setting, text) in SETTINGS.iter().zip(texts) {
        if let Some(field) = input(setting, "") {
            field.set_value(text);
        }
    }
    set_text(PROBLEM, "");
    follow(None);
}

/// Brings sliders and remarks in step with the fields. `refused` is what the server did not take.
fn follow(refused: Option<&ApiError>) {
    let mut is_whole = true;
    for (setting, text) in SETTINGS.iter().zip(typed()) {
        let (Some(field), Some(slider)) = (input(setting, ""), input(setting, "-slider")) else { return };
        let units = setting.read(&text);
        is_whole &= units.is_ok();
        // The slider has a place for every number, and none for "not set": then it rests and says so.
        let (place, spoken) = match units.clone().ok().flatten() {
            Some(units) => (units, setting.write(units)),
            None => (setting.rest, "Default".to_owned()),
        };
        slider.set_value(&place.to_string());
        set(&slider, "aria-valuetext", &spoken);
        let refusal = refused.and_then(|error| error.field(setting.field)).map(str::to_owned);
        let remark = units.err().or(refusal);
        set(&field, "aria-invalid", if remark.is_some() { "true" } else { "false" });
        set_text(&id(setting, "-remark"), remark.as_deref().unwrap_or(setting.hint));
    }
    enable(SAVE, is_whole);
}

/// Something was typed, or a slider was moved.
fn changed(event: &Event) {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
    for setting in &SETTINGS {
        if target.id() == id(setting, "-slider")
            && let (Some(field), Ok(units)) = (input(setting, ""), target.value().parse())
        {
            field.set_value(&setting.write(units));
        }
    }
    follow(None);
}

/// What happens to the dialog.
enum What {
    Opened,
    Changed(Event),
    Clicked(MouseEvent),
    Submitted,
}

/// Does what follows from it.
#[wasm_split(tuning, fallible)]
fn take_in(dialog: NodeRef<html::Dialog>, what: What) -> Result<(), Missing> {
    let Some(dialog) = dialog.get_untracked() else { return Ok(()) };
    match what {
        What::Opened => open(&dialog),
        What::Changed(event) => changed(&event),
        What::Clicked(event) => match attribute_at(&event, "data-does").as_deref() {
            Some("reset") => fill(&Texts::default()),
            Some("close") => dialog.close(),
            _ => {}
        },
        What::Submitted => save(dialog),
    }
    Ok(())
}

fn open(dialog: &HtmlDialogElement) {
    draw_fields();
    enable(FIELDS, false);
    fill(&Texts::default());
    enable(SAVE, false);
    // It fails only for a dialog that is open already.
    let _ = dialog.show_modal();
    spawn_local(async move {
        match preferences().await {
            Ok(found) => {
                fill(&texts(&found.generation));
                enable(FIELDS, true);
                focus(&SETTINGS[0]);
            }
            Err(AppError(error)) => set_text(PROBLEM, &error.message),
        }
    });
}

fn save(dialog: HtmlDialogElement) {
    let Some(generation) = settings(&typed()) else { return };
    enable(SAVE, false);
    spawn_local(async move {
        let change = PreferencesChange { generation: Some(generation), ..PreferencesChange::default() };
        match save_preferences(change).await {
            Ok(()) => dialog.close(),
            Err(AppError(error)) => {
                follow(Some(&error));
                set_text(PROBLEM, &error.message);
            }
        }
    });
}

/// The button that opens the dialog, and the dialog.
#[component]
pub(crate) fn ModelSettings(
    /// Whether the button is a sign only, where there is no room for words.
    is_small: bool,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let chat = expect_context::<Chat>();
    let hear = move |event| lazy::call(chat.notice, take_in(dialog, event));
    let (class, words) =
        if is_small { ("icon-button", "How the model writes") } else { ("button", "Change how models write") };
    view! {
        <button type="button" class=class title=is_small.then_some(words) on:click=move |_| hear(What::Opened)>
            <Icon path=icon::SETTINGS/>
            <span class=if is_small { "visually-hidden" } else { "" }>{words}</span>
        </button>
        <dialog
            node_ref=dialog
            class="dialog tuning"
            aria-labelledby="tuning-title"
            aria-describedby="tuning-hint"
            on:submit=move |event: SubmitEvent| {
                event.prevent_default();
                hear(What::Submitted);
            }
            on:input=move |event| hear(What::Changed(event))
            on:click=move |event: MouseEvent| hear(What::Clicked(event))
        >
            <form novalidate="">
                <h2 id="tuning-title">"How the model writes"</h2>
                <p id="tuning-hint">
                    "For all your conversations, from the next message on. A field left empty is the model’s own default."
                </p>
                <fieldset id="tuning-fields" class="tuning-fields" aria-labelledby="tuning-title"></fieldset>
                <p id="tuning-problem" class="form-error" role="alert"></p>
                <div class="dialog-actions">
                    <button type="button" class="quiet-button reset" data-does="reset">"Reset to defaults"</button>
                    <button type="button" class="button" data-does="close">"Cancel"</button>
                    <button id="tuning-save" class="button primary">"Save"</button>
                </div>
            </form>
        </dialog>
    }
    .into_any()
}

fn focus(setting: &Setting) {
    if let Some(field) = input(setting, "").filter(|_| !crate::browser::is_touch()) {
        let _ = field.focus();
    }
}

/// Puts the fields into the dialog, the first time it opens.
fn draw_fields() {
    if let Some(fields) = by_id(FIELDS).filter(|fields| fields.child_element_count() == 0) {
        for setting in &SETTINGS {
            append(&fields, draw_field(setting));
        }
    }
}

fn draw_field(setting: &Setting) -> Option<Element> {
    let field = made("div", "field")?;
    let label = text("label", "", setting.label)?;
    set(&label, "for", &id(setting, ""));
    append(&field, Some(label));
    let pair = made("div", "tuning-pair")?;
    let slider = made("input", "")?;
    for (name, value) in [
        ("id", id(setting, "-slider")),
        ("type", "range".to_owned()),
        ("aria-label", format!("{}, slider", setting.label)),
        ("min", setting.low.to_string()),
        ("max", setting.high.to_string()),
        ("step", setting.step.to_string()),
    ] {
        set(&slider, name, &value);
    }
    append(&pair, Some(slider));
    let number = made("input", "")?;
    for (name, value) in [
        ("id", id(setting, "")),
        ("aria-describedby", id(setting, "-remark")),
        ("type", "text".to_owned()),
        ("inputmode", "decimal".to_owned()),
        ("autocomplete", "off".to_owned()),
        ("placeholder", "Default".to_owned()),
    ] {
        set(&number, name, &value);
    }
    append(&pair, Some(number));
    append(&field, Some(pair));
    let remark = text("p", "field-remark", setting.hint)?;
    remark.set_id(&id(setting, "-remark"));
    set(&remark, "aria-live", "polite");
    append(&field, Some(remark));
    Some(field)
}
