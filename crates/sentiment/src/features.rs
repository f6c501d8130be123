//! What the learned model looks at: words, runs of two and three words, and the letters within words, each as a number.
//! Training and reading go through this one function, so that both see the same.

use crate::tokens::{Kind, Tokens};

/// A hash of 32 bits (FNV-1a with a final mix). The weights name features and lexicon entries by it.
pub(crate) fn hash(bytes: &[u8]) -> u32 {
    finish(bytes.iter().fold(SEED, |state, &byte| step(state, byte)))
}

/// The hash of two things in this order; `kind` keeps it apart from other pairs of the same.
pub(crate) fn pair(first: u32, second: u32, kind: u32) -> u32 {
    let mixed = first.wrapping_mul(0x9E37_79B1).rotate_left(13) ^ second;
    finish(mixed.wrapping_mul(0x85EB_CA77) ^ kind)
}

const SEED: u32 = 0x811C_9DC5;
const LETTERS_SEED: u32 = 0x5BD1_E995;

fn step(state: u32, byte: u8) -> u32 {
    (state ^ u32::from(byte)).wrapping_mul(0x0100_0193)
}

fn finish(state: u32) -> u32 {
    let state = (state ^ (state >> 16)).wrapping_mul(0x7FEB_352D);
    state ^ (state >> 15)
}

const BEGIN: u32 = 1;
const END: u32 = 2;
const UPPER: u32 = 3;
const ANY_UPPER: u32 = 4;
const ANY_STRETCHED: u32 = 5;
const LENGTH: u32 = 16;

/// Letters of a word in a row that make a feature.
const NGRAMS: std::ops::RangeInclusive<usize> = 3..=4;
/// Words longer than this are looked at whole only: nobody writes them, programs do.
const LONG_WORD: usize = 24;

/// Calls `each` with every feature of the tokens in `range` and the token it comes from. `hashes` are those of the
/// tokens' forms. A feature may come more than once.
pub(crate) fn of(tokens: &Tokens, hashes: &[u32], range: std::ops::Range<usize>, mut each: impl FnMut(u32, usize)) {
    // The hash of the word before, and of the two words before.
    let mut before = BEGIN;
    let mut two_before = BEGIN;
    for index in range.clone() {
        let (Some(token), Some(&word)) = (tokens.list.get(index), hashes.get(index)) else { return };
        each(word, index);
        let two = pair(before, word, 0);
        each(two, index);
        if before != BEGIN {
            each(pair(two_before, word, 1), index);
        }
        (before, two_before) = (word, two);
        if token.is_upper {
            each(pair(UPPER, word, 0), index);
            each(ANY_UPPER, index);
        }
        if token.is_stretched {
            each(ANY_STRETCHED, index);
        }
        if token.kind == Kind::Word {
            letters(tokens.form(index), |feature| each(feature, index));
        }
    }
    if let Some(last) = range.clone().next_back() {
        each(pair(before, END, 0), last);
        each(pair(two_before, END, 1), last);
        let length = u32::try_from(range.len().min(40) / 4).unwrap_or_default();
        each(LENGTH + length, last);
    }
}

/// The runs of letters of a word; its beginning and its end count as letters.
fn letters(word: &str, mut each: impl FnMut(u32)) {
    let mut buffer = [0_u32; LONG_WORD + 2];
    let mut length = 1;
    buffer[0] = u32::from(b'^');
    for c in word.chars() {
        if length > LONG_WORD {
            return;
        }
        buffer[length] = u32::from(c);
        length += 1;
    }
    buffer[length] = u32::from(b'$');
    let word = &buffer[..=length];
    for begin in 0..word.len() {
        let mut state = LETTERS_SEED;
        for (count, &c) in word[begin..].iter().take(*NGRAMS.end()).enumerate() {
            state = (state ^ c).wrapping_mul(0x0100_0193).rotate_left(5);
            // A run that is the whole word says nothing that the word does not.
            if NGRAMS.contains(&(count + 1)) && count + 1 < word.len() {
                each(finish(state));
            }
        }
    }
}
