//! How the weights are made from the training part of `GoEmotions`: the same bytes each time on the same toolchain. Never
//! part of Lia; the features `tools` brings it.
//!
//! The heads are trained on four fifths and read the last one, five times over; from these readings come the thresholds,
//! the joint of rules and heads, and the calibration. The heads of the weights are then trained on everything.

pub mod data;
mod joint;
mod lexicon;
mod linear;
mod write;

use data::Example;
use joint::Case;
use linear::Linear;

use crate::{
    BadWeights, Emotion, Group, Model, reading,
    weights::{HEADS, Numbers},
};

const FOLDS: usize = 5;
/// Of ten features, how many the learned heads are made to forget in a second reading of every example: texts of another
/// kind have words that no comment had, and the joint must know how much the rules are worth there.
const FORGOTTEN: u32 = 8;
/// The difference of the probabilities of positive and negative from which on a text leans. A lower one is better where
/// nothing that is read is neutral, a higher one where as much is as of comments, two in five: this one costs either no more
/// than 0.07 of the accuracy that its own best would have.
const CUT: f32 = 0.17;

/// Makes the weights.
pub fn train(examples: &[Example]) -> Result<Vec<u8>, BadWeights> {
    let lexicon = lexicon::build();
    let found: Vec<Vec<u32>> = examples.iter().map(|example| linear::features_of(&example.text)).collect();
    let (mut cases, mut strange) = (Vec::new(), Vec::new());
    let mut heads: Vec<([f32; HEADS], &Example)> = Vec::new();
    for fold in 0..FOLDS {
        let linear = subset(examples, &found, |index| index % FOLDS != fold);
        let model = Model::from_bytes(&write::bytes(&linear, &Numbers::default(), &lexicon))?;
        let forgetful = Model::from_bytes(&write::bytes(&forget(&linear), &Numbers::default(), &lexicon))?;
        for example in examples.iter().skip(fold).step_by(FOLDS) {
            let tokens = reading::tokens(&example.text);
            let evidence = model.evidence(&tokens);
            cases.push((evidence.inputs(), example.leaning()));
            heads.push((evidence.heads, example));
            strange.push((forgetful.evidence(&tokens).inputs(), example.leaning()));
        }
    }
    let linear = subset(examples, &found, |_| true);
    let numbers = numbers(&cases, &strange, &heads);
    Ok(write::bytes(&linear, &numbers, &lexicon))
}

fn subset(examples: &[Example], found: &[Vec<u32>], is_in: impl Fn(usize) -> bool) -> Linear {
    let (examples, found): (Vec<&Example>, Vec<&[u32]>) = examples
        .iter()
        .zip(found)
        .enumerate()
        .filter(|(index, _)| is_in(*index))
        .map(|(_, (example, found))| (example, found.as_slice()))
        .unzip();
    linear::train(&examples, &found)
}

/// The same heads with a part of their features missing.
fn forget(linear: &Linear) -> Linear {
    let mut kept = Linear { keys: Vec::new(), importances: Vec::new(), rows: Vec::new(), ..linear.clone() };
    for ((&key, &importance), &row) in linear.keys.iter().zip(&linear.importances).zip(&linear.rows) {
        if key.wrapping_mul(0x9E37_79B1) >> 16 & 0xFF >= FORGOTTEN * 256 / 10 {
            kept.keys.push(key);
            kept.importances.push(importance);
            kept.rows.push(row);
        }
    }
    kept
}

fn numbers(cases: &[Case], strange: &[Case], heads: &[([f32; HEADS], &Example)]) -> Numbers {
    let mut numbers = Numbers::default();
    for (threshold, emotion) in numbers.thresholds.iter_mut().zip(Emotion::ALL) {
        *threshold =
            best_threshold(heads.iter().map(|(logits, example)| (logits[emotion as usize], example.has(emotion))));
    }
    let group_heads =
        [crate::weights::POSITIVE, crate::weights::NEGATIVE, crate::weights::AMBIGUOUS, crate::weights::NEUTRAL];
    for ((threshold, group), head) in numbers.group_thresholds.iter_mut().zip(Group::ALL).zip(group_heads) {
        *threshold = best_threshold(heads.iter().map(|(logits, example)| (logits[head], example.is_of(group))));
    }
    joint::fit(&mut numbers, cases, strange);
    numbers.cut = CUT;
    numbers.calibration = joint::calibration(&numbers, cases);
    numbers
}

/// The logit from which on saying yes gives the best F1.
fn best_threshold(answers: impl Iterator<Item = (f32, bool)>) -> f32 {
    let mut answers: Vec<(f32, bool)> = answers.collect();
    answers.sort_by(|(first, _), (second, _)| second.total_cmp(first));
    let all = answers.iter().filter(|(_, is_so)| *is_so).count();
    let (mut right, mut best) = (0_usize, (0.0, 0.0));
    for (count, (logit, is_so)) in (1..).zip(&answers) {
        right += usize::from(*is_so);
        #[expect(clippy::cast_precision_loss, reason = "counts of examples")]
        let f1 = 2.0 * right as f32 / (all + count) as f32;
        if f1 > best.0 {
            best = (f1, *logit);
        }
    }
    best.1
}

/// The harmonic mean of precision and recall over pairs of what was said and what is so; 0 where nothing was right.
pub fn f1(answers: impl Iterator<Item = (bool, bool)>) -> f32 {
    let (mut right, mut wrong) = (0_u32, 0_u32);
    for (said, is_so) in answers {
        right += u32::from(said && is_so);
        wrong += u32::from(said != is_so);
    }
    if right == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of examples")]
    let f1 = 2.0 * right as f32 / (2 * right + wrong) as f32;
    f1
}
