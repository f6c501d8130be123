//! What we know of models that their providers do not say: names, windows, capabilities, list prices (as the vendors' own
//! pages had them in October and November 2026, without the extra for very long contexts and the rebate for cached ones;
//! Google's Flash of version 3.6 and later costs twice as much from 2027 on), what they refuse, and which ids of a list are
//! no chat models. It is data (`data/models.json`), for names change weekly; of each vendor the model comes first that is a
//! good choice for somebody who makes none.

use crate::{Capability, Kind, ModelInfo, Price, Settings};
use serde::Deserialize;
use std::sync::LazyLock;

/// What we know of a model and of its dated versions.
#[derive(Debug, Deserialize)]
pub(crate) struct Known {
    /// Its id without a date.
    id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) context_window: Option<u32>,
    #[serde(default)]
    pub(crate) capabilities: Vec<Capability>,
    #[serde(default)]
    pub(crate) price: Option<Price>,
    /// The most tokens it writes, where a request has to say.
    #[serde(default)]
    pub(crate) max_output_tokens: Option<u32>,
    /// The settings that it refuses, by their names in [`Settings`](crate::Settings).
    #[serde(default)]
    refuses: Vec<String>,
    /// It speaks only OpenAI's Responses.
    #[serde(default)]
    needs_responses: bool,
    /// It goes on with an answer whose beginning it is handed as the last message.
    #[serde(default)]
    prefill: bool,
    /// It is asked for by the id of a version and not by the one without.
    #[serde(default)]
    only_versions: bool,
}

#[derive(Debug, Deserialize)]
struct Data {
    /// Pieces of ids of models that do not chat.
    no_chat: Vec<String>,
    models: Vec<Known>,
}

#[expect(clippy::expect_used, reason = "the file is compiled in, and a test reads it")]
static DATA: LazyLock<Data> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/models.json")).expect("data/models.json"));

/// What we know of a model, by its id with or without a date, a vendor before it or a variant after it.
pub(crate) fn find(id: &str) -> Option<&'static Known> {
    find_version(id).map(|(_, known, _)| known)
}

/// The same with its place in our data, and with what follows the model in the id: `2024-08-06`.
pub(crate) fn find_version(id: &str) -> Option<(usize, &'static Known, &str)> {
    let id = id.rsplit('/').next().unwrap_or(id);
    let id = id.split(':').next().unwrap_or(id);
    let fitting = DATA.models.iter().enumerate().filter_map(|(place, known)| {
        let rest = id.strip_prefix(known.id.as_str()).filter(|rest| is_version(rest))?;
        Some((place, known, rest.trim_start_matches('-')))
    });
    fitting.max_by_key(|(_, known, _)| known.id.len())
}

/// Puts the models that we know first, in the order of our data and each before its dated versions; the rest stay as their
/// provider lists them.
pub(crate) fn sort(models: &mut [ModelInfo]) {
    models.sort_by_key(|model| {
        find_version(&model.id).map_or((usize::MAX, 0), |(place, _, version)| (place, version.len()))
    });
}

/// The models of a vendor, for whoever may not ask it for them.
pub(crate) fn list(vendor: Kind) -> Vec<ModelInfo> {
    let is_theirs = |id: &str| match vendor {
        Kind::OpenAi => !id.starts_with("gemini-") && !id.starts_with("claude-"),
        Kind::Gemini => id.starts_with("gemini-"),
        Kind::Anthropic => id.starts_with("claude-"),
        // They have whatever others make.
        Kind::OpenRouter | Kind::Ollama => false,
    };
    let named = DATA.models.iter().filter(|known| is_theirs(&known.id) && !known.only_versions);
    named.map(|known| ModelInfo::from_id(known.id.as_str())).collect()
}

/// Whether a model answers in a chat, as far as its id says.
pub(crate) fn chats(id: &str) -> bool {
    !DATA.no_chat.iter().any(|piece| id.contains(piece.as_str()))
}

/// Whether a model speaks only OpenAI's Responses.
pub(crate) fn needs_responses(id: &str) -> bool {
    find(id).is_some_and(|known| known.needs_responses)
}

/// Whether a model goes on with an answer whose beginning it is handed.
pub(crate) fn takes_prefill(id: &str) -> bool {
    find(id).is_some_and(|known| known.prefill)
}

/// Whether a model is known to think before it answers.
pub(crate) fn thinks(id: &str) -> bool {
    find(id).is_some_and(|known| known.capabilities.contains(&Capability::Thinking))
}

/// The settings without those that a model is known to refuse.
pub(crate) fn accepted(id: &str, settings: &Settings) -> Settings {
    let refuses = |name: &str| find(id).is_some_and(|known| known.refuses.iter().any(|refused| refused == name));
    Settings {
        temperature: settings.temperature.filter(|_| !refuses("temperature")),
        max_tokens: settings.max_tokens,
        top_p: settings.top_p.filter(|_| !refuses("top_p")),
        frequency_penalty: settings.frequency_penalty.filter(|_| !refuses("frequency_penalty")),
        presence_penalty: settings.presence_penalty.filter(|_| !refuses("presence_penalty")),
    }
}

/// What may follow an id without making it another model: nothing, or a date, a number or a word for how new it is. One or
/// two digits alone are another model: `claude-opus-4-6` is no version of `claude-opus-4`.
fn is_version(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix('-') else { return rest.is_empty() };
    rest.split('-').enumerate().all(|(at, piece)| {
        let is_number = !piece.is_empty() && piece.bytes().all(|byte| byte.is_ascii_digit());
        matches!(piece, "latest" | "preview" | "exp") || is_number && (at > 0 || piece.len() > 2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dated_version_is_its_model_and_a_sibling_is_not() {
        let name = |id| find(id).map(|known| known.name.as_str());
        assert_eq!(name("gpt-4o"), Some("GPT-4o"));
        assert_eq!(name("gpt-4o-2024-08-06"), Some("GPT-4o"));
        assert_eq!(name("openai/gpt-4o-mini:free"), Some("GPT-4o mini"));
        assert_eq!(name("gpt-4o-strange"), None);
        assert_eq!(name("gpt-4omni"), None);
        assert_eq!(name("gpt-4-2"), None);
        assert_eq!(name("gemini-2.5-flash-preview-05-20"), Some("Gemini 2.5 Flash"));
        assert_eq!(name("claude-sonnet-4-20250514"), Some("Claude Sonnet 4"));
        assert_eq!(name("claude-sonnet-4-5-20250929"), Some("Claude Sonnet 4.5"));
    }

    #[test]
    fn what_a_model_refuses_is_left_out() {
        let settings =
            Settings { temperature: Some(0.5), max_tokens: Some(9), top_p: Some(0.5), ..Settings::default() };
        assert_eq!(accepted("gpt-4o", &settings), settings);
        assert_eq!(accepted("o3-2025-04-16", &settings), Settings { max_tokens: Some(9), ..Settings::default() });
        assert!(needs_responses("o3-pro") && !needs_responses("o3"));
    }

    #[test]
    fn what_we_know_comes_first_and_has_its_version_in_its_name() {
        let mut models = ["x", "gpt-4o-2024-08-06", "gpt-4o", "a", "gpt-5.1"].map(ModelInfo::from_id);
        sort(&mut models);
        let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["GPT-5.1", "GPT-4o", "GPT-4o 2024-08-06", "x", "a"]);
    }

    #[test]
    fn no_model_is_described_twice_and_every_price_is_one() {
        for (at, known) in DATA.models.iter().enumerate() {
            assert_eq!(find_version(&known.id).map(|(place, ..)| place), Some(at), "{}", known.id);
            assert!(known.price.is_some_and(|price| 0.0 < price.input && price.input < price.output), "{}", known.id);
            assert!(known.context_window.is_some_and(|window| window >= 100_000), "{}", known.id);
        }
    }

    #[test]
    fn a_vendors_models_are_told_from_those_of_others() {
        let first = |vendor| list(vendor).into_iter().next().map(|model| model.id);
        assert!(first(Kind::OpenAi).is_some_and(|id| id.starts_with("gpt-")));
        assert!(first(Kind::Gemini).is_some_and(|id| id.starts_with("gemini-")));
        assert!(first(Kind::Anthropic).is_some_and(|id| id.starts_with("claude-")));
        assert!(list(Kind::Anthropic).iter().all(|model| model.id != "claude-3-haiku" && model.price.is_some()));
        assert_eq!((first(Kind::OpenRouter), first(Kind::Ollama)), (None, None));
    }

    #[test]
    fn what_does_not_chat_is_left_out() {
        assert!(chats("gpt-4o-mini"));
        for id in ["text-embedding-3-small", "whisper-1", "tts-1", "gpt-4o-mini-transcribe", "omni-moderation-latest"] {
            assert!(!chats(id), "{id}");
        }
    }
}
