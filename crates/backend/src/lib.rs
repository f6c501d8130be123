//! What Lia does: accounts, sign-ins, conversations, and runs (answers being written).
//!
//! Every door (page, server function, REST) calls the functions here and adds no policy of its own. They take the
//! [`Backend`] and whoever asks as an [`Actor`]; what is not the actor's is not there. Nothing here knows HTTP; SQL
//! stays in `db`, the providers' wires stay in `llm`.

pub mod accounts;
mod actor;
mod bus;
pub mod cache;
mod clock;
pub mod conversations;
mod db;
mod error;
pub mod events;
pub mod fill;
pub mod insights;
pub mod models;
mod passwords;
pub mod preferences;
pub mod redis;
mod rendering;
pub mod runs;
mod secret;
pub mod sentiment;
pub mod sessions;
mod tokens;
pub mod tree;

pub use accounts::Account;
pub use actor::{Actor, Permission, Via};
pub use clock::Clock;
pub use error::Error;
pub use runs::slots::RunLimits;
pub use secret::Secret;

use chrono::TimeDelta;
use error::Result;
use redis::Redis;
use runs::{node::Node, slots::Slots};
use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::time::{Instant, interval, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// What the program is told about its surroundings.
#[derive(Clone, Debug)]
pub struct Config {
    /// `postgres://…` or `sqlite:PATH`.
    pub database_url: String,
    /// Connections to a database server in ordinary times.
    pub pool_size: u32,
    /// As many more under load: the sum is the most there are at once. Idle ones are closed after a minute.
    pub max_overflow: u32,
    /// Redis, where there is one.
    pub redis: Option<redis::Config>,
    /// The key that signs access tokens.
    pub token_secret: Secret,
    /// Days that a sign-in lasts.
    pub token_days: u32,
    /// Whether visitors may make accounts.
    pub registration_open: bool,
    /// Who answers.
    pub providers: llm::Providers,
    /// How messages are read.
    pub sentiment: sentiment::Config,
    /// The time.
    pub clock: Clock,
    /// How long a process counts as alive that gives no sign of life; then others go on with its answers.
    pub lease: Duration,
    /// How many answers may be started here at once.
    pub run_limits: RunLimits,
}

/// [`Config::lease`] where there is no reason for another: long enough for a busy machine, short for somebody who waits.
pub const LEASE: Duration = Duration::from_secs(6);

/// The state of the program. Cloning it is cheap.
#[derive(Clone)]
pub struct Backend(Arc<Inner>);

/// Behind [`Backend`].
pub struct Inner {
    config: Config,
    clock: Clock,
    db: db::Db,
    redis: Option<Redis>,
    passwords: passwords::Passwords,
    tokens: tokens::Tokens,
    renderer: rendering::Renderer,
    runs: runs::live::Runs,
    readers: runs::reader::Readers,
    slots: Arc<Slots>,
    cache: cache::Cache,
    bus: bus::Bus,
    feeds: Arc<events::Feeds>,
    outbox: events::Outbox,
    /// Set when the work is taken up: a command beside the one that serves writes no answers.
    node: OnceLock<Arc<Node>>,
    /// No new runs are taken from here on.
    stopping: CancellationToken,
    /// Every stream and every task in the background ends here.
    closed: CancellationToken,
    background: TaskTracker,
}

impl Deref for Backend {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").field("database", &self.db.kind()).finish_non_exhaustive()
    }
}

/// How long the log of a run is kept after its end, for followers that come back late.
const KEEP_LOG: TimeDelta = TimeDelta::hours(1);
/// How often what is out of date is removed.
const PRUNE_EVERY: Duration = Duration::from_mins(10);
/// How long saving what was cut off may take at shutdown, beyond the limit that runs get.
const SAVE_LIMIT: Duration = Duration::from_secs(5);

impl Backend {
    /// Opens and migrates the database. Enough for a command that runs beside a Lia that serves; the one that serves
    /// [takes up the work](Self::take_up_work) as well.
    pub async fn open(config: Config) -> Result<Self> {
        let db = db::Db::open(&config.database_url, config.pool_size, config.max_overflow).await?;
        db.migrate().await?;
        let redis = match &config.redis {
            Some(redis) => Some(Redis::new(redis.clone(), &db.identity().await?)),
            None => None,
        };
        Ok(Self(Arc::new(Inner {
            clock: config.clock.clone(),
            redis,
            passwords: passwords::Passwords::new().await?,
            tokens: tokens::Tokens::new(&config.token_secret),
            renderer: rendering::Renderer::default(),
            runs: runs::live::Runs::default(),
            readers: runs::reader::Readers::default(),
            slots: Slots::new(config.run_limits),
            cache: cache::Cache::default(),
            bus: bus::Bus::default(),
            feeds: Arc::default(),
            outbox: events::Outbox::default(),
            node: OnceLock::new(),
            stopping: CancellationToken::new(),
            closed: CancellationToken::new(),
            background: TaskTracker::new(),
            config,
            db,
        })))
    }

    /// Makes this process one that writes answers, and starts the work in the background: going on with what others left
    /// unfinished, storing what runs tell, removing what is out of date.
    pub async fn take_up_work(&self) -> Result<()> {
        let db = self.db.apart(&self.config.database_url).await?;
        let node = Arc::new(Node::register(Uuid::now_v7(), self.config.lease, db).await?);
        let node = self.node.get_or_init(|| node);
        self.background.spawn(runs::node::keep(self.clone(), Arc::clone(node)));
        self.background.spawn(keep_redis(self.clone()));
        for carrier in bus::Carrier::ALL {
            self.background.spawn(bus::listen(self.clone(), carrier));
        }
        self.background.spawn(events::tell_others(self.clone()));
        self.background.spawn(runs::log::write(self.clone()));
        self.background.spawn(prune(self.clone()));
        self.background.spawn(insights::keep_rolled_up(self.clone()));
        Ok(())
    }

    /// Whether other processes write answers too, and would take what this one is asked for.
    pub fn has_others(&self) -> bool {
        self.node.get().is_some_and(|node| node.has_others())
    }

    /// This process as one that writes answers.
    pub(crate) fn node(&self) -> Result<&Node> {
        self.node
            .get()
            .map(AsRef::as_ref)
            .ok_or_else(|| Error::fault("no work has been taken up", "an answer was asked for"))
    }

    /// Looks in the background for an Ollama on this machine and for what models there are, so that the first person
    /// finds them.
    pub fn look_for_models(&self) {
        self.background.spawn(cache::lists::look(self.clone()));
    }

    /// Applies what is missing of the migrations and closes the database again.
    pub async fn migrate(database_url: &str) -> Result<()> {
        let db = db::Db::open(database_url, 1, 0).await?;
        db.migrate().await?;
        db.close().await;
        Ok(())
    }

    /// How long the database takes to answer nothing.
    pub async fn ping(&self) -> Result<Duration> {
        let begun = Instant::now();
        self.db.ping().await?;
        Ok(begun.elapsed())
    }

    /// `postgres` or `sqlite`.
    pub fn database_kind(&self) -> &'static str {
        self.db.kind()
    }

    /// Redis, where one is configured.
    pub fn redis(&self) -> Option<&Redis> {
        self.redis.as_ref()
    }

    /// The time by which everything here goes.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Cancelled when the process begins to go down.
    pub fn shutting_down(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Goes down: takes no new runs, lets the running ones finish for `limit`, stores what the rest have written and leaves
    /// them to other nodes or to the next start, ends every stream and closes the database.
    pub async fn shut_down(&self, limit: Duration) {
        self.stopping.cancel();
        self.runs.tasks.close();
        if timeout(limit, self.runs.tasks.wait()).await.is_err() {
            self.runs.end_all(runs::live::EarlyEnd::Released);
            if timeout(SAVE_LIMIT, self.runs.tasks.wait()).await.is_err() {
                tracing::error!("some answers could not be stored; others go on with what the log holds of them");
            }
        }
        self.closed.cancel();
        self.background.close();
        let closing = async {
            self.background.wait().await;
            if let Some(node) = self.node.get() {
                node.retire().await;
                bus::tell(self, bus::Hint::Released).await;
                node.db().close().await;
            }
            self.db.close().await;
        };
        if timeout(SAVE_LIMIT, closing).await.is_err() {
            tracing::error!("the database did not let go of its connections");
        }
    }
}

/// Keeps a connection to Redis, where there is one, until the process goes down.
async fn keep_redis(backend: Backend) {
    if let Some(redis) = &backend.redis {
        backend.closed.run_until_cancelled(redis.keep()).await;
    }
}

/// Removes what is out of date, now and then, until the process goes down.
async fn prune(backend: Backend) {
    let mut turns = interval(PRUNE_EVERY);
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            () = backend.closed.cancelled() => return,
        }
        let before = backend.clock.now() - KEEP_LOG;
        let pruned = async {
            sessions::prune(&backend).await?;
            backend.bus.tidy();
            db::nodes::delete_dead(&backend.db, backend.node()?.id).await?;
            // Small pieces: the log of a run can be long, and SQLite has one writer.
            while db::run_log::prune(&backend.db, before, 50).await? > 0 {}
            Ok::<_, Error>(())
        };
        if let Err(error) = pruned.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "what is out of date could not be removed");
        }
    }
}
