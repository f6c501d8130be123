//! The filters: a plain form, whose fields are the page's address.

use leptos::prelude::*;
use std::fmt::Write as _;
use types::{InsightStep, SentimentInsights, SentimentMethod};

/// `path` with the query that shows the same.
pub(super) fn address(path: &str, insights: &SentimentInsights) -> String {
    let mut address = format!("{path}?from={}&to={}&step={}", insights.from, insights.to, insights.step.as_str());
    let filters = [
        ("provider", insights.provider.as_deref()),
        ("model", insights.model.as_deref()),
        ("method", insights.method.map(SentimentMethod::as_str)),
    ];
    for (name, value) in filters {
        if let Some(value) = value {
            // Writing to a string does not fail.
            let _ = write!(address, "&{name}={}", encode(value));
        }
    }
    address
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

/// The form. What is chosen stays among the choices, also where there is nothing to be shown of it.
#[component]
pub(super) fn Filters(insights: SentimentInsights) -> impl IntoView {
    let steps = InsightStep::ALL.map(|step| {
        let label = match step {
            InsightStep::Day => "Day",
            InsightStep::Week => "Week",
            InsightStep::Month => "Month",
        };
        (step.as_str().to_owned(), label.to_owned())
    });
    let named = |name: String| (name.clone(), name);
    let choices = insights.choices;
    let provider = insights.provider;
    let models = choices.models.into_iter().filter(|choice| Some(&choice.provider) == provider.as_ref());
    let models = models.map(|choice| named(choice.model)).collect();
    let methods = choices.methods.into_iter().map(|id| (id.clone(), method_name(&id).to_owned())).collect();
    let method = insights.method.map(|method| method.as_str().to_owned());
    // A model belongs to a provider: it can be chosen once that is.
    let by_model = provider.is_some().then(|| {
        view! { <Choice name="model" label="Model" all="All models" choices=models chosen=insights.model.clone()/> }
    });
    let is_narrowed = provider.is_some() || method.is_some();
    view! {
        <form class="admin-filters" method="get" action="/admin" aria-label="Range and filters">
            <Day name="from" label="From" value=insights.from.to_string()/>
            <Day name="to" label="To" value=insights.to.to_string()/>
            <Choice
                name="step"
                label="By"
                all=""
                choices=steps.to_vec()
                chosen=Some(insights.step.as_str().to_owned())
            />
            <Choice
                name="provider"
                label="Provider"
                all="All providers"
                choices=choices.providers.into_iter().map(named).collect()
                chosen=provider
            />
            {by_model}
            <Choice name="method" label="Read by" all="All methods" choices=methods chosen=method/>
            <div class="admin-actions">
                <button class="button primary">"Show"</button>
                {is_narrowed.then(|| view! { <a class="button" href="/admin">"Clear"</a> })}
            </div>
        </form>
    }
}

#[component]
fn Day(name: &'static str, label: &'static str, value: String) -> impl IntoView {
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input id=name name=name type="date" value=value required/>
        </div>
    }
}

#[component]
fn Choice(
    name: &'static str,
    label: &'static str,
    all: &'static str,
    choices: Vec<(String, String)>,
    chosen: Option<String>,
) -> impl IntoView {
    let mut choices = choices;
    if let Some(chosen) = &chosen
        && !choices.iter().any(|(value, _)| value == chosen)
    {
        choices.push((chosen.clone(), chosen.clone()));
    }
    let options = choices.into_iter().map(|(value, label)| {
        let is_chosen = chosen.as_ref() == Some(&value);
        view! { <option value=value selected=is_chosen>{label}</option> }
    });
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <select id=name name=name>
                {(!all.is_empty()).then(|| view! { <option value="">{all}</option> })}
                {options.collect_view()}
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
    }
}
