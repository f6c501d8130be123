//! Signing in, registering and signing out with plain forms, which work before any script has loaded.
//!
//! Every answer is a redirect. What went wrong travels in a cookie of one minute to the page that shows it, with what
//! was typed except the password.

use super::auth::user_agent;
use crate::{
    edge::{
        actor::Caller,
        cookies,
        rate_limit::{SignInPermit, TooMany},
    },
    error::{Error, Result},
    extract::Form,
    state::AppState,
};
use axum::{
    Extension, Router,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Redirect, Response},
    routing::post,
};
use backend::{accounts, sessions};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use types::{ApiError, Login, Register};

/// The cookie that carries a form's failure to its page.
pub const FLASH: &str = "lia_flash";

/// The forms' routes. Their pages are Leptos'.
pub fn router() -> Router<AppState> {
    Router::new().route("/login", post(login)).route("/register", post(register)).route("/logout", post(logout))
}

/// What the sign-in page sends. Absent fields are empty ones, so that the check of the fields answers.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct LoginForm {
    email: String,
    password: String,
    next: String,
}

/// What the registration page sends.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct RegisterForm {
    email: String,
    username: String,
    password: String,
    next: String,
}

/// A form that failed.
#[derive(Debug, Serialize)]
struct Flash<'a> {
    form: &'static str,
    email: &'a str,
    username: &'a str,
    error: &'a ApiError,
}

async fn login(
    State(state): State<AppState>,
    permit: Result<SignInPermit, TooMany>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Response {
    let attempt = async {
        permit.map_err(|refused| Error(refused.error()))?;
        let request = Login { email: form.email.clone(), password: form.password };
        let account = accounts::check_password(&state.backend, request).await?;
        cookies::sign_in(&session, &account, user_agent(&headers)).await
    };
    match attempt.await {
        Ok(()) => Redirect::to(local(&form.next)).into_response(),
        Err(Error(error)) => {
            back("/login", &form.next, &Flash { form: "login", email: &form.email, username: "", error: &error })
        }
    }
}

async fn register(
    State(state): State<AppState>,
    permit: Result<SignInPermit, TooMany>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    Form(form): Form<RegisterForm>,
) -> Response {
    let attempt = async {
        permit.map_err(|refused| Error(refused.error()))?;
        let request = Register { email: form.email.clone(), username: form.username.clone(), password: form.password };
        let account = accounts::register(&state.backend, request).await?;
        cookies::sign_in(&session, &account, user_agent(&headers)).await
    };
    match attempt.await {
        Ok(()) => Redirect::to(local(&form.next)).into_response(),
        Err(Error(error)) => {
            let flash = Flash { form: "register", email: &form.email, username: &form.username, error: &error };
            back("/register", &form.next, &flash)
        }
    }
}

/// Signing out of a sign-in that is already dead is done too.
async fn logout(
    State(state): State<AppState>,
    caller: Option<Caller>,
    Extension(session): Extension<Session>,
) -> Result<Redirect> {
    if let Some(caller) = caller {
        sessions::log_out(&state.backend, &caller).await?;
    }
    cookies::sign_out(&session).await?;
    Ok(Redirect::to("/login"))
}

/// Back to the form's page, with what went wrong.
fn back(page: &str, next: &str, flash: &Flash<'_>) -> Response {
    // Cookies hold 4 KiB at most; no acceptable input is longer than this.
    let flash = Flash { email: head(flash.email, 254), username: head(flash.username, 50), ..*flash };
    let value = serde_json::to_vec(&flash).map(|json| URL_SAFE_NO_PAD.encode(json)).unwrap_or_default();
    let cookie = format!("{FLASH}={value}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
    let location = match local(next) {
        "/" => page.to_owned(),
        next => {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            format!("{page}?{query}")
        }
    };
    let mut response = Redirect::to(&location).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Where to go afterwards: a path of this site, else the start page. `//host` and `/\host` are other sites to a browser.
fn local(next: &str) -> &str {
    let is_path = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
    let is_plain = next.len() <= 2000 && next.bytes().all(|byte| byte.is_ascii_graphic());
    if is_path && is_plain { next } else { "/" }
}

fn head(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::ErrorCode;

    #[test]
    fn only_paths_of_this_site_are_gone_to() {
        assert_eq!(local("/c/0190a7c4?x=1#y"), "/c/0190a7c4?x=1#y");
        for elsewhere in ["", "c", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/ä"] {
            assert_eq!(local(elsewhere), "/", "{elsewhere:?}");
        }
    }

    #[test]
    fn a_failure_fits_into_a_cookie_however_long_the_input() {
        let long = "ü".repeat(100_000);
        let error = ApiError::new(ErrorCode::ValidationFailed, "m");
        let flash = Flash { form: "register", email: &long, username: &long, error: &error };
        let response = back("/register", "/c/1", &flash);
        assert!(response.headers()[header::SET_COOKIE].len() < 4096);
        assert_eq!(response.headers()[header::LOCATION], "/register?next=%2Fc%2F1");
    }
}
