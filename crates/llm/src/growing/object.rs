//! In the object: reads the text of the field out of it as it grows, and keeps the rest of it.

use super::{NAME_MAX_BYTES, OBJECT_MAX_BYTES, State, give, unescaped_name};
use std::{collections::VecDeque, mem};

/// In the object.
#[derive(Debug)]
pub(super) struct Object {
    place: Place,
    depth: usize,
    /// The name being written, or that of the value being written, in the outermost object.
    name: String,
    expects_name: bool,
    is_found: bool,
    /// Everything not yet given out, while the field has not been found.
    raw: String,
    /// The object without the text of the field.
    fields: String,
}

#[derive(Debug)]
enum Place {
    /// Between strings.
    Between,
    /// In a name of the outermost object; whether a backslash came.
    Name(bool),
    /// In another string.
    String(bool),
    /// In the text.
    Text(Escape),
    /// After a quote in the text: what came since decides whether it ended the text.
    Quote(String, AfterQuote),
}

/// How far an escape has come, and the first half of a pair of surrogates before it.
#[derive(Debug, Default)]
struct Escape {
    step: EscapeStep,
    high: Option<u32>,
}

#[derive(Debug, Default)]
enum EscapeStep {
    #[default]
    None,
    Backslash,
    Hex(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterQuote {
    Quote,
    Comma,
    Name(bool),
    Colon,
}

impl Object {
    /// An object whose first name has been read; `raw` is all that came of the answer so far, `fields` what is the object's.
    pub(super) fn new(name: String, raw: String, fields: String) -> Self {
        let (place, depth) = (Place::Between, 1);
        let mut object = Self { place, depth, name, expects_name: false, is_found: false, raw, fields };
        object.keep_short();
        object
    }

    /// Everything that came of the answer, while the field has not been found.
    pub(super) fn raw(&self) -> &str {
        &self.raw
    }

    /// Whether the text of the field has come to its end.
    pub(super) const fn has_told_all(&self) -> bool {
        self.is_found && !matches!(self.place, Place::Text(_))
    }

    /// What follows the object where it is over, or is none that was asked for: then it is text like any other.
    pub(super) fn over(&mut self, out: &mut String) -> Option<State> {
        let has_ended = self.depth == 0;
        if has_ended && self.is_found {
            return Some(State::After(serde_json::from_str(&self.fields).ok()));
        }
        let is_text = has_ended || !self.is_found && self.raw.len() > OBJECT_MAX_BYTES;
        is_text.then(|| {
            out.push_str(&mem::take(&mut self.raw));
            State::Text
        })
    }

    pub(super) fn take(&mut self, character: char, names: &[&str], out: &mut String, queue: &mut VecDeque<char>) {
        match mem::replace(&mut self.place, Place::Between) {
            Place::Text(escape) => return self.take_text(escape, character, out),
            Place::Quote(held, step) => return self.take_after_quote(held, step, character, out, queue),
            Place::Between => self.take_between(character, names),
            Place::Name(false) if character == '"' => {
                self.name = unescaped_name(&self.name);
            }
            Place::Name(escaped) => {
                self.name.push(character);
                self.place = Place::Name(!escaped && character == '\\');
            }
            Place::String(false) if character == '"' => {}
            Place::String(escaped) => self.place = Place::String(!escaped && character == '\\'),
        }
        if !self.is_found {
            self.raw.push(character);
        }
        if let Place::Text(_) = self.place {
            self.is_found = true;
            self.raw = String::new();
        }
        self.fields.push(character);
        self.keep_short();
    }

    /// What is too long to be read at the end is not kept.
    fn keep_short(&mut self) {
        if self.fields.len() > OBJECT_MAX_BYTES {
            self.fields.clear();
            self.fields.push('-');
        }
    }

    fn take_between(&mut self, character: char, names: &[&str]) {
        let is_outermost = self.depth == 1;
        match character {
            '"' if is_outermost && self.expects_name => {
                self.name.clear();
                self.place = Place::Name(false);
            }
            '"' if is_outermost && !self.is_found && names.first() == Some(&self.name.as_str()) => {
                self.place = Place::Text(Escape::default());
            }
            '"' => self.place = Place::String(false),
            '{' | '[' => self.depth += 1,
            '}' | ']' => self.depth -= 1,
            ',' if is_outermost => {
                self.expects_name = true;
                self.name.clear();
            }
            ':' if is_outermost => self.expects_name = false,
            _ => {}
        }
    }

    fn take_text(&mut self, mut escape: Escape, character: char, out: &mut String) {
        match (mem::take(&mut escape.step), character) {
            (EscapeStep::None, '\\') => escape.step = EscapeStep::Backslash,
            (EscapeStep::None, '"') => {
                if escape.high.is_some() {
                    out.push('\u{FFFD}');
                }
                self.place = Place::Quote(String::new(), AfterQuote::Quote);
                return;
            }
            (EscapeStep::None, c) => escape.give(c, out),
            (EscapeStep::Backslash, 'u') => escape.step = EscapeStep::Hex(String::new()),
            (EscapeStep::Backslash, c) => {
                let meant = unescaped(c);
                if meant.is_none() {
                    // No escape of JSON's: a model that forgot to write its backslash twice.
                    escape.give('\\', out);
                }
                escape.give(meant.unwrap_or(c), out);
            }
            (EscapeStep::Hex(mut digits), c) if c.is_ascii_hexdigit() => {
                digits.push(c);
                match u32::from_str_radix(&digits, 16) {
                    Ok(unit) if digits.len() == 4 => escape.unit(unit, out),
                    _ => escape.step = EscapeStep::Hex(digits),
                }
            }
            (EscapeStep::Hex(digits), c) => {
                for written in ['\\', 'u'].into_iter().chain(digits.chars()) {
                    escape.give(written, out);
                }
                return self.take_text(escape, c, out);
            }
        }
        self.place = Place::Text(escape);
    }

    /// A quote ends the text where an end of the object or another field follows it. Any other is one that the model forgot
    /// to escape.
    fn take_after_quote(
        &mut self,
        mut held: String,
        step: AfterQuote,
        character: char,
        out: &mut String,
        queue: &mut VecDeque<char>,
    ) {
        use AfterQuote::{Colon, Comma, Name, Quote};
        let next = match (step, character) {
            (Quote | Comma | Colon, c) if c.is_ascii_whitespace() => Some(step),
            (Quote, ',') => Some(Comma),
            (Comma, '"') | (Name(true), _) => Some(Name(false)),
            (Name(false), '"') => Some(Colon),
            (Name(false), c) if c != '\n' && held.len() < NAME_MAX_BYTES => Some(Name(c == '\\')),
            _ => None,
        };
        if let Some(step) = next {
            held.push(character);
            self.place = Place::Quote(held, step);
            return;
        }
        let ends = matches!((step, character), (Quote | Comma, '}') | (Colon, ':'));
        if ends {
            self.fields.push('"');
            self.place = Place::Between;
        } else {
            give(out, '"');
            self.place = Place::Text(Escape::default());
        }
        // What was held is looked at in its place: as what follows the text, or as part of it.
        queue.push_front(character);
        for character in held.chars().rev() {
            queue.push_front(character);
        }
    }
}

impl Escape {
    /// Gives out a character; half a pair before it stands for none.
    fn give(&mut self, character: char, out: &mut String) {
        if self.high.take().is_some() {
            out.push('\u{FFFD}');
        }
        give(out, character);
    }

    /// Takes in a unit of UTF-16.
    fn unit(&mut self, unit: u32, out: &mut String) {
        match (unit, self.high) {
            (0xDC00..0xE000, Some(high)) => {
                self.high = None;
                let code = 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00);
                give(out, char::from_u32(code).unwrap_or('\u{FFFD}'));
            }
            (0xD800..0xDC00, _) => {
                if self.high.replace(unit).is_some() {
                    out.push('\u{FFFD}');
                }
            }
            (unit, _) => self.give(char::from_u32(unit).unwrap_or('\u{FFFD}'), out),
        }
    }
}

/// What a backslash makes of the character after it.
const fn unescaped(character: char) -> Option<char> {
    Some(match character {
        '"' | '\\' | '/' => character,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        _ => return None,
    })
}
