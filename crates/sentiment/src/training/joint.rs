//! What joins rules and learned heads: a softmax over positive, neutral and negative, and the calibration of the
//! confidence. All of it is learned from readings of examples that the heads were not trained on.

use crate::{
    Label,
    reading::{self, Leaning},
    weights::{INPUTS, Numbers, SIGNS},
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

/// Among the inputs: the sum of the clues, how much blame there is, and praise and blame by the word.
const RULES: usize = 1;
const BLAME: usize = 5;
const PRAISE_RATE: usize = 12;
const BLAME_RATE: usize = 13;
/// What a reading by heads that have forgotten most of what they knew counts beside one by heads that have not. Nearly all
/// that is read is of another kind than the comments, and there the rules have to do with little help.
const STRANGE_WEIGHT: f32 = 16.0;
/// How much more the rules are worth than comments would have it, in logits: they know words that no comment had. Each is a
/// label (positive, neutral, negative), an input, and what is added to its weight. Of the comments two in five are praise
/// and one is blame; elsewhere there is as much of either, so blame gets more.
const EMPHASIS: [(usize, usize, f32); 5] =
    [(0, RULES, 0.5), (2, RULES, -0.5), (0, PRAISE_RATE, 1.0), (2, BLAME_RATE, 1.0), (2, BLAME, 1.5)];

/// Learns the weights of the joint by gradient descent with momentum over all cases at once.
pub(crate) fn fit(numbers: &mut Numbers, cases: &[Case], strange: &[Case]) {
    let strange = strange.iter().map(|case| (case, STRANGE_WEIGHT));
    let cases: Vec<(&Case, f32)> = cases.iter().map(|case| (case, 1.0)).chain(strange).collect();
    let mut momentum = [[0.0_f32; INPUTS]; 3];
    #[expect(clippy::cast_precision_loss, reason = "a count of examples")]
    let count = cases.len() as f32;
    for _ in 0..STEPS {
        let mut gradient = [[0.0_f32; INPUTS]; 3];
        for ((inputs, label), weight) in &cases {
            let leaning = Leaning::new(numbers, inputs);
            let mut errors = [leaning.positive, leaning.neutral, leaning.negative];
            errors[index(*label)] -= 1.0;
            for (sums, error) in gradient.iter_mut().zip(errors) {
                for (sum, input) in sums.iter_mut().zip(inputs) {
                    *sum += weight * error * input;
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
    for (label, input, weight) in EMPHASIS {
        numbers.joint[label][input] += weight;
    }
}

/// What a neutral comment counts in the calibration of labels that lean, and of neutral ones. How much of what Lia reads is
/// neutral is not known: of comments two in five are, of reviews next to nothing. With all of them counted, a confidence is
/// 0.02 off on comments and 0.12 on those of them that take a side; with these it is 0.06 off on all and 0.05 on those.
const CALIBRATION_NEUTRAL: [f32; 2] = [0.4, 0.5];
const CALIBRATION_STEPS: usize = 100;

/// How the probability of a label is turned into how often it is right (Platt, 1999), for labels that lean and for neutral
/// ones. They are wrong for different reasons, and how often changes from one kind of text to another in opposite directions.
pub(crate) fn calibration(numbers: &Numbers, cases: &[Case]) -> [[f32; SIGNS]; 2] {
    let outcomes = cases.iter().map(|(inputs, truth)| {
        let leaning = Leaning::new(numbers, inputs);
        let label = Label::of(leaning.score(numbers.cut, 1.0));
        (label, *truth, leaning.signs(label, inputs))
    });
    let (neutral, leaning): (Vec<_>, Vec<_>) = outcomes.partition(|(label, ..)| *label == Label::Neutral);
    let [among_leaning, among_neutral] = CALIBRATION_NEUTRAL;
    [platt(&leaning, among_leaning), platt(&neutral, among_neutral)]
}

/// Logistic regression of whether a label is the truth, by Newton's method, one weight after the other.
fn platt(outcomes: &[(Label, Label, [f32; SIGNS])], neutral_weight: f32) -> [f32; SIGNS] {
    let mut weights = [0.0; SIGNS];
    for step in 0..CALIBRATION_STEPS * SIGNS {
        let sign = step % SIGNS;
        let (mut gradient, mut curvature) = (0.0_f64, 1e-9_f64);
        for (label, truth, signs) in outcomes {
            let weight = if *truth == Label::Neutral { neutral_weight } else { 1.0 };
            let guess = reading::confidence(&weights, signs);
            let is_right = if label == truth { 1.0 } else { 0.0 };
            gradient += f64::from(weight * (guess - is_right) * signs[sign]);
            curvature += f64::from(weight * guess * (1.0 - guess) * signs[sign] * signs[sign]);
        }
        #[expect(clippy::cast_possible_truncation, reason = "the weights hold as much")]
        let change = (gradient / curvature) as f32;
        weights[sign] -= change;
    }
    weights
}
