//! Asks the server for the models and for what the person prefers, and tells it what was chosen. Runs in handlers only,
//! which means in the browser.

use super::{Chat, Picker};
use crate::{
    AppError,
    server_fns::{choose_model, list_models, preferences, save_preferences},
};
use leptos::{prelude::*, task::spawn_local};
use types::{ApiError, ErrorCode, ModelRef, Preferences, PreferencesChange, ProviderView};

/// Fetches the favourites and the models; `then` is called when they have come, or have not. What is shown of an earlier
/// time stays until then.
pub(crate) fn fetch(chat: Chat, picker: StoredValue<Picker>, then: impl Fn() + 'static) {
    let changes = picker.with_value(|picker| picker.changes);
    spawn_local(async move {
        // The preferences first: nothing can be chosen, and so nothing saved, before they are known.
        let answer = read().await;
        picker.update_value(|picker| match answer {
            Ok((found, views)) => {
                // What was chosen meanwhile is newer than what was read.
                if picker.changes == changes && !picker.saving {
                    picker.preferences = found;
                }
                picker.fill(views, chat.model.get_untracked().as_ref());
                prefer_other(chat, picker);
            }
            Err(AppError(error)) => picker.problem = Some(error),
        });
        // The button knows the model's name now.
        chat.model.update(|_| {});
        then();
    });
}

async fn read() -> Result<(Preferences, Vec<ProviderView>), AppError> {
    Ok((preferences().await?, list_models().await?))
}

/// Where a provider has failed, the first model of another one is the one to take.
pub(crate) fn prefer_other(chat: Chat, picker: &mut Picker) {
    let Some(row) = picker.ask_again else { return };
    let failed = chat.rows.with_untracked(|rows| {
        let row = rows.iter().find(|known| known.key == row)?;
        row.outcome.with_untracked(|outcome| outcome.model.as_ref().map(|model| model.provider.clone()))
    });
    if let Some(provider) = failed {
        picker.activate_other(&provider, chat.model.get_untracked().as_ref());
    }
}

/// Chooses the model that answers here, and in new conversations.
pub(crate) fn choose(chat: Chat, picker: StoredValue<Picker>, model: ModelRef) {
    chat.model.set(Some(model.clone()));
    chat.unseen.update_value(|unseen| unseen.usual_model = Some(model.clone()));
    picker.update_value(|picker| picker.prefer(model.clone()));
    save(chat, picker);
    if let Some(id) = chat.place.get_untracked().conversation() {
        spawn_local(async move {
            if let Err(AppError(error)) = choose_model(id, model).await {
                chat.notice.set(Some(error));
            }
        });
    }
}

/// Marks a model as a favourite, or takes the mark away.
pub(crate) fn toggle_favourite(chat: Chat, picker: StoredValue<Picker>, number: usize) {
    let mut has_room = true;
    picker.update_value(|picker| has_room = picker.toggle_favourite(number));
    if has_room {
        save(chat, picker);
    } else {
        let text = "You have as many favourites as there may be. Take one away first.";
        chat.notice.set(Some(ApiError::new(ErrorCode::BadRequest, text)));
    }
}

/// Saves what was chosen; one request at a time, so that the last choice is the one that stays.
fn save(chat: Chat, picker: StoredValue<Picker>) {
    if picker.with_value(|picker| picker.saving) {
        return;
    }
    picker.update_value(|picker| picker.saving = true);
    spawn_local(async move {
        loop {
            let changes = picker.with_value(|picker| picker.changes);
            let mut change = PreferencesChange::default();
            picker.update_value(|picker| change = std::mem::take(&mut picker.unsaved));
            if let Err(AppError(error)) = save_preferences(change).await {
                chat.notice.set(Some(error));
            }
            if picker.with_value(|picker| picker.changes == changes) {
                break;
            }
        }
        picker.update_value(|picker| picker.saving = false);
    });
}
