//! Where a message is written: the text, the model that will answer, Send and Stop.

use super::{
    draft::{self, DraftSwitch},
    icon::{self, Icon},
    model_picker::ModelButton,
    model_settings::ModelSettings,
    problem::sign_in_path,
    sidebar::focus_composer,
};
use crate::{
    browser,
    chat::{
        Chat, Place, Post, actions,
        delivery::Writer,
        drafts, errands,
        outbox::{before, length_remark, may_send},
        place::path_of,
        tree::{self, Deed},
    },
    lazy,
};
use leptos::{ev, ev::KeyboardEvent, html, prelude::*};
use std::time::Duration;
use types::{ErrorCode, UserId};

/// The id of the text's element.
pub(crate) const FIELD: &str = "message";
/// A line that is mended within this time needs no word.
const LATE: Duration = Duration::from_secs(1);

/// Sends words from the composer, a starter, or a failed answer, and brings sent words back into the composer.
#[derive(Clone, Copy)]
pub(crate) struct Sender(Post);

impl Sender {
    /// A sender for the chat of this page, whose user's unsent texts are kept.
    pub(crate) fn new(post: Post) -> Self {
        Self(post)
    }

    /// Sends these words, unless an answer is being written.
    pub(crate) fn send(self, text: String) {
        if self.0.chat().writing.get_untracked().is_none() {
            actions::send(self.0, text);
        }
    }

    fn with_question(self, key: i64, then: impl Fn(String) + Send + Sync + 'static) {
        let chat = self.0.chat();
        lazy::call(chat.notice, errands::fetch_question(chat, key, Callback::new(then)));
    }

    /// Has the question of a failed answer answered once more.
    pub(crate) fn again(self, key: i64) {
        self.answer(Deed::Regenerate, key);
    }

    /// Goes on with an answer that was not written to its end.
    pub(crate) fn go_on(self, key: i64) {
        self.answer(Deed::Continue, key);
    }

    fn answer(self, deed: Deed, key: i64) {
        let Writer { chat, shelf, address, .. } = self.0.writer();
        if let Some(id) = chat.id_of(key) {
            lazy::call(chat.notice, tree::answer(chat, shelf, address, deed, id));
        }
    }

    /// Brings the question of an answer back into the composer.
    pub(crate) fn edit(self, key: i64) {
        let Writer { chat, user, .. } = self.0.writer();
        self.with_question(key, move |text| {
            drafts::typed(chat, user, before(text, &chat.draft.get_untracked()));
            focus_composer();
        });
    }

    /// Takes the question of an answer along into a new conversation, where it waits to be sent.
    pub(crate) fn begin_anew(self, key: i64) {
        let Writer { user, address, .. } = self.0.writer();
        self.with_question(key, move |text| {
            let draft = drafts::key(user, Place::New);
            let text = before(text, &browser::stored(&draft).unwrap_or_default());
            browser::store(&draft, &text);
            address.go("/", false);
            focus_composer();
        });
    }
}

/// The composer.
#[component]
pub(crate) fn Composer(user: UserId) -> impl IntoView {
    let (chat, sender) = (expect_context::<Chat>(), expect_context::<Sender>());
    let field = NodeRef::<html::Textarea>::new();
    keep_draft(chat, user, field);
    let is_writing = Memo::new(move |_| chat.writing.get().is_some());
    let is_sendable = Memo::new(move |_| chat.draft.with(|draft| may_send(draft)));
    let held_for = StoredValue::new(None::<Place>);
    let submit = move || {
        if chat.loading.get_untracked() {
            held_for.set_value(Some(chat.place.get_untracked()));
        } else if is_sendable.get_untracked() && !is_writing.get_untracked() {
            drafts::flush(chat, user);
            let text = chat.draft.get_untracked();
            chat.draft.set(String::new());
            sender.send(text);
        }
    };
    // Words that were sent to a conversation on its way go when it has come: it would come over them. By then the draft
    // is in its place, for `keep_draft` hears of the place first.
    Effect::new(move |_| {
        let is_loading = chat.loading.get();
        let is_held = held_for.get_value().is_some_and(|place| place == chat.place.get_untracked());
        if !is_loading || !is_held {
            held_for.set_value(None);
        }
        if !is_loading && is_held && chat.problem.with_untracked(Option::is_none) {
            submit();
        }
    });
    let on_key = move |event: KeyboardEvent| {
        // While an input method composes a word, Enter belongs to it. Safari says so only by the key code.
        let composing = event.is_composing() || event.key_code() == 229;
        if event.key() == "Enter" && !event.shift_key() && !composing {
            event.prevent_default();
            submit();
        }
    };
    let on_input = move |event| drafts::typed(chat, user, event_target_value(&event));
    view! {
        <div class="composer-area">
            <Remarks/>
            <div id=draft::AREA class="draft-reading" role="group" aria-label="How your draft reads"></div>
            <div class="composer" role="group" aria-label="Write a message">
                <label class="visually-hidden" for=FIELD>"Message"</label>
                <textarea
                    node_ref=field
                    id=FIELD
                    rows="1"
                    placeholder="Write to Lia"
                    enterkeyhint="send"
                    autocomplete="off"
                    aria-describedby="remarks"
                    on:keydown=on_key
                    on:input=on_input
                ></textarea>
                <div class="composer-bar">
                    <ModelButton/>
                    <ModelSettings is_small=true/>
                    <DraftSwitch/>
                    {move || {
                        if is_writing.get() {
                            view! { <StopButton/> }.into_any()
                        } else {
                            view! {
                                <button
                                    type="button"
                                    class="send"
                                    title="Send"
                                    aria-label="Send"
                                    disabled=move || !is_sendable.get()
                                    on:click=move |_| {
                                        submit();
                                        focus_composer();
                                    }
                                >
                                    <Icon path=icon::SEND/>
                                </button>
                            }
                                .into_any()
                        }
                    }}
                </div>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn StopButton() -> impl IntoView {
    let chat = expect_context::<Chat>();
    let is_stopping = move || chat.writing.get().is_some_and(|writing| writing.stopping);
    view! {
        <button
            type="button"
            class="send stop"
            title="Stop"
            aria-label="Stop"
            disabled=is_stopping
            on:click=move |_| {
                actions::stop(chat);
                focus_composer();
            }
        >
            <Icon path=icon::STOP/>
        </button>
    }
}

/// What there is to say about sending: it did not work, there is no network, the line is being mended, the text is too
/// long.
#[component]
fn Remarks() -> impl IntoView {
    let chat = expect_context::<Chat>();
    let trouble = late_trouble(chat);
    let notice = move || {
        chat.notice.get().map(|error| {
            let sign_in = (error.code == ErrorCode::NotSignedIn).then(|| {
                let place = chat.place.get_untracked().conversation().map_or_else(|| "/".to_owned(), path_of);
                view! { " " <a href=sign_in_path(&place) rel="external">"Sign in"</a> }
            });
            view! {
                <div class="notice" role="alert">
                    <p>{error.message} {sign_in}</p>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label="Dismiss"
                        on:click=move |_| chat.notice.set(None)
                    >
                        <Icon path=icon::CLOSE/>
                    </button>
                </div>
            }
        })
    };
    let remark = move || {
        if let Some(trouble) = trouble() {
            return Some(("remark", trouble.to_owned()));
        }
        let (too_long, text) = chat.draft.with(|draft| length_remark(draft))?;
        Some((if too_long { "remark failure" } else { "remark" }, text))
    };
    view! {
        {notice}
        <div id="remarks" role="status">
            {move || remark().map(|(class, text)| view! { <p class=class>{text}</p> })}
        </div>
    }
    .into_any()
}

/// What is wrong with the connection, once it has been wrong for a while.
fn late_trouble(chat: Chat) -> impl Fn() -> Option<&'static str> + Copy {
    let is_online = RwSignal::new(true);
    Effect::new(move |_| {
        is_online.set(browser::is_online());
        window_event_listener(ev::online, move |_| is_online.set(true));
        window_event_listener(ev::offline, move |_| is_online.set(false));
    });
    let has_trouble = Memo::new(move |_| !is_online.get() || chat.reconnecting.get());
    let is_late = RwSignal::new(false);
    let turn = StoredValue::new(0_u32);
    Effect::new(move |_| {
        turn.update_value(|turn| *turn += 1);
        let mine = turn.get_value();
        is_late.set(false);
        if has_trouble.get() {
            // A trouble that has ended meanwhile is not late.
            set_timeout(move || is_late.set(turn.get_value() == mine), LATE);
        }
    });
    move || match (is_late.get(), is_online.get()) {
        (false, _) => None,
        (true, false) => Some("You are offline. What you send waits here."),
        (true, true) => Some("Reconnecting…"),
    }
}

/// Keeps the text in the composer through reloads, for each place its own, and the element in step with it.
fn keep_draft(chat: Chat, user: UserId, field: NodeRef<html::Textarea>) {
    Effect::new(move |before: Option<u32>| {
        let place = chat.place.get();
        let visit = chat.visit();
        // A conversation that has just got its address is still the same place.
        if before != Some(visit) {
            drafts::flush(chat, user);
            let typed = field.get_untracked().map(|field| field.value()).filter(|_| before.is_none());
            let kept = || browser::stored(&drafts::key(user, place)).unwrap_or_default();
            // What was typed before WASM had loaded is newer than anything kept.
            chat.draft.set(typed.filter(|typed| !typed.is_empty()).unwrap_or_else(kept));
        }
        visit
    });
    Effect::new(move |_| {
        window_event_listener(ev::pagehide, move |_| drafts::flush(chat, user));
    });
    Effect::new(move |_| {
        let Some(field) = field.get() else { return };
        chat.draft.with(|draft| {
            if field.value() != *draft {
                field.set_value(draft);
            }
        });
        browser::fit_height(&field);
    });
}
