//! `/c/{id}/mood`: how a conversation reads, message by message. Rendered on the server and done with that: no WASM comes
//! along, the chart is SVG, and every point of it leads to its message. With `?panel` it is what stands in the inspector,
//! which adds what can be done: correcting a reading, and choosing who reads.

mod methods;
mod trend;
mod words;

use crate::{
    AppError,
    address::Address,
    chat::{
        Place,
        feeling::{label_word, mark_class, mark_of, reading_text, score_text},
        place::{MOOD, path_of},
    },
    parts::{
        icon::{self, Icon},
        problem::Problem,
    },
    ssr,
    title::name_page,
};
use leptos::prelude::*;
use methods::{Corrections, Methods};
use trend::Trend;
use types::{
    ApiError, ConversationId, CumulativeSentiment, ErrorCode, MoodView, ReaderView, SentimentLabel, Statement,
};
use words::{range, story, turning_points};

/// The query of what stands in the inspector.
const PANEL: &str = "panel";

/// The page.
#[component]
pub(crate) fn MoodPage() -> impl IntoView {
    let path = expect_context::<Address>().path_untracked();
    let place = Place::of(path.strip_suffix(MOOD).unwrap_or(&path));
    let caller = ssr::caller();
    let is_panel = ssr::is_query(PANEL);
    name_page(|| "How it reads".to_owned());
    view! {
        <Suspense>
            {move || {
                let caller = caller.clone();
                Suspend::new(async move {
                    match load(caller, place, is_panel).await {
                        Ok((id, mood, reader)) => view! { <Mood id mood reader/> }.into_any(),
                        Err(AppError(error)) => {
                            view! { <main class="plain"><Problem error alone=true/></main> }.into_any()
                        }
                    }
                })
            }}
        </Suspense>
    }
}

async fn load(
    caller: Result<(backend::Backend, backend::Actor), AppError>,
    place: Place,
    is_panel: bool,
) -> Result<(ConversationId, MoodView, Option<ReaderView>), AppError> {
    let (backend, actor) = caller?;
    let id = place.conversation().ok_or_else(|| ApiError::new(ErrorCode::ConversationNotFound, ""))?;
    let mood = backend::conversations::mood(&backend, &actor, id).await.map_err(ssr::failed)?;
    let reader =
        if is_panel { Some(backend::sentiment::reader(&backend, &actor).await.map_err(ssr::failed)?) } else { None };
    Ok((id, mood, reader))
}

#[component]
fn Mood(
    id: ConversationId,
    mood: MoodView,
    /// Who reads, in the inspector.
    reader: Option<ReaderView>,
) -> impl IntoView {
    let MoodView { title, sentiment, statements } = mood;
    let scores: Vec<f64> = statements.iter().map(|statement| statement.sentiment.score).collect();
    let is_panel = reader.is_some();
    let (height, class) = if is_panel { (150, "mood") } else { (200, "settings mood") };
    let range = range(sentiment.as_ref().map_or(0, |whole| whole.count), statements.len());
    let turns = turning_points(&statements);
    let head = (!is_panel).then(|| {
        view! {
            <a class="back" href=path_of(id)>
                <Icon path=icon::BACK/>
                "Back to the conversation"
            </a>
            <h1>{title}</h1>
        }
    });
    view! {
        <main class=class>
            {head}
            <p class="mood-story">{story(&scores)}</p>
            {range.map(|range| view! { <p class="settings-note">{range}</p> })}
            {sentiment.map(|whole| view! { <Whole whole/> })}
            {(!statements.is_empty())
                .then(|| {
                    view! {
                        <Trend id statements=statements.clone() turns=turns.clone() height/>
                        <Statements id statements turns can_correct=is_panel/>
                    }
                })}
            {reader.map(|reader| view! { <Methods reader/> })}
            <p class="settings-note">
                "Lia reads words, not people. A reading can be wrong; a hollow mark is one that is not sure."
            </p>
        </main>
    }
}

/// The whole conversation: its score on a scale, what shows most, the summary.
#[component]
fn Whole(whole: CumulativeSentiment) -> impl IntoView {
    let word = match whole.emotion.as_deref().filter(|emotion| *emotion != "neutral") {
        Some(emotion) => format!("{}, with {emotion}", label_word(whole.label)),
        None => label_word(whole.label).to_owned(),
    };
    let place = format!("{:.1}%", (whole.score.clamp(-1.0, 1.0) + 1.0) * 50.0);
    view! {
        <section class="mood-card" aria-label="The whole conversation">
            <p class="mood-score">
                <Mark label=whole.label confidence=1.0/>
                <strong>{score_text(whole.score)}</strong>
                <span>{word}</span>
            </p>
            <svg class="scale" width="100%" height="12" aria-hidden="true">
                <line x1="0" x2="100%" y1="6" y2="6"></line>
                <line x1="50%" x2="50%" y1="2" y2="10"></line>
                <circle cx=place cy="6" r="4"></circle>
            </svg>
            <p class="scale-ends" aria-hidden="true">
                <span>"−1"</span>
                <span>"0"</span>
                <span>"+1"</span>
            </p>
            <p class="mood-summary">{whole.summary}</p>
        </section>
    }
}

/// Every message with how it reads, the newest first.
#[component]
fn Statements(id: ConversationId, statements: Vec<Statement>, turns: Vec<usize>, can_correct: bool) -> impl IntoView {
    let rows = statements.into_iter().enumerate().rev().map(move |(at, statement)| {
        let path = message_path(id, &statement);
        let Statement { id: message, quote, sentiment } = statement;
        let turn = turns.contains(&at).then(|| view! { <span class="visually-hidden">", a turning point"</span> });
        let corrections = can_correct.then(|| view! { <Corrections message label=sentiment.label/> });
        view! {
            <tr id=format!("statement-{message}")>
                <th scope="row">
                    <a id=format!("quote-{message}") class="statement" href=path>{quote}</a>
                </th>
                <td title=reading_text(&sentiment)>
                    <Mark label=sentiment.label confidence=sentiment.confidence/>
                    <span class="statement-score">{score_text(sentiment.score)}</span>
                </td>
                <td>{sentiment.emotion.unwrap_or_else(|| label_word(sentiment.label).to_owned())} {turn}</td>
            </tr>
            {corrections}
        }
    });
    view! {
        <section aria-labelledby="statements-title">
            <h2 id="statements-title">"Your messages"</h2>
            <table class="statements">
                <thead class="visually-hidden">
                    <tr>
                        <th scope="col">"Message"</th>
                        <th scope="col">"Score"</th>
                        <th scope="col">"Emotion"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}

#[component]
fn Mark(label: SentimentLabel, confidence: f64) -> impl IntoView {
    view! {
        <svg class=mark_class(label, confidence) viewBox="0 0 12 12" role="img" aria-label=label_word(label)>
            <path d=mark_of(label)></path>
        </svg>
    }
}

/// Where a message stands in its conversation.
fn message_path(id: ConversationId, statement: &Statement) -> String {
    format!("{}#message-{}", path_of(id), statement.id)
}
