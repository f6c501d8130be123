//! The measures: accuracy, macro-F1, calibration. It knows answers and truths, not what they are about.

use sentiment::{Label, training::f1};

/// One answer: how sure it was, and whether it was right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub confidence: f32,
    pub is_right: bool,
}

/// The answers within a tenth of confidence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bin {
    /// Their mean confidence.
    pub confidence: f32,
    /// The part of them that is right.
    pub right: f32,
    pub count: usize,
    /// Of the number of right ones, if the confidences are right.
    variance: f32,
}

/// The part of the answers that are right.
pub(crate) fn accuracy(said: &[Label], truth: &[Label]) -> f32 {
    part(said.iter().zip(truth).filter(|(said, truth)| said == truth).count(), said.len())
}

/// The same for statements that lean one way, judged by the score's sign alone: a score of 0 is wrong.
pub(crate) fn polarity_accuracy(scores: &[f64], truth: &[Label]) -> f32 {
    let leaning = scores.iter().zip(truth).filter(|(_, truth)| **truth != Label::Neutral);
    let is_right = |score: f64, truth: Label| if truth == Label::Positive { score > 0.0 } else { score < 0.0 };
    part(leaning.clone().filter(|&(&score, &truth)| is_right(score, truth)).count(), leaning.count())
}

/// The part of the statements that lean one way whose label is right: neutral is wrong.
pub(crate) fn leaning_accuracy(said: &[Label], truth: &[Label]) -> f32 {
    let leaning = said.iter().zip(truth).filter(|(_, truth)| **truth != Label::Neutral);
    part(leaning.clone().filter(|(said, truth)| said == truth).count(), leaning.count())
}

/// The mean F1 over the classes, given each one's pairs of what was said and what is so.
pub(crate) fn macro_f1<C: Copy>(classes: &[C], pairs: impl Fn(C) -> Vec<(bool, bool)>) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a count of classes")]
    let count = classes.len() as f32;
    classes.iter().map(|&class| f1(pairs(class).into_iter())).sum::<f32>() / count
}

/// The expected calibration error over ten bins (Guo et al., 2017).
pub(crate) fn calibration_error(answers: &[Answer]) -> f32 {
    bins(answers).iter().map(|bin| (bin.confidence - bin.right).abs() * part(bin.count, answers.len())).sum()
}

/// The calibration error that chance alone would give so few answers if every confidence were exactly right.
pub(crate) fn chance_error(answers: &[Answer]) -> f32 {
    let spread = |bin: &Bin| (2.0 * bin.variance / std::f32::consts::PI).sqrt();
    #[expect(clippy::cast_precision_loss, reason = "a count of answers")]
    let all = answers.len() as f32;
    bins(answers).iter().map(spread).sum::<f32>() / all
}

/// The answers by tenths of confidence, without the empty ones.
pub(crate) fn bins(answers: &[Answer]) -> Vec<Bin> {
    let tenth = |answer: &Answer| (1_u8..10).filter(|&tenth| answer.confidence >= f32::from(tenth) / 10.0).count();
    let bins = (0..10).map(|wanted| {
        let bin: Vec<&Answer> = answers.iter().filter(|answer| tenth(answer) == wanted).collect();
        #[expect(clippy::cast_precision_loss, reason = "a count of answers")]
        let confidence = bin.iter().map(|answer| answer.confidence).sum::<f32>() / bin.len() as f32;
        Bin {
            confidence,
            right: part(bin.iter().filter(|answer| answer.is_right).count(), bin.len()),
            count: bin.len(),
            variance: bin.iter().map(|answer| answer.confidence * (1.0 - answer.confidence)).sum(),
        }
    });
    bins.filter(|bin| bin.count > 0).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of answers")]
fn part(some: usize, all: usize) -> f32 {
    some as f32 / all as f32
}
