//! Lia's user interface, compiled for the server, which renders it, and for the browser, which brings it to life.
//!
//! It knows the server only through `server_fns`, and the browser's own services only through `browser`.

#![expect(unreachable_pub, reason = "the `component` macro writes `pub` for the properties of every component")]

mod address;
mod browser;
mod chat;
mod error;
mod lazy;
pub mod pages;
mod parts;
pub mod server_fns;
#[cfg(feature = "ssr")]
mod ssr;
mod theme;
mod title;
pub mod wire;

pub use error::AppError;

use address::Address;
use chat::{Chat, Picker, Shelf};
use leptos::prelude::*;
use pages::{admin::AdminPage, chat::ChatPage, settings::SettingsPage};

/// Shows the end of a conversation before the first paint: a page that has just come stands at its top.
#[cfg(feature = "ssr")]
const TO_THE_END: &str = "{const s=document.getElementById('scroller');if(s)s.scrollTop=s.scrollHeight}";

/// The address of the style sheet of the pages that show figures. It names what is in the file, so that a browser may
/// keep it and still never shows a page with another edition's.
#[cfg(feature = "ssr")]
pub static REPORTS: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    use std::hash::{DefaultHasher, Hasher as _};
    let mut hasher = DefaultHasher::new();
    hasher.write(include_bytes!("../../public/reports.css"));
    format!("/reports.css?v={:016x}", hasher.finish())
});

/// The document around the page.
#[cfg(feature = "ssr")]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    use leptos_meta::{HashedStylesheet, MetaTags};
    let theme = theme::current();
    let color_scheme = match theme {
        theme::Theme::System => "light dark",
        chosen => chosen.name(),
    };
    let reports = is_report(&ssr::path()).then(|| view! { <link rel="stylesheet" href=REPORTS.as_str()/> });
    let scripts = is_lively(&ssr::path()).then(|| view! { <HydrationScripts options=options.clone()/> });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.name()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"/>
                <meta name="color-scheme" content=color_scheme/>
                <meta name="description" content="Lia, a chat that listens."/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="alternate icon" href="/favicon.ico" sizes="32x32"/>
                <link rel="apple-touch-icon" href="/icon-180.png"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <HashedStylesheet id="style" options=options.clone()/>
                {reports}
                <AutoReload options/>
                {scripts}
                <MetaTags/>
            </head>
            <body>
                <App/>
                <script nonce=leptos::nonce::use_nonce()>{TO_THE_END}</script>
            </body>
        </html>
    }
}

/// Whether the page of this path shows figures, or who reads them out of words, for which there is a style sheet of its own:
/// the first load of a conversation is not to carry it.
#[cfg(feature = "ssr")]
fn is_report(path: &str) -> bool {
    path == "/admin" || path == "/settings" || path.ends_with(chat::place::MOOD)
}

/// Whether the page of this path comes to life in the browser. The others are done when they are rendered.
#[cfg(feature = "ssr")]
fn is_lively(path: &str) -> bool {
    ["/", "/settings", "/admin"].contains(&path) || (path.starts_with("/c/") && !path.ends_with(chat::place::MOOD))
}

/// The user interface. What it holds above the pages lives as long as the page: the conversation, the list of
/// conversations, the theme.
#[cfg(feature = "ssr")]
#[component]
pub fn App() -> impl IntoView {
    leptos_meta::provide_meta_context();
    provide_contexts();
    view! { <ServedPage/> }
}

fn provide_contexts() {
    provide_context(Address::new());
    provide_context(Chat::new());
    provide_context(StoredValue::new(Picker::default()));
    provide_context(Shelf::new());
    provide_context(RwSignal::new(theme::current()));
}

/// The page of the request. Rendering adds nothing around it, so that it is what [`hydrate`] expects.
#[cfg(feature = "ssr")]
#[component]
fn ServedPage() -> impl IntoView {
    use leptos_router::{
        SsrMode,
        components::{FlatRoutes, Route, Router},
        path,
    };
    use pages::{
        door::{LoginPage, RegisterPage},
        mood::MoodPage,
        not_found::NotFoundPage,
    };
    view! {
        <Router>
            <FlatRoutes fallback=NotFoundPage>
                <Route path=path!("/") view=ChatPage ssr=SsrMode::Async/>
                <Route path=path!("/c/:id") view=ChatPage ssr=SsrMode::Async/>
                <Route path=path!("/c/:id/mood") view=MoodPage ssr=SsrMode::Async/>
                <Route path=path!("/settings") view=SettingsPage ssr=SsrMode::Async/>
                <Route path=path!("/admin") view=AdminPage ssr=SsrMode::Async/>
                <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async/>
                <Route path=path!("/register") view=RegisterPage ssr=SsrMode::Async/>
            </FlatRoutes>
        </Router>
    }
}

/// Brings the page that the server rendered to life.
#[cfg(target_arch = "wasm32")]
pub fn hydrate() {
    // It fails only where there is one already.
    let _ = any_spawner::Executor::init_wasm_bindgen();
    match browser::path().as_str() {
        "/settings" => lazy::call_page(settings_page()),
        "/admin" => lazy::call_page(admin_page()),
        _ => leptos::mount::hydrate_body(|| {
            provide_contexts();
            view! { <ChatPage/> }.into_any()
        }),
    }
}

#[cfg(target_arch = "wasm32")]
#[wasm_split_helpers::wasm_split(settings, fallible)]
fn settings_page() -> Result<(), lazy::Missing> {
    leptos::mount::hydrate_body(|| {
        provide_contexts();
        view! { <SettingsPage/> }.into_any()
    });
    Ok(())
}

#[cfg(target_arch = "wasm32")]
#[wasm_split_helpers::wasm_split(admin, fallible)]
fn admin_page() -> Result<(), lazy::Missing> {
    leptos::mount::hydrate_body(|| {
        provide_contexts();
        view! { <AdminPage/> }.into_any()
    });
    Ok(())
}
