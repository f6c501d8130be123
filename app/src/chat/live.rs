//! Listens to what happens elsewhere, in the user's other tabs and on their other devices, and shows it: in the list of
//! conversations, and in the one on the page. What is made of it is decided in `elsewhere` and `shelf`. Comes with `delivery`,
//! in the same file of code.

mod line;

use super::{Chat, Entry, Place, Post, actions, delivery::Writer, drafts, elsewhere::Elsewhere, outbox::before};
use crate::{
    AppError, browser,
    parts::{marks, message_tools},
    server_fns::renew_list,
};
use leptos::{ev, prelude::*, task::spawn_local};
use line::{LineState, pause};
use types::{ApiError, ConversationId, ErrorCode, Listing, News};

/// After as many failures as this one waits that cannot read the list.
const LATER: u32 = 3;

/// What listens.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    post: Post,
    state: StoredValue<State>,
}

#[derive(Default)]
struct State {
    elsewhere: Elsewhere,
    line: LineState,
    /// Raised whenever the line is opened anew; what was planned before is then not done.
    turn: u32,
    /// How often it has ended since it was last known to be whole.
    failures: u32,
    reading: Reading,
    /// Whether something may not have been told since the list was read last.
    is_behind: bool,
    /// What was heard meanwhile: the list that is being read may not know it yet.
    waiting: Vec<News>,
    /// What is yet to be done to the list, once nobody has it in hand.
    held: Vec<Change>,
}

/// Whether the list is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reading {
    #[default]
    No,
    Yes,
    /// And once more after that.
    Again,
}

/// A change of the list.
enum Change {
    News(News),
    List(Vec<Entry>, bool),
}

/// Begins to listen, for as long as the page lives.
pub(crate) fn begin(post: Post) -> Live {
    let live = Live { post, state: StoredValue::default() };
    live.watch_page();
    window_event_listener(ev::online, move |_| live.connect());
    // A page with an open line is not kept by the browser for going back to it.
    window_event_listener(ev::pagehide, |_| browser::close_socket());
    window_event_listener(ev::pageshow, move |event| {
        if event.persisted() {
            live.connect();
        }
    });
    live.connect();
    live.beat();
    live
}

impl Live {
    fn writer(self) -> Writer {
        self.post.writer()
    }

    fn chat(self) -> Chat {
        self.writer().chat
    }

    fn update<T>(self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.write_value())
    }

    fn open_conversation(self) -> Option<ConversationId> {
        self.chat().place.get_untracked().conversation()
    }

    /// Keeps in mind what the page shows, and shows what it does not.
    fn watch_page(self) {
        let Writer { chat, shelf, desk, .. } = self.writer();
        Effect::new(move |_| {
            let open = chat.place.get().conversation();
            self.update(|state| state.elsewhere.opened(open));
            self.draw();
        });
        Effect::new(move |_| {
            if let Some(run) = chat.writing.get().and_then(|writing| writing.run) {
                self.update(|state| state.elsewhere.shows(run));
            }
            chat.asking.track();
            chat.loading.track();
            self.catch_up_page();
        });
        Effect::new(move |_| {
            shelf.entries.track();
            desk.renaming.track();
            self.release();
            self.draw();
        });
        marks::on_put_down(move || self.release());
    }

    fn draw(self) {
        marks::draw(move |id| self.state.with_value(|state| state.elsewhere.mark(id)));
    }

    fn take(self, news: News) {
        if news == News::Resync {
            self.update(|state| {
                state.is_behind = true;
                state.elsewhere.hear(&news, None);
            });
            self.catch_up();
        } else if self.state.with_value(|state| state.is_behind || state.reading != Reading::No) {
            self.update(|state| state.waiting.push(news));
        } else {
            self.settle(news);
        }
    }

    /// Does what follows from something that has happened.
    fn settle(self, news: News) {
        let Writer { chat, .. } = self.writer();
        let open = self.open_conversation();
        self.update(|state| state.elsewhere.hear(&news, open));
        match &news {
            News::Renamed(entry) if open == Some(entry.id) => chat.title.set(entry.title.clone()),
            // The one who deletes it on this page leaves it by themselves.
            News::Deleted(id) if open == Some(*id) && chat.unseen.with_value(|unseen| unseen.deleting) != open => {
                self.leave("This conversation was deleted in another tab or on another device.");
            }
            News::Cleared if open.is_some() => {
                self.leave("All your conversations were deleted in another tab or on another device.");
            }
            _ => {}
        }
        self.change(Change::News(news));
        self.catch_up_page();
        self.draw();
    }

    /// Changes the list, unless a name in it is being changed or its menu is open: that is done afterwards.
    fn change(self, change: Change) {
        self.update(|state| state.held.push(change));
        self.release();
    }

    fn release(self) {
        let Writer { shelf, desk, .. } = self.writer();
        let is_held = self.state.with_value(|state| !state.held.is_empty());
        if !is_held || marks::is_in_hand(desk) {
            return;
        }
        let held = self.update(|state| std::mem::take(&mut state.held));
        let mut is_lacking = false;
        marks::steadily(|| {
            for change in held {
                match change {
                    Change::News(news) => is_lacking |= shelf.hear(news),
                    Change::List(entries, has_more) => shelf.renew(entries, has_more),
                }
            }
        });
        if is_lacking {
            self.catch_up();
        }
    }

    /// Leaves a conversation that is gone. What was typed in it is kept, for a new one.
    fn leave(self, why: &str) {
        let Writer { chat, user, address, .. } = self.writer();
        drafts::flush(chat, user);
        let typed = message_tools::all_edited();
        let typed = typed.into_iter().fold(chat.draft.get_untracked(), |typed, edited| before(edited, &typed));
        let (there, here) = (drafts::key(user, Place::New), drafts::key(user, chat.place.get_untracked()));
        let is_kept = if typed.trim().is_empty() { "" } else { " What you had typed is still here." };
        browser::store(&there, &before(typed, &browser::stored(&there).unwrap_or_default()));
        browser::store(&here, "");
        actions::open(chat, Place::New);
        address.go("/", true);
        let text = format!("{why}{is_kept}");
        chat.notice.set(Some(ApiError::new(ErrorCode::ConversationNotFound, text)));
    }

    fn catch_up(self) {
        spawn_local(async move {
            let turn = self.state.with_value(|state| state.turn);
            if self.read_list().await.is_err() {
                // The line itself may be whole, and the list still out of reach.
                let again = move || {
                    if self.is_turn(turn) {
                        self.catch_up();
                    }
                };
                set_timeout(again, pause(LATER, browser::chance()));
            }
        });
    }

    /// Reads the list again, unless nothing has changed since it was read. Whoever asks while it is being read has it read once
    /// more after that.
    async fn read_list(self) -> Result<(), ErrorCode> {
        let before = self.update(|state| {
            let next = if state.reading == Reading::No { Reading::Yes } else { Reading::Again };
            std::mem::replace(&mut state.reading, next)
        });
        if before != Reading::No {
            return Ok(());
        }
        let mut answer = self.read_list_once().await;
        while answer.is_ok()
            && self.update(|state| std::mem::replace(&mut state.reading, Reading::Yes)) == Reading::Again
        {
            answer = self.read_list_once().await;
        }
        self.update(|state| state.reading = Reading::No);
        match answer {
            Ok(()) => self.is_up_to_date(),
            Err(ErrorCode::NotSignedIn) => self.sign_out(),
            Err(_) => return answer,
        }
        Ok(())
    }

    async fn read_list_once(self) -> Result<(), ErrorCode> {
        let Writer { chat, shelf, user, .. } = self.writer();
        let known = chat.unseen.with_value(|unseen| unseen.list_version);
        let count = shelf.entries.with_untracked(|entries| i64::try_from(entries.len()).unwrap_or(i64::MAX));
        match renew_list(user, known, count).await {
            Ok(None) => Ok(()),
            Ok(Some(Listing { version, entries, has_more })) => {
                chat.unseen.update_value(|unseen| unseen.list_version = version);
                self.update(|state| state.elsewhere.doubt_page());
                self.change(Change::List(entries, has_more));
                Ok(())
            }
            Err(AppError(error)) => Err(error.code),
        }
    }

    /// The list is as it was when something may not have been told, or newer: what was told since comes on top of it.
    fn is_up_to_date(self) {
        let waiting = self.update(|state| {
            state.is_behind = false;
            std::mem::take(&mut state.waiting)
        });
        for news in waiting {
            self.settle(news);
        }
        let open = self.open_conversation();
        self.update(|state| state.elsewhere.settle(open));
        self.catch_up_page();
        self.draw();
    }

    /// Reads the conversation on the page again, where an answer has begun or ended in it of which the page does not know. Not
    /// while the page itself is busy with one.
    fn catch_up_page(self) {
        let chat = self.chat();
        let is_busy = chat.writing.get_untracked().is_some()
            || chat.asking.get_untracked() > 0
            || chat.loading.get_untracked()
            || chat.problem.with_untracked(Option::is_some);
        let Some(id) = self.open_conversation() else { return };
        if is_busy || !self.update(|state| state.elsewhere.is_behind()) {
            return;
        }
        spawn_local(async move {
            let visit = chat.visit();
            let answer = actions::try_refresh(chat, visit, id, true).await;
            let is_gone = answer.is_err_and(|error| error.code == ErrorCode::ConversationNotFound);
            if is_gone && chat.is_visit(visit) {
                self.leave("This conversation was deleted in another tab or on another device.");
            }
        });
    }
}
