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
    tokens::Tokens,
};

/// What the learned model answers: the 28 emotions, then positive, negative and ambiguous as a whole.
pub(crate) const HEADS: usize = 31;
pub(crate) const POSITIVE: usize = 28;
pub(crate) const NEGATIVE: usize = 29;
pub(crate) const AMBIGUOUS: usize = 30;
pub(crate) const NEUTRAL: usize = 27;
/// What the joint of rules and learned heads looks at; see [`Evidence::inputs`].
pub(crate) const INPUTS: usize = 12;
/// The points between which the calibration is interpolated.
pub(crate) const KNOTS: usize = 16;
pub(crate) const MAGIC: &[u8] = b"LIAS";
pub(crate) const FORMAT: u32 = 1;
/// An importance of 1 in the file.
pub(crate) const IMPORTANCE_UNIT: f32 = 128.0;
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
    rows: Vec<[i8; HEADS]>,
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
    /// The part of the words that the learned model has seen.
    pub coverage: f32,
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

    /// What the joint weighs.
    pub(crate) fn inputs(&self) -> [f32; INPUTS] {
        let (mut praise, mut blame) = (0.0_f32, 0.0_f32);
        for clue in &self.clues {
            praise += clue.valence.max(0.0);
            blame -= clue.valence.min(0.0);
        }
        let rules = self.rules();
        let learned = self.heads[POSITIVE] - self.heads[NEGATIVE];
        #[expect(clippy::cast_precision_loss, reason = "a count of words")]
        let length = (self.words as f32 + 1.0).ln() / 3.0;
        [
            1.0,
            rules,
            rules.abs(),
            if self.clues.is_empty() { 1.0 } else { 0.0 },
            praise / (praise + 3.0),
            blame / (blame + 3.0),
            self.heads[POSITIVE].clamp(-5.0, 5.0),
            self.heads[NEGATIVE].clamp(-5.0, 5.0),
            self.heads[NEUTRAL].clamp(-5.0, 5.0),
            learned.clamp(-6.0, 6.0) * self.coverage,
            length,
            if self.asks { 1.0 } else { 0.0 },
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
    fn find(&self, key: u32) -> Option<usize> {
        let mut at = key as usize & self.mask;
        loop {
            match self.slots.get(at) {
                Some(&(found, row)) if row != Self::FREE => {
                    if found == key {
                        return Some(row as usize);
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
        let rows = weights.as_chunks().0.iter().map(|row: &[u8; HEADS]| row.map(u8::cast_signed)).collect();
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
        self.lexicon.find(hash).and_then(|row| self.entries.get(row)).copied()
    }

    /// Everything that is to be found in the tokens of a text.
    pub(crate) fn evidence(&self, tokens: &Tokens) -> Evidence {
        let hashes: Vec<u32> = (0..tokens.list.len()).map(|index| hash(tokens.form(index).as_bytes())).collect();
        let clues = rules::clues(tokens, &hashes, |hash| self.entry(hash));
        let mut evidence = Evidence {
            clues,
            heads: [0.0; HEADS],
            shares: vec![0.0; tokens.list.len()],
            coverage: 0.0,
            words: tokens.list.iter().filter(|token| token.kind != crate::tokens::Kind::Mark).count(),
            asks: (0..tokens.list.len()).any(|index| matches!(tokens.form(index), "?" | "??" | "?!")),
        };
        let mut known = 0_u16;
        for &hash in &hashes {
            known = known.saturating_add(u16::from(self.features.find(hash).is_some()));
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of tokens")]
        let all = hashes.len().min(usize::from(u16::MAX)).max(1) as f32;
        evidence.coverage = f32::from(known) / all;
        self.pieces(tokens, &hashes, &mut evidence);
        evidence
    }

    /// The learned heads, piece by piece. A long text is what its pieces are on average; that it shows an emotion, one
    /// piece can say.
    fn pieces(&self, tokens: &Tokens, hashes: &[u32], evidence: &mut Evidence) {
        let pieces = pieces(tokens);
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
        let mut found: Vec<(usize, usize)> = Vec::with_capacity(piece.len() * 12);
        features::of(tokens, hashes, piece, |feature, token| {
            if let Some(row) = self.features.find(feature) {
                found.push((row, token));
            }
        });
        // Each feature counts once; the earliest token that has it stands for it.
        found.sort_unstable();
        found.dedup_by_key(|(row, _)| *row);
        let mut sums = [0.0_f32; HEADS];
        let mut square = 0.0_f32;
        let mut leanings: Vec<(usize, f32)> = Vec::with_capacity(found.len());
        let lean = (self.numbers.scales[POSITIVE], self.numbers.scales[NEGATIVE]);
        for (row, token) in found {
            let (Some(weights), Some(&importance)) = (self.rows.get(row), self.importances.get(row)) else { continue };
            let importance = f32::from(importance) / IMPORTANCE_UNIT;
            square += importance * importance;
            for (sum, &weight) in sums.iter_mut().zip(weights) {
                *sum += f32::from(weight) * importance;
            }
            let leaning = f32::from(weights[POSITIVE]) * lean.0 - f32::from(weights[NEGATIVE]) * lean.1;
            leanings.push((token, leaning * importance));
        }
        let norm = 1.0 / square.sqrt().max(1e-6);
        for (token, leaning) in leanings {
            if let Some(share) = shares.get_mut(token) {
                *share += leaning * norm;
            }
        }
        for ((sum, scale), bias) in sums.iter_mut().zip(&self.numbers.scales).zip(&self.numbers.biases) {
            *sum = *sum * scale * norm + bias;
        }
        sums
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
