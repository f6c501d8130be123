//! Accounts.

use super::{Db, Error, Result, Tx, read, within, write};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use types::{ModelRef, Preferences, User, UserId, UserRole};

/// An account that is to be made.
pub(crate) struct NewUser<'a> {
    pub(crate) email: &'a str,
    pub(crate) username: &'a str,
    pub(crate) password_hash: &'a str,
    pub(crate) session_epoch: i64,
    pub(crate) now: DateTime<Utc>,
}

/// An account with what signing in needs.
pub(crate) struct Credentials {
    pub(crate) user: User,
    pub(crate) password_hash: String,
    pub(crate) session_epoch: i64,
}

/// The columns of [`User`].
#[derive(sqlx::FromRow)]
pub(super) struct UserRow {
    id: i64,
    email: String,
    username: String,
    role: String,
    created_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct CredentialsRow {
    #[sqlx(flatten)]
    user: UserRow,
    password_hash: String,
    session_epoch: i64,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: UserId(row.id),
            email: row.email,
            username: row.username,
            role: role_from(&row.role),
            created_at: row.created_at,
        }
    }
}

/// What two addresses or names are compared by.
pub(crate) fn key(text: &str) -> String {
    text.to_lowercase()
}

fn role_from(text: &str) -> UserRole {
    // The column's check allows two values; anything else has no rights.
    if text == "admin" { UserRole::Admin } else { UserRole::User }
}

const fn role_str(role: UserRole) -> &'static str {
    match role {
        UserRole::User => "user",
        UserRole::Admin => "admin",
    }
}

/// Takes the installation if nobody has it yet, and says whether this call did. Others who ask at the same time wait
/// for this transaction to end.
pub(crate) async fn claim_installation(tx: &mut Tx, now: DateTime<Utc>) -> Result<bool> {
    const SQL: &str = "insert into installation (id, first_admin_at) values (1, $1) on conflict do nothing";
    let rows = within!(tx, |connection| sqlx::query(SQL).bind(now).execute(connection).await?.rows_affected());
    Ok(rows == 1)
}

/// Makes an account. [`Error::Duplicate`] where the address or the name is taken.
pub(crate) async fn insert(tx: &mut Tx, user: &NewUser<'_>, role: UserRole) -> Result<User> {
    const SQL: &str = "insert into users (email, email_key, username, username_key, password_hash, role, session_epoch, \
                       conversations_version, settings, created_at, updated_at) \
                       values ($1, $2, $3, $4, $5, $6, $7, $7, '{}', $8, $8) \
                       returning id, email, username, role, created_at";
    let row: UserRow = within!(tx, |connection| sqlx::query_as(SQL)
        .bind(user.email)
        .bind(key(user.email))
        .bind(user.username)
        .bind(key(user.username))
        .bind(user.password_hash)
        .bind(role_str(role))
        .bind(user.session_epoch)
        .bind(user.now)
        .fetch_one(connection)
        .await?);
    Ok(row.into())
}

/// Which of the two is taken: `(address, name)`.
pub(crate) async fn taken(db: &Db, email: &str, username: &str) -> Result<(bool, bool)> {
    const SQL: &str = "select email_key, username_key from users where email_key = $1 or username_key = $2";
    let (email, username) = (key(email), key(username));
    let rows: Vec<(String, String)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(&email).bind(&username).fetch_all(pool).await?);
    Ok((rows.iter().any(|row| row.0 == email), rows.iter().any(|row| row.1 == username)))
}

/// The account of an address, in any case.
pub(crate) async fn find_credentials(db: &Db, email: &str) -> Result<Option<Credentials>> {
    const SQL: &str = "select id, email, username, role, created_at, password_hash, session_epoch from users \
                       where email_key = $1";
    let row: Option<CredentialsRow> =
        read!(db, |pool| sqlx::query_as(SQL).bind(key(email)).fetch_optional(pool).await?);
    Ok(row.map(|row| Credentials {
        user: row.user.into(),
        password_hash: row.password_hash,
        session_epoch: row.session_epoch,
    }))
}

/// Makes the account of an address an admin and ends its sign-ins, whose rights were others. `None` if there is none.
pub(crate) async fn promote(db: &Db, email: &str, epoch: i64, now: DateTime<Utc>) -> Result<Option<User>> {
    const SQL: &str = "update users set role = 'admin', session_epoch = $2, updated_at = $3 where email_key = $1 \
                       returning id, email, username, role, created_at";
    let row: Result<Option<UserRow>, sqlx::Error> =
        write!(db, |pool| sqlx::query_as(SQL).bind(key(email)).bind(epoch).bind(now).fetch_optional(pool).await);
    row.map(|row| row.map(User::from)).map_err(Error::from)
}

/// What a person chose for all of their conversations, as it is stored. What another edition of Lia wrote and this one
/// cannot read is as good as not chosen.
pub(super) fn preferences_from(settings: Value) -> Preferences {
    serde_json::from_value(settings).unwrap_or_else(|error| {
        tracing::warn!(%error, "the preferences of an account cannot be read");
        Preferences::default()
    })
}

/// What the user chose for all of their conversations.
pub(crate) async fn find_preferences(db: &Db, owner: UserId) -> Result<Option<Preferences>> {
    const SQL: &str = "select settings from users where id = $1";
    let row: Option<(Json<Value>,)> = read!(db, |pool| sqlx::query_as(SQL).bind(owner.0).fetch_optional(pool).await?);
    Ok(row.map(|(json,)| preferences_from(json.0)))
}

/// The same, and until the end of the transaction nobody else changes it. The first statement has to be a write.
pub(crate) async fn hold_preferences(tx: &mut Tx, owner: UserId, now: DateTime<Utc>) -> Result<Option<Preferences>> {
    const SQL: &str = "update users set updated_at = $2 where id = $1 returning settings";
    let row: Option<(Json<Value>,)> =
        within!(tx, |connection| sqlx::query_as(SQL).bind(owner.0).bind(now).fetch_optional(connection).await?);
    Ok(row.map(|(json,)| preferences_from(json.0)))
}

/// Replaces what the user chose.
pub(crate) async fn update_preferences(
    tx: &mut Tx,
    owner: UserId,
    preferences: &Preferences,
    now: DateTime<Utc>,
) -> Result<()> {
    const SQL: &str = "update users set settings = $2, updated_at = $3 where id = $1";
    within!(tx, |connection| sqlx::query(SQL)
        .bind(owner.0)
        .bind(Json(preferences))
        .bind(now)
        .execute(connection)
        .await
        .map(drop))?;
    Ok(())
}

/// Makes a model the one that answers in the user's new conversations, and leaves the rest of what they chose alone:
/// they may be changing it at this moment.
pub(crate) async fn prefer_model(tx: &mut Tx, owner: UserId, model: &ModelRef, now: DateTime<Utc>) -> Result<()> {
    const POSTGRES: &str = "update users set settings = settings || jsonb_build_object('model', $2::jsonb), \
                            updated_at = $3 where id = $1";
    const SQLITE: &str = "update users set settings = json_set(settings, '$.model', json($2)), updated_at = $3 \
                          where id = $1";
    match tx {
        Tx::Postgres(tx) => {
            sqlx::query(POSTGRES).bind(owner.0).bind(Json(model)).bind(now).execute(&mut **tx).await.map(drop)?;
        }
        Tx::Sqlite(tx) => {
            sqlx::query(SQLITE).bind(owner.0).bind(Json(model)).bind(now).execute(&mut **tx).await.map(drop)?;
        }
    }
    Ok(())
}
