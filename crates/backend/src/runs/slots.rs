//! How many answers may be written at once: by one user, and by this process in all. Knows no run, only who has how many.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use types::UserId;

/// The answers that may be started here at once.
#[derive(Clone, Copy, Debug)]
pub struct RunLimits {
    /// By everybody together.
    pub in_all: usize,
    /// By one user.
    pub per_user: usize,
}

/// Why there is no room for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    InAll,
    ForUser,
}

/// The room for answers.
#[derive(Debug)]
pub(crate) struct Slots {
    limits: RunLimits,
    taken: Mutex<HashMap<UserId, usize>>,
}

/// Room for one answer, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    user: UserId,
}

impl Slots {
    pub(crate) fn new(limits: RunLimits) -> Arc<Self> {
        Arc::new(Self { limits, taken: Mutex::default() })
    }

    /// Takes room for one more answer.
    pub(crate) fn take(self: &Arc<Self>, user: UserId) -> Result<Slot, Full> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= self.limits.in_all {
            return Err(Full::InAll);
        }
        let own = taken.entry(user).or_default();
        if *own >= self.limits.per_user {
            return Err(Full::ForUser);
        }
        *own += 1;
        Ok(Slot { slots: Arc::clone(self), user })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_and_comes_back() {
        let slots = Slots::new(RunLimits { in_all: 3, per_user: 2 });
        let (ada, bob) = (UserId(1), UserId(2));
        let first = slots.take(ada).unwrap();
        let second = slots.take(ada).unwrap();
        assert_eq!(slots.take(ada).unwrap_err(), Full::ForUser);
        let third = slots.take(bob).unwrap();
        assert_eq!(slots.take(bob).unwrap_err(), Full::InAll);
        drop(second);
        let again = slots.take(ada).unwrap();
        drop((first, third, again));
        assert!(slots.taken.lock().unwrap().is_empty());
    }
}
