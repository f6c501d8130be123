//! Asks the server for the models and for what the person prefers, and tells it what was chosen. Runs in handlers only,
//! which means in the browser.

use super::{Chat, Picker};
use crate::{
    AppError,
    server_fns::{choose_model, list_models, preferences, save_preferences},
};
use leptos::{prelude::*, task::spawn_local};
use types::{ApiError, ErrorCode, ModelRef, Preferences, ProviderView};

/// Fetches the favourites and the models. What is shown of an earlier time stays until they have come.
pub(crate) fn fetch(chat: Chat, picker: Picker) {
    picker.problem.set(None);
    spawn_local(async move {
        // The preferences first: nothing can be chosen, and so nothing saved, before they are known.
        match read().await {
            Ok((found, views)) => {
                // What is being saved is newer than what was read.
                if !picker.saving.get_value() {
                    picker.preferences.set(found);
                }
                picker.fill(views, chat.model.get_untracked().as_ref());
                prefer_other(chat, picker);
            }
            Err(AppError(error)) => picker.problem.set(Some(error)),
        }
    });
}

async fn read() -> Result<(Preferences, Vec<ProviderView>), AppError> {
    Ok((preferences().await?, list_models().await?))
}

/// Where a provider has failed, the first model of another one is the one to take.
pub(crate) fn prefer_other(chat: Chat, picker: Picker) {
    let Some(row) = picker.ask_again.get_untracked() else { return };
    let failed = chat.rows.with_untracked(|rows| {
        let row = rows.iter().find(|known| known.key == row)?;
        row.outcome.with_untracked(|outcome| outcome.model.as_ref().map(|model| model.provider.clone()))
    });
    if let Some(provider) = failed {
        picker.activate_other(&provider, chat.model.get_untracked().as_ref());
    }
}

/// Chooses the model that answers here, and in new conversations.
pub(crate) fn choose(chat: Chat, picker: Picker, model: ModelRef) {
    chat.model.set(Some(model.clone()));
    chat.usual_model.set(Some(model.clone()));
    picker.preferences.update(|preferences| preferences.model = Some(model.clone()));
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
pub(crate) fn toggle_favourite(chat: Chat, picker: Picker, number: usize) {
    if picker.toggle_favourite(number) {
        save(chat, picker);
    } else {
        let text = "You have as many favourites as there may be. Take one away first.";
        chat.notice.set(Some(ApiError::new(ErrorCode::BadRequest, text)));
    }
}

/// Saves the preferences; one request at a time, and the last one brings what was chosen last.
fn save(chat: Chat, picker: Picker) {
    if picker.saving.get_value() {
        return;
    }
    picker.saving.set_value(true);
    spawn_local(async move {
        loop {
            let sent = picker.preferences.get_untracked();
            let answer = save_preferences(sent.clone()).await;
            if let Err(AppError(error)) = answer {
                chat.notice.set(Some(error));
            } else if picker.preferences.with_untracked(|now| *now != sent) {
                continue;
            }
            break;
        }
        picker.saving.set_value(false);
    });
}
