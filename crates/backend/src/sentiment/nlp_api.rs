//! The method `nlp_api`: Google Cloud Natural Language reads the message as a whole. It knows no emotion and nothing of
//! the conversation; both stay with the running mean.

use super::judgement::{Judgement, rounded};
use llm::{NaturalLanguage, Tone};
use std::time::Duration;
use types::{SentimentLabel, SentimentMethod};

/// Asks Google. `None`, and a line in the log, where that fails.
pub(super) async fn read(language: &NaturalLanguage, text: &str, limit: Duration) -> Option<Judgement> {
    match language.analyse(text, limit).await {
        Ok(tone) => Some(judgement(tone)),
        Err(error) => {
            tracing::warn!(error.kind = %error.kind(), error.detail = error.detail(), "Natural Language failed");
            None
        }
    }
}

/// Google gives no confidence. Where it says that a text leans, the more it leans the surer it is: from 0.5 to 1. Where
/// it says that a text does not lean, strong feelings that cancel each other out make it less sure, down to 0.5.
fn judgement(tone: Tone) -> Judgement {
    let score = rounded(tone.score);
    let label = SentimentLabel::of(score);
    #[expect(clippy::cast_precision_loss, reason = "a message has far fewer than 2^52 sentences")]
    let feeling = (tone.magnitude / tone.sentences.max(1) as f64).min(1.0);
    let confidence = match label {
        SentimentLabel::Neutral => 1.0 - feeling / 2.0,
        SentimentLabel::Positive | SentimentLabel::Negative => 0.5 + score.abs() / 2.0,
    };
    Judgement {
        score,
        label,
        emotion: None,
        confidence: rounded(confidence),
        method: SentimentMethod::NlpApi,
        conversation: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feelings_that_cancel_each_other_out_are_less_sure() {
        let of = |score, magnitude| {
            let judged = judgement(Tone { score, magnitude, sentences: 2 });
            (judged.label, judged.confidence)
        };
        assert_eq!(of(0.8, 1.6), (SentimentLabel::Positive, 0.9));
        assert_eq!(of(0.0, 0.0), (SentimentLabel::Neutral, 1.0));
        assert_eq!(of(0.0, 9.0), (SentimentLabel::Neutral, 0.5));
    }
}
