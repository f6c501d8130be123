//! Other sites: which of their requests are refused, and which scripts of theirs may read the API.

use crate::error::Error;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, Uri, header},
    middleware::Next,
    response::IntoResponse as _,
};
use std::{sync::Arc, time::Duration};
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
    refusal()
}

fn refusal() -> Response<Body> {
    Error::new(ErrorCode::CrossSite, "This request comes from another site and was refused.").into_response()
}

/// Refuses upgrades that another site's page asks for. They are GETs, which [`protection`] lets pass, and what is said
/// over a socket no rule for scripts of other origins keeps from them: so no other origin is trusted here.
pub async fn guard_upgrades(State(own): State<Arc<str>>, request: Request, next: Next) -> Response<Body> {
    if request.headers().contains_key(header::UPGRADE) && is_foreign(request.headers(), &own) {
        return refusal();
    }
    next.run(request).await
}

/// Whether a browser says that it asks for a page of another origin than `own`, which is what the `Host` says, too, but
/// behind a proxy. Programs say nothing.
fn is_foreign(headers: &HeaderMap, own: &str) -> bool {
    const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    let text = |name: &HeaderName| headers.get(name).map(HeaderValue::as_bytes);
    let site = text(&FETCH_SITE);
    match text(&header::ORIGIN) {
        Some(origin) => {
            let authority = Uri::try_from(origin).ok().and_then(|uri| uri.authority().cloned());
            let is_host = authority.is_some_and(|found| Some(found.as_str().as_bytes()) == text(&header::HOST));
            !(is_host || origin == own.as_bytes()) || site == Some(b"cross-site")
        }
        None => !matches!(site, None | Some(b"same-origin" | b"none")),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_another_origin_opens_no_socket() {
        let is_foreign = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "127.0.0.1:8000".parse().unwrap());
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            is_foreign(&headers, "https://lia.example")
        };
        assert!(!is_foreign(&[]), "a program");
        assert!(!is_foreign(&[("origin", "http://127.0.0.1:8000")]));
        assert!(!is_foreign(&[("origin", "https://lia.example"), ("sec-fetch-site", "same-origin")]), "behind a proxy");
        for origin in
            ["https://elsewhere.example", "null", "", "http://127.0.0.1:8001", "https://lia.example.evil.example"]
        {
            assert!(is_foreign(&[("origin", origin)]), "{origin}");
        }
        assert!(is_foreign(&[("origin", "http://127.0.0.1:8000"), ("sec-fetch-site", "cross-site")]));
        assert!(is_foreign(&[("sec-fetch-site", "cross-site")]) && is_foreign(&[("sec-fetch-site", "same-site")]));
        assert!(!is_foreign(&[("sec-fetch-site", "none")]));
    }
}
