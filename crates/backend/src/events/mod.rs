//! What happens to a user's conversations, told to their other tabs and devices while it happens.
//!
//! Nothing here is the truth: an event is told after the database has stored what it tells of, and whoever may have
//! missed one is told to read again ([`UserEvent::Resync`]). So a feed holds a few events and no more, however slowly
//! somebody listens.

mod elsewhere;
mod feeds;

pub(crate) use elsewhere::{Outbox, hear, missed_something, others_have_come, tell_others};
pub(crate) use feeds::Feeds;

use crate::{Actor, Backend, Error, db, error::Result, runs, sessions};
use feeds::{Place, Told};
use std::{collections::VecDeque, time::Duration};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};
use types::{SessionId, UserEvent, UserId};

/// How often it is looked whether the sign-in of a listener still holds, besides at the times when somebody tells: that
/// a sign-in has run out, or was ended by a command beside the program, is told by nobody.
const CHECK_EVERY: Duration = Duration::from_mins(1);

/// Tells a user's listeners, here and at the other nodes, what has happened. It must be stored by now.
pub(crate) fn publish(backend: &Backend, user: UserId, event: UserEvent) {
    tell(backend, user, Told::Event(event));
}

/// Has the listeners of a user look whether their sign-ins still hold, here and at the other nodes.
pub(crate) fn check_sign_ins(backend: &Backend, user: UserId) {
    tell(backend, user, Told::CheckSignIn);
}

fn tell(backend: &Backend, user: UserId, told: Told) {
    if backend.has_others() {
        backend.outbox.put(user, &told);
    }
    backend.feeds.tell(user, told);
}

/// Somebody who listens to what happens to their conversations, for as long as the sign-in holds.
pub struct Listener {
    backend: Backend,
    actor: Actor,
    feed: broadcast::Receiver<Told>,
    sign_outs: broadcast::Receiver<SessionId>,
    checks: Interval,
    /// What is told before the feed goes on.
    waiting: VecDeque<UserEvent>,
    /// Something was not told: first say so, and what is the case.
    is_behind: bool,
    /// It is to be looked whether the sign-in holds.
    is_unsure: bool,
    /// Given back when the listener goes.
    _place: Place,
}

/// Listens to everything that happens to the user's conversations from now on. Begins with [`UserEvent::Resync`].
pub async fn listen(backend: &Backend, actor: &Actor) -> Result<Listener> {
    let (feed, place) = Feeds::join(&backend.feeds, actor.id())?;
    let sign_outs = backend.runs.sign_outs();
    // Whoever signed out before this line is not heard by the next ones.
    sessions::still_holds(backend, actor).await?;
    let mut checks = interval_at(Instant::now() + CHECK_EVERY, CHECK_EVERY);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Ok(Listener {
        backend: backend.clone(),
        actor: actor.clone(),
        feed,
        sign_outs,
        checks,
        waiting: VecDeque::new(),
        is_behind: true,
        is_unsure: false,
        _place: place,
    })
}

impl Listener {
    /// Begins again: what was told before does not count.
    pub fn begin_again(&mut self) {
        self.is_behind = true;
    }

    /// What happens next; after each [`UserEvent::Resync`] first a `RunStarted` for every answer that is being written, since
    /// no list says that. `None`: the sign-in has ended, or the process goes down. Dropped before it is done, it loses
    /// nothing.
    pub async fn next(&mut self) -> Option<UserEvent> {
        loop {
            if self.is_unsure {
                if !self.still_holds().await {
                    return None;
                }
                self.is_unsure = false;
            }
            if self.is_behind {
                self.waiting = self.what_is_the_case().await;
                self.is_behind = false;
            }
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            tokio::select! {
                biased;
                () = runs::signed_out(&mut self.sign_outs, self.actor.session) => return None,
                told = self.feed.recv() => match told {
                    Ok(Told::Event(UserEvent::Resync)) => self.is_behind = true,
                    Ok(Told::Event(event)) => return Some(event),
                    Ok(Told::CheckSignIn) => self.is_unsure = true,
                    // Perhaps the sign-in was among what was missed.
                    Err(RecvError::Lagged(_)) => (self.is_behind, self.is_unsure) = (true, true),
                    Err(RecvError::Closed) => return None,
                },
                // After the feed: what was told last is still to be heard.
                () = self.backend.closed.cancelled() => return None,
                _ = self.checks.tick() => self.is_unsure = true,
            }
        }
    }

    /// That something was not told, and the answers that are being written.
    async fn what_is_the_case(&self) -> VecDeque<UserEvent> {
        let running = db::runs::list_running(&self.backend.db, self.actor.id()).await.unwrap_or_else(|error| {
            tracing::debug!(error = &error as &dyn std::error::Error, "a listener is told less than there is");
            Vec::new()
        });
        let started = running.into_iter().map(|run| UserEvent::RunStarted(run.into()));
        [UserEvent::Resync].into_iter().chain(started).collect()
    }

    /// Whether the sign-in holds. A database that cannot be asked is no reason to think otherwise.
    async fn still_holds(&self) -> bool {
        match sessions::still_holds(&self.backend, &self.actor).await {
            Ok(()) => true,
            Err(Error::Database(error)) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a sign-in could not be looked at");
                true
            }
            Err(_) => false,
        }
    }
}
