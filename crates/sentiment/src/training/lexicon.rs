//! The lexicon of the weights: `lexicon.txt`, the forms that follow from its words, and VADER's list behind them; and the
//! emotions that `emotions.txt` has for words.

use std::collections::BTreeMap;

use crate::{
    Emotion,
    features::hash,
    rules::{self, Entry},
    tokens::{Kind, Tokens},
    weights::VALENCE_UNIT,
};

/// What is known of a hash.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    pub valence: Option<i8>,
    pub begins_phrase: bool,
    pub emotion: Option<Emotion>,
}

impl Known {
    /// What the weights hold beside the valence.
    pub(crate) fn mark(self) -> u8 {
        let Self { valence, begins_phrase, emotion } = self;
        Entry { valence: 0.0, is_clue: valence.is_some(), begins_phrase, emotion }.mark()
    }
}

/// The lexicon, by hash.
pub(crate) fn build() -> BTreeMap<u32, Known> {
    let mut own: BTreeMap<String, f32> = BTreeMap::new();
    for line in include_str!("../../lexicon.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let Some(valence) = words.next().and_then(|valence| valence.parse().ok()) else { continue };
        for word in words {
            // The first mention counts.
            own.entry(word.replace('_', " ")).or_insert(valence);
        }
    }
    let mut all = BTreeMap::new();
    // From the weakest source to the strongest: each replaces what those before it said.
    for (word, &valence) in &own {
        for form in forms(word) {
            insert(&mut all, &form, valence);
        }
    }
    // Its order is a hash map's: sorted, so that the weights are the same each time.
    let vader: BTreeMap<&str, f64> =
        vader_sentiment::LEXICON.iter().map(|(word, &valence)| (word.as_ref(), valence)).collect();
    for (word, valence) in vader {
        #[expect(clippy::cast_possible_truncation, reason = "a number between -4 and 4")]
        insert(&mut all, word, valence as f32);
    }
    for (word, &valence) in &own {
        insert(&mut all, word, valence);
    }
    emotions(&mut all);
    all
}

/// Adds the emotions of `emotions.txt`. What forms follow from a word may be words of their own there, which count more.
fn emotions(all: &mut BTreeMap<u32, Known>) {
    let mut named: Vec<(String, Emotion)> = Vec::new();
    for line in include_str!("../../emotions.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let Some(emotion) = words.next().and_then(Emotion::from_name) else { continue };
        named.extend(words.map(|word| (word.replace('_', " "), emotion)));
    }
    let followed = named.iter().flat_map(|(word, emotion)| forms(word).into_iter().map(|form| (form, *emotion)));
    for (word, emotion) in followed.chain(named.clone()) {
        let hashes = hashes(&word);
        let is_phrase = hashes.len() > 1;
        let Some(hash) = hashes.into_iter().reduce(rules::join) else { continue };
        // A phrase without a valence would keep its words from having theirs.
        if !is_phrase || all.get(&hash).is_some_and(|known| known.valence.is_some()) {
            all.entry(hash).or_default().emotion = Some(emotion);
        }
    }
}

/// The hashes of the tokens that a word or phrase is read as. A face goes by its name, `<smile>`, which is the form of its
/// token.
fn hashes(word: &str) -> Vec<u32> {
    if word.starts_with('<') && word.ends_with('>') {
        return vec![hash(word.as_bytes())];
    }
    let tokens = Tokens::new(word);
    (0..tokens.list.len()).map(|index| hash(tokens.form(index).as_bytes())).collect()
}

/// Adds a word or phrase.
fn insert(all: &mut BTreeMap<u32, Known>, word: &str, valence: f32) {
    let tokens = Tokens::new(word);
    let hashes = hashes(word);
    let is_word = tokens.list.iter().any(|token| token.kind != Kind::Mark);
    if hashes.is_empty() || !is_word || hashes.len() > crate::rules::LONGEST_PHRASE {
        return;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a number between -4 and 4, times 30")]
    let valence = (valence * VALENCE_UNIT).round().clamp(-127.0, 127.0) as i8;
    if hashes.len() > 1 {
        all.entry(hashes[0]).or_default().begins_phrase = true;
    }
    if let Some(hash) = hashes.into_iter().reduce(rules::join) {
        all.entry(hash).or_default().valence = Some(valence);
    }
}

/// The regular forms of an English word. Some of them do not exist, and nobody will write them.
fn forms(word: &str) -> Vec<String> {
    if word.contains(' ') || word.len() < 4 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Vec::new();
    }
    let mut forms = vec![format!("{word}s")];
    if let Some(stem) = word.strip_suffix('e') {
        forms.extend([format!("{stem}ed"), format!("{stem}ing"), format!("{word}ly"), format!("{stem}er")]);
        if word.ends_with("le") {
            forms.push(format!("{stem}y"));
        }
    } else if let Some(stem) = word.strip_suffix('y') {
        forms.extend([format!("{stem}ies"), format!("{stem}ied"), format!("{word}ing"), format!("{stem}ily")]);
        forms.extend([format!("{stem}ier"), format!("{stem}iest"), format!("{stem}iness")]);
    } else {
        forms.extend([format!("{word}ed"), format!("{word}ing"), format!("{word}ly"), format!("{word}ness")]);
        if word.ends_with("ic") {
            forms.push(format!("{word}ally"));
        }
    }
    forms
}
