//! Notices that the page was away, asleep, frozen, without a network, and has the answer being written go on: a line that
//! was cut in the meantime may look whole. Comes with `delivery`, in the same file of code.

use super::{Chat, actions, live::Live};
use crate::browser;
use leptos::{ev, prelude::*};
use std::time::Duration;
use types::StreamId;

/// How often a page that shows a growing answer looks at the clock.
const TICK: Duration = Duration::from_secs(5);
/// A clock that has gone this much further, in milliseconds, since the last look was not looked at: the machine slept.
const GAP_MS: f64 = 15_000.0;
/// A line on which nothing has come for so long, in milliseconds, is opened anew. Twice the server's heartbeats, of which
/// the page is not told.
const SILENCE_MS: f64 = 30_000.0;

/// What was seen at the last look at the line.
#[derive(Clone, Copy)]
struct Look {
    at: f64,
    last: StreamId,
    /// Since when that is the last event.
    since: f64,
}

/// Opens the line anew whenever the page comes back from somewhere, and has the other one asked whether it is whole.
pub(crate) fn listen(chat: Chat, live: Live) {
    let wake = move || {
        actions::follow(chat);
        live.wake();
    };
    window_event_listener(ev::online, move |_| actions::follow(chat));
    let hidden_at = StoredValue::new(0.0);
    window_event_listener(ev::visibilitychange, move |_| {
        if browser::is_hidden() {
            hidden_at.set_value(browser::now_ms());
        } else if browser::now_ms() - hidden_at.get_value() > GAP_MS {
            wake();
        } else {
            // Somebody may have signed in again in another tab.
            live.wake();
        }
    });
    // The browser goes on with a page that it had frozen.
    browser::on_event(&document(), "resume", wake);
}

/// Looks after the line for as long as an answer is being written.
pub(crate) fn watch(chat: Chat) {
    let is_new = chat.unseen.with_value(|unseen| !unseen.is_watched) && chat.writing.get_untracked().is_some();
    if is_new {
        chat.unseen.update_value(|unseen| unseen.is_watched = true);
        let now = browser::now_ms();
        set_timeout(move || tick(chat, Look { at: now, last: chat.last_event(), since: now }), TICK);
    }
}

fn tick(chat: Chat, before: Look) {
    if chat.writing.get_untracked().is_none() {
        chat.unseen.update_value(|unseen| unseen.is_watched = false);
        return;
    }
    let (now, last) = (browser::now_ms(), chat.last_event());
    let mut look = Look { at: now, last, since: if last == before.last { before.since } else { now } };
    // Nobody sees a hidden page, and its clocks are slow: it is looked after when it is shown.
    if !browser::is_hidden() && is_cut(before, look) {
        look.since = now;
        actions::follow(chat);
    }
    set_timeout(move || tick(chat, look), TICK);
}

fn is_cut(before: Look, now: Look) -> bool {
    now.at - before.at > GAP_MS || now.at - now.since > SILENCE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_for_cut_after_sleep_and_after_silence() {
        let look = |at: f64, since: f64| Look { at, last: StreamId(7), since };
        assert!(!is_cut(look(0.0, 0.0), look(5_000.0, 0.0)));
        assert!(!is_cut(look(25_000.0, 0.0), look(30_000.0, 0.0)));
        assert!(is_cut(look(30_000.0, 0.0), look(35_000.0, 0.0)), "silence");
        assert!(is_cut(look(0.0, 0.0), look(3_600_000.0, 3_600_000.0)), "sleep");
    }
}
