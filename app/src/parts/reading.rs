//! How messages and the conversation read, as marks: beside each of the user's messages, and in the header. Each leads to
//! `/c/{id}/mood`, which the inspector shows beside the conversation.

use crate::chat::{
    Chat,
    feeling::{mark_class, mark_of, plot, reading_text, whole_text},
    place::mood_path_of,
    row::Outcome,
};
use leptos::prelude::*;
use types::{MessageId, SentimentLabel};

/// The size of the header's sparkline.
const SPARK: (i32, i32) = (48, 20);

/// A mark: shape and colour say the same.
#[component]
fn Mark(label: SentimentLabel, confidence: f64) -> impl IntoView {
    view! {
        <svg class=mark_class(label, confidence) viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
            <path d=mark_of(label)></path>
        </svg>
    }
    .into_any()
}

/// The mark of one of the user's messages, once it has been read.
#[component]
pub(crate) fn MessageMark(outcome: ArcRwSignal<Outcome>, id: ArcRwSignal<Option<MessageId>>) -> impl IntoView {
    let chat = expect_context::<Chat>();
    move || {
        let reading = outcome.with(|outcome| outcome.sentiment.clone())?;
        let path = mood_path_of(chat.place.get_untracked().conversation()?);
        let says = reading_text(&reading);
        let place = id.get().map(|id| format!("{path}#statement-{id}"));
        Some(
            view! {
                <a class="reading" href=place rel="external" title=says.clone() aria-label=says>
                    <Mark label=reading.label confidence=reading.confidence/>
                </a>
            }
            .into_any(),
        )
    }
}

/// The conversation's mark and the way it took, once something has been read.
#[component]
pub(crate) fn MoodLink() -> impl IntoView {
    let chat = expect_context::<Chat>();
    move || {
        let mood = chat.mood.get()?;
        let path = mood_path_of(chat.place.get().conversation()?);
        let says = whole_text(&mood);
        let (width, height) = SPARK;
        let line = plot(&chat.scores(), width, height).line;
        Some(
            view! {
                <a class="mood-link" href=path rel="external" title=says.clone() aria-label=says>
                    <Mark label=mood.label confidence=1.0/>
                    <svg class="spark" viewBox="0 0 48 20" width=width height=height aria-hidden="true">
                        <path class="zero" d="M0 10H48"></path>
                        <path d=line></path>
                    </svg>
                </a>
            }
            .into_any(),
        )
    }
}
