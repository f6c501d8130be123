//! Lia's icons: strokes on a grid of 20, drawn in the colour of the text beside them.

use leptos::prelude::*;

pub(crate) const AGAIN: &str = "M16 10a6 6 0 1 1-1.8-4.3L16 7.5M16 3.5v4h-4";
pub(crate) const AUDIO: &str = "M4 8v4M7 5.5v9M10 3v14M13 6v8M16 8.5v3";
pub(crate) const BACK: &str = "M16 10H4M9 5l-5 5 5 5";
pub(crate) const CHART: &str = "M3 16.5h14M3 10.5l4-3 3.5 3L17 4";
pub(crate) const CHECK: &str = "M4 10.5 8 14.5 16 6";
pub(crate) const CHEVRON_DOWN: &str = "M5 7.5 10 12.5 15 7.5";
pub(crate) const CLOSE: &str = "M5 5 15 15M15 5 5 15";
pub(crate) const COPY: &str = "M7 7V4.5A1.5 1.5 0 0 1 8.5 3h7A1.5 1.5 0 0 1 17 4.5v7a1.5 1.5 0 0 1-1.5 1.5H13M4.5 7h7A1.5 1.5 0 0 1 13 8.5v7a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 3 15.5v-7A1.5 1.5 0 0 1 4.5 7Z";
pub(crate) const DOTS: &str = "M4.5 10h.01M10 10h.01M15.5 10h.01";
pub(crate) const DOWN: &str = "M10 4v12M5 11l5 5 5-5";
pub(crate) const FORK: &str = "M6 3.5v13M6 12c0-3 2.5-4 5-4h4M12 5l3 3-3 3";
pub(crate) const IMAGE: &str = "M4.5 4h11A1.5 1.5 0 0 1 17 5.5v9a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 14.5v-9A1.5 1.5 0 0 1 4.5 4ZM3.5 14.5 8 10l5.5 6M11 13l2-2 3.5 3.5M13 7.5h.01";
pub(crate) const MENU: &str = "M3 6h14M3 10h14M3 14h9";
pub(crate) const NEXT: &str = "m8 5 5 5-5 5";
pub(crate) const PENCIL: &str = "m12.5 4.5 3 3L7 16H4v-3l8.5-8.5Z";
pub(crate) const PLUS: &str = "M10 4v12M4 10h12";
pub(crate) const PREVIOUS: &str = "m12 5-5 5 5 5";
pub(crate) const SEND: &str = "M10 16V4M5 9l5-5 5 5";
pub(crate) const SETTINGS: &str = "M3 6h7.5M15 6h2M3 14h2M9.5 14H17M15 6a2.2 2.2 0 1 1-4.4 0 2.2 2.2 0 0 1 4.4 0ZM9.4 14a2.2 2.2 0 1 1-4.4 0 2.2 2.2 0 0 1 4.4 0Z";
pub(crate) const SIGN_OUT: &str =
    "M8 4H5.5A1.5 1.5 0 0 0 4 5.5v9A1.5 1.5 0 0 0 5.5 16H8M12.5 13.5 16 10l-3.5-3.5M16 10H8";
pub(crate) const STAR: &str = "m10 3 2.1 4.6 5 .5-3.8 3.4 1.1 5L10 14l-4.4 2.5 1.1-5L2.9 8.1l5-.5L10 3Z";
pub(crate) const STOP: &str = "M6.5 6.5h7v7h-7z";
pub(crate) const STRUCTURE: &str = "M8 4H7a2 2 0 0 0-2 2v2a2 2 0 0 1-2 2 2 2 0 0 1 2 2v2a2 2 0 0 0 2 2h1M12 4h1a2 2 0 0 1 2 2v2a2 2 0 0 0 2 2 2 2 0 0 0-2 2v2a2 2 0 0 1-2 2h-1";
pub(crate) const THINKING: &str = "M7.5 15.5h5M8.5 18h3M7.5 15.5v-1.8a5.5 5.5 0 1 1 5 0v1.8";
pub(crate) const TOOLS: &str =
    "M16.5 6.5a4 4 0 0 1-5.3 4.6l-5.4 5.4a1.6 1.6 0 0 1-2.3-2.3l5.4-5.4a4 4 0 0 1 4.6-5.3L11 6l3 3 2.5-2.5Z";
pub(crate) const TRASH: &str =
    "M4 6h12M8 6V4.5A.5.5 0 0 1 8.5 4h3a.5.5 0 0 1 .5.5V6m2.5 0-.6 9.1a1 1 0 0 1-1 .9H7.1a1 1 0 0 1-1-.9L5.5 6";
pub(crate) const TREND: &str = "M3 14.5 7.5 9l4 3L17 5";

/// An icon beside a word, or inside a control that has a label of its own.
#[component]
pub(crate) fn Icon(path: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
            <path d=path></path>
        </svg>
    }
}

/// Lia's mark: a speech bubble that listens. The same drawing as the favicon.
#[component]
pub(crate) fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
            <path d="M16 4c7 0 12 4.6 12 10.8S23 25.6 16 25.6c-1.3 0-2.6-.2-3.8-.5L6.5 28l1.1-5.3C5.3 20.7 4 17.9 4 14.8 4 8.6 9 4 16 4Z"></path>
            <path class="mark-line" d="M10 15.5c2 0 2-3 4-3s2 5 4 5 2-2 4-2"></path>
        </svg>
    }
}
