//! One text out of a JSON object that is still being written. Knows no wire and no schema beyond the names of fields.
//!
//! A model that was asked for JSON may wrap it in a fence, talk before and after it, write it wrongly, or write none at
//! all. Whatever it does, its reader gets text: that of the field where there is one, else everything as it came. What has
//! been given out is never taken back, the pieces in which the answer comes make no difference, and every character is
//! looked at a bounded number of times.
//!
//! `talk` finds where the object begins, `object` reads it; here is what holds them together.

mod object;
mod talk;
#[cfg(test)]
mod tests;

use object::Object;
use serde_json::Value;
use std::{collections::VecDeque, mem};
use talk::Talk;

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
            State::Object(object) => object.has_told_all(),
            State::After(_) => true,
        }
    }

    /// At the end of the answer: the rest of what its reader may see, and the other fields where they are JSON.
    pub fn finish(self) -> (String, Option<Value>) {
        match self.state {
            State::Talk(talk) => (self.out + talk.held(), None),
            State::Object(object) => (self.out + object.raw(), None),
            State::After(fields) => (self.out, fields),
            State::Text => (self.out, None),
        }
    }

    /// Of an answer that was cut short, the rest of what its reader may see: its words, and no half of an object. And how many
    /// bytes there were besides.
    pub fn cut(self) -> (String, usize) {
        match self.state {
            State::Talk(talk) => (self.out + talk.words(), talk.held().len() - talk.words().len()),
            State::Object(object) => (self.out, object.raw().len()),
            State::After(_) | State::Text => (self.out, 0),
        }
    }

    fn take(&mut self, character: char) {
        let character = printable(character);
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
                if let Some(after) = object.over(&mut self.out) {
                    self.state = after;
                }
            }
        }
    }
}

/// A name as it is meant; it may be written with escapes.
fn unescaped_name(written: &str) -> String {
    serde_json::from_str(&format!("\"{written}\"")).unwrap_or_default()
}

fn give(out: &mut String, character: char) {
    out.push(printable(character));
}

/// NUL is no text: no database takes it. It may come as it is or, in an object, as an escape.
const fn printable(character: char) -> char {
    if character == '\0' { '\u{FFFD}' } else { character }
}
