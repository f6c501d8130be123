//! One message: the user's words in a bubble, Lia's on the page.

use super::{
    end_note::EndNote,
    icon::{self, Icon},
    message_tools::{tools, tools_id},
    reading::MessageMark,
};
use crate::{
    chat::{
        Chat, Row, errands,
        figures::{usage_details, usage_line},
        row::Outcome,
    },
    lazy,
};
use leptos::{html, prelude::*, web_sys::Element};
use std::sync::Arc;
use types::{MessageId, MessageRole, MessageStatus};

/// A message of the conversation.
#[component]
pub(crate) fn MessageItem(row: Row) -> impl IntoView {
    if row.role == MessageRole::User {
        let id = row.id.clone();
        view! {
            <li id=move || id.get().map(|id| format!("message-{id}")) class="message from-user">
                <h2 class="visually-hidden">"You"</h2>
                <div class="bubble">
                    <Body row=row.clone()/>
                    <MessageMark outcome=row.outcome.clone() id=row.id.clone()/>
                </div>
                <div class="message-actions">
                    <CopyButton id=row.id.clone()/>
                    <Tools row/>
                </div>
            </li>
        }
        .into_any()
    } else {
        view! { <Answer row/> }.into_any()
    }
}

#[component]
fn Answer(row: Row) -> impl IntoView {
    let outcome = row.outcome.clone();
    let is_growing = Memo::new(move |_| outcome.with(|outcome| outcome.status == MessageStatus::Streaming));
    let id = row.id.clone();
    let element_id = move || id.get().map(|id| format!("answer-{id}"));
    view! {
        <li class="message from-lia">
            <h2 class="visually-hidden">"Lia"</h2>
            <Thought row=row.clone() is_growing/>
            <div id=element_id class="answer" aria-busy=move || is_growing.get().then_some("true")>
                <Body row=row.clone()/>
            </div>
            <Queued key=row.key/>
            <EndNote row=row.clone()/>
            <div class="message-actions" class:hidden=move || is_growing.get()>
                <Usage outcome=row.outcome.clone()/>
                <CopyButton id=row.id.clone()/>
                <Tools row/>
            </div>
        </li>
    }
}

/// Why there is nothing of an answer yet, where it waits for others.
#[component]
fn Queued(key: i64) -> impl IntoView {
    let chat = expect_context::<Chat>();
    let is_queued =
        Memo::new(move |_| chat.writing.get().is_some_and(|writing| writing.key == key && writing.is_queued));
    move || {
        is_queued.get().then(|| {
            view! {
                <p class="end-note" role="status">
                    "Waiting for its turn: as many answers are being written as may at once."
                </p>
            }
            .into_any()
        })
    }
}

/// The text: finished HTML, or blocks that follow each other while it grows. Both are only ever HTML from
/// `crates/markdown`.
#[component]
fn Body(row: Row) -> impl IntoView {
    let html = row.html.clone();
    move || match html.get() {
        Some(html) => view! { <Finished html/> }.into_any(),
        None => view! { <Growing row=row.clone()/> }.into_any(),
    }
}

#[component]
fn Finished(html: Arc<str>) -> impl IntoView {
    let prose = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(prose) = prose.get() {
            add_copy_buttons(&prose);
        }
    });
    view! { <div node_ref=prose class="prose" inner_html=html.to_string()></div> }
}

/// Gives each code block its button, which is of no use before WASM has loaded. Their clicks are heard by the list.
fn add_copy_buttons(prose: &Element) {
    let figures = prose.get_elements_by_tag_name("figure");
    for figure in (0..figures.length()).filter_map(|index| figures.item(index)) {
        // The text is Lia's own and the same for all.
        let _ = figure.insert_adjacent_html("afterbegin", r#"<button type="button" class="copy-code">Copy</button>"#);
    }
}

#[component]
fn Growing(row: Row) -> impl IntoView {
    let Row { closed, open, more, outcome, .. } = row;
    let caret = move || outcome.with(|outcome| outcome.status == MessageStatus::Streaming);
    let last = NodeRef::<html::Div>::new();
    // A long code block is not parsed and painted anew for every line of it.
    Effect::new(move |before: Option<()>| {
        let more = more.get();
        let growing = last.get_untracked().filter(|_| before.is_some());
        if let Some(growing) = growing.and_then(|last| last.query_selector("[data-grow]").ok().flatten()) {
            // It fails only for a position that is none.
            let _ = growing.insert_adjacent_text("beforeend", &more);
        }
    });
    view! {
        <div class="prose" class:growing=caret>
            <For each=move || closed.get() key=|block| block.key let:block>
                <div class="block" inner_html=block.html.to_string()></div>
            </For>
            <div node_ref=last class="block open" inner_html=move || open.get()></div>
        </div>
    }
}

/// What the model thought before it answered: open while that is all there is, then folded away. Plain text while it
/// grows, HTML from `crates/markdown` when it has ended.
#[component]
fn Thought(row: Row, is_growing: Memo<bool>) -> impl IntoView {
    let Row { thought, thought_html, open, .. } = row;
    let has_thought = {
        let (thought, html) = (thought.clone(), thought_html.clone());
        Memo::new(move |_| html.with(Option::is_some) || thought.with(|thought| !thought.is_empty()))
    };
    let is_thinking = Memo::new(move |_| is_growing.get() && open.with(String::is_empty));
    let text = move || match thought_html.get() {
        Some(html) => view! { <div class="thought-text prose" inner_html=html.to_string()></div> }.into_any(),
        None => view! { <div class="thought-text plain-text">{thought.clone()}</div> }.into_any(),
    };
    move || {
        let text = text.clone();
        has_thought.get().then(|| {
            view! {
                <details class="thought" open=move || is_thinking.get()>
                    <summary>{move || if is_thinking.get() { "Thinking…" } else { "Thoughts" }}</summary>
                    {move || text()}
                </details>
            }
            .into_any()
        })
    }
}

/// What wrote an answer and what it used; what of it was read and what written is a click away.
#[component]
fn Usage(outcome: ArcRwSignal<Outcome>) -> impl IntoView {
    move || {
        let info = outcome.with(|outcome| outcome.model.clone())?;
        let line = info.usage.as_ref().map(usage_line).unwrap_or_default();
        let details = info.usage.as_ref().map(usage_details).filter(|_| !line.is_empty());
        // Where Lia broke off and the model went on, a reader may want to know why a sentence limps.
        let seam = if info.seams.is_empty() { String::new() } else { "resumed after an interruption".to_owned() };
        let parts =
            [info.model, line, seam].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        Some(match details {
            Some(details) => view! {
                <details class="usage">
                    <summary>{parts}</summary>
                    <p>{details}</p>
                </details>
            }
            .into_any(),
            None => view! { <span class="usage">{parts}</span> }.into_any(),
        })
    }
}

/// What else can be done with a message. The list hears the clicks.
#[component]
fn Tools(row: Row) -> impl IntoView {
    let Row { role, id, siblings, .. } = row;
    let element_id = {
        let id = id.clone();
        move || id.get().map(tools_id)
    };
    view! { <div id=element_id class="tools" inner_html=move || tools(role, id.get(), siblings.get())></div> }
}

#[component]
fn CopyButton(id: ArcRwSignal<Option<MessageId>>) -> impl IntoView {
    let chat = expect_context::<Chat>();
    let copied = RwSignal::new(false);
    let copy = move |_| {
        if let Some(id) = id.get_untracked() {
            lazy::call(chat.notice, errands::copy_message(chat, id, copied));
        }
    };
    view! {
        <button type="button" class="icon-button" title="Copy" on:click=copy>
            {move || view! { <Icon path=if copied.get() { icon::CHECK } else { icon::COPY }/> }}
            <span class="visually-hidden" aria-live="polite">{move || if copied.get() { "Copied" } else { "Copy" }}</span>
        </button>
    }
}
