//! The line on which the page listens: when it is opened, whether it is whole, and when it is opened again.

use super::Live;
use crate::{
    browser::{self, Said},
    chat::actions,
};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;
use types::News;

const PATH: &str = "/api/v1/ws";
const SUBSCRIBE: &str = r#"{"type":"subscribe","channel":"events"}"#;
const PING: &str = r#"{"type":"ping"}"#;
/// How often a page that somebody sees asks whether the line is whole.
const BEAT: Duration = Duration::from_secs(30);
/// How long an answer to that may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LineState {
    /// It is opened after a while, or when there is a network.
    #[default]
    Closed,
    Opening,
    Open,
    /// It was asked whether it is whole, and has not answered yet.
    Asked,
    /// Nobody is signed in any more, or somebody else.
    SignedOut,
}

impl Live {
    /// Opens the line, in the place of one that may be cut. Without a network that is done when there is one.
    pub(super) fn connect(self) {
        let is_online = browser::is_online();
        let turn = self.update(|state| {
            state.line = if is_online { LineState::Opening } else { LineState::Closed };
            state.turn += 1;
            state.turn
        });
        browser::close_socket();
        if is_online {
            browser::open_socket(PATH, move |said| self.hear(turn, said));
        }
    }

    /// Somebody is here again, or the page is.
    pub(crate) fn wake(self) {
        match self.state.with_value(|state| state.line) {
            LineState::Open => self.ask(),
            LineState::Opening | LineState::Asked => {}
            LineState::Closed | LineState::SignedOut => self.connect(),
        }
    }

    /// Asks whether the line is whole: one that was cut in the meantime may look so.
    fn ask(self) {
        let turn = self.update(|state| {
            state.line = LineState::Asked;
            state.turn
        });
        browser::say(PING);
        let look = move || {
            if self.is_turn(turn) && self.state.with_value(|state| state.line) == LineState::Asked {
                self.connect();
            }
        };
        set_timeout(look, PATIENCE);
    }

    /// Asks now and then whether the line is whole, while somebody sees the page.
    pub(super) fn beat(self) {
        let next = move || {
            if !browser::is_hidden() && self.state.with_value(|state| state.line) == LineState::Open {
                self.ask();
            }
            self.beat();
        };
        set_timeout(next, BEAT);
    }

    /// Whether the line is still the one of that turn.
    pub(super) fn is_turn(self, turn: u32) -> bool {
        self.state.with_value(|state| state.turn == turn)
    }

    fn hear(self, turn: u32, said: Said) {
        match said {
            _ if !self.is_turn(turn) => {}
            Said::Message(text) => {
                self.update(|state| state.line = LineState::Open);
                match News::read(&text) {
                    Some(News::Ready) => browser::say(SUBSCRIBE),
                    Some(News::Pong) => self.update(|state| state.failures = 0),
                    Some(news) => self.take(news),
                    None => {}
                }
            }
            Said::Closed { is_signed_out: true } => self.sign_out(),
            Said::Closed { is_signed_out: false } => self.plan(turn),
        }
    }

    /// The sign-in has ended. What is done next on the page says so.
    pub(super) fn sign_out(self) {
        self.update(|state| {
            state.line = LineState::SignedOut;
            state.turn += 1;
            // It may be somebody else's.
            state.waiting.clear();
        });
        browser::close_socket();
    }

    /// Opens the line again after a while. Where it could not be opened at all, the list is read first: a socket that is
    /// refused does not say whether anybody is signed in, and what it would tell is then known all the same.
    fn plan(self, turn: u32) {
        let (is_refused, failures) = self.update(|state| {
            let is_refused = std::mem::replace(&mut state.line, LineState::Closed) == LineState::Opening;
            state.failures += 1;
            (is_refused, state.failures - 1)
        });
        let again = move || {
            if !self.is_turn(turn) {
                return;
            }
            spawn_local(async move {
                let is_away = is_refused && self.read_list().await.is_err();
                match (self.is_turn(turn), is_away) {
                    (true, true) => self.plan(turn),
                    (true, false) => self.connect(),
                    (false, _) => {}
                }
            });
        };
        set_timeout(again, pause(failures, browser::chance()));
    }
}

/// How long to wait before the line is opened again: longer after each failure, and not as long as the other tabs, which the
/// same end has closed at the same time. `chance` is from 0 to 1.
pub(super) fn pause(failures: u32, chance: f64) -> Duration {
    actions::backoff(failures).mul_f64(0.5 + chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_do_not_come_back_at_once() {
        assert_eq!(pause(0, 0.0), Duration::from_millis(250));
        assert_eq!(pause(0, 1.0), Duration::from_millis(750));
        assert_eq!(pause(40, 0.5), Duration::from_secs(15));
    }
}
