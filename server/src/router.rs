//! Which path leads where, and what stands before it. The order of the layers is the order in which a request is
//! judged; it is written down here and nowhere else.

use crate::{
    config::Config,
    edge::{
        actor,
        address::{self, TrustedProxies},
        body::{self, BodyLimits},
        completion, cookies, cross_site, headers,
        rate_limit::{self, RateLimits},
        refusals, request,
    },
    openapi, routes, site,
    socket::SocketLimits,
    state::AppState,
};
use anyhow::Context as _;
use axum::{
    Router,
    body::Body,
    extract::DefaultBodyLimit,
    http::{Response, header},
    middleware::{from_fn, from_fn_with_state},
    routing::get,
};
use backend::Backend;
use std::{sync::Arc, time::Instant};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{CompressionBody, CompressionLayer},
};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

/// The state of the program, made once the backend is open.
pub fn state(config: &Config, backend: Backend) -> AppState {
    AppState {
        backend,
        leptos_options: config.site.leptos_options(),
        rate_limits: Arc::new(RateLimits::new(config.rate_limits)),
        socket_limits: SocketLimits::default(),
        environment: config.environment,
        started: Instant::now(),
        reload_port: config.site.reload_port(),
    }
}

/// The whole program as one service.
pub fn build(config: &Config, state: AppState, body_limits: BodyLimits) -> anyhow::Result<Router> {
    let (api, document) = OpenApiRouter::with_openapi(openapi::Document::openapi())
        .merge(routes::api())
        .merge(OpenApiRouter::with_openapi(routes::health().into_openapi()))
        .split_for_parts();
    let document = openapi::publish(&document).context("the API's document cannot be written")?;
    let document = get(async move || ([(header::CONTENT_TYPE, "application/json")], document));
    let api = guarded(api.route("/api/openapi.json", document), config, &state, body_limits)?
        .layer(cross_site::cors(&config.cors_origins));

    let pages = site::pages(&state).merge(routes::forms::router());
    let pages =
        guarded(pages, config, &state, body_limits)?.layer(from_fn_with_state(state.clone(), routes::about::about));

    let (health, _) = routes::health().split_for_parts();
    let router = pages.merge(api).merge(health).with_state(state).merge(site::files(config.site.root()));
    Ok(outermost(router, config))
}

/// What every request passes, files and probes included. The last layer is the first to see a request.
fn outermost(router: Router, config: &Config) -> Router {
    router
        .layer(from_fn(refusals::dress))
        .layer(CatchPanicLayer::custom(refusals::catch_panic))
        .layer(ServiceBuilder::new().map_response(without_compressor).layer(CompressionLayer::new()))
        .layer(from_fn_with_state(headers::OverTls(config.is_https()), headers::protect))
        .layer(from_fn(request::trace))
        .layer(from_fn_with_state(TrustedProxies::new(&config.trusted_proxies), address::find_origin))
}

/// Boxes a response's body: one of events, which is never compressed, without the room for a compressor that it would hold
/// for as long as it lasts, several kilobytes for each of thousands of streams.
fn without_compressor(response: Response<CompressionBody<Body>>) -> Response<Body> {
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
        return response.map(CompressionBody::into_inner);
    }
    response.map(Body::new)
}

/// What stands before everything that acts for somebody: no other site, who asks, how often, and a whole body. The
/// last layer is the first to see a request.
fn guarded(
    router: Router<AppState>,
    config: &Config,
    state: &AppState,
    body_limits: BodyLimits,
) -> anyhow::Result<Router<AppState>> {
    let protection = cross_site::protection(&config.public_origin, &config.cors_origins)
        .context("an origin of CORS_ORIGINS or LIA_PUBLIC_URL cannot be used")?;
    Ok(router
        .layer(from_fn(refusals::set_server_fn_status))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(completion::carry_through))
        .layer(from_fn_with_state(body_limits, body::read_whole))
        .layer(from_fn(actor::guard_functions))
        .layer(from_fn_with_state(state.rate_limits.clone(), rate_limit::limit))
        .layer(from_fn_with_state(state.clone(), actor::find))
        .layer(cookies::layer(state.backend.clone(), config.token_days, config.is_https()))
        .layer(from_fn_with_state(Arc::from(config.public_origin.as_str()), cross_site::guard_upgrades))
        .layer(protection))
}
