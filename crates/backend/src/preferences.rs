//! What a person chose for all of their conversations. Which model then answers is for `models` to say.

use crate::{Actor, Backend, db, error::Result};
use types::{Preferences, PreferencesChange};

/// What the user chose.
pub async fn get(backend: &Backend, actor: &Actor) -> Result<Preferences> {
    Ok(db::users::find_preferences(&backend.db, actor.id()).await?.unwrap_or_default())
}

/// Replaces what the user chose, all of it.
pub async fn replace(backend: &Backend, actor: &Actor, preferences: Preferences) -> Result<Preferences> {
    preferences.validate()?;
    let mut tx = backend.db.begin().await?;
    db::users::update_preferences(&mut tx, actor.id(), &preferences, backend.clock.now()).await?;
    tx.commit().await?;
    Ok(preferences)
}

/// Changes some of what the user chose, whatever else of it is being changed elsewhere; gives all of it as it is then.
pub async fn change(backend: &Backend, actor: &Actor, change: PreferencesChange) -> Result<Preferences> {
    let now = backend.clock.now();
    let mut tx = backend.db.begin().await?;
    let mut preferences = db::users::hold_preferences(&mut tx, actor.id(), now).await?.unwrap_or_default();
    change.apply(&mut preferences);
    preferences.validate()?;
    db::users::update_preferences(&mut tx, actor.id(), &preferences, now).await?;
    tx.commit().await?;
    Ok(preferences)
}
