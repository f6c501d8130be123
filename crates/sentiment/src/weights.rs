//! The weights and their file format. They come as bytes, from the program itself (feature `embedded`) or from wherever
//! the browser fetched them. It knows nothing of files, of training, or of what the weights say of a text.
//!
//! The file, all numbers little-endian: `LIAS`, a checksum of what follows (u32), format (u32), number of features F and
//! of lexicon entries E (u32 each); [`HEADS`] scales and biases, 28 + 4 thresholds, [`INPUTS`] × 3 weights of the joint,
//! the cut, [`SIGNS`] × 2 weights of the confidence (f32); then for the features F keys (u32, ascending), F importances
//! (u8) and F × [`HEADS`] weights (i8); for the lexicon E keys (u32, ascending), E valences (i8) and E marks (u8; see [`Entry::mark`]).

use crate::{features::hash, rules::Entry};

/// What the learned model answers: the 28 emotions, then positive, negative and ambiguous as a whole.
pub(crate) const HEADS: usize = 31;
pub(crate) const POSITIVE: usize = 28;
pub(crate) const NEGATIVE: usize = 29;
pub(crate) const AMBIGUOUS: usize = 30;
pub(crate) const NEUTRAL: usize = 27;
/// What the joint of rules and learned heads looks at; see [`crate::evidence::Evidence::inputs`].
pub(crate) const INPUTS: usize = 17;
/// Among the inputs, the number of clues.
pub(crate) const CLUES: usize = 16;
/// What the confidence looks at; see [`crate::reading::Leaning::signs`].
pub(crate) const SIGNS: usize = 3;
pub(crate) const MAGIC: &[u8] = b"LIAS";
pub(crate) const FORMAT: u32 = 3;
/// A valence of 1 in the file.
pub(crate) const VALENCE_UNIT: f32 = 30.0;

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
    pub(crate) features: Index,
    pub(crate) importances: Vec<u8>,
    /// One head more than there is, so that a row is a power of two.
    pub(crate) rows: Vec<[i8; HEADS + 1]>,
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
    /// For positive, neutral and negative: the weights of [`crate::evidence::Evidence::inputs`].
    pub joint: [[f32; INPUTS]; 3],
    /// The difference of the probabilities of positive and negative from which on a text leans.
    pub cut: f32,
    /// For labels that lean and for neutral ones: the weights of the signs of how often they are right.
    pub calibration: [[f32; SIGNS]; 2],
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
            calibration: [[0.0; SIGNS]; 2],
        }
    }
}

/// Where a hash's row is: open addressing, at most half full.
#[derive(Clone, Debug)]
pub(crate) struct Index {
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
    pub(crate) fn find(&self, key: u32) -> Option<u32> {
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
        for weights in &mut numbers.calibration {
            *weights = bytes.floats()?;
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
        let marks = bytes.take(entries)?;
        let entries = valences.iter().zip(marks);
        let entries = entries.map(|(&valence, &mark)| Entry::read(valence.cast_signed(), mark));
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
    pub(crate) fn entry(&self, hash: u32) -> Option<Entry> {
        self.lexicon.find(hash).and_then(|row| self.entries.get(row as usize)).copied()
    }
}
