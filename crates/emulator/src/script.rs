//! What an answer consists of and what goes wrong in it, in no wire's terms.

use crate::gate::Gate;
use bytes::Bytes;
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// One answer. Made by [`text`](Self::text) or one of the other beginnings, then bent by the methods. Where a method takes
/// a number of pieces, the fault comes after so many of them; a piece is a word, as a token is with real providers.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a way to go wrong by itself")]
pub struct Script {
    /// Only a request with this in its path or body gets it.
    pub(crate) asked_for: Option<String>,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// Instead of an answer on the wire: these bytes.
    pub(crate) body: Option<Bytes>,
    /// Instead of an answer: this failure, in the wire's words.
    pub(crate) failure: Option<Failure>,
    pub(crate) pieces: Vec<Piece>,
    /// What happens after how many pieces.
    pub(crate) acts: BTreeMap<usize, Vec<Act>>,
    pub(crate) finish: Option<Finish>,
    pub(crate) with_usage: bool,
    pub(crate) with_end_mark: bool,
    pub(crate) pieces_per_second: Option<f64>,
    pub(crate) chunk_bytes: Option<usize>,
    /// One JSON document in place of a stream.
    pub(crate) is_whole: bool,
    pub(crate) line_end: &'static str,
    pub(crate) hangs_before_head: bool,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Thought(String),
    Refusal(String),
}

/// A failure in no wire's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// OpenAI's `type`.
    pub(crate) kind: &'static str,
    /// OpenAI's `code`.
    pub(crate) code: &'static str,
    /// Google's `status`.
    pub(crate) google: &'static str,
    pub(crate) message: &'static str,
}

impl Failure {
    pub(crate) const fn of(status: u16) -> Self {
        let (kind, code, google, message) = match status {
            401 => ("authentication_error", "invalid_api_key", "UNAUTHENTICATED", "The key is not valid."),
            402 => ("billing_error", "payment_required", "FAILED_PRECONDITION", "The account is out of credit."),
            403 => ("permission_error", "permission_denied", "PERMISSION_DENIED", "The key may not use this model."),
            404 => ("not_found_error", "model_not_found", "NOT_FOUND", "The model does not exist."),
            408 | 504 => ("timeout_error", "timeout", "DEADLINE_EXCEEDED", "The request took too long."),
            413 => ("request_too_large", "request_too_large", "INVALID_ARGUMENT", "The request is too large."),
            429 => ("rate_limit_error", "rate_limit_exceeded", "RESOURCE_EXHAUSTED", "Too many requests."),
            503 | 529 => ("overloaded_error", "server_is_overloaded", "UNAVAILABLE", "The server is overloaded."),
            500.. => ("api_error", "server_error", "INTERNAL", "The server had an error."),
            _ => ("invalid_request_error", "invalid_value", "INVALID_ARGUMENT", "The request is not valid."),
        };
        Self { kind, code, google, message }
    }

    /// A conversation that is too long.
    pub(crate) const CONTEXT: Self = Self {
        kind: "invalid_request_error",
        code: "context_length_exceeded",
        google: "INVALID_ARGUMENT",
        message: "prompt is too long: this model's maximum context length is 8192 tokens",
    };

    /// An account without credit.
    pub(crate) const QUOTA: Self = Self {
        kind: "insufficient_quota",
        code: "insufficient_quota",
        google: "RESOURCE_EXHAUSTED",
        message: "You exceeded your current quota.",
    };
}

/// Something that happens between two pieces.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Comment(String),
    Pause(Duration),
    Gate(Gate),
    /// Until somebody calls for a release.
    Hold,
    /// An error object in the wire's framing.
    Error(Value),
    /// A failure as the wire's bare JSON, between the events.
    Bare(Failure),
    /// Bytes as they are.
    Raw(Bytes),
    /// Silence until the client goes.
    Hang,
    /// An orderly end of the body, wherever the answer is.
    Cut,
    /// The body breaks off: the connection closes without the end of the body.
    Abort,
    /// The connection is reset.
    Reset,
}

/// The pieces of an answer put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) text: String,
    pub(crate) thought: String,
    pub(crate) refusal: String,
}

impl Whole {
    pub(crate) fn of(pieces: &[Piece]) -> Self {
        let mut whole = Self::default();
        for piece in pieces {
            match piece {
                Piece::Text(text) => whole.text.push_str(text),
                Piece::Thought(text) => whole.thought.push_str(text),
                Piece::Refusal(text) => whole.refusal.push_str(text),
            }
        }
        whole
    }
}

/// Why an answer ends; each wire has its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    Length,
    ContentFilter,
}

impl Script {
    /// A good answer, one piece a word.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::pieces(words(text.as_ref()).map(Piece::Text).collect())
    }

    /// A good answer of so many pieces.
    pub fn tokens(count: usize) -> Self {
        Self::pieces((0..count).map(|index| Piece::Text(format!("token{index} "))).collect())
    }

    /// Words with which a model declines.
    pub fn refusal(text: impl AsRef<str>) -> Self {
        Self::pieces(words(text.as_ref()).map(Piece::Refusal).collect())
    }

    /// A failure before the answer.
    pub fn status(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, ..Self::body(body) }.header("content-type", "application/json")
    }

    /// A failure before the answer, as the wire's provider would put it: 401 is a wrong key, 429 too many requests with a
    /// wait of one second, and so on.
    pub fn failure(status: u16) -> Self {
        let script = Self { status, failure: Some(Failure::of(status)), ..Self::pieces(Vec::new()) };
        let script = script.header("x-request-id", "req_emulated");
        if matches!(status, 429 | 503) { script.header("retry-after", "1") } else { script }
    }

    /// Bytes as they are, with status 200 and as a stream of events.
    pub fn body(body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..Self::pieces(Vec::new()) }
    }

    fn pieces(pieces: Vec<Piece>) -> Self {
        Self {
            asked_for: None,
            status: 200,
            headers: Vec::new(),
            body: None,
            failure: None,
            pieces,
            acts: BTreeMap::new(),
            finish: Some(Finish::Stop),
            with_usage: true,
            with_end_mark: true,
            pieces_per_second: None,
            chunk_bytes: None,
            is_whole: false,
            line_end: "\n",
            hangs_before_head: false,
        }
    }

    /// Only for a request that has this in its path or its body; others get the next script in the queue.
    #[must_use]
    pub fn asked_for(mut self, text: impl Into<String>) -> Self {
        self.asked_for = Some(text.into());
        self
    }

    /// Thoughts before the answer.
    #[must_use]
    pub fn thought(mut self, text: impl AsRef<str>) -> Self {
        self.pieces.splice(0..0, words(text.as_ref()).map(Piece::Thought));
        self
    }

    /// A header of the response.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// So many pieces a second.
    #[must_use]
    pub const fn pace(mut self, pieces_per_second: f64) -> Self {
        self.pieces_per_second = Some(pieces_per_second);
        self
    }

    /// The body in chunks of so many bytes, whatever they cut.
    #[must_use]
    pub const fn chunks(mut self, bytes: usize) -> Self {
        self.chunk_bytes = Some(bytes);
        self
    }

    /// Lines end with CR LF.
    #[must_use]
    pub const fn crlf(mut self) -> Self {
        self.line_end = "\r\n";
        self
    }

    /// One JSON document in place of a stream.
    #[must_use]
    pub const fn whole(mut self) -> Self {
        self.is_whole = true;
        self
    }

    /// No count of tokens.
    #[must_use]
    pub const fn without_usage(mut self) -> Self {
        self.with_usage = false;
        self
    }

    /// No end mark, such as `[DONE]`.
    #[must_use]
    pub const fn without_end_mark(mut self) -> Self {
        self.with_end_mark = false;
        self
    }

    /// It never says why it ends.
    #[must_use]
    pub const fn without_finish(mut self) -> Self {
        self.finish = None;
        self
    }

    /// It ends at the limit of tokens.
    #[must_use]
    pub const fn at_length(mut self) -> Self {
        self.finish = Some(Finish::Length);
        self
    }

    /// A filter ends it.
    #[must_use]
    pub const fn filtered(mut self) -> Self {
        self.finish = Some(Finish::ContentFilter);
        self
    }

    /// Nothing comes at all, not even a status.
    #[must_use]
    pub const fn hang_at_once(mut self) -> Self {
        self.hangs_before_head = true;
        self
    }

    /// A comment after so many pieces.
    #[must_use]
    pub fn comment(self, after: usize, text: impl Into<String>) -> Self {
        self.act(after, Act::Comment(text.into()))
    }

    /// A pause after so many pieces.
    #[must_use]
    pub fn pause(self, after: usize, pause: Duration) -> Self {
        self.act(after, Act::Pause(pause))
    }

    /// A gate after so many pieces.
    #[must_use]
    pub fn gate(self, after: usize, gate: &Gate) -> Self {
        self.act(after, Act::Gate(gate.clone()))
    }

    /// An error object inside the stream after so many pieces; the stream then ends.
    #[must_use]
    pub fn error(self, after: usize, error: Value) -> Self {
        self.act(after, Act::Error(error)).act(after, Act::Cut)
    }

    /// Bytes as they are after so many pieces.
    #[must_use]
    pub fn raw(self, after: usize, bytes: impl Into<Bytes>) -> Self {
        self.act(after, Act::Raw(bytes.into()))
    }

    /// Silence after so many pieces.
    #[must_use]
    pub fn hang(self, after: usize) -> Self {
        self.act(after, Act::Hang)
    }

    /// An orderly end of the body after so many pieces.
    #[must_use]
    pub fn cut(self, after: usize) -> Self {
        self.act(after, Act::Cut)
    }

    /// A body that breaks off after so many pieces.
    #[must_use]
    pub fn abort(self, after: usize) -> Self {
        self.act(after, Act::Abort)
    }

    /// A reset connection after so many pieces.
    #[must_use]
    pub fn reset(self, after: usize) -> Self {
        self.act(after, Act::Reset)
    }

    /// The rest of the answer after its beginning, where this is how it begins.
    pub(crate) fn go_on_after(mut self, beginning: &str) -> Option<Self> {
        let text = Whole::of(&self.pieces).text;
        if beginning.is_empty() || beginning.len() >= text.len() || !text.starts_with(beginning) {
            return None;
        }
        let (mut left, mut gone) = (beginning.len(), 0);
        self.pieces.retain_mut(|piece| {
            let Piece::Text(text) = piece else { return true };
            let cut = left.min(text.len());
            left -= cut;
            text.drain(..cut);
            gone += usize::from(text.is_empty());
            !text.is_empty()
        });
        self.acts = self
            .acts
            .into_iter()
            .filter(|(after, _)| *after > gone)
            .map(|(after, acts)| (after - gone, acts))
            .collect();
        Some(self)
    }

    pub(crate) fn act(mut self, after: usize, act: Act) -> Self {
        self.acts.entry(after).or_default().push(act);
        self
    }
}

/// The words of a text, each with the white space that follows it: together they are the text.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        let end = rest[start..].find(char::is_whitespace).map_or(rest.len(), |space| {
            let space = start + space;
            rest[space..].find(|c: char| !c.is_whitespace()).map_or(rest.len(), |word| space + word)
        });
        let (word, tail) = rest.split_at(end);
        rest = tail;
        (!word.is_empty()).then(|| word.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_on_where_its_beginning_ends() {
        let rest = |beginning: &str| {
            let script = Script::text("one two three").cut(1).hang(2).go_on_after(beginning)?;
            Some((Whole::of(&script.pieces).text, script.acts.keys().copied().collect::<Vec<_>>()))
        };
        assert_eq!(rest("one "), Some(("two three".to_owned(), vec![1])));
        assert_eq!(rest("one tw"), Some(("o three".to_owned(), vec![1])));
        for other in ["", "two", "one two three"] {
            assert_eq!(rest(other), None, "{other}");
        }
    }

    #[test]
    fn words_together_are_the_text() {
        for text in ["", " ", "a", " a  b\n\nc ", "ü ö"] {
            assert_eq!(words(text).collect::<String>(), text);
        }
        assert_eq!(words("a b c").count(), 3);
    }
}
