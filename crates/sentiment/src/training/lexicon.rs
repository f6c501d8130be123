//! The lexicon of the weights: `lexicon.txt`, the forms that follow from its words, and VADER's list behind them.

use std::collections::BTreeMap;

use crate::{
    features::hash,
    rules,
    tokens::{Kind, Tokens},
    weights::VALENCE_UNIT,
};

/// What is known of a hash.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    pub valence: Option<i8>,
    pub begins_phrase: bool,
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
    all
}

/// Adds a word or phrase under the hashes of the tokens that it is read as. A face goes by its name, `<smile>`, which is
/// the form of its token.
fn insert(all: &mut BTreeMap<u32, Known>, word: &str, valence: f32) {
    let tokens = Tokens::new(word);
    let is_name = word.starts_with('<') && word.ends_with('>');
    let hashes: Vec<u32> = if is_name {
        vec![hash(word.as_bytes())]
    } else {
        (0..tokens.list.len()).map(|index| hash(tokens.form(index).as_bytes())).collect()
    };
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
