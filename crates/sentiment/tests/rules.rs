//! The rules one by one, through the whole reading: each changes a score the way a reader would.

use sentiment::{Emotion, Label, analyse};

fn score(text: &str) -> f32 {
    analyse(text).score
}

fn label(text: &str) -> Label {
    analyse(text).label
}

#[track_caller]
fn rises(texts: &[&str]) {
    for pair in texts.windows(2) {
        let (less, more) = (score(pair[0]), score(pair[1]));
        assert!(less < more, "{:?} ({less}) is not below {:?} ({more})", pair[0], pair[1]);
    }
}

#[track_caller]
fn is(wanted: Label, texts: &[&str]) {
    for text in texts {
        let reading = analyse(text);
        assert_eq!(reading.label, wanted, "{text:?}: {reading:?}");
    }
}

#[test]
fn plain_praise_and_blame() {
    is(Label::Positive, &["I love it", "a great phone", "Thank you so much!", "what a wonderful day", "works great"]);
    is(Label::Negative, &["I hate it", "an awful phone", "what a waste of money", "this is terrible", "I am so sad"]);
    is(Label::Neutral, &["The meeting is on Tuesday.", "Where is the file?", "I put the keys on the table."]);
}

#[test]
fn words_of_a_question_or_an_order_are_no_judgement() {
    is(
        Label::Neutral,
        &[
            "He must have left on Monday.",
            "It is in my left hand.",
            "How can I save a file in vim?",
            "When did the Second World War end?",
            "Kill the process on port 8080.",
        ],
    );
}

#[test]
fn negation_turns_what_follows() {
    is(
        Label::Negative,
        &["This is not good.", "I don't like it.", "It isn't worth the money.", "I did not enjoy this film."],
    );
    is(Label::Positive, &["not bad at all", "No complaints, it works well.", "You won't be disappointed."]);
    rises(&["The food is not good.", "The food is good."]);
    rises(&["This is terrible.", "This is not terrible."]);
    rises(&["i dont love it", "i love it"]);
    is(Label::Positive, &["I have never slept so well.", "The room never looked this clean."]);
    is(Label::Negative, &["I have never had such a bad meal.", "It never looked good."]);
}

#[test]
fn negation_ends_with_its_clause() {
    rises(&["No, it is not great.", "No, it is great."]);
    is(Label::Positive, &["It's not a toy, it is a wonderful camera."]);
    is(Label::Positive, &["Not only beautiful but also very useful."]);
}

#[test]
fn a_phrase_means_what_it_means() {
    is(Label::Negative, &["Don't waste your money.", "It stopped working.", "I want my money back.", "It fell apart."]);
    is(Label::Positive, &["I can't wait!", "You can't go wrong with it.", "I could not be happier."]);
}

#[test]
fn strengthening_and_weakening_words() {
    rises(&["It was slightly annoying to me.", "It was okay to me."]);
    rises(&["The hotel was somewhat dirty.", "The hotel was clean."]);
    rises(&["The staff were extremely rude.", "The staff were rude.", "The staff were a little rude."]);
    rises(&["The view is kind of beautiful.", "The view is absolutely beautiful."]);
}

#[test]
fn but_lets_the_second_half_count() {
    rises(&["The food was great but the service was terrible.", "The service was terrible but the food was great."]);
    is(Label::Negative, &["It looks nice, but it is uncomfortable and it broke after a week."]);
    is(Label::Positive, &["A bit expensive, but I love it and it works perfectly."]);
}

#[test]
fn although_makes_its_half_count_less() {
    rises(&[
        "Although the picture is great, the sound is terrible.",
        "Although the sound is terrible, the picture is great.",
    ]);
}

#[test]
fn what_was_wished_for_is_not_there() {
    rises(&["It would be nice if it worked.", "It is nice and it works."]);
    is(Label::Negative, &["It could have been better.", "I expected more."]);
}

#[test]
fn capitals_stress_a_word_among_others() {
    rises(&["The service was TERRIBLE here", "The service was terrible here"]);
}

#[test]
fn exclamation_marks_and_stretched_words_strengthen() {
    rises(&["The concert was good.", "The concert was good!!!"]);
    rises(&["The dentist was bad!!!", "The dentist was bad."]);
    rises(&["The pizza is good", "The pizza is goooood"]);
}

#[test]
fn emoji_and_faces_speak() {
    rises(&["see you tomorrow 😢", "see you tomorrow", "see you tomorrow 😊"]);
    rises(&["see you tomorrow :(", "see you tomorrow :)"]);
    is(Label::Positive, &["😍", "<3", "home 🎉🎉"]);
    is(Label::Negative, &["😡", "monday :'("]);
    is(Label::Positive, &[":)", ":-)", "off to another meeting :)", "just found the smiley button :-) :-) :-)"]);
    is(Label::Negative, &[":(", "long day at work:(", "no idea ;( ;("]);
    rises(&["thanks a lot 🙄", "thanks a lot"]);
    rises(&["what a great idea /s", "what a great idea"]);
}

#[test]
fn a_hashtag_is_read_by_its_words() {
    rises(&["monday #WorstDayEver", "monday", "monday #BestDayEver"]);
    rises(&["home late #sad", "home late"]);
    assert_eq!(score("fries &amp; ice cream").to_bits(), score("fries & ice cream").to_bits());
}

#[test]
fn a_stretched_word_is_the_word() {
    is(Label::Positive, &["I looove this", "looooove it"]);
    is(Label::Negative, &["that was laaaame", "it was baaaad"]);
}

#[test]
fn stars_count() {
    rises(&["1/5", "3 stars", "9/10"]);
    is(Label::Positive, &["five stars", "4 stars", "10/10"]);
    is(Label::Negative, &["two stars", "1 star", "0/10"]);
}

#[test]
fn words_are_read_in_any_case_and_with_any_apostrophe() {
    assert_eq!(label("I LOVE IT"), Label::Positive);
    assert_eq!(score("I don\u{2019}t like it").to_bits(), score("I don't like it").to_bits());
    assert_eq!(score("i dont like it").to_bits(), score("i don't like it").to_bits());
}

#[test]
fn emotions_are_named() {
    for (text, emotion) in [
        ("Thank you so much for your help!", Emotion::Gratitude),
        ("I love you", Emotion::Love),
        ("I'm so sorry, I apologize", Emotion::Remorse),
        ("This is disgusting", Emotion::Disgust),
        ("Wow, I did not expect that", Emotion::Surprise),
        ("I am terrified of spiders", Emotion::Fear),
        ("How does it work? I wonder what it is called?", Emotion::Curiosity),
        ("hahaha that is so funny lol", Emotion::Amusement),
        ("The bus leaves from the other station.", Emotion::Neutral),
        ("I am furious", Emotion::Anger),
        ("This is horrible and I am so angry.", Emotion::Anger),
        ("I'm so tired", Emotion::Sadness),
        ("I'm not angry, just disappointed.", Emotion::Disappointment),
    ] {
        let reading = analyse(text);
        assert_eq!(reading.emotion, emotion, "{text:?}: {reading:?}");
        assert!(reading.emotions.len() <= 6 && Emotion::from_name(emotion.as_str()) == Some(emotion));
    }
}

#[test]
fn an_emotion_that_is_denied_is_not_shown() {
    for (text, emotion) in [
        ("I am not happy with this.", Emotion::Joy),
        ("Don't worry, we will find it.", Emotion::Nervousness),
        ("I was never afraid of it.", Emotion::Fear),
        ("Not bad.", Emotion::Disapproval),
    ] {
        let reading = analyse(text);
        assert_ne!(reading.emotion, emotion, "{text:?}: {reading:?}");
    }
}

#[test]
fn nothing_denies_a_face() {
    rises(&["It does not work yet", "It does not work yet :)"]);
    rises(&["no idea 😢", "no idea", "no idea 😊"]);
}

#[test]
fn the_score_says_how_strong_the_words_are_too() {
    rises(&["Thanks, it works.", "Thank you so much, it works perfectly, I love it!!!"]);
    for text in ["Thanks, it works.", "The menu is nice.", "It was a bit slow."] {
        assert!(score(text).abs() < 0.9, "{text:?}: {}", score(text));
    }
}

#[test]
fn what_is_short_foreign_or_ambiguous_is_not_read_with_confidence() {
    for text in ["k", "hm", "thing", "xqzt vblrk", "字", "It is good and it is bad and I don't know."] {
        let reading = analyse(text);
        assert!(reading.confidence < 0.8, "{text:?}: {reading:?}");
    }
    for text in ["Thank you so much, I love it!", "I hate this, it is the worst."] {
        let reading = analyse(text);
        assert!(reading.confidence > 0.85 && !reading.is_unsure, "{text:?}: {reading:?}");
    }
}

#[test]
fn drivers_are_the_words_that_drove() {
    let text = "Sadly the café was horrible, but the cake was delicious 😋";
    let reading = analyse(text);
    let drivers: Vec<(&str, bool)> =
        reading.drivers.iter().map(|driver| (&text[driver.start..driver.end], driver.weight > 0.0)).collect();
    assert!(drivers.contains(&("horrible", false)), "{drivers:?}");
    assert!(drivers.contains(&("delicious", true)), "{drivers:?}");
    let strongest = reading.drivers.iter().map(|driver| driver.weight.abs()).fold(0.0, f32::max);
    assert!((strongest - 1.0).abs() < 1e-6);
}
