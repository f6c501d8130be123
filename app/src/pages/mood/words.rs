//! What a conversation's readings tell together. Plain data in and out.

use crate::chat::feeling::{Plot, label_word};
use types::{SentimentLabel, Statement};

/// What there is to say where a conversation has more messages than are listed.
pub(super) fn range(count: u32, listed: usize) -> Option<String> {
    let is_part = usize::try_from(count).is_ok_and(|count| count > listed) && listed > 0;
    is_part
        .then(|| format!("This sentence, the chart and the list tell of the newest {listed} of your {count} messages."))
}

/// The sentence above a chart.
pub(super) fn story(scores: &[f64]) -> String {
    let part = |scores: &[f64]| {
        let sum: f64 = scores.iter().sum();
        let count = u32::try_from(scores.len().max(1)).unwrap_or(u32::MAX);
        SentimentLabel::of(sum / f64::from(count))
    };
    let count = scores.len();
    let third = count.div_ceil(3);
    let (begun, now) = (part(&scores[..third]), part(&scores[count - third..]));
    let (first, last) = (label_word(begun), label_word(now));
    // One that leans nowhere is no exception, one that leans the other way is.
    let is_steady = |label| label == now || (label == SentimentLabel::Neutral && count > 2);
    match count {
        0 => "Nothing has been read yet.".to_owned(),
        1 => format!("What you wrote reads as {last} so far."),
        _ if begun != now => format!("What you wrote read as {first} in the beginning and reads as {last} lately."),
        _ if scores.iter().map(|score| SentimentLabel::of(*score)).all(is_steady) => {
            format!("What you wrote reads as {last} from the beginning to now.")
        }
        _ => format!("What you wrote went up and down and reads as {last} lately."),
    }
}

/// Where the tide turns: the messages that read on the other side of zero than the last one that took a side.
pub(super) fn turning_points(statements: &[Statement]) -> Vec<usize> {
    let mut side = None;
    let mut turns = Vec::new();
    for (place, statement) in statements.iter().enumerate() {
        let label = statement.sentiment.label;
        if label != SentimentLabel::Neutral {
            if side.is_some_and(|side| side != label) {
                turns.push(place);
            }
            side = Some(label);
        }
    }
    turns
}

/// The line of a chart, closed along zero.
pub(super) fn area(plot: &Plot, height: i32) -> String {
    let middle = height / 2;
    match (plot.points.first(), plot.points.last()) {
        (Some((first, _)), Some((last, _))) if plot.points.len() > 1 => {
            format!("{}L{last} {middle}L{first} {middle}Z", plot.line)
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::feeling::{plot, read_as};
    use types::MessageId;

    fn statements(scores: &[f64]) -> Vec<Statement> {
        let one = |(id, score): (i64, &f64)| Statement {
            id: MessageId(id),
            quote: String::new(),
            sentiment: read_as(*score),
        };
        (1..).zip(scores).map(one).collect()
    }

    #[test]
    fn the_story_compares_the_ends() {
        assert_eq!(story(&[]), "Nothing has been read yet.");
        assert_eq!(story(&[0.5]), "What you wrote reads as positive so far.");
        assert_eq!(
            story(&[-0.6, -0.4, 0.0, 0.1, 0.5, 0.6]),
            "What you wrote read as negative in the beginning and reads as positive lately."
        );
        assert_eq!(
            story(&[0.8, -0.8]),
            "What you wrote read as positive in the beginning and reads as negative lately."
        );
        assert_eq!(story(&[0.5, 0.0, 0.4]), "What you wrote reads as positive from the beginning to now.");
        assert_eq!(
            story(&[0.0, 0.0, 0.8, -0.7, 0.0, 0.0]),
            "What you wrote went up and down and reads as neutral lately.",
            "its ends alone would say that nothing had happened"
        );
        assert_eq!(story(&[0.0; 5]), "What you wrote reads as neutral from the beginning to now.");
    }

    #[test]
    fn the_tide_turns_where_the_side_changes() {
        assert_eq!(turning_points(&statements(&[0.0, -0.5, 0.0, -0.2, 0.3, 0.0, 0.4, -0.3])), [4, 7]);
        assert!(turning_points(&statements(&[0.0, 0.2, 0.0])).is_empty());
    }

    #[test]
    fn a_list_that_leaves_messages_out_says_so() {
        let told = "This sentence, the chart and the list tell of the newest 500 of your 623 messages.";
        assert_eq!(range(623, 500).as_deref(), Some(told));
        assert_eq!([range(500, 500), range(0, 1), range(3, 0)], [None, None, None]);
    }

    #[test]
    fn an_area_lies_on_zero() {
        assert_eq!(area(&plot(&[-1.0, 0.0, 1.0], 100, 40), 40), "M6 34L50 20L94 6L94 20L6 20Z");
        assert_eq!(area(&plot(&[1.0], 100, 40), 40), "");
    }
}
