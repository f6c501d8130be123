//! How many answers may be written at once, by one user and by this process in all, and who waits until there is room. Knows
//! no run, only who has how many.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;
use types::UserId;

/// The answers that may be started here at once.
#[derive(Clone, Copy, Debug)]
pub struct RunLimits {
    /// Written for everybody together.
    pub in_all: usize,
    /// Written for one user. As many of theirs may wait.
    pub per_user: usize,
    /// Waiting until there is room, for everybody together.
    pub waiting: usize,
}

/// Why not even waiting is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    InAll,
    ForUser,
}

/// The room for answers.
#[derive(Debug)]
pub(crate) struct Slots {
    limits: RunLimits,
    state: Mutex<State>,
}

/// Whoever waits has no room: each time that some is given back, it is given to those who may have it.
#[derive(Debug, Default)]
struct State {
    taken: HashMap<UserId, usize>,
    in_all: usize,
    /// In the order in which they came.
    waiting: Vec<Waiting>,
    next: u64,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    user: UserId,
    turn: oneshot::Sender<()>,
}

/// Room for one answer, or a place in the queue for it, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    user: UserId,
    number: u64,
    turn: Option<oneshot::Receiver<()>>,
}

impl Slots {
    pub(crate) fn new(limits: RunLimits) -> Arc<Self> {
        Arc::new(Self { limits, state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes room for one more answer, or a place in the queue.
    pub(crate) fn take(self: &Arc<Self>, user: UserId) -> Result<Slot, Full> {
        let mut state = self.state();
        state.check(&self.limits, user)?;
        Ok(self.enter(&mut state, user))
    }

    /// The same for an answer that was begun elsewhere: it is not refused, however many there are.
    pub(crate) fn take_over(self: &Arc<Self>, user: UserId) -> Slot {
        self.enter(&mut self.state(), user)
    }

    fn enter(self: &Arc<Self>, state: &mut State, user: UserId) -> Slot {
        let (number, (sender, turn)) = (state.next, oneshot::channel());
        state.next += 1;
        state.waiting.push(Waiting { number, user, turn: sender });
        state.let_in(&self.limits);
        Slot { slots: Arc::clone(self), user, number, turn: Some(turn) }
    }
}

impl State {
    fn taken_by(&self, user: UserId) -> usize {
        self.taken.get(&user).copied().unwrap_or_default()
    }

    fn check(&self, limits: &RunLimits, user: UserId) -> Result<(), Full> {
        let is_full = self.in_all >= limits.in_all;
        if !is_full && self.taken_by(user) < limits.per_user {
            return Ok(());
        }
        let own = self.waiting.iter().filter(|waiting| waiting.user == user).count();
        if self.waiting.len() >= limits.waiting {
            Err(if is_full { Full::InAll } else { Full::ForUser })
        } else if own >= limits.per_user {
            Err(Full::ForUser)
        } else {
            Ok(())
        }
    }

    /// Gives what room there is to those who wait for it.
    fn let_in(&mut self, limits: &RunLimits) {
        while self.in_all < limits.in_all
            && let Some(at) = self.next_in_turn(limits)
        {
            let Waiting { user, turn, .. } = self.waiting.remove(at);
            self.in_all += 1;
            *self.taken.entry(user).or_default() += 1;
            // Whoever does not wait any more is about to be dropped, and gives the room back then.
            let _ = turn.send(());
        }
    }

    /// Whose turn it is: of those who may have one more, whoever has the fewest; among those, who came first. So nobody who
    /// asks for many is in the way of somebody who asks for one.
    fn next_in_turn(&self, limits: &RunLimits) -> Option<usize> {
        let waiting = self.waiting.iter().map(|waiting| self.taken_by(waiting.user)).enumerate();
        let next = waiting.filter(|(_, taken)| *taken < limits.per_user).min_by_key(|(_, taken)| *taken);
        next.map(|(at, _)| at)
    }

    fn position(&self, number: u64) -> Option<usize> {
        self.waiting.iter().position(|waiting| waiting.number == number)
    }

    fn give_back(&mut self, user: UserId) {
        self.in_all -= 1;
        if let Some(own) = self.taken.get_mut(&user) {
            *own -= 1;
            if *own == 0 {
                self.taken.remove(&user);
            }
        }
    }
}

impl Slot {
    /// Whether its turn is still to come.
    pub(crate) fn waits(&self) -> bool {
        self.slots.state().position(self.number).is_some()
    }

    /// Waits for its turn.
    pub(crate) async fn turn(&mut self) {
        if let Some(turn) = &mut self.turn {
            // The sender is kept until it has sent.
            let _ = turn.await;
            self.turn = None;
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.slots.state();
        match state.position(self.number) {
            Some(at) => drop(state.waiting.remove(at)),
            None => state.give_back(self.user),
        }
        state.let_in(&self.slots.limits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const ADA: UserId = UserId(1);
    const BOB: UserId = UserId(2);
    const EVE: UserId = UserId(3);

    fn slots(in_all: usize, per_user: usize, waiting: usize) -> Arc<Slots> {
        Slots::new(RunLimits { in_all, per_user, waiting })
    }

    fn may_write(slot: &mut Slot) -> bool {
        slot.turn().now_or_never().is_some()
    }

    #[test]
    fn room_is_bounded_and_comes_back() {
        let slots = slots(3, 2, 0);
        let first = slots.take(ADA).unwrap();
        let second = slots.take(ADA).unwrap();
        assert_eq!(slots.take(ADA).unwrap_err(), Full::ForUser);
        let third = slots.take(BOB).unwrap();
        assert_eq!(slots.take(BOB).unwrap_err(), Full::InAll);
        drop(second);
        let again = slots.take(ADA).unwrap();
        drop((first, third, again));
        assert!(slots.state().taken.is_empty() && slots.state().in_all == 0);
    }

    #[test]
    fn who_finds_no_room_waits_for_it_and_the_queue_has_an_end() {
        let slots = slots(2, 1, 2);
        let mut first = slots.take(ADA).unwrap();
        assert!(may_write(&mut first) && !first.waits());
        let mut second = slots.take(ADA).unwrap();
        assert!(!may_write(&mut second) && second.waits());
        assert_eq!(slots.take(ADA).unwrap_err(), Full::ForUser, "as many wait as may be written");
        let bob = slots.take(BOB).unwrap();
        let mut eve = slots.take(EVE).unwrap();
        assert!(!may_write(&mut eve));
        assert_eq!(slots.take(UserId(4)).unwrap_err(), Full::InAll);
        assert!(!may_write(&mut slots.take_over(UserId(4))), "what was begun elsewhere waits all the same");
        drop(bob);
        assert!(may_write(&mut eve) && !may_write(&mut second));
        drop(first);
        assert!(may_write(&mut second) && !second.waits());
        drop((second, eve));
        assert!(slots.state().taken.is_empty() && slots.state().waiting.is_empty());
    }

    #[test]
    fn who_has_the_fewest_is_next() {
        let slots = slots(3, 3, 9);
        let [first, second, third] = [ADA, ADA, BOB].map(|user| slots.take(user).unwrap());
        let [mut ada, mut bob, mut eve] = [ADA, BOB, EVE].map(|user| slots.take(user).unwrap());
        drop(first);
        assert_eq!([may_write(&mut ada), may_write(&mut bob), may_write(&mut eve)], [false, false, true]);
        drop(second);
        assert!(!may_write(&mut ada) || !may_write(&mut bob));
        drop(third);
        assert!(may_write(&mut ada) && may_write(&mut bob));
    }

    #[test]
    fn who_leaves_the_queue_is_not_waited_for() {
        let slots = slots(1, 1, 9);
        let first = slots.take(ADA).unwrap();
        let [bob, mut eve] = [BOB, EVE].map(|user| slots.take(user).unwrap());
        drop(bob);
        drop(first);
        assert!(may_write(&mut eve));
        // Its turn had come, and it never took it.
        let bob = slots.take(BOB).unwrap();
        drop(eve);
        let mut ada = slots.take(ADA).unwrap();
        drop(bob);
        assert!(may_write(&mut ada));
    }
}
