//! Who is signed in, at the foot of the sidebar: theme, settings, signing out.

use super::icon::{self, Icon};
use crate::{browser, chat::actions::DRAFTS, theme::ThemeSwitch};
use leptos::prelude::*;
use types::{UserRole, Viewer};

/// The account's button and its menu.
#[component]
pub(crate) fn AccountMenu(user: Viewer) -> impl IntoView {
    let initial = user.username.chars().next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let is_admin = user.role == UserRole::Admin;
    view! {
        <button type="button" class="account" popovertarget="account-menu">
            <span class="avatar" aria-hidden="true">{initial}</span>
            <span class="account-name">{user.username}</span>
            <span class="visually-hidden">"Account"</span>
            <Icon path=icon::CHEVRON_DOWN/>
        </button>
        <div id="account-menu" class="menu" popover="auto" role="group" aria-label="Account">
            <p class="menu-note">{user.email}</p>
            <ThemeSwitch group="menu-theme"/>
            <a class="menu-item" href="/settings">
                <Icon path=icon::SETTINGS/>
                "Settings"
            </a>
            {is_admin
                .then(|| {
                    view! {
                        <a class="menu-item" href="/admin">
                            <Icon path=icon::CHART/>
                            "How people feel"
                        </a>
                    }
                        .into_any()
                })}
            <SignOut class="menu-item"/>
        </div>
    }
    .into_any()
}

/// Signs out, with or without WASM. What was typed and not sent goes with it: the next person at this browser is not
/// to find it.
#[component]
pub(crate) fn SignOut(class: &'static str) -> impl IntoView {
    view! {
        <form method="post" action="/logout" on:submit=|_| browser::forget(DRAFTS)>
            <button class=class>
                <Icon path=icon::SIGN_OUT/>
                "Sign out"
            </button>
        </form>
    }
}
