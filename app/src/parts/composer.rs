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
    address::Address,
    browser,
    chat::{
        Chat, Place, Shelf, actions, errands,
        outbox::{before, length_remark, may_send},
        place::path_of,
        tree::{self, Deed},
    },
    lazy,
};
use leptos::{ev, ev::KeyboardEvent, html, prelude::*};
use types::{ErrorCode, UserId};

/// The id of the text's element.
pub(crate) const FIELD: &str = "message";

/// Sends words from the composer, a starter, or a failed answer, and brings sent words back into the composer.
#[derive(Clone, Copy)]
pub(crate) struct Sender {
    chat: Chat,
    shelf: Shelf,
    user: UserId,
    address: Address,
    send: Callback<String>,
}

impl Sender {
    /// A sender for the chat of this page, whose user's unsent texts are kept.
    pub(crate) fn new(chat: Chat, shelf: Shelf, user: UserId) -> Self {
        let address = expect_context::<Address>();
        let send = Callback::new(move |text: String| {
            let from = chat.place.get_untracked();
            actions::send(chat, shelf, text, move |saved_in| {
                // The text was kept until now: a page that dies on the way loses nothing.
                browser::store(&actions::draft_key(user, from), "");
                let now = chat.place.get_untracked();
                browser::store(&actions::draft_key(user, now), &chat.draft.get_untracked());
                if let (Place::New, Some(id)) = (from, saved_in) {
                    address.go(&path_of(id), true);
                }
            });
        });
        Self { chat, shelf, user, address, send }
    }

    /// Sends these words, unless an answer is being written.
    pub(crate) fn send(self, text: String) {
        if self.chat.writing.get_untracked().is_none() {
            self.send.run(text);
        }
    }

    fn with_question(self, key: i64, then: impl Fn(String) + Send + Sync + 'static) {
        lazy::call(self.chat.notice, errands::fetch_question(self.chat, key, Callback::new(then)));
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
        let Self { chat, shelf, address, .. } = self;
        if let Some(id) = chat.id_of(key) {
            lazy::call(chat.notice, tree::answer(chat, shelf, address, deed, id));
        }
    }

    /// Brings the question of an answer back into the composer.
    pub(crate) fn edit(self, key: i64) {
        self.with_question(key, move |text| {
            let text = before(text, &self.chat.draft.get_untracked());
            browser::store(&actions::draft_key(self.user, self.chat.place.get_untracked()), &text);
            self.chat.draft.set(text);
            focus_composer();
        });
    }

    /// Takes the question of an answer along into a new conversation, where it waits to be sent.
    pub(crate) fn begin_anew(self, key: i64) {
        self.with_question(key, move |text| {
            let draft = actions::draft_key(self.user, Place::New);
            let text = before(text, &browser::stored(&draft).unwrap_or_default());
            browser::store(&draft, &text);
            self.address.go("/", false);
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
    let is_online = RwSignal::new(true);
    Effect::new(move |_| {
        is_online.set(browser::is_online());
        window_event_listener(ev::online, move |_| is_online.set(true));
        window_event_listener(ev::offline, move |_| is_online.set(false));
    });
    let is_writing = Memo::new(move |_| chat.writing.get().is_some());
    let is_sendable = Memo::new(move |_| is_online.get() && chat.draft.with(|draft| may_send(draft)));
    let held_for = StoredValue::new(None::<Place>);
    let submit = move || {
        if chat.loading.get_untracked() {
            held_for.set_value(Some(chat.place.get_untracked()));
        } else if is_sendable.get_untracked() && !is_writing.get_untracked() {
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
    let on_input = move |event| {
        let text = event_target_value(&event);
        browser::store(&actions::draft_key(user, chat.place.get_untracked()), &text);
        chat.draft.set(text);
    };
    view! {
        <div class="composer-area">
            <Remarks is_online/>
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
fn Remarks(is_online: RwSignal<bool>) -> impl IntoView {
    let chat = expect_context::<Chat>();
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
        if !is_online.get() {
            return Some(("remark", "You are offline. What you write is kept here.".to_owned()));
        }
        if chat.reconnecting.get() {
            return Some(("remark late", "Reconnecting…".to_owned()));
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

/// Keeps the text in the composer through reloads, for each place its own, and the element in step with it.
fn keep_draft(chat: Chat, user: UserId, field: NodeRef<html::Textarea>) {
    Effect::new(move |before: Option<u32>| {
        let place = chat.place.get();
        let visit = chat.visit();
        // A conversation that has just got its address is still the same place.
        if before != Some(visit) {
            let typed = field.get_untracked().map(|field| field.value()).filter(|_| before.is_none());
            let kept = || browser::stored(&actions::draft_key(user, place)).unwrap_or_default();
            // What was typed before WASM had loaded is newer than anything kept.
            chat.draft.set(typed.filter(|typed| !typed.is_empty()).unwrap_or_else(kept));
        }
        visit
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
