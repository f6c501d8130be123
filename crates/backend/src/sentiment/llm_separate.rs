//! The method `llm_separate`: a second, small call beside the answer. It asks only for the reading.

use super::{State, judgement, judgement::Judgement, prompt};
use crate::{models::Choice, runs::meter::Meter};
use llm::{ChatMessage, ChatRequest, Settings};
use types::SentimentMethod;

/// Enough for a reading with its summary, also for a model that thinks a little first.
const MAX_TOKENS: u32 = 1_000;
/// The longest message that is sent whole; of a longer one the beginning and the end say how its writer feels.
const TEXT_MAX_BYTES: usize = 8 * 1024;

/// Asks the model. `None`, and a line in the log, where that fails or its answer holds no reading.
pub(super) async fn read(reader: &Choice, text: &str, before: Option<&State>, meter: &Meter) -> Option<Judgement> {
    let Choice { provider, model, .. } = reader;
    let task = "Answer with one JSON object and nothing else. It follows this JSON Schema:";
    let system = format!("{} {task} {}", prompt::guide(before), prompt::reading_schema());
    let request = ChatRequest {
        model: model.clone(),
        system: Some(system),
        messages: vec![ChatMessage::user(shortened(text))],
        settings: Settings { temperature: Some(0.1), max_tokens: Some(MAX_TOKENS), ..Settings::default() },
    };
    let sent = request.estimate_input_tokens();
    let deltas = meter.watch(sent, reader.price, provider.stream(request));
    match llm::collect(deltas).await {
        Ok(answer) => {
            let judged = judgement::find(&answer, SentimentMethod::LlmSeparate);
            if judged.is_none() {
                tracing::warn!(llm.provider = provider.id(), llm.model = %model, "a model's reading cannot be read");
            }
            judged
        }
        Err(error) => {
            tracing::warn!(
                llm.provider = provider.id(),
                llm.model = %model,
                error.kind = %error.kind(),
                error.detail = error.detail(),
                "a model could not be asked for a reading"
            );
            None
        }
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= TEXT_MAX_BYTES {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(TEXT_MAX_BYTES / 2);
    let tail = text.ceil_char_boundary(text.len() - TEXT_MAX_BYTES / 2);
    format!("{}\n[…]\n{}", text.get(..head).unwrap_or_default(), text.get(tail..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_message_the_ends_are_sent() {
        assert_eq!(shortened("short"), "short");
        let long = shortened(&format!("a{}z", "ü".repeat(100_000)));
        assert!(long.len() < TEXT_MAX_BYTES + 20 && long.starts_with('a') && long.ends_with('z'));
    }
}
