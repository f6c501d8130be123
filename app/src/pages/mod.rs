//! One module a page. Each makes its resource at the top and shows one `Problem`
//! where it fails; that is the page's error boundary. Leptos' own passes an error to the browser as text only, and the
//! browser would then not know which problem the server has shown.

pub(crate) mod admin;
pub(crate) mod chat;
#[cfg(feature = "ssr")]
pub(crate) mod door;
#[cfg(feature = "ssr")]
pub mod flash;
#[cfg(feature = "ssr")]
pub(crate) mod mood;
#[cfg(feature = "ssr")]
pub(crate) mod not_found;
pub(crate) mod settings;
