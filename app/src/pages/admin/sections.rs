//! The numbers: the few that matter most, the series, and the breakdowns. Every chart is a table as well, or has one.

use super::{
    filters::{PATH, address, method_name},
    numbers::{day, mark, name, percent, plain, share, signed, word},
};
use crate::parts::chart::{ChartPoint, TimeChart};
use leptos::prelude::*;
use types::{AnswerDrops, DROP_MIN, InsightGroup, InsightParameters, InsightPoint, InsightStep, SentimentInsights};

/// What is said where too few people are behind a number, or behind what it would give away.
fn too_few() -> String {
    "too few people to show".to_owned()
}

/// The numbers that matter most.
pub(super) fn tiles(insights: &SentimentInsights) -> AnyView {
    let turns = insights.conversations;
    let of = |part: Option<i64>, whole: i64| part.filter(|_| whole > 0).map(|part| percent(share(part, whole)));
    let count = |part: Option<i64>, whole: i64, what: &str| match part {
        Some(part) => format!("{} of {} {what}", plain(part), plain(whole)),
        None => too_few(),
    };
    let score = insights.score.unwrap_or_default();
    let drops = insights.answers;
    let fell = match drops.dropped {
        Some(_) => {
            let answers = count(drops.dropped, drops.measured, "answers");
            format!("{answers}; the next message scored at least {DROP_MIN} lower")
        }
        None => too_few(),
    };
    let tiles = [
        ("Messages read", Some(plain(insights.messages)), "written by people, not by models".to_owned()),
        ("On average", Some(format!("{} {}", mark(score), signed(score))), format!("reads as {}", word(score))),
        ("Turned positive", of(turns.improved, turns.measured), count(turns.improved, turns.measured, "conversations")),
        ("Turned negative", of(turns.worsened, turns.measured), count(turns.worsened, turns.measured, "conversations")),
        ("Answers before a drop", of(drops.dropped, drops.measured), fell),
    ];
    view! {
        <dl class="admin-tiles">
            {tiles
                .into_iter()
                .map(|(term, value, note)| {
                    view! {
                        <div>
                            <dt>{term}</dt>
                            <dd class="admin-value">{value.unwrap_or_else(|| "–".to_owned())}</dd>
                            <dd class="admin-note">{note}</dd>
                        </div>
                    }
                })
                .collect_view()}
        </dl>
    }
    .into_any()
}

/// The series, with the table it is drawn from.
pub(super) fn over_time(insights: &SentimentInsights, is_alive: Signal<bool>) -> AnyView {
    let step = insights.step;
    let rows = insights.over_time.iter().map(|point| {
        view! {
            <tr>
                <th scope="row">{when(step, point)}</th>
                <td>{point.messages.map_or_else(too_few, plain)}</td>
                <td>{point.score.map(signed).unwrap_or_default()}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let points = insights.over_time.iter().map(|point| ChartPoint {
        name: day(point.starts_on),
        when: when(step, point),
        score: point.score,
        messages: point.messages,
        says: says(point),
    });
    let points = points.collect();
    view! {
        <section aria-labelledby="over-time">
            <h2 id="over-time">"Over time"</h2>
            <p>{summary(&insights.over_time)}{hint(step, &insights.over_time)}</p>
            <TimeChart points is_alive label="Mean score and number of messages over time"/>
            <details>
                <summary>"The same as a table"</summary>
                <div class="admin-scroll" tabindex="0" role="region" aria-label="Over time, as a table">
                    <table class="admin-table">
                        <thead>
                            <tr>
                                <th scope="col">{column(step)}</th>
                                <th scope="col">"Messages"</th>
                                <th scope="col">"Mean score"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </details>
        </section>
    }
    .into_any()
}

const fn column(step: InsightStep) -> &'static str {
    match step {
        InsightStep::Day => "Day",
        InsightStep::Week => "Week from",
        InsightStep::Month => "Month",
    }
}

fn when(step: InsightStep, point: &InsightPoint) -> String {
    match step {
        InsightStep::Day => day(point.starts_on),
        InsightStep::Week => format!("Week of {}", day(point.starts_on)),
        InsightStep::Month => point.starts_on.format("%B %Y").to_string(),
    }
}

/// What a point says of itself.
fn says(point: &InsightPoint) -> String {
    match (point.messages, point.score) {
        (None, _) => too_few(),
        (Some(messages), Some(score)) => {
            let messages = if messages == 1 { "1 message".to_owned() } else { format!("{} messages", plain(messages)) };
            format!("{} {}, {messages}", mark(score), signed(score))
        }
        (Some(_), None) => "no messages".to_owned(),
    }
}

/// The series in a sentence: the first half of what is shown beside the second.
fn summary(points: &[InsightPoint]) -> String {
    let told: Vec<_> = points.iter().filter_map(|point| Some((point.messages?, point.score?))).collect();
    if told.len() < 2 {
        return "There are too few points here to say which way it goes.".to_owned();
    }
    let (before, after) = told.split_at(told.len() / 2);
    let (before, after) = (mean(before), mean(after));
    let course = match after - before {
        up if up >= 0.02 => "People read as better in the second half of these days than in the first",
        down if down <= -0.02 => "People read as worse in the second half of these days than in the first",
        _ => "How people read stayed about the same",
    };
    format!("{course}: {} on average, then {}.", signed(before), signed(after))
}

/// What helps where most points cannot be shown.
fn hint(step: InsightStep, points: &[InsightPoint]) -> Option<&'static str> {
    let hidden = points.iter().filter(|point| point.messages.is_none()).count();
    let told = points.iter().filter(|point| point.score.is_some()).count();
    (hidden > told && step != InsightStep::Month)
        .then_some(" Too few people are behind most points: by week or month there is more to see.")
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
fn mean(points: &[(i64, f64)]) -> f64 {
    let messages: i64 = points.iter().map(|(messages, _)| messages).sum();
    points.iter().map(|(messages, score)| score * *messages as f64).sum::<f64>() / messages.max(1) as f64
}

/// What the messages have in common.
#[component]
pub(super) fn Breakdowns(insights: SentimentInsights) -> impl IntoView {
    let all = insights.parameters();
    let link = move |group: &InsightGroup| {
        let (provider, model) = (group.provider.clone()?, group.name.clone()?);
        Some(address(PATH, &InsightParameters { provider: Some(provider), model: Some(model), ..all.clone() }))
    };
    let named = |groups: Vec<InsightGroup>| {
        let renamed = |group: InsightGroup| InsightGroup {
            name: group.name.as_deref().map(|id| method_name(id).to_owned()),
            ..group
        };
        groups.into_iter().map(renamed).collect::<Vec<_>>()
    };
    view! {
        <div class="admin-pair">
            <div class="admin-stack">
                <Labels groups=insights.labels/>
                <Sources
                    id="providers"
                    title="By provider"
                    columns=&["Provider", "", "Mean score", "Messages"]
                    groups=insights.providers
                />
                <Sources
                    id="methods"
                    title="By method of reading"
                    columns=&["Method", "", "Mean score", "Messages"]
                    groups=named(insights.methods)
                />
            </div>
            <Shares id="emotions" title="Emotions" columns=&["Emotion", "", "Share", "Messages"] groups=insights.emotions/>
        </div>
        <Models groups=insights.models link/>
    }
}

/// A bar as long as its share. `fill` names a pattern where colour is not enough.
#[component]
fn Bar(share: f64, class: &'static str) -> impl IntoView {
    let width = format!("{:.2}%", (share * 100.0).clamp(0.3, 100.0));
    view! {
        <svg class="bar" width="100%" height="10" aria-hidden="true">
            <rect class="bar-track" width="100%" height="10" rx="2"/>
            <rect class=class width=width height="10" rx="2"></rect>
        </svg>
    }
}

/// How the messages are labelled: each label with its mark, in its colour.
#[component]
fn Labels(groups: Vec<InsightGroup>) -> impl IntoView {
    let row = |group: InsightGroup| {
        let (mark, class) = match group.name.as_deref() {
            Some("Positive") => ("▲", "bar-positive"),
            Some("Negative") => ("▼", "bar-negative"),
            Some(_) => ("●", "bar-neutral"),
            None => ("", "bar-fill"),
        };
        view! {
            <tr>
                <th scope="row">
                    <span class=format!("admin-mark {class}") aria-hidden="true">{mark}</span>
                    {name(&group)}
                </th>
                <td class="admin-bar"><Bar share=group.share class/></td>
                <td>{percent(group.share)}</td>
                <td>{plain(group.messages)}</td>
            </tr>
        }
    };
    let rows = groups.into_iter().map(row).collect_view();
    view! { <Table id="labels" title="Labels" columns=&["Label", "", "Share", "Messages"]>{rows}</Table> }
}

#[component]
fn Shares(
    id: &'static str,
    title: &'static str,
    columns: &'static [&'static str],
    groups: Vec<InsightGroup>,
) -> impl IntoView {
    let most = groups.iter().map(|group| group.share).fold(0.01, f64::max);
    let row = |group: InsightGroup| {
        view! {
            <tr>
                <th scope="row">{name(&group)}</th>
                <td class="admin-bar"><Bar share=group.share / most class="bar-fill"/></td>
                <td>{percent(group.share)}</td>
                <td>{plain(group.messages)}</td>
            </tr>
        }
    };
    let rows = groups.into_iter().map(row).collect_view();
    view! { <Table id title columns>{rows}</Table> }
}

/// A score on its scale: a bar from the middle, to the left or to the right.
#[component]
fn Score(score: Option<f64>) -> impl IntoView {
    score.map(|score| {
        let width = score.abs() * 50.0;
        let left = if score < 0.0 { 50.0 - width } else { 50.0 };
        let class = match word(score) {
            "positive" => "bar-positive",
            "negative" => "bar-negative",
            _ => "bar-neutral",
        };
        view! {
            <svg class="bar" width="100%" height="10" aria-hidden="true">
                <rect class="bar-track" width="100%" height="10" rx="2"/>
                <rect class=class x=format!("{left:.2}%") width=format!("{:.2}%", width.max(0.5)) height="10"></rect>
                <line class="bar-zero" x1="50%" x2="50%" y1="0" y2="10"/>
            </svg>
        }
    })
}

fn score_text(score: Option<f64>) -> String {
    score.map(|score| format!("{} {}", mark(score), signed(score))).unwrap_or_default()
}

fn drop_text(answers: Option<AnswerDrops>) -> String {
    match answers.map(|answers| (answers.measured, answers.dropped)) {
        Some((0, _)) => "–".to_owned(),
        Some((measured, Some(dropped))) => percent(share(dropped, measured)),
        _ => too_few(),
    }
}

/// The models, each a link to its own numbers.
#[component]
fn Models(groups: Vec<InsightGroup>, link: impl Fn(&InsightGroup) -> Option<String>) -> impl IntoView {
    let row = |group: InsightGroup| {
        let name = name(&group);
        let title = match link(&group) {
            Some(path) => view! { <a href=path rel="external">{name}</a> }.into_any(),
            None => name.into_any(),
        };
        view! {
            <tr>
                <th scope="row">{title}<span class="admin-sub">{group.provider.clone()}</span></th>
                <td>{plain(group.messages)}</td>
                <td>{percent(group.share)}</td>
                <td class="admin-bar"><Score score=group.score/></td>
                <td>{score_text(group.score)}</td>
                <td>{drop_text(group.answers)}</td>
            </tr>
        }
    };
    let rows = groups.into_iter().map(row).collect_view();
    let columns = &["Model", "Messages", "Share", "", "Mean score", "Answers before a drop"];
    view! { <Table id="models" title="By model" columns>{rows}</Table> }
}

#[component]
fn Sources(
    id: &'static str,
    title: &'static str,
    columns: &'static [&'static str],
    groups: Vec<InsightGroup>,
) -> impl IntoView {
    let row = |group: InsightGroup| {
        view! {
            <tr>
                <th scope="row">{name(&group)}</th>
                <td class="admin-bar"><Score score=group.score/></td>
                <td>{score_text(group.score)}</td>
                <td>{plain(group.messages)}</td>
            </tr>
        }
    };
    let rows = groups.into_iter().map(row).collect_view();
    view! { <Table id title columns>{rows}</Table> }
}

/// A table under a heading of its own. A column without a name holds bars, which say what the figures beside them do.
#[component]
fn Table(id: &'static str, title: &'static str, columns: &'static [&'static str], children: Children) -> impl IntoView {
    let head = columns.iter().map(|column| match *column {
        "" => view! { <td></td> }.into_any(),
        column => view! { <th scope="col">{column}</th> }.into_any(),
    });
    view! {
        <section aria-labelledby=id>
            <h2 id=id>{title}</h2>
            // Where it scrolls, the keyboard has to reach it.
            <div class="admin-scroll" tabindex="0" role="group" aria-labelledby=id>
                <table class="admin-table" aria-labelledby=id>
                    <thead>
                        <tr>{head.collect_view()}</tr>
                    </thead>
                    <tbody>{children()}</tbody>
                </table>
            </div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(messages: Option<i64>, score: Option<f64>) -> InsightPoint {
        InsightPoint { starts_on: "2026-11-02".parse().unwrap(), messages, score }
    }

    #[test]
    fn a_series_is_told_in_a_sentence() {
        let rising =
            [point(Some(1), Some(-0.5)), point(None, None), point(Some(3), Some(0.1)), point(Some(1), Some(0.5))];
        assert_eq!(
            summary(&rising),
            "People read as better in the second half of these days than in the first: −0.50 on average, then +0.20."
        );
        assert!(summary(&rising[..2]).starts_with("There are too few points"));
        assert_eq!(hint(InsightStep::Day, &rising), None);
        let hidden = [point(None, None), point(Some(0), None), point(None, None), point(Some(9), Some(0.1))];
        assert!(hint(InsightStep::Day, &hidden).is_some() && hint(InsightStep::Month, &hidden).is_none());
    }

    #[test]
    fn a_point_says_what_it_is() {
        assert_eq!(says(&point(Some(1_200), Some(0.4))), "▲ +0.40, 1,200 messages");
        assert_eq!([says(&point(None, None)), says(&point(Some(0), None))], ["too few people to show", "no messages"]);
        let names = InsightStep::ALL.map(|step| when(step, &point(None, None)));
        assert_eq!(names, ["2 Nov 2026", "Week of 2 Nov 2026", "November 2026"]);
    }
}
