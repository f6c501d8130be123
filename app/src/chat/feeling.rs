//! How readings are put: in words, as marks, and as places in a chart. Plain data in and out. Lia says how words read and
//! never how somebody is.

use types::{CumulativeSentiment, Sentiment, SentimentLabel, SentimentMethod};

/// What a label is called.
pub(crate) const fn label_word(label: SentimentLabel) -> &'static str {
    match label {
        SentimentLabel::Positive => "positive",
        SentimentLabel::Neutral => "neutral",
        SentimentLabel::Negative => "negative",
    }
}

/// What a method is called.
pub(crate) const fn method_word(method: SentimentMethod) -> &'static str {
    match method {
        SentimentMethod::Structured => "the model, with its answer",
        SentimentMethod::LlmSeparate => "a model, in a call of its own",
        SentimentMethod::NlpApi => "Google Natural Language",
        SentimentMethod::Local => "this server",
    }
}

/// The mark of a label on a grid of 12: a triangle up, a circle, a triangle down. The shape says it without the colour.
pub(crate) const fn mark_of(label: SentimentLabel) -> &'static str {
    match label {
        SentimentLabel::Positive => "M6 2 11 10.5H1Z",
        SentimentLabel::Neutral => "M2 6a4 4 0 1 0 8 0 4 4 0 1 0-8 0Z",
        SentimentLabel::Negative => "M6 10 1 1.5h10Z",
    }
}

/// The class of a mark: its label, and whether the reading is unsure and drawn hollow.
pub(crate) fn mark_class(label: SentimentLabel, confidence: f64) -> String {
    let hollow = if confidence < 0.5 { " unsure" } else { "" };
    format!("tone {}{hollow}", label_word(label))
}

/// A score as it is written: `+0.42`, `0.00`, `−0.42`.
pub(crate) fn score_text(score: f64) -> String {
    // Rounded first: what is nearly nothing has no sign.
    #[expect(clippy::cast_possible_truncation, reason = "a score is from -1 to 1")]
    let hundredths = (score.clamp(-1.0, 1.0) * 100.0).round() as i32;
    let sign = match hundredths {
        0 => "",
        1.. => "+",
        _ => "−",
    };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

/// What the mark of a message says.
pub(crate) fn reading_text(sentiment: &Sentiment) -> String {
    let mut text = format!("Reads as {} ({})", label_word(sentiment.label), score_text(sentiment.score));
    if let Some(emotion) = sentiment.emotion.as_deref().filter(|emotion| *emotion != "neutral") {
        text.push_str(", ");
        text.push_str(emotion);
    }
    if sentiment.confidence < 0.5 && !sentiment.corrected {
        text.push_str(", unsure");
    }
    if sentiment.corrected {
        text.push_str(". Corrected by you");
        return text;
    }
    text.push_str(". Read by ");
    text.push_str(method_word(sentiment.method));
    if sentiment.fallback {
        text.push_str(", because who was to read gave no answer");
    }
    text
}

/// What a conversation's mark says.
pub(crate) fn whole_text(whole: &CumulativeSentiment) -> String {
    let text = format!("The conversation reads as {} ({})", label_word(whole.label), score_text(whole.score));
    match whole.emotion.as_deref().filter(|emotion| *emotion != "neutral") {
        Some(emotion) => format!("{text}, with {emotion}"),
        None => text,
    }
}

/// A chart of scores: places from the left and from the top.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plot {
    pub(crate) points: Vec<(i32, i32)>,
    /// The line through them.
    pub(crate) line: String,
}

/// Lays scores out in a box of this width and height, with zero in the middle of it.
pub(crate) fn plot(scores: &[f64], width: i32, height: i32) -> Plot {
    // Room for the marks at the edges.
    let inset = 6;
    let steps = i32::try_from(scores.len()).unwrap_or(i32::MAX).saturating_sub(1).max(1);
    let middle = height / 2;
    #[expect(clippy::cast_possible_truncation, reason = "a score is from -1 to 1")]
    let down = |score: f64| middle - (score.clamp(-1.0, 1.0) * f64::from(middle - inset)).round() as i32;
    let alone = scores.len() == 1;
    let points: Vec<_> = (0..)
        .zip(scores)
        .map(|(step, score)| {
            let across = if alone { width / 2 } else { inset + (width - 2 * inset) * step / steps };
            (across, down(*score))
        })
        .collect();
    let places: Vec<String> = points.iter().map(|(x, y)| format!("{x} {y}")).collect();
    let line = if places.is_empty() { String::new() } else { format!("M{}", places.join("L")) };
    Plot { points, line }
}

/// A reading with this score, for tests.
#[cfg(test)]
pub(crate) fn read_as(score: f64) -> Sentiment {
    Sentiment {
        score,
        label: SentimentLabel::of(score),
        emotion: None,
        confidence: 0.9,
        method: SentimentMethod::Local,
        fallback: false,
        corrected: false,
    }
}

#[cfg(test)]
mod tests {
    use super::{read_as as sentiment, *};

    #[test]
    fn a_score_is_written_with_its_sign() {
        let texts = [-1.0, -0.425, -0.001, 0.0, 0.05, 1.0, 7.0].map(score_text);
        assert_eq!(texts, ["−1.00", "−0.43", "0.00", "0.00", "+0.05", "+1.00", "+1.00"]);
    }

    #[test]
    fn a_reading_says_who_read_and_how_sure() {
        assert_eq!(reading_text(&sentiment(0.4)), "Reads as positive (+0.40). Read by this server");
        // Of a reading that took another's place, the server keeps the method that read.
        let fallback = Sentiment { fallback: true, ..sentiment(-0.4) };
        assert_eq!(
            reading_text(&fallback),
            "Reads as negative (−0.40). Read by this server, because who was to read gave no answer"
        );
        let corrected = Sentiment { corrected: true, ..fallback };
        assert_eq!(reading_text(&corrected), "Reads as negative (−0.40). Corrected by you");
        let unsure = Sentiment { confidence: 0.2, emotion: Some("fear".into()), ..sentiment(0.0) };
        assert_eq!(reading_text(&unsure), "Reads as neutral (0.00), fear, unsure. Read by this server");
        let corrected = Sentiment { corrected: true, ..unsure };
        assert_eq!(reading_text(&corrected), "Reads as neutral (0.00), fear. Corrected by you");
    }

    #[test]
    fn a_conversation_says_what_shows_most() {
        let whole = |emotion: Option<&str>| CumulativeSentiment {
            score: -0.42,
            label: SentimentLabel::Negative,
            emotion: emotion.map(str::to_owned),
            summary: String::new(),
            count: 3,
        };
        assert_eq!(whole_text(&whole(Some("anger"))), "The conversation reads as negative (−0.42), with anger");
        assert_eq!(whole_text(&whole(Some("neutral"))), "The conversation reads as negative (−0.42)");
    }

    #[test]
    fn a_chart_keeps_to_its_box() {
        assert_eq!(plot(&[], 100, 40), Plot { points: vec![], line: String::new() });
        assert_eq!(plot(&[1.0], 100, 40).points, [(50, 6)]);
        let two = plot(&[-1.0, 0.0, 1.0], 100, 40);
        assert_eq!(two.points, [(6, 34), (50, 20), (94, 6)]);
        assert_eq!(two.line, "M6 34L50 20L94 6");
    }
}
