//! Things of one kind that are remembered.

use super::{Counts, Kind, Version};
use moka::{policy::EvictionPolicy, sync::Cache};
use std::{
    fmt,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The longest thing, in bytes: a share of the whole, so that one does not push out all the others.
const MAX_BYTES: usize = 1 << 20;
/// What an entry weighs beside the thing in it, about.
const ENTRY_BYTES: usize = 200;

/// Things of one kind, by what tells one from another; those that were used last.
pub(crate) struct Shelf<K, T> {
    kind: Kind,
    /// What a thing takes in memory, about.
    weigh: fn(&T) -> usize,
    entries: Cache<K, Entry<T>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

struct Entry<T> {
    bytes: u32,
    made: Arc<Made<T>>,
}

/// A thing and what it was made from.
struct Made<T> {
    version: Version,
    thing: T,
}

impl<T> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes, made: Arc::clone(&self.made) }
    }
}

impl<K, T> fmt::Debug for Shelf<K, T> {
    /// Says nothing of what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Send + Sync + 'static, T: Send + Sync + 'static> Shelf<K, T> {
    pub(super) fn new(kind: Kind, weigh: fn(&T) -> usize) -> Self {
        let entries = Cache::builder()
            .max_capacity(kind.capacity())
            .weigher(|_, entry: &Entry<T>| entry.bytes)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(kind.life())
            .build();
        Self { kind, weigh, entries, hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }

    /// What is wanted of a thing, if it is remembered, of this version, and holds that.
    pub(crate) fn find<R>(&self, id: &K, version: &Version, wanted: impl FnOnce(&T) -> Option<R>) -> Option<R> {
        let found = self.peek(id, version, wanted).flatten();
        let count = if found.is_some() { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// The same for whoever has just had it remembered: it does not count.
    pub(crate) fn peek<R>(&self, id: &K, version: &Version, wanted: impl FnOnce(&T) -> R) -> Option<R> {
        let made = self.entries.get(id).map(|entry| entry.made).filter(|made| made.version == *version)?;
        Some(wanted(&made.thing))
    }

    /// Remembers a thing in place of what was remembered before.
    pub(crate) fn keep(&self, id: K, version: Version, thing: T) {
        let bytes = (self.weigh)(&thing).saturating_add(ENTRY_BYTES);
        match u32::try_from(bytes) {
            Ok(weight) if bytes <= MAX_BYTES => {
                self.entries.insert(id, Entry { bytes: weight, made: Arc::new(Made { version, thing }) });
            }
            // What is there is older.
            _ => self.entries.invalidate(&id),
        }
    }

    /// Forgets a thing.
    pub(crate) fn forget(&self, id: &K) {
        self.entries.invalidate(id);
    }

    pub(super) fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts { kind: self.kind, hits: read(&self.hits), misses: read(&self.misses) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::UserId;

    fn version(owner: i64, version: i64) -> Version {
        Version::List { owner: UserId(owner), version }
    }

    fn shelf() -> Shelf<i32, String> {
        Shelf::new(Kind::History, String::len)
    }

    fn find(shelf: &Shelf<i32, String>, id: i32, version: &Version) -> Option<String> {
        shelf.find(&id, version, |text| Some(text.clone()))
    }

    #[test]
    fn only_what_was_made_from_the_same_is_used() {
        let shelf = shelf();
        assert_eq!(find(&shelf, 1, &version(1, 7)), None);
        shelf.keep(1, version(1, 7), "seven".to_owned());
        assert_eq!(find(&shelf, 1, &version(1, 7)).as_deref(), Some("seven"));
        for other in [version(1, 8), version(1, 6), version(2, 7)] {
            assert_eq!(find(&shelf, 1, &other), None);
        }
        assert_eq!(find(&shelf, 2, &version(1, 7)), None, "another's");
        assert_eq!(shelf.find(&1, &version(1, 7), |_| None::<()>), None, "it does not hold what is wanted");
        assert_eq!(shelf.counts(), Counts { kind: Kind::History, hits: 1, misses: 6 });
        shelf.forget(&1);
        assert_eq!(find(&shelf, 1, &version(1, 7)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let shelf = shelf();
        shelf.keep(0, version(1, 1), "short".to_owned());
        shelf.keep(0, version(1, 2), "x".repeat(MAX_BYTES));
        assert_eq!(find(&shelf, 0, &version(1, 1)), None, "what is too long takes the place of what was there");
        assert_eq!(find(&shelf, 0, &version(1, 2)), None);
        for id in 0..100 {
            shelf.keep(id, version(1, 1), "x".repeat(MAX_BYTES / 2));
        }
        shelf.entries.run_pending_tasks();
        assert!(shelf.entries.weighted_size() <= Kind::History.capacity());
        assert!(find(&shelf, 99, &version(1, 1)).is_some(), "the last is there");
        assert_eq!(find(&shelf, 0, &version(1, 1)), None, "the first is not");
    }
}
