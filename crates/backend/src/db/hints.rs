//! Postgres as a messenger between nodes: LISTEN on a connection of its own, NOTIFY outside of every other transaction.

use super::{Db, Error, Result};
use sqlx::postgres::PgListener;

/// The channel's name.
const CHANNEL: &str = "lia";

/// A connection that hears what nodes tell each other.
pub(crate) struct Listener(PgListener);

impl Listener {
    /// `None` on SQLite, where there is nobody to hear.
    pub(crate) async fn connect(db: &Db, url: &str) -> Result<Option<Self>> {
        match db {
            Db::Postgres(_) => {
                let mut listener = PgListener::connect(url).await?;
                listener.listen(CHANNEL).await?;
                Ok(Some(Self(listener)))
            }
            Db::Sqlite(_) => Ok(None),
        }
    }

    /// What was told next. `None`: the connection broke, and something may have been missed.
    pub(crate) async fn next(&mut self) -> Result<Option<String>> {
        Ok(self.0.try_recv().await.map_err(Error::from)?.map(|hint| hint.payload().to_owned()))
    }
}

/// Tells all nodes something; this one hears it too. At most 8,000 bytes.
pub(crate) async fn tell(db: &Db, text: &str) -> Result<()> {
    match db {
        Db::Postgres(pool) => {
            sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(text).execute(pool).await?;
        }
        Db::Sqlite(_) => {}
    }
    Ok(())
}
