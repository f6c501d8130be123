//! What can be done about readings, in the inspector only: correcting one, and choosing who reads from now on. The page
//! without WASM leaves it out.

use crate::chat::feeling::label_word;
use leptos::prelude::*;
use types::{MessageId, ReaderView, SentimentLabel};

/// One tap says that a message was read wrongly.
#[component]
pub(super) fn Corrections(message: MessageId, label: SentimentLabel) -> impl IntoView {
    let others = [SentimentLabel::Positive, SentimentLabel::Neutral, SentimentLabel::Negative];
    let others = others.into_iter().filter(|other| *other != label).map(label_word).map(|word| {
        view! {
            <button
                id=format!("{word}-{message}")
                type="button"
                class="quiet-button"
                data-does="correct"
                data-message=message.to_string()
                data-label=word
            >
                {format!("It is {word}")}
            </button>
        }
    });
    view! {
        <tr class="corrections">
            <td colspan="3">
                <button
                    id=format!("joke-{message}")
                    type="button"
                    class="quiet-button"
                    data-does="correct"
                    data-message=message.to_string()
                >
                    "I was joking"
                </button>
                {others.collect_view()}
            </td>
        </tr>
    }
}

/// Who reads the messages from now on.
#[component]
pub(super) fn Methods(reader: ReaderView) -> impl IntoView {
    let ReaderView { methods, chosen, usual } = reader;
    let reads = chosen.unwrap_or(usual);
    let choices = methods.into_iter().map(|method| {
        let id = format!("method-{}", method.id.as_str());
        let about = format!("{id}-about");
        view! {
            <div class="method">
                <input
                    id=id.clone()
                    type="radio"
                    name="method"
                    value=method.id.as_str()
                    checked=method.id == reads
                    disabled=!method.available
                    aria-describedby=about.clone()
                />
                <label for=id>{method.name}</label>
                <p id=about>
                    {method.description} {(!method.available).then_some(" Not set up here.")}
                </p>
            </div>
        }
    });
    view! {
        <section>
            <fieldset class="methods">
                <legend>"Who reads your messages"</legend>
                {choices.collect_view()}
            </fieldset>
            <p class="settings-note">
                "What you choose holds in this conversation, from your next message on, until you leave it or load the \
                 page again."
            </p>
            <button id="method-prefer" type="button" class="button" data-does="prefer">"Use it in all conversations"</button>
        </section>
    }
}
