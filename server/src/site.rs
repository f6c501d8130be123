//! Lia in the browser: the pages Leptos renders, its server functions, and the files of the browser's half.

use crate::{edge::headers::page_policy, error::Error, extract::wants_page, state::AppState};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use leptos::{
    context::{provide_context, use_context},
    nonce::use_nonce,
};
use leptos_axum::{
    AxumRouteListing, LeptosRoutes as _, ResponseOptions, generate_route_list, render_app_async_with_context,
};
use std::{path::Path, sync::LazyLock};
use tower_http::services::{ServeDir, ServeFile};

/// The pages' routes. Found once: while Leptos walks the application for them, no resource of any page in the process
/// would load, and a page rendered at that moment would never end.
pub static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(app::App));

/// The pages and the server functions.
pub fn pages(state: &AppState) -> Router<AppState> {
    let options = state.leptos_options.clone();
    Router::new()
        .leptos_routes_with_context(state, ROUTES.clone(), context(state), move || app::shell(options.clone()))
        .fallback(not_found)
}

/// What a render and a server function find in their context, and the policy of the page that comes of it.
fn context(state: &AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let (backend, reload_port) = (state.backend.clone(), state.reload_port);
    move || {
        provide_context(backend.clone());
        // Only pages have a nonce; a server function's answer gets the strict policy of all other answers.
        if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>())
            && let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce, reload_port))
        {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}

/// An unknown path: a page for a person, the envelope for a program.
async fn not_found(State(state): State<AppState>, request: Request) -> Response {
    let is_page = wants_page(request.headers()) && !request.uri().path().starts_with("/api/");
    if !is_page || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Error::not_found().into_response();
    }
    let options = state.leptos_options.clone();
    let render = render_app_async_with_context(context(&state), move || app::shell(options.clone()));
    let mut response = render(request).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// The files below `root`: `pkg` and whatever lies beside it (icons, manifest). Found once, at start, so that an
/// unknown path never touches the disk.
pub fn files(root: &Path) -> Router {
    let mut router = Router::new().nest_service("/pkg", compressed(root.join("pkg")));
    let entries = std::fs::read_dir(root).map(|entries| entries.flatten().collect::<Vec<_>>());
    let entries = entries.unwrap_or_else(|error| {
        tracing::warn!(path = %root.display(), %error, "the browser's half is not there: pages will have no style and no life");
        Vec::new()
    });
    for entry in entries {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_public(name)) else { continue };
        let path = entry.path();
        router = if path.is_dir() {
            router.nest_service(&format!("/{name}"), compressed(path))
        } else {
            router.route_service(&format!("/{name}"), ServeFile::new(path).precompressed_br().precompressed_gzip())
        };
    }
    router.layer(middleware::from_fn(set_lifetime))
}

/// Hidden files, the compressed twins of others, and the index that cargo-leptos may leave are not files of their own.
fn is_public(name: &str) -> bool {
    let twin = [".br", ".gz"].iter().any(|end| name.ends_with(end));
    name != "pkg" && name != "index.html" && !name.starts_with('.') && !name.contains(['{', '}', '*']) && !twin
}

fn compressed(folder: impl AsRef<Path>) -> ServeDir {
    ServeDir::new(folder).append_index_html_on_directories(false).precompressed_br().precompressed_gzip()
}

/// What is at an address with a hash of it never changes; any other file is asked for again.
async fn set_lifetime(request: Request, next: Next) -> Response {
    let lifetime = if is_hashed(request.uri()) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = next.run(request).await;
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(lifetime));
    }
    response
}

/// cargo-leptos puts 22 characters of base64 before the extension: `lia.Xg3oC1fWv9JtV0Hl2bq0rA.wasm`. The one style sheet
/// that it does not know has its hash in the query; another one's is not believed.
fn is_hashed(address: &Uri) -> bool {
    if address.path_and_query().is_some_and(|address| *address == **app::REPORTS) {
        return true;
    }
    let name = address.path().rsplit('/').next().unwrap_or_default();
    let is_hash =
        |part: &str| part.len() == 22 && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    name.split('.').skip(1).any(is_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hashed_name_is_recognised() {
        let is_hashed = |address: &str| is_hashed(&address.parse().unwrap());
        assert!(is_hashed("/pkg/lia.Xg3oC1fWv9JtV0Hl2bq0rA.wasm"));
        assert!(is_hashed(&app::REPORTS));
        for address in
            ["/pkg/lia.wasm", "/favicon.svg", "/pkg/lia.short.js", "/Xg3oC1fWv9JtV0Hl2bq0rA", "/reports.css?v=1"]
        {
            assert!(!is_hashed(address), "{address}");
        }
    }

    #[test]
    fn only_real_files_are_served() {
        assert!(is_public("favicon.svg"));
        for name in ["pkg", ".gitignore", "favicon.svg.br", "index.html", "{x}"] {
            assert!(!is_public(name), "{name}");
        }
    }
}
