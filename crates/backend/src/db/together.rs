//! What comes at the same time is stored together: while one caller's piece of work is being stored, those of the others
//! gather, and whoever is next stores all of them at once. Nobody waits for more to come, so a piece that comes alone is
//! stored alone. Knows nothing of what is stored.

use super::{Error, Result};
use futures_util::future::BoxFuture;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};

/// Pieces that are stored at once: few enough that no transaction holds SQLite's writer for long.
const AT_ONCE: usize = 64;
/// How long one may be storing while others wait: a database that has gone silent to one may well answer the next.
const TURN: Duration = Duration::from_secs(5);

/// Work of one kind, with what comes of each piece.
#[derive(Debug)]
pub(crate) struct Together<W, R> {
    waiting: Mutex<Vec<(W, oneshot::Sender<Result<R>>)>>,
    /// Held by whoever is storing.
    turn: tokio::sync::Mutex<()>,
}

/// How pieces of work are stored: all that are given, or none with the reason; as many results in the same order.
pub(crate) type Storing<C, W, R> = for<'a> fn(&'a C, &'a [W]) -> BoxFuture<'a, Result<Vec<R>>>;

impl<W, R> Default for Together<W, R> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl<W, R> Together<W, R> {
    fn waiting(&self) -> MutexGuard<'_, Vec<(W, oneshot::Sender<Result<R>>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a piece of work with those that wait beside it, and gives what came of it. [`Error::Silent`] also where
    /// another caller was storing this piece and was dropped over it, or took too long.
    pub(crate) async fn store<C>(&self, context: &C, work: W, storing: Storing<C, W, R>) -> Result<R> {
        let (answer, mut answered) = oneshot::channel();
        self.waiting().push((work, answer));
        loop {
            let turn = tokio::select! {
                biased;
                result = &mut answered => return result.unwrap_or(Err(Error::Silent)),
                turn = self.turn.lock() => turn,
            };
            let batch: Vec<_> = {
                let mut waiting = self.waiting();
                // Whoever has given up waiting for it counts on its not being stored.
                waiting.retain(|(_, answer)| !answer.is_closed());
                let count = waiting.len().min(AT_ONCE);
                waiting.drain(..count).collect()
            };
            let (works, answers) = batch.into_iter().unzip();
            // Given up, it drops the answers, which says so to everybody in the batch.
            let _ = timeout(TURN, store_all(context, works, answers, storing)).await;
            drop(turn);
        }
    }
}

/// Stores a batch and answers everybody in it. Nobody listening any more is fine: the work is done all the same.
async fn store_all<C, W, R>(
    context: &C,
    works: Vec<W>,
    answers: Vec<oneshot::Sender<Result<R>>>,
    storing: Storing<C, W, R>,
) {
    let alone = works.len() < 2;
    match storing(context, &works).await {
        Ok(results) => {
            for (result, answer) in results.into_iter().zip(answers) {
                let _ = answer.send(Ok(result));
            }
        }
        // The database is away. It may have stored them.
        Err(error) if alone || matches!(error, Error::Unavailable(_) | Error::Silent) => {
            let errors = std::iter::once(error).chain(std::iter::repeat_with(|| Error::Silent));
            for (error, answer) in errors.zip(answers) {
                let _ = answer.send(Err(error));
            }
        }
        // One of them is to blame: the others are stored without it.
        Err(_) => {
            for (work, answer) in works.iter().zip(answers) {
                let stored = storing(context, std::slice::from_ref(work)).await;
                let _ = answer.send(stored.and_then(|results| results.into_iter().next().ok_or(Error::Silent)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::sync::Semaphore;
    use tokio_util::task::TaskTracker;

    /// Stores numbers, each time when it is let, and refuses a batch with a negative one. Gives the batches' sizes.
    struct Store {
        together: Together<i32, i32>,
        gate: Semaphore,
        sizes: Mutex<Vec<usize>>,
        tasks: TaskTracker,
    }

    impl Store {
        async fn store_now(&self, numbers: &[i32]) -> Result<Vec<i32>> {
            self.gate.acquire().await.unwrap().forget();
            self.sizes.lock().unwrap().push(numbers.len());
            if numbers.iter().any(|number| *number < 0) {
                return Err(Error::Duplicate);
            }
            Ok(numbers.iter().map(|number| number * 2).collect())
        }

        async fn store(self: Arc<Self>, number: i32) -> Result<i32> {
            self.together.store(&*self, number, |store, numbers| Box::pin(store.store_now(numbers))).await
        }
    }

    /// The results of numbers of which the first is being stored while the others come.
    async fn all(store: &Arc<Store>, numbers: &[i32]) -> Vec<Result<i32>> {
        let mut tasks = Vec::new();
        for number in numbers {
            tasks.push(store.tasks.spawn(store.clone().store(*number)));
            tokio::task::yield_now().await;
        }
        store.gate.add_permits(numbers.len() * 2);
        let mut results = Vec::new();
        for task in tasks {
            results.push(task.await.unwrap());
        }
        results
    }

    fn closed() -> Arc<Store> {
        Arc::new(Store {
            together: Together::default(),
            gate: Semaphore::new(0),
            sizes: Mutex::default(),
            tasks: TaskTracker::new(),
        })
    }

    #[tokio::test]
    async fn what_comes_meanwhile_is_stored_at_once() {
        let store = closed();
        let results: Vec<_> = all(&store, &[1, 2, 3, 4]).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(results, [2, 4, 6, 8]);
        assert_eq!(*store.sizes.lock().unwrap(), [1, 3]);
        let many: Vec<i32> = (0..100).collect();
        assert!(all(&store, &many).await.iter().all(Result::is_ok));
        assert!(store.sizes.lock().unwrap().iter().all(|size| *size <= AT_ONCE));
    }

    #[tokio::test]
    async fn one_that_is_refused_harms_no_other() {
        let store = closed();
        let results = all(&store, &[1, 2, -1, 4]).await;
        assert!(matches!(results[2], Err(Error::Duplicate)));
        assert!(results.iter().enumerate().all(|(index, result)| result.is_ok() == (index != 2)));
        assert_eq!(*store.sizes.lock().unwrap(), [1, 3, 1, 1, 1]);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_stored() {
        let store = closed();
        let first = store.tasks.spawn(store.clone().store(1));
        tokio::task::yield_now().await;
        let second = store.tasks.spawn(store.clone().store(2));
        let third = store.tasks.spawn(store.clone().store(3));
        tokio::task::yield_now().await;
        second.abort();
        assert!(second.await.unwrap_err().is_cancelled());
        store.gate.add_permits(2);
        assert_eq!((first.await.unwrap().unwrap(), third.await.unwrap().unwrap()), (2, 6));
        assert_eq!(*store.sizes.lock().unwrap(), [1, 1]);
    }

    #[tokio::test]
    async fn whoever_gives_up_takes_nobody_along_for_ever() {
        let store = closed();
        let first = store.tasks.spawn(store.clone().store(1));
        tokio::task::yield_now().await;
        let second = store.tasks.spawn(store.clone().store(2));
        tokio::task::yield_now().await;
        first.abort();
        store.gate.add_permits(1);
        assert_eq!(second.await.unwrap().unwrap(), 4);
    }
}
