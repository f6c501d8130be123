//! One feed for each user who listens at this node, and how many listen.

use crate::{Error, error::Result};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::broadcast;
use types::{ApiError, ErrorCode, UserEvent, UserId};

/// Events that wait for a slow listener. Who misses some reads the list again, which is no great loss.
const WAITING: usize = 32;
/// When somebody may try again for whom there was no room, in milliseconds.
const FULL_RETRY_MS: u64 = 5_000;

/// What a feed carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    /// Something has happened.
    Event(UserEvent),
    /// A sign-in of the user's may have ended.
    CheckSignIn,
}

/// How many may listen at one node: sockets and streams of events together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) per_user: usize,
    pub(crate) in_all: usize,
}

impl Default for Limits {
    /// More tabs than anybody keeps in view; and about half of the connections that there may be, so that those who
    /// listen leave room for those who ask.
    fn default() -> Self {
        Self { per_user: 20, in_all: 5_000 }
    }
}

/// The feeds of those who listen at this node.
#[derive(Debug, Default)]
pub(crate) struct Feeds {
    limits: Limits,
    feeds: Mutex<Joined>,
}

#[derive(Debug, Default)]
struct Joined {
    by_user: HashMap<UserId, Feed>,
    listeners: usize,
}

#[derive(Debug)]
struct Feed {
    sender: broadcast::Sender<Told>,
    listeners: usize,
}

/// A listener's place among those there may be. Gives it back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    feeds: Arc<Feeds>,
    user: UserId,
}

impl Feeds {
    fn joined(&self) -> MutexGuard<'_, Joined> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins a user's feed: a receiver of what is told from now on.
    pub(super) fn join(feeds: &Arc<Self>, user: UserId) -> Result<(broadcast::Receiver<Told>, Place)> {
        let mut joined = feeds.joined();
        if joined.listeners >= feeds.limits.in_all {
            let message = "As many listen to Lia as she has room for. Try again in a moment.";
            return Err(full(ErrorCode::Busy, message));
        }
        let feed = joined
            .by_user
            .entry(user)
            .or_insert_with(|| Feed { sender: broadcast::Sender::new(WAITING), listeners: 0 });
        if feed.listeners >= feeds.limits.per_user {
            let message = "As many of your sockets and streams of events are open as may be at once. Close one.";
            return Err(full(ErrorCode::TooManyStreams, message));
        }
        feed.listeners += 1;
        let receiver = feed.sender.subscribe();
        joined.listeners += 1;
        drop(joined);
        Ok((receiver, Place { feeds: Arc::clone(feeds), user }))
    }

    /// Tells the listeners of a user at this node.
    pub(super) fn tell(&self, user: UserId, told: Told) {
        if let Some(feed) = self.joined().by_user.get(&user) {
            // That nobody listens is fine.
            let _ = feed.sender.send(told);
        }
    }

    /// Tells everybody who listens at this node to read again: something may have been missed.
    pub(super) fn resync_all(&self) {
        for feed in self.joined().by_user.values() {
            for told in [Told::Event(UserEvent::Resync), Told::CheckSignIn] {
                let _ = feed.sender.send(told);
            }
        }
    }
}

fn full(code: ErrorCode, message: &str) -> Error {
    ApiError { retry_after_ms: Some(FULL_RETRY_MS), ..ApiError::new(code, message) }.into()
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut joined = self.feeds.joined();
        joined.listeners -= 1;
        if let Some(feed) = joined.by_user.get_mut(&self.user) {
            feed.listeners -= 1;
            if feed.listeners == 0 {
                joined.by_user.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::broadcast::error::TryRecvError;

    const ADA: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    fn feeds(per_user: usize, in_all: usize) -> Arc<Feeds> {
        Arc::new(Feeds { limits: Limits { per_user, in_all }, feeds: Mutex::default() })
    }

    fn refusal<T>(joined: Result<T>) -> ErrorCode {
        ApiError::from(joined.err().unwrap()).code
    }

    #[test]
    fn a_place_is_free_again_when_its_listener_is_gone() {
        let feeds = feeds(2, 3);
        let first = Feeds::join(&feeds, ADA).unwrap();
        let _second = Feeds::join(&feeds, ADA).unwrap();
        assert_eq!(refusal(Feeds::join(&feeds, ADA)), ErrorCode::TooManyStreams);
        let third = Feeds::join(&feeds, BOB).unwrap();
        assert_eq!(refusal(Feeds::join(&feeds, BOB)), ErrorCode::Busy);
        drop(first);
        assert!(Feeds::join(&feeds, ADA).is_ok());
        drop(third);
        assert_eq!(feeds.joined().by_user.keys().collect::<Vec<_>>(), [&ADA], "nobody's feed is kept");
        assert_eq!(feeds.joined().listeners, 1);
    }

    #[test]
    fn a_feed_is_one_users_and_holds_a_few_events() {
        let feeds = feeds(9, 9);
        let (mut ada, _place) = Feeds::join(&feeds, ADA).unwrap();
        let (mut bob, _other) = Feeds::join(&feeds, BOB).unwrap();
        feeds.tell(ADA, Told::Event(UserEvent::ConversationsCleared));
        assert_eq!(ada.try_recv(), Ok(Told::Event(UserEvent::ConversationsCleared)));
        assert_eq!(bob.try_recv(), Err(TryRecvError::Empty));
        for _ in 0..=WAITING {
            feeds.tell(ADA, Told::CheckSignIn);
        }
        assert!(matches!(ada.try_recv(), Err(TryRecvError::Lagged(_))));
        feeds.resync_all();
        assert_eq!(bob.try_recv(), Ok(Told::Event(UserEvent::Resync)));
    }
}
