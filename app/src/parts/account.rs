//! Who is signed in, at the foot of the sidebar: theme, settings, signing out.

use super::icon::{self, Icon};
use crate::{
    browser,
    chat::{delivery, drafts::DRAFTS},
    theme::ThemeSwitch,
};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local, wasm_bindgen::JsCast, web_sys::HtmlFormElement};
use types::{UserId, UserRole, Viewer};

/// The account's button and its menu.
#[component]
pub(crate) fn AccountMenu(user: Viewer) -> impl IntoView {
    let initial = user.username.chars().next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let id = user.id;
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
            <SignOut class="menu-item" user=id/>
        </div>
    }
    .into_any()
}

/// Signs out, with or without WASM. What was typed and not sent goes with it: the next person at this browser is not
/// to find it. Without a network nobody is signed out, and everything stays.
#[component]
pub(crate) fn SignOut(class: &'static str, user: UserId) -> impl IntoView {
    let leave = move |event: SubmitEvent| {
        let form = event.target().map(JsCast::unchecked_into::<HtmlFormElement>);
        if let (Some(form), true) = (form, browser::is_online()) {
            event.prevent_default();
            browser::forget(DRAFTS);
            spawn_local(forget_and_submit(user, form));
        }
    };
    view! {
        <form method="post" action="/logout" on:submit=leave>
            <button class=class>
                <Icon path=icon::SIGN_OUT/>
                "Sign out"
            </button>
        </form>
    }
}

/// What cannot be forgotten for want of its code is no reason to stay signed in.
async fn forget_and_submit(user: UserId, form: HtmlFormElement) {
    if delivery::forget(user, form.clone()).await.is_err() {
        let _ = form.submit();
    }
}
