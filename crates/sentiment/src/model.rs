//! The weights: their file format, and what they say of a text's features. They come as bytes, from the program itself
//! (feature `embedded`) or from wherever the browser fetched them. It knows nothing of files or of training.
//!
//! The file, all numbers little-endian: `LIAS`, a checksum of what follows (u32), format (u32), number of features F and
//! of lexicon entries E (u32 each); [`HEADS`] scales and biases, 28 + 4 thresholds, [`INPUTS`] × 3 weights of the joint,
//! the cut, [`KNOTS`] × 2 numbers of the calibration (f32); then for the features F keys (u32, ascending), F importances
//! (u8) and F × [`HEADS`] weights (i8); for the lexicon E keys (u32, ascending), E valences (i8) and E flags (u8).

use crate::{
    features::{self, hash},
    rules::{self, Clue, Entry},
    tokens::{Kind, Tokens},
};

/// What the learned model answers: the 28 emotions, then positive, negative and ambiguous as a whole.
pub(crate) const HEADS: usize = 31;
pub(crate) const POSITIVE: usize = 28;
pub(crate) const NEGATIVE: usize = 29;
pub(crate) const AMBIGUOUS: usize = 30;
pub(crate) const NEUTRAL: usize = 27;
/// What the joint of rules and learned heads looks at; see [`Evidence::inputs`].
pub(crate) const INPUTS: usize = 14;
/// The points between which the calibration is interpolated.
pub(crate) const KNOTS: usize = 16;
pub(crate) const MAGIC: &[u8] = b"LIAS";
pub(crate) const FORMAT: u32 = 1;
/// A valence of 1 in the file.
pub(crate) const VALENCE_UNIT: f32 = 30.0;

/// Texts longer than this are read in pieces, whose findings are averaged: what was trained on comments of a few
/// sentences stays in its element.
const PIECE: usize = 40;
/// A piece ends with the first sentence that makes it this long.
const FULL_PIECE: usize = 16;

/// The bytes are not weights that this program can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadWeights;

impl std::fmt::Display for BadWeights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("these bytes are not sentiment weights of this version")
    }
}

impl std::error::Error for BadWeights {}

/// Trained weights, ready to read texts with.
#[derive(Clone, Debug)]
pub struct Model {
    features: Index,
    importances: Vec<u8>,
    /// One head more than there is, so that a row is a power of two.
    rows: Vec<[i8; HEADS + 1]>,
    lexicon: Index,
    entries: Vec<Entry>,
    pub(crate) numbers: Numbers,
}

/// The weights that are few: everything but the two tables.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    /// What a unit of each head's weights is worth.
    pub scales: [f32; HEADS],
    pub biases: [f32; HEADS],
    /// The logit from which each emotion is named.
    pub thresholds: [f32; 28],
    /// The logit from which each group is named, in the order of [`crate::Group::ALL`].
    pub group_thresholds: [f32; 4],
    /// For positive, neutral and negative: the weights of [`Evidence::inputs`].
    pub joint: [[f32; INPUTS]; 3],
    /// The difference of the probabilities of positive and negative from which on a text leans.
    pub cut: f32,
    /// Raw confidence and how often it is right, ascending.
    pub calibration: [[f32; 2]; KNOTS],
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            scales: [0.0; HEADS],
            biases: [0.0; HEADS],
            thresholds: [0.0; 28],
            group_thresholds: [0.0; 4],
            joint: [[0.0; INPUTS]; 3],
            cut: 0.1,
            calibration: [[0.0; 2]; KNOTS],
        }
    }
}

/// What rules and learned heads found in a text, before they are joined.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub clues: Vec<Clue>,
    /// Logits.
    pub heads: [f32; HEADS],
    /// What each token adds to positive minus negative, in logits.
    pub shares: Vec<f32>,
    /// In how many pieces the learned heads read the text.
    pub pieces: usize,
    /// The part of the tokens that the learned model has seen.
    pub coverage: f32,
    /// The part of the words that the learned model has seen, or that are clues.
    pub familiarity: f32,
    /// Words, numbers, emoji and emoticons.
    pub words: usize,
    pub asks: bool,
}

impl Evidence {
    /// The logits of the groups, in the order of [`crate::Group::ALL`].
    pub(crate) fn groups(&self) -> [f32; 4] {
        [POSITIVE, NEGATIVE, AMBIGUOUS, NEUTRAL].map(|head| self.heads[head])
    }

    /// The sum of the clues between −1 and 1, as VADER does it: s / √(s² + 15).
    pub(crate) fn rules(&self) -> f32 {
        let sum: f32 = self.clues.iter().map(|clue| clue.valence).sum();
        sum / (sum * sum + 15.0).sqrt()
    }

    /// What the learned heads make of words that the rules know better: of the parts of a phrase, and of what is negated.
    /// In logits, positive minus negative.
    fn overruled(&self) -> f32 {
        let known = self.clues.iter().filter(|clue| clue.last > clue.first || clue.is_turned);
        let opposed = known.filter_map(|clue| {
            let share: f32 = self.shares.get(clue.first..=clue.last)?.iter().sum();
            (share * clue.valence < 0.0).then_some(share)
        });
        #[expect(clippy::cast_precision_loss, reason = "a count of pieces")]
        let pieces = self.pieces as f32;
        opposed.sum::<f32>() / pieces
    }

    /// What the joint weighs.
    pub(crate) fn inputs(&self) -> [f32; INPUTS] {
        let (mut praise, mut blame) = (0.0_f32, 0.0_f32);
        for clue in &self.clues {
            praise += clue.valence.max(0.0);
            blame -= clue.valence.min(0.0);
        }
        let rules = self.rules();
        let overruled = self.overruled();
        let (positive, negative) = (self.heads[POSITIVE] - overruled / 2.0, self.heads[NEGATIVE] + overruled / 2.0);
        #[expect(clippy::cast_precision_loss, reason = "a count of words")]
        let words = self.words as f32;
        [
            1.0,
            rules,
            rules.abs(),
            if self.clues.is_empty() { 1.0 } else { 0.0 },
            praise / (praise + 3.0),
            blame / (blame + 3.0),
            positive.clamp(-5.0, 5.0),
            negative.clamp(-5.0, 5.0),
            self.heads[NEUTRAL].clamp(-5.0, 5.0),
            (positive - negative).clamp(-6.0, 6.0) * self.coverage,
            (words + 1.0).ln() / 3.0,
            if self.asks { 1.0 } else { 0.0 },
            (praise / words.max(1.0)).min(2.0),
            (blame / words.max(1.0)).min(2.0),
        ]
    }
}

/// Where a hash's row is: open addressing, at most half full.
#[derive(Clone, Debug)]
struct Index {
    slots: Vec<(u32, u32)>,
    mask: usize,
}

impl Index {
    const FREE: u32 = u32::MAX;

    fn new(keys: &[u32]) -> Self {
        let size = (keys.len() * 2).next_power_of_two().max(2);
        let mut index = Self { slots: vec![(0, Self::FREE); size], mask: size - 1 };
        for (row, &key) in (0..).zip(keys) {
            let mut at = key as usize & index.mask;
            while index.slots[at].1 != Self::FREE {
                at = (at + 1) & index.mask;
            }
            index.slots[at] = (key, row);
        }
        index
    }

    #[inline]
    fn find(&self, key: u32) -> Option<u32> {
        let mut at = key as usize & self.mask;
        loop {
            match self.slots.get(at) {
                Some(&(found, row)) if row != Self::FREE => {
                    if found == key {
                        return Some(row);
                    }
                    at = (at + 1) & self.mask;
                }
                _ => return None,
            }
        }
    }
}

/// Takes a file apart, front to back.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], BadWeights> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(BadWeights)?;
        self.0 = rest;
        Ok(taken)
    }

    fn words(&mut self, count: usize) -> Result<Vec<u32>, BadWeights> {
        let bytes = self.take(count.checked_mul(4).ok_or(BadWeights)?)?;
        Ok(bytes.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word)).collect())
    }

    fn word(&mut self) -> Result<u32, BadWeights> {
        Ok(self.words(1)?[0])
    }

    fn floats<const N: usize>(&mut self) -> Result<[f32; N], BadWeights> {
        let mut floats = [0.0; N];
        for (float, word) in floats.iter_mut().zip(self.words(N)?) {
            *float = f32::from_bits(word);
        }
        floats.iter().all(|float| float.is_finite()).then_some(floats).ok_or(BadWeights)
    }
}

impl Default for Model {
    /// Weights that know nothing.
    fn default() -> Self {
        Self {
            features: Index::new(&[]),
            importances: Vec::new(),
            rows: Vec::new(),
            lexicon: Index::new(&[]),
            entries: Vec::new(),
            numbers: Numbers::default(),
        }
    }
}

impl Model {
    /// Reads weights. Errors where the bytes are cut short, damaged or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadWeights> {
        let mut bytes = Bytes(bytes);
        if bytes.take(MAGIC.len())? != MAGIC || bytes.word()? != hash(bytes.0) || bytes.word()? != FORMAT {
            return Err(BadWeights);
        }
        let (features, entries) = (bytes.word()? as usize, bytes.word()? as usize);
        let mut numbers = Numbers {
            scales: bytes.floats()?,
            biases: bytes.floats()?,
            thresholds: bytes.floats()?,
            group_thresholds: bytes.floats()?,
            ..Numbers::default()
        };
        for weights in &mut numbers.joint {
            *weights = bytes.floats()?;
        }
        [numbers.cut] = bytes.floats()?;
        for knot in &mut numbers.calibration {
            *knot = bytes.floats()?;
        }
        let keys = bytes.words(features)?;
        let importances = bytes.take(features)?.to_vec();
        let weights = bytes.take(features.checked_mul(HEADS).ok_or(BadWeights)?)?;
        let rows = weights.as_chunks().0.iter().map(|row: &[u8; HEADS]| {
            let mut padded = [0; HEADS + 1];
            for (weight, &byte) in padded.iter_mut().zip(row) {
                *weight = byte.cast_signed();
            }
            padded
        });
        let rows = rows.collect();
        let lexicon = bytes.words(entries)?;
        let valences = bytes.take(entries)?;
        let flags = bytes.take(entries)?;
        let entries = valences.iter().zip(flags).map(|(&valence, &flags)| Entry {
            valence: f32::from(valence.cast_signed()) / VALENCE_UNIT,
            is_clue: flags & 1 != 0,
            begins_phrase: flags & 2 != 0,
        });
        let model = Self {
            features: Index::new(&keys),
            importances,
            rows,
            entries: entries.collect(),
            lexicon: Index::new(&lexicon),
            numbers,
        };
        if bytes.0.is_empty() { Ok(model) } else { Err(BadWeights) }
    }

    /// What the lexicon knows of a hash.
    fn entry(&self, hash: u32) -> Option<Entry> {
        self.lexicon.find(hash).and_then(|row| self.entries.get(row as usize)).copied()
    }

    /// Everything that is to be found in the tokens of a text.
    pub(crate) fn evidence(&self, tokens: &Tokens) -> Evidence {
        let hashes: Vec<u32> = (0..tokens.list.len()).map(|index| hash(tokens.form(index).as_bytes())).collect();
        let clues = rules::clues(tokens, &hashes, |hash| self.entry(hash));
        let mut evidence = Evidence {
            clues,
            heads: [0.0; HEADS],
            shares: vec![0.0; tokens.list.len()],
            pieces: 1,
            coverage: 0.0,
            familiarity: 0.0,
            words: 0,
            asks: (0..tokens.list.len()).any(|index| matches!(tokens.form(index), "?" | "??" | "?!")),
        };
        self.count(tokens, &hashes, &mut evidence);
        self.pieces(tokens, &hashes, &mut evidence);
        evidence
    }

    /// How many words there are, and how many of them were seen before.
    fn count(&self, tokens: &Tokens, hashes: &[u32], evidence: &mut Evidence) {
        let (mut seen, mut words, mut familiar) = (0_u16, 0_u16, 0_u16);
        let mut clues = evidence.clues.iter().peekable();
        for (index, (token, &hash)) in tokens.list.iter().zip(hashes).enumerate() {
            while clues.next_if(|clue| clue.last < index).is_some() {}
            let is_clue = clues.peek().is_some_and(|clue| clue.first <= index);
            let is_seen = self.features.find(hash).is_some();
            let is_word = token.kind != Kind::Mark;
            seen = seen.saturating_add(u16::from(is_seen));
            words = words.saturating_add(u16::from(is_word));
            familiar = familiar.saturating_add(u16::from(is_word && (is_seen || is_clue)));
        }
        let all = u16::try_from(hashes.len()).unwrap_or(u16::MAX);
        evidence.words = usize::from(words);
        evidence.coverage = f32::from(seen) / f32::from(all.max(1));
        evidence.familiarity = f32::from(familiar) / f32::from(words.max(1));
    }

    /// The learned heads, piece by piece. A long text is what its pieces are on average; that it shows an emotion, one
    /// piece can say.
    fn pieces(&self, tokens: &Tokens, hashes: &[u32], evidence: &mut Evidence) {
        let pieces = pieces(tokens);
        evidence.pieces = pieces.len().max(1);
        let count = f32::from(u16::try_from(pieces.len().max(1)).unwrap_or(u16::MAX));
        let mut most = [f32::MIN; HEADS];
        for piece in &pieces {
            let heads = self.heads(tokens, hashes, piece.clone(), &mut evidence.shares);
            for ((sum, most), head) in evidence.heads.iter_mut().zip(&mut most).zip(heads) {
                *sum += head / count;
                *most = most.max(head);
            }
        }
        if pieces.is_empty() {
            evidence.heads = self.numbers.biases;
        }
        if pieces.len() > 1 {
            for (head, most) in evidence.heads.iter_mut().zip(most).take(NEUTRAL) {
                *head = f32::midpoint(*head, most);
            }
        }
    }

    fn heads(
        &self,
        tokens: &Tokens,
        hashes: &[u32],
        piece: std::ops::Range<usize>,
        shares: &mut [f32],
    ) -> [f32; HEADS] {
        let mut found: Vec<(u32, u32)> = Vec::with_capacity(piece.len() * 12);
        features::of(tokens, hashes, piece, |feature, token| {
            if let Some(row) = self.features.find(feature) {
                found.push((row, u32::try_from(token).unwrap_or(u32::MAX)));
            }
        });
        // Each feature counts once; the earliest token that has it stands for it.
        found.sort_unstable();
        found.dedup_by_key(|(row, _)| *row);
        // In whole numbers, which a processor adds up several at a time.
        let mut sums = [0_i32; HEADS + 1];
        let mut square = 0_u32;
        let mut leanings: Vec<(u32, f32)> = Vec::with_capacity(found.len());
        let lean = (self.numbers.scales[POSITIVE], self.numbers.scales[NEGATIVE]);
        for (row, token) in found {
            let (Some(weights), Some(&importance)) = (self.rows.get(row as usize), self.importances.get(row as usize))
            else {
                continue;
            };
            square += u32::from(importance) * u32::from(importance);
            for (sum, &weight) in sums.iter_mut().zip(weights) {
                *sum += i32::from(i16::from(weight) * i16::from(importance));
            }
            let leaning = f32::from(weights[POSITIVE]) * lean.0 - f32::from(weights[NEGATIVE]) * lean.1;
            leanings.push((token, leaning * f32::from(importance)));
        }
        #[expect(clippy::cast_precision_loss, reason = "rounding far below what the weights were rounded to")]
        let (norm, sums) = (1.0 / (square.max(1) as f32).sqrt(), sums.map(|sum| sum as f32));
        for (token, leaning) in leanings {
            if let Some(share) = shares.get_mut(token as usize) {
                *share += leaning * norm;
            }
        }
        let mut heads = self.numbers.biases;
        for ((head, scale), sum) in heads.iter_mut().zip(&self.numbers.scales).zip(sums) {
            *head += sum * scale * norm;
        }
        heads
    }
}

/// The pieces that the learned model reads one by one: all of a short text, the sentences of a long one.
fn pieces(tokens: &Tokens) -> Vec<std::ops::Range<usize>> {
    let all = tokens.list.len();
    if all == 0 {
        return Vec::new();
    }
    if all <= PIECE {
        return std::iter::once(0..all).collect();
    }
    let mut pieces = Vec::with_capacity(all / FULL_PIECE + 1);
    let mut begin = 0;
    for index in 0..all {
        let length = index + 1 - begin;
        let is_end =
            length >= FULL_PIECE && matches!(tokens.form(index), "." | "!" | "!!" | "!!!" | "?" | "\n" | "...");
        if is_end || length >= PIECE || index + 1 == all {
            pieces.push(begin..index + 1);
            begin = index + 1;
        }
    }
    pieces
}
