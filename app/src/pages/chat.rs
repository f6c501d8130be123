//! `/` and `/c/{id}`: one page that stays while the place changes, so that an answer goes on being written when its
//! conversation gets an address.

#[cfg(feature = "ssr")]
use crate::server_fns::{list_conversations, view_conversation};
use crate::{
    AppError,
    address::Address,
    browser,
    chat::{
        Chat, Picker, Place, Post, Shelf, actions,
        delivery::{self, Writer},
    },
    parts::{
        composer::{FIELD, Sender},
        desk::{ConversationMenu, DeleteDialog, Desk},
        header::Header,
        inspector,
        model_picker::ModelPicker,
        problem::Problem,
        sidebar::Sidebar,
        thread::Thread,
    },
    server_fns::HISTORY_PAGE,
};
use leptos::{ev, prelude::*};
use serde::{Deserialize, Serialize};
use types::{ApiError, ConversationEntry, ConversationView, ErrorCode, ModelRef, Viewer};

/// What the page needs before it can be shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Start {
    user: Viewer,
    history: Vec<ConversationEntry>,
    /// The version of that list.
    version: i64,
    /// The model that answers in new conversations.
    usual_model: Option<ModelRef>,
    /// Names of the models that the page names.
    names: Vec<(ModelRef, String)>,
    /// The conversation of the address. That it is missing is no reason to show nothing else.
    conversation: Result<Option<ConversationView>, AppError>,
}

/// Everything at once: the page is rendered when all of it is there.
#[cfg(feature = "ssr")]
async fn start(place: Place) -> Result<Start, AppError> {
    let actor = crate::ssr::actor()?;
    let version = backend::conversations::version(&actor);
    let history = list_conversations(0).await?;
    let conversation = match place {
        Place::New => Ok(None),
        Place::Conversation(id) => view_conversation(id, 0).await.map(Some),
        Place::Nowhere => Err(ApiError::new(ErrorCode::ConversationNotFound, "").into()),
    };
    let chosen = conversation.as_ref().ok().and_then(|view| view.as_ref()?.model.clone());
    let usual_model = crate::ssr::usual_model().await?;
    let names = crate::ssr::names_of_models(chosen.into_iter().chain(usual_model.clone())).await?;
    Ok(Start { user: actor.user.into(), history, version, usual_model, names, conversation })
}

/// The browser finds the start in the page. It gets here only where that was lost on the way.
#[cfg(not(feature = "ssr"))]
fn start(_place: Place) -> std::future::Ready<Result<Start, AppError>> {
    let error = ApiError::new(ErrorCode::Unknown, "The page did not arrive whole. Load it again.");
    std::future::ready(Err(error.into()))
}

/// The chat.
#[component]
pub(crate) fn ChatPage() -> impl IntoView {
    let address = expect_context::<Address>();
    // Only the first place is fetched here; where the user goes from there is for the store.
    let first = Place::of(&address.path_untracked());
    let start = OnceResource::new(start(first));
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match start.await {
                    Ok(start) => view! { <Desktop start first/> }.into_any(),
                    Err(AppError(error)) => view! { <main class="plain"><Problem error alone=true/></main> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Desktop(start: Start, first: Place) -> impl IntoView {
    let (chat, shelf) = (expect_context::<Chat>(), expect_context::<Shelf>());
    let Start { user, history, version, usual_model, names, conversation } = start;
    let id = user.id;
    shelf.show(history, HISTORY_PAGE);
    expect_context::<StoredValue<Picker>>().update_value(|picker| picker.names = names);
    chat.unseen.update_value(|unseen| {
        unseen.usual_model = usual_model;
        unseen.list_version = version;
    });
    match conversation {
        Ok(Some(view)) => chat.show(view),
        Ok(None) => chat.leave_for(Place::New),
        Err(AppError(error)) => {
            chat.leave_for(first);
            chat.fail(error);
        }
    }
    let desk = Desk::new();
    provide_context(desk);
    let post = Post::new(Writer { chat, shelf, user: id, address: expect_context::<Address>(), desk });
    provide_context(Sender::new(post));
    follow_the_address(chat);
    keep_the_line(chat);
    delivery::listen(post);
    inspector::listen(chat);
    let skip = format!("#{FIELD}");
    view! {
        <a class="skip-link" href=skip rel="external">"Skip to the message field"</a>
        <div class="desktop">
            <Sidebar user/>
            <main class="column">
                <Header/>
                <Thread user=id/>
            </main>
        </div>
        <ConversationMenu/>
        <ModelPicker/>
        <DeleteDialog/>
        <div class="visually-hidden" aria-live="polite">{move || chat.announcement.get()}</div>
    }
}

/// Shows what the address names, unless it names what is shown.
fn follow_the_address(chat: Chat) {
    let address = expect_context::<Address>();
    address.listen();
    Effect::new(move |before: Option<()>| {
        let place = Place::of(&address.path());
        if before.is_some() && place != chat.place.get_untracked() {
            actions::open(chat, place);
        }
    });
}

/// Follows the answer that is being written for as long as somebody sees the page, and counts down the waits on it.
fn keep_the_line(chat: Chat) {
    Effect::new(move |_| {
        actions::follow(chat);
        actions::wait_on(chat, &chat.rows.get_untracked());
    });
    Effect::new(move |_| {
        let hidden = window_event_listener(ev::pagehide, |_| browser::close_line());
        let shown = window_event_listener(ev::pageshow, move |event| {
            // A page that comes back from the browser's cache has no line any more.
            if event.persisted() {
                actions::follow(chat);
            }
        });
        on_cleanup(move || {
            hidden.remove();
            shown.remove();
        });
    });
    on_cleanup(browser::close_line);
}
