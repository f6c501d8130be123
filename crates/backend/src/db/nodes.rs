//! Nodes: the processes that write answers, and until when each counts as alive.
//!
//! On Postgres every time here is the database's own, so that nodes whose clocks differ agree. A SQLite file belongs to one
//! process: whoever has it open is the only one alive.

use super::{Db, Result, write};
use std::time::Duration;
use uuid::Uuid;

/// SQL: the times that the lease of a node can have which is alive, where `$lease` is the parameter with the seconds that a
/// lease lasts. One that is longer was given before the database's clock was set back.
macro_rules! alive {
    ($lease:literal) => {
        concat!("between clock_timestamp() and clock_timestamp() + ", $lease, " * interval '2 seconds'")
    };
}

pub(super) use alive;

/// Renews a node's lease, or makes the node known, and says whether there are others alive.
pub(crate) async fn renew(db: &Db, id: Uuid, lease: Duration) -> Result<bool> {
    match db {
        Db::Postgres(pool) => {
            const SQL: &str = concat!(
                "insert into nodes (id, lease_until) values ($1, clock_timestamp() + $2 * interval '1 second') \
                 on conflict (id) do update set lease_until = excluded.lease_until \
                 returning exists (select 1 from nodes n where n.id <> $1 and n.lease_until ",
                alive!("$2"),
                ")"
            );
            let (others,): (bool,) = sqlx::query_as(SQL).bind(id).bind(lease.as_secs_f64()).fetch_one(pool).await?;
            Ok(others)
        }
        Db::Sqlite(sqlite) => {
            // Its lease lasts as long as the process has the file.
            const SQL: &str = "insert into nodes (id, lease_until) values ($1, '9999-12-31T00:00:00+00:00') \
                               on conflict (id) do nothing";
            sqlx::query(SQL).bind(id).execute(&sqlite.writer).await?;
            Ok(false)
        }
    }
}

/// Removes a node. The runs that are still its own are then nobody's.
pub(crate) async fn delete(db: &Db, id: Uuid) -> Result<()> {
    write!(db, |pool| sqlx::query("delete from nodes where id = $1").bind(id).execute(pool).await.map(drop))?;
    Ok(())
}

/// Removes the nodes that are dead for good, and says how many. On SQLite all others are.
pub(crate) async fn delete_dead(db: &Db, own: Uuid) -> Result<u64> {
    let result = match db {
        Db::Postgres(pool) => {
            const SQL: &str =
                "delete from nodes where id <> $1 and lease_until < clock_timestamp() - interval '1 hour'";
            sqlx::query(SQL).bind(own).execute(pool).await?.rows_affected()
        }
        Db::Sqlite(sqlite) => {
            sqlx::query("delete from nodes where id <> $1").bind(own).execute(&sqlite.writer).await?.rows_affected()
        }
    };
    Ok(result)
}
