//! Other sites: which of their requests are refused, and which scripts of theirs may read the API.

use crate::error::Error;
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, Response, header},
    response::IntoResponse as _,
};
use std::time::Duration;
use tower_http::{
    cors::CorsLayer,
    csrf::{ConfigError, CsrfLayer, ProtectionError},
};
use types::ErrorCode;

/// What answers a request that is refused.
type Refusal = fn(ProtectionError) -> Response<Body>;

/// The refusal of requests that would change something and come from another site's page (403 `cross_site`). Requests
/// of programs carry neither `Sec-Fetch-Site` nor `Origin` and pass.
///
/// `own` is trusted because behind a proxy the `Host` may be another than the browser's.
pub fn protection(own: &str, trusted: &[String]) -> Result<CsrfLayer<Refusal>, ConfigError> {
    let mut layer = CsrfLayer::new().add_trusted_origin(own)?;
    for origin in trusted {
        layer = layer.add_trusted_origin(origin)?;
    }
    Ok(layer.with_rejection_response(refuse as Refusal))
}

fn refuse(_: ProtectionError) -> Response<Body> {
    Error::new(ErrorCode::CrossSite, "This request comes from another site and was refused.").into_response()
}

/// Leave for the scripts of `origins` to call the API with an access token. Cookies are never allowed across sites.
pub fn cors(origins: &[String]) -> CorsLayer {
    const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
    const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, LAST_EVENT_ID])
        .expose_headers([header::RETRY_AFTER, REQUEST_ID])
        .max_age(Duration::from_hours(1))
}
