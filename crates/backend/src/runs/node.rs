//! This process as a node: its lease in the database, and the sweep that finds runs which nobody writes.
//!
//! A lease says when others may take a node's runs, and nothing else: what keeps two from writing one run is the number of
//! the run's lease, which every claim raises and every write checks. So a paused process, a clock that jumps and a
//! database that was away cost at worst a needless takeover.

use super::live::{EarlyEnd, Live};
use super::take_over;
use crate::{Backend, db, db::runs::Found, error::Result, events};
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use uuid::Uuid;

/// The part of a lease after which it is renewed: two may fail before it runs out.
const RENEWALS: u32 = 3;
/// Runs that are claimed in one statement.
const CLAIMS: usize = 100;

/// This process among those that write answers.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: Uuid,
    /// How long the lease lasts.
    lease: Duration,
    /// A way to the database that never waits behind requests.
    db: db::Db,
    /// When this node may claim runs. `None`: it has never had its lease.
    may_claim: Mutex<Option<Range<Instant>>>,
    /// Whether other nodes are alive.
    others: AtomicBool,
    /// Woken when there may be something to claim.
    pub(crate) look: Notify,
}

impl Node {
    /// Makes this process known. It may claim at once.
    pub(crate) async fn register(id: Uuid, lease: Duration, db: db::Db) -> Result<Self> {
        let node =
            Self { id, lease, db, may_claim: Mutex::default(), others: AtomicBool::new(false), look: Notify::new() };
        node.renew().await?;
        db::nodes::delete_dead(&node.db, id).await?;
        Ok(node)
    }

    /// Renews the lease. A node that was without one for a while (the database was away, or the process stood still) may
    /// not claim for as long as a lease lasts: the others have to have a chance to come back as well.
    ///
    /// `true`: others are there of whom this node did not know.
    async fn renew(&self) -> db::Result<bool> {
        let asked = Instant::now();
        let renewed = timeout(self.lease, db::nodes::renew(&self.db, self.id, self.lease)).await;
        let others = renewed.unwrap_or(Err(db::Error::Silent))?;
        let have_come = others && !self.others.swap(others, Ordering::Relaxed);
        self.others.store(others, Ordering::Relaxed);
        let mut may_claim = self.may_claim.lock().unwrap_or_else(PoisonError::into_inner);
        let from = match may_claim.take() {
            None => asked,
            Some(before) if before.end < asked => Instant::now() + self.lease,
            Some(before) => before.start,
        };
        // Counted from before the database was asked: its clock has begun later.
        *may_claim = Some(from..asked + self.lease);
        Ok(have_come)
    }

    fn may_claim(&self) -> bool {
        let may_claim = self.may_claim.lock().unwrap_or_else(PoisonError::into_inner);
        may_claim.as_ref().is_some_and(|time| time.contains(&Instant::now()))
    }

    /// Gives the lease up: what is left of this node's runs is anybody's.
    pub(crate) async fn retire(&self) {
        if let Err(error) = db::nodes::delete(&self.db, self.id).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the lease of this node could not be given up");
        }
    }

    /// Whether other nodes are alive, as of the last renewal.
    pub(crate) fn has_others(&self) -> bool {
        self.others.load(Ordering::Relaxed)
    }

    /// Its own way to the database.
    pub(crate) const fn db(&self) -> &db::Db {
        &self.db
    }
}

/// Keeps the node alive and looks for runs without a writer, until the process goes down.
pub(crate) async fn keep(backend: Backend, node: Arc<Node>) {
    let mut turns = interval(node.lease / RENEWALS);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let kept = tokio::select! {
            biased;
            () = backend.closed.cancelled() => return,
            // However much there is to look for, the lease comes first.
            _ = turns.tick() => node.renew().await,
            () = node.look.notified() => Ok(false),
        };
        let swept = match kept {
            Ok(have_come) => {
                if have_come {
                    events::others_have_come(&backend);
                }
                sweep(&backend, &node).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = swept {
            tracing::warn!(error = &error as &dyn std::error::Error, "this node cannot keep its lease");
        }
    }
}

/// Looks at the runs of this node and at those that nobody writes. What takes too long is left to the next look, so that the
/// lease is renewed in between.
async fn sweep(backend: &Backend, node: &Node) -> db::Result<()> {
    let limit = node.lease / RENEWALS;
    let until = Instant::now() + limit;
    // Before the database is asked: a run that comes in between is no stranger.
    let held = backend.runs.all();
    let asking = db::runs::list_unsettled(&node.db, node.id, node.lease);
    let unsettled = timeout(limit, asking).await.unwrap_or(Err(db::Error::Silent))?;
    settle(&held, &unsettled);
    // A run of this node that nobody writes: the word of its start, or of its claim, was lost.
    let is_written = |run: &Found| run.own && backend.runs.holds(run.id, run.lease_number);
    let free: Vec<_> = unsettled.into_iter().filter(|run| !is_written(run)).collect();
    for some in free.chunks(CLAIMS) {
        if !node.may_claim() || backend.stopping.is_cancelled() {
            break;
        }
        if Instant::now() > until {
            node.look.notify_one();
            break;
        }
        claim(backend, node, some).await?;
    }
    Ok(())
}

/// Ends the runs written here that are this node's no more, and those that somebody has asked to stop.
fn settle(held: &[Arc<Live>], unsettled: &[Found]) {
    let own = unsettled.iter().filter(|run| run.own).map(|run| ((run.id, run.lease_number), run.stop));
    let own: HashMap<_, _> = own.collect();
    for live in held {
        match own.get(&(live.started.run_id, live.lease_number)) {
            Some(true) => live.end_early(EarlyEnd::Stopped),
            Some(false) => {}
            // It has just ended, which no longer minds; or it is another's, or gone.
            None => live.end_early(EarlyEnd::Lost),
        }
    }
}

/// Claims runs, and has those written that could be had.
async fn claim(backend: &Backend, node: &Node, free: &[Found]) -> db::Result<()> {
    for run in free {
        backend.runs.announce(run.id);
    }
    let claiming = db::runs::claim(&node.db, free, node.id, node.lease);
    let claimed = timeout(node.lease / RENEWALS, claiming).await.unwrap_or(Err(db::Error::Silent));
    let mut missed: HashSet<_> = free.iter().map(|run| run.id).collect();
    let outcome = claimed.map(|claimed| {
        for run in claimed {
            missed.remove(&run.run.id);
            backend.runs.tasks.spawn(take_over::take_over(backend.clone(), run));
        }
    });
    for id in missed {
        backend.runs.arrived(id);
    }
    outcome
}
