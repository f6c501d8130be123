//! How a person feels, as it crosses the wire: of one message, and of a conversation so far.

use serde::{Deserialize, Serialize};

/// The most characters of a conversation's summary.
pub const SUMMARY_MAX_CHARS: usize = 100;

/// Which method reads the sentiment of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SentimentMethod {
    /// The model answers in JSON with the sentiment beside its words.
    Structured,
    /// A second small call beside the answer.
    LlmSeparate,
    /// Google Cloud Natural Language.
    NlpApi,
    /// On this server, without network.
    Local,
}

impl SentimentMethod {
    /// Every method, the default of an installation without a provider last.
    pub const ALL: [Self; 4] = [Self::Structured, Self::LlmSeparate, Self::NlpApi, Self::Local];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Structured => "structured",
            Self::LlmSeparate => "llm_separate",
            Self::NlpApi => "nlp_api",
            Self::Local => "local",
        }
    }

    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Structured => "With the answer",
            Self::LlmSeparate => "A call of its own",
            Self::NlpApi => "Google Natural Language",
            Self::Local => "On this server",
        }
    }

    /// The method with this name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

/// Which way something leans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SentimentLabel {
    /// Well.
    Positive,
    /// Neither well nor badly.
    Neutral,
    /// Badly.
    Negative,
}

impl SentimentLabel {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "Positive",
            Self::Neutral => "Neutral",
            Self::Negative => "Negative",
        }
    }

    /// The label of a score from -1 to 1: the cut is at ±0.1.
    pub fn of(score: f64) -> Self {
        if score >= 0.1 {
            Self::Positive
        } else if score <= -0.1 {
            Self::Negative
        } else {
            Self::Neutral
        }
    }
}

/// The sentiment of one of the user's messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sentiment {
    /// -1 (as bad as can be) to 1.
    pub score: f64,
    /// Which way it leans.
    pub label: SentimentLabel,
    /// The emotion that shows most, an English word in lower case; null where none does.
    pub emotion: Option<String>,
    /// 0 to 1: how sure the method is.
    pub confidence: f64,
    /// The method that read it.
    pub method: SentimentMethod,
    /// Whether `local` read it because the method that was asked for gave no answer.
    pub fallback: bool,
    /// Whether the person has corrected it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub corrected: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The sentiment of a conversation so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CumulativeSentiment {
    /// -1 to 1.
    pub score: f64,
    /// Which way it leans.
    pub label: SentimentLabel,
    /// The emotion that is felt most; null where none is.
    pub emotion: Option<String>,
    /// The conversation in at most 100 characters.
    pub summary: String,
    /// How many of the user's messages it is made of.
    pub count: u32,
}

/// The data of the `sentiment` event, and the answer to a correction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SentimentUpdate {
    /// Of the user's message.
    pub message: Option<Sentiment>,
    /// Of the conversation with it.
    pub cumulative: Option<CumulativeSentiment>,
}

/// A method that may be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MethodInfo {
    /// What is sent to choose it.
    pub id: SentimentMethod,
    /// Its name for people.
    pub name: String,
    /// What it does and where the words go, in a sentence.
    pub description: String,
    /// Whether this installation can use it. One that it cannot use reads as `local`.
    pub available: bool,
}

/// `GET /api/v1/chat/methods`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Methods {
    /// All of them.
    pub methods: Vec<MethodInfo>,
}

/// What was wrong with a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FeedbackKind {
    /// It was not meant seriously.
    Joking,
    /// It was read wrongly.
    Wrong,
}

impl FeedbackKind {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joking => "joking",
            Self::Wrong => "wrong",
        }
    }
}

/// A correction: `POST /api/v1/chat/messages/{id}/sentiment/feedback`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SentimentFeedback {
    /// What was wrong.
    pub kind: FeedbackKind,
    /// What it should have been; absent: `Neutral`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<SentimentLabel>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_wire_spells_it_as_documented() {
        let sentiment = Sentiment {
            score: -0.5,
            label: SentimentLabel::of(-0.5),
            emotion: None,
            confidence: 0.75,
            method: SentimentMethod::LlmSeparate,
            fallback: true,
            corrected: false,
        };
        let wire = json!({
            "score": -0.5, "label": "Negative", "emotion": null, "confidence": 0.75, "method": "llm_separate",
            "fallback": true
        });
        assert_eq!(serde_json::to_value(&sentiment).unwrap(), wire);
        assert_eq!(serde_json::from_value::<Sentiment>(wire).unwrap(), sentiment);
        for method in SentimentMethod::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
            assert_eq!(SentimentMethod::from_name(method.as_str()), Some(method));
        }
        assert_eq!(SentimentMethod::from_name("guess"), None);
    }

    #[test]
    fn the_cut_is_at_a_tenth() {
        let labels = [-1.0, -0.1, -0.099, 0.0, 0.099, 0.1, 1.0].map(|score| SentimentLabel::of(score).as_str());
        assert_eq!(labels, ["Negative", "Negative", "Neutral", "Neutral", "Neutral", "Positive", "Positive"]);
    }
}
