//! The scripts that a model's name asks for, for clients in other processes: Playwright, benchmarks, a person with curl.

use crate::script::{Act, Failure, Script};
use serde_json::json;
use std::{str::FromStr, time::Duration};

/// The words for models, for `--help`.
pub const MODELS_HELP: &str = "\
Wires
  /v1/chat/completions, /v1/responses, /v1/models                  OpenAI
  /v1beta/models/MODEL:streamGenerateContent, /v1beta/models       Gemini
  /v1/messages, /v1/models with anthropic-version                  Anthropic
  /api/v1/chat/completions, /api/v1/models                         OpenRouter

The model's name says what the answer is; words are joined with '+', such as tokens-100+slow-50.
What stands before a '/' or ':' does not count: gpt-5-pro:tokens-100 is tokens-100 for a client that knows gpt-5-pro.

Answers (default: echo)
  echo                   what was asked
  markdown               headings, a list, a table, code
  hostile                markup that must not come alive
  long-line              one line of 2 MB
  tokens-N               N tokens
  refusal                the model declines
  think                  thoughts before the answer
  think-tag              thoughts as a <think> block in the text
Ways
  slow-N                 N tokens a second
  wait-MS                MS milliseconds before the first token
  hold-N                 holds after N tokens until POST /emulator/release
  chunk-N                chunks of N bytes
  crlf                   lines end with CR LF
  comments               comments between the tokens
  noise                  events without data and of an unknown kind between the tokens
  begins-over            says an answer again from its beginning, where others go on with what they are handed of it
  whole                  one JSON document although a stream was asked for
  no-usage, no-end-mark, no-finish
  length, filter         it ends at the limit of tokens, by the filter
Faults
  flaky-N                the first N requests for this name fail with 503
  fault-STATUS           400, 401, 402, 403, 404, 408, 413, 429, 500, 502, 503, 504, 529 with the body that belongs to it
  fault-quota            429 that no waiting helps
  fault-context          400: the conversation is too long
  fault-200-json         an error as a JSON document with status 200
  fault-html             a web page with status 200
  fault-garbage          events that are no JSON
  fault-hang             nothing comes, not even a status
  fault-WHAT-after-N     after N tokens: cut (orderly end), abort (broken body), reset, hang, error (in the stream),
                         json (bare JSON between the events)

GET /emulator/counts says how many answers were begun, written to their end, and left by their client.";

/// The models that the list names.
pub(crate) const LISTED: [&str; 17] = [
    "echo",
    "markdown",
    "hostile",
    "long-line",
    "tokens-100",
    "tokens-100+slow-50",
    "tokens-100+slow-2",
    "tokens-400+slow-20",
    "tokens-100+slow-50+begins-over",
    "think",
    "refusal",
    "hold-5",
    "fault-401",
    "fault-429",
    "fault-503",
    "fault-cut-after-5",
    "fault-hang-after-5",
];

/// What a name asks for.
#[derive(Debug)]
pub(crate) enum Choice {
    Script(Box<Script>),
    /// Fails so many times before it answers.
    Flaky {
        failures: u64,
    },
}

/// The script of a name, for a question.
pub(crate) fn script(model: &str, question: &str) -> Choice {
    // What a gateway puts before a model's name does not matter, nor which of a vendor's models it is said to be.
    let words: Vec<&str> = model.rsplit(['/', ':']).next().unwrap_or(model).split('+').collect();
    if let Some(failures) = words.iter().find_map(|word| number(word, "flaky-")) {
        return Choice::Flaky { failures };
    }
    let answer = words.iter().find_map(|word| answer(word, question));
    let script = answer.unwrap_or_else(|| Script::text(format!("You said: {question}")));
    Choice::Script(Box::new(words.iter().fold(script, bend)))
}

fn answer(word: &str, question: &str) -> Option<Script> {
    if let Some(count) = number(word, "tokens-") {
        return Some(Script::tokens(count));
    }
    if let Some(status) = number(word, "fault-") {
        return Some(Script::failure(status));
    }
    Some(match word {
        "echo" => Script::text(question),
        "markdown" => Script::text(MARKDOWN),
        "hostile" => Script::text(HOSTILE),
        "long-line" => Script::text("long".repeat(500_000)),
        "refusal" => Script::refusal("I'm sorry, I can't help with that."),
        "think" => Script::text("The answer is 42.").thought("Six times seven is forty-two."),
        "think-tag" => Script::text("<think>Six times seven is forty-two.</think>\n\nThe answer is 42."),
        "fault-quota" => Script { failure: Some(Failure::QUOTA), ..Script::failure(429) },
        "fault-context" => Script { failure: Some(Failure::CONTEXT), ..Script::failure(400) },
        "fault-200-json" => Script { status: 200, ..Script::failure(500) },
        "fault-html" => Script::body("<!doctype html><title>Sign in</title>").header("content-type", "text/html"),
        "fault-garbage" => Script::body("data: {\"choices\": nonsense}\n\n"),
        _ => return None,
    })
}

fn bend(script: Script, word: &&str) -> Script {
    if let Some(pace) = number::<f64>(word, "slow-") {
        return script.pace(pace.max(0.001));
    }
    if let Some(millis) = number(word, "wait-") {
        return script.pause(0, Duration::from_millis(millis));
    }
    if let Some(after) = number(word, "hold-") {
        return script.act(after, Act::Hold);
    }
    if let Some(bytes) = number(word, "chunk-") {
        return script.chunks(bytes);
    }
    if let Some((what, after)) = word.strip_prefix("fault-").and_then(|word| word.split_once("-after-"))
        && let Ok(after) = after.parse()
    {
        return fault(script, what, after);
    }
    match *word {
        "crlf" => script.crlf(),
        "comments" => (0..script.pieces.len()).fold(script, |script, after| script.comment(after, "PROCESSING")),
        "noise" => (0..script.pieces.len())
            .fold(script, |script, after| script.raw(after, "event: ping\ndata: {}\n\ndata:\n\ndata: ping\n\n")),
        "whole" => script.whole(),
        "no-usage" => script.without_usage(),
        "no-end-mark" => script.without_end_mark(),
        "no-finish" => script.without_finish(),
        "length" => script.at_length(),
        "filter" => script.filtered(),
        "fault-hang" => script.hang_at_once(),
        _ => script,
    }
}

fn fault(script: Script, what: &str, after: usize) -> Script {
    match what {
        "cut" => script.cut(after),
        "abort" => script.abort(after),
        "reset" => script.reset(after),
        "hang" => script.hang(after),
        "error" => script.error(
            after,
            json!({"message": "The server had an error.", "type": "server_error", "code": "server_error", "param": null}),
        ),
        "json" => script.act(after, Act::Bare(Failure::of(503))).act(after, Act::Cut),
        _ => script,
    }
}

fn number<T: FromStr>(word: &str, prefix: &str) -> Option<T> {
    word.strip_prefix(prefix)?.parse().ok()
}

const MARKDOWN: &str = "\
# Reading a file

There are **two** ways, and *one* of them is better:

1. Read it whole.
2. Read it line by line, which needs less memory.

```rust
use std::io::BufRead;

fn lines(path: &str) -> std::io::Result<usize> {
    let file = std::io::BufReader::new(std::fs::File::open(path)?);
    Ok(file.lines().count())
}
```

| way | memory | speed |
|---|---|---|
| whole | the file | fast |
| lines | one line | fast enough |

> Measure before you choose.

More in the [documentation](https://doc.rust-lang.org/std/io/). Done ✅
";

const HOSTILE: &str = "\
<script>document.title = 'owned'</script>

<img src=x onerror=\"document.title='owned'\">

[click](javascript:document.title='owned') and [this](data:text/html;base64,PHNjcmlwdD4=)

<a href=\"https://example.com\" onclick=\"document.title='owned'\">link</a>

![image](https://example.com/tracker.png)

`<script>` in code stays code.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn named(model: &str) -> Script {
        match script(model, "a question") {
            Choice::Script(script) => *script,
            Choice::Flaky { .. } => panic!("flaky"),
        }
    }

    #[test]
    fn names_are_scripts() {
        let paced = named("tokens-100+slow-50");
        assert_eq!((paced.pieces.len(), paced.pieces_per_second), (100, Some(50.0)));
        assert_eq!(named("fault-429").status, 429);
        assert!(named("vendor/fault-hang").hangs_before_head);
        assert!(matches!(named("echo+fault-cut-after-10").acts[&10][..], [Act::Cut]));
        assert!(matches!(script("flaky-2", ""), Choice::Flaky { failures: 2 }));
        assert_eq!(named("anything").pieces.len(), 4);
    }

    #[test]
    fn every_word_of_the_help_is_understood() {
        for word in [
            "markdown",
            "hostile",
            "long-line",
            "refusal",
            "think",
            "think-tag",
            "fault-quota",
            "fault-context",
            "fault-200-json",
            "fault-html",
            "fault-garbage",
            "echo",
        ] {
            assert!(MODELS_HELP.contains(word) && answer(word, "").is_some(), "{word}");
        }
    }
}
