//! The wires that providers speak, as a closed set. Each one is a file that writes requests and reads answers; here they
//! are only told apart, and what they have in common is read.

use crate::{
    Error, ErrorKind, anthropic, chat, failure, gemini, output::Output, responses, sse::Event, surrogates::mend,
};
use serde_json::{Map, Value};

/// What OpenAI writes behind the last event.
const END_MARK: &str = "[DONE]";

/// A wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// OpenAI Chat Completions, which most servers speak.
    Chat,
    /// OpenAI Responses.
    Responses,
    /// Google Gemini.
    Gemini,
    /// Anthropic Messages.
    Anthropic,
}

/// What reads an answer on a wire; one for each response.
#[derive(Debug)]
pub(crate) enum Reader {
    Chat(chat::Reader),
    Responses(responses::Reader),
    Gemini(gemini::Reader),
    Anthropic(anthropic::Reader),
}

impl Wire {
    /// What reads a response on this wire.
    pub(crate) fn reader(self) -> Reader {
        match self {
            Self::Chat => Reader::Chat(chat::Reader::default()),
            Self::Responses => Reader::Responses(responses::Reader::default()),
            Self::Gemini => Reader::Gemini(gemini::Reader),
            Self::Anthropic => Reader::Anthropic(anthropic::Reader::default()),
        }
    }

    /// Whether an answer without a word that claims to be complete is a known mishap of this wire.
    pub(crate) const fn retries_silence(self) -> bool {
        match self {
            Self::Gemini => true,
            Self::Chat | Self::Responses | Self::Anthropic => false,
        }
    }

    /// Whether the reason why an answer ended is not enough: what each wire's end mark is, without which a stream that
    /// ends is interrupted.
    ///
    /// - Chat Completions: the reason (`finish_reason`). `[DONE]` follows it with most servers and never with others
    ///   (gpustack, Perplexity), so a stream that ends between the two is complete. Where no reason ever came, `[DONE]`
    ///   after some words is an end of an unknown kind. Ollama's own lines: the one with `"done": true`.
    /// - Responses: one of the events `response.completed`, `response.incomplete` and `response.failed`, which hold the
    ///   reason.
    /// - Gemini: the reason (`finishReason`, or `blockReason` for a question that is refused). The wire has no mark beyond
    ///   it but the orderly end of the body; a body that breaks off is interrupted even then, for more may have been
    ///   to come.
    /// - Anthropic: `message_stop`. Every server of this wire sends it, right after the `message_delta` with the reason,
    ///   and an error may come in its place. (A gateway's `[DONE]`, or a whole message in place of a stream, will do.)
    pub(crate) const fn needs_end_mark(self) -> bool {
        match self {
            Self::Anthropic => true,
            Self::Chat | Self::Responses | Self::Gemini => false,
        }
    }

    /// The field of a request that a refusal names, where it is one that can be left out.
    pub(crate) fn refused_field(
        self,
        body: &Map<String, Value>,
        is_named: impl Fn(&str) -> bool,
    ) -> Option<&'static str> {
        let (fields, body) = match self {
            Self::Chat => (&chat::REFUSABLE[..], Some(body)),
            Self::Responses => (&responses::REFUSABLE[..], Some(body)),
            Self::Anthropic => (&anthropic::REFUSABLE[..], Some(body)),
            Self::Gemini => (&gemini::REFUSABLE[..], gemini::settings(body)),
        };
        let body = body?;
        fields.iter().copied().find(|field| body.contains_key(*field) && is_named(field))
    }

    /// The limit of tokens of a request, where this wire wants one and leaving it out is no way out.
    pub(crate) fn required_max_tokens(self, body: &Map<String, Value>) -> Option<u32> {
        match self {
            Self::Anthropic => body.get("max_tokens")?.as_u64().and_then(|limit| u32::try_from(limit).ok()),
            Self::Chat | Self::Responses | Self::Gemini => None,
        }
    }

    /// Asks for so many tokens at most, where this wire wants a limit.
    pub(crate) fn lower_max_tokens(self, body: &mut Map<String, Value>, limit: u32) {
        if let Some(sent) = self.required_max_tokens(body) {
            body.insert("max_tokens".into(), sent.min(limit).into());
        }
    }

    /// Leaves out a field that the server refuses, or says it in other words unless those were refused before.
    pub(crate) fn leave_out(self, body: &mut Map<String, Value>, field: &str, refused_before: &[&str]) {
        match self {
            Self::Chat => chat::leave_out(body, field, refused_before),
            Self::Responses | Self::Anthropic => drop(body.remove(field)),
            Self::Gemini => gemini::leave_out(body, field),
        }
    }
}

impl Reader {
    /// Reads an event. Data that is no JSON is somebody's heartbeat; JSON that is cut by the end of the stream is left to
    /// the end of the stream to judge.
    pub(crate) fn event(&mut self, event: &Event, output: &mut Output) -> Result<(), Error> {
        let Some(mended) = mend(&event.data, output.half.as_ref()) else { return self.whole(event, output) };
        output.half = output.half.take().filter(|_| !mended.is_joined);
        let event = Event { name: event.name.clone(), data: mended.json, unterminated: event.unterminated };
        let read = self.whole(&event, output);
        output.half = mended.half.or(output.half.take());
        read
    }

    fn whole(&mut self, event: &Event, output: &mut Output) -> Result<(), Error> {
        let data = event.data.trim();
        if event.name == "error" && !data.starts_with('{') {
            return Err(Error::new(ErrorKind::Unavailable, data));
        }
        // A list of pieces, as gateways pass it on.
        if let Some(list) = data.starts_with('[').then(|| serde_json::from_str(data).ok()).flatten() {
            return self.pieces(list, output);
        }
        // The end mark of one wire; gateways put it on every other.
        output.ended |= data == END_MARK;
        let result = match self {
            Self::Chat(reader) => reader.event(event, output),
            Self::Responses(reader) => document(event).and_then(|data| reader.event(&data, output)),
            Self::Gemini(reader) => document(event).and_then(|data| reader.event(&data, output)),
            Self::Anthropic(reader) => document(event).and_then(|data| reader.event(&data, output)),
        };
        if event.unterminated && result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Protocol) {
            return Ok(());
        }
        result
    }

    /// Reads what stood in brackets between the events: a document, or a line of somebody's log.
    pub(crate) fn stray(&mut self, text: &str, output: &mut Output) -> Result<(), Error> {
        match self.json(text, output) {
            Err(error) if matches!(error.kind(), ErrorKind::Protocol | ErrorKind::Interrupted) => Ok(()),
            read => read,
        }
    }

    /// Reads JSON that came without the framing of events: an error, or the whole answer as one document or as a list.
    pub(crate) fn json(&mut self, json: &str, output: &mut Output) -> Result<(), Error> {
        if json.trim() == END_MARK {
            return self.event(&Event { data: json.into(), ..Event::default() }, output);
        }
        let mended = mend(json, output.half.as_ref());
        let json = mended.as_ref().map_or(json, |mended| &mended.json);
        let document: Value = serde_json::from_str(json).map_err(|error| {
            let kind = if error.is_eof() { ErrorKind::Interrupted } else { ErrorKind::Protocol };
            Error::new(kind, format!("no JSON: {error}"))
        })?;
        output.half = output.half.take().filter(|_| mended.as_ref().is_none_or(|mended| !mended.is_joined));
        let read = self.pieces(document, output);
        output.half = mended.and_then(|mended| mended.half).or(output.half.take());
        read
    }

    fn pieces(&mut self, document: Value, output: &mut Output) -> Result<(), Error> {
        if let Some(object) = failure::find(&document) {
            return Err(failure::from_event(object));
        }
        let parts = if let Value::Array(parts) = document { parts } else { vec![document] };
        // A list in a list is nobody's answer.
        parts.into_iter().filter(Value::is_object).try_for_each(|part| {
            let event = Event { data: part.to_string(), ..Event::default() };
            self.event(&event, output)
        })
    }

    /// The stream has ended: gives out what was held back.
    pub(crate) fn end(&mut self, output: &mut Output) {
        match self {
            Self::Chat(reader) => reader.end(output),
            Self::Anthropic(reader) => reader.end(output),
            Self::Responses(_) | Self::Gemini(_) => {}
        }
    }

    /// Whether only formalities follow the reason why the answer ended.
    pub(crate) const fn ends_soon_after_finish(&self) -> bool {
        match self {
            Self::Chat(_) | Self::Responses(_) | Self::Anthropic(_) => true,
            // It may run code after the reason, and then go on.
            Self::Gemini(_) => false,
        }
    }
}

/// The JSON of an event; null for data that is none. An error in it is that error.
fn document(event: &Event) -> Result<Value, Error> {
    let data = event.data.trim();
    if !data.starts_with('{') {
        return Ok(Value::Null);
    }
    let document: Value =
        serde_json::from_str(data).map_err(|error| Error::new(ErrorKind::Protocol, format!("no JSON: {error}")))?;
    match failure::find(&document) {
        Some(object) => Err(failure::from_event(object)),
        None if event.name == "error" => Err(failure::from_event(&document)),
        None => Ok(document),
    }
}

/// A string in a document; empty where there is none.
pub(crate) fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The items of a list in a document; none where there is no list.
pub(crate) fn list<'a>(document: &'a Value, pointer: &str) -> &'a [Value] {
    document.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sse::{Decoder, Frame};
    use proptest::prelude::*;

    const WIRES: [Wire; 4] = [Wire::Chat, Wire::Responses, Wire::Gemini, Wire::Anthropic];

    /// JSON out of the words that the wires know, in shapes that nobody has sent yet.
    fn document() -> impl Strategy<Value = Value> {
        let words = [
            "choices",
            "delta",
            "message",
            "content",
            "finish_reason",
            "usage",
            "error",
            "type",
            "candidates",
            "parts",
            "text",
            "thought",
            "response",
            "output",
            "status",
            "failed",
            "stop",
            "index",
            "reasoning",
            "code",
            "details",
            "message_delta",
            "content_block_delta",
            "response.completed",
            "error",
            "<think>",
            "\u{0}",
            "prompt_tokens",
            "usageMetadata",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            prop::sample::select(words.to_vec()).prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, move |inner| {
            let keys = prop::sample::select(words.to_vec()).prop_map(String::from);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::vec((keys, inner), 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_document_makes_a_reader_panic(documents in prop::collection::vec(document(), 1..5), name in "(|error|ping)") {
            for wire in WIRES {
                let (mut reader, mut output) = (wire.reader(), Output::default());
                for document in &documents {
                    let event = Event { name: name.clone(), data: document.to_string(), unterminated: false };
                    let _ = reader.event(&event, &mut output);
                    let _ = reader.json(&document.to_string(), &mut output);
                }
                reader.end(&mut output);
            }
        }

        #[test]
        fn no_bytes_make_a_reader_panic(text in "(data: |event: |[{}\\[\\]\":,\n]|choices|delta|content|\\PC){0,80}") {
            for wire in WIRES {
                let (mut reader, mut output, mut decoder) = (wire.reader(), Output::default(), Decoder::new());
                decoder.push(text.as_bytes());
                decoder.finish();
                while let Some(Ok(frame)) = decoder.next_frame() {
                    let _ = match frame {
                        Frame::Event(event) => reader.event(&event, &mut output),
                        Frame::Json(json) => reader.json(&json, &mut output),
                    };
                }
            }
        }
    }
}
