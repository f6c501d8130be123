//! The running sentiment of a conversation: a mean that a message joins in constant time, and a sentence about it. Only the user's messages belong into it. It knows neither messages nor storage.

use crate::{Emotion, Label};

/// The most characters of a summary.
pub const SUMMARY_LIMIT: usize = 100;
/// A trend is told from the last messages against all before; a difference below this is none.
const TURN: f64 = 0.25;
/// How much the newest message counts in the recent mood.
const RECENT_SHARE: f64 = 0.4;

/// What has been added up. Its fields are all there is to store; [`Cumulative::of`] makes it anew where messages were
/// edited or deleted, and gives the same as adding them one by one.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cumulative {
    /// How many messages.
    pub count: u64,
    /// The sum of their scores.
    pub sum: f64,
    /// The mood of the last messages: a mean in which each counts less than the next.
    pub recent: f64,
    /// How much of each emotion, in the order of [`Emotion::ALL`]: the sum of the confidences with which it was read.
    pub emotions: [f64; 28],
}

impl Default for Cumulative {
    fn default() -> Self {
        Self { count: 0, sum: 0.0, recent: 0.0, emotions: [0.0; 28] }
    }
}

impl Cumulative {
    /// The running sentiment of messages in their order: score, emotion and confidence of each.
    pub fn of(messages: impl IntoIterator<Item = (f32, Option<Emotion>, f32)>) -> Self {
        let mut all = Self::default();
        for (score, emotion, confidence) in messages {
            all.add(score, emotion, confidence);
        }
        all
    }

    /// Adds the newest message. What is not a number counts as 0; what is out of range, as the range's end.
    pub fn add(&mut self, score: f32, emotion: Option<Emotion>, confidence: f32) {
        let score = f64::from(if score.is_nan() { 0.0 } else { score.clamp(-1.0, 1.0) });
        let confidence = f64::from(if confidence.is_nan() { 0.0 } else { confidence.clamp(0.0, 1.0) });
        self.recent = if self.count == 0 { score } else { self.recent + RECENT_SHARE * (score - self.recent) };
        self.count += 1;
        self.sum += score;
        if let Some(sum) = emotion.and_then(|emotion| self.emotions.get_mut(emotion as usize)) {
            *sum += confidence;
        }
    }

    /// The mean score, −1 to 1; 0 where there is no message.
    pub fn score(&self) -> f32 {
        if self.count == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of messages")]
        let mean = self.sum / self.count as f64;
        #[expect(clippy::cast_possible_truncation, reason = "a number between -1 and 1")]
        let score = mean.clamp(-1.0, 1.0) as f32;
        score
    }

    /// Which way the conversation leans.
    pub fn label(&self) -> Label {
        Label::of(self.score())
    }

    /// The emotion that is felt most; none where nothing but neutral was read. `Neutral` never wins over another.
    pub fn emotion(&self) -> Option<Emotion> {
        let felt = Emotion::ALL.into_iter().zip(self.emotions).filter(|(emotion, _)| *emotion != Emotion::Neutral);
        // The first of equals, so that the answer does not depend on how it was come by.
        felt.fold(None, |best: Option<(Emotion, f64)>, (emotion, sum)| match best {
            Some((_, most)) if most >= sum => best,
            _ if sum > 0.0 => Some((emotion, sum)),
            _ => best,
        })
        .map(|(emotion, _)| emotion)
    }

    /// One sentence about the conversation, at most [`SUMMARY_LIMIT`] characters.
    pub fn summary(&self) -> String {
        if self.count == 0 {
            return "Nothing said yet.".to_owned();
        }
        let mood = match self.score() {
            score if score >= 0.5 => "Very positive",
            score if score >= 0.1 => "Positive",
            score if score > -0.1 => "Neutral",
            score if score > -0.5 => "Negative",
            _ => "Very negative",
        };
        let emotion = self.emotion().map(|emotion| format!(", mostly {}", emotion.as_str())).unwrap_or_default();
        let difference = self.recent - f64::from(self.score());
        let trend = match () {
            () if self.count < 3 => "",
            () if difference >= TURN => "; brightening lately",
            () if difference <= -TURN => "; darkening lately",
            () => "; steady",
        };
        let plural = if self.count == 1 { "" } else { "s" };
        format!("{mood} over {} message{plural}{emotion}{trend}.", self.count)
    }
}
