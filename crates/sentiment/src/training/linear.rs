//! The linear model: which features it has, and their weights by stochastic gradient descent (`AdaGrad`, logistic loss,
//! one head for each emotion and group). Deterministic: one thread, a fixed seed.

use std::collections::BTreeMap;

use super::data::Example;
use crate::{
    Group,
    features::{self, hash},
    reading,
    weights::{AMBIGUOUS, HEADS, NEGATIVE, POSITIVE},
};

/// How many features the weights have room for.
const FEATURES: usize = 23_400;
/// How strongly rare features count for more: their inverse document frequency to this power.
const RARITY: f32 = 0.25;
/// An importance of 1 in the file. Only their relation counts.
const IMPORTANCE_UNIT: f32 = 128.0;
const EPOCHS: usize = 4;
const RATE: f32 = 0.15;
const DECAY: f32 = 1e-6;
const SEED: u64 = 0x2545_F491_4F6C_DD1D;

/// Trained, and rounded to what the file holds.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    pub keys: Vec<u32>,
    pub importances: Vec<u8>,
    pub rows: Vec<[i8; HEADS]>,
    pub scales: [f32; HEADS],
    pub biases: [f32; HEADS],
}

/// The features of an example, each once.
pub(crate) fn features_of(text: &str) -> Vec<u32> {
    let tokens = reading::tokens(text);
    let hashes: Vec<u32> = (0..tokens.list.len()).map(|index| hash(tokens.form(index).as_bytes())).collect();
    let mut found = Vec::new();
    features::of(&tokens, &hashes, 0..tokens.list.len(), |feature, _| found.push(feature));
    found.sort_unstable();
    found.dedup();
    found
}

/// What the heads should answer.
fn targets(example: &Example) -> [f32; HEADS] {
    let mut targets = [0.0; HEADS];
    for (head, target) in targets.iter_mut().enumerate().take(28) {
        *target = f32::from(u8::from(example.labels >> head & 1 == 1));
    }
    for (head, group) in [(POSITIVE, Group::Positive), (NEGATIVE, Group::Negative), (AMBIGUOUS, Group::Ambiguous)] {
        targets[head] = f32::from(u8::from(example.is_of(group)));
    }
    targets
}

/// Trains on examples, whose features were found before.
pub(crate) fn train(examples: &[&Example], found: &[&[u32]]) -> Linear {
    let (keys, importances) = choose(found);
    let rows: Vec<Vec<(usize, f32)>> = found.iter().map(|features| weigh(features, &keys, &importances)).collect();
    let targets: Vec<[f32; HEADS]> = examples.iter().map(|example| targets(example)).collect();
    let mut weights = vec![[0.0_f32; HEADS]; keys.len()];
    let mut squares = vec![[1e-2_f32; HEADS]; keys.len()];
    let mut biases = [-3.0_f32; HEADS];
    let mut bias_squares = [1.0_f32; HEADS];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut random = Random(SEED);
    for _ in 0..EPOCHS {
        random.shuffle(&mut order);
        for &example in &order {
            let row = &rows[example];
            let mut errors = biases;
            for &(feature, value) in row {
                for (error, weight) in errors.iter_mut().zip(&weights[feature]) {
                    *error += weight * value;
                }
            }
            for (error, target) in errors.iter_mut().zip(&targets[example]) {
                *error = 1.0 / (1.0 + (-*error).exp()) - target;
            }
            for ((bias, square), error) in biases.iter_mut().zip(&mut bias_squares).zip(&errors) {
                *square += error * error;
                *bias -= 0.1 * RATE * error / square.sqrt();
            }
            for &(feature, value) in row {
                let steps = weights[feature].iter_mut().zip(&mut squares[feature]).zip(&errors);
                for ((weight, square), error) in steps {
                    let gradient = error * value + DECAY * *weight;
                    *square += gradient * gradient;
                    *weight -= RATE * gradient / square.sqrt();
                }
            }
        }
    }
    round(keys, importances, &weights, biases)
}

/// The most frequent features in the order of their keys, and how much each counts.
fn choose(found: &[&[u32]]) -> (Vec<u32>, Vec<u8>) {
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    for feature in found.iter().copied().flatten() {
        *counts.entry(*feature).or_default() += 1;
    }
    let mut counts: Vec<(u32, u32)> = counts.into_iter().collect();
    counts.sort_by_key(|&(key, count)| (std::cmp::Reverse(count), key));
    counts.truncate(FEATURES);
    counts.sort_unstable();
    let importance = |count: u32| {
        #[expect(clippy::cast_precision_loss, reason = "counts of examples")]
        let rarity = (found.len() as f32 / count as f32).ln().max(0.0).powf(RARITY);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number between 0 and 255")]
        let importance = (rarity * IMPORTANCE_UNIT).round().clamp(0.0, 255.0) as u8;
        importance
    };
    counts.into_iter().map(|(key, count)| (key, importance(count))).unzip()
}

/// An example's features as rows of the weights, each with its value; together they have the length 1.
fn weigh(features: &[u32], keys: &[u32], importances: &[u8]) -> Vec<(usize, f32)> {
    let known = features.iter().filter_map(|feature| keys.binary_search(feature).ok());
    let mut row: Vec<(usize, f32)> =
        known.map(|feature| (feature, f32::from(importances[feature]) / IMPORTANCE_UNIT)).collect();
    let norm = row.iter().map(|(_, value)| value * value).sum::<f32>().sqrt().max(1e-6);
    for (_, value) in &mut row {
        *value /= norm;
    }
    row
}

/// Rounds the weights of each head to 8 bits.
fn round(keys: Vec<u32>, importances: Vec<u8>, weights: &[[f32; HEADS]], biases: [f32; HEADS]) -> Linear {
    let mut scales = [0.0_f32; HEADS];
    for row in weights {
        for (scale, weight) in scales.iter_mut().zip(row) {
            *scale = scale.max(weight.abs() / 127.0);
        }
    }
    let rows = weights.iter().map(|row| {
        let mut rounded = [0; HEADS];
        for ((rounded, weight), scale) in rounded.iter_mut().zip(row).zip(&scales) {
            #[expect(clippy::cast_possible_truncation, reason = "the scale makes it fit")]
            let whole = (weight / scale.max(1e-12)).round().clamp(-127.0, 127.0) as i8;
            *rounded = whole;
        }
        rounded
    });
    Linear { rows: rows.collect(), keys, importances, scales, biases }
}

/// A xorshift generator.
struct Random(u64);

impl Random {
    fn shuffle(&mut self, order: &mut [usize]) {
        for last in (1..order.len()).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            let other = usize::try_from(self.0 % (last as u64 + 1)).unwrap_or_default();
            order.swap(last, other);
        }
    }
}
