//! The running sentiment of a conversation.

use proptest::prelude::*;
use sentiment::{Cumulative, Emotion, Group, Label, SUMMARY_LIMIT};

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

    #[test]
    fn the_summary_agrees_with_what_was_said(
        messages in proptest::collection::vec((-1.0_f32..=1.0, emotions(), 0.0_f32..=1.0), 2..7),
    ) {
        let all = Cumulative::of(messages.iter().copied());
        let summary = all.summary();
        let (mood, rest) = summary.split_once(" over ").unwrap();
        let moods: &[&str] = match all.label() {
            Label::Positive => &["Positive", "Very positive"],
            Label::Neutral => &["Neutral", "Mixed"],
            Label::Negative => &["Negative", "Very negative"],
        };
        prop_assert!(moods.contains(&mood), "{summary}");
        let opposite = match all.label() {
            Label::Positive => vec![Group::Negative],
            Label::Neutral => vec![Group::Positive, Group::Negative],
            Label::Negative => vec![Group::Positive],
        };
        for emotion in Emotion::ALL.into_iter().filter(|emotion| opposite.contains(&emotion.group())) {
            prop_assert!(all.emotion() != Some(emotion));
            prop_assert!(mood == "Mixed" || !rest.contains(&format!(" {}", emotion.as_str())), "{summary}");
        }
        let scores: Vec<f32> = messages.iter().map(|(score, ..)| *score).collect();
        let (least, most) = scores.iter().fold((1.0_f32, -1.0_f32), |(least, most), s| (least.min(*s), most.max(*s)));
        let last = *scores.last().unwrap();
        prop_assert!(!(rest.contains("steady") && scores.len() <= 4 && most - least >= 1.0), "{summary} {scores:?}");
        prop_assert!(!(rest.contains("brightening") && last <= least), "{summary} {scores:?}");
        prop_assert!(!(rest.contains("darkening") && last >= most), "{summary} {scores:?}");
    }
}

#[test]
fn a_swing_is_told_as_one() {
    let told = |messages: &[(f32, Emotion)]| {
        Cumulative::of(messages.iter().map(|(score, emotion)| (*score, Some(*emotion), 0.9))).summary()
    };
    let (disgust, joy, gratitude, fear) = (Emotion::Disgust, Emotion::Joy, Emotion::Gratitude, Emotion::Fear);
    let cases: [(&[(f32, Emotion)], &str); 7] = [
        (
            &[(-1.0, disgust), (0.4, joy), (0.6, gratitude), (1.0, Emotion::Love)],
            "Positive over 4 messages, with gratitude; brightening.",
        ),
        (
            &[(-1.0, disgust), (1.0, joy), (1.0, joy), (0.0, Emotion::Neutral)],
            "Positive over 4 messages, mostly joy; up and down.",
        ),
        (&[(-1.0, disgust), (1.0, joy)], "Mixed over 2 messages, with disgust and joy; brightening."),
        (&[(1.0, joy), (-1.0, disgust)], "Mixed over 2 messages, with disgust and joy; darkening."),
        (
            &[(0.8, joy), (-0.8, fear), (0.8, joy), (-0.8, fear), (0.0, fear)],
            "Mixed over 5 messages, with fear and joy; up and down.",
        ),
        (&[(0.5, joy), (0.6, joy), (0.4, gratitude)], "Very positive over 3 messages, mostly joy; steady."),
        (
            &[(0.0, Emotion::Curiosity), (0.05, Emotion::Curiosity)],
            "Neutral over 2 messages, mostly curiosity; steady.",
        ),
    ];
    for (messages, expected) in cases {
        assert_eq!(told(messages), expected, "{messages:?}");
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
    let messages = [(0.0, Some(Emotion::Neutral), 1.0), (0.5, Some(Emotion::Joy), 0.1), (0.0, None, 1.0)];
    assert_eq!(Cumulative::of(messages).emotion(), Some(Emotion::Joy));
}

#[test]
fn the_longest_summary_fits() {
    let longest = |group| {
        let members = Emotion::ALL.into_iter().filter(|emotion| emotion.group() == group);
        members.max_by_key(|emotion| emotion.as_str().len())
    };
    let messages = [(-0.9, longest(Group::Negative), 1.0), (0.9, longest(Group::Positive), 1.0)];
    for messages in [&messages[..1], &messages] {
        let mut all = Cumulative::of(messages.iter().copied());
        all.count = u64::MAX;
        all.recent = 1.0;
        all.last = 1.0;
        assert!(all.summary().chars().count() <= SUMMARY_LIMIT, "{}", all.summary());
        all.sum = f64::MIN;
        assert!(all.summary().chars().count() <= SUMMARY_LIMIT, "{}", all.summary());
    }
}
