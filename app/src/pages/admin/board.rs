//! What the dashboard shows, and how it comes to show something else without being loaded again.

use super::filters::{PATH, address, asked};
use crate::{AppError, browser, server_fns::insights};
use leptos::{ev, prelude::*, task::spawn_local};
use types::{ApiError, InsightParameters, SentimentInsights};

/// The numbers on the page.
#[derive(Clone, Copy)]
pub(super) struct Board {
    /// What is shown.
    pub(super) shown: RwSignal<SentimentInsights>,
    /// Whether other numbers are on their way.
    pub(super) is_loading: RwSignal<bool>,
    /// Why what was asked for last is not shown, and what that was.
    pub(super) failure: RwSignal<Option<(ApiError, InsightParameters)>>,
    /// Whether the page has come to life.
    pub(super) is_alive: RwSignal<bool>,
    /// How often something was asked for. Only the last answer counts.
    turn: StoredValue<u32>,
}

impl Board {
    pub(super) fn new(insights: SentimentInsights) -> Self {
        Self {
            shown: RwSignal::new(insights),
            is_loading: RwSignal::new(false),
            failure: RwSignal::new(None),
            is_alive: RwSignal::new(false),
            turn: StoredValue::new(0),
        }
    }

    /// Follows the browser's history, and keeps the fields the ones of what is shown.
    pub(super) fn listen(self) {
        Effect::new(move |_| {
            self.is_alive.set(true);
            window_event_listener(ev::popstate, move |_| self.load(asked(), false));
        });
        Effect::new(move |before: Option<()>| {
            let parameters = self.shown.with(SentimentInsights::parameters);
            // At first they are as the server has filled them, or as somebody has changed them since.
            if before.is_some() {
                // By then the choices are on the page among which one is to be chosen.
                request_animation_frame(move || {
                    for (name, value) in parameters.fields() {
                        browser::set_field(name, value.unwrap_or_default());
                    }
                });
            }
        });
    }

    /// Shows other numbers. The old ones stay until they have come. With `is_step` it is a step in the browser's history.
    pub(super) fn load(self, wanted: InsightParameters, is_step: bool) {
        self.turn.update_value(|turn| *turn += 1);
        let turn = self.turn.get_value();
        self.is_loading.set(true);
        spawn_local(async move {
            let answer = insights(wanted.clone()).await;
            if self.turn.get_value() != turn {
                return;
            }
            self.is_loading.set(false);
            match answer {
                Ok(insights) => {
                    let (before, now) =
                        (self.shown.with_untracked(SentimentInsights::parameters), insights.parameters());
                    if is_step && before != now {
                        browser::set_path(&address(PATH, &now), false);
                    }
                    self.failure.set(None);
                    self.shown.set(insights);
                }
                Err(AppError(error)) => self.failure.set(Some((error, wanted))),
            }
        });
    }
}
