//! What joins rules and learned heads: a softmax over positive, neutral and negative, the cut of the score, and the
//! calibration of the confidence. All of it is learned from readings of examples that the heads were not trained on.

use crate::{
    Label,
    model::{INPUTS, KNOTS, Numbers},
    reading::Leaning,
};

const STEPS: usize = 400;
const RATE: f32 = 0.5;
const DECAY: f32 = 1e-4;

/// What an example looks like to the joint, and which way it leans.
pub(crate) type Case = ([f32; INPUTS], Label);

fn index(label: Label) -> usize {
    match label {
        Label::Positive => 0,
        Label::Neutral => 1,
        Label::Negative => 2,
    }
}

/// Learns the weights of the joint by gradient descent with momentum over all cases at once.
pub(crate) fn fit(numbers: &mut Numbers, cases: &[Case]) {
    let mut momentum = [[0.0_f32; INPUTS]; 3];
    #[expect(clippy::cast_precision_loss, reason = "a count of examples")]
    let count = cases.len() as f32;
    for _ in 0..STEPS {
        let mut gradient = [[0.0_f32; INPUTS]; 3];
        for (inputs, label) in cases {
            let leaning = Leaning::new(numbers, inputs);
            let mut errors = [leaning.positive, leaning.neutral, leaning.negative];
            errors[index(*label)] -= 1.0;
            for (sums, error) in gradient.iter_mut().zip(errors) {
                for (sum, input) in sums.iter_mut().zip(inputs) {
                    *sum += error * input;
                }
            }
        }
        for ((weights, sums), speeds) in numbers.joint.iter_mut().zip(&gradient).zip(&mut momentum) {
            for ((weight, sum), speed) in weights.iter_mut().zip(sums).zip(speeds) {
                *speed = 0.9 * *speed - RATE * 0.1 * (sum / count + DECAY * *weight);
                *weight += *speed;
            }
        }
    }
}

/// The cut at which the three labels are told apart best, by their mean F1.
pub(crate) fn cut(numbers: &Numbers, cases: &[Case]) -> f32 {
    let differences: Vec<(f32, Label)> = cases
        .iter()
        .map(|(inputs, label)| {
            let leaning = Leaning::new(numbers, inputs);
            (leaning.positive - leaning.negative, *label)
        })
        .collect();
    let mut best = (0.0, 0.1);
    for hundredths in 5_u8..60 {
        let cut = f32::from(hundredths) / 100.0;
        let label = |difference: f32| match difference {
            difference if difference >= cut => Label::Positive,
            difference if difference <= -cut => Label::Negative,
            _ => Label::Neutral,
        };
        let mean = [Label::Positive, Label::Neutral, Label::Negative]
            .map(|wanted| {
                super::f1(differences.iter().map(|&(difference, truth)| (label(difference) == wanted, truth == wanted)))
            })
            .iter()
            .sum::<f32>();
        if mean > best.0 {
            best = (mean, cut);
        }
    }
    best.1
}

/// How often a raw confidence is right: bins of as many cases each, made ascending by joining neighbours (isotonic
/// regression by pooling adjacent violators).
pub(crate) fn calibration(numbers: &Numbers, cases: &[Case]) -> [[f32; 2]; KNOTS] {
    let mut outcomes: Vec<(f32, bool)> = cases
        .iter()
        .map(|(inputs, truth)| {
            let leaning = Leaning::new(numbers, inputs);
            let label = Label::of(leaning.score(numbers.cut));
            (leaning.of(label), label == *truth)
        })
        .collect();
    outcomes.sort_by(|(first, _), (second, _)| first.total_cmp(second));
    let size = outcomes.len().div_ceil(KNOTS).max(1);
    // Each block: the sum of its raw confidences, how many were right, how many there are, how many bins it spans.
    let mut blocks: Vec<(f32, f32, f32, usize)> = Vec::new();
    for bin in outcomes.chunks(size) {
        let raw = bin.iter().map(|(raw, _)| raw).sum();
        let right = bin.iter().map(|(_, is_right)| f32::from(u8::from(*is_right))).sum();
        #[expect(clippy::cast_precision_loss, reason = "a count of examples")]
        blocks.push((raw, right, bin.len() as f32, 1));
        while let [.., low, high] = blocks.as_slice() {
            if low.1 / low.2 <= high.1 / high.2 {
                break;
            }
            let joined = (low.0 + high.0, low.1 + high.1, low.2 + high.2, low.3 + high.3);
            blocks.truncate(blocks.len() - 2);
            blocks.push(joined);
        }
    }
    let mut knots = [[1.0, 1.0]; KNOTS];
    let last = blocks.last().map_or([1.0, 1.0], |block| [block.0 / block.2, block.1 / block.2]);
    knots.fill(last);
    for (knot, block) in knots.iter_mut().zip(&blocks) {
        *knot = [block.0 / block.2, block.1 / block.2];
    }
    knots
}
