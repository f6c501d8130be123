//! How the words in the composer read while they are written: on this device alone. Nothing is sent and nothing is kept; the
//! weights come with the code, when somebody has typed.

use super::{
    draw::{append, by_id, made, sign, text},
    icon::{self, Icon},
};
use crate::{
    browser,
    chat::{
        Chat,
        feeling::{label_word, mark_class, mark_of, score_text},
    },
    lazy::{self, Missing},
};
use leptos::{prelude::*, web_sys::Element};
use std::time::Duration;
use types::SentimentLabel;
use wasm_split_helpers::wasm_split;

/// The id of the place where it is shown.
pub(crate) const AREA: &str = "draft-reading";
/// Where the browser remembers that it was turned on or off.
const SWITCH: &str = "lia.reading";
/// How long the typing rests before it is read.
const REST: Duration = Duration::from_millis(400);
/// Of a longer draft this many bytes are shown with their words underlined.
const SHOWN: usize = 2_000;

/// The switch in the composer's bar. What is read stands in the element [`AREA`].
#[component]
pub(crate) fn DraftSwitch() -> impl IntoView {
    let chat = expect_context::<Chat>();
    let is_on = RwSignal::new(true);
    let turn = StoredValue::new(0_u32);
    Effect::new(move |_| {
        // Its code is large: where data is dear it is fetched when somebody asks for it.
        let is_wanted = browser::stored(SWITCH).map_or(!browser::saves_data(), |kept| kept == "on");
        if !is_wanted {
            is_on.set(false);
        }
    });
    Effect::new(move |_| {
        is_on.track();
        chat.draft.track();
        turn.update_value(|turn| *turn += 1);
        let mine = turn.get_value();
        let look = move || {
            if turn.try_get_value() == Some(mine) {
                read(chat.draft, is_on);
            }
        };
        set_timeout(look, REST);
    });
    let toggle = move |_| {
        is_on.update(|is_on| *is_on = !*is_on);
        browser::store(SWITCH, if is_on.get_untracked() { "on" } else { "off" });
    };
    view! {
        <button
            type="button"
            class="icon-button draft-switch"
            title="Read my words while I type, on this device"
            aria-label="Read my words while I type, on this device"
            aria-pressed=move || is_on.get().to_string()
            on:click=toggle
        >
            <Icon path=icon::TREND/>
        </button>
    }
    .into_any()
}

/// The draft, where there is something to read and the switch is on.
fn wanted(draft: RwSignal<String>, is_on: RwSignal<bool>) -> Option<String> {
    let draft = draft.try_get_untracked().filter(|draft| !draft.trim().is_empty())?;
    is_on.try_get_untracked()?.then_some(draft)
}

fn read(draft: RwSignal<String>, is_on: RwSignal<bool>) {
    if wanted(draft, is_on).is_some() {
        lazy::try_call(show(draft, is_on));
    } else if let Some(area) = by_id(AREA) {
        area.set_text_content(None);
    }
}

/// Reads the draft and shows how it reads. It may have been sent, or switched off, while this code was on its way.
#[wasm_split(draft, fallible)]
fn show(draft: RwSignal<String>, is_on: RwSignal<bool>) -> Result<(), Missing> {
    let (Some(draft), Some(area)) = (wanted(draft, is_on), by_id(AREA)) else { return Ok(()) };
    let reading = sentiment::analyse(&draft);
    let label = SentimentLabel::of(f64::from(reading.score));
    let says = if reading.is_unsure {
        "Not clear enough to say how this reads".to_owned()
    } else {
        let emotion = Some(reading.emotion.as_str()).filter(|emotion| *emotion != "neutral");
        let emotion = emotion.map(|emotion| format!(", {emotion}")).unwrap_or_default();
        format!("Reads as {} ({}){emotion}", label_word(label), score_text(f64::from(reading.score)))
    };
    let was_open = area.query_selector("details[open]").ok().flatten().is_some();
    area.set_text_content(None);
    if let Some(line) = made("p", "draft-line") {
        let confidence = if reading.is_unsure { 0.0 } else { 1.0 };
        append(&line, sign(&mark_class(label, confidence), "0 0 12 12", mark_of(label)));
        append(&line, text("span", "", &says));
        append(&area, Some(line));
    }
    if !reading.drivers.is_empty() {
        append(&area, why(&draft, &reading.drivers, was_open));
    }
    Ok(())
}

/// The draft with the words underlined that drove the reading, folded away until somebody asks.
fn why(draft: &str, drivers: &[sentiment::Driver], is_open: bool) -> Option<Element> {
    let details = made("details", "draft-why")?;
    super::draw::mark(&details, "open", is_open);
    append(&details, text("summary", "", "Why"));
    let words = made("p", "draft-words")?;
    let mut shown = 0;
    for driver in drivers.iter().filter(|driver| driver.end <= SHOWN) {
        append(&words, text("span", "", draft.get(shown..driver.start).unwrap_or_default()));
        let class = if driver.weight < 0.0 { "negative" } else { "positive" };
        append(&words, text("u", class, draft.get(driver.start..driver.end).unwrap_or_default()));
        shown = driver.end;
    }
    let end = draft.len().min(draft.floor_char_boundary(SHOWN)).max(shown);
    append(&words, text("span", "", draft.get(shown..end).unwrap_or_default()));
    append(&details, Some(words));
    Some(details)
}
