//! What stands before the object: finds where it begins, gives out what is talk, and holds back what may be the beginning.

use super::{NAME_MAX_BYTES, give, object::Object, unescaped_name};
use std::mem;

/// So many bytes of talk before the object are held back; after that they are part of the answer.
const TALK_MAX_BYTES: usize = 120;
/// The longest beginning of an object that is waited for: its fence, its brace, the space between, its first name.
const BEGINNING_MAX_BYTES: usize = 512;

/// Before the object.
#[derive(Debug, Default)]
pub(super) struct Talk {
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

impl Talk {
    /// What is held back.
    pub(super) fn held(&self) -> &str {
        &self.held
    }

    /// The part of it that is no beginning of an object.
    pub(super) fn words(&self) -> &str {
        let end = if self.step == Step::None { self.held.len() } else { self.start };
        self.held.get(..end).unwrap_or_default()
    }

    /// Takes in a character; gives the object if one has begun.
    pub(super) fn take(&mut self, character: char, names: &[&str], out: &mut String) -> Option<Object> {
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
        Some(Object::new(name, format!("{}:", self.held), format!("{}:", self.held.get(self.start..)?)))
    }
}
