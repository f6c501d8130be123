//! How long a provider asks to wait, in all the shapes in which providers say it. Knows no provider by name.

use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// The longest wait that is believed.
const MAX: Duration = Duration::from_hours(24);

/// From the headers of a failed response: milliseconds, then seconds with or without a fraction, then a date. Only to be
/// read from failures: Anthropic sends `retry-after` with successes too.
pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Duration> {
    let header = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let millis = header("retry-after-ms").and_then(|text| seconds(text).map(|wait| wait / 1000));
    millis.or_else(|| {
        let text = header("retry-after")?;
        seconds(text).or_else(|| in_units(text)).or_else(|| Some(from_now(date(text)?, headers)))
    })
}

/// From the headers that tell how much of each allowance is left: until the last one that is used up is full again; where
/// none says how much is left, until the first may be. For a refusal that says nothing else of the wait.
pub(crate) fn from_limits(headers: &HeaderMap) -> Option<Duration> {
    const REMAINING_AND_RESET: [(&str, &str); 7] = [
        ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
        ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
        ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
        ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
    ];
    let header = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let waits = |left: Option<&'static str>| {
        let allowances = REMAINING_AND_RESET.iter().filter(move |(remaining, _)| header(remaining) == left);
        allowances.filter_map(move |(_, reset)| until_reset(header(reset)?, headers))
    };
    waits(Some("0")).max().or_else(|| waits(None).min())
}

/// OpenAI's `6m0s`, Anthropic's date, OpenRouter's milliseconds since 1970, others' seconds since then or from now.
fn until_reset(text: &str, headers: &HeaderMap) -> Option<Duration> {
    const SECONDS_SINCE_1970: i64 = 1_000_000_000;
    const MILLIS_SINCE_1970: i64 = 1_000_000_000_000;
    let since_1970 = text.parse::<i64>().ok().and_then(|number| match number {
        MILLIS_SINCE_1970.. => DateTime::from_timestamp_millis(number),
        SECONDS_SINCE_1970.. => DateTime::from_timestamp_secs(number),
        _ => None,
    });
    let at = since_1970.or_else(|| date(text)).map(|until| from_now(until, headers));
    at.or_else(|| in_units(text)).or_else(|| seconds(text))
}

/// How long until then. The provider's clock tells the wait better than ours.
fn from_now(until: DateTime<Utc>, headers: &HeaderMap) -> Duration {
    let theirs = headers.get("date").and_then(|value| date(value.to_str().ok()?));
    let now = theirs.unwrap_or_else(|| DateTime::<Utc>::from(SystemTime::now()));
    (until - now).to_std().unwrap_or_default().min(MAX)
}

/// From an error object: Google's `retryDelay`, OpenRouter's `availability` and the headers of whoever is behind it, a field
/// by the header's name, or the sentence itself.
pub(crate) fn from_body(object: &Value) -> Option<Duration> {
    let details = object.get("details").and_then(Value::as_array).into_iter().flatten();
    let delay = details.filter_map(|detail| detail.get("retryDelay")?.as_str()).find_map(in_units);
    let field = |holder: &Value| holder.get("retry_after")?.as_f64().and_then(from_secs);
    let availability = || field(object.get("availability")?);
    let behind = || from_limits(&headers_in(object.get("metadata")?.get("headers")?));
    let said = || ["message", "error"].iter().find_map(|name| object.get(*name)?.as_str()).or(object.as_str());
    let sentence = || from_sentence(said()?);
    delay.or_else(availability).or_else(|| field(object)).or_else(behind).or_else(sentence)
}

/// Headers as an object.
fn headers_in(object: &Value) -> HeaderMap {
    let header = |(name, value): (&String, &Value)| Some((name.parse().ok()?, value.as_str()?.parse().ok()?));
    object.as_object().into_iter().flatten().filter_map(header).collect::<HeaderMap>()
}

/// "Please try again in 6m0s.", "Please retry in 48.9s", "try again in 350ms".
fn from_sentence(message: &str) -> Option<Duration> {
    const PHRASES: [&str; 4] = ["try again in ", "retry in ", "retry after ", "try again after "];
    let message = message.to_lowercase();
    PHRASES.iter().find_map(|phrase| {
        let (_, rest) = message.split_once(phrase)?;
        let word: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
        let unit = rest[word.len()..].trim_start();
        let word = word.trim_end_matches('.');
        in_units(word).or_else(|| if unit.starts_with("second") { seconds(word) } else { None })
    })
}

/// `48s`, `34.4s`, `6m0s`, `1h2m`, `350ms`: numbers, each with its unit.
fn in_units(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let value: f64 = rest[..number].parse().ok()?;
        rest = &rest[number..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let scale = match &rest[..unit] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        rest = &rest[unit..];
        total = total.saturating_add(from_secs(value * scale)?);
    }
    (!text.trim().is_empty()).then_some(total.min(MAX))
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(from_secs)
}

fn from_secs(seconds: f64) -> Option<Duration> {
    if !seconds.is_finite() {
        return None;
    }
    Duration::try_from_secs_f64(seconds.clamp(0.0, MAX.as_secs_f64())).ok()
}

fn date(text: &str) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc2822(text).or_else(|_| DateTime::parse_from_rfc3339(text)).ok()?;
    Some(date.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> Option<Duration> {
        from_headers(&map(pairs))
    }

    #[test]
    fn an_allowance_that_is_used_up_tells_the_wait() {
        let date = ("date", "Wed, 21 Oct 2026 07:28:00 GMT");
        let openai = [
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "1m2.5s"),
            ("x-ratelimit-remaining-tokens", "17"),
            ("x-ratelimit-reset-tokens", "6h0m0s"),
        ];
        assert_eq!(from_limits(&map(&openai)), Some(Duration::from_millis(62_500)));
        let anthropic = [
            date,
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-10-21T07:28:05Z"),
            ("anthropic-ratelimit-output-tokens-remaining", "0"),
            ("anthropic-ratelimit-output-tokens-reset", "2026-10-21T07:28:20Z"),
        ];
        assert_eq!(from_limits(&map(&anthropic)), Some(Duration::from_secs(20)));
        for (reset, wait) in [("1792567683000", 3), ("1792567683", 3), ("12", 12)] {
            let other = [date, ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)];
            assert_eq!(from_limits(&map(&other)), Some(Duration::from_secs(wait)), "{reset}");
        }
        assert_eq!(from_limits(&map(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "soon")])), None);
        assert_eq!(from_limits(&map(&[("x-ratelimit-reset", "5")])), Some(Duration::from_secs(5)));
        assert_eq!(from_limits(&map(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "5")])), None);
    }

    #[test]
    fn headers_in_every_shape() {
        let millis = |wait| Some(Duration::from_millis(wait));
        assert_eq!(headers(&[("retry-after", "20")]), millis(20_000));
        assert_eq!(headers(&[("retry-after", "1.5")]), millis(1500));
        assert_eq!(headers(&[("retry-after-ms", "250"), ("retry-after", "1")]), millis(250));
        let (date, later) = ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:30 GMT");
        assert_eq!(headers(&[("date", date), ("retry-after", later)]), millis(30_000));
        assert_eq!(headers(&[("date", later), ("retry-after", date)]), millis(0));
        assert_eq!(headers(&[("retry-after", "soon")]), None);
        assert_eq!(headers(&[("retry-after", "-5")]), millis(0));
        assert_eq!(headers(&[("retry-after", "1e300")]), Some(MAX));
        assert_eq!(headers(&[("retry-after", "NaN")]), None);
        assert_eq!(headers(&[]), None);
    }

    #[test]
    fn bodies_in_every_shape() {
        let wait = |body: &Value| from_body(body).map(|wait| wait.as_millis());
        assert_eq!(wait(&json!({"details": [{"x": 1}, {"retryDelay": "34.4s"}]})), Some(34_400));
        assert_eq!(wait(&json!({"availability": {"retry_after": 3}})), Some(3000));
        assert_eq!(wait(&json!({"message": "Rate limit. Please try again in 20s. Visit us"})), Some(20_000));
        assert_eq!(wait(&json!({"message": "Please retry in 48.939935699s."})), Some(48_939));
        assert_eq!(wait(&json!({"message": "Try again in 6m0s"})), Some(360_000));
        assert_eq!(wait(&json!({"message": "try again in 350ms"})), Some(350));
        assert_eq!(wait(&json!({"message": "try again in 12 seconds"})), Some(12_000));
        assert_eq!(wait(&json!({"message": "try again in a while"})), None);
        assert_eq!(wait(&json!({"message": "try again in "})), None);
        assert_eq!(wait(&json!({})), None);
    }
}
