//! The running sentiment of a conversation.

use proptest::prelude::*;
use sentiment::{Cumulative, Emotion, Label, SUMMARY_LIMIT};

fn emotions() -> impl Strategy<Value = Option<Emotion>> {
    proptest::option::of((0..Emotion::ALL.len()).prop_map(|index| Emotion::ALL[index]))
}

proptest! {
    #[test]
    fn adding_one_by_one_is_the_same_as_starting_anew(
        messages in proptest::collection::vec((-1.0_f32..=1.0, emotions(), 0.0_f32..=1.0), 0..60),
    ) {
        let mut running = Cumulative::default();
        for (count, &(score, emotion, confidence)) in messages.iter().enumerate() {
            running.add(score, emotion, confidence);
            prop_assert_eq!(&running, &Cumulative::of(messages[..=count].iter().copied()));
        }
        prop_assert_eq!(running.count, messages.len() as u64);
        let count = f64::from(u32::try_from(messages.len().max(1)).unwrap());
        let mean = messages.iter().map(|(score, ..)| f64::from(*score)).sum::<f64>() / count;
        prop_assert!((f64::from(running.score()) - mean).abs() < 1e-6);
        prop_assert_eq!(running.label(), Label::of(running.score()));
    }

    #[test]
    fn whatever_is_added_the_score_is_one_and_the_summary_short(
        messages in proptest::collection::vec((any::<f32>(), emotions(), any::<f32>()), 0..20),
    ) {
        let all = Cumulative::of(messages);
        prop_assert!((-1.0..=1.0).contains(&all.score()));
        let length = all.summary().chars().count();
        prop_assert!((1..=SUMMARY_LIMIT).contains(&length));
    }
}

#[test]
fn an_empty_conversation_has_no_mood() {
    let empty = Cumulative::default();
    assert_eq!((empty.count, empty.score(), empty.label(), empty.emotion()), (0, 0.0, Label::Neutral, None));
    assert_eq!(empty.summary(), "Nothing said yet.");
}

#[test]
fn the_summary_tells_mood_emotion_and_turn() {
    let mut all = Cumulative::default();
    for _ in 0..4 {
        all.add(-0.8, Some(Emotion::Anger), 0.9);
    }
    assert_eq!(all.summary(), "Very negative over 4 messages, mostly anger; steady.");
    all.add(0.9, Some(Emotion::Gratitude), 0.9);
    all.add(0.9, Some(Emotion::Gratitude), 0.9);
    assert_eq!(all.summary(), "Negative over 6 messages, mostly anger; brightening lately.");
    assert_eq!(all.label(), Label::Negative);
}

#[test]
fn neutral_is_no_emotion_of_a_conversation() {
    let messages = [(0.0, Some(Emotion::Neutral), 1.0), (0.2, Some(Emotion::Joy), 0.1), (0.0, None, 1.0)];
    assert_eq!(Cumulative::of(messages).emotion(), Some(Emotion::Joy));
}

#[test]
fn the_longest_summary_fits() {
    let longest = Emotion::ALL.into_iter().max_by_key(|emotion| emotion.as_str().len()).unwrap();
    let mut all = Cumulative::of([(-0.9, Some(longest), 1.0)]);
    all.count = u64::MAX;
    all.sum = f64::MIN;
    all.recent = 1.0;
    assert!(all.summary().chars().count() <= SUMMARY_LIMIT, "{}", all.summary());
}
