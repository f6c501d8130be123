//! The conversation column: the messages, the composer that floats below them, and the scrolling between the two. It
//! stays at the newest words only while the reader is there.

use super::{
    composer::Composer,
    icon::{self, Icon},
    message::MessageItem,
    problem::Problem,
    waiting,
    welcome::Welcome,
};
use crate::{
    address::Address,
    browser,
    chat::{Chat, Place, SCROLLER, Shelf, errands, figures::total_line, tree},
    lazy,
};
use leptos::{
    ev::KeyboardEvent,
    html,
    prelude::*,
    web_sys::{Element, Event},
};
use types::UserId;

/// How far from its end, in pixels, a conversation still counts as read to its end.
const NEAR: i32 = 48;

/// What the column shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Messages,
    Welcome,
    Waiting,
    Problem,
}

/// Whether the reader is at the newest words.
#[derive(Clone, Copy)]
struct Reader {
    away: RwSignal<bool>,
    last_top: StoredValue<i32>,
}

impl Reader {
    /// The column was scrolled, by the reader or by a growing text.
    fn scrolled(self, scroller: &Element) {
        let top = scroller.scroll_top();
        let below = scroller.scroll_height() - scroller.client_height() - top;
        if below <= NEAR {
            self.is_away(false);
        } else if top < self.last_top.get_value() {
            // Only upwards: text that grew between two frames puts the end further away, too.
            self.is_away(true);
        }
        self.last_top.set_value(top);
    }

    /// Something has another size.
    fn follow(self, scroller: &Element) {
        if self.away.try_get_untracked() == Some(false) {
            self.to_end(scroller);
        }
    }

    /// Says it only where it is news: this is asked with every frame that scrolls.
    fn is_away(self, is_away: bool) {
        if self.away.get_untracked() != is_away {
            self.away.set(is_away);
        }
    }

    /// Goes to the newest words.
    fn to_end(self, scroller: &Element) {
        self.is_away(false);
        scroller.set_scroll_top(scroller.scroll_height());
        // A column that stood there already is not scrolled, and nobody is told.
        self.last_top.set_value(scroller.scroll_top());
    }
}

/// The column.
#[component]
pub(crate) fn Thread(user: UserId) -> impl IntoView {
    let chat = expect_context::<Chat>();
    let shown = Memo::new(move |_| {
        if chat.problem.with(Option::is_some) {
            Shown::Problem
        } else if chat.loading.get() {
            Shown::Waiting
        } else if chat.rows.with(Vec::is_empty) {
            Shown::Welcome
        } else {
            Shown::Messages
        }
    });
    let scroller = NodeRef::<html::Div>::new();
    let flow = NodeRef::<html::Div>::new();
    let reader = Reader { away: RwSignal::new(false), last_top: StoredValue::new(0) };
    keep_at_end(chat, reader, scroller, flow);
    let on_scroll = move |_| {
        if let Some(scroller) = scroller.get_untracked() {
            reader.scrolled(&scroller);
        }
    };
    let to_end = move |_| {
        if let Some(scroller) = scroller.get_untracked() {
            reader.to_end(&scroller);
        }
    };
    view! {
        <div node_ref=scroller id=SCROLLER class="scroller" on:scroll=on_scroll>
            <div node_ref=flow class="flow">
                <div class="thread">
                    {move || match shown.get() {
                        Shown::Messages => view! { <Messages/> }.into_any(),
                        Shown::Welcome => view! { <Welcome/> }.into_any(),
                        Shown::Waiting => view! { <Skeleton/> }.into_any(),
                        Shown::Problem => {
                            chat.problem.get().map(|error| view! { <Problem error/> }).into_any()
                        }
                    }}
                    <div id=waiting::AREA class="waiting"></div>
                </div>
                <div class="dock">
                    {move || {
                        reader
                            .away
                            .get()
                            .then(|| {
                                view! {
                                    <button type="button" class="jump" on:click=to_end>
                                        <Icon path=icon::DOWN/>
                                        "Newest"
                                    </button>
                                }
                                    .into_any()
                            })
                    }}
                    <Composer user/>
                </div>
            </div>
        </div>
    }
    .into_any()
}

fn keep_at_end(chat: Chat, reader: Reader, scroller: NodeRef<html::Div>, flow: NodeRef<html::Div>) {
    Effect::new(move |_| {
        if let (Some(scroller), Some(flow)) = (scroller.get(), flow.get()) {
            let followed = scroller.clone();
            browser::on_resize(&flow, move || reader.follow(&followed));
            let followed = scroller.clone();
            browser::on_resize(&scroller, move || reader.follow(&followed));
        }
    });
    // Another conversation and a message of one's own lead to the end, wherever one was.
    Effect::new(move |before: Option<(Place, Option<i64>)>| {
        let writing = chat.writing.get().filter(|writing| !writing.is_elsewhere);
        let now = (chat.place.get(), writing.map(|writing| writing.key));
        let leads_to_end = before.is_none_or(|before| before.0 != now.0 || (now.1.is_some() && before.1 != now.1));
        if let (true, Some(scroller)) = (leads_to_end, scroller.get_untracked()) {
            request_animation_frame(move || reader.to_end(&scroller));
        }
        now
    });
}

#[component]
fn Messages() -> impl IntoView {
    let (chat, shelf, address) = (expect_context::<Chat>(), expect_context::<Shelf>(), expect_context::<Address>());
    view! {
        {move || {
            chat.has_earlier
                .get()
                .then(|| {
                    let earlier = move |_| lazy::call(chat.notice, errands::load_earlier(chat));
                    view! {
                        <button type="button" class="quiet-button earlier" on:click=earlier>
                            "Show earlier messages"
                        </button>
                    }
                        .into_any()
                })
        }}
        <ol
            class="messages"
            class:busy=move || chat.writing.get().is_some()
            role="list"
            on:click=move |event| clicked(chat, shelf, address, &event)
            on:keydown=move |event| pressed(chat, event)
        >
            <For each=move || chat.rows.get() key=|row| row.key let:row>
                <MessageItem row/>
            </For>
        </ol>
        {move || {
            let line = chat.usage.with(total_line);
            (!line.is_empty())
                .then(|| view! { <p class="conversation-usage">"This conversation: " {line}</p> }.into_any())
        }}
    }
}

/// The nearest element around an event's target that fits.
fn around(event: &Event, selector: &str) -> Option<Element> {
    use leptos::wasm_bindgen::JsCast;
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok()?
}

/// The buttons at messages and at code blocks are part of the messages' HTML: one listener serves them all.
fn clicked(chat: Chat, shelf: Shelf, address: Address, event: &Event) {
    if let Some(button) = around(event, "[data-deed]") {
        lazy::call(chat.notice, tree::press(chat, shelf, address, button));
        return;
    }
    let button = around(event, "button.copy-code");
    let code = button.as_ref().and_then(|button| button.closest("figure").ok().flatten());
    let code = code.and_then(|figure| figure.query_selector("pre code").ok().flatten());
    if let (Some(button), Some(code)) = (button, code.and_then(|code| code.text_content())) {
        lazy::call(chat.notice, errands::copy_code(code, button));
    }
}

/// The keys of what has been opened at a message, whose code has come with it.
fn pressed(chat: Chat, event: KeyboardEvent) {
    if let Some(opened) = around(&event, ".editor, .tools-question") {
        lazy::call(chat.notice, tree::press_key(event, opened));
    }
}

/// The shape of a conversation while it is fetched; the style sheet shows it only after a moment.
#[component]
fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="visually-hidden">"Loading the conversation"</span>
            <i class="bone short"></i>
            <i class="bone"></i>
            <i class="bone"></i>
            <i class="bone half"></i>
        </div>
    }
}
