//! The filters: a form, whose fields are the page's address. Without a script its button sends it; with one, each choice
//! counts at once.

use super::board::Board;
use crate::{address::is_plain, browser};
use leptos::{html, prelude::*, web_sys::HtmlFormElement};
use types::{InsightParameters, InsightStep, SentimentInsights, SentimentMethod};

/// The page's own path.
pub(super) const PATH: &str = "/admin";

/// `path` with the query that asks for this.
pub(super) fn address(path: &str, parameters: &InsightParameters) -> String {
    let given = parameters.fields().into_iter().filter_map(|(name, value)| Some((name, value?)));
    let pairs: Vec<_> = given.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// What the page's address asks for.
pub(super) fn asked() -> InsightParameters {
    #[cfg(feature = "ssr")]
    let value = {
        let query = leptos_router::hooks::use_query_map().get_untracked();
        move |name: &str| query.get(name)
    };
    #[cfg(not(feature = "ssr"))]
    let value = browser::query_value;
    parameters(&value)
}

/// What the form asks for. A model is its provider's: with another one it is forgotten.
fn chosen(form: &HtmlFormElement, shown: &InsightParameters) -> InsightParameters {
    let chosen = parameters(&|name| browser::form_value(form, name));
    let model = chosen.model.filter(|_| chosen.provider == shown.provider);
    InsightParameters { model, ..chosen }
}

fn parameters(value: &dyn Fn(&str) -> Option<String>) -> InsightParameters {
    let given = |name| value(name).filter(|value| !value.is_empty());
    InsightParameters {
        from: given("from"),
        to: given("to"),
        step: given("step"),
        provider: given("provider"),
        model: given("model"),
        method: given("method"),
    }
}

/// Percent-encoding of everything that is not unreserved (RFC 3986, 2.3).
fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// A method's name for people.
pub(super) fn method_name(id: &str) -> &str {
    match SentimentMethod::from_name(id) {
        Some(method) => method.label(),
        None => id,
    }
}

/// What a field offers, each choice with its name for people, and what is chosen.
type Offer = (Vec<(String, String)>, Option<String>);

fn steps(shown: &SentimentInsights) -> Offer {
    let named = |step: InsightStep| {
        let name = match step {
            InsightStep::Day => "Day",
            InsightStep::Week => "Week",
            InsightStep::Month => "Month",
        };
        (step.as_str().to_owned(), name.to_owned())
    };
    (InsightStep::ALL.map(named).to_vec(), Some(shown.step.as_str().to_owned()))
}

fn providers(shown: &SentimentInsights) -> Offer {
    (shown.choices.providers.iter().map(|name| (name.clone(), name.clone())).collect(), shown.provider.clone())
}

fn models(shown: &SentimentInsights) -> Offer {
    let models = shown.choices.models.iter().filter(|choice| Some(&choice.provider) == shown.provider.as_ref());
    (models.map(|choice| (choice.model.clone(), choice.model.clone())).collect(), shown.model.clone())
}

fn methods(shown: &SentimentInsights) -> Offer {
    let methods = shown.choices.methods.iter().map(|id| (id.clone(), method_name(id).to_owned()));
    (methods.collect(), shown.method.map(|method| method.as_str().to_owned()))
}

/// The form.
#[component]
pub(super) fn Filters(board: Board) -> impl IntoView {
    let form = NodeRef::<html::Form>::new();
    let shown = move || board.shown.with_untracked(SentimentInsights::parameters);
    let choose = move || {
        // A year that is being typed is not one yet.
        if let Some(form) = form.get_untracked()
            && form.check_validity()
        {
            board.load(chosen(&form, &shown()), true);
        }
    };
    // What was chosen before the page came to life counts, too.
    Effect::new(move |_| {
        if form.get().is_some_and(|form| chosen(&form, &shown()) != shown()) {
            choose();
        }
    });
    let days = board.shown.with_untracked(|shown| (shown.from.to_string(), shown.to.to_string()));
    // A model belongs to a provider: it can be chosen once that is.
    let has_provider = Memo::new(move |_| board.shown.with(|shown| shown.provider.is_some()));
    view! {
        <form
            node_ref=form
            class="admin-filters"
            method="get"
            action=PATH
            // The fields are the address, whatever they were when the page was last left.
            autocomplete="off"
            aria-label="Range and filters"
            on:change=move |_| choose()
            on:submit=move |event| {
                event.prevent_default();
                choose();
            }
        >
            <Day name="from" label="From" value=days.0/>
            <Day name="to" label="To" value=days.1/>
            <Choice board name="step" label="By" all="" offer=steps/>
            <Choice board name="provider" label="Provider" all="All providers" offer=providers/>
            {move || {
                has_provider
                    .get()
                    .then(|| view! { <Choice board name="model" label="Model" all="All models" offer=models/> })
            }}
            <Choice board name="method" label="Read by" all="All methods" offer=methods/>
            <Actions board/>
        </form>
    }
}

/// Without a script the button shows what is chosen; with one that is shown already, and it asks for what is new.
#[component]
fn Actions(board: Board) -> impl IntoView {
    let clear = move |event| {
        if is_plain(&event) {
            event.prevent_default();
            board.load(InsightParameters::default(), true);
        }
    };
    view! {
        <div class="admin-actions">
            <button class="button">{move || if board.is_alive.get() { "Refresh" } else { "Show" }}</button>
            <a class="button" href=PATH on:click=clear>
                "Clear"
            </a>
        </div>
    }
}

#[component]
fn Day(name: &'static str, label: &'static str, value: String) -> impl IntoView {
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input id=name name=name type="date" min="1970-01-01" max="8999-12-31" value=value required/>
        </div>
    }
}

/// A field with choices. What is chosen stays among them, also where there is nothing to be shown of it.
#[component]
fn Choice(
    board: Board,
    name: &'static str,
    label: &'static str,
    all: &'static str,
    offer: fn(&SentimentInsights) -> Offer,
) -> impl IntoView {
    let options = move || {
        let (mut choices, chosen) = board.shown.with(offer);
        if let Some(chosen) = &chosen
            && !choices.iter().any(|(value, _)| value == chosen)
        {
            choices.push((chosen.clone(), chosen.clone()));
        }
        let option = |(value, label): (String, String)| {
            let is_chosen = chosen.as_ref() == Some(&value);
            view! { <option value=value selected=is_chosen>{label}</option> }
        };
        choices.into_iter().map(option).collect_view()
    };
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <select id=name name=name>
                {(!all.is_empty()).then(|| view! { <option value="">{all}</option> })}
                {options}
            </select>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_any_name() {
        assert_eq!(encode("gpt-5.2"), "gpt-5.2");
        assert_eq!(encode("a&b=c/d é"), "a%26b%3Dc%2Fd%20%C3%A9");
        let parameters = parameters(&|name| match name {
            "provider" => Some("a&b".to_owned()),
            "step" => Some("week".to_owned()),
            _ => Some(String::new()),
        });
        assert_eq!(
            address(PATH, &parameters),
            "/admin?step=week&provider=a%26b",
            "what a form leaves empty is not asked for"
        );
        assert_eq!(address(PATH, &InsightParameters::default()), "/admin");
    }
}
