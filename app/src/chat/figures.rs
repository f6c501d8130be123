//! Tokens and money in words. Amounts are integers from end to end, so nothing is rounded twice.

use types::{Usage, UsageTotal};

/// A whole number with its thousands set apart.
pub(crate) fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount in millionths of a dollar: to the cent from a dollar on, below it in as many digits as say something. None
/// for nothing.
pub(crate) fn dollars(micros: i64) -> Option<String> {
    // The number of digits after the point, and what one of the last is worth.
    let (digits, unit) = match micros {
        ..=0 => return None,
        1..50 => return Some("less than $0.0001".to_owned()),
        50..10_000 => (4, 100),
        10_000..1_000_000 => (3, 1_000),
        _ => (2, 10_000),
    };
    let rounded = (micros + unit / 2) / unit;
    let one = 1_000_000 / unit;
    let mut text = format!("${}.{:0digits$}", thousands(rounded / one), rounded % one);
    // A tenth of a cent that is none says nothing: cents always stand.
    for _ in 2..digits {
        if text.ends_with('0') {
            text.pop();
        }
    }
    Some(text)
}

/// `1 token`, `1,240 tokens`.
pub(crate) fn tokens(count: i64) -> String {
    if count == 1 { "1 token".to_owned() } else { format!("{} tokens", thousands(count)) }
}

/// What something used, in one line; empty where nothing is known.
fn line(input_tokens: i64, output_tokens: i64, cost_micros: Option<i64>, estimated: bool) -> String {
    let all = input_tokens.saturating_add(output_tokens);
    if all <= 0 {
        return String::new();
    }
    let about = if estimated { "about " } else { "" };
    match cost_micros.and_then(dollars) {
        Some(cost) => format!("{about}{} · {about}{cost}", tokens(all)),
        None => format!("{about}{}", tokens(all)),
    }
}

/// What an answer used.
pub(crate) fn usage_line(usage: &Usage) -> String {
    line(usage.input_tokens, usage.output_tokens, usage.cost_micros, usage.estimated)
}

/// What of it was read and what written.
pub(crate) fn usage_details(usage: &Usage) -> String {
    let (read, written) = (tokens(usage.input_tokens), tokens(usage.output_tokens));
    let who = if usage.estimated { " Counted by Lia, because the provider did not." } else { "" };
    format!("The model read {read} and wrote {written}.{who}")
}

/// What a conversation used.
pub(crate) fn total_line(total: &UsageTotal) -> String {
    line(total.input_tokens, total.output_tokens, total.cost_micros, total.estimated)
}

/// Adds an answer that has just ended to what its conversation used; what is counted of it already is not added again.
pub(crate) fn add(total: &mut UsageTotal, usage: &Usage, counted: Option<Usage>) {
    let (input, output, cost) =
        counted.map_or((0, 0, 0), |usage| (usage.input_tokens, usage.output_tokens, usage.cost_micros.unwrap_or(0)));
    total.input_tokens = total.input_tokens.saturating_add(usage.input_tokens.saturating_sub(input));
    total.output_tokens = total.output_tokens.saturating_add(usage.output_tokens.saturating_sub(output));
    total.estimated |= usage.estimated;
    if let Some(whole) = usage.cost_micros {
        total.cost_micros = Some(total.cost_micros.unwrap_or(0).saturating_add(whole.saturating_sub(cost)));
    }
}

/// Whole seconds until a moment, both in milliseconds of the same clock: what a countdown shows, 0 when it is over.
pub(crate) fn seconds_until(moment: f64, now: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not below zero, and a cast saturates")]
    let seconds = ((moment - now) / 1_000.0).ceil().max(0.0) as u32;
    seconds
}

/// A wait in words: `12 s`, `3 min`; empty where there is none.
pub(crate) fn wait(seconds: u32) -> String {
    match seconds {
        0 => String::new(),
        1..120 => format!("{seconds} s"),
        _ => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input_tokens: i64, output_tokens: i64, cost_micros: Option<i64>, estimated: bool) -> Usage {
        Usage { input_tokens, output_tokens, estimated, cost_micros }
    }

    #[test]
    fn money_is_shown_in_as_many_digits_as_it_needs() {
        for (micros, expected) in [
            (1, "less than $0.0001"),
            (50, "$0.0001"),
            (2_100, "$0.0021"),
            (2_000, "$0.002"),
            (9_999, "$0.01"),
            (10_400, "$0.01"),
            (21_600, "$0.022"),
            (500_000, "$0.50"),
            (999_999, "$1.00"),
            (1_234_567, "$1.23"),
            (1_234_567_890_000, "$1,234,567.89"),
        ] {
            assert_eq!(dollars(micros).as_deref(), Some(expected), "{micros}");
        }
        assert_eq!((dollars(0), dollars(-5)), (None, None));
    }

    #[test]
    fn a_line_says_what_is_known_and_nothing_else() {
        assert_eq!(usage_line(&usage(290, 22, Some(2_100), false)), "312 tokens · $0.0021");
        assert_eq!(usage_line(&usage(1_200, 40, None, false)), "1,240 tokens");
        assert_eq!(usage_line(&usage(300, 12, Some(2_100), true)), "about 312 tokens · about $0.0021");
        assert_eq!(usage_line(&usage(300, 12, Some(0), false)), "312 tokens");
        assert_eq!(usage_line(&usage(0, 0, None, false)), "");
        assert_eq!(usage_details(&usage(1, 22, None, false)), "The model read 1 token and wrote 22 tokens.");
    }

    #[test]
    fn a_conversation_adds_up() {
        let mut total = UsageTotal::default();
        add(&mut total, &usage(10, 5, None, false), None);
        assert_eq!(total_line(&total), "15 tokens");
        add(&mut total, &usage(100, 50, Some(1_000), true), None);
        add(&mut total, &usage(100, 50, Some(2_000), false), None);
        assert_eq!(total_line(&total), "about 315 tokens · about $0.003");
    }

    #[test]
    fn a_countdown_ends() {
        assert_eq!(seconds_until(12_000.0, 0.0), 12);
        assert_eq!(seconds_until(12_000.0, 0.5), 12);
        assert_eq!(seconds_until(12_000.0, 11_001.0), 1);
        assert_eq!(seconds_until(12_000.0, 12_000.0), 0);
        assert_eq!(seconds_until(12_000.0, 99_000.0), 0);
        assert_eq!([0, 12, 119, 121].map(wait), ["", "12 s", "119 s", "3 min"]);
    }
}
