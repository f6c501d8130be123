//! How models write: a dialog with a slider and a field for each setting. An empty field is the model's own default.

use super::icon::{self, Icon};
use crate::{
    AppError,
    chat::tuning::{SETTINGS, Setting, Texts, settings, texts},
    server_fns::{preferences, save_preferences},
};
use leptos::{ev::SubmitEvent, html, prelude::*, task::spawn_local};
use types::{ApiError, Preferences};

/// What the dialog holds while it is open.
#[derive(Clone, Copy)]
struct Form {
    texts: RwSignal<Texts>,
    /// What was read when it opened: the rest of it is saved as it was.
    before: RwSignal<Option<Preferences>>,
    problem: RwSignal<Option<ApiError>>,
    saving: RwSignal<bool>,
}

impl Form {
    fn new() -> Self {
        Self {
            texts: RwSignal::default(),
            before: RwSignal::new(None),
            problem: RwSignal::new(None),
            saving: RwSignal::new(false),
        }
    }

    fn fetch(self) {
        self.before.set(None);
        self.problem.set(None);
        spawn_local(async move {
            match preferences().await {
                Ok(found) => {
                    self.texts.set(texts(&found.generation));
                    self.before.set(Some(found));
                }
                Err(AppError(error)) => self.problem.set(Some(error)),
            }
        });
    }

    fn save(self, saved: impl Fn() + 'static) {
        let (Some(before), Some(generation)) = (self.before.get_untracked(), self.texts.with_untracked(settings)) else {
            return;
        };
        self.saving.set(true);
        spawn_local(async move {
            let answer = save_preferences(Preferences { generation, ..before }).await;
            self.saving.set(false);
            match answer {
                Ok(_) => saved(),
                Err(AppError(error)) => self.problem.set(Some(error)),
            }
        });
    }

    fn set(self, index: usize, text: String) {
        self.texts.update(|texts| texts[index] = text);
    }

    /// What is wrong with a field.
    fn remark(self, index: usize) -> Option<String> {
        let setting = &SETTINGS[index];
        let refused = || self.problem.with(|error| error.as_ref()?.field(setting.field).map(str::to_owned));
        self.texts.with(|texts| setting.read(&texts[index])).err().or_else(refused)
    }
}

/// The button that opens the dialog, and the dialog.
#[component]
pub(crate) fn ModelSettings(
    /// Whether the button is a sign only, where there is no room for words.
    is_small: bool,
) -> impl IntoView {
    let form = Form::new();
    let dialog = NodeRef::<html::Dialog>::new();
    let open = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            form.fetch();
            // It fails only for a dialog that is open already.
            let _ = dialog.show_modal();
        }
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        form.save(close);
    };
    let button = if is_small {
        view! {
            <button type="button" class="icon-button" title="How the model writes" on:click=open>
                <Icon path=icon::SETTINGS/>
                <span class="visually-hidden">"How the model writes"</span>
            </button>
        }
        .into_any()
    } else {
        view! { <button type="button" class="button" on:click=open>"Change how models write"</button> }.into_any()
    };
    let is_whole = move || form.texts.with(settings).is_some();
    let is_known = move || form.before.with(Option::is_some);
    view! {
        {button}
        <dialog node_ref=dialog class="dialog tuning" aria-labelledby="tuning-title" aria-describedby="tuning-hint">
            <form on:submit=on_submit novalidate>
                <h2 id="tuning-title">"How the model writes"</h2>
                <p id="tuning-hint">
                    "For all your conversations, from the next message on. A field left empty is the model’s own default."
                </p>
                <fieldset class="tuning-fields" disabled=move || !is_known()>
                    <legend class="visually-hidden">"Settings"</legend>
                    {(0..SETTINGS.len()).map(|index| view! { <Field form index/> }).collect_view()}
                </fieldset>
                <p class="form-error" role="alert">
                    {move || form.problem.get().filter(|error| error.details.is_empty()).map(|error| error.message)}
                </p>
                <div class="dialog-actions">
                    <button
                        type="button"
                        class="quiet-button reset"
                        disabled=move || !is_known()
                        on:click=move |_| form.texts.set(Texts::default())
                    >
                        "Reset to defaults"
                    </button>
                    <button type="button" class="button" on:click=move |_| close()>"Cancel"</button>
                    <button class="button primary" disabled=move || !is_known() || !is_whole() || form.saving.get()>
                        "Save"
                    </button>
                </div>
            </form>
        </dialog>
    }
    .into_any()
}

#[component]
fn Field(form: Form, index: usize) -> impl IntoView {
    let setting: &'static Setting = &SETTINGS[index];
    let (id, remark_id) = (format!("tuning-{}", setting.field), format!("tuning-{}-remark", setting.field));
    let text = move || form.texts.with(|texts| texts[index].clone());
    let remark = Memo::new(move |_| form.remark(index));
    let is_invalid = move || remark.with(Option::is_some);
    // The slider has a place for every number, and none for "not set": then it rests and says so.
    let units = move || setting.read(&text()).ok().flatten();
    let spoken = move || units().map_or_else(|| "Default".to_owned(), |units| setting.write(units));
    let slide = move |event| {
        if let Ok(units) = event_target_value(&event).parse() {
            form.set(index, setting.write(units));
        }
    };
    view! {
        <div class="field" class:invalid=is_invalid class:unset=move || text().is_empty()>
            <label for=id.clone()>{setting.label}</label>
            <div class="tuning-pair">
                <input
                    type="range"
                    aria-label=format!("{}, slider", setting.label)
                    aria-valuetext=spoken
                    min=setting.low
                    max=setting.high
                    step=setting.step
                    value=setting.rest
                    prop:value=move || units().unwrap_or(setting.rest).to_string()
                    on:input=slide
                />
                <input
                    id=id
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    placeholder="Default"
                    aria-invalid=move || is_invalid().then_some("true")
                    aria-describedby=remark_id.clone()
                    prop:value=text
                    on:input=move |event| form.set(index, event_target_value(&event))
                />
            </div>
            <p id=remark_id class="field-remark" aria-live="polite">
                {move || remark.get().unwrap_or_else(|| setting.hint.to_owned())}
            </p>
        </div>
    }
    .into_any()
}
