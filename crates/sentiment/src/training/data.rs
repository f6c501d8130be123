//! Labelled texts as they come, one example a line: comments with their emotions (`text TAB label numbers TAB id`), and
//! statements with their leaning (`kind TAB Positive|Neutral|Negative TAB text`).

use std::{io, path::Path};

use crate::{Basic, Emotion, Group, Label};

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
    pub fn leaning(&self) -> Label {
        let count =
            |group| Emotion::ALL.into_iter().filter(|emotion| emotion.group() == group && self.has(*emotion)).count();
        match count(Group::Positive).cmp(&count(Group::Negative)) {
            std::cmp::Ordering::Greater => Label::Positive,
            std::cmp::Ordering::Equal => Label::Neutral,
            std::cmp::Ordering::Less => Label::Negative,
        }
    }
}

/// A text of some kind (tweet, review) and which way it leans.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it was written for.
    pub kind: String,
    /// Which way it leans.
    pub label: Label,
    /// What somebody wrote.
    pub text: String,
}

/// Reads a file of comments with their emotions. Errors where it cannot be read, or a line is not of this form.
pub fn load(path: &Path) -> io::Result<Vec<Example>> {
    lines(path, example)
}

/// Reads a file of statements. Errors where it cannot be read, or a line is not of this form.
pub fn load_statements(path: &Path) -> io::Result<Vec<Statement>> {
    lines(path, statement)
}

fn lines<T>(path: &Path, parse: fn(&str) -> Option<T>) -> io::Result<Vec<T>> {
    let text = std::fs::read_to_string(path)?;
    text.lines().map(|line| parse(line).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, line))).collect()
}

fn example(line: &str) -> Option<Example> {
    let mut fields = line.split('\t');
    let text = fields.next()?.to_owned();
    let mut labels = 0;
    for number in fields.next()?.split(',') {
        let number: u32 = number.parse().ok().filter(|&number| number < 28)?;
        labels |= 1 << number;
    }
    Some(Example { text, labels })
}

fn statement(line: &str) -> Option<Statement> {
    let mut fields = line.splitn(3, '\t');
    let kind = fields.next()?.to_owned();
    let label = fields.next()?;
    let label = [Label::Positive, Label::Neutral, Label::Negative].into_iter().find(|known| known.as_str() == label)?;
    Some(Statement { kind, label, text: fields.next()?.to_owned() })
}
