//! One text out of a JSON object that is still being written. Knows no wire and no schema beyond the names of fields.
//!
//! A model that was asked for JSON may wrap it in a fence, talk before and after it, write it wrongly, or write none at
//! all. Whatever it does, its reader gets text: that of the field where there is one, else everything as it came. What has
//! been given out is never taken back, the pieces in which the answer comes make no difference, and every character is
//! looked at a bounded number of times.

use serde_json::Value;
use std::{collections::VecDeque, mem};

/// So many bytes of talk before the object are held back; after that they are part of the answer.
const TALK_MAX_BYTES: usize = 120;
/// The longest beginning of an object that is waited for: its fence, its brace, the space between, its first name.
const BEGINNING_MAX_BYTES: usize = 512;
/// The longest name of a field that is recognised.
const NAME_MAX_BYTES: usize = 128;
/// An object that has grown so long without the field is given out as it is, and of one with the field no more is kept.
const OBJECT_MAX_BYTES: usize = 256 * 1024;

/// Reads the text of one field out of a growing answer.
#[derive(Debug)]
pub struct GrowingField {
    /// The names an object of ours may begin with; the first is that of the field.
    names: &'static [&'static str],
    state: State,
    /// Characters to be looked at (again).
    queue: VecDeque<char>,
    /// What may be given out.
    out: String,
}

#[derive(Debug)]
enum State {
    Talk(Talk),
    Object(Object),
    /// The object has ended; what follows is talk. Its fields without the text, if they are JSON.
    After(Option<Value>),
    /// No object will come: everything is text.
    Text,
}

/// Before the object.
#[derive(Debug, Default)]
struct Talk {
    held: String,
    /// Some of it has been given out.
    is_out: bool,
    step: Step,
    /// Where in `held` the object would begin.
    start: usize,
    /// Where in `held` its first name does.
    name: usize,
}

/// How far the beginning of an object has been seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    None,
    /// So many backticks.
    Fence(u8),
    /// The word after them, or the space after that.
    FenceWord,
    Brace,
    Name,
    Colon,
}

/// In the object.
#[derive(Debug)]
struct Object {
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

impl GrowingField {
    /// Reads the first of `names`, the fields of the object that was asked for.
    pub fn new(names: &'static [&'static str]) -> Self {
        Self { names, state: State::Talk(Talk::default()), queue: VecDeque::new(), out: String::new() }
    }

    /// Takes in more of the answer and gives what its reader may see of it.
    pub fn push(&mut self, text: &str) -> String {
        for character in text.chars() {
            self.queue.push_back(character);
            while let Some(character) = self.queue.pop_front() {
                self.take(character);
            }
        }
        mem::take(&mut self.out)
    }

    /// Whether the text is whole, as far as what has come says it: only other fields are still to come. What follows a
    /// quote that the model forgot to escape proves it wrong.
    pub fn is_whole(&self) -> bool {
        match &self.state {
            State::Talk(_) | State::Text => false,
            State::Object(object) => object.is_found && !matches!(object.place, Place::Text(_)),
            State::After(_) => true,
        }
    }

    /// At the end of the answer: the rest of what its reader may see, and the other fields where they are JSON.
    pub fn finish(self) -> (String, Option<Value>) {
        match self.state {
            State::Talk(talk) => (self.out + &talk.held, None),
            State::Object(object) => (self.out + &object.raw, None),
            State::After(fields) => (self.out, fields),
            State::Text => (self.out, None),
        }
    }

    fn take(&mut self, character: char) {
        match &mut self.state {
            State::Text => give(&mut self.out, character),
            State::After(_) => {}
            State::Talk(talk) => {
                if let Some(object) = talk.take(character, self.names, &mut self.out) {
                    self.state = State::Object(object);
                }
            }
            State::Object(object) => {
                object.take(character, self.names, &mut self.out, &mut self.queue);
                if object.depth == 0 {
                    // An object without the field is nothing that was asked for: it is text like any other.
                    self.out.push_str(&mem::take(&mut object.raw));
                    self.state = if object.is_found {
                        State::After(serde_json::from_str(&object.fields).ok())
                    } else {
                        State::Text
                    };
                } else if !object.is_found && object.raw.len() > OBJECT_MAX_BYTES {
                    self.out.push_str(&mem::take(&mut object.raw));
                    self.state = State::Text;
                }
            }
        }
    }
}

impl Talk {
    /// Takes in a character; gives the object if one has begun.
    fn take(&mut self, character: char, names: &[&str], out: &mut String) -> Option<Object> {
        loop {
            let at = self.held.len();
            let next = match (self.step, character) {
                (Step::None | Step::Fence(3) | Step::FenceWord, '{') => {
                    self.start = at;
                    Some(Step::Brace)
                }
                (Step::None, '`') => {
                    self.start = at;
                    Some(Step::Fence(1))
                }
                (Step::None, _) => None,
                _ if at - self.start > BEGINNING_MAX_BYTES => None,
                (Step::Fence(ticks @ 1..=2), '`') => Some(Step::Fence(ticks + 1)),
                (Step::Fence(3) | Step::FenceWord, c) if c.is_ascii_alphanumeric() || c.is_ascii_whitespace() => {
                    Some(Step::FenceWord)
                }
                (Step::Brace | Step::Colon, c) if c.is_ascii_whitespace() => Some(self.step),
                (Step::Brace, '"') => {
                    self.name = at + 1;
                    Some(Step::Name)
                }
                (Step::Name, '"') => Some(Step::Colon),
                (Step::Name, c) if c != '\n' && at - self.name < NAME_MAX_BYTES => Some(Step::Name),
                (Step::Colon, ':') => {
                    let object = self.object(names);
                    if object.is_some() {
                        return object;
                    }
                    None
                }
                _ => None,
            };
            match next {
                Some(step) => self.step = step,
                // What looked like a beginning was none; the character may be one.
                None if self.step != Step::None => {
                    self.step = Step::None;
                    continue;
                }
                None => {}
            }
            give(&mut self.held, character);
            if self.step == Step::None && (self.is_out || self.held.len() > TALK_MAX_BYTES) {
                self.is_out = true;
                out.push_str(&mem::take(&mut self.held));
            }
            return None;
        }
    }

    /// The object whose first name has just been read: one of ours, or whatever object the answer begins with.
    fn object(&self, names: &[&str]) -> Option<Object> {
        let name = unescaped_name(self.held.get(self.name..)?.trim_end().trim_end_matches('"'));
        let before = self.held.get(..self.start)?;
        let before = before.trim_start_matches('\u{FEFF}').trim();
        let is_bare = before.is_empty() || before.starts_with("```");
        if !names.contains(&name.as_str()) && (self.is_out || !is_bare) {
            return None;
        }
        let mut object = Object {
            place: Place::Between,
            depth: 1,
            name,
            expects_name: false,
            is_found: false,
            raw: format!("{}:", self.held),
            fields: format!("{}:", self.held.get(self.start..)?),
        };
        object.keep_short();
        Some(object)
    }
}

impl Object {
    fn take(&mut self, character: char, names: &[&str], out: &mut String, queue: &mut VecDeque<char>) {
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

/// A name as it is meant; it may be written with escapes.
fn unescaped_name(written: &str) -> String {
    serde_json::from_str(&format!("\"{written}\"")).unwrap_or_default()
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

/// NUL is no text: no database takes it.
fn give(out: &mut String, character: char) {
    out.push(if character == '\0' { '\u{FFFD}' } else { character });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const NAMES: &[&str] = &["response", "sentiment"];

    /// What comes out of an answer that comes in these pieces.
    fn read<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, Option<Value>) {
        let mut growing = GrowingField::new(NAMES);
        let mut out = String::new();
        for piece in pieces {
            out.push_str(&growing.push(piece));
        }
        let (rest, fields) = growing.finish();
        (out + &rest, fields)
    }

    fn text(answer: &str) -> String {
        read([answer]).0
    }

    #[test]
    fn a_text_is_whole_when_only_other_fields_are_to_come() {
        let is_whole = |answer: &str| {
            let mut growing = GrowingField::new(NAMES);
            growing.push(answer);
            growing.is_whole()
        };
        for unfinished in
            ["", "Hi", "{", "{\"response\": \"Hi", "{\"sentiment\": {\"score\": 1}", "{\"response\": \"Hi \"you"]
        {
            assert!(!is_whole(unfinished), "{unfinished}");
        }
        for whole in [
            "{\"response\": \"Hi\"",
            "{\"response\": \"Hi\", \"senti",
            "{\"response\": \"Hi\", \"sentiment\": {",
            "{\"response\": \"\"}",
        ] {
            assert!(is_whole(whole), "{whole}");
        }
    }

    #[test]
    fn the_text_grows_out_of_the_object() {
        let mut growing = GrowingField::new(NAMES);
        let pieces = [
            "{\"resp",
            "onse\" : \"He",
            "l",
            "lo \\",
            "n\\u00",
            "e9\\ud83d",
            "\\ude00",
            "\", \"sentiment\": {\"score\": 1}}",
        ];
        let seen: Vec<String> = pieces.iter().map(|piece| growing.push(piece)).collect();
        assert_eq!(seen, ["", "He", "l", "lo ", "\n", "é", "😀", ""]);
        assert_eq!(growing.finish(), (String::new(), Some(json!({"response": "", "sentiment": {"score": 1}}))));
    }

    #[test]
    fn what_surrounds_the_object_is_no_part_of_it() {
        let object = r#"{"response": "Hi.", "sentiment": {"response": "no"}}"#;
        for answer in [
            object.to_owned(),
            format!("\u{FEFF}\n {object}\n"),
            format!("```json\n{object}\n```"),
            format!("```\n{object}\n```\nI hope this helps!"),
            format!("Sure! Here is the object:\n{object} Anything else {{with braces}}?"),
            format!("Sure:\n\n```json\n{object}\n```"),
            format!("[{object}]"),
            format!("{object}{object}"),
        ] {
            assert_eq!(text(&answer), "Hi.", "{answer}");
        }
    }

    #[test]
    fn the_order_of_the_fields_and_what_else_there_is_make_no_difference() {
        for answer in [
            r#"{"sentiment": {"score": 0.5, "a": [1, "}", {"response": "no"}]}, "response": "Hi."}"#,
            r#"{"thoughts": "The \"response\": is", "response": "Hi."}"#,
            r#"{"response": null, "response": "Hi."}"#,
            r#"{"response": "Hi.", "response": "Ho."}"#,
            r#"{"\u0072esponse": 1, "re\u0073ponse" : "Hi."}"#,
            r#"{"response": "Hi.""#,
            r#"{"response": "Hi.", "#,
            r#"{"response": "Hi.", "senti"#,
            r#"{"response": "Hi.",}"#,
            r#"{"response": "Hi."} {"response": "#,
        ] {
            assert_eq!(text(answer), "Hi.", "{answer}");
        }
    }

    #[test]
    fn what_is_no_json_is_text() {
        for answer in [
            "",
            " ",
            "Hi.",
            "{",
            "{}",
            "{name} is here",
            "fn main() { let a = \"b\"; }",
            "```rust\nfn main() {}\n```",
            r#"{"name": "Ada"}"#,
            r#"{"name": "Ada"} is an object."#,
            r#"{"response": 7}"#,
            r#"{"response""#,
            r#"{"sentiment": {"score""#,
            "A long talk about JSON, in which an object such as {\"name\": \"Ada\"} stands, beside {\"b\": []}, and much else besides.",
        ] {
            assert_eq!(text(answer), answer);
        }
        let long = "word ".repeat(100);
        assert_eq!(text(&format!("{long}{{\"response\": \"Hi.\"}}")), format!("{long}Hi."));
    }

    #[test]
    fn what_is_written_wrongly_is_still_read() {
        let cases = [
            (r#"{"response": "He said "hi" to me.", "sentiment": {}}"#, r#"He said "hi" to me."#),
            (r#"{"response": "He said "hi", "ho" and left."}"#, r#"He said "hi", "ho" and left."#),
            ("{\"response\": \"one\ntwo\"}", "one\ntwo"),
            (r#"{"response": "\(x\) \u12x \q"}"#, r"\(x\) \u12x \q"),
            (r#"{"response": "a\ud83db\ude00c\ud83d\ud83d\ude00\ud83d"}"#, "a\u{FFFD}b\u{FFFD}c\u{FFFD}😀\u{FFFD}"),
            (r#"{"response": "a\u0000b"}"#, "a\u{FFFD}b"),
            (r#"{"response": "cut \u00"#, "cut "),
        ];
        for (answer, expected) in cases {
            assert_eq!(text(answer), expected, "{answer}");
        }
        let (_, fields) = read([r#"{"response": "He said "hi".", "sentiment": {"score": 1}}"#]);
        assert_eq!(fields.unwrap()["sentiment"]["score"], 1, "its other fields are read too");
    }

    #[test]
    fn a_hostile_answer_costs_no_more_than_its_length() {
        for piece in ["\"", "\",", "\", \"", "\",\"a\"", "`", "```a ", "{", "{\"", "{\"a\" ", "\\", "\\ud83d", "\" "] {
            let many = piece.repeat((1 << 20) / piece.len());
            assert!(!text(&many).is_empty());
            text(&format!("{{\"response\": \"{many}"));
            text(&format!("{{\"a\": {many}"));
        }
    }

    /// A string as JSON, each character in one of the ways it may be written.
    fn written(text: &str, ways: &[u8]) -> String {
        let mut json = String::from("\"");
        for (character, way) in text.chars().zip(ways.iter().cycle()) {
            let plain = serde_json::to_string(&character.to_string()).unwrap();
            if way % 3 == 0 {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    let digits = format!("{unit:04x}");
                    json.push_str("\\u");
                    json.push_str(&if way % 2 == 0 { digits } else { digits.to_uppercase() });
                }
            } else {
                json.push_str(&plain[1..plain.len() - 1]);
            }
        }
        json + "\""
    }

    /// A text cut at these places.
    fn cut<'a>(text: &'a str, places: &[usize]) -> Vec<&'a str> {
        let mut places: Vec<usize> =
            places.iter().map(|place| text.floor_char_boundary(place % (text.len() + 1))).collect();
        places.sort_unstable();
        let ends = places.iter().copied().chain([text.len()]);
        let mut start = 0;
        ends.map(|end| &text[std::mem::replace(&mut start, end)..end]).collect()
    }

    proptest! {
        #[test]
        fn every_writing_and_every_cut_give_the_same_text(
            said in r#"[a-z"\\{}:, \n\tü😀\u{0}]{0,40}"#,
            ways in prop::collection::vec(any::<u8>(), 1..8),
            space in "[ \n\t]{0,3}",
            is_last in any::<bool>(),
            around in prop::sample::select(vec![("", ""), ("```json\n", "\n```"), ("Sure! Here you go:\n", "\nBye {}.")]),
            places in prop::collection::vec(any::<usize>(), 0..12),
        ) {
            let response = format!("\"response\"{space}:{space}{}", written(&said, &ways));
            let other = format!("{space}\"sentiment\":{space}{{\"score\":{space}0.5}}{space}");
            let fields = if is_last { format!("{other},{space}{response}") } else { format!("{response}{space},{other}") };
            let answer = format!("{}{{{fields}{space}}}{}", around.0, around.1);
            let (seen, found) = read(cut(&answer, &places));
            let expected = said.replace('\0', "\u{FFFD}");
            prop_assert_eq!(&seen, &expected);
            prop_assert_eq!(&found.unwrap()["sentiment"]["score"], 0.5);
            // Whatever has come of it is a beginning of the whole.
            let mut growing = GrowingField::new(NAMES);
            let mut so_far = String::new();
            for piece in cut(&answer, &places) {
                so_far += &growing.push(piece);
                prop_assert!(expected.starts_with(&so_far));
            }
        }

        #[test]
        fn the_pieces_make_no_difference_whatever_comes(
            answer in prop::collection::vec(prop::sample::select(vec![
                "{", "}", "[", "\"", "\"", ":", ",", "\\", "response", "sentiment", "\"response\":\"", "\\ud83d", "\\ude00",
                "\\u00", "```", "json", " ", "\n", "a word", "é", "😀", "\0",
            ]), 0..30),
            places in prop::collection::vec(any::<usize>(), 0..12),
        ) {
            let answer = answer.concat();
            let whole = read([answer.as_str()]);
            prop_assert_eq!(&read(cut(&answer, &places)), &whole);
            prop_assert_eq!(&read(answer.split_inclusive(|_: char| true)), &whole);
            prop_assert!(!whole.0.contains('\0'));
        }

        #[test]
        fn without_an_object_everything_is_text(answer in "[^{\0]{0,300}") {
            prop_assert_eq!(text(&answer), answer);
        }
    }
}
