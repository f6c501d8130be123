//! Reads an answer's stream of events as far as measuring needs it: when the first word came, and how it ended. Knows
//! the framing of both wires and no connection.

use anyhow::Context as _;
use serde_json::Value;

/// Whose framing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// `event: chunk`, then its data, and `event: done` at the end.
    Lia,
    /// `data:` with a delta, and `data: [DONE]` at the end.
    Provider,
}

/// How far an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Not a word.
    Waiting,
    /// The first word has come.
    Speaking,
    /// The end mark has come.
    Complete,
    /// It said that it failed.
    Failed,
}

/// One answer's reader.
#[derive(Debug)]
pub(crate) struct Reader {
    wire: Wire,
    progress: Progress,
    /// The line whose end has not come.
    line: Vec<u8>,
    /// All bytes, of an answer that is looked at closely.
    kept: Option<Vec<u8>>,
}

impl Reader {
    /// A reader at the beginning; `keep` for an answer whose text is wanted in the end.
    pub(crate) fn new(wire: Wire, keep: bool) -> Self {
        Self { wire, progress: Progress::Waiting, line: Vec::new(), kept: keep.then(Vec::new) }
    }

    /// Takes the next bytes and says how far the answer has come.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Progress {
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
        }
        let mut begin = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            if self.line.is_empty() {
                self.progress = judge(self.wire, self.progress, &bytes[begin..end]);
            } else {
                self.line.extend_from_slice(&bytes[begin..end]);
                self.progress = judge(self.wire, self.progress, &self.line);
                self.line.clear();
            }
            begin = end + 1;
        }
        self.line.extend_from_slice(&bytes[begin..]);
        self.progress
    }

    /// The conversation and the text of an answer of Lia's that was kept.
    pub(crate) fn answer(&self) -> anyhow::Result<Option<Answer>> {
        let Some(kept) = &self.kept else { return Ok(None) };
        let (mut name, mut answer) = ("", Answer::default());
        for line in std::str::from_utf8(kept)?.lines() {
            if let Some(event) = line.strip_prefix("event: ") {
                name = event;
            } else if let Some(data) = line.strip_prefix("data: ") {
                let data: Value = serde_json::from_str(data).context("an event without JSON")?;
                let text = |field: &str| data.get(field).and_then(Value::as_str).unwrap_or_default();
                match name {
                    "start" => text("conversation_id").clone_into(&mut answer.conversation),
                    "chunk" => answer.text.push_str(text("content")),
                    _ => {}
                }
            }
        }
        Ok(Some(answer))
    }
}

/// What an answer said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Its conversation.
    pub(crate) conversation: String,
    /// All of its text.
    pub(crate) text: String,
}

fn judge(wire: Wire, progress: Progress, line: &[u8]) -> Progress {
    match (wire, progress) {
        (_, Progress::Complete | Progress::Failed) => progress,
        (Wire::Lia, Progress::Waiting) if line == b"event: chunk" => Progress::Speaking,
        (Wire::Lia, _) if line == b"event: error" => Progress::Failed,
        (Wire::Lia, Progress::Speaking) if line == b"event: done" => Progress::Complete,
        (Wire::Provider, Progress::Waiting) if speaks(line) => Progress::Speaking,
        (Wire::Provider, Progress::Speaking) if line == b"data: [DONE]" => Progress::Complete,
        _ => progress,
    }
}

/// Whether a delta has a word in it: the first one only says who speaks.
fn speaks(line: &[u8]) -> bool {
    const CONTENT: &[u8] = b"\"content\":\"";
    memchr::memmem::find(line, CONTENT).is_some_and(|at| line.get(at + CONTENT.len()).is_some_and(|byte| *byte != b'"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIA: &str = "event: start\nid: 1\ndata: {\"conversation_id\":\"c\"}\n\nevent: chunk\nid: 2\n\
                       data: {\"content\":\"one \"}\n\nevent: chunk\nid: 3\ndata: {\"content\":\"two\"}\n\n\
                       event: done\nid: 4\ndata: {\"finish_reason\":\"stop\"}\n\n";
    const PROVIDER: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n\
                            data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\ndata: [DONE]\n\n";

    #[test]
    fn an_answer_is_understood_however_it_is_cut() {
        for (wire, stream) in [(Wire::Lia, LIA), (Wire::Provider, PROVIDER)] {
            for size in [1, 7, stream.len()] {
                let mut reader = Reader::new(wire, true);
                let mut seen: Vec<_> = stream.as_bytes().chunks(size).map(|bytes| reader.push(bytes)).collect();
                seen.dedup();
                assert_eq!(seen.last(), Some(&Progress::Complete), "{wire:?} {size}");
                assert!(size > 7 || seen == [Progress::Waiting, Progress::Speaking, Progress::Complete]);
            }
        }
    }

    #[test]
    fn the_opening_delta_is_no_word() {
        let opening = &PROVIDER[..=PROVIDER.find('\n').unwrap()];
        assert_eq!(Reader::new(Wire::Provider, false).push(opening.as_bytes()), Progress::Waiting);
    }

    #[test]
    fn a_failure_is_no_answer() {
        let mut reader = Reader::new(Wire::Lia, false);
        assert_eq!(reader.push(b"event: error\ndata: {}\n\n"), Progress::Failed);
        assert_eq!(reader.push(b"event: done\n"), Progress::Failed);
    }

    #[test]
    fn what_was_kept_is_put_together() {
        let mut reader = Reader::new(Wire::Lia, true);
        reader.push(LIA.as_bytes());
        let answer = reader.answer().unwrap().unwrap();
        assert_eq!(answer, Answer { conversation: "c".into(), text: "one two".into() });
        assert_eq!(Reader::new(Wire::Lia, false).answer().unwrap(), None);
    }
}
