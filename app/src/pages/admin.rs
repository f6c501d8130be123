//! `/admin`: how everybody together feels. For admins, which the server checks. It is whole without a script: the filters
//! are a plain form, and the charts are SVG. In the browser, where its code is a part of its own, what is chosen is shown
//! at once, and the chart says what is pointed at.

mod board;
mod filters;
mod numbers;
mod sections;

use crate::{
    AppError,
    parts::{
        icon::{self, Icon},
        problem::Problem,
    },
    server_fns::insights,
    title::name_page,
};
use board::Board;
use filters::{Filters, PATH, address, asked};
use leptos::prelude::*;
use numbers::{day, plain};
use sections::{Breakdowns, over_time, tiles};
use types::{ErrorCode, PEOPLE_MIN, SentimentInsights};

/// The dashboard.
#[component]
pub(crate) fn AdminPage() -> impl IntoView {
    // The browser finds the numbers in the page, and asks for them only where they were lost on the way.
    let start = OnceResource::new(insights(asked()));
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match start.await {
                    Ok(insights) => view! { <Dashboard insights/> }.into_any(),
                    Err(AppError(error)) if error.code == ErrorCode::ValidationFailed => {
                        #[cfg(feature = "ssr")]
                        crate::ssr::set_status(error.code.status());
                        view! { <Refused message=error.message/> }.into_any()
                    }
                    Err(AppError(error)) => view! { <main class="plain"><Problem error alone=true/></main> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Dashboard(insights: SentimentInsights) -> impl IntoView {
    let board = Board::new(insights);
    board.listen();
    view! {
        <main class="settings admin">
            <Head/>
            <Filters board/>
            <Failure board/>
            <div class="admin-numbers" aria-busy=move || board.is_loading.get().then_some("true")>
                {move || view! { <Numbers insights=board.shown.get() is_alive=board.is_alive.into()/> }}
            </div>
        </main>
    }
}

/// Why the numbers are still the old ones.
#[component]
fn Failure(board: Board) -> impl IntoView {
    move || {
        let (error, wanted) = board.failure.get()?;
        // What cannot be asked for is not asked for again. The page as a whole also knows what to do where a sign-in has ended.
        let again = (error.code != ErrorCode::ValidationFailed).then(|| {
            view! { <a class="button" href=address(PATH, &wanted) rel="external">"Try again"</a> }
        });
        Some(
            view! {
                <div class="admin-failure" role="alert">
                    <p>{error.message}" The numbers below are still those of before."</p>
                    {again}
                </div>
            }
            .into_any(),
        )
    }
}

/// The numbers, or what there is to say instead, and the files.
#[component]
fn Numbers(insights: SentimentInsights, is_alive: Signal<bool>) -> impl IntoView {
    let range = format!("{} to {}", day(insights.from), day(insights.to));
    let total = format!(", {} messages", plain(insights.messages));
    let export = |format: &str| address(&format!("/api/v1/admin/sentiment/export.{format}"), &insights.parameters());
    let (csv, json) = (export("csv"), export("json"));
    let content = if insights.withheld {
        view! {
            <Notice
                title="Too few people to show"
                text=format!(
                    "Fewer than {PEOPLE_MIN} people are behind these numbers, or behind what the filters leave out. \
                     Choose a longer range or fewer filters.",
                )
            />
        }
        .into_any()
    } else if insights.messages == 0 {
        view! { <Empty filtered=insights.provider.is_some() || insights.method.is_some()/> }.into_any()
    } else {
        view! {
            {tiles(&insights)}
            {over_time(&insights, is_alive)}
            <Breakdowns insights/>
        }
        .into_any()
    };
    view! {
        // Whoever does not see the numbers change hears that there are others.
        <p class="admin-range" role="status">
            {range}
            <span class="visually-hidden">{total}</span>
            " · days are UTC"
        </p>
        {content}
        <footer class="admin-foot">
            <p>
                "Nobody is named here. Groups of fewer than " {PEOPLE_MIN}
                " people are not shown: within one view they are merged with others or left out, so that its totals do \
                 not give them away. By comparing many views one could still learn something about few people. What you \
                 see here is written where everybody can read it, in the "<a href="/settings#admins">"settings"</a>"."
            </p>
            <p class="admin-files">
                <a class="button" href=csv download rel="external">"Download CSV"</a>
                <a class="button" href=json download rel="external">"Download JSON"</a>
            </p>
        </footer>
    }
}

#[component]
fn Head() -> impl IntoView {
    name_page(|| "How people feel".to_owned());
    view! {
        <header class="admin-head">
            <a class="back" href="/">
                <Icon path=icon::BACK/>
                "Conversations"
            </a>
            <h1>"How people feel"</h1>
            <p>"What everybody wrote, as it reads: from −1, as bad as can be, to +1."</p>
        </header>
    }
}

#[component]
fn Notice(title: &'static str, text: String, #[prop(optional, into)] more: Option<AnyView>) -> impl IntoView {
    view! {
        <section class="admin-notice">
            <h2>{title}</h2>
            <p>{text}</p>
            {more}
        </section>
    }
}

#[component]
fn Empty(filtered: bool) -> impl IntoView {
    if filtered {
        let text = "No message fits these filters in these days. Take a filter away, or choose a longer range.";
        return view! { <Notice title="Nothing here yet" text=text.to_owned()/> }.into_any();
    }
    let text = "No message was read in these days. Choose a longer range; or send one, and its reading is here a few seconds \
                after the answer.";
    let more = view! {
        <p>"To look around with invented people, run "<code>"lia admin fill"</code>" on an empty database."</p>
    };
    view! { <Notice title="Nothing here yet" text=text.to_owned() more=more.into_any()/> }.into_any()
}

/// The page for a query that cannot be answered.
#[component]
fn Refused(message: String) -> impl IntoView {
    view! {
        <main class="settings admin">
            <Head/>
            <section class="admin-notice" role="alert">
                <h2>"This cannot be shown"</h2>
                <p>{message}</p>
                <a class="button" href=PATH>"Show the last thirty days"</a>
            </section>
        </main>
    }
}
