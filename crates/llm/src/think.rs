//! Tells apart what a model thinks and what it answers where both come as one text: a `<think>` block at the very start,
//! as open models write it when their server does not take it out. Knows no wire.

use crate::output::Output;
use std::borrow::Cow;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// White space that may come before the block.
const START_MAX_BYTES: usize = 64;

/// Splits one answer. A tag may be cut anywhere; no character that is not part of the block's tags is lost.
#[derive(Debug, Default)]
pub(crate) struct ThinkBlock {
    place: Place,
    /// What may turn out to be a tag.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Start,
    Inside,
    /// After the block: the empty lines that part it from the answer are dropped.
    Gap,
    Answer,
}

impl ThinkBlock {
    pub(crate) fn push(&mut self, text: &str, output: &mut Output) {
        if self.place == Place::Answer {
            return output.text(Cow::Borrowed(text));
        }
        self.held.push_str(text);
        loop {
            let held = std::mem::take(&mut self.held);
            let place = self.place;
            self.held = match place {
                Place::Start => self.at_start(held),
                Place::Inside => self.inside(held, output),
                Place::Gap => self.in_gap(&held),
                Place::Answer => {
                    output.text(Cow::Owned(held));
                    return;
                }
            };
            if self.place == place {
                return;
            }
        }
    }

    /// Gives out what is still held, as what it is if nothing more comes.
    pub(crate) fn end(&mut self, output: &mut Output) {
        let held = Cow::Owned(std::mem::take(&mut self.held));
        match self.place {
            Place::Inside => output.thought(held),
            Place::Start | Place::Gap | Place::Answer => output.text(held),
        }
    }

    fn at_start(&mut self, held: String) -> String {
        let trimmed = held.trim_start();
        if let Some(rest) = trimmed.strip_prefix(OPEN) {
            self.place = Place::Inside;
            return rest.to_owned();
        }
        if !OPEN.starts_with(trimmed) || held.len() > START_MAX_BYTES {
            self.place = Place::Answer;
        }
        held
    }

    fn inside(&mut self, mut held: String, output: &mut Output) -> String {
        if let Some(at) = held.find(CLOSE) {
            let rest = held.split_off(at + CLOSE.len());
            held.truncate(at);
            output.thought(Cow::Owned(held));
            self.place = Place::Gap;
            return rest;
        }
        let keep = (1..CLOSE.len()).rev().find(|length| held.ends_with(&CLOSE[..*length])).unwrap_or_default();
        let tail = held.split_off(held.len() - keep);
        output.thought(Cow::Owned(held));
        tail
    }

    fn in_gap(&mut self, held: &str) -> String {
        let rest = held.trim_start_matches(['\n', '\r']);
        if !rest.is_empty() {
            self.place = Place::Answer;
        }
        rest.to_owned()
    }
}
