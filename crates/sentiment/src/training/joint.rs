//! What joins rules and learned heads: a softmax over positive, neutral and negative, and the calibration of the
//! confidence. All of it is learned from readings of examples that the heads were not trained on.

use crate::{
    Label,
    reading::Leaning,
    weights::{INPUTS, KNOTS, Numbers},
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

/// Among the inputs, the sum of the clues, and praise and blame by the word.
const RULES: usize = 1;
const PRAISE: usize = 12;
const BLAME: usize = 13;
/// Texts of another kind: readings of examples by heads that have forgotten most of what they knew.
const STRANGE_WEIGHT: f32 = 2.0;
/// Comments are neutral far more often than what people write elsewhere, of a film, a purchase or their day.
const STRANGE_NEUTRAL: f32 = 0.2;
/// How much more the rules are worth than comments alone would have it, in logits: they know words that no comment had.
const EMPHASIS: f32 = 1.0;

/// Learns the weights of the joint by gradient descent with momentum over all cases at once.
pub(crate) fn fit(numbers: &mut Numbers, cases: &[Case], strange: &[Case]) {
    let strange = strange.iter().map(|case| {
        let weight = if case.1 == Label::Neutral { STRANGE_NEUTRAL } else { 1.0 };
        (case, weight * STRANGE_WEIGHT)
    });
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
    for input in [RULES, PRAISE] {
        numbers.joint[0][input] += EMPHASIS;
    }
    numbers.joint[2][RULES] -= EMPHASIS;
    numbers.joint[2][BLAME] += EMPHASIS;
}

/// What a neutral comment counts in the calibration. How much of what Lia reads is neutral is not known: of comments two in
/// five are, of reviews next to nothing. With all of them counted, a confidence is 0.01 off on comments and 0.09 on those of
/// them that take a side; this weight makes the larger of the two as small as can be, 0.05.
const CALIBRATION_NEUTRAL: f32 = 0.3;

/// How often a raw confidence is right: bins of as many cases each, made ascending by joining neighbours (isotonic
/// regression by pooling adjacent violators).
pub(crate) fn calibration(numbers: &Numbers, cases: &[Case]) -> [[f32; 2]; KNOTS] {
    let mut outcomes: Vec<Outcome> = cases.iter().map(|case| Outcome::new(numbers, case)).collect();
    outcomes.sort_by(|first, second| first.raw.total_cmp(&second.raw));
    let size = outcomes.len().div_ceil(KNOTS).max(1);
    let mut blocks: Vec<Block> = Vec::new();
    for bin in outcomes.chunks(size) {
        blocks.push(bin.iter().fold(Block::default(), Block::with));
        while let [.., low, high] = blocks.as_slice() {
            if low.rate() <= high.rate() {
                break;
            }
            let joined = low.joined(high);
            blocks.truncate(blocks.len() - 2);
            blocks.push(joined);
        }
    }
    let mut knots = [[1.0, 1.0]; KNOTS];
    knots.fill(blocks.last().map_or([1.0, 1.0], Block::knot));
    for (knot, block) in knots.iter_mut().zip(&blocks) {
        *knot = block.knot();
    }
    knots
}

/// What became of a case.
struct Outcome {
    raw: f32,
    is_right: bool,
    weight: f32,
}

impl Outcome {
    fn new(numbers: &Numbers, (inputs, truth): &Case) -> Self {
        let leaning = Leaning::new(numbers, inputs);
        let label = Label::of(leaning.score(numbers.cut));
        let weight = if *truth == Label::Neutral { CALIBRATION_NEUTRAL } else { 1.0 };
        Self { raw: leaning.of(label), is_right: label == *truth, weight }
    }
}

/// Outcomes of neighbouring raw confidences: weighted sums.
#[derive(Clone, Copy, Default)]
struct Block {
    raw: f32,
    right: f32,
    weight: f32,
}

impl Block {
    fn with(self, outcome: &Outcome) -> Self {
        let right = if outcome.is_right { outcome.weight } else { 0.0 };
        let raw = outcome.raw * outcome.weight;
        self.joined(&Self { raw, right, weight: outcome.weight })
    }

    fn joined(&self, other: &Self) -> Self {
        Self { raw: self.raw + other.raw, right: self.right + other.right, weight: self.weight + other.weight }
    }

    fn rate(&self) -> f32 {
        self.right / self.weight
    }

    /// The mean raw confidence, and how often it is right.
    fn knot(&self) -> [f32; 2] {
        [self.raw / self.weight, self.rate()]
    }
}
