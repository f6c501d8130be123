//! A page that cannot be shown: what happened, what was kept, and the one thing to do.

use crate::{address::Address, title::name_page};
use leptos::prelude::*;
use types::{ApiError, ErrorCode};

/// Shows why a page or its main part is missing. On the server it also gives the answer the status of the error, and
/// sends a visitor who is not signed in to sign in.
#[component]
pub(crate) fn Problem(
    error: ApiError,
    /// Whether it is all there is on the page.
    #[prop(optional)]
    alone: bool,
) -> impl IntoView {
    let here = expect_context::<Address>().path_untracked();
    let sign_in = sign_in_path(&here);
    #[cfg(feature = "ssr")]
    if error.code == ErrorCode::NotSignedIn {
        crate::ssr::redirect(&sign_in);
    } else {
        crate::ssr::set_status(error.code.status());
    }
    let (title, action, path) = match error.code {
        ErrorCode::NotSignedIn => ("You are signed out", "Sign in", sign_in),
        ErrorCode::ConversationNotFound => ("There is no such conversation", "Start a new one", "/".to_owned()),
        ErrorCode::Forbidden => ("This page is for admins", "Go to your conversations", "/".to_owned()),
        ErrorCode::NotFound => ("There is no such page", "Go to your conversations", "/".to_owned()),
        _ => ("This page could not be loaded", "Try again", here),
    };
    let text = match error.code {
        ErrorCode::ConversationNotFound => "It may have been deleted, or it belongs to another account.".to_owned(),
        _ => error.message,
    };
    name_page(move || title.to_owned());
    let heading = if alone { view! { <h1>{title}</h1> }.into_any() } else { view! { <h2>{title}</h2> }.into_any() };
    view! {
        <section class="problem">
            {heading}
            <p>{text}</p>
            // The whole page is loaded again: whatever is broken in this one ends with it.
            <a class="button primary" href=path rel="external">{action}</a>
        </section>
    }
}

/// Where to sign in, to come back here afterwards.
pub(crate) fn sign_in_path(here: &str) -> String {
    // Every path worth coming back to is made of these; anything else would have to be encoded.
    let plain = here.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte));
    if plain && here != "/" { format!("/login?next={here}") } else { "/login".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_back_to_where_one_was() {
        assert_eq!(sign_in_path("/"), "/login");
        assert_eq!(sign_in_path("/c/0199a3c4-0000"), "/login?next=/c/0199a3c4-0000");
        assert_eq!(sign_in_path("/c/a&b"), "/login");
    }
}
