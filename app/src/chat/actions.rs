//! Asks the server for what the page is about, answers and conversations, and tells the store what came. Runs in effects and handlers only, which means in the browser.

use super::{
    Asking, Chat, Place, Post, Row,
    delivery::{self, Writer},
    drafts,
    figures::{seconds_until, wait},
    place::path_of,
};
use crate::{
    AppError,
    browser::{self, Line},
    server_fns::{start_run, stop_run, view_conversation, view_message},
};
use leptos::{prelude::*, task::spawn_local};
use std::{cell::Cell, rc::Rc, time::Duration};
use types::{ApiError, ConversationId, ErrorCode, MessageId, NewRun, RunEvent, RunId};

/// Goes to a place and fetches what it shows.
pub(crate) fn open(chat: Chat, place: Place) {
    browser::close_line();
    chat.leave_for(place);
    let visit = chat.visit();
    match place {
        Place::New => {}
        Place::Nowhere => chat.fail(ApiError::new(ErrorCode::ConversationNotFound, "There is no such conversation.")),
        Place::Conversation(id) => spawn_local(async move {
            let answer = view_conversation(id, 0).await;
            if chat.is_visit(visit) {
                match answer {
                    Ok(view) => {
                        chat.show(view);
                        follow(chat);
                        wait_on(chat, &chat.rows.get_untracked());
                    }
                    Err(AppError(error)) => chat.fail(error),
                }
            }
        }),
    }
}

/// Sends a message from the place that is shown. The composer's text is kept until the server has saved the message or
/// refused it, or the browser keeps it for later: a page that dies on the way loses nothing.
pub(crate) fn send(post: Post, text: String) {
    let Writer { chat, shelf, user, address, .. } = post.writer();
    let visit = chat.visit();
    let from = chat.place.get_untracked();
    let conversation = from.conversation();
    let choice = chat.model.get_untracked();
    let request = chat.unseen.with_value(|unseen| {
        unseen.outbox.request(text.clone(), conversation, choice, unseen.method, browser::random_id())
    });
    let is_held_back = chat.unseen.with_value(|unseen| unseen.pending.queue.holds_back(conversation));
    if is_held_back || !browser::is_online() {
        return keep(post, request, from);
    }
    chat.begin(&text);
    spawn_local(async move {
        match start_run(request.clone(), Some(user)).await {
            Ok(started) => {
                chat.unseen.update_value(|unseen| unseen.outbox.answered());
                shelf.touch(started.conversation_id, started.title.clone());
                let is_here = chat.is_visit(visit);
                let stop_at_once = is_here && chat.started(&started);
                drafts::sent(chat, user, from);
                if is_here {
                    address.go(&path_of(started.conversation_id), true);
                    follow(chat);
                    if stop_at_once {
                        stop(chat);
                    }
                }
            }
            Err(error) if error.is_unreachable() => {
                if chat.is_visit(visit) {
                    chat.take_back();
                }
                keep(post, request, from);
            }
            Err(AppError(error)) => {
                if chat.is_visit(visit) {
                    chat.refused(text, error);
                    drafts::sent(chat, user, from);
                }
            }
        }
    });
}

/// Has the browser keep a message until Lia can be reached. Where the code for that has not come either, its words go back
/// into the composer.
fn keep(post: Post, request: NewRun, from: Place) {
    let Writer { chat, user, .. } = post.writer();
    let visit = chat.visit();
    spawn_local(async move {
        if delivery::keep(post, request.clone(), from).await.is_err() {
            let text = request.message.clone();
            unanswered(chat, request);
            if chat.is_visit(visit) {
                let error = "Lia could not be reached. Check the connection and try again.";
                chat.refused(text, ApiError::new(ErrorCode::Unknown, error));
                drafts::sent(chat, user, from);
            }
        }
    });
}

/// Nobody knows whether this request arrived: the same words sent again are the same message.
pub(crate) fn unanswered(chat: Chat, request: NewRun) {
    chat.unseen.update_value(|unseen| unseen.outbox.unanswered(request));
}

/// Shows a conversation that is on the page as it is now, and follows the answer that is being written in it.
pub(crate) async fn refresh(chat: Chat, visit: u32, conversation: ConversationId) {
    if let Err(error) = try_refresh(chat, visit, conversation, false).await
        && chat.is_visit(visit)
    {
        chat.notice.set(Some(error));
    }
}

/// The same, where nobody has asked for it: that it could not be read is for the caller.
pub(crate) async fn try_refresh(
    chat: Chat,
    visit: u32,
    conversation: ConversationId,
    is_elsewhere: bool,
) -> Result<(), ApiError> {
    let _asking = Asking::new(chat);
    let view = view_conversation(conversation, 0).await.map_err(|AppError(error)| error)?;
    if chat.is_visit(visit) {
        let known: Vec<_> = chat.rows.get_untracked().iter().map(|row| row.key).collect();
        chat.refresh(view, is_elsewhere);
        follow(chat);
        let mut rows = chat.rows.get_untracked();
        rows.retain(|row| !known.contains(&row.key));
        wait_on(chat, &rows);
    }
    Ok(())
}

/// Ends the answer being written. One that has no name yet is ended as soon as it has one.
pub(crate) fn stop(chat: Chat) {
    let Some(mut writing) = chat.writing.get_untracked() else { return };
    writing.stopping = true;
    chat.writing.set(Some(writing));
    let Some(run) = writing.run else { return };
    spawn_local(async move {
        if let Err(AppError(error)) = stop_run(run).await {
            chat.notice.set(Some(error));
            chat.writing.update(|writing| {
                if let Some(writing) = writing.as_mut().filter(|writing| writing.run == Some(run)) {
                    writing.stopping = false;
                }
            });
        }
    });
}

/// Follows the answer being written, if one is.
pub(crate) fn follow(chat: Chat) {
    if let Some(run) = chat.writing.get_untracked().and_then(|writing| writing.run) {
        connect(chat, chat.visit(), run, 0);
    }
}

fn connect(chat: Chat, visit: u32, run: RunId, failures: u32) {
    let url = format!("/api/v1/chat/runs/{run}/events?after={}", chat.last_event());
    let failures = Cell::new(failures);
    let frame_asked = Rc::new(Cell::new(false));
    browser::open_line(&url, move |line| match line {
        Line::Open => chat.reconnecting.set(false),
        Line::Broken => chat.reconnecting.set(true),
        Line::Event(id, event) => {
            failures.set(0);
            let ended = chat.hear(id, &event);
            if event.is_last() {
                browser::close_line();
                if let Some(message) = ended {
                    if let (Some(row), RunEvent::Error(error)) = (chat.row(message), event) {
                        count_down(chat, row, error.retry_after_ms);
                    }
                    fetch_finished(chat, visit, message, 0);
                }
            } else if !frame_asked.replace(true) {
                // A fast model sends more often than the screen can show: one change a frame.
                let frame_asked = frame_asked.clone();
                request_animation_frame(move || {
                    frame_asked.set(false);
                    chat.publish();
                });
            }
        }
        Line::Closed => {
            browser::close_line();
            chat.reconnecting.set(true);
            let failures = failures.get();
            set_timeout(move || resume(chat, visit, run, failures), backoff(failures));
        }
    });
}

/// Goes on counting down on failed answers, whose providers asked for a wait before they came onto the page.
pub(crate) fn wait_on(chat: Chat, rows: &[Row]) {
    for row in rows {
        let wait = row.outcome.with_untracked(|outcome| outcome.model.as_ref()?.error.as_ref()?.retry_after_ms);
        count_down(chat, row.clone(), wait);
    }
}

/// Counts down on a failed answer until its provider wants to be asked again, for as long as the page shows it.
fn count_down(chat: Chat, row: Row, wait: Option<u64>) {
    if let Some(wait) = wait {
        // A day at most: what a provider asks for is bounded where it is read.
        let milliseconds = f64::from(u32::try_from(wait).unwrap_or(u32::MAX));
        tick(chat, chat.visit(), row, browser::now_ms() + milliseconds);
    }
}

fn tick(chat: Chat, visit: u32, row: Row, moment: f64) {
    if !chat.is_visit(visit) {
        return;
    }
    let left = seconds_until(moment, browser::now_ms());
    row.wait.set(wait(left));
    if left > 0 {
        // Asked anew each time: a page in the background is told the time late.
        set_timeout(move || tick(chat, visit, row, moment), Duration::from_millis(250));
    }
}

/// After a line that was closed: the answer may have ended, or the server was away. The message itself tells.
fn resume(chat: Chat, visit: u32, run: RunId, failures: u32) {
    let (true, Some(message)) = (chat.is_visit(visit), chat.written_message()) else { return };
    spawn_local(async move {
        let answer = view_message(message).await;
        if !chat.is_visit(visit) {
            return;
        }
        match answer {
            Ok(view) => {
                if !chat.settle(view) {
                    connect(chat, visit, run, failures + 1);
                }
            }
            Err(AppError(error)) if is_final(&error) => chat.fail(error),
            Err(_) => set_timeout(move || resume(chat, visit, run, failures + 1), backoff(failures + 1)),
        }
    });
}

/// Fetches the finished message and puts it in the place of what was streamed. Until it has come, that stays.
fn fetch_finished(chat: Chat, visit: u32, message: MessageId, failures: u32) {
    spawn_local(async move {
        let answer = view_message(message).await;
        if !chat.is_visit(visit) {
            return;
        }
        match answer {
            Ok(view) => {
                if chat.settle(view) {
                    announce(chat, message);
                    return;
                }
            }
            Err(AppError(error)) if is_final(&error) => return,
            Err(_) => {}
        }
        if failures < 8 {
            set_timeout(move || fetch_finished(chat, visit, message, failures + 1), backoff(failures));
        }
    });
}

/// Reads a finished answer to those who do not see it: once, and not token by token.
fn announce(chat: Chat, message: MessageId) {
    request_animation_frame(move || {
        let text = document().get_element_by_id(&format!("answer-{message}")).and_then(|answer| answer.text_content());
        chat.announcement.set(format!("Lia: {}", text.unwrap_or_default()));
    });
}

/// Whether asking again can only bring the same answer.
fn is_final(error: &ApiError) -> bool {
    (400..500).contains(&error.code.status()) && error.code != ErrorCode::RateLimited
}

/// Waits longer after each failure: from half a second to fifteen.
pub(crate) fn backoff(failures: u32) -> Duration {
    Duration::from_millis((500 << failures.min(5)).min(15_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_growing() {
        let waits: Vec<_> = (0..8).map(|failures| backoff(failures).as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    }

    #[test]
    fn only_answers_that_stay_the_same_end_the_following() {
        assert!(is_final(&ApiError::new(ErrorCode::MessageNotFound, "")));
        assert!(is_final(&ApiError::new(ErrorCode::NotSignedIn, "")));
        assert!(!is_final(&ApiError::new(ErrorCode::RateLimited, "")));
        assert!(!is_final(&ApiError::new(ErrorCode::DatabaseUnavailable, "")));
        assert!(!is_final(&ApiError::new(ErrorCode::Unknown, "")));
    }
}
