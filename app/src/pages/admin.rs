//! `/admin`: how everybody together feels. For admins, which the server checks. Rendered on the server and done with
//! that: the filters are a plain form, the charts are SVG, and no WASM comes along, which is less than any chunk could
//! be.

mod filters;
mod numbers;
mod sections;

use crate::{
    AppError,
    parts::{
        icon::{self, Icon},
        problem::Problem,
    },
    ssr,
    title::name_page,
};
use filters::{Filters, address};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use numbers::day;
use sections::{Breakdowns, over_time, tiles};
use types::{ErrorCode, InsightParameters, PEOPLE_MIN, SentimentInsights};

/// The dashboard.
#[component]
pub(crate) fn AdminPage() -> impl IntoView {
    let query = use_query_map().read_untracked();
    let parameters = InsightParameters {
        from: query.get("from"),
        to: query.get("to"),
        step: query.get("step"),
        provider: query.get("provider"),
        model: query.get("model"),
        method: query.get("method"),
    };
    drop(query);
    let caller = ssr::caller();
    name_page(|| "How people feel".to_owned());
    view! {
        <Suspense>
            {move || {
                let (caller, parameters) = (caller.clone(), parameters.clone());
                Suspend::new(async move {
                    match load(caller, &parameters).await {
                        Ok(insights) => view! { <Dashboard insights/> }.into_any(),
                        Err(AppError(error)) if error.code == ErrorCode::ValidationFailed => {
                            ssr::set_status(error.code.status());
                            view! { <Refused message=error.message/> }.into_any()
                        }
                        Err(AppError(error)) => {
                            view! { <main class="plain"><Problem error alone=true/></main> }.into_any()
                        }
                    }
                })
            }}
        </Suspense>
    }
}

async fn load(
    caller: Result<(backend::Backend, backend::Actor), AppError>,
    parameters: &InsightParameters,
) -> Result<SentimentInsights, AppError> {
    let (backend, actor) = caller?;
    backend::insights::sentiment(&backend, &actor, parameters).await.map_err(ssr::failed)
}

#[component]
fn Dashboard(insights: SentimentInsights) -> impl IntoView {
    let range = format!("{} to {}", day(insights.from), day(insights.to));
    let export = |format: &str| address(&format!("/api/v1/admin/sentiment/export.{format}"), &insights);
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
            {over_time(&insights)}
            <Breakdowns insights=insights.clone()/>
        }
        .into_any()
    };
    view! {
        <main class="settings admin">
            <Head/>
            <Filters insights=insights.clone()/>
            <p class="admin-range">{range} " · days are UTC"</p>
            {content}
            <footer class="admin-foot">
                <p>
                    "Nobody is named here. Groups of fewer than " {PEOPLE_MIN}
                    " people are merged with others or left out, so that they cannot be worked out either. What you see here \
                     is written where everybody can read it, in the "<a href="/settings#admins">"settings"</a>"."
                </p>
                <p class="admin-files">
                    <a class="button" href=csv download rel="external">"Download CSV"</a>
                    <a class="button" href=json download rel="external">"Download JSON"</a>
                </p>
            </footer>
        </main>
    }
}

#[component]
fn Head() -> impl IntoView {
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
                <a class="button" href="/admin">"Show the last thirty days"</a>
            </section>
        </main>
    }
}
