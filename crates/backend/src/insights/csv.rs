//! The dashboard's numbers as a table for spreadsheets. Pure.

use std::fmt::Write as _;
use types::{InsightGroup, SentimentInsights};

/// A line for each number, `table` and `name` saying which. What is not told has empty cells.
pub fn table(insights: &SentimentInsights) -> String {
    let mut out = "table,name,provider,starts_on,messages,share,score,answers,dropped\r\n".to_owned();
    let mut line = |cells: [String; 9]| {
        let _ = write!(out, "{}\r\n", cells.join(","));
    };
    let empty = String::new;
    let whole = [number(Some(insights.messages)), empty(), number(insights.score)];
    let [messages, share, score] = whole;
    let answers = [number(Some(insights.answers.measured)), number(insights.answers.dropped)];
    let [measured, dropped] = answers;
    line([text("total"), empty(), empty(), empty(), messages, share, score, measured, dropped]);
    for point in &insights.over_time {
        let (messages, score) = (number(point.messages), number(point.score));
        let day = point.starts_on.to_string();
        line([text("over_time"), empty(), empty(), day, messages, empty(), score, empty(), empty()]);
    }
    let turns = insights.conversations;
    for (name, count) in
        [("measured", Some(turns.measured)), ("improved", turns.improved), ("worsened", turns.worsened)]
    {
        let count = number(count);
        line([text("conversations"), text(name), empty(), empty(), count, empty(), empty(), empty(), empty()]);
    }
    let tables: [(&str, &[InsightGroup]); 5] = [
        ("labels", &insights.labels),
        ("emotions", &insights.emotions),
        ("providers", &insights.providers),
        ("models", &insights.models),
        ("methods", &insights.methods),
    ];
    for (table, groups) in tables {
        for group in groups {
            line([
                text(table),
                text(group.name.as_deref().unwrap_or("merged")),
                text(group.provider.as_deref().unwrap_or_default()),
                empty(),
                number(Some(group.messages)),
                number(Some(group.share)),
                number(group.score),
                number(group.answers.map(|answers| answers.measured)),
                number(group.answers.and_then(|answers| answers.dropped)),
            ]);
        }
    }
    out
}

fn number(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Text as a cell. What a spreadsheet would take for a formula gets an apostrophe, which it takes for text
/// (OWASP, "CSV Injection"); then RFC 4180's quotes where they are needed.
fn text(value: &str) -> String {
    let is_formula = value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let value = if is_formula { format!("'{value}") } else { value.to_owned() };
    if value.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_formula() {
        assert_eq!(text("gpt-5.2"), "gpt-5.2");
        assert_eq!(text("=1+1"), "'=1+1");
        assert_eq!(text("+a"), "'+a");
        assert_eq!(text("-a"), "'-a");
        assert_eq!(text("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(text("\t=1"), "'\t=1");
        assert_eq!(text("=HYPERLINK(\"x\",\"y\")"), "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
        assert_eq!(text("a,b"), "\"a,b\"");
        assert_eq!(text("a\nb"), "\"a\nb\"");
    }

    #[test]
    fn a_number_stays_one() {
        assert_eq!(number(Some(-0.25)), "-0.25");
        assert_eq!(number(None::<i64>), "");
    }
}
