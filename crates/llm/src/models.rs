//! What is known of a model: from its provider's list and from our own data. Knows no provider by name.

use crate::known::{self, Known};
use serde::{Deserialize, Serialize};

/// A model that can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Its id, as its provider names it.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is good for, in a sentence; may be empty.
    pub description: String,
    /// The most tokens it reads and writes together.
    pub context_window: Option<u32>,
    /// What it can do beyond reading and writing text.
    pub capabilities: Vec<Capability>,
    /// What it costs, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// What a model costs, in US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// For what it reads.
    pub input: f64,
    /// For what it writes, thoughts included.
    pub output: f64,
}

/// What a model can do beyond reading and writing text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Looks at pictures.
    Images,
    /// Listens to recordings.
    Audio,
    /// Thinks before it answers.
    Thinking,
    /// Answers in JSON of a given schema.
    StructuredOutput,
    /// Calls tools.
    Tools,
}

impl Price {
    /// What an answer of so many tokens costs at this price, in millionths of a US dollar, rounded: dollars for a million
    /// tokens are millionths of a dollar for one. A list price, without rebates for what was cached.
    pub fn cost_micros(&self, input_tokens: u64, output_tokens: u64) -> u64 {
        #[expect(clippy::cast_precision_loss, reason = "no answer has 2^52 tokens")]
        let micros = self.input * input_tokens as f64 + self.output * output_tokens as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it saturates, and no price is negative"
        )]
        let micros = micros.round() as u64;
        micros
    }
}

/// The longest id, in characters: that of Lia's own requests, which have to name it.
const ID_MAX_CHARS: usize = 255;
/// The longest name, in characters.
const NAME_MAX_CHARS: usize = 120;
/// The longest description, in characters.
const DESCRIPTION_MAX_CHARS: usize = 160;

impl ModelInfo {
    /// The same with words that fit into a list, whatever a provider says; none where its id cannot be asked for.
    pub(crate) fn tidy(mut self) -> Option<Self> {
        if self.id.trim().is_empty() || self.id.chars().any(char::is_control) || self.id.chars().count() > ID_MAX_CHARS
        {
            return None;
        }
        self.name = shortened(&self.name, NAME_MAX_CHARS);
        if self.name.is_empty() {
            self.name.clone_from(&self.id);
        }
        self.description = shortened(first_sentence(&self.description), DESCRIPTION_MAX_CHARS);
        Some(self)
    }

    /// A model of which its provider says nothing but the id: described by what we know of it.
    pub(crate) fn from_id(id: impl Into<String>) -> Self {
        let id = id.into();
        let model = Self {
            name: id.clone(),
            id,
            description: String::new(),
            context_window: None,
            capabilities: Vec::new(),
            price: None,
        };
        model.filled_up()
    }

    /// The same with what we know where the provider is silent.
    pub(crate) fn filled_up(mut self) -> Self {
        let Some((_, known, version)) = known::find_version(&self.id) else { return self };
        let Known { name, description, context_window, capabilities, price, .. } = known;
        if self.name == self.id {
            self.name = if version.is_empty() { name.clone() } else { format!("{name} {version}") };
        }
        if self.description.is_empty() {
            self.description.clone_from(description);
        }
        self.price = self.price.or(*price);
        self.context_window = self.context_window.or(*context_window);
        if self.capabilities.is_empty() {
            self.capabilities.clone_from(capabilities);
        }
        self
    }
}

/// Enough of a description for a list.
fn first_sentence(text: &str) -> &str {
    let sentence = text.split_inclusive(". ").next().unwrap_or(text).trim();
    sentence.lines().next().unwrap_or_default()
}

/// A text in one line of at most so many characters.
fn shortened(text: &str, max_chars: usize) -> String {
    let text = text.trim();
    let is_long = text.chars().nth(max_chars).is_some();
    let kept = text.chars().take(if is_long { max_chars - 1 } else { max_chars });
    kept.map(|character| if character.is_control() { ' ' } else { character }).chain(is_long.then_some('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_provider_says_fits_into_a_list() {
        let said = |id: &str, name: &str, description: &str| {
            let model = ModelInfo { name: name.into(), description: description.into(), ..ModelInfo::from_id(id) };
            model.tidy()
        };
        let model = said("vendor/m", &"n".repeat(10_000), &"d".repeat(10_000)).unwrap();
        assert_eq!((model.name.chars().count(), model.description.chars().count()), (120, 160));
        assert!(model.name.ends_with('…'));
        let model = said("m", "A\u{0}B\n", "Good. Very good.").unwrap();
        assert_eq!((model.name.as_str(), model.description.as_str()), ("A B", "Good."));
        assert_eq!(said("m", " ", "").unwrap().name, "m");
        let long = "m".repeat(256);
        for id in ["", " ", "a\u{0}", "a\nb", long.as_str()] {
            assert_eq!(said(id, "n", ""), None, "{id:?} cannot be asked for");
        }
    }

    #[test]
    fn a_cost_is_the_price_of_what_was_read_and_written() {
        let price = Price { input: 2.5, output: 10.0 };
        assert_eq!(price.cost_micros(1_000_000, 0), 2_500_000, "two dollars and a half");
        assert_eq!(price.cost_micros(12, 5), 80);
        assert_eq!(price.cost_micros(1, 0), 3, "rounded");
        assert_eq!(Price { input: 0.0, output: 0.0 }.cost_micros(u64::MAX, u64::MAX), 0);
        assert_eq!(price.cost_micros(u64::MAX, u64::MAX), u64::MAX);
    }
}
