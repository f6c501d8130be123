//! What nodes tell each other: hints, and nothing that anybody relies on. The database is the truth; a hint that is lost
//! costs a delay, because whoever waits for one also looks by itself now and then.
//!
//! Hints travel by Redis where there is one, and else by Postgres. Every node listens on both, so that one which cannot
//! reach Redis at the moment is heard all the same.

use crate::{Backend, db, events, redis, runs::live::EarlyEnd};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use types::{RunId, SessionId};
use uuid::Uuid;

/// How long a hint may take to be told; later it is no use.
const TELL_LIMIT: Duration = Duration::from_secs(1);
/// How long to wait before the bus is joined again.
const PAUSE: Duration = Duration::from_secs(1);
/// Runs named in one hint: a message to the other nodes has at most 8,000 bytes.
const MAX_RUNS: usize = 200;

/// Something that another node may want to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// The logs of these runs have grown, or the runs have ended.
    Written(Vec<RunId>),
    /// Somebody has asked to stop this run.
    Stop(RunId),
    /// There are runs to be claimed.
    Released,
    /// What a node tells the listeners at the others; see [`events`].
    Told { node: Uuid, lines: String },
    /// This sign-in has ended, and its streams with it.
    SignedOut(SessionId),
}

impl Hint {
    fn text(&self) -> String {
        match self {
            Self::Written(runs) => runs.iter().fold("written".to_owned(), |text, run| text + " " + &run.to_string()),
            Self::Stop(run) => format!("stop {run}"),
            Self::Released => "released".to_owned(),
            Self::Told { node, lines } => format!("told {node} {lines}"),
            Self::SignedOut(session) => format!("signed_out {session}"),
        }
    }

    /// `None` for what a newer version says.
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
        let mut ids = rest.split_terminator(' ').map(|word| word.parse().ok());
        match kind {
            "written" => ids.map(|id| id.map(RunId)).collect::<Option<_>>().map(Self::Written),
            "stop" => ids.next()?.map(|id| Self::Stop(RunId(id))),
            "released" => Some(Self::Released),
            "told" => {
                let (node, lines) = rest.split_once(' ')?;
                Some(Self::Told { node: node.parse().ok()?, lines: lines.to_owned() })
            }
            "signed_out" => ids.next()?.map(|id| Self::SignedOut(SessionId(id))),
            _ => None,
        }
    }
}

/// Who on this node waits for hints about a run that another one writes.
#[derive(Debug, Default)]
pub(crate) struct Bus {
    followed: Mutex<HashMap<RunId, watch::Sender<()>>>,
}

impl Bus {
    /// A receiver of every hint about a run from now on.
    pub(crate) fn watch(&self, run: RunId) -> watch::Receiver<()> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.entry(run).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    fn wake(&self, run: RunId) {
        if let Some(sender) = self.followed.lock().unwrap_or_else(PoisonError::into_inner).get(&run) {
            sender.send_replace(());
        }
    }

    fn wake_all(&self) {
        for sender in self.followed.lock().unwrap_or_else(PoisonError::into_inner).values() {
            sender.send_replace(());
        }
    }

    /// Forgets the runs that nobody follows any more.
    pub(crate) fn tidy(&self) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.retain(|_, sender| sender.receiver_count() > 0);
    }
}

/// Tells the other nodes, if there are any. `false`: the bus fails.
pub(crate) async fn tell(backend: &Backend, hint: Hint) -> bool {
    let Some(node) = backend.node.get().filter(|node| node.has_others()) else { return true };
    let mut is_told = true;
    let hints = match hint {
        Hint::Written(runs) => runs.chunks(MAX_RUNS).map(|runs| Hint::Written(runs.to_vec())).collect(),
        hint => vec![hint],
    };
    for hint in hints {
        let text = hint.text();
        // Nobody looks by themselves for the end of a sign-in: it goes by both, in case a node hears only one.
        if let Some(redis) = &backend.redis
            && redis.publish(&text).await
            && !matches!(hint, Hint::SignedOut(_))
        {
            continue;
        }
        let told = timeout(TELL_LIMIT, db::hints::tell(node.db(), &text)).await;
        if let Err(error) = told.unwrap_or(Err(db::Error::Silent)) {
            tracing::debug!(error = &error as &dyn std::error::Error, "a hint was not told");
            is_told = false;
        }
    }
    is_told
}

/// What carries hints.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Carrier {
    Redis,
    Postgres,
}

impl Carrier {
    pub(crate) const ALL: [Self; 2] = [Self::Redis, Self::Postgres];
}

/// Hears hints by one carrier.
enum Listener {
    Redis(redis::Listener),
    Postgres(db::hints::Listener),
}

/// Why nothing more is heard by a carrier.
#[derive(Debug, thiserror::Error)]
enum Deaf {
    #[error(transparent)]
    Redis(#[from] redis::Failure),
    #[error(transparent)]
    Postgres(#[from] db::Error),
}

impl Listener {
    /// `None`: this Lia has no such carrier, or is the only one on her database.
    async fn join(backend: &Backend, carrier: Carrier) -> Result<Option<Self>, Deaf> {
        Ok(match (carrier, &backend.db, &backend.redis) {
            (Carrier::Redis, db::Db::Postgres(_), Some(redis)) => redis.listen().await?.map(Self::Redis),
            (Carrier::Redis, ..) => None,
            (Carrier::Postgres, db, _) => {
                db::hints::Listener::connect(db, &backend.config.database_url).await?.map(Self::Postgres)
            }
        })
    }

    /// What was told next. `None`: something may have been missed.
    async fn next(&mut self) -> Result<Option<String>, Deaf> {
        Ok(match self {
            Self::Redis(listener) => Some(listener.next().await?),
            Self::Postgres(listener) => listener.next().await?,
        })
    }
}

/// Hears what the other nodes tell by one carrier, until the process goes down.
pub(crate) async fn listen(backend: Backend, carrier: Carrier) {
    loop {
        let heard = tokio::select! {
            heard = hear(&backend, carrier) => heard,
            () = backend.closed.cancelled() => return,
        };
        match heard {
            Ok(()) => return,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, ?carrier, "the other nodes cannot be heard");
            }
        }
        tokio::select! {
            () = sleep(PAUSE) => {}
            () = backend.closed.cancelled() => return,
        }
    }
}

/// Hears hints until the connection fails for good; `Ok`: there is nobody to hear.
async fn hear(backend: &Backend, carrier: Carrier) -> Result<(), Deaf> {
    let Some(mut listener) = Listener::join(backend, carrier).await? else { return Ok(()) };
    look_everywhere(backend);
    loop {
        match listener.next().await? {
            Some(text) => {
                if let Some(hint) = Hint::parse(&text) {
                    heed(backend, hint);
                }
            }
            None => look_everywhere(backend),
        }
    }
}

/// Does what any hint that was missed would have asked for.
fn look_everywhere(backend: &Backend) {
    backend.bus.wake_all();
    events::missed_something(backend);
    heed(backend, Hint::Released);
}

fn heed(backend: &Backend, hint: Hint) {
    match hint {
        Hint::Written(runs) => runs.into_iter().for_each(|run| backend.bus.wake(run)),
        Hint::Stop(run) => {
            if let Some(live) = backend.runs.get(run) {
                live.end_early(EarlyEnd::Stopped);
            }
        }
        Hint::Told { node, lines } => events::hear(backend, node, &lines),
        Hint::SignedOut(session) => backend.runs.end_followers_of(session),
        Hint::Released => {
            if let Some(node) = backend.node.get() {
                node.look.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_heard_as_it_was_told() {
        let run = |number| RunId(Uuid::from_u128(number));
        let told = Hint::Told { node: Uuid::from_u128(3), lines: "7 {\"a b\":1}\n*".to_owned() };
        let session = Hint::SignedOut(SessionId(Uuid::from_u128(4)));
        for hint in [Hint::Written(vec![run(1), run(u128::MAX)]), Hint::Stop(run(2)), Hint::Released, told, session] {
            assert_eq!(Hint::parse(&hint.text()), Some(hint));
        }
        assert_eq!(Hint::parse("from_tomorrow x"), None);
        assert_eq!(Hint::parse("stop"), None);
        assert!(Hint::Written(vec![run(u128::MAX); MAX_RUNS]).text().len() < 8_000);
    }
}
