//! What a page may know of the request it is rendered for: who asks, the cookies, and the answer's status and headers.
//! Only this module of the UI knows that there is an HTTP server; it decides nothing.

use crate::{AppError, pages::flash::Flash, theme::Theme};
use backend::{Actor, Backend};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{COOKIE, LOCATION, SET_COOKIE},
    request::Parts,
};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use types::{ApiError, ErrorCode, ModelRef, UserId};

/// The signed-in user, put into the request's extensions by the server.
pub(crate) fn actor() -> Result<Actor, AppError> {
    use_context::<Parts>()
        .and_then(|parts| parts.extensions.get::<Actor>().cloned())
        .ok_or_else(|| ApiError::new(ErrorCode::NotSignedIn, "Sign in to go on.").into())
}

/// What a server function needs: Lia, and who asks.
pub(crate) fn caller() -> Result<(Backend, Actor), AppError> {
    Ok((expect_context::<Backend>(), actor()?))
}

/// The same, for what is a certain user's to ask.
pub(crate) fn caller_as(user: Option<UserId>) -> Result<(Backend, Actor), AppError> {
    let (backend, actor) = caller()?;
    if user.is_some_and(|user| user != actor.user.id) {
        let message = "Another account is signed in in this browser. Sign in as yourself to send this.";
        return Err(ApiError::new(ErrorCode::NotSignedIn, message).into());
    }
    Ok((backend, actor))
}

/// A failure of the backend on its way out. Its internals go to the log, once and here, and nowhere else.
pub(crate) fn failed(error: backend::Error) -> AppError {
    if error.is_fault() {
        tracing::error!(error = &error as &dyn std::error::Error, "a server function failed");
    }
    AppError(error.into())
}

/// The path of the request. There is none while the routes are listed.
pub(crate) fn path() -> String {
    use_context::<Parts>().map_or_else(|| "/".to_owned(), |parts| parts.uri.path().to_owned())
}

/// Whether the request's query is this word.
pub(crate) fn is_query(word: &str) -> bool {
    use_context::<Parts>().is_some_and(|parts| parts.uri.query() == Some(word))
}

/// Gives the page a status that is not 200.
pub(crate) fn set_status(status: u16) {
    if let (Some(options), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        options.set_status(status);
    }
}

/// Sends the visitor elsewhere, whatever their browser says it accepts.
pub(crate) fn redirect(path: &str) {
    if let (Some(options), Ok(path)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(path)) {
        options.insert_header(LOCATION, path);
        options.set_status(StatusCode::SEE_OTHER);
    }
}

/// The value of a cookie of the request, as it was sent.
pub(crate) fn cookie(name: &str) -> Option<String> {
    let parts = use_context::<Parts>()?;
    parts
        .headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// The model that answers this user's new conversations.
pub(crate) async fn usual_model() -> Result<Option<ModelRef>, AppError> {
    let (backend, actor) = caller()?;
    let (provider, model) = backend::models::default_choice(&backend, &actor).await.map_err(failed)?;
    Ok(Some(ModelRef { provider, model }))
}

/// The names of these models for people. One that is gone has none.
pub(crate) async fn names_of_models(
    models: impl IntoIterator<Item = ModelRef>,
) -> Result<Vec<(ModelRef, String)>, AppError> {
    let (backend, actor) = caller()?;
    let catalogue = backend::models::catalogue(&backend, &actor).await.map_err(failed)?;
    let name = |wanted: &ModelRef| {
        let models = catalogue.get(&wanted.provider)?;
        models.iter().find(|model| model.id == wanted.model).map(|model| model.name.clone())
    };
    Ok(models.into_iter().filter_map(|model| name(&model).map(|name| (model, name))).collect())
}

/// The theme chosen in this browser.
pub(crate) fn theme() -> Theme {
    cookie(Theme::COOKIE).map_or(Theme::System, |value| Theme::from_name(&value))
}

/// What the last submission of a form left behind. It is shown once: the cookie ends with this answer.
pub(crate) fn take_flash() -> Option<Flash> {
    let flash = Flash::from_cookie(&cookie(Flash::COOKIE)?);
    if let Some(options) = use_context::<ResponseOptions>() {
        let expired = HeaderValue::from_static("lia_flash=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
        options.append_header(SET_COOKIE, expired);
        // A page with somebody's input in it is nobody else's.
        options.insert_header(HeaderName::from_static("cache-control"), HeaderValue::from_static("no-store"));
    }
    flash
}
