//! Reading a text: rules and learned heads joined into a score, a label, an emotion, a confidence and the words that
//! drove them. It knows how findings are weighed, not how they are found.

use crate::{
    Emotion, Group, Label, Model,
    evidence::Evidence,
    tokens::{Kind, Token, Tokens},
    weights::{CLUES, INPUTS, Numbers, SIGNS},
};

/// Of a text of more bytes than this, the first half of as many and the last half are read.
pub const READ_BYTES: usize = 16 * 1024;
/// Below this confidence a reading is a guess.
const UNSURE: f32 = 0.5;
/// The part of the words that must be known for a reading to be as sure as it would be.
const FAMILIAR: f32 = 0.6;
/// A statement of fewer words than this does not count as neutral for sure.
const SILENT_WORDS: f32 = 3.0;
/// The most drivers of a reading.
const DRIVERS: usize = 8;
/// The least that a word must weigh to be named a driver, in the share of the strongest one and by itself.
const DRIVER_SHARE: f32 = 0.25;
const DRIVER_WEIGHT: f32 = 0.12;
/// What a logit of the learned model weighs beside a point of valence.
const LEARNED_WEIGHT: f32 = 0.5;
/// How much the score speaks for the emotions of its own side, in logits.
const SIDE: f32 = 2.5;

/// What a text says of how its writer feels.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// −1 (as bad as can be) to 1.
    pub score: f32,
    /// The label of the score.
    pub label: Label,
    /// The emotion that shows most; `Neutral` where none does.
    pub emotion: Emotion,
    /// Every emotion that shows, the clearest first. Empty where none stands out.
    pub emotions: Vec<Emotion>,
    /// How often a label that was given with this confidence is right, 0 to 1.
    pub confidence: f32,
    /// Whether the text is too short, too ambiguous or too foreign to say: the label is a guess then.
    pub is_unsure: bool,
    /// The words that drove the score, in their order in the text.
    pub drivers: Vec<Driver>,
}

/// A word or phrase that drove a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Driver {
    /// The first byte in the text.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
    /// −1 to 1: which way it pulls, and how much beside the strongest one.
    pub weight: f32,
}

/// The probabilities that a text leans each way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaning {
    pub positive: f32,
    pub neutral: f32,
    pub negative: f32,
}

impl Leaning {
    pub(crate) fn new(numbers: &Numbers, inputs: &[f32; INPUTS]) -> Self {
        let mut logits = [0.0_f32; 3];
        for (logit, weights) in logits.iter_mut().zip(&numbers.joint) {
            *logit = weights.iter().zip(inputs).map(|(weight, input)| weight * input).sum();
        }
        let most = logits.iter().fold(f32::MIN, |most, &logit| most.max(logit));
        let odds = logits.map(|logit| (logit - most).exp());
        let sum: f32 = odds.iter().sum();
        Self { positive: odds[0] / sum, neutral: odds[1] / sum, negative: odds[2] / sum }
    }

    /// The score: the difference of the two sides, stretched so that the learned cut comes to lie at 0.1. How far it goes
    /// beyond that, `strength` says as well, 0 to 1: that a text leans for sure does not make its words strong.
    pub(crate) fn score(self, cut: f32, strength: f32) -> f32 {
        let difference = self.positive - self.negative;
        let size = difference.abs();
        let size = if size < cut {
            size / cut * 0.1
        } else {
            0.1 + (size - cut) / (1.0 - cut).max(0.01) * 0.9 * f32::midpoint(1.0, strength)
        };
        size.clamp(0.0, 1.0).copysign(difference)
    }

    /// What tells how often a label is right: its probability, in logits, and the number of clues.
    pub(crate) fn signs(self, label: Label, inputs: &[f32; INPUTS]) -> [f32; SIGNS] {
        let probability = match label {
            Label::Positive => self.positive,
            Label::Neutral => self.neutral,
            Label::Negative => self.negative,
        };
        let probability = probability.clamp(1e-4, 1.0 - 1e-4);
        [1.0, (probability / (1.0 - probability)).ln(), inputs[CLUES]]
    }
}

/// The tokens of a text, of a long one those of its beginning and its end.
pub(crate) fn tokens(text: &str) -> Tokens {
    if text.len() <= READ_BYTES {
        return Tokens::new(text);
    }
    let head = text.floor_char_boundary(READ_BYTES / 2);
    let tail = text.ceil_char_boundary(text.len() - READ_BYTES / 2);
    let mut tokens = Tokens::new(text.get(..head).unwrap_or_default());
    tokens.append(text.get(tail..).unwrap_or_default(), tail);
    tokens
}

impl Model {
    /// Reads a text.
    pub fn read(&self, text: &str) -> Reading {
        let tokens = tokens(text);
        let evidence = self.evidence(&tokens);
        if evidence.words == 0 {
            return Reading::nothing();
        }
        let inputs = evidence.inputs();
        let leaning = Leaning::new(&self.numbers, &inputs);
        let score = leaning.score(self.numbers.cut, evidence.rules().abs());
        let label = Label::of(score);
        let [sure_leaning, sure_neutral] = &self.numbers.calibration;
        let weights = if label == Label::Neutral { sure_neutral } else { sure_leaning };
        let confidence = confidence(weights, &leaning.signs(label, &inputs)) * known(&evidence, label);
        Reading {
            score,
            label,
            emotion: self.emotion(&evidence, score),
            emotions: self.emotions(&evidence),
            confidence,
            is_unsure: confidence < UNSURE,
            drivers: drivers(&tokens, &evidence),
        }
    }

    /// The groups of emotions that show in a text, by the learned heads alone.
    pub fn groups(&self, text: &str) -> Vec<Group> {
        let evidence = self.evidence(&tokens(text));
        let logits = evidence.groups();
        let above = Group::ALL.into_iter().zip(logits).zip(self.numbers.group_thresholds);
        above.filter(|((_, logit), threshold)| logit >= threshold).map(|((group, _), _)| group).collect()
    }

    /// How far each emotion is above its threshold.
    fn margins(&self, evidence: &Evidence) -> impl Iterator<Item = (Emotion, f32)> {
        let margins = evidence.heads.iter().zip(&self.numbers.thresholds).map(|(logit, threshold)| logit - threshold);
        Emotion::ALL.into_iter().zip(margins)
    }

    /// All emotions above their thresholds, the clearest first.
    fn emotions(&self, evidence: &Evidence) -> Vec<Emotion> {
        let mut above: Vec<(Emotion, f32)> = self.margins(evidence).filter(|(_, margin)| *margin >= 0.0).collect();
        above.sort_by(|(_, first), (_, second)| second.total_cmp(first));
        above.into_iter().map(|(emotion, _)| emotion).collect()
    }

    /// The one emotion that goes best with the score. It never contradicts the label.
    fn emotion(&self, evidence: &Evidence, score: f32) -> Emotion {
        let contradicted = match Label::of(score) {
            Label::Positive => Some(Group::Negative),
            Label::Neutral => None,
            Label::Negative => Some(Group::Positive),
        };
        let support = |emotion: Emotion| match emotion.group() {
            Group::Positive => SIDE * score,
            Group::Negative => -SIDE * score,
            Group::Ambiguous => 0.0,
            Group::Neutral => -SIDE * score.abs(),
        };
        self.margins(evidence)
            .filter(|(emotion, _)| Some(emotion.group()) != contradicted)
            .map(|(emotion, margin)| (emotion, margin + support(emotion)))
            .max_by(|(_, first), (_, second)| first.total_cmp(second))
            .map_or(Emotion::Neutral, |(emotion, _)| emotion)
    }
}

impl Reading {
    /// The reading of a text without words.
    fn nothing() -> Self {
        Self {
            score: 0.0,
            label: Label::Neutral,
            emotion: Emotion::Neutral,
            emotions: Vec::new(),
            confidence: 0.0,
            is_unsure: true,
            drivers: Vec::new(),
        }
    }
}

/// What is left of the confidence where a text has few words that anybody has seen before, or few words at all: it was
/// measured on comments of a sentence or two, in English. Half of it at least: that much even a guess is right.
fn known(evidence: &Evidence, label: Label) -> f32 {
    let familiar = (evidence.familiarity / FAMILIAR).min(1.0);
    let words = f32::from(u16::try_from(evidence.words).unwrap_or(u16::MAX));
    // One word can say much, but that one word says nothing is little to go by.
    let is_silent = label == Label::Neutral && !evidence.asks;
    let audible = if is_silent { (words / SILENT_WORDS).min(1.0) } else { 1.0 };
    f32::midpoint(1.0, familiar) * f32::midpoint(1.0, audible)
}

/// How often a label with these signs is right, as training measured it.
pub(crate) fn confidence(weights: &[f32; SIGNS], signs: &[f32; SIGNS]) -> f32 {
    let logit: f32 = weights.iter().zip(signs).map(|(weight, sign)| weight * sign).sum();
    1.0 / (1.0 + (-logit).exp())
}

/// The words that pulled hardest: clues with their valence, other words with what the learned model makes of them.
fn drivers(tokens: &Tokens, evidence: &Evidence) -> Vec<Driver> {
    let place = |first: &Token, last: &Token, weight: f32| Driver { start: first.start, end: last.end, weight };
    let mut found = Vec::new();
    let mut clues = evidence.clues.iter().peekable();
    let mut index = 0;
    while let Some(token) = tokens.list.get(index) {
        let share = |range: std::ops::Range<usize>| -> f32 {
            evidence.shares.get(range).unwrap_or_default().iter().sum::<f32>() * LEARNED_WEIGHT
        };
        if let Some(clue) = clues.next_if(|clue| clue.first == index) {
            let last = tokens.list.get(clue.last).unwrap_or(token);
            found.push(place(token, last, clue.valence + share(clue.first..clue.last + 1)));
            index = clue.last + 1;
        } else {
            if token.kind != Kind::Mark {
                found.push(place(token, token, share(index..index + 1)));
            }
            index += 1;
        }
    }
    let most = found.iter().fold(0.0_f32, |most, driver| most.max(driver.weight.abs()));
    let least = (most * DRIVER_SHARE).max(DRIVER_WEIGHT);
    found.retain(|driver| driver.weight.abs() >= least);
    found.sort_by(|first, second| second.weight.abs().total_cmp(&first.weight.abs()));
    found.truncate(DRIVERS);
    found.sort_by_key(|driver| driver.start);
    for driver in &mut found {
        driver.weight /= most;
    }
    found
}
