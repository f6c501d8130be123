//! What a text holds: the clues that the rules found in it, and what the learned heads answer to its features. It knows how
//! they are found, not how they are weighed against each other.

use crate::{
    Emotion, Model,
    features::{self, hash},
    rules::{self, Clue, Findings},
    tokens::{Kind, Tokens},
    weights::{AMBIGUOUS, HEADS, INPUTS, NEGATIVE, NEUTRAL, POSITIVE},
};

/// Texts longer than this are read in pieces, whose findings are averaged: what was trained on comments of a few
/// sentences stays in its element.
const PIECE: usize = 40;
/// A piece ends with the first sentence that makes it this long.
const FULL_PIECE: usize = 16;
/// How much a word that names an emotion speaks for it, in logits.
const NAMED: f32 = 2.0;

/// What rules and learned heads found in a text, before they are joined.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub clues: Vec<Clue>,
    /// Logits. Of an emotion that a word names, [`NAMED`] is added to what the learned head says.
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
    /// Words that negate.
    pub negations: usize,
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
        #[expect(clippy::cast_precision_loss, reason = "counts of words")]
        let (words, negations, clues) =
            (self.words as f32, self.negations.min(2) as f32, self.clues.len().min(5) as f32);
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
            negations / 2.0,
            self.coverage,
            clues / 5.0,
        ]
    }
}

impl Model {
    /// Everything that is to be found in the tokens of a text.
    pub(crate) fn evidence(&self, tokens: &Tokens) -> Evidence {
        let hashes: Vec<u32> = (0..tokens.list.len()).map(|index| self.word(tokens, index)).collect();
        let Findings { clues, emotions, negations } = rules::look(tokens, &hashes, |hash| self.entry(hash));
        let mut evidence = Evidence {
            clues,
            negations,
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
        for (head, emotion) in evidence.heads.iter_mut().zip(Emotion::ALL) {
            if emotions.contains(&emotion) {
                *head += NAMED;
            }
        }
        evidence
    }

    /// The hash that a token is looked up by. Who stretches a word doubles a letter that has no double: "looove" is "love"
    /// where nobody knows "loove".
    fn word(&self, tokens: &Tokens, index: usize) -> u32 {
        let form = tokens.form(index);
        let word = hash(form.as_bytes());
        let is_strange = || self.entry(word).is_none() && self.features.find(word).is_none();
        if tokens.list.get(index).is_some_and(|token| token.is_stretched) && is_strange() {
            let mut letters: Vec<char> = form.chars().collect();
            letters.dedup();
            return hash(letters.into_iter().collect::<String>().as_bytes());
        }
        word
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
        // Each feature counts once; the earliest token that has it stands for it.
        let mut seen = vec![0_u64; self.rows.len().div_ceil(64)];
        // In whole numbers, which a processor adds up several at a time.
        let mut sums = [0_i32; HEADS + 1];
        let mut square = 0_u32;
        let mut leanings: Vec<(usize, f32)> = Vec::with_capacity(piece.len() * 12);
        let lean = (self.numbers.scales[POSITIVE], self.numbers.scales[NEGATIVE]);
        features::of(tokens, hashes, piece, |feature, token| {
            let Some(row) = self.features.find(feature).map(|row| row as usize) else { return };
            let (Some(weights), Some(&importance), Some(seen)) =
                (self.rows.get(row), self.importances.get(row), seen.get_mut(row / 64))
            else {
                return;
            };
            let bit = 1 << (row % 64);
            if *seen & bit != 0 {
                return;
            }
            *seen |= bit;
            square += u32::from(importance) * u32::from(importance);
            for (sum, &weight) in sums.iter_mut().zip(weights) {
                *sum += i32::from(i16::from(weight) * i16::from(importance));
            }
            let leaning = f32::from(weights[POSITIVE]) * lean.0 - f32::from(weights[NEGATIVE]) * lean.1;
            leanings.push((token, leaning * f32::from(importance)));
        });
        #[expect(clippy::cast_precision_loss, reason = "rounding far below what the weights were rounded to")]
        let (norm, sums) = (1.0 / (square.max(1) as f32).sqrt(), sums.map(|sum| sum as f32));
        for (token, leaning) in leanings {
            if let Some(share) = shares.get_mut(token) {
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
