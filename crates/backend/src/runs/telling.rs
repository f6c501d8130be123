//! What is told of a run on this node, under one lease: by the task that writes it, or by the one that reads the log of a run
//! that another node writes. Everybody who follows the run here reads from this one copy, each at a place of their own.

use super::transcript::{NotHere, Transcript};
use crate::db::run_log::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A run as it is told here.
#[derive(Debug)]
pub(crate) struct Telling {
    /// The lease under which its places are places.
    pub(crate) lease_number: i64,
    source: Source,
    state: Mutex<State>,
    /// Changes whenever there may be something to read.
    changed: watch::Sender<()>,
    /// Cancelled when nothing more is told here.
    over: CancellationToken,
}

/// Where what is told comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The task that writes the run: nobody knows more.
    Writer,
    /// The log, which whoever comes from the writer's node is ahead of for a moment.
    Log,
}

#[derive(Debug)]
struct State {
    transcript: Transcript,
    /// Whether nothing more will be told here, and why.
    closed: Option<Closed>,
}

/// Why nothing more is told of a run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The last event has been told.
    Ended,
    /// Somebody else tells what comes, under this lease or a later one: the database knows.
    Left(i64),
    /// The conversation was deleted.
    Gone,
}

/// What there is for somebody at one place.
#[derive(Debug, PartialEq)]
pub(crate) enum Look {
    /// The next event, with what has joined it by now.
    Next(Entry),
    /// Nothing yet.
    Nothing,
    /// Nothing any more.
    Closed(Closed),
}

impl Telling {
    /// A telling under a lease that has told this much.
    pub(crate) fn new(lease_number: i64, source: Source, transcript: Transcript) -> Self {
        Self {
            lease_number,
            source,
            state: Mutex::new(State { transcript, closed: None }),
            changed: watch::Sender::new(()),
            over: CancellationToken::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `of` says of all that has been told.
    pub(crate) fn read<T>(&self, of: impl FnOnce(&Transcript) -> T) -> T {
        of(&self.state().transcript)
    }

    /// The place up to which it has been told.
    pub(crate) fn end(&self) -> u32 {
        self.read(Transcript::end)
    }

    /// Tells more.
    pub(crate) fn tell(&self, more: impl FnOnce(&mut Transcript)) {
        more(&mut self.state().transcript);
        self.changed.send_replace(());
    }

    /// Tells what is told last here. The first reason stays.
    pub(crate) fn close(&self, why: Closed, last: impl FnOnce(&mut Transcript)) {
        let mut state = self.state();
        last(&mut state.transcript);
        state.closed.get_or_insert(why);
        drop(state);
        self.over.cancel();
        self.changed.send_replace(());
    }

    /// Sends the followers to whoever tells what comes under this lease, or a later one.
    pub(crate) fn leave(&self, lease_number: i64) {
        self.close(Closed::Left(lease_number), |_| {});
    }

    /// Whether nothing more is told here.
    pub(crate) fn is_closed(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Waits until nothing more is told here.
    pub(crate) async fn over(&self) {
        self.over.cancelled().await;
    }

    /// A receiver of every change from now on. As long as there is one, the run is followed here.
    pub(crate) fn follow(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Whether the run is followed here.
    pub(crate) fn is_followed(&self) -> bool {
        self.changed.receiver_count() > 0
    }

    /// Waits until the run is followed here no more.
    pub(crate) async fn deserted(&self) {
        self.changed.closed().await;
    }

    /// What comes after a place; `None`: for somebody whose place is no more.
    pub(crate) fn look(&self, place: Option<u32>) -> Look {
        let State { transcript, closed } = &*self.state();
        let next = match place {
            Some(place) if self.source == Source::Log && closed.is_none() && place > transcript.end() => Ok(None),
            Some(place) => transcript.next(place),
            None => Err(NotHere),
        };
        match (next.unwrap_or_else(|NotHere| transcript.whole()), *closed) {
            (Some(entry), _) => Look::Next(entry),
            (None, None) => Look::Nothing,
            (None, Some(why)) => Look::Closed(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::RunEvent;

    fn chunk(content: &str) -> RunEvent {
        RunEvent::Chunk { content: content.to_owned() }
    }

    fn telling(source: Source) -> Telling {
        let telling = Telling::new(1, source, Transcript::default());
        telling.tell(|transcript| transcript.push(chunk("one ")));
        telling
    }

    #[test]
    fn everybody_reads_on_from_their_own_place() {
        let telling = telling(Source::Writer);
        assert_eq!(telling.look(Some(0)), Look::Next(Entry { n: 4, event: chunk("one ") }));
        assert_eq!(telling.look(Some(3)), Look::Next(Entry { n: 4, event: chunk(" ") }));
        assert_eq!(telling.look(Some(4)), Look::Nothing);
        telling.close(Closed::Ended, |transcript| transcript.push(chunk("two")));
        assert_eq!(telling.look(Some(0)), Look::Next(Entry { n: 7, event: chunk("one two") }));
        assert_eq!(telling.look(Some(7)), Look::Closed(Closed::Ended));
        telling.leave(2);
        assert_eq!(telling.look(Some(7)), Look::Closed(Closed::Ended), "the first reason stays");
    }

    #[test]
    fn a_place_that_is_no_more_is_given_the_whole() {
        let telling = telling(Source::Writer);
        let whole = RunEvent::Snapshot { content: "one ".into(), thought: String::new() };
        assert_eq!(telling.look(None), Look::Next(Entry { n: 4, event: whole.clone() }));
        assert_eq!(telling.look(Some(9)), Look::Next(Entry { n: 4, event: whole }), "it never was");
    }

    #[test]
    fn who_is_ahead_of_the_log_waits_for_it() {
        let telling = telling(Source::Log);
        assert_eq!(telling.look(Some(9)), Look::Nothing);
        telling.tell(|transcript| transcript.push(chunk("two three")));
        assert_eq!(telling.look(Some(9)), Look::Next(Entry { n: 13, event: chunk("hree") }));
        telling.close(Closed::Gone, |_| {});
        assert!(matches!(telling.look(Some(99)), Look::Next(Entry { n: 13, .. })), "it will never come");
    }
}
