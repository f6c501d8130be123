//! What a person chose for all of their conversations: the model, those they like best, how models choose words.

use crate::{ApiError, Fields, SentimentMethod, TITLE_MAX_CHARS, check_text};
use serde::{Deserialize, Deserializer, Serialize};

/// The most models somebody can mark.
pub const FAVOURITES_MAX: usize = 100;

/// A model of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelRef {
    /// The provider's id.
    pub provider: String,
    /// The model's id within it.
    pub model: String,
}

impl ModelRef {
    /// Bounds of both names; whether the model exists is for the server to say.
    pub fn validate(&self) -> Result<(), ApiError> {
        let mut fields = Fields::new();
        for (field, name) in [("provider", &self.provider), ("model", &self.model)] {
            fields.check(field, check_text(name, TITLE_MAX_CHARS));
        }
        fields.finish()
    }
}

/// How a model chooses its words. What is absent is the model's own default; what a model refuses is not sent to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GenerationSettings {
    /// 0 to 2: how far from the likeliest word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// 1 to 32000: the most tokens to write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// 0 to 1: the share of probability to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// -2 to 2: against words by how often they were used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f32>,
    /// -2 to 2: against words that were used at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f32>,
}

impl GenerationSettings {
    /// Adds what is out of bounds to `fields`.
    pub fn check(&self, fields: &mut Fields) {
        let bounded = [
            ("temperature", self.temperature, 0.0, 2.0),
            ("top_p", self.top_p, 0.0, 1.0),
            ("frequency_penalty", self.frequency_penalty, -2.0, 2.0),
            ("presence_penalty", self.presence_penalty, -2.0, 2.0),
        ];
        for (field, value, low, high) in bounded {
            // Written so that what is not a number is refused too.
            if value.is_some_and(|value| !(low..=high).contains(&value)) {
                fields.reject(field, format!("Must be from {low} to {high}."));
            }
        }
        if self.max_tokens.is_some_and(|tokens| !(1..=32_000).contains(&tokens)) {
            fields.reject("max_tokens", "Must be from 1 to 32000.");
        }
    }
}

/// What a person chose: `GET` and `PUT /api/v1/preferences`. All of it is replaced by a `PUT`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Preferences {
    /// The model that answers in new conversations; absent: the installation's first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelRef>,
    /// Models marked as favourites, in the order they were marked.
    pub favourites: Vec<ModelRef>,
    /// How models choose their words.
    pub generation: GenerationSettings,
    /// How the sentiment of messages is read; absent: as the installation does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentiment_method: Option<SentimentMethod>,
}

impl Preferences {
    /// Bounds of all of it. Whether a model exists is not asked: one that is gone may come back.
    pub fn validate(&self) -> Result<(), ApiError> {
        let mut fields = Fields::new();
        self.generation.check(&mut fields);
        if self.favourites.len() > FAVOURITES_MAX {
            fields.reject("favourites", format!("There may be at most {FAVOURITES_MAX}."));
        }
        for (field, model) in self
            .model
            .iter()
            .map(|model| ("model", model))
            .chain(self.favourites.iter().map(|model| ("favourites", model)))
        {
            fields.check(field, check_text(&model.provider, TITLE_MAX_CHARS));
            fields.check(field, check_text(&model.model, TITLE_MAX_CHARS));
        }
        fields.finish()
    }
}

/// What changes in what a person chose: `PATCH /api/v1/preferences`. What is absent stays as it is, so that what is chosen
/// elsewhere at the same time stays too; `null` takes a choice back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PreferencesChange {
    /// The model that answers in new conversations.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "said")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<ModelRef>))]
    pub model: Option<Option<ModelRef>>,
    /// All favourites, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub favourites: Option<Vec<ModelRef>>,
    /// Models to mark as favourites, behind the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mark: Vec<ModelRef>,
    /// Models that are no favourites any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmark: Vec<ModelRef>,
    /// How models choose their words, all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<GenerationSettings>,
    /// How the sentiment of messages is read.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "said")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<SentimentMethod>))]
    pub sentiment_method: Option<Option<SentimentMethod>>,
}

/// A field that is there, whether it holds something or `null`.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

impl PreferencesChange {
    /// Makes the change. The result is yet to be validated.
    pub fn apply(self, preferences: &mut Preferences) {
        let Self { model, favourites, mark, unmark, generation, sentiment_method } = self;
        preferences.model = model.unwrap_or(preferences.model.take());
        preferences.favourites = favourites.unwrap_or(std::mem::take(&mut preferences.favourites));
        preferences.favourites.retain(|favourite| !unmark.contains(favourite));
        for model in mark {
            if !preferences.favourites.contains(&model) {
                preferences.favourites.push(model);
            }
        }
        preferences.generation = generation.unwrap_or(preferences.generation);
        preferences.sentiment_method = sentiment_method.unwrap_or(preferences.sentiment_method);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_keep_to_their_bounds() {
        let refused = |settings: GenerationSettings| {
            let mut fields = Fields::new();
            settings.check(&mut fields);
            fields.finish().is_err()
        };
        let none = GenerationSettings::default();
        assert!(!refused(none));
        for temperature in [0.0, 0.7, 2.0] {
            assert!(!refused(GenerationSettings { temperature: Some(temperature), ..none }), "{temperature}");
        }
        for temperature in [-0.1, 2.1, f32::NAN, f32::INFINITY] {
            assert!(refused(GenerationSettings { temperature: Some(temperature), ..none }), "{temperature}");
        }
        assert!(refused(GenerationSettings { top_p: Some(1.01), ..none }));
        assert!(refused(GenerationSettings { frequency_penalty: Some(-2.5), ..none }));
        assert!(refused(GenerationSettings { presence_penalty: Some(2.5), ..none }));
        assert!(refused(GenerationSettings { max_tokens: Some(0), ..none }));
        assert!(refused(GenerationSettings { max_tokens: Some(32_001), ..none }));
        assert!(!refused(GenerationSettings { max_tokens: Some(32_000), ..none }));
    }

    #[test]
    fn preferences_of_an_account_that_chose_nothing_are_read() {
        assert_eq!(serde_json::from_str::<Preferences>("{}").unwrap(), Preferences::default());
    }

    #[test]
    fn a_change_leaves_alone_what_it_does_not_name() {
        let model = |name: &str| ModelRef { provider: "p".into(), model: name.into() };
        let mut preferences = Preferences {
            model: Some(model("a")),
            favourites: vec![model("a"), model("b")],
            generation: GenerationSettings { temperature: Some(0.5), ..GenerationSettings::default() },
            sentiment_method: Some(SentimentMethod::Local),
        };
        let mut change = |text: &str| {
            serde_json::from_str::<PreferencesChange>(text).unwrap().apply(&mut preferences);
            preferences.clone()
        };
        let before = change("{}");
        assert_eq!(before.model, Some(model("a")));
        let marked = r#"{"mark": [{"provider": "p", "model": "b"}, {"provider": "p", "model": "c"}],
            "unmark": [{"provider": "p", "model": "a"}]}"#;
        let after = change(marked);
        assert_eq!(after, Preferences { favourites: vec![model("b"), model("c")], ..before.clone() });
        let after = change(r#"{"model": null, "generation": {"top_p": 1.0}, "favourites": []}"#);
        let generation = GenerationSettings { top_p: Some(1.0), ..GenerationSettings::default() };
        assert_eq!(after, Preferences { model: None, favourites: Vec::new(), generation, ..before });
        assert_eq!(change(r#"{"sentiment_method": null}"#).sentiment_method, None);
        let sent = PreferencesChange { model: Some(None), ..PreferencesChange::default() };
        assert_eq!(serde_json::to_string(&sent).unwrap(), r#"{"model":null}"#);
        assert!(serde_json::from_str::<PreferencesChange>(r#"{"theme": "dark"}"#).is_err());
    }
}
