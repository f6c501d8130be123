//! The trend: a conversation's readings from message to message, as a chart. It is as wide as there is room, and its marks
//! and words are as large on a phone as on a desk. SVG by attributes and classes.

use super::{message_path, words::area};
use crate::chat::feeling::{mark_class, mark_of, plot, reading_text, score_text};
use leptos::prelude::*;
use types::{ConversationId, Statement};

/// The units across; they are stretched to the width there is.
const ACROSS: i32 = 1_000;
/// How wide the narrowest chart is, in pixels: the one in the inspector.
const NARROWEST: i32 = 272;

/// An area to the zero line and a mark for each message, quoted while it is pointed at or has the focus.
#[component]
pub(super) fn Trend(
    id: ConversationId,
    statements: Vec<Statement>,
    /// Which of them are turning points.
    turns: Vec<usize>,
    /// In pixels.
    height: i32,
) -> impl IntoView {
    let scores: Vec<f64> = statements.iter().map(|statement| statement.sentiment.score).collect();
    let layout = plot(&scores, ACROSS, height);
    let (class, moved) = marks(&layout.points);
    let columns = columns(&layout.points);
    let has_turns = !turns.is_empty();
    let points = statements.into_iter().zip(layout.points.iter().copied().zip(columns)).enumerate();
    let points = points.map(move |(at, (statement, (place, column)))| {
        let is_turn = turns.contains(&at);
        view! { <Point id statement place column height moved is_turn/> }
    });
    let points = points.collect_view();
    view! {
        <section aria-labelledby="trend-title">
            <h2 id="trend-title">"From message to message"</h2>
            <div class="trend-frame">
                <div class="trend-scale" aria-hidden="true">
                    <span>"+1"</span>
                    <span>"0"</span>
                    <span>"−1"</span>
                </div>
                <svg class=class width="100%" height=height role="group" aria-labelledby="trend-title">
                    <line class="grid" x2="100%" y1="6" y2="6"></line>
                    <line class="grid" x2="100%" y1=height - 6 y2=height - 6></line>
                    <line class="zero" x2="100%" y1=height / 2 y2=height / 2></line>
                    <svg
                        viewBox=format!("0 0 {ACROSS} {height}")
                        preserveAspectRatio="none"
                        width="100%"
                        height=height
                        aria-hidden="true"
                    >
                        <path class="area" d=area(&layout, height)></path>
                        <path class="line" d=layout.line.clone()></path>
                    </svg>
                    {points}
                </svg>
            </div>
            {has_turns
                .then(|| {
                    view! {
                        <p class="settings-note">
                            "A tick marks a turning point: a message that reads the other way than those before it."
                        </p>
                    }
                })}
        </section>
    }
}

/// A message: its mark, and the whole height above and below it leads there.
#[component]
fn Point(
    id: ConversationId,
    statement: Statement,
    place: (i32, i32),
    /// From where to where it is pointed at.
    column: (i32, i32),
    height: i32,
    moved: &'static str,
    is_turn: bool,
) -> impl IntoView {
    let reading = &statement.sentiment;
    let turn = if is_turn { ". A turning point" } else { "" };
    let says = format!("“{}” {}{turn}", statement.quote, reading_text(reading));
    let title = says.clone();
    let quoted = format!("{} “{}”", score_text(reading.score), statement.quote);
    let tone = mark_class(reading.label, reading.confidence);
    // On the outer side of the line that turns here.
    let tick = if reading.score < 0.0 { "M0 10V18" } else { "M0 -18V-10" };
    let turn = is_turn.then(|| view! { <path class="turn" d=tick></path> });
    view! {
        <g>
            <a id=format!("point-{}", statement.id) class="point" href=message_path(id, &statement) aria-label=says>
                <title>{title}</title>
                <rect class="hit" x=percent(column.0) width=percent(column.1 - column.0) height=height></rect>
                <svg x=percent(place.0) y=place.1 overflow="visible">
                    <circle class="ring" r="10"></circle>
                    {turn}
                    <path class=tone d=mark_of(reading.label) transform=moved></path>
                </svg>
            </a>
            // Words in SVG are never cut with an ellipsis where there is no more room.
            <foreignObject class="says" x="0" y="-34" width="100%" height="20" aria-hidden="true">
                <p>{quoted}</p>
            </foreignObject>
        </g>
    }
}

/// The class of a chart of these points, and what moves a mark to its place: smaller where there are many, and at last only
/// the ones that are pointed at or that turn the tide are seen.
fn marks(points: &[(i32, i32)]) -> (&'static str, &'static str) {
    let gap = points.windows(2).map(|pair| pair[1].0 - pair[0].0).min().unwrap_or(ACROSS);
    match gap * NARROWEST / ACROSS {
        ..4 => ("trend crowded", "translate(-4 -4) scale(0.66)"),
        4..12 => ("trend", "translate(-3 -3) scale(0.5)"),
        _ => ("trend", "translate(-6 -6)"),
    }
}

/// From where to where each point is pointed at: to the middle between it and the next.
fn columns(points: &[(i32, i32)]) -> Vec<(i32, i32)> {
    let borders = points.windows(2).map(|pair| i32::midpoint(pair[0].0, pair[1].0));
    let (begins, ends) = (std::iter::once(0).chain(borders.clone()), borders.chain([ACROSS]));
    begins.zip(ends).take(points.len()).collect()
}

/// A place across, in percent of the width.
fn percent(units: i32) -> String {
    format!("{}.{}%", units / 10, units % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_meet_in_the_middle_and_fill_the_width() {
        let points = plot(&[0.0; 3], ACROSS, 40).points;
        assert_eq!(columns(&points), [(0, 253), (253, 747), (747, 1_000)]);
        assert_eq!(columns(&plot(&[0.5], ACROSS, 40).points), [(0, 1_000)]);
        assert!(columns(&[]).is_empty());
        assert_eq!([0, 6, 253, 1_000].map(percent), ["0.0%", "0.6%", "25.3%", "100.0%"]);
    }

    #[test]
    fn marks_shrink_where_there_are_many() {
        let moved = |count: usize| marks(&plot(&vec![0.0; count], ACROSS, 40).points);
        assert_eq!(moved(1), ("trend", "translate(-6 -6)"));
        assert_eq!(moved(20).1, "translate(-6 -6)");
        assert_eq!(moved(60), ("trend", "translate(-3 -3) scale(0.5)"));
        assert_eq!(moved(100).0, "trend crowded");
    }
}
