//! The seam of an answer that a model is asked to go on with: models repeat the last words, or begin all over. What they
//! repeat is left out. Pure: no clock, no database, no provider.

/// How far back a repeated tail may begin, in bytes.
const WINDOW: usize = 600;
/// So many repeated bytes are no coincidence.
const SURE: usize = 8;

/// Joins what was kept of an answer with what the model says now.
#[derive(Debug)]
pub(crate) struct Seam {
    kept: String,
    /// What the model has said as long as it may still be a repetition.
    held: String,
    is_closed: bool,
}

impl Seam {
    /// A seam after the text that was kept.
    pub(crate) fn after(kept: String) -> Self {
        Self { is_closed: kept.is_empty(), kept, held: String::new() }
    }

    /// Takes more of the model's words and gives what is new of them. Empty while they may still be a repetition.
    pub(crate) fn push(&mut self, text: String) -> String {
        if self.is_closed {
            return text;
        }
        self.held.push_str(&text);
        if let Some(new) = self.held.strip_prefix(self.kept.as_str()) {
            let new = new.to_owned();
            self.close();
            return new;
        }
        let begins_over = self.kept.starts_with(&self.held);
        let may_overlap = self.tails().any(|tail| tail.len() > self.held.len() && tail.starts_with(&self.held));
        if begins_over || may_overlap { String::new() } else { self.end() }
    }

    /// Nothing more comes: what is new of what was held back.
    pub(crate) fn end(&mut self) -> String {
        let repeated = self
            .tails()
            .filter(|tail| self.held.starts_with(tail) && is_repetition(&self.kept, tail))
            .map(str::len)
            .max()
            .unwrap_or_default();
        let new = self.held[repeated..].to_owned();
        self.close();
        new
    }

    fn close(&mut self) {
        *self = Self { kept: String::new(), held: String::new(), is_closed: true };
    }

    /// The ends of what was kept, longest first.
    fn tails(&self) -> impl Iterator<Item = &str> {
        let begin = self.kept.ceil_char_boundary(self.kept.len().saturating_sub(WINDOW));
        let window = &self.kept[begin..];
        window.char_indices().map(move |(at, _)| &window[at..])
    }
}

/// Whether a tail that the model says again is a repetition and no coincidence: it is long, or white space, or whole words,
/// or the last word as far as it went. Digits may well follow the same digits.
fn is_repetition(kept: &str, tail: &str) -> bool {
    let before = kept[..kept.len() - tail.len()].chars().next_back();
    let begins_a_word = before.is_none_or(|before| !before.is_alphanumeric());
    let is_word = tail.chars().count() > 1 && tail.chars().all(char::is_alphabetic);
    let are_words = tail.starts_with(char::is_alphabetic) && tail.ends_with(char::is_whitespace);
    tail.len() >= SURE || tail.chars().all(char::is_whitespace) || (is_word || are_words) && begins_a_word
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What comes out where the model says `words`, a character at a time.
    fn joined(kept: &str, words: &str) -> String {
        let mut seam = Seam::after(kept.to_owned());
        let mut text = kept.to_owned();
        for character in words.chars() {
            text.push_str(&seam.push(character.to_string()));
        }
        text + &seam.end()
    }

    #[test]
    fn what_a_model_repeats_is_left_out() {
        let cases = [
            ("one two three ", "four five", "one two three four five", "it goes on"),
            ("one two three ", "one two three four", "one two three four", "it begins over"),
            ("one two three ", "two three four", "one two three four", "it repeats the tail"),
            ("one two ", "two three", "one two three", "it repeats the last word"),
            ("one two thr", "three four", "one two three four", "it repeats the broken word"),
            ("one two thr", "ee four", "one two three four", "it ends the broken word"),
            ("one two ", " three", "one two three", "it begins with the space"),
            ("1 and 1", "1 and", "1 and 11 and", "digits follow digits"),
            ("one two", "one two", "one two", "it had been the end"),
            ("", "one", "one", "nothing was kept"),
            ("Grüße, Grü", "ße", "Grüße, Grüße", "characters stay whole"),
        ];
        for (kept, words, whole, why) in cases {
            assert_eq!(joined(kept, words), whole, "{why}");
        }
    }

    proptest! {
        #[test]
        fn numbered_words_are_neither_lost_nor_doubled(cut in 1_usize..60, from in 0_usize..60) {
            let words: Vec<String> = (0..60).map(|number| format!("token{number} ")).collect();
            let whole = words.concat();
            let kept = words[..cut].concat();
            // From its beginning, from what was lost on, or from a place within the window.
            let again = if from == 0 { 0 } else { from.clamp(cut.saturating_sub(50), cut) };
            prop_assert_eq!(joined(&kept, &words[again..].concat()), whole);
        }
    }
}
