//! What a conversation keeps of how the person feels in it: what is shown, and the sums that the next message joins.
//! Stored as `conversations.sentiment_state`.

use super::judgement::{Verdict, rounded};
use sentiment::{Cumulative, Emotion};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use types::{CumulativeSentiment, Sentiment, SentimentLabel};

/// The sentiment of a conversation so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// As the last message's method says it.
    pub(crate) shown: CumulativeSentiment,
    /// The sum of the messages' scores.
    sum: f64,
    /// The sum of their squares.
    squares: f64,
    /// The sum of the scores, each times the number of messages before it.
    moment: f64,
    /// The mood of the last messages.
    recent: f64,
    /// The last message's score.
    last: f64,
    /// How much of each emotion, by its name.
    emotions: BTreeMap<String, f64>,
}

impl State {
    /// The state as it is stored. One that another edition of Lia wrote and this one cannot read is as good as none.
    pub(crate) fn from_stored(value: Value) -> Option<Self> {
        let state = serde_json::from_value(value);
        state.inspect_err(|error| tracing::warn!(%error, "the sentiment of a conversation cannot be read")).ok()
    }

    /// The state of a conversation of these messages, in their order; none where there is no message.
    pub(super) fn of<'a>(messages: impl IntoIterator<Item = &'a Sentiment>) -> Option<Self> {
        let mut running = Cumulative::default();
        for message in messages {
            add(&mut running, message);
        }
        (running.count > 0).then(|| Self::new(&running, None))
    }

    /// The state with one more message, and with what a model said of the whole, where one did.
    pub(crate) fn with(before: Option<&Self>, message: &Sentiment, verdict: Option<&Verdict>) -> Self {
        let mut running = before.map(Self::running).unwrap_or_default();
        add(&mut running, message);
        Self::new(&running, verdict)
    }

    fn new(running: &Cumulative, verdict: Option<&Verdict>) -> Self {
        let mut shown = CumulativeSentiment {
            score: rounded(f64::from(running.score())),
            label: SentimentLabel::of(rounded(f64::from(running.score()))),
            emotion: running.emotion().map(|emotion| emotion.as_str().to_owned()),
            summary: running.summary(),
            count: u32::try_from(running.count).unwrap_or(u32::MAX),
        };
        if let Some(Verdict { score, label, emotion, summary }) = verdict.cloned() {
            shown = CumulativeSentiment { score, label, emotion, summary, ..shown };
        }
        let emotions = Emotion::ALL.into_iter().zip(running.emotions).filter(|(_, sum)| *sum > 0.0);
        Self {
            shown,
            sum: running.sum,
            squares: running.squares,
            moment: running.moment,
            recent: running.recent,
            last: running.last,
            emotions: emotions.map(|(emotion, sum)| (emotion.as_str().to_owned(), sum)).collect(),
        }
    }

    fn running(&self) -> Cumulative {
        let of = |emotion: Emotion| self.emotions.get(emotion.as_str()).copied().unwrap_or_default();
        Cumulative {
            count: u64::from(self.shown.count),
            sum: self.sum,
            squares: self.squares,
            moment: self.moment,
            recent: self.recent,
            last: self.last,
            emotions: Emotion::ALL.map(of),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "numbers between -1 and 1")]
fn add(running: &mut Cumulative, message: &Sentiment) {
    let emotion = message.emotion.as_deref().and_then(Emotion::from_name);
    running.add(message.score as f32, emotion, message.confidence as f32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::SentimentMethod;

    fn message(score: f64, emotion: Option<&str>) -> Sentiment {
        Sentiment {
            score,
            label: SentimentLabel::of(score),
            emotion: emotion.map(str::to_owned),
            confidence: 0.5,
            method: SentimentMethod::Local,
            fallback: false,
            corrected: false,
        }
    }

    #[test]
    fn one_by_one_and_all_at_once_are_the_same() {
        let messages =
            [message(0.5, Some("joy")), message(-0.75, Some("anger")), message(0.0, None), message(0.25, Some("joy"))];
        let mut state = None;
        for message in &messages {
            // What is stored in between must lose nothing.
            let stored = state.as_ref().map(|state| serde_json::to_value(state).unwrap());
            let before = stored.and_then(State::from_stored);
            state = Some(State::with(before.as_ref(), message, None));
        }
        assert_eq!(state, State::of(&messages));
        let shown = state.unwrap().shown;
        assert_eq!((shown.count, shown.score, shown.label), (4, 0.0, SentimentLabel::Neutral));
        assert_eq!(shown.emotion, None, "neither side is the whole");
        assert_eq!(shown.summary, "Mixed over 4 messages, with joy and anger; up and down.");
        assert_eq!(State::of(&[]), None);
    }

    #[test]
    fn a_models_word_on_the_whole_is_shown_and_the_mean_goes_on_below_it() {
        let verdict = Verdict {
            score: 0.9,
            label: SentimentLabel::Neutral,
            emotion: Some("curiosity".into()),
            summary: "Asks.".into(),
        };
        let first = State::with(None, &message(0.5, None), Some(&verdict));
        assert_eq!((first.shown.score, first.shown.summary.as_str(), first.shown.count), (0.9, "Asks.", 1));
        let second = State::with(Some(&first), &message(-0.5, None), None);
        assert_eq!((second.shown.score, second.shown.count), (0.0, 2));
    }
}
