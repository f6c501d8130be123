//! What holds of every text.

use proptest::prelude::*;
use sentiment::{Group, Label, READ_BYTES, analyse};

fn check(text: &str) {
    let reading = analyse(text);
    assert!((-1.0..=1.0).contains(&reading.score), "{reading:?}");
    assert!((0.0..=1.0).contains(&reading.confidence), "{reading:?}");
    assert_eq!(reading.label, Label::of(reading.score));
    let contradicts = matches!(
        (reading.label, reading.emotion.group()),
        (Label::Positive, Group::Negative) | (Label::Negative, Group::Positive)
    );
    assert!(!contradicts, "{reading:?}");
    let mut end = 0;
    for driver in &reading.drivers {
        assert!(driver.start >= end && driver.start < driver.end, "{driver:?} in {text:?}");
        assert!(text.get(driver.start..driver.end).is_some(), "{driver:?} in {text:?}");
        assert!((-1.0..=1.0).contains(&driver.weight) && driver.weight != 0.0, "{driver:?}");
        end = driver.end;
    }
}

/// Pieces of which texts are made that are hard to take apart.
fn piece() -> impl Strategy<Value = String> {
    const PIECES: [&str; 34] = [
        "good", "not", "but", "n't", "terrible", "'", "\u{2019}", "*", "**", "f**k", "[NAME]", "[", "@", "@me",
        "http://", "www.", ":", ":)", ":-", ">:(", "</3", "8", "=", "!", "?", "?!", "...", "\u{2026}", "\n", " ",
        "\u{200D}", "\u{FE0F}", "😍", "İ",
    ];
    prop_oneof![
        4 => (0..PIECES.len()).prop_map(|index| PIECES[index].to_owned()),
        1 => any::<String>(),
        1 => any::<char>().prop_map(String::from),
    ]
}

proptest! {
    #[test]
    fn any_string(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn pieces_that_meet(pieces in proptest::collection::vec(piece(), 0..80), glue in prop_oneof![Just(""), Just(" ")]) {
        check(&pieces.join(glue));
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn long_texts_are_read_at_both_ends(pieces in proptest::collection::vec(piece(), 1..8)) {
        let piece = pieces.concat();
        check(&piece.repeat(READ_BYTES / piece.len().max(1) + 2));
    }
}

#[test]
fn huge_texts_of_one_kind() {
    for piece in [
        "a",
        "ä",
        "!",
        "?!",
        ".",
        ",",
        " ",
        "\n",
        ":)",
        ":",
        "<",
        "(",
        "'",
        "a'",
        "a*",
        "*",
        "[NAME]",
        "@",
        "@a",
        "😀",
        "\u{200D}",
        "not ",
        "but ",
        "although ",
        "good ",
        "http://",
        "字",
        "a\u{301}",
    ] {
        check(&piece.repeat(200_000));
    }
}

#[test]
fn what_has_no_words_says_nothing() {
    for text in ["", " ", "...", "\n\n", "?", "()"] {
        let reading = analyse(text);
        assert!(reading.is_unsure && reading.confidence == 0.0 && reading.label == Label::Neutral, "{text:?}");
        assert!(reading.drivers.is_empty());
    }
}

#[test]
fn a_long_text_counts_by_its_beginning_and_its_end() {
    let filler = "word ".repeat(READ_BYTES);
    let text = format!("I love this. {filler} I hate this.");
    let drivers: Vec<(&str, bool)> =
        analyse(&text).drivers.iter().map(|driver| (&text[driver.start..driver.end], driver.weight > 0.0)).collect();
    assert!(drivers.iter().any(|(word, is_praise)| word.starts_with("love") && *is_praise), "{drivers:?}");
    assert!(drivers.iter().any(|(word, is_praise)| word.starts_with("hate") && !is_praise), "{drivers:?}");
}
