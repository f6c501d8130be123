//! The method `local`: rules and a small trained model, on this server, without network. Also what takes the place of the
//! others.

use super::judgement::{Judgement, rounded};
use sentiment::Emotion;
use types::{SentimentLabel, SentimentMethod};

/// Reads a text. Takes microseconds, and at most a few milliseconds for the longest.
pub(super) fn read(text: &str) -> Judgement {
    let reading = sentiment::analyse(text);
    let score = rounded(f64::from(reading.score));
    let emotion = Some(reading.emotion).filter(|emotion| *emotion != Emotion::Neutral);
    Judgement {
        score,
        label: SentimentLabel::of(score),
        emotion: emotion.map(|emotion| emotion.as_str().to_owned()),
        confidence: rounded(f64::from(reading.confidence)),
        method: SentimentMethod::Local,
        conversation: None,
    }
}
