//! Accounts and access tokens, for API clients. Browsers sign in through `forms` and hold a cookie instead.

use crate::{
    edge::{actor::Caller, cookies, rate_limit::SignInPermit},
    error::Result,
    extract::Json,
    state::AppState,
};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use backend::{Via, accounts, sessions};
use tower_sessions::Session;
use types::{AccessToken, Envelope, Login, Register, User};

/// The longest name of a client that is kept.
const USER_AGENT_MAX_BYTES: usize = 255;

/// Make an account and sign in with it
///
/// The first account of an installation is its admin.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "accounts",
    request_body(content = Register, example = json!({
        "email": "ada@example.com", "username": "ada", "password": "securepass123"
    })),
    responses(
        (status = 201, description = "The account and its first access token", body = AccessToken),
        (status = 403, description = "Registration is closed", body = Envelope),
        (status = 409, description = "The e-mail address or the username is taken", body = Envelope),
        (status = 422, description = "A field is not acceptable", body = Envelope),
        (status = 429, description = "Too many attempts from this address", body = Envelope),
    ),
)]
pub async fn register(
    State(state): State<AppState>,
    _: SignInPermit,
    headers: HeaderMap,
    Json(request): Json<Register>,
) -> Result<(StatusCode, Json<AccessToken>)> {
    let account = accounts::register(&state.backend, request).await?;
    let token = sessions::issue_token(&state.backend, &account, user_agent(&headers)).await?;
    Ok((StatusCode::CREATED, Json(token)))
}

/// Sign in
///
/// The answer to an unknown address and to a wrong password is the same, in text and in time.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "accounts",
    request_body(content = Login, example = json!({"email": "ada@example.com", "password": "securepass123"})),
    responses(
        (status = 200, description = "A new access token", body = AccessToken),
        (status = 401, description = "The address and the password do not fit", body = Envelope),
        (status = 422, description = "A field is not acceptable", body = Envelope),
        (status = 429, description = "Too many attempts from this address", body = Envelope),
    ),
)]
pub async fn login(
    State(state): State<AppState>,
    _: SignInPermit,
    headers: HeaderMap,
    Json(request): Json<Login>,
) -> Result<Json<AccessToken>> {
    let account = accounts::check_password(&state.backend, request).await?;
    Ok(Json(sessions::issue_token(&state.backend, &account, user_agent(&headers)).await?))
}

/// Who am I?
#[utoipa::path(
    get, path = "/api/v1/auth/me", tag = "accounts",
    responses(
        (status = 200, description = "The account", body = User),
        (status = 401, description = "Not signed in", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn me(caller: Caller) -> Json<User> {
    Json(caller.0.user)
}

/// Sign out
///
/// Ends the sign-in that the request was made with, and its open streams, at once.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "accounts",
    responses(
        (status = 204, description = "The sign-in is dead"),
        (status = 401, description = "Not signed in", body = Envelope),
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn logout(
    State(state): State<AppState>,
    caller: Caller,
    Extension(session): Extension<Session>,
) -> Result<StatusCode> {
    sessions::log_out(&state.backend, &caller).await?;
    if caller.via == Via::Session {
        cookies::sign_out(&session).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What the client calls itself, cut to what is worth keeping; shown in the list of sign-ins.
pub fn user_agent(headers: &HeaderMap) -> Option<&str> {
    let name = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok())?;
    // ASCII by now: every byte is a character.
    Some(&name[..name.len().min(USER_AGENT_MAX_BYTES)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_of_a_client_is_cut() {
        let mut headers = HeaderMap::new();
        assert_eq!(user_agent(&headers), None);
        headers.insert(header::USER_AGENT, "curl/8".parse().unwrap());
        assert_eq!(user_agent(&headers), Some("curl/8"));
        headers.insert(header::USER_AGENT, "x".repeat(5000).parse().unwrap());
        assert_eq!(user_agent(&headers).map(str::len), Some(USER_AGENT_MAX_BYTES));
    }
}
