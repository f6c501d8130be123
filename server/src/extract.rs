//! What handlers take out of a request. These stand in for axum's extractors of the same names, whose refusals are
//! plain text with other statuses; clippy refuses axum's.

use crate::error::Error;
use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use types::ErrorCode;

/// A JSON body, in and out.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        if !is_media_type(request.headers(), "application/json") {
            return Err(Error::new(ErrorCode::UnsupportedMediaType, "Send JSON, with Content-Type: application/json."));
        }
        let body = Bytes::from_request(request, state).await.map_err(|refused| unread(&refused))?;
        // Bytes that are no UTF-8 are told apart from wrong fields: serde_json would complain about a position.
        let text = std::str::from_utf8(&body).map_err(|_| Error::new(ErrorCode::BadJson, "The body is not UTF-8."))?;
        read_object(text).map(Self)
    }
}

/// A JSON object: the body of a request, or what is said over a socket.
pub fn read_object<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let value = serde_json::from_str(text).map_err(|error| refuse_json(&error))?;
    // serde would take a list for an object's fields in their order, an empty one for all of their defaults.
    if text.trim_ascii_start().starts_with('[') {
        return Err(Error::invalid("body", "Must be an object.".to_owned()));
    }
    Ok(value)
}

/// The refusal of a body that could not be read to its end.
fn unread(refused: &BytesRejection) -> Error {
    match refused.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::of_status(StatusCode::PAYLOAD_TOO_LARGE),
        _ => Error::new(ErrorCode::BadRequest, "The body broke off."),
    }
}

/// Text that is no JSON is 400; JSON of another shape is 422 and names the field where serde does.
fn refuse_json(error: &serde_json::Error) -> Error {
    use serde_json::error::Category;
    match error.classify() {
        Category::Data => {
            let message = error.to_string();
            // serde quotes the field's name: "missing field `email` at line 1 column 2".
            let field = match message.split('`').nth(1) {
                Some(name) if message.starts_with("missing field") => name,
                _ => "body",
            };
            Error::invalid(field, format!("{}.", message.trim_end_matches('.')))
        }
        Category::Syntax | Category::Eof | Category::Io => {
            Error::new(ErrorCode::BadJson, format!("The body is not JSON: {error}."))
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A form's fields, as browsers send them without script.
#[derive(Debug, Clone, Copy)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        #[expect(clippy::disallowed_types, reason = "this is what replaces it")]
        match axum::Form::<T>::from_request(request, state).await {
            Ok(axum::Form(fields)) => Ok(Self(fields)),
            Err(refused) => match refused.status() {
                StatusCode::UNSUPPORTED_MEDIA_TYPE => Err(Error::new(ErrorCode::UnsupportedMediaType, "Send a form.")),
                StatusCode::PAYLOAD_TOO_LARGE => Err(Error::of_status(StatusCode::PAYLOAD_TOO_LARGE)),
                _ => Err(Error::new(ErrorCode::BadRequest, "The form cannot be read.")),
            },
        }
    }
}

/// The parameters of the path.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        #[expect(clippy::disallowed_types, reason = "this is what replaces it")]
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(refused) if refused.status().is_server_error() => Err(Error::internal(refused)),
            Err(_) => Err(Error::invalid("id", "This is not an id.")),
        }
    }
}

/// The query string.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        #[expect(clippy::disallowed_types, reason = "this is what replaces it")]
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(refused) => Err(Error::invalid("query", refused.body_text())),
        }
    }
}

fn is_media_type(headers: &axum::http::HeaderMap, wanted: &str) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|found| found.trim().eq_ignore_ascii_case(wanted))
}

/// Whether a person's browser asked for a page, as against a program that asked for anything.
pub fn wants_page(headers: &axum::http::HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}
