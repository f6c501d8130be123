//! Things of one kind that are remembered: here, and behind that in Redis, where there is one.

use super::{Counts, Kind, Version};
use crate::{Backend, redis::Redis};
use moka::{policy::EvictionPolicy, sync::Cache};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fmt,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Semaphore;

/// The longest thing, in bytes: a share of the whole, so that one does not push out all the others.
const MAX_BYTES: usize = 1 << 20;
/// What an entry weighs beside the thing in it, about.
const ENTRY_BYTES: usize = 200;
/// Things that are on their way to Redis at once. Where it is slow, the others stay here alone.
const TELLING_MAX: usize = 64;

/// Things of one kind, by what tells one from another; those that were used last.
pub(crate) struct Shelf<K, T> {
    kind: Kind,
    /// What tells one from another, as the key in Redis says it.
    name: fn(&K) -> String,
    /// What a thing takes in memory, about.
    weigh: fn(&T) -> usize,
    entries: Cache<K, Entry<T>>,
    telling: Arc<Semaphore>,
    hits: AtomicU64,
    shared_hits: AtomicU64,
    misses: AtomicU64,
}

struct Entry<T> {
    bytes: u32,
    made: Arc<Made<T>>,
}

/// A thing and what it was made from.
#[derive(Serialize, Deserialize)]
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

impl<K, T> Shelf<K, T>
where
    K: Clone + Hash + Eq + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    pub(super) fn new(kind: Kind, name: fn(&K) -> String, weigh: fn(&T) -> usize) -> Self {
        let entries = Cache::builder()
            .max_capacity(kind.capacity())
            .weigher(|_, entry: &Entry<T>| entry.bytes)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(kind.life())
            .build();
        let telling = Arc::new(Semaphore::new(TELLING_MAX));
        let count = || AtomicU64::new(0);
        Self { kind, name, weigh, entries, telling, hits: count(), shared_hits: count(), misses: count() }
    }

    /// What is wanted of a thing, if it is remembered, of this version, and holds that.
    pub(crate) async fn find<R>(
        &self,
        backend: &Backend,
        id: &K,
        version: &Version,
        wanted: impl Fn(&T) -> Option<R>,
    ) -> Option<R> {
        if let Some(found) = self.peek(id, version, &wanted).flatten() {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Some(found);
        }
        let made = match backend.redis() {
            Some(redis) => self.fetch(redis, id, version).await,
            None => None,
        };
        let found = made.as_ref().and_then(|made| wanted(&made.thing));
        let count = if found.is_some() { &self.shared_hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        if let Some(made) = made {
            self.insert(id.clone(), Arc::new(made));
        }
        found
    }

    /// The same of what is remembered here, for whoever has just had it remembered: it does not count.
    pub(crate) fn peek<R>(&self, id: &K, version: &Version, wanted: impl FnOnce(&T) -> R) -> Option<R> {
        let made = self.entries.get(id).map(|entry| entry.made).filter(|made| made.version == *version)?;
        Some(wanted(&made.thing))
    }

    /// A thing as Redis remembers it. Others have put it there: what is not as it should be is not there.
    async fn fetch(&self, redis: &Redis, id: &K, version: &Version) -> Option<Made<T>> {
        let text = redis.get(&self.key(id)).await?;
        serde_json::from_str(&text).ok().filter(|made: &Made<T>| made.version == *version)
    }

    /// Remembers a thing in place of what was remembered before, here and in Redis.
    pub(crate) fn keep(&self, backend: &Backend, id: K, version: Version, thing: T) {
        let made = Arc::new(Made { version, thing });
        self.tell(backend, &id, &made);
        self.insert(id, made);
    }

    /// Remembers a thing that is nobody else's business here.
    pub(crate) fn keep_here(&self, id: K, version: Version, thing: T) {
        self.insert(id, Arc::new(Made { version, thing }));
    }

    fn insert(&self, id: K, made: Arc<Made<T>>) {
        let bytes = (self.weigh)(&made.thing).saturating_add(ENTRY_BYTES);
        match u32::try_from(bytes) {
            Ok(weight) if bytes <= MAX_BYTES => self.entries.insert(id, Entry { bytes: weight, made }),
            // What is there is older.
            _ => self.entries.invalidate(&id),
        }
    }

    /// Has Redis remember a thing, in the background: nobody waits for that.
    fn tell(&self, backend: &Backend, id: &K, made: &Made<T>) {
        let (Some(_), Ok(place)) = (backend.redis(), Arc::clone(&self.telling).try_acquire_owned()) else { return };
        let Ok(text) = serde_json::to_string(made) else { return };
        let (key, life) = (self.key(id), self.kind.life());
        backend.background.spawn({
            let backend = backend.clone();
            async move {
                if let Some(redis) = backend.redis() {
                    redis.set(&key, &text, life).await;
                }
                drop(place);
            }
        });
    }

    /// Forgets a thing here, and says what it is called in Redis.
    pub(super) fn forget(&self, id: &K) -> String {
        self.entries.invalidate(id);
        self.key(id)
    }

    fn key(&self, id: &K) -> String {
        self.kind.as_str().replace("{id}", &(self.name)(id))
    }

    pub(super) fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let &Self { kind, ref hits, ref shared_hits, ref misses, .. } = self;
        Counts { kind, hits: read(hits), shared_hits: read(shared_hits), misses: read(misses) }
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
        Shelf::new(Kind::History, ToString::to_string, String::len)
    }

    fn find(shelf: &Shelf<i32, String>, id: i32, version: &Version) -> Option<String> {
        shelf.peek(&id, version, String::clone)
    }

    #[test]
    fn only_what_was_made_from_the_same_is_used() {
        let shelf = shelf();
        assert_eq!(find(&shelf, 1, &version(1, 7)), None);
        shelf.keep_here(1, version(1, 7), "seven".to_owned());
        assert_eq!(find(&shelf, 1, &version(1, 7)).as_deref(), Some("seven"));
        for other in [version(1, 8), version(1, 6), version(2, 7)] {
            assert_eq!(find(&shelf, 1, &other), None);
        }
        assert_eq!(find(&shelf, 2, &version(1, 7)), None, "another's");
        assert_eq!(shelf.forget(&1), "user:1:history");
        assert_eq!(find(&shelf, 1, &version(1, 7)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let shelf = shelf();
        shelf.keep_here(0, version(1, 1), "short".to_owned());
        shelf.keep_here(0, version(1, 2), "x".repeat(MAX_BYTES));
        assert_eq!(find(&shelf, 0, &version(1, 1)), None, "what is too long takes the place of what was there");
        assert_eq!(find(&shelf, 0, &version(1, 2)), None);
        for id in 0..100 {
            shelf.keep_here(id, version(1, 1), "x".repeat(MAX_BYTES / 2));
        }
        shelf.entries.run_pending_tasks();
        assert!(shelf.entries.weighted_size() <= Kind::History.capacity());
        assert!(find(&shelf, 99, &version(1, 1)).is_some(), "the last is there");
        assert_eq!(find(&shelf, 0, &version(1, 1)), None, "the first is not");
    }
}
