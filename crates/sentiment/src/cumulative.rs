//! The running sentiment of a conversation: a mean that a message joins in constant time, and a sentence about it. Only the user's messages belong into it. It knows neither messages nor storage.

use crate::{Emotion, Group, Label};

/// The most characters of a summary.
pub const SUMMARY_LIMIT: usize = 100;
/// Recent messages tell a turn against all of them, by their means; a difference below this is none.
const TURN: f64 = 0.25;
/// How much the newest message counts in the recent mood.
const RECENT_SHARE: f64 = 0.4;
/// The line fitted through all scores tells a way that rises or falls by at least this from first to last.
const DRIFT: f64 = 0.5;
/// Scores whose standard deviation is below this are steady.
const SPREAD: f64 = 0.3;

/// What has been added up. Its fields are all there is to store; [`Cumulative::of`] makes it anew where messages were
/// edited or deleted, and gives the same as adding them one by one.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cumulative {
    /// How many messages.
    pub count: u64,
    /// The sum of their scores.
    pub sum: f64,
    /// The sum of the squares of their scores.
    pub squares: f64,
    /// The sum of their scores, each times the number of messages before it.
    pub moment: f64,
    /// The mood of the last messages: a mean in which each counts less than the next.
    pub recent: f64,
    /// The score of the last message.
    pub last: f64,
    /// How much of each emotion, in the order of [`Emotion::ALL`]: the sum of the confidences with which it was read.
    pub emotions: [f64; 28],
}

impl Default for Cumulative {
    fn default() -> Self {
        Self { count: 0, sum: 0.0, squares: 0.0, moment: 0.0, recent: 0.0, last: 0.0, emotions: [0.0; 28] }
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
        self.last = score;
        self.moment += score * self.messages();
        self.count += 1;
        self.sum += score;
        self.squares += score * score;
        if let Some(sum) = emotion.and_then(|emotion| self.emotions.get_mut(emotion as usize)) {
            *sum += confidence;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of messages")]
    fn messages(&self) -> f64 {
        self.count as f64
    }

    fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { (self.sum / self.messages()).clamp(-1.0, 1.0) }
    }

    /// The mean score, −1 to 1; 0 where there is no message.
    pub fn score(&self) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "a number between -1 and 1")]
        let score = self.mean() as f32;
        score
    }

    /// Which way the conversation leans.
    pub fn label(&self) -> Label {
        Label::of(self.score())
    }

    /// The emotion that is felt most among those that agree with the label: an ambiguous one, or one of the label's side.
    /// None where there is no such emotion. `Neutral` is none.
    pub fn emotion(&self) -> Option<Emotion> {
        self.strongest(match self.label() {
            Label::Positive => &[Group::Positive, Group::Ambiguous],
            Label::Neutral => &[Group::Ambiguous],
            Label::Negative => &[Group::Negative, Group::Ambiguous],
        })
    }

    /// The emotion of these groups that is felt most: the first of equals, so that it does not depend on how it was come by.
    fn strongest(&self, groups: &[Group]) -> Option<Emotion> {
        let felt = Emotion::ALL.into_iter().zip(self.emotions).filter(|(emotion, _)| groups.contains(&emotion.group()));
        felt.fold(None, |best: Option<(Emotion, f64)>, (emotion, sum)| match best {
            Some((_, most)) if most >= sum => best,
            _ if sum > 0.0 => Some((emotion, sum)),
            _ => best,
        })
        .map(|(emotion, _)| emotion)
    }

    fn felt(&self, emotion: Emotion) -> f64 {
        self.emotions.get(emotion as usize).copied().unwrap_or_default()
    }

    /// The standard deviation of the scores.
    fn spread(&self) -> f64 {
        (self.squares / self.messages().max(1.0) - self.mean().powi(2)).max(0.0).sqrt()
    }

    /// How far the least-squares line through the scores rises from the first message to the last.
    fn drift(&self) -> f64 {
        let n = self.messages();
        if n < 2.0 {
            return 0.0;
        }
        // The places are 0 to n − 1: their mean is (n − 1) / 2, the sum of their squared distances from it n (n² − 1) / 12.
        let slope = (self.moment - self.sum * (n - 1.0) / 2.0) / (n * (n * n - 1.0) / 12.0);
        slope * (n - 1.0)
    }

    /// One sentence about the conversation, at most [`SUMMARY_LIMIT`] characters. Mood, emotion and direction agree: an
    /// emotion is of the mood's side, a mean between good and bad is `Mixed` and names both, and only scores that are
    /// close together are steady.
    pub fn summary(&self) -> String {
        if self.count == 0 {
            return "Nothing said yet.".to_owned();
        }
        let mood = match self.score() {
            score if score >= 0.5 => "Very positive",
            score if score >= 0.1 => "Positive",
            score if score > -0.1 && self.spread() >= SPREAD => "Mixed",
            score if score > -0.1 => "Neutral",
            score if score > -0.5 => "Negative",
            _ => "Very negative",
        };
        let emotion =
            if mood == "Mixed" { self.both_sides() } else { self.emotion().map(|emotion| self.share(emotion)) };
        let emotion = emotion.map(|emotion| format!(", {emotion}")).unwrap_or_default();
        let plural = if self.count == 1 { "" } else { "s" };
        format!("{mood} over {} message{plural}{emotion}{}.", self.count, self.direction())
    }

    /// An emotion in words: most of what is felt, or a part of it.
    fn share(&self, emotion: Emotion) -> String {
        let felt: f64 = self.emotions.iter().sum::<f64>() - self.felt(Emotion::Neutral);
        let word = if self.felt(emotion) * 2.0 > felt { "mostly" } else { "with" };
        format!("{word} {}", emotion.as_str())
    }

    /// What is felt on either side, the stronger first; where one side is not felt, the other alone.
    fn both_sides(&self) -> Option<String> {
        let sides = (self.strongest(&[Group::Negative]), self.strongest(&[Group::Positive]));
        Some(match sides {
            (Some(bad), Some(good)) if self.felt(good) > self.felt(bad) => {
                format!("with {} and {}", good.as_str(), bad.as_str())
            }
            (Some(bad), Some(good)) => format!("with {} and {}", bad.as_str(), good.as_str()),
            (Some(one), None) | (None, Some(one)) => format!("with {}", one.as_str()),
            (None, None) => return None,
        })
    }

    /// Where it goes. A last message that is worse than the mean brightens nothing, and the other way round.
    fn direction(&self) -> &'static str {
        let (lately, drift) = (self.recent - self.mean(), self.drift());
        let (is_up, is_down) = (self.last > self.mean(), self.last < self.mean());
        match () {
            () if self.count < 2 => "",
            () if lately >= TURN && is_up => "; brightening lately",
            () if lately <= -TURN && is_down => "; darkening lately",
            () if drift >= DRIFT && is_up => "; brightening",
            () if drift <= -DRIFT && is_down => "; darkening",
            () if self.spread() >= SPREAD => "; up and down",
            () => "; steady",
        }
    }
}
