//! Sign-ins: making, finding and ending them. Each is a row; what it carries is the door's business.

use crate::{
    Account, Actor, Backend, Error, Via,
    bus::{self, Hint},
    db,
    error::Result,
    events,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use types::{AccessToken, ErrorCode, Preferences, SessionId, UserId};
use uuid::Uuid;

/// A browser's sign-in as its cookie's store sees it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The cookie's value.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The account's epoch at sign-in.
    pub epoch: i64,
    /// What the store keeps with it.
    pub data: Value,
    /// The browser, as it names itself; cut to 255 characters.
    pub user_agent: Option<String>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// How long a sign-in may go unnoted before its last use is written again.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(15);

/// Signs an API client in: a row, and the token that names it.
pub async fn issue_token(backend: &Backend, account: &Account, user_agent: Option<&str>) -> Result<AccessToken> {
    let now = backend.clock.now();
    let lifetime = TimeDelta::days(i64::from(backend.config.token_days));
    let session = db::sessions::Session {
        id: SessionId(Uuid::new_v4()),
        user_id: account.user.id,
        kind: db::sessions::Kind::Token,
        epoch: account.epoch,
        data: json!({}),
        user_agent: short(user_agent),
        expires_at: now + lifetime,
    };
    db::sessions::insert(&backend.db, &session, now).await?;
    let access_token = backend.tokens.sign(account.user.id, session.id, account.epoch, now, session.expires_at)?;
    Ok(AccessToken {
        access_token,
        token_type: "bearer".to_owned(),
        expires_in: lifetime.num_seconds(),
        user: account.user.clone(),
    })
}

/// Stores a browser's sign-in. `false`: the id is in use, choose another.
pub async fn create(backend: &Backend, record: &Record) -> Result<bool> {
    let session = db::sessions::Session {
        id: record.id,
        user_id: record.user_id,
        kind: db::sessions::Kind::Browser,
        epoch: record.epoch,
        data: record.data.clone(),
        user_agent: short(record.user_agent.as_deref()),
        expires_at: record.expires_at,
    };
    match db::sessions::insert(&backend.db, &session, backend.clock.now()).await {
        Ok(()) => Ok(true),
        Err(db::Error::Duplicate) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Updates what a browser's sign-in carries. One that has been ended is not brought back.
pub async fn save(backend: &Backend, id: SessionId, data: &Value, expires_at: DateTime<Utc>) -> Result<()> {
    Ok(db::sessions::update(&backend.db, id, data, expires_at).await?)
}

/// A browser's sign-in, if it has not ended.
pub async fn load(backend: &Backend, id: SessionId) -> Result<Option<Record>> {
    let found = db::sessions::find_browser(&backend.db, id, backend.clock.now()).await?;
    Ok(found.map(|session| Record {
        id: session.id,
        user_id: session.user_id,
        epoch: session.epoch,
        data: session.data,
        user_agent: session.user_agent,
        expires_at: session.expires_at,
    }))
}

/// Ends a browser's sign-in: its cookie is nothing from now on, and its open streams end.
pub async fn delete(backend: &Backend, id: SessionId) -> Result<()> {
    db::sessions::delete_browser(&backend.db, id).await?;
    end_streams(backend, id).await;
    Ok(())
}

/// Ends what follows under a sign-in that is no more, on every node.
async fn end_streams(backend: &Backend, id: SessionId) {
    backend.runs.end_followers_of(id);
    bus::tell(backend, Hint::SignedOut(id)).await;
}

/// Who a browser's cookie is. `None` is nobody; a database that cannot be asked is an error, never "nobody".
pub async fn actor_from_session(backend: &Backend, id: SessionId, request_id: &str) -> Result<Option<Actor>> {
    actor(backend, id, Via::Session, request_id).await
}

/// Who an access token is. `None` is nobody; a database that cannot be asked is an error, never "nobody".
pub async fn actor_from_token(backend: &Backend, token: &str, request_id: &str) -> Result<Option<Actor>> {
    let Some(claims) = backend.tokens.read(token, backend.clock.now()) else { return Ok(None) };
    let actor = actor(backend, claims.sid, Via::Token, request_id).await?;
    // The row and the signature agree unless somebody has restored another database under the same secret.
    Ok(actor.filter(|actor| actor.user.id.to_string() == claims.sub))
}

/// Ends the sign-in of whoever asks: it is dead at once, streams included.
pub async fn log_out(backend: &Backend, actor: &Actor) -> Result<()> {
    db::sessions::delete(&backend.db, actor.session, actor.id()).await?;
    end_streams(backend, actor.session).await;
    events::check_sign_ins(backend, actor.id());
    Ok(())
}

/// Refuses an actor whose sign-in has ended since they were found: reading a request can take a while.
pub(crate) async fn still_holds(backend: &Backend, actor: &Actor) -> Result<()> {
    let kind = kind_of(actor.via);
    let holder = db::sessions::find_holder(&backend.db, actor.session, kind, backend.clock.now()).await?;
    holder.map(drop).ok_or_else(not_signed_in)
}

/// The same, with what the user prefers: one question to the database where an answer's start would ask two.
pub(crate) async fn preferences_of_holder(backend: &Backend, actor: &Actor) -> Result<Preferences> {
    let kind = kind_of(actor.via);
    let found = db::sessions::find_preferences(&backend.db, actor.session, kind, backend.clock.now()).await?;
    found.ok_or_else(not_signed_in)
}

fn not_signed_in() -> Error {
    Error::refused(ErrorCode::NotSignedIn, "Sign in first.")
}

/// Removes the rows of sign-ins that have expired.
pub(crate) async fn prune(backend: &Backend) -> Result<u64> {
    Ok(db::sessions::delete_expired(&backend.db, backend.clock.now()).await?)
}

async fn actor(backend: &Backend, id: SessionId, via: Via, request_id: &str) -> Result<Option<Actor>> {
    let now = backend.clock.now();
    let kind = kind_of(via);
    let Some(holder) = db::sessions::find_holder(&backend.db, id, kind, now).await? else { return Ok(None) };
    if now - holder.last_seen_at > TOUCH_EVERY {
        db::sessions::touch(&backend.db, id, now).await?;
    }
    Ok(Some(Actor {
        user: holder.user,
        conversations_version: holder.conversations_version,
        session: id,
        via,
        request_id: request_id.to_owned(),
    }))
}

const fn kind_of(via: Via) -> db::sessions::Kind {
    match via {
        Via::Session => db::sessions::Kind::Browser,
        Via::Token => db::sessions::Kind::Token,
    }
}

/// A client's name for itself, without NUL and at a length that is worth keeping.
fn short(user_agent: Option<&str>) -> Option<String> {
    user_agent.map(|text| text.chars().filter(|c| *c != '\0').take(255).collect())
}
