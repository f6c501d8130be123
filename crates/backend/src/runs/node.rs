//! This process as a node: its lease in the database, and the sweep that finds runs which nobody writes.
//!
//! A lease says when others may take a node's runs, and nothing else: what keeps two from writing one run is the number of
//! the run's lease, which every claim raises and every write checks. So a paused process, a clock that jumps and a
//! database that was away cost at worst a needless takeover.

use super::{live::EarlyEnd, take_over};
use crate::{Backend, db, error::Result, events};
use std::{
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

/// This process among those that write answers.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: Uuid,
    /// How long the lease lasts.
    lease: Duration,
    /// A way to the database that never waits behind requests.
    db: db::Db,
    /// When this node may claim runs: from the first time to the second.
    may_claim: Mutex<(Instant, Instant)>,
    /// Whether other nodes are alive.
    others: AtomicBool,
    /// Woken when there may be something to claim.
    pub(crate) look: Notify,
}

impl Node {
    /// Makes this process known. It may claim at once.
    pub(crate) async fn register(id: Uuid, lease: Duration, db: db::Db) -> Result<Self> {
        let node = Self {
            id,
            lease,
            db,
            may_claim: Mutex::new((Instant::now(), Instant::now())),
            others: AtomicBool::new(false),
            look: Notify::new(),
        };
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
        let first = may_claim.0 == may_claim.1;
        if !first && may_claim.1 < asked {
            may_claim.0 = Instant::now() + self.lease;
        }
        // Counted from before the database was asked: its clock has begun later.
        may_claim.1 = asked + self.lease;
        Ok(have_come)
    }

    fn may_claim(&self) -> bool {
        let (from, until) = *self.may_claim.lock().unwrap_or_else(PoisonError::into_inner);
        (from..until).contains(&Instant::now())
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
            _ = turns.tick() => node.renew().await,
            () = node.look.notified() => Ok(false),
            () = backend.closed.cancelled() => return,
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

/// Looks at the runs of this node and at those that nobody writes.
async fn sweep(backend: &Backend, node: &Node) -> db::Result<()> {
    // Before the database is asked: a run that comes in between is no stranger.
    let held = backend.runs.all();
    let asking = db::runs::list_unsettled(&node.db, node.id, node.lease);
    let unsettled = timeout(node.lease, asking).await.unwrap_or(Err(db::Error::Silent))?;
    for live in held {
        let id = live.started.run_id;
        match unsettled.iter().find(|run| run.id == id && run.own && run.lease_number == live.telling.lease_number) {
            Some(run) if run.stop => live.end_early(EarlyEnd::Stopped),
            Some(_) => {}
            // It has just ended, which no longer minds; or it is another's, or gone.
            None => live.end_early(EarlyEnd::Lost),
        }
    }
    for run in unsettled {
        // A run of this node that nobody writes: the word of its start, or of its claim, was lost.
        if run.own && backend.runs.holds(run.id, run.lease_number) || backend.stopping.is_cancelled() {
            continue;
        }
        if !node.may_claim() {
            return Ok(());
        }
        backend.runs.announce(run.id);
        let claiming = db::runs::claim(&node.db, run.id, run.lease_number, node.id);
        match timeout(node.lease, claiming).await.unwrap_or(Err(db::Error::Silent)) {
            Ok(Some(claimed)) => {
                backend.runs.tasks.spawn(take_over::take_over(backend.clone(), claimed));
            }
            Ok(None) => backend.runs.arrived(run.id),
            Err(error) => {
                backend.runs.arrived(run.id);
                return Err(error);
            }
        }
    }
    Ok(())
}
