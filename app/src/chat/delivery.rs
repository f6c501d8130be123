//! Keeps questions that cannot be sent, and sends them when Lia can be reached again. What is decided about them is in
//! `waiting`; how they look is in `parts::waiting`. The code comes while the page rests, because it cannot be fetched when it
//! is needed. Runs in effects and handlers only, which means in the browser.

use super::{
    Asking, Chat, Place, Shelf, actions, drafts, live,
    outbox::before,
    place::path_of,
    waiting::{Queue, Verdict, Waiting, verdict},
    waking,
};
use crate::{
    AppError,
    address::Address,
    browser::{self, Keep},
    lazy::{self, Missing},
    parts::{desk::Desk, sidebar::focus_composer, waiting as list},
    server_fns::start_run,
};
use leptos::{ev, prelude::*, task::spawn_local, web_sys::HtmlFormElement};
use std::{cell::RefCell, rc::Rc, time::Duration};
use types::{ApiError, ErrorCode, NewRun, StartedRun, UserId};
use uuid::Uuid;
use wasm_split_helpers::wasm_split;

/// When a page that has come to life fetches this code, unless something waits already.
const CALM: Duration = Duration::from_secs(2);
/// Says so, per user, where something waits; other tabs hear of it when it changes.
const HINT: &str = "lia.waiting.";

/// What is touched when a question is sent. It is handed on by value and large, so it stays where it is.
#[derive(Clone, Copy)]
pub(crate) struct Post(StoredValue<Writer>);

/// The page on which questions are written, and whose it is.
#[derive(Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) chat: Chat,
    pub(crate) shelf: Shelf,
    pub(crate) user: UserId,
    pub(crate) address: Address,
    pub(crate) desk: Desk,
}

impl Post {
    pub(crate) fn new(writer: Writer) -> Self {
        Self(StoredValue::new(writer))
    }

    pub(crate) fn writer(self) -> Writer {
        self.0.get_value()
    }

    pub(crate) fn chat(self) -> Chat {
        self.writer().chat
    }

    fn user(self) -> UserId {
        self.writer().user
    }
}

/// What this page knows of the questions that wait.
#[derive(Default)]
pub(crate) struct Pending {
    /// The queue as it was last seen.
    pub(crate) queue: Queue,
    /// Whether the browser keeps nothing: then the queue above is all there is, for as long as the page.
    is_unkept: bool,
    is_listening: bool,
    /// Why the last one was not sent, where Lia could be asked.
    pub(crate) why: Option<String>,
    /// Whether nobody is signed in any more, or somebody else: nothing is sent until that has changed.
    is_signed_out: bool,
    /// Raised whenever sending begins anew; what was planned before is then not done.
    turn: u32,
}

/// Sees to what waits: when the page has come to rest, when another place is shown, when an answer has ended.
pub(crate) fn listen(post: Post) {
    Effect::new(move |before: Option<()>| {
        post.chat().place.track();
        post.chat().writing.track();
        let rests = before.is_none() && browser::stored(&hint(post.user())).is_none();
        set_timeout(move || lazy::try_call(look(post)), if rests { CALM } else { Duration::ZERO });
    });
}

/// Shows what waits here, and sends what can be sent.
#[wasm_split(waiting, fallible)]
fn look(post: Post) -> Result<(), Missing> {
    if hear(post) {
        spawn_local(async move {
            change(post, |_| {}).await;
            deliver(post);
        });
    } else {
        list::draw(post.chat());
        deliver(post);
    }
    waking::watch(post.chat());
    Ok(())
}

/// Keeps a question that could not be sent from a place.
#[wasm_split(waiting, fallible)]
pub(crate) fn keep(post: Post, request: NewRun, from: Place) -> Result<(), Missing> {
    hear(post);
    spawn_local(async move {
        let waiting = Waiting::new(request.clone(), browser::now_ms());
        let is_kept = change(post, move |queue| queue.add(waiting)).await;
        if is_kept == Some(true) {
            drafts::sent(post.chat(), post.user(), from);
            post.chat().announcement.set("Your message waits for a connection.".to_owned());
            list::show_last();
            deliver(post);
        } else {
            let text =
                "Lia could not be reached, and as many messages wait as this browser keeps. Yours is in the composer.";
            let message = request.message.clone();
            actions::unanswered(post.chat(), request);
            post.chat().refused(message, ApiError::new(ErrorCode::Unknown, text));
            drafts::sent(post.chat(), post.user(), from);
        }
    });
    Ok(())
}

/// Takes from this browser what a user wrote and was not sent, and then submits the form, in any case.
#[wasm_split(waiting, fallible)]
pub(crate) fn forget(user: UserId, then: HtmlFormElement) -> Result<(), Missing> {
    spawn_local(async move {
        if let Some(keep) = Keep::open().await {
            keep.change(&user.to_string(), Box::new(|_| None)).await;
        }
        browser::store(&hint(user), "");
        let _ = then.submit();
    });
    Ok(())
}

/// Takes from this browser what waits in conversations of a user who has deleted all of them, and says so, in any case.
#[wasm_split(waiting, fallible)]
pub(crate) fn forget_conversations(user: UserId, is_done: RwSignal<bool>) -> Result<(), Missing> {
    spawn_local(async move {
        if let Some(keep) = Keep::open().await {
            let change = |before: Option<&str>| {
                let mut queue = Queue::read(before);
                queue.forget_conversations();
                queue.written()
            };
            keep.change(&user.to_string(), Box::new(change)).await;
        }
        // Other tabs look what is left.
        if browser::stored(&hint(user)).is_some() {
            browser::store(&hint(user), &browser::now_ms().to_string());
        }
        is_done.set(true);
    });
    Ok(())
}

/// Does what a button at a waiting question says.
fn press(post: Post, deed: &str, id: Uuid) {
    let Writer { chat, user, .. } = post.writer();
    let is_edit = deed == "edit";
    let is_again = deed == "again";
    spawn_local(async move {
        if is_again {
            change(post, move |queue| queue.retry(id, browser::random_id())).await;
            deliver(post);
            return;
        }
        let taken = change(post, move |queue| queue.take(id, browser::now_ms())).await.flatten();
        if let (Some(taken), true) = (taken, is_edit) {
            let text = before(taken.request.message.clone(), &chat.draft.get_untracked());
            // Sent once more as it is, it is the same question.
            actions::unanswered(chat, taken.request);
            drafts::typed(chat, user, text);
        }
        focus_composer();
    });
}

/// Listens to what makes sending worth a try, once; `false` where that is done already.
fn hear(post: Post) -> bool {
    if update(post.chat(), |pending| std::mem::replace(&mut pending.is_listening, true)) {
        return false;
    }
    // The connection may be back; who was signed out may have signed in.
    let anew = move || {
        update(post.chat(), |pending| pending.is_signed_out = false);
        deliver(post);
    };
    window_event_listener(ev::online, move |_| anew());
    window_event_listener(ev::visibilitychange, move |_| {
        if browser::is_hidden() {
            // A page that is hidden may end without a word.
            drafts::flush(post.chat(), post.user());
        } else {
            anew();
        }
    });
    window_event_listener(ev::storage, move |event| {
        if event.key() == Some(hint(post.user())) {
            spawn_local(reread(post));
        }
    });
    window_event_listener(ev::click, move |event| {
        if let Some((deed, id)) = list::pressed(&event) {
            press(post, &deed, id);
        }
    });
    waking::listen(post.chat(), live::begin(post));
    for key in drafts::surplus(browser::stored_keys(&format!("{}{}.", drafts::DRAFTS, post.user()))) {
        browser::store(&key, "");
    }
    true
}

/// Another tab has changed what waits. What it has sent to the conversation on this page is shown by reading that again.
async fn reread(post: Post) {
    let seen = update(post.chat(), |pending| pending.queue.clone());
    change(post, |_| {}).await;
    let shown = post.chat().place.get_untracked().conversation();
    let is_sent = post.chat().unseen.with_value(|unseen| seen.has_more_at(shown, &unseen.pending.queue));
    if let (true, Some(conversation)) = (is_sent, shown) {
        actions::refresh(post.chat(), post.chat().visit(), conversation).await;
    }
    deliver(post);
}

/// Changes what waits, while no other tab can, and shows it. Nothing where the browser did not keep the change.
async fn change<T: 'static>(post: Post, work: impl FnOnce(&mut Queue) -> T + 'static) -> Option<T> {
    let is_unkept = update(post.chat(), |pending| pending.is_unkept);
    let keep = if is_unkept { None } else { Keep::open().await };
    let changed = if let Some(keep) = keep {
        let made = Rc::new(RefCell::new(None));
        let making = made.clone();
        let change = move |before: Option<&str>| {
            let mut queue = Queue::read(before);
            let result = work(&mut queue);
            let after = queue.written();
            *making.borrow_mut() = Some((queue, result));
            after
        };
        keep.change(&post.user().to_string(), Box::new(change)).await?;
        made.take()
    } else {
        let mut queue = update(post.chat(), |pending| {
            pending.is_unkept = true;
            pending.queue.clone()
        });
        let result = work(&mut queue);
        Some((queue, result))
    };
    let (queue, result) = changed?;
    tell(post, queue);
    Some(result)
}

/// Shows the queue, here and in other tabs.
fn tell(post: Post, queue: Queue) {
    let (is_empty, is_unkept) = (queue.is_empty(), update(post.chat(), |pending| pending.is_unkept));
    let is_news = update(post.chat(), |pending| std::mem::replace(&mut pending.queue, queue) != pending.queue);
    let is_hinted = browser::stored(&hint(post.user())).is_some();
    if !is_unkept && (is_news || is_hinted == is_empty) {
        let moment = if is_empty { String::new() } else { browser::now_ms().to_string() };
        browser::store(&hint(post.user()), &moment);
    }
    list::draw(post.chat());
}

/// Begins to send what waits, from now on and for as long as something is to be sent.
fn deliver(post: Post) {
    let turn = update(post.chat(), |pending| {
        pending.turn += 1;
        pending.turn
    });
    spawn_local(attempt(post, turn, 0));
}

fn is_due(post: Post, turn: u32) -> bool {
    post.chat().unseen.with_value(|unseen| {
        let pending = &unseen.pending;
        pending.turn == turn && pending.queue.is_live() && !pending.is_signed_out
    })
}

/// Sends one question after the other; plans another attempt where that does not go on.
async fn attempt(post: Post, turn: u32, failures: u32) {
    let mut resting = Vec::new();
    if !is_due(post, turn) || browser::fetched("/health/live").await.is_none() {
        return plan(post, turn, failures);
    }
    loop {
        let mut held = resting.clone();
        if post.chat().writing.get_untracked().is_some() {
            held.push(post.chat().place.get_untracked().conversation());
        }
        if !is_due(post, turn) {
            return;
        }
        let next = change(post, move |queue| queue.claim(browser::now_ms(), &held)).await.flatten();
        let Some((request, id)) = next.and_then(|request| request.client_message_id.map(|id| (request, id))) else {
            return plan(post, turn, failures);
        };
        let _asking = Asking::new(post.chat());
        match start_run(request.clone(), Some(post.user())).await {
            Ok(started) => {
                update(post.chat(), |pending| pending.why = None);
                change(post, move |queue| queue.sent(id, started.conversation_id)).await;
                arrived(post, &request, &started).await;
            }
            Err(error) => {
                let is_asked = !error.is_unreachable();
                let AppError(error) = error;
                let verdict = verdict(&error);
                update(post.chat(), |pending| pending.why = is_asked.then(|| error.message.clone()));
                if verdict == Verdict::Refused {
                    refused(post, &request, id, error).await;
                    continue;
                }
                if verdict == Verdict::SignedOut {
                    update(post.chat(), |pending| pending.is_signed_out = true);
                    post.chat().notice.set(Some(error));
                }
                change(post, move |queue| queue.release(id)).await;
                if verdict != Verdict::AfterAnswer {
                    return plan(post, turn, failures);
                }
                resting.push(request.conversation_id);
            }
        }
    }
}

/// The server does not take a question: it says so where it stands, and here, where it stands elsewhere.
async fn refused(post: Post, request: &NewRun, id: Uuid, error: ApiError) {
    let is_here = post.chat().place.get_untracked().conversation() == request.conversation_id;
    if !is_here || error.code == ErrorCode::ConversationNotFound {
        let text = "A message that waited was not sent. It is kept, and says why, where it was written; \
                    where its conversation was deleted, under “New chat”.";
        post.chat().notice.set(Some(ApiError::new(error.code, text)));
    }
    change(post, move |queue| queue.refuse(id, &error)).await;
}

/// Tries again after a while. What rests or is another tab's is looked after, too: that tab may be closed.
fn plan(post: Post, turn: u32, failures: u32) {
    if is_due(post, turn) {
        set_timeout(move || spawn_local(attempt(post, turn, failures + 1)), actions::backoff(failures));
    }
}

/// The server has saved a question that waited and has it answered. Where its place is on the page, it goes on there.
async fn arrived(post: Post, request: &NewRun, started: &StartedRun) {
    let Writer { chat, shelf, user, address, .. } = post.writer();
    let from = chat.place.get_untracked();
    shelf.touch(started.conversation_id, started.title.clone());
    if chat.loading.get_untracked() || chat.problem.with_untracked(Option::is_some) {
        return;
    }
    // An earlier try may have arrived, of which the page has heard before this one was answered.
    let is_shown = chat.row(started.user_message_id).is_some();
    if from.conversation() == request.conversation_id && chat.writing.get_untracked().is_none() && !is_shown {
        chat.begin(&request.message);
        chat.started(started);
        drafts::sent(chat, user, from);
        address.go(&path_of(started.conversation_id), true);
        actions::follow(chat);
        list::draw(chat);
    } else if from.conversation() == Some(started.conversation_id) {
        actions::refresh(chat, chat.visit(), started.conversation_id).await;
    }
}

fn update<T>(chat: Chat, work: impl FnOnce(&mut Pending) -> T) -> T {
    work(&mut chat.unseen.write_value().pending)
}

fn hint(user: UserId) -> String {
    format!("{HINT}{user}")
}
