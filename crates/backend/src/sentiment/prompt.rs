//! What models are told about reading a person: the words, and the shapes of their answers. It asks nobody.

use super::State;
use llm::Schema;
use sentiment::Emotion;
use serde_json::{Value, json};

/// How a person is to be read.
const GUIDE: &str = "Read how the person feels in their newest message: not the subject, and not your answer. \
                     `score` is from -1 (as bad as can be) to 1 (as good as can be); `label` is Positive, Neutral or \
                     Negative; `emotion` is the one that shows most, `neutral` where none does; `confidence` is from 0 \
                     to 1. Mind irony and jokes. `whole` is the same for the whole conversation with this \
                     message, and its `summary` says in at most 100 characters how the person has felt.";

/// The guide with what is known of the conversation before this message.
pub(super) fn guide(before: Option<&State>) -> String {
    match before {
        None => format!("{GUIDE} This is the first message."),
        Some(State { shown, .. }) => format!(
            "{GUIDE} After the {} messages before this one, `whole` had the score {} and the summary {}.",
            shown.count,
            shown.score,
            Value::from(shown.summary.as_str()),
        ),
    }
}

/// An answer with its reading. Models write the fields in the order of the schema, which is that of the alphabet: the
/// answer comes first, so that it can be shown while the rest is still to come.
pub(super) fn answer_schema() -> Schema {
    let schema = object(&json!({"response": {"type": "string"}, "sentiment": reading(), "whole": whole()}));
    Schema { name: "answer_with_sentiment".to_owned(), schema }
}

/// A reading alone.
pub(super) fn reading_schema() -> Value {
    object(&json!({"sentiment": reading(), "whole": whole()}))
}

fn reading() -> Value {
    object(&json!({
        "score": {"type": "number"}, "label": label(), "emotion": emotion(), "confidence": {"type": "number"}
    }))
}

fn whole() -> Value {
    object(&json!({
        "score": {"type": "number"}, "label": label(), "emotion": emotion(), "summary": {"type": "string"}
    }))
}

fn label() -> Value {
    json!({"type": "string", "enum": ["Positive", "Neutral", "Negative"]})
}

fn emotion() -> Value {
    json!({"type": "string", "enum": Emotion::ALL.map(Emotion::as_str)})
}

fn object(properties: &Value) -> Value {
    let names: Vec<&String> = properties.as_object().into_iter().flat_map(|fields| fields.keys()).collect();
    json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false})
}
