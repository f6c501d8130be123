//! `/settings`: how Lia looks, how models write, who reads the messages, who is signed in, and deleting everything.

mod reader;

use crate::{
    AppError, browser,
    chat::{delivery, drafts},
    parts::{
        account::SignOut,
        icon::{self, Icon},
        model_settings::ModelSettings,
        problem::Problem,
    },
    server_fns::delete_all_conversations,
    theme::ThemeSwitch,
    title::name_page,
};
use leptos::{html, prelude::*, task::spawn_local};
use reader::ReaderChoice;
use serde::{Deserialize, Serialize};
use types::{ApiError, ReaderView, UserId, Viewer};

/// What the page needs before it can be shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Start {
    user: Viewer,
    reader: ReaderView,
}

/// The settings.
#[component]
pub(crate) fn SettingsPage() -> impl IntoView {
    let start = OnceResource::new(start());
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match start.await {
                    Ok(start) => view! { <Settings start/> }.into_any(),
                    Err(AppError(error)) => view! { <main class="plain"><Problem error alone=true/></main> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[cfg(feature = "ssr")]
async fn start() -> Result<Start, AppError> {
    let (backend, actor) = crate::ssr::caller()?;
    let reader = backend::sentiment::reader(&backend, &actor).await.map_err(crate::ssr::failed)?;
    Ok(Start { user: actor.user.into(), reader })
}

/// The browser finds the start in the page. It gets here only where that was lost on the way.
#[cfg(not(feature = "ssr"))]
fn start() -> std::future::Ready<Result<Start, AppError>> {
    let error = ApiError::new(types::ErrorCode::Unknown, "The page did not arrive whole. Load it again.");
    std::future::ready(Err(error.into()))
}

#[component]
fn Settings(start: Start) -> impl IntoView {
    let Start { user, reader } = start;
    name_page(|| "Settings".to_owned());
    view! {
        <main class="settings">
            <a class="back" href="/">
                <Icon path=icon::BACK/>
                "Conversations"
            </a>
            <h1>"Settings"</h1>
            <section>
                <h2>"Appearance"</h2>
                <ThemeSwitch group="settings-theme"/>
            </section>
            <section>
                <h2>"How models write"</h2>
                <p>"How freely they choose their words and how long they may go on. It holds for all your conversations."</p>
                <ModelSettings is_small=false/>
            </section>
            <section>
                <h2>"Who reads your messages"</h2>
                <p>"Who says how what you write reads, in all your conversations."</p>
                <ReaderChoice view=reader/>
            </section>
            <section>
                <h2>"Account"</h2>
                <dl class="facts">
                    <dt>"Username"</dt>
                    <dd>{user.username}</dd>
                    <dt>"E-mail"</dt>
                    <dd>{user.email}</dd>
                </dl>
                <SignOut class="button" user=user.id/>
            </section>
            <WhatAdminsSee/>
            <section>
                <h2>"Conversations"</h2>
                <p>"Deleting your conversations deletes all their messages for good."</p>
                <DeleteAll user=user.id/>
            </section>
        </main>
    }
}

#[component]
fn WhatAdminsSee() -> impl IntoView {
    view! {
        <section id="admins">
            <h2>"What admins can see"</h2>
            <p>
                "Admins see how everybody together feels: numbers by day, label, emotion, model, provider and method, how \
                 conversations turned, and after which answers moods fell. They see nobody's name, message or title."
            </p>
            <p>
                "Groups of fewer than 5 people are not shown: within one view they are merged with others, so that its \
                 totals do not give them away. By comparing many views, an admin could still learn something about few \
                 people. What you delete leaves the numbers, as a rule within seconds."
            </p>
        </section>
    }
    .into_any()
}

#[component]
fn DeleteAll(user: UserId) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let failure = RwSignal::new(None::<ApiError>);
    let is_done = RwSignal::new(false);
    let ask = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            // It fails only for a dialog that is open already.
            let _ = dialog.show_modal();
        }
    };
    let confirm = move |_| {
        spawn_local(async move {
            match delete_all_conversations().await {
                Ok(()) => {
                    browser::forget(drafts::DRAFTS);
                    failure.set(None);
                    if delivery::forget_conversations(user, is_done).await.is_err() {
                        is_done.set(true);
                    }
                }
                Err(AppError(error)) => failure.set(Some(error)),
            }
        });
    };
    view! {
        <button type="button" class="button danger" on:click=ask>"Delete all conversations"</button>
        <div role="status">
            {move || {
                failure
                    .get()
                    .map(|error| error.message)
                    .or_else(|| is_done.get().then(|| "All your conversations are deleted.".to_owned()))
                    .map(|text| view! { <p class="settings-note">{text}</p> })
            }}
        </div>
        <dialog node_ref=dialog class="dialog" aria-labelledby="delete-all-title">
            <form method="dialog">
                <h2 id="delete-all-title">"Delete all your conversations?"</h2>
                <p>"Every conversation and all messages will be gone. This cannot be undone."</p>
                <div class="dialog-actions">
                    <button class="button" autofocus=true>"Keep them"</button>
                    <button class="button danger" on:click=confirm>"Delete all"</button>
                </div>
            </form>
        </dialog>
    }
}
