//! The rules: which words of a text carry a valence or name an emotion, and what the words around them make of it. Valences
//! and emotions come with the weights. English only.

use crate::{
    Emotion, Group,
    features::pair,
    roles::{Role, role},
    tokens::{Kind, Tokens},
    weights::VALENCE_UNIT,
};

/// A word or phrase that carries a valence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clue {
    /// The first token.
    pub first: usize,
    /// The last token.
    pub last: usize,
    /// What it adds: between −4 and 4 by itself, further out with what strengthens it.
    pub valence: f32,
    /// Whether something turned it: a negation, irony.
    pub is_turned: bool,
    /// The emotion that it names, where who wrote it has it.
    pub emotion: Option<Emotion>,
}

/// What the lexicon knows of a word or of a phrase.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entry {
    /// −4 to 4.
    pub valence: f32,
    /// Whether it has a valence: zero is one, and keeps the words of a phrase from counting for themselves.
    pub is_clue: bool,
    /// Whether phrases begin with this word.
    pub begins_phrase: bool,
    /// The emotion that it names.
    pub emotion: Option<Emotion>,
}

impl Entry {
    const CLUE: u8 = 1;
    const BEGINS_PHRASE: u8 = 2;

    /// An entry as the weights hold it: its valence in units of [`VALENCE_UNIT`], and its mark.
    pub(crate) fn read(valence: i8, mark: u8) -> Self {
        Self {
            valence: f32::from(valence) / VALENCE_UNIT,
            is_clue: mark & Self::CLUE != 0,
            begins_phrase: mark & Self::BEGINS_PHRASE != 0,
            emotion: usize::from(mark >> 2).checked_sub(1).and_then(|number| Emotion::ALL.get(number)).copied(),
        }
    }

    /// What is known beside the valence: a bit each for clues and for beginnings of phrases, and above them the number of the
    /// emotion, counted from one.
    #[cfg(feature = "tools")]
    pub(crate) fn mark(self) -> u8 {
        let emotion = self.emotion.map_or(0, |emotion| emotion as u8 + 1);
        let clue = if self.is_clue { Self::CLUE } else { 0 };
        let begins_phrase = if self.begins_phrase { Self::BEGINS_PHRASE } else { 0 };
        clue | begins_phrase | (emotion << 2)
    }
}

/// The most words a phrase has.
pub(crate) const LONGEST_PHRASE: usize = 6;
/// How far a negation reaches, in words.
const REACH: usize = 4;
/// What a negation leaves of a valence: "not good" is a little less bad than "bad", "not bad" far less good than "good".
const NEGATED_PRAISE: f32 = -0.75;
const NEGATED_BLAME: f32 = -0.45;
/// What "but" leaves of what stands before it, and makes of what comes after.
const BEFORE_BUT: f32 = 0.5;
const AFTER_BUT: f32 = 1.4;
const SHOUTED: f32 = 1.25;
const STRETCHED: f32 = 1.15;
/// What each exclamation mark adds, up to three of them.
const EXCLAIMED: f32 = 0.1;
/// What is left of praise that was only wished for: "would be nice".
const WISHED: f32 = 0.35;

/// What is left of praise under rolled eyes: "thanks a lot 🙄".
const IRONIC: f32 = -0.5;

/// The hash that names a phrase: its words' hashes, folded from the left with this.
pub(crate) fn join(words: u32, next: u32) -> u32 {
    pair(words, next, 7)
}

/// Whether a token ends what a negation can reach.
fn ends_clause(tokens: &Tokens, index: usize) -> bool {
    is_mark(tokens, index) && !matches!(tokens.form(index), "-" | "\"" | "'" | "/" | "*" | "#" | "&" | "%" | "$")
}

fn ends_sentence(tokens: &Tokens, index: usize) -> bool {
    is_mark(tokens, index) && matches!(tokens.form(index), "." | "!" | "!!" | "!!!" | "?" | "??" | "?!" | "..." | "\n")
}

fn is_mark(tokens: &Tokens, index: usize) -> bool {
    tokens.list.get(index).is_some_and(|token| token.kind == Kind::Mark)
}

/// Whether a token says that praise is not meant: rolled eyes, or the `/s` that people end irony with.
fn is_irony(tokens: &Tokens, index: usize) -> bool {
    match tokens.form(index) {
        "🙄" | "😒" | "<annoyed>" => true,
        "s" => index + 1 == tokens.list.len() && index > 0 && tokens.form(index - 1) == "/",
        _ => false,
    }
}

/// What the rules find in a text.
#[derive(Clone, Debug)]
pub(crate) struct Findings {
    pub clues: Vec<Clue>,
    /// The emotions that its words name, where they are not denied. An emotion may come more than once.
    pub emotions: Vec<Emotion>,
    /// Words that negate.
    pub negations: usize,
}

/// Looks for what the rules know. `hashes` are those of the tokens' forms, `lookup` asks the lexicon by hash.
pub(crate) fn look(tokens: &Tokens, hashes: &[u32], lookup: impl Fn(u32) -> Option<Entry>) -> Findings {
    let roles: Vec<Role> = (0..tokens.list.len()).map(|index| role(tokens.form(index))).collect();
    let mut clues = find(tokens, hashes, &roles, lookup);
    let letters = tokens.list.iter().filter(|token| token.kind == Kind::Word && token.end - token.start > 1);
    let (upper, words) = letters.fold((0, 0), |(upper, all), token| (upper + usize::from(token.is_upper), all + 1));
    // Who writes everything in capitals stresses nothing by them.
    let can_shout = upper < words;
    for index in 0..clues.len() {
        if let Some(clue) = clues.get_mut(index) {
            let (valence, is_so) = shift(tokens, &roles, clue);
            clue.is_turned = valence * clue.valence < 0.0;
            clue.valence = valence;
            clue.emotion = clue.emotion.filter(|_| is_so);
            let own = tokens.list.get(clue.first..=clue.last).unwrap_or_default();
            if can_shout && own.iter().any(|token| token.is_upper) {
                clue.valence *= SHOUTED;
            }
            if own.iter().any(|token| token.is_stretched) {
                clue.valence *= STRETCHED;
            }
        }
    }
    weigh_clauses(tokens, &roles, &mut clues);
    exclaim(tokens, &mut clues);
    if (0..tokens.list.len()).any(|index| is_irony(tokens, index)) {
        for clue in clues.iter_mut().filter(|clue| clue.valence > 0.0) {
            clue.valence *= IRONIC;
            clue.is_turned = true;
            clue.emotion = None;
        }
    }
    let negates = |(index, role): &(usize, &Role)| **role == Role::Negates && turns(tokens, *index, 1);
    let negations = roles.iter().enumerate().filter(negates).count();
    let emotions = clues.iter().filter_map(|clue| clue.emotion).collect();
    clues.retain(|clue| clue.valence != 0.0);
    Findings { clues, emotions, negations }
}

/// The words and phrases that the lexicon knows, the longest first, none of them twice.
fn find(tokens: &Tokens, hashes: &[u32], roles: &[Role], lookup: impl Fn(u32) -> Option<Entry>) -> Vec<Clue> {
    let mut clues = Vec::new();
    let mut at = 0;
    while let Some(&hash) = hashes.get(at) {
        let entry = lookup(hash).unwrap_or_default();
        let mut found = None;
        if entry.begins_phrase {
            let mut all = hash;
            for last in at + 1..(at + LONGEST_PHRASE).min(hashes.len()) {
                all = hashes.get(last).map_or(all, |&word| join(all, word));
                if let Some(phrase) = lookup(all).filter(|phrase| phrase.is_clue) {
                    let mut own = (at..=last).filter_map(|index| lookup(*hashes.get(index)?)?.emotion);
                    let emotion = phrase.emotion.or_else(|| own.find(|own| goes_with(*own, phrase.valence)));
                    found = Some((last, Entry { emotion, ..phrase }));
                }
            }
        }
        if found.is_none() && (entry.is_clue || entry.emotion.is_some()) && speaks(tokens, roles, at) {
            found = Some((at, entry));
        }
        match found {
            Some((last, Entry { valence, emotion, .. })) => {
                if valence != 0.0 || emotion.is_some() {
                    clues.push(Clue { first: at, last, valence, is_turned: false, emotion });
                }
                at = last + 1;
            }
            None => at += 1,
        }
    }
    clues
}

/// Whether an emotion is on the side of a valence: in "so tired" it shows, in "don't worry" it does not.
fn goes_with(emotion: Emotion, valence: f32) -> bool {
    match emotion.group() {
        Group::Positive => valence > 0.0,
        Group::Negative => valence < 0.0,
        Group::Ambiguous | Group::Neutral => true,
    }
}

/// Whether a word that the lexicon knows is meant as such here.
fn speaks(tokens: &Tokens, roles: &[Role], at: usize) -> bool {
    let before = |count: usize| at.checked_sub(count).map_or("", |index| tokens.form(index));
    let after = tokens.form(at + 1);
    match tokens.form(at) {
        // "I like it", "would like": the verb. Elsewhere it compares.
        "like" => {
            matches!(
                before(1),
                "i" | "you"
                    | "we"
                    | "they"
                    | "really"
                    | "also"
                    | "still"
                    | "to"
                    | "who"
                    | "people"
                    | "would"
                    | "i'd"
                    | "we'd"
                    | "do"
                    | "will"
                    | "might"
                    | "always"
                    | "actually"
            ) || roles.get(at.wrapping_sub(1)) == Some(&Role::Negates)
        }
        "well" => at > 0 && !ends_clause(tokens, at - 1) && after != ",",
        // "pretty bad", "awfully good": these only strengthen.
        "pretty" | "awfully" | "terribly" | "insanely" | "ridiculously" | "incredibly" | "amazingly" | "damn"
        | "fucking" | "fuckin" | "freaking" | "super" | "seriously" | "bloody" | "unbelievably" | "exceptionally"
        | "remarkably" => {
            after.is_empty()
                || ends_clause(tokens, at + 1)
                || !tokens.list.get(at + 1).is_some_and(|token| token.kind == Kind::Word)
        }
        "kind" => after != "of",
        "no" => false,
        "fine" => before(1) != "a",
        "mean" | "means" => {
            !matches!(before(1), "i" | "you" | "it" | "that" | "this" | "to" | "they" | "which" | "what")
        }
        _ => true,
    }
}

/// A clue's valence after the words before it, back to where its clause begins, and whether it is so at all, and not denied
/// or wished for. What is a clue itself may still turn what follows it: "lacks charm", "failed to amuse".
fn shift(tokens: &Tokens, roles: &[Role], clue: &Clue) -> (f32, bool) {
    let mut valence = clue.valence;
    if tokens.list.get(clue.first).is_some_and(|token| matches!(token.kind, Kind::Emoji | Kind::Emoticon)) {
        // Nobody denies a face: it says how the words before it are meant.
        return (valence, true);
    }
    // A phrase that has a negation in it means what it means, and "don't waste your money" is no praise.
    let own = roles.get(clue.first..=clue.last).unwrap_or_default();
    let is_fixed = own.len() > 1 && (valence < 0.0 || own.contains(&Role::Negates));
    let mut is_negated = false;
    let mut is_wished = false;
    for distance in 1..=REACH {
        let Some(index) = clue.first.checked_sub(distance) else { break };
        let form = tokens.form(index);
        let role = roles.get(index).copied().unwrap_or(Role::None);
        if ends_clause(tokens, index) || form == "and" || role == Role::Contrasts {
            break;
        }
        match role {
            Role::Scales(factor) if distance == 1 => valence *= factor,
            Role::Scales(factor) if distance == 2 => valence *= 1.0 + (factor - 1.0) * 0.6,
            Role::Negates if !is_fixed && turns(tokens, index, distance) && !is_record(tokens, index, clue) => {
                is_negated = !is_negated;
            }
            Role::Supposes if !is_fixed => is_wished = true,
            _ => {}
        }
    }
    if is_negated {
        valence *= if valence > 0.0 { NEGATED_PRAISE } else { NEGATED_BLAME };
    } else if is_wished && valence > 0.0 {
        valence *= WISHED;
    }
    (valence, !(is_negated || is_wished && valence > 0.0))
}

/// Whether a negating word turns a clue that stands `distance` words further on.
fn turns(tokens: &Tokens, index: usize, distance: usize) -> bool {
    let after = tokens.form(index + 1);
    match tokens.form(index) {
        // "not only good", "not just good", "never so happy"
        "not" => !matches!(after, "only" | "just" | "merely" | "to" | "necessarily"),
        "never" => !matches!(after, "so" | "been" | "fails" | "failed" | "ceases"),
        "nothing" => after != "but" && after != "short",
        "no" => distance <= 2 && !matches!(after, "doubt" | "wonder" | "matter"),
        "anything" => after == "but",
        "far" => after == "from",
        "stopped" | "zero" | "lack" | "lacks" | "lacked" | "lacking" | "devoid" => distance <= 3,
        _ => true,
    }
}

/// Whether "never" says that nothing was ever as much so as now: "never slept so well", "never had such a bad meal".
fn is_record(tokens: &Tokens, index: usize, clue: &Clue) -> bool {
    let is_so =
        |at: usize| matches!(tokens.form(at), "so" | "such") || at + 1 == clue.first && tokens.form(at) == "this";
    tokens.form(index) == "never" && (index + 1..clue.first).any(is_so)
}

/// "But" and its like: what comes after counts more than what came before, sentence by sentence.
fn weigh_clauses(tokens: &Tokens, roles: &[Role], clues: &mut [Clue]) {
    let mut sentence = 0;
    let mut contrast = None;
    let mut concession = None;
    for index in 0..=tokens.list.len() {
        let form = tokens.form(index);
        if index == tokens.list.len() || ends_sentence(tokens, index) {
            if let Some(at) = contrast {
                scale(clues, sentence..at, BEFORE_BUT);
                scale(clues, at..index, AFTER_BUT);
            } else if let Some((from, to)) = concession {
                scale(clues, from..to, BEFORE_BUT);
            }
            (sentence, contrast, concession) = (index + 1, None, None);
            continue;
        }
        match roles.get(index) {
            Some(Role::Contrasts) => {
                // "But" at a sentence's beginning answers the one before, which is left as it is.
                let is_first = index == sentence;
                contrast = (!is_first && form != "except").then_some(index).or(contrast);
            }
            // Until the comma where it opens the sentence, else until the sentence's end.
            Some(Role::Concedes) if concession.is_none() => {
                let comma = (index..tokens.list.len().min(index + 30)).find(|&at| ends_clause(tokens, at));
                concession = Some((index, comma.unwrap_or(tokens.list.len())));
            }
            _ => {}
        }
    }
}

fn scale(clues: &mut [Clue], range: std::ops::Range<usize>, factor: f32) {
    let first = clues.partition_point(|clue| clue.first < range.start);
    for clue in clues.iter_mut().skip(first).take_while(|clue| clue.first < range.end) {
        clue.valence *= factor;
    }
}

/// Exclamation marks strengthen the clues of their sentence.
fn exclaim(tokens: &Tokens, clues: &mut [Clue]) {
    let mut sentence = 0;
    for index in 0..tokens.list.len() {
        let form = tokens.form(index);
        if !ends_sentence(tokens, index) {
            continue;
        }
        let marks: u8 = match form {
            "!" | "?!" => 1,
            "!!" => 2,
            "!!!" => 3,
            _ => 0,
        };
        if marks > 0 {
            scale(clues, sentence..index, 1.0 + EXCLAIMED * f32::from(marks));
        }
        sentence = index + 1;
    }
}
