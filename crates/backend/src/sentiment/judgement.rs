//! What a method says of a message, whichever it is: read out of a model's JSON with distrust. It knows no method.

use serde_json::Value;
use types::{SUMMARY_MAX_CHARS, SentimentLabel, SentimentMethod};

/// The longest word that is taken for an emotion, in characters.
const EMOTION_MAX_CHARS: usize = 24;

/// What a method says of a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judgement {
    /// -1 to 1.
    pub(super) score: f64,
    pub(super) label: SentimentLabel,
    pub(super) emotion: Option<String>,
    /// 0 to 1.
    pub(super) confidence: f64,
    pub(super) method: SentimentMethod,
    /// What it says of the conversation with this message.
    pub(super) conversation: Option<Verdict>,
}

/// What a model says of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(super) score: f64,
    pub(super) label: SentimentLabel,
    pub(super) emotion: Option<String>,
    /// At most 100 characters, in one line.
    pub(super) summary: String,
}

impl Judgement {
    /// What a model wrote; `None` where no score can be found in it. The message's part may stand under `sentiment`, or as in
    /// Lia's own event under `message`, or by itself.
    pub(super) fn from_json(value: &Value, method: SentimentMethod) -> Option<Self> {
        let part = |name| value.get(name).filter(|part| part.is_object());
        let message = part("sentiment").or_else(|| part("message")).unwrap_or(value);
        let score = number(message.get("score")?)?.clamp(-1.0, 1.0);
        let confidence = message.get("confidence").and_then(number).unwrap_or(0.5).clamp(0.0, 1.0);
        Some(Self {
            score: rounded(score),
            label: label(message).unwrap_or(SentimentLabel::of(score)),
            emotion: message.get("emotion").and_then(emotion),
            confidence: rounded(confidence),
            method,
            // Some models call it as Lia's own event does.
            conversation: value.get("whole").or_else(|| value.get("cumulative")).and_then(Verdict::from_json),
        })
    }
}

impl Verdict {
    fn from_json(value: &Value) -> Option<Self> {
        let score = number(value.get("score")?)?.clamp(-1.0, 1.0);
        let summary = summary(value.get("summary")?.as_str()?);
        (!summary.is_empty()).then(|| Self {
            score: rounded(score),
            label: label(value).unwrap_or(SentimentLabel::of(score)),
            emotion: value.get("emotion").and_then(emotion),
            summary,
        })
    }
}

/// A score as it is stored and shown: more than three places say nothing.
pub(super) fn rounded(score: f64) -> f64 {
    // Zero has no sign.
    (score * 1000.0).round() / 1000.0 + 0.0
}

/// A number, which some models put between quotes.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    number.is_finite().then_some(number)
}

fn label(value: &Value) -> Option<SentimentLabel> {
    let named = value.get("label")?.as_str()?.trim();
    [SentimentLabel::Positive, SentimentLabel::Neutral, SentimentLabel::Negative]
        .into_iter()
        .find(|label| named.eq_ignore_ascii_case(label.as_str()))
}

/// One word, or a few; none where nothing is felt.
fn emotion(value: &Value) -> Option<String> {
    let word = value.as_str()?.trim().to_lowercase();
    let is_word = word.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-'));
    let says_something = !matches!(word.as_str(), "" | "neutral" | "none" | "null");
    (says_something && is_word && word.chars().count() <= EMOTION_MAX_CHARS).then_some(word)
}

/// The first line's worth of a summary.
fn summary(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control() || c.is_whitespace()).collect();
    let words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= SUMMARY_MAX_CHARS {
        return words;
    }
    let cut: String = words.chars().take(SUMMARY_MAX_CHARS - 1).collect();
    let at_word = cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head);
    format!("{at_word}…")
}

/// What the first object says that says something, in a text that a model wrote around it; objects are looked for in its
/// first 16 kB.
pub(super) fn find(text: &str, method: SentimentMethod) -> Option<Judgement> {
    /// More braces than these open no object of ours.
    const TRIES: usize = 20;
    let text = text.get(..text.floor_char_boundary(16 * 1024))?;
    text.match_indices('{').take(TRIES).find_map(|(at, _)| {
        let mut values = serde_json::Deserializer::from_str(text.get(at..)?).into_iter::<Value>();
        Judgement::from_json(&values.next()?.ok()?, method)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Option<Judgement> {
        Judgement::from_json(value, SentimentMethod::LlmSeparate)
    }

    #[test]
    fn what_a_model_writes_is_read() {
        let written = json!({
            "score": -0.62349, "label": "negative", "emotion": " Sadness ", "confidence": "0.8",
            "whole": {"score": 0.3, "label": "Neutral", "emotion": "none", "summary": "Calm,\nthen\u{0} sad."}
        });
        let expected = Judgement {
            score: -0.623,
            label: SentimentLabel::Negative,
            emotion: Some("sadness".into()),
            confidence: 0.8,
            method: SentimentMethod::LlmSeparate,
            conversation: Some(Verdict {
                score: 0.3,
                label: SentimentLabel::Neutral,
                emotion: None,
                summary: "Calm, then sad.".into(),
            }),
        };
        assert_eq!(read(&written), Some(expected.clone()));
        let cumulative = written["whole"].clone();
        assert_eq!(read(&json!({"sentiment": written, "cumulative": cumulative})), Some(expected));
    }

    #[test]
    fn what_is_out_of_bounds_is_brought_back_and_rubbish_is_refused() {
        let judged = read(&json!({"score": 7, "confidence": -3, "emotion": "<script>", "label": "great"})).unwrap();
        assert_eq!((judged.score, judged.confidence, judged.emotion), (1.0, 0.0, None));
        assert_eq!(judged.label, SentimentLabel::Positive, "a label that is none comes from the score");
        assert_eq!(read(&json!({"score": -0.05})).unwrap().label, SentimentLabel::Neutral);
        for rubbish in [json!({"score": "NaN"}), json!({"score": "inf"}), json!({"score": null}), json!({}), json!([])]
        {
            assert_eq!(read(&rubbish), None, "{rubbish}");
        }
        let no_verdict = json!({"score": 0.1, "whole": {"score": "NaN", "summary": "x"}});
        assert_eq!(read(&no_verdict).unwrap().conversation, None);
    }

    #[test]
    fn a_summary_has_at_most_a_hundred_characters() {
        assert_eq!(summary(" a  b\n"), "a b");
        let long = summary(&"größer ".repeat(40));
        assert!(long.chars().count() <= SUMMARY_MAX_CHARS && long.ends_with("größer…"), "{long}");
        assert_eq!(summary(&"x".repeat(500)).chars().count(), SUMMARY_MAX_CHARS);
    }

    #[test]
    fn a_reading_is_found_in_talk() {
        for text in [
            "{\"score\": 1}",
            "```json\n{\"score\": 1}\n```",
            "Of course {really}: {\"score\": 1} {\"score\": 0.2}",
            "You wrote {\"text\": \"hi\"}, so: {\"score\": 1}",
            "{\"message\": {\"score\": 1}, \"cumulative\": {\"score\": 0.2, \"summary\": \"x\"}}",
        ] {
            let found = find(text, SentimentMethod::LlmSeparate);
            assert_eq!(found.map(|judged| judged.score), Some(1.0), "{text}");
        }
        for text in ["", "no", "{", "{\"score\": ", "{\"text\": 1}", &"{".repeat(100_000)] {
            assert_eq!(find(text, SentimentMethod::LlmSeparate), None);
        }
    }
}
