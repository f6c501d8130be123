//! What a person chose for all of their conversations. Which model then answers is for `models` to say.

use crate::{Actor, Backend, db, error::Result};
use types::Preferences;

/// What the user chose.
pub async fn get(backend: &Backend, actor: &Actor) -> Result<Preferences> {
    Ok(db::users::find_preferences(&backend.db, actor.id()).await?.unwrap_or_default())
}

/// Replaces what the user chose, all of it.
pub async fn replace(backend: &Backend, actor: &Actor, preferences: Preferences) -> Result<Preferences> {
    preferences.validate()?;
    db::users::update_preferences(&backend.db, actor.id(), &preferences, backend.clock.now()).await?;
    Ok(preferences)
}
