//! Sign-ins.

use super::users::{UserRow, preferences_from};
use super::{Db, Result, read, write};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use types::{Preferences, SessionId, User, UserId};

/// How somebody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Browser,
    Token,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Token => "token",
        }
    }
}

/// A row of the table.
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) user_id: UserId,
    pub(crate) kind: Kind,
    pub(crate) epoch: i64,
    pub(crate) data: Value,
    pub(crate) user_agent: Option<String>,
    pub(crate) expires_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct BrowserRow {
    user_id: i64,
    epoch: i64,
    data: Json<Value>,
    user_agent: Option<String>,
    expires_at: DateTime<Utc>,
}

/// Who a sign-in is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) user: User,
    /// The version of what lists of the user's conversations show.
    pub(crate) conversations_version: i64,
    pub(crate) last_seen_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct HolderRow {
    #[sqlx(flatten)]
    user: UserRow,
    conversations_version: i64,
    last_seen_at: DateTime<Utc>,
}

/// Stores a new sign-in.
pub(crate) async fn insert(db: &Db, session: &Session, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "insert into sessions (id, user_id, kind, epoch, data, user_agent, created_at, last_seen_at, \
                       expires_at) values ($1, $2, $3, $4, $5, $6, $7, $7, $8)";
    write!(db, |pool| sqlx::query(SQL)
        .bind(session.id.0)
        .bind(session.user_id.0)
        .bind(session.kind.as_str())
        .bind(session.epoch)
        .bind(Json(&session.data))
        .bind(&session.user_agent)
        .bind(now)
        .bind(session.expires_at)
        .execute(pool)
        .await
        .map(drop))?;
    Ok(())
}

/// The browser's sign-in with this id, if it has not expired.
pub(crate) async fn find_browser(db: &Db, id: SessionId, now: DateTime<Utc>) -> Result<Option<Session>> {
    const SQL: &str = "select user_id, epoch, data, user_agent, expires_at from sessions \
                       where id = $1 and kind = 'browser' and expires_at > $2";
    let row: Option<BrowserRow> =
        read!(db, |pool| sqlx::query_as(SQL).bind(id.0).bind(now).fetch_optional(pool).await?);
    Ok(row.map(|row| Session {
        id,
        user_id: UserId(row.user_id),
        kind: Kind::Browser,
        epoch: row.epoch,
        data: row.data.0,
        user_agent: row.user_agent,
        expires_at: row.expires_at,
    }))
}

/// Updates what a browser's sign-in carries. One that is gone stays gone.
pub(crate) async fn update(db: &Db, id: SessionId, data: &Value, expires_at: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "update sessions set data = $2, expires_at = $3 where id = $1 and kind = 'browser'";
    write!(db, |pool| sqlx::query(SQL).bind(id.0).bind(Json(data)).bind(expires_at).execute(pool).await.map(drop))?;
    Ok(())
}

/// The user of a sign-in that still holds.
pub(crate) async fn find_holder(db: &Db, id: SessionId, kind: Kind, now: DateTime<Utc>) -> Result<Option<Holder>> {
    const SQL: &str = "select u.id, u.email, u.username, u.role, u.created_at, u.conversations_version, s.last_seen_at \
                       from sessions s join users u on u.id = s.user_id \
                       where s.id = $1 and s.kind = $2 and s.epoch = u.session_epoch and s.expires_at > $3";
    let row: Option<HolderRow> =
        read!(db, |pool| sqlx::query_as(SQL).bind(id.0).bind(kind.as_str()).bind(now).fetch_optional(pool).await?);
    Ok(row.map(|row| Holder {
        user: row.user.into(),
        conversations_version: row.conversations_version,
        last_seen_at: row.last_seen_at,
    }))
}

/// What the user of a sign-in that still holds chose for all of their conversations.
pub(crate) async fn find_preferences(
    db: &Db,
    id: SessionId,
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<Option<Preferences>> {
    const SQL: &str = "select u.settings from sessions s join users u on u.id = s.user_id \
                       where s.id = $1 and s.kind = $2 and s.epoch = u.session_epoch and s.expires_at > $3";
    let row: Option<(Json<Value>,)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(id.0).bind(kind.as_str()).bind(now).fetch_optional(pool).await?);
    Ok(row.map(|(json,)| preferences_from(json.0)))
}

/// Notes that a sign-in is in use.
pub(crate) async fn touch(db: &Db, id: SessionId, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "update sessions set last_seen_at = $2 where id = $1";
    write!(db, |pool| sqlx::query(SQL).bind(id.0).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}

/// Ends a sign-in of a user.
pub(crate) async fn delete(db: &Db, id: SessionId, owner: UserId) -> Result<()> {
    const SQL: &str = "delete from sessions where id = $1 and user_id = $2";
    write!(db, |pool| sqlx::query(SQL).bind(id.0).bind(owner.0).execute(pool).await.map(drop))?;
    Ok(())
}

/// Ends a browser's sign-in by the cookie that only its holder has.
pub(crate) async fn delete_browser(db: &Db, id: SessionId) -> Result<()> {
    const SQL: &str = "delete from sessions where id = $1 and kind = 'browser'";
    write!(db, |pool| sqlx::query(SQL).bind(id.0).execute(pool).await.map(drop))?;
    Ok(())
}

/// Removes the sign-ins that have expired, and says how many.
pub(crate) async fn delete_expired(db: &Db, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "delete from sessions where expires_at <= $1";
    Ok(write!(db, |pool| sqlx::query(SQL).bind(now).execute(pool).await?.rows_affected()))
}
