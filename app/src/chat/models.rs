//! Which model answers: the menu, the choice, and how the choice is remembered. It knows nothing of how models are
//! asked.

use serde::{Deserialize, Serialize};
#[cfg(any(feature = "ssr", test))]
use types::ModelCatalogue;

/// A model of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelChoice {
    /// The provider's id.
    pub provider: String,
    /// The model's id within it.
    pub model: String,
}

impl ModelChoice {
    /// The name of the cookie that remembers it in this browser.
    pub(crate) const COOKIE: &str = "lia_model";

    /// Reads `provider|model`, the cookie's value and the picker's.
    pub(crate) fn from_value(value: &str) -> Option<Self> {
        let (provider, model) = value.split_once('|')?;
        Some(Self { provider: provider.to_owned(), model: model.to_owned() })
    }

    /// Writes `provider|model`.
    pub(crate) fn to_value(&self) -> String {
        format!("{}|{}", self.provider, self.model)
    }

    /// Reads the cookie, in which every byte that a cookie cannot hold is written as `%XX`.
    #[cfg(any(feature = "ssr", test))]
    pub(crate) fn from_cookie(cookie: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(cookie.len());
        let mut rest = cookie.as_bytes();
        while let Some((&byte, tail)) = rest.split_first() {
            if byte == b'%' {
                let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &tail[2..];
            } else {
                bytes.push(byte);
                rest = tail;
            }
        }
        Self::from_value(&String::from_utf8(bytes).ok()?)
    }

    /// Writes the cookie's value.
    pub(crate) fn to_cookie(&self) -> String {
        let mut cookie = String::new();
        for byte in self.to_value().bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.:/|".contains(&byte) {
                cookie.push(char::from(byte));
            } else {
                cookie.push('%');
                for half in [byte >> 4, byte & 15] {
                    cookie.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
                }
            }
        }
        cookie
    }
}

/// The models to choose from, and the choice to begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelMenu {
    /// Provider by provider, in the order they are shown.
    pub groups: Vec<ModelGroup>,
    /// The choice; null where there is nothing to choose from.
    pub choice: Option<ModelChoice>,
}

/// One provider's models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelGroup {
    /// The provider's id.
    pub provider: String,
    /// Id and name of each model.
    pub models: Vec<(String, String)>,
}

impl ModelMenu {
    /// Builds the menu. A remembered choice counts while its model exists, else the account's default does, else the
    /// first model there is.
    #[cfg(any(feature = "ssr", test))]
    pub(crate) fn new(catalogue: ModelCatalogue, remembered: Option<ModelChoice>, default: ModelChoice) -> Self {
        let groups: Vec<_> = catalogue
            .into_iter()
            .filter(|(_, models)| !models.is_empty())
            .map(|(provider, models)| ModelGroup {
                provider,
                models: models.into_iter().map(|model| (model.id, model.name)).collect(),
            })
            .collect();
        let mut menu = Self { groups, choice: None };
        menu.choice =
            remembered.into_iter().chain([default]).find(|choice| menu.name(choice).is_some()).or_else(|| menu.first());
        menu
    }

    /// The name of a model, if it is in the menu.
    #[cfg(any(feature = "ssr", test))]
    pub(crate) fn name(&self, choice: &ModelChoice) -> Option<&str> {
        let group = self.groups.iter().find(|group| group.provider == choice.provider)?;
        group.models.iter().find(|(id, _)| *id == choice.model).map(|(_, name)| name.as_str())
    }

    #[cfg(any(feature = "ssr", test))]
    fn first(&self) -> Option<ModelChoice> {
        let group = self.groups.first()?;
        let (model, _) = group.models.first()?;
        Some(ModelChoice { provider: group.provider.clone(), model: model.clone() })
    }
}

/// A provider's name for people; one that the installation named itself keeps its id.
pub(crate) fn provider_name(id: &str) -> &str {
    match id {
        "openai" => "OpenAI",
        "gemini" => "Gemini",
        "anthropic" => "Anthropic",
        "openrouter" => "OpenRouter",
        "ollama" => "Ollama",
        "offline" => "Without a model",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Model;

    fn choice(provider: &str, model: &str) -> ModelChoice {
        ModelChoice { provider: provider.into(), model: model.into() }
    }

    fn catalogue() -> ModelCatalogue {
        let model = |id: &str| Model {
            id: id.into(),
            name: id.to_uppercase(),
            description: String::new(),
            context_window: None,
            capabilities: Vec::new(),
            price: None,
        };
        [("a", vec![]), ("b", vec![model("one"), model("two")]), ("c", vec![model("one")])]
            .map(|(provider, models)| (provider.to_owned(), models))
            .into()
    }

    #[test]
    fn a_remembered_model_counts_while_it_exists() {
        let menu = ModelMenu::new(catalogue(), Some(choice("c", "one")), choice("b", "two"));
        assert_eq!(menu.choice, Some(choice("c", "one")));
        let menu = ModelMenu::new(catalogue(), Some(choice("c", "gone")), choice("b", "two"));
        assert_eq!(menu.choice, Some(choice("b", "two")));
        let menu = ModelMenu::new(catalogue(), None, choice("z", "gone"));
        assert_eq!(menu.choice, Some(choice("b", "one")));
        assert_eq!(ModelMenu::new(ModelCatalogue::new(), None, choice("b", "two")).choice, None);
    }

    #[test]
    fn the_cookie_brings_any_name_back() {
        for model in ["gpt-4.1", "llama3.1:8b-instruct", "a b;c,d=é|%\"", ""] {
            let choice = choice("my provider", model);
            let cookie = choice.to_cookie();
            assert!(cookie.bytes().all(|byte| byte.is_ascii_graphic() && !b";,\" \\".contains(&byte)), "{cookie}");
            assert_eq!(ModelChoice::from_cookie(&cookie), Some(choice));
        }
        for broken in ["", "no-bar", "a|%", "a|%zz", "a|%ff"] {
            assert_eq!(ModelChoice::from_cookie(broken), None, "{broken}");
        }
    }
}
