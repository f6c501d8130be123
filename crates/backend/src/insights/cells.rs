//! Cells: what the dashboard's numbers are added up from. One cell is a day, a week or a month, a provider, a model and a method.
//!
//! Pure: from what was read on one day to its cells. It knows nothing of ranges or of what may be shown.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use types::{DROP_MIN, PEOPLE_MIN, SentimentLabel};

/// Some of the people behind a number: all of them where they are fewer than [`PEOPLE_MIN`], else that many. So whether a
/// union of groups has enough people is known exactly, from a few numbers a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct People(Vec<i64>);

impl People {
    pub(crate) fn add(&mut self, person: i64) {
        if !self.are_enough() && !self.0.contains(&person) {
            self.0.push(person);
        }
    }

    pub(crate) fn join(&mut self, others: &Self) {
        for person in &others.0 {
            self.add(*person);
        }
    }

    /// Whether they may be shown as a group.
    pub(crate) const fn are_enough(&self) -> bool {
        self.0.len() >= PEOPLE_MIN
    }
}

/// How many of something there are, and who is behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group(pub(crate) i64, pub(crate) People);

impl Group {
    pub(crate) fn add(&mut self, person: i64) {
        self.0 += 1;
        self.1.add(person);
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.0 += other.0;
        self.1.join(&other.1);
    }

    /// Whether there is something, and too few people are behind it.
    pub(crate) const fn is_small(&self) -> bool {
        self.0 > 0 && !self.1.are_enough()
    }
}

/// How the first message of a conversation reads beside its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Negative, then positive.
    Improved,
    /// Positive, then negative.
    Worsened,
    /// Anything else.
    Steady,
}

/// What a cell tells apart, with the people behind each part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Detail {
    /// By label, as it is spelled on the wire.
    pub(crate) labels: BTreeMap<String, Group>,
    /// By emotion; the empty one is none.
    pub(crate) emotions: BTreeMap<String, Group>,
    /// The conversations that began on the day.
    pub(crate) conversations: BTreeMap<Outcome, Group>,
    /// The answers whose next message came on the day: those followed by a drop.
    pub(crate) dropped: Group,
    /// And the others.
    pub(crate) held: Group,
}

/// Which model was asked, and which method read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) method: String,
}

/// How many messages there are, and how they score together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) messages: i64,
    pub(crate) score_sum: f64,
    /// Who wrote them.
    pub(crate) people: People,
}

impl Tally {
    pub(crate) fn join(&mut self, other: &Self) {
        self.messages += other.messages;
        self.score_sum += other.score_sum;
        self.people.join(&other.people);
    }
}

/// The numbers of one step and source.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) sum: Tally,
    pub(crate) detail: Detail,
}

impl Totals {
    /// Adds those of another step.
    pub(crate) fn join(&mut self, other: &Self) {
        self.sum.join(&other.sum);
        for (label, group) in &other.detail.labels {
            self.detail.labels.entry(label.clone()).or_default().join(group);
        }
        for (emotion, group) in &other.detail.emotions {
            self.detail.emotions.entry(emotion.clone()).or_default().join(group);
        }
        for (outcome, group) in &other.detail.conversations {
            self.detail.conversations.entry(*outcome).or_default().join(group);
        }
        self.detail.dropped.join(&other.detail.dropped);
        self.detail.held.join(&other.detail.held);
    }
}

/// A message that was read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) person: i64,
    pub(crate) source: Source,
    pub(crate) score: f64,
    pub(crate) label: String,
    pub(crate) emotion: Option<String>,
    /// The answer before it, where the message before that was read too.
    pub(crate) after: Option<Answer>,
}

/// An answer between two messages.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) provider: String,
    pub(crate) model: String,
    /// The score of the message it answers.
    pub(crate) score_before: f64,
}

/// A conversation with at least two messages that were read.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    pub(crate) person: i64,
    /// Of the first message.
    pub(crate) source: Source,
    /// The label of the first message, and of the last.
    pub(crate) first: String,
    pub(crate) last: String,
}

/// The cells of a day, from what was read on it and the conversations that began on it.
pub(crate) fn add_up(readings: Vec<Reading>, courses: Vec<Course>) -> BTreeMap<Source, Totals> {
    let mut cells = BTreeMap::<Source, Totals>::new();
    for reading in readings {
        let Reading { person, source, score, label, emotion, after } = reading;
        if let Some(answer) = after {
            // 0.7 - 0.3 is a little less than 0.4 to a machine.
            let dropped = answer.score_before - score >= DROP_MIN - f64::from(f32::EPSILON);
            let source = Source { provider: answer.provider, model: answer.model, method: source.method.clone() };
            let detail = &mut cells.entry(source).or_default().detail;
            if dropped { detail.dropped.add(person) } else { detail.held.add(person) }
        }
        let cell = cells.entry(source).or_default();
        cell.sum.messages += 1;
        cell.sum.score_sum += score;
        cell.sum.people.add(person);
        cell.detail.labels.entry(label).or_default().add(person);
        cell.detail.emotions.entry(emotion.unwrap_or_default()).or_default().add(person);
    }
    for course in courses {
        let (negative, positive) = (SentimentLabel::Negative.as_str(), SentimentLabel::Positive.as_str());
        let outcome = match (course.first, course.last) {
            (first, last) if first == negative && last == positive => Outcome::Improved,
            (first, last) if first == positive && last == negative => Outcome::Worsened,
            _ => Outcome::Steady,
        };
        let detail = &mut cells.entry(course.source).or_default().detail;
        detail.conversations.entry(outcome).or_default().add(course.person);
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drop_of_just_as_much_is_one() {
        let source = Source { provider: "p".into(), model: "m".into(), method: "local".into() };
        let after = |score_before: f64| Answer { provider: "p".into(), model: "m".into(), score_before };
        let reading = |score: f64, before: f64| Reading {
            person: 1,
            source: source.clone(),
            score,
            label: "Neutral".into(),
            emotion: None,
            after: Some(after(before)),
        };
        for (before, score, drops) in [(0.7, 0.3, 1), (0.6, 0.2, 1), (0.9, 0.5, 1), (0.699, 0.3, 0)] {
            let cells = add_up(vec![reading(score, before)], Vec::new());
            assert_eq!(cells[&source].detail.dropped.0, drops, "from {before} to {score}");
        }
    }

    #[test]
    fn a_few_people_are_known_exactly_and_many_only_as_many() {
        let (mut few, mut many) = (People::default(), People::default());
        for person in [7, 7, 8] {
            few.add(person);
        }
        for person in 0..100 {
            many.add(person);
        }
        assert!(!few.are_enough() && many.are_enough());
        assert_eq!((few.0.len(), many.0.len()), (2, PEOPLE_MIN));
        let mut together = few.clone();
        together.join(&People(vec![8, 9, 10]));
        assert!(!together.are_enough(), "four people");
        together.join(&People(vec![11]));
        assert!(together.are_enough());
    }
}
