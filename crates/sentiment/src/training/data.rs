//! The training data as it comes: `text TAB label numbers TAB comment id`, one example a line.

use std::{io, path::Path};

use crate::{Basic, Emotion, Group};

/// A comment and its emotions.
#[derive(Clone, Debug)]
pub struct Example {
    /// What somebody wrote.
    pub text: String,
    /// One bit for each emotion, in the order of [`Emotion::ALL`].
    pub labels: u32,
}

impl Example {
    /// Whether it was given this emotion.
    pub fn has(&self, emotion: Emotion) -> bool {
        self.labels >> (emotion as u32) & 1 == 1
    }

    /// Whether one of its emotions is of this group.
    pub fn is_of(&self, group: Group) -> bool {
        Emotion::ALL.into_iter().any(|emotion| emotion.group() == group && self.has(emotion))
    }

    /// Whether one of its emotions is a kind of this one.
    pub fn is_basic(&self, basic: Basic) -> bool {
        Emotion::ALL.into_iter().any(|emotion| emotion.basic() == basic && self.has(emotion))
    }

    /// Which way it leans: by the majority of its emotions that are positive or negative, neutral where there are none
    /// or as many of each.
    pub fn leaning(&self) -> crate::Label {
        let count =
            |group| Emotion::ALL.into_iter().filter(|emotion| emotion.group() == group && self.has(*emotion)).count();
        match count(Group::Positive).cmp(&count(Group::Negative)) {
            std::cmp::Ordering::Greater => crate::Label::Positive,
            std::cmp::Ordering::Equal => crate::Label::Neutral,
            std::cmp::Ordering::Less => crate::Label::Negative,
        }
    }
}

/// Reads a file of examples. Errors where it cannot be read, or a line is not of this form.
pub fn load(path: &Path) -> io::Result<Vec<Example>> {
    let lines = std::fs::read_to_string(path)?;
    lines.lines().map(|line| parse(line).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, line))).collect()
}

fn parse(line: &str) -> Option<Example> {
    let mut fields = line.split('\t');
    let text = fields.next()?.to_owned();
    let mut labels = 0;
    for number in fields.next()?.split(',') {
        let number: u32 = number.parse().ok().filter(|&number| number < 28)?;
        labels |= 1 << number;
    }
    Some(Example { text, labels })
}
