//! The database: the only place that knows SQL and sqlx.
//!
//! Functions are grouped by table and take the owner's id wherever a thing has one. Each text of SQL is written once
//! for both engines; where they differ, a `match` shows it. Times and ids come from the caller, with the exception of
//! the integer ids that the database hands out. Rows stay in here; what goes out is plain data.

pub(crate) mod conversations;
pub(crate) mod exchanges;
pub(crate) mod fill;
pub(crate) mod hints;
pub(crate) mod insights;
pub(crate) mod messages;
pub(crate) mod nodes;
pub(crate) mod run_log;
pub(crate) mod runs;
pub(crate) mod sentiment;
pub(crate) mod sessions;
pub(crate) mod together;
pub(crate) mod tree;
pub(crate) mod users;

#[cfg(test)]
mod tests;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, Postgres};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Executor as _, Sqlite, Transaction};
use std::{fs::File, path::Path, str::FromStr, sync::Arc, time::Duration};

/// Runs one body, written once, with the pool that reads.
macro_rules! read {
    ($db:expr, |$pool:ident| $body:expr) => {
        match $db {
            $crate::db::Db::Postgres($pool) => $body,
            $crate::db::Db::Sqlite(sqlite) => {
                let $pool = &sqlite.readers;
                $body
            }
        }
    };
}

/// Runs one body, written once, with the pool that writes.
macro_rules! write {
    ($db:expr, |$pool:ident| $body:expr) => {
        match $db {
            $crate::db::Db::Postgres($pool) => $body,
            $crate::db::Db::Sqlite(sqlite) => {
                let $pool = &sqlite.writer;
                $body
            }
        }
    };
}

/// Runs one body, written once, inside a transaction.
macro_rules! within {
    ($tx:expr, |$connection:ident| $body:expr) => {
        match $tx {
            $crate::db::Tx::Postgres(tx) => {
                let $connection = &mut **tx;
                $body
            }
            $crate::db::Tx::Sqlite(tx) => {
                let $connection = &mut **tx;
                $body
            }
        }
    };
}

pub(crate) use {read, within, write};

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be reached, or is too busy to answer: the same request may succeed later.
    #[error("the database is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// It has not answered in time. What it was asked to do may have been done.
    #[error("the database does not answer")]
    Silent,
    /// A unique constraint said no.
    #[error("a row with this key exists")]
    Duplicate,
    /// Everything else.
    #[error("the database refused")]
    Other(#[source] sqlx::Error),
    /// The URL is not one of the two engines', or the file cannot be had.
    #[error("{0}")]
    Open(String),
    /// The migrations could not be applied.
    #[error("the database could not be migrated")]
    Migrate(#[source] MigrateError),
    /// What was applied is not what this edition would have applied.
    #[error(
        "another edition of Lia made this database: its migration {0} is not one of this edition's. Use that edition, or \
         give this one a new database"
    )]
    OtherEdition(i64),
}

impl From<MigrateError> for Error {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMismatch(version) | MigrateError::VersionMissing(version) => {
                Self::OtherEdition(version)
            }
            error => Self::Migrate(error),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        let unavailable = match &error {
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => true,
            E::Database(database) if database.is_unique_violation() => return Self::Duplicate,
            // Postgres: connection exceptions, transactions undone for the sake of others, too many connections, shutting
            // down. SQLite: busy, locked, I/O error,
            // full, cannot open; the extended codes carry the primary one in their low byte.
            E::Database(database) => database.code().is_some_and(|code| {
                let sqlite = matches!(code.parse::<u32>().map(|code| code & 0xff), Ok(5 | 6 | 10 | 13 | 14));
                match code.len() {
                    5 => ["08", "40", "53", "57P"].iter().any(|class| code.starts_with(class)),
                    _ => sqlite,
                }
            }),
            _ => false,
        };
        if unavailable { Self::Unavailable(error) } else { Self::Other(error) }
    }
}

/// What a function of this module answers.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// An open database.
#[derive(Clone, Debug)]
pub(crate) enum Db {
    /// A server.
    Postgres(PgPool),
    /// A file in this process.
    Sqlite(SqliteFile),
}

/// One SQLite file: one writer, a few readers, and the lock that keeps other processes out.
#[derive(Clone, Debug)]
pub(crate) struct SqliteFile {
    readers: SqlitePool,
    writer: SqlitePool,
    _lock: Arc<File>,
}

impl SqliteFile {
    /// Begins a transaction that takes the writer at once, so that no statement in it can find the file changed under it.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.writer.begin_with("begin immediate").await?)
    }
}

/// A transaction. Dropped without [`Tx::commit`], it never happened.
pub(crate) enum Tx {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

impl Tx {
    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Postgres(tx) => tx.commit().await?,
            Self::Sqlite(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// No transaction waits for anything but the database. A process that stands still in the middle of one must not hold on to
/// its rows: others have people's answers to store.
const NO_IDLE_TRANSACTIONS: &str = "set idle_in_transaction_session_timeout = '5s'";
/// A connection that was given back so short a time ago needs no test: it was tested then.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

impl Db {
    /// Opens the database of a URL: `postgres://…` or `sqlite:PATH`. `pool` is the number of connections to a server;
    /// `overflow` as many more under load.
    pub(crate) async fn open(url: &str, pool: u32, overflow: u32) -> Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Self::open_postgres(url, pool, overflow).await;
        }
        if url.starts_with("sqlite:") {
            return Self::open_sqlite(url).await;
        }
        Err(Error::Open("the database URL must begin with postgres:// or sqlite:".to_owned()))
    }

    async fn open_postgres(url: &str, pool: u32, overflow: u32) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)?.application_name("lia");
        let pool = PgPoolOptions::new()
            .max_connections(pool + overflow)
            // Waiting longer than this for a connection is an outage as far as the person is concerned.
            .acquire_timeout(Duration::from_secs(5))
            .idle_timeout(Duration::from_mins(1))
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_FOR {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(NO_IDLE_TRANSACTIONS).await.map(drop) })
            })
            .connect_with(options)
            .await?;
        Ok(Self::Postgres(pool))
    }

    async fn open_sqlite(url: &str) -> Result<Self> {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true)
            .optimize_on_close(true, None);
        let lock = lock_file(options.get_filename())?;
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(5))
            .idle_timeout(None)
            .max_lifetime(None)
            // A file in this process does not go away between two statements.
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(5))
            .idle_timeout(Duration::from_mins(1))
            .test_before_acquire(false)
            .connect_lazy_with(options.read_only(true).create_if_missing(false));
        Ok(Self::Sqlite(SqliteFile { readers, writer, _lock: Arc::new(lock) }))
    }

    /// The same database by way of connections of its own, for what must not wait behind requests: more than one, because
    /// one that has gone silent is given up long before the system finds that out. On SQLite it is the same: the writer is
    /// one, and no job holds it for long.
    pub(crate) async fn apart(&self, url: &str) -> Result<Self> {
        match self {
            Self::Postgres(_) => Self::open_postgres(url, 3, 0).await,
            Self::Sqlite(_) => Ok(self.clone()),
        }
    }

    /// Applies what is missing of the migrations.
    pub(crate) async fn migrate(&self) -> Result<()> {
        match self {
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                let migrated = sqlx::migrate!("../../migrations/postgres").run(&mut *connection).await;
                if migrated.is_err() {
                    // The lock of the migrations goes with its connection.
                    connection.close().await?;
                }
                migrated?;
            }
            Self::Sqlite(sqlite) => sqlx::migrate!("../../migrations/sqlite").run(&sqlite.writer).await?,
        }
        Ok(())
    }

    /// The engine's name, for people.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgres",
            Self::Sqlite(_) => "sqlite",
        }
    }

    /// What no other database says of itself: when it was made, and how many nanoseconds the first step of that took.
    pub(crate) async fn identity(&self) -> Result<String> {
        const SQL: &str = "select cast(installed_on as text) || ' ' || cast(execution_time as text) \
                           from _sqlx_migrations order by version limit 1";
        Ok(read!(self, |pool| sqlx::query_scalar(SQL).fetch_one(pool).await)?)
    }

    /// Asks it for nothing.
    pub(crate) async fn ping(&self) -> Result<()> {
        read!(self, |pool| sqlx::query("select 1").execute(pool).await.map(drop))?;
        Ok(())
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
            Self::Sqlite(sqlite) => Tx::Sqlite(sqlite.begin().await?),
        })
    }

    /// Waits for what is running and closes every connection.
    pub(crate) async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite(sqlite) => {
                sqlite.readers.close().await;
                sqlite.writer.close().await;
            }
        }
    }
}

/// Two processes on one file would each take the other's runs for orphans: the second does not start.
fn lock_file(database: &Path) -> Result<File> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let describe = |error: &dyn std::fmt::Display| {
        Error::Open(format!("the database file {} cannot be used: {error}", database.display()))
    };
    let file = File::create(Path::new(&path)).map_err(|error| describe(&error))?;
    file.try_lock().map_err(|_| describe(&"another Lia is running on it"))?;
    Ok(file)
}
