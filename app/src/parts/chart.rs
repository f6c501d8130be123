//! A series of scores over time: an area around the zero line, and how many messages it is made of. SVG by attributes
//! and classes only; it stretches without a script because places across are percentages. Without one, a step's words are
//! its title. In the browser the chart is one stop of the keyboard, a slider along the steps, and what is pointed at is
//! read out above it.
//!
//! Pure but for the rendering; what the points are is the page's.

use crate::browser;
use leptos::{
    ev::{KeyboardEvent, PointerEvent},
    prelude::*,
};

/// A step of the series.
#[derive(Clone, Debug)]
pub(crate) struct ChartPoint {
    /// The step's name on the axis.
    pub(crate) name: String,
    /// Which step it is, in words.
    pub(crate) when: String,
    /// -1 to 1; `None`: nothing to show.
    pub(crate) score: Option<f64>,
    /// How many messages; `None`: too few people are behind them to tell.
    pub(crate) messages: Option<i64>,
    /// What there is to say of it.
    pub(crate) says: String,
}

/// More points than this show themselves only when they are pointed at, or they would be all there is to see.
const DENSE: usize = 45;
/// How high the shape is in its own units; its width is 1,000 of them, stretched to the width of the page.
const HEIGHT: f64 = 200.0;

/// The chart.
#[component]
pub(crate) fn TimeChart(
    /// The steps, the oldest first.
    points: Vec<ChartPoint>,
    /// What the chart is called.
    label: &'static str,
    /// Whether it can be read step by step.
    is_alive: Signal<bool>,
) -> impl IntoView {
    let count = points.len();
    let runs = runs(&points);
    let most = points.iter().filter_map(|point| point.messages).max().unwrap_or_default();
    let days = axis(&points);
    let is_dense = count > DENSE;
    let class = if is_dense { "chart-plot dense" } else { "chart-plot" };
    let lonely = lonely(&points);
    let has_gaps = points.iter().any(|point| point.messages.is_none());
    let marks = points.iter().cloned().zip(lonely).enumerate();
    let marks = marks.map(|(place, (point, is_lonely))| view! { <Mark point place count most is_lonely/> });
    let marks = marks.collect_view();
    let reading = Reading::new(points);
    let alive = move |text: &'static str| is_alive.get().then_some(text);
    view! {
        <div class="chart">
            <div class="chart-scale" aria-hidden="true">
                <span>"+1"</span>
                <span>"0"</span>
                <span>"−1"</span>
                {(most > 0).then(|| view! { <span class="chart-most">{most}</span> })}
            </div>
            <svg
                class=class
                width="100%"
                height="288"
                role=move || if is_alive.get() { "slider" } else { "img" }
                tabindex=move || alive("0")
                aria-label=label
                aria-valuemin=move || alive("0")
                aria-valuemax=move || is_alive.get().then(|| reading.last())
                aria-valuenow=move || is_alive.get().then(|| reading.place())
                aria-valuetext=move || is_alive.get().then(|| reading.words())
                on:focus=move |_| reading.hold()
                on:blur=move |_| reading.let_go()
                on:keydown=move |event| reading.hear(&event)
                on:pointerdown=move |event| reading.point(&event)
                on:pointermove=move |event| reading.point(&event)
                on:pointerleave=move |event| reading.leave(&event)
            >
                <Shape runs/>
                {marks}
                {move || reading.draw()}
                // Over everything, so that no title comes up beside what is read out.
                {move || is_alive.get().then(|| view! { <rect class="chart-over" width="100%" height="288"/> })}
            </svg>
            <div class="chart-days" aria-hidden="true">
                {days.into_iter().map(|name| view! { <span>{name}</span> }).collect_view()}
            </div>
            {has_gaps.then(|| view! { <p class="chart-note">"Hatched: too few people to show."</p> })}
        </div>
    }
}

/// The line through the points, its area, and the grid behind them.
#[component]
fn Shape(runs: Vec<Vec<(f64, f64)>>) -> impl IntoView {
    let above: String = runs.iter().map(|run| area(run, |score| score.max(0.0))).collect();
    let below: String = runs.iter().map(|run| area(run, |score| score.min(0.0))).collect();
    let line: String = runs.iter().map(|run| path(run)).collect();
    view! {
        <defs>
            <pattern id="chart-hidden" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <line class="chart-hatch" x1="0" x2="0" y1="0" y2="6"/>
            </pattern>
        </defs>
        <line class="chart-grid" x1="0" x2="100%" y1="0.5" y2="0.5"/>
        <line class="chart-grid" x1="0" x2="100%" y1="199.5" y2="199.5"/>
        <svg viewBox="0 0 1000 200" preserveAspectRatio="none" width="100%" height="200" aria-hidden="true">
            <path class="chart-above" d=above></path>
            <path class="chart-below" d=below></path>
            <path class="chart-line" d=line></path>
        </svg>
        <line class="chart-zero" x1="0" x2="100%" y1="100" y2="100"/>
        <line class="chart-grid" x1="0" x2="100%" y1="287.5" y2="287.5"/>
    }
}

/// One step: its bar, its mark, and what it says.
#[component]
fn Mark(point: ChartPoint, place: usize, count: usize, most: i64, is_lonely: bool) -> impl IntoView {
    let (left, width) = (across(place, count), 100.0 / float(count.max(1)));
    let middle = left + width / 2.0;
    let is_hidden = point.messages.is_none();
    let bar = point.messages.filter(|messages| *messages > 0).map(|messages| {
        let height = (56.0 * ratio(messages, most)).max(1.5);
        view! {
            <rect
                class="chart-bar"
                x=percent(left + width * 0.15)
                width=percent(width * 0.7)
                y=short(288.0 - height)
                height=short(height)
            ></rect>
        }
    });
    let hatched = is_hidden.then(|| {
        view! { <rect x=percent(left) width=percent(width) y="0" height="288" fill="url(#chart-hidden)"></rect> }
    });
    let mark = point.score.map(|score| view! { <Score score middle/> });
    view! {
        <g class=if is_lonely { "chart-point lonely" } else { "chart-point" }>
            <title>{format!("{}: {}", point.when, point.says)}</title>
            <rect class="chart-hit" x=percent(left) width=percent(width) y="0" height="288"></rect>
            {hatched}
            {bar}
            {mark}
        </g>
    }
}

/// The mark of a score at its place.
#[component]
fn Score(score: f64, middle: f64) -> impl IntoView {
    let (class, shape) = shape_of(score);
    view! {
        <svg class="chart-mark" x=percent(middle) y=short(down(score)) overflow="visible">
            <path class=class d=shape></path>
        </svg>
    }
}

/// Which step is being read, if one is.
#[derive(Clone, Copy)]
struct Reading {
    points: StoredValue<Vec<ChartPoint>>,
    at: RwSignal<Option<usize>>,
    /// Whether the chart has the focus: then a step stays when the pointer goes.
    is_held: StoredValue<bool>,
}

impl Reading {
    fn new(points: Vec<ChartPoint>) -> Self {
        Self { points: StoredValue::new(points), at: RwSignal::new(None), is_held: StoredValue::new(false) }
    }

    fn last(self) -> usize {
        self.points.with_value(Vec::len).saturating_sub(1)
    }

    /// The step that is read, or with which reading begins: the newest.
    fn place(self) -> usize {
        self.at.get().unwrap_or_else(|| self.last())
    }

    fn words(self) -> Option<String> {
        let place = self.place();
        self.points.with_value(|points| points.get(place).map(|point| format!("{}: {}", point.when, point.says)))
    }

    fn hold(self) {
        self.is_held.set_value(true);
        self.at.update(|at| *at = at.or_else(|| Some(self.last())));
    }

    fn let_go(self) {
        self.is_held.set_value(false);
        self.at.set(None);
    }

    fn hear(self, event: &KeyboardEvent) {
        let is_plain = !event.alt_key() && !event.ctrl_key() && !event.meta_key();
        if let Some(place) = led_to(&event.key(), untrack(move || self.place()), self.last()).filter(|_| is_plain) {
            event.prevent_default();
            self.at.set(Some(place));
        }
    }

    fn point(self, event: &PointerEvent) {
        self.at.set(Some(under(browser::share_across(event), self.last() + 1)));
    }

    /// A finger that is lifted leaves, too, and has not read yet.
    fn leave(self, event: &PointerEvent) {
        if !self.is_held.get_value() && event.pointer_type() != "touch" {
            self.at.set(None);
        }
    }

    /// A line through the step, its mark, and above it what there is to say: on the side where there is room.
    fn draw(self) -> Option<AnyView> {
        let place = self.at.get()?;
        let (point, count) = self.points.with_value(|points| Some((points.get(place).cloned()?, points.len())))?;
        let middle = across(place, count) + 50.0 / float(count);
        let anchor = match middle {
            near if near < 33.0 => "start",
            far if far > 67.0 => "end",
            _ => "middle",
        };
        let mark = point.score.map(|score| view! { <Score score middle/> });
        let at = percent(middle);
        Some(
            view! {
                <g class="chart-at" aria-hidden="true">
                    <line x1=at.clone() x2=at.clone() y1="-4" y2="288"></line>
                    {mark}
                    <text class="chart-when" x=at.clone() y="-28" text-anchor=anchor>{point.when}</text>
                    <text class="chart-says" x=at y="-10" text-anchor=anchor>{point.says}</text>
                </g>
            }
            .into_any(),
        )
    }
}

/// The step to which a key leads.
fn led_to(key: &str, from: usize, last: usize) -> Option<usize> {
    match key {
        "ArrowLeft" | "ArrowDown" => Some(from.saturating_sub(1)),
        "ArrowRight" | "ArrowUp" => Some((from + 1).min(last)),
        "Home" => Some(0),
        "End" => Some(last),
        _ => None,
    }
}

/// The step in which this share of the width lies.
fn under(share: f64, count: usize) -> usize {
    (1..count).filter(|place| across(*place, count) <= share * 100.0).count()
}

/// The mark of a score: a triangle up, a circle, a triangle down.
fn shape_of(score: f64) -> (&'static str, &'static str) {
    match types::SentimentLabel::of(score) {
        types::SentimentLabel::Positive => ("mark-positive", "M0-5 5 4H-5Z"),
        types::SentimentLabel::Neutral => ("mark-neutral", "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z"),
        types::SentimentLabel::Negative => ("mark-negative", "M0 5 5-4H-5Z"),
    }
}

/// Neighbouring points with a score, as places in the shape's units. Steps in which nobody wrote are passed over; one
/// that is not told ends a run.
fn runs(points: &[ChartPoint]) -> Vec<Vec<(f64, f64)>> {
    let mut runs = vec![Vec::new()];
    for (place, point) in points.iter().enumerate() {
        match (point.score, point.messages) {
            (Some(score), _) => {
                let x = 10.0 * (across(place, points.len()) + 50.0 / float(points.len()));
                if let Some(run) = runs.last_mut() {
                    run.push((x, score));
                }
            }
            (None, None) => runs.push(Vec::new()),
            (None, Some(_)) => {}
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}

/// Which points stand alone, so that no line leads through them and only their marks can be seen.
fn lonely(points: &[ChartPoint]) -> Vec<bool> {
    let told = |part: &[ChartPoint]| part.iter().filter(|point| point.score.is_some()).count();
    let parts = points.split_inclusive(|point| point.messages.is_none());
    parts.flat_map(|part| part.iter().map(move |point| point.score.is_some() && told(part) == 1)).collect()
}

fn path(run: &[(f64, f64)]) -> String {
    let points: Vec<_> = run.iter().map(|(x, score)| format!("{} {}", short(*x), short(down(*score)))).collect();
    format!("M{}", points.join("L"))
}

/// The area between the zero line and the part of a run that `side` keeps; it meets the line where the run crosses it.
fn area(run: &[(f64, f64)], side: fn(f64) -> f64) -> String {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return String::new() };
    let mut points = vec![(first.0, 0.0)];
    for pair in run.windows(2) {
        let [(x, score), (next_x, next)] = pair else { continue };
        points.push((*x, side(*score)));
        if score * next < 0.0 {
            points.push((x + (next_x - x) * score / (score - next), 0.0));
        }
    }
    points.push((last.0, side(last.1)));
    points.push((last.0, 0.0));
    format!("{}Z", path(&points))
}

/// Where a step begins, in percent of the width.
fn across(place: usize, count: usize) -> f64 {
    100.0 * float(place) / float(count.max(1))
}

/// Where a score lies, in units from the top.
fn down(score: f64) -> f64 {
    HEIGHT / 2.0 * (1.0 - score.clamp(-1.0, 1.0))
}

/// At most five names for the axis, evenly among the steps.
fn axis(points: &[ChartPoint]) -> Vec<String> {
    let Some(last) = points.len().checked_sub(1) else { return Vec::new() };
    let names = last.min(4);
    (0..=names).map(|name| points[name * last / names.max(1)].name.clone()).collect()
}

fn percent(value: f64) -> String {
    format!("{}%", short(value))
}

/// Two digits are finer than any screen.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn float(value: usize) -> f64 {
    f64::from(u32::try_from(value).unwrap_or(u32::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / (whole.max(1)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(score: Option<f64>, messages: Option<i64>) -> ChartPoint {
        ChartPoint { name: String::new(), when: String::new(), score, messages, says: String::new() }
    }

    #[test]
    fn a_gap_is_not_drawn_over_and_a_quiet_day_is() {
        let points = [
            point(Some(0.5), Some(9)),
            point(None, Some(0)),
            point(Some(-0.5), Some(9)),
            point(None, None),
            point(Some(0.0), Some(9)),
        ];
        assert_eq!(runs(&points), [vec![(100.0, 0.5), (500.0, -0.5)]], "one point alone is no line");
        assert_eq!(lonely(&points), [false, false, false, false, true], "so it shows its mark");
    }

    #[test]
    fn the_area_meets_the_zero_line_where_the_run_crosses_it() {
        let run = [(0.0, 0.5), (100.0, -0.5)];
        assert_eq!(area(&run, |score| score.max(0.0)), "M0 100L0 50L50 100L100 100L100 100Z");
        assert_eq!(area(&run, |score| score.min(0.0)), "M0 100L0 100L50 100L100 150L100 100Z");
    }

    #[test]
    fn the_axis_names_the_ends() {
        let named = |count: usize| {
            let points: Vec<_> =
                (0..count).map(|place| ChartPoint { name: place.to_string(), ..point(None, None) }).collect();
            axis(&points).join(" ")
        };
        assert_eq!([named(0), named(1), named(3), named(30)], ["", "0", "0 1 2", "0 7 14 21 29"]);
    }

    #[test]
    fn keys_and_pointers_lead_to_steps_and_never_past_the_ends() {
        let led = |key, from| led_to(key, from, 9);
        assert_eq!(
            [led("ArrowRight", 3), led("ArrowUp", 9), led("ArrowLeft", 0), led("ArrowDown", 3)],
            [4, 9, 0, 2].map(Some)
        );
        assert_eq!([led("Home", 3), led("End", 3), led("Tab", 3)], [Some(0), Some(9), None]);
        assert_eq!([-0.1, 0.0, 0.09, 0.1, 0.55, 1.0, 1.1].map(|share| under(share, 10)), [0, 0, 0, 1, 5, 9, 9]);
        assert_eq!(under(0.5, 1), 0);
    }
}
