//! Numbers and days as people read them. Pure.

use chrono::NaiveDate;
use types::{InsightGroup, SentimentLabel};

/// `12,345`.
pub(super) fn plain(value: i64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `+0.42`, `−0.42` or `0.00`, with the sign that is as wide as a plus.
pub(super) fn signed(score: f64) -> String {
    let text = format!("{:.2}", score.abs());
    match text.as_str() {
        "0.00" => text,
        _ if score < 0.0 => format!("−{text}"),
        _ => format!("+{text}"),
    }
}

/// `12.3 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// The share of a part in a whole, 0 where there is none.
#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
pub(super) fn share(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// `20 Nov 2026`.
pub(super) fn day(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// The mark of a score: its shape says what its colour says.
pub(super) fn mark(score: f64) -> &'static str {
    match SentimentLabel::of(score) {
        SentimentLabel::Positive => "▲",
        SentimentLabel::Neutral => "●",
        SentimentLabel::Negative => "▼",
    }
}

/// How a score reads, in a word.
pub(super) fn word(score: f64) -> &'static str {
    match SentimentLabel::of(score) {
        SentimentLabel::Positive => "positive",
        SentimentLabel::Neutral => "neutral",
        SentimentLabel::Negative => "negative",
    }
}

/// A group's name, or what stands for those that are merged: the others, or all where there are no others.
pub(super) fn name(group: &InsightGroup) -> String {
    match group.name.as_deref() {
        Some("") => "Unknown".to_owned(),
        Some(name) => name.to_owned(),
        None if group.share >= 1.0 => "All together".to_owned(),
        None => "Others together".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([plain(7), plain(1_234), plain(1_000_000)], ["7", "1,234", "1,000,000"]);
        assert_eq!([signed(0.421), signed(-0.421), signed(-0.001)], ["+0.42", "−0.42", "0.00"]);
        assert_eq!([percent(0.1234), percent(share(1, 0))], ["12.3 %", "0.0 %"]);
        assert_eq!(day("2026-11-02".parse().unwrap()), "2 Nov 2026");
        let named = |name: Option<&str>, share| {
            let name = name.map(str::to_owned);
            super::name(&InsightGroup { name, provider: None, messages: 9, share, score: None, answers: None })
        };
        assert_eq!([named(Some("joy"), 0.5), named(Some(""), 0.5)], ["joy", "Unknown"]);
        assert_eq!([named(None, 0.5), named(None, 1.0)], ["Others together", "All together"]);
    }
}
