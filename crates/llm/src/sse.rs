//! Server-sent events: bytes in, events out.
//!
//! Knows the framing and nothing of what providers put into it. It never waits, never panics, and takes time linear in
//! the bytes whatever their chunking: a search for a line's end goes on where the last one stopped.
//!
//! It is more lenient than the standard where real servers are: a last event without its blank line counts; so do JSON
//! documents that no blank line parts (some servers forget it); bare JSON between the events (some write their errors
//! so) comes out as [`Frame::Json`]; and llama.cpp's `error:` is an event by that name.

use crate::brackets::Brackets;
use memchr::memchr2;

/// The longest line, and the longest event, in bytes. Pictures travel as base64 in one line, so it is generous.
pub const LINE_MAX_BYTES: usize = 16 * 1024 * 1024;

/// What a stream consists of. Comments are not among it: whoever reads the bytes knows that they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// An event with data.
    Event(Event),
    /// JSON that stood between the events without `data:`.
    Json(String),
}

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The value of `event:`; empty where there was none.
    pub name: String,
    /// The values of all `data:` lines, joined by line feeds. Never empty: an event without data is a heartbeat.
    pub data: String,
    /// The stream ended before the event did, so the data may be cut.
    pub unterminated: bool,
}

/// The stream is not one that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line of more than {LINE_MAX_BYTES} bytes")]
pub struct TooLong;

/// Decodes one stream. Feed it with [`push`](Self::push) and take frames with [`next_frame`](Self::next_frame) until
/// there is none; after the last byte call [`finish`](Self::finish) and take the rest.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about the stream")]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Where the unfinished line begins.
    start: usize,
    /// Up to here no line end was found.
    searched: usize,
    past_first_line: bool,
    skip_line_feed: bool,
    finished: bool,
    failed: bool,
    draft: Draft,
    json: Option<Json>,
}

/// The event that is being put together.
#[derive(Debug, Default)]
struct Draft {
    event: Event,
    has_data: bool,
    /// A name that came behind the data: the event's, or the next one's where no blank line parts the two.
    late_name: Option<String>,
}

impl Draft {
    fn name(&mut self, name: &str) {
        if self.has_data {
            self.late_name = Some(name.to_owned());
        } else {
            name.clone_into(&mut self.event.name);
        }
    }

    /// Takes a line of data. Gives the event that was there, if this line is the next one's.
    fn data(&mut self, line: &str) -> Result<Option<Frame>, TooLong> {
        let whole = self.is_whole_before(line).then(|| self.next()).flatten();
        if self.has_data {
            self.event.data.push('\n');
        }
        self.has_data = true;
        self.event.data.push_str(line);
        check_length(self.event.data.len())?;
        Ok(whole)
    }

    /// Whether the data is a document to which this line cannot belong: behind a closing brace, JSON goes on with a comma or
    /// closes more.
    fn is_whole_before(&self, line: &str) -> bool {
        let goes_on = |first: char| matches!(first, ',' | ']' | '}');
        self.event.data.ends_with('}') && line.trim_start().starts_with(|first| !goes_on(first))
    }

    /// The event without the name that came behind it.
    fn next(&mut self) -> Option<Frame> {
        let next = Event { name: self.late_name.take().unwrap_or_default(), ..Event::default() };
        let event = std::mem::replace(&mut self.event, next);
        self.has_data = false;
        (!event.data.is_empty()).then_some(Frame::Event(event))
    }

    /// The event, at its end.
    fn take(&mut self) -> Option<Frame> {
        if let Some(name) = self.late_name.take() {
            self.event.name = name;
        }
        self.next()
    }
}

/// Bare JSON being collected until its brackets balance.
#[derive(Debug, Default)]
struct Json {
    text: String,
    brackets: Brackets,
}

impl Json {
    fn push(&mut self, line: &str) {
        line.bytes().for_each(|byte| self.brackets.take(byte));
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line);
    }
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        // What was read is thrown away only when it is the greater part, so that every byte moves a constant number
        // of times.
        if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that no more bytes come: what is there counts as complete.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// The next frame that is there. After an error there is none any more.
    pub fn next_frame(&mut self) -> Option<Result<Frame, TooLong>> {
        if self.failed {
            return None;
        }
        let frame = self.advance().transpose();
        self.failed = matches!(frame, Some(Err(_)));
        frame
    }

    fn advance(&mut self) -> Result<Option<Frame>, TooLong> {
        while let Some((start, end)) = self.line()? {
            if let Some(frame) = self.read_line(start, end)? {
                return Ok(Some(frame));
            }
        }
        if !self.finished {
            return Ok(None);
        }
        if self.start < self.buffer.len() {
            let (start, end) = (self.start, self.buffer.len());
            self.start = end;
            self.searched = end;
            check_length(end - start)?;
            if let Some(frame) = self.read_line(start, end)? {
                return Ok(Some(frame));
            }
        }
        if let Some(json) = self.json.take() {
            return Ok(Some(Frame::Json(json.text)));
        }
        self.draft.event.unterminated = true;
        Ok(self.draft.take())
    }

    /// The bounds of the next complete line, without its end.
    fn line(&mut self) -> Result<Option<(usize, usize)>, TooLong> {
        if self.skip_line_feed && self.start < self.buffer.len() {
            self.skip_line_feed = false;
            if self.buffer[self.start] == b'\n' {
                self.start += 1;
                self.searched = self.searched.max(self.start);
            }
        }
        let Some(offset) = memchr2(b'\n', b'\r', &self.buffer[self.searched..]) else {
            self.searched = self.buffer.len();
            check_length(self.buffer.len() - self.start)?;
            return Ok(None);
        };
        let (start, end) = (self.start, self.searched + offset);
        check_length(end - start)?;
        // A carriage return ends its line at once; the line feed that may follow it is passed over when it comes.
        self.skip_line_feed = self.buffer[end] == b'\r';
        self.start = end + 1;
        self.searched = end + 1;
        Ok(Some((start, end)))
    }

    fn read_line(&mut self, mut start: usize, end: usize) -> Result<Option<Frame>, TooLong> {
        if !self.past_first_line {
            self.past_first_line = true;
            if self.buffer[start..end].starts_with(b"\xEF\xBB\xBF") {
                start += 3;
            }
        }
        let line = &self.buffer[start..end];
        // What was no JSON after all ends where an event begins: no line of a document begins so.
        if self.json.is_some() && (line.starts_with(b"data:") || line.starts_with(b"event:")) {
            self.json = None;
        }
        if let Some(json) = &mut self.json {
            json.push(&String::from_utf8_lossy(line));
            check_length(json.text.len())?;
            return Ok(self.balanced_json());
        }
        if line.is_empty() {
            return Ok(self.draft.take());
        }
        if line[0] == b'{' || line[0] == b'[' {
            let mut json = Json::default();
            json.push(&String::from_utf8_lossy(line));
            self.json = Some(json);
            return Ok(self.balanced_json());
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        // Only complete lines are decoded, so a character split over chunks is whole here.
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match field {
            b"data" => return self.draft.data(&value),
            b"event" => self.draft.name(&value),
            b"error" if value.starts_with('{') => {
                self.draft.name("error");
                return self.draft.data(&value);
            }
            // A comment, a field that clients of a model have no use for, or one that nobody knows.
            _ => {}
        }
        Ok(None)
    }

    fn balanced_json(&mut self) -> Option<Frame> {
        let json = self.json.take_if(|json| !json.brackets.is_open())?;
        Some(Frame::Json(json.text))
    }
}

const fn check_length(bytes: usize) -> Result<(), TooLong> {
    if bytes > LINE_MAX_BYTES { Err(TooLong) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(chunks: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<Result<Frame, TooLong>> {
        let mut decoder = Decoder::new();
        let mut frames = Vec::new();
        for chunk in chunks {
            decoder.push(chunk.as_ref());
            frames.extend(std::iter::from_fn(|| decoder.next_frame()));
        }
        decoder.finish();
        frames.extend(std::iter::from_fn(|| decoder.next_frame()));
        frames
    }

    /// The data of every event, the same for the whole and for every size of chunk.
    fn data(stream: &str) -> Vec<String> {
        let whole = decode([stream]);
        for size in [1, 2, 3, 7] {
            assert_eq!(decode(stream.as_bytes().chunks(size)), whole, "in chunks of {size}");
        }
        whole
            .into_iter()
            .map(|frame| match frame.unwrap() {
                Frame::Event(event) => event.data,
                Frame::Json(json) => format!("JSON {json}"),
            })
            .collect()
    }

    #[test]
    fn every_line_end_ends_a_line() {
        for end in ["\n", "\r\n", "\r"] {
            let stream = ["data: a", "data: b", "", "data: c", ""].map(|line| format!("{line}{end}")).concat();
            assert_eq!(data(&stream), ["a\nb", "c"], "{end:?}");
        }
        assert_eq!(data("data: a\u{2028}b\u{85}c\n\n"), ["a\u{2028}b\u{85}c"]);
    }

    #[test]
    fn comments_heartbeats_and_unknown_fields_are_no_events() {
        assert_eq!(data(": ping\n\ndata\n\ndata:\n\nid: 7\nretry: 1\nfoo: bar\n\ndata:x\n\n"), ["x"]);
    }

    #[test]
    fn only_one_space_after_the_colon_is_dropped() {
        assert_eq!(data("data:  a \n\n"), [" a "]);
    }

    #[test]
    fn a_byte_order_mark_at_the_start_is_dropped() {
        assert_eq!(data("\u{FEFF}data: a\n\ndata: \u{FEFF}b\n\n"), ["a", "\u{FEFF}b"]);
    }

    #[test]
    fn the_last_event_needs_no_blank_line() {
        assert_eq!(data("data: a\n\ndata: [DONE]"), ["a", "[DONE]"]);
        let frames = decode(["data: {\"a\":"]);
        assert_eq!(
            frames,
            [Ok(Frame::Event(Event { name: String::new(), data: "{\"a\":".into(), unterminated: true }))]
        );
    }

    #[test]
    fn names_belong_to_their_event() {
        let frames = decode(["event: ping\n\nevent: error\ndata: a\n\ndata: b\n\n"]);
        let event = |name: &str, data: &str| {
            Ok(Frame::Event(Event { name: name.into(), data: data.into(), unterminated: false }))
        };
        assert_eq!(frames, [event("error", "a"), event("", "b")]);
    }

    #[test]
    fn bare_json_is_collected_until_its_brackets_balance() {
        let stream = "data: a\n\n{\"error\": {\n  \"message\": \"a } in \\\" text\"\n}}\ndata: b\n\n";
        assert_eq!(data(stream), ["a", "JSON {\"error\": {\n  \"message\": \"a } in \\\" text\"\n}}", "b"]);
        assert_eq!(data("{\"error\":"), ["JSON {\"error\":"]);
    }

    #[test]
    fn bare_text_in_brackets_swallows_no_event() {
        assert_eq!(data("[INFO: {starting\n\ndata: a\n\n"), ["a"]);
        assert_eq!(data("{\nevent: e\ndata: a\n\n"), ["a"]);
    }

    #[test]
    fn documents_without_blank_lines_between_them_are_events_of_their_own() {
        assert_eq!(data("data: {\"a\":1}\ndata: {\"b\":2}\ndata: [DONE]\n"), ["{\"a\":1}", "{\"b\":2}", "[DONE]"]);
        let pretty = "data: [\ndata: {\"a\":\ndata: {}\ndata: }\ndata: ,{}\ndata: ]\n\n";
        assert_eq!(data(pretty), ["[\n{\"a\":\n{}\n}\n,{}\n]"]);
        let frames = decode(["event: a\ndata: {}\nevent: b\ndata: {}\n\ndata: {}\nevent: c\n\n"]);
        let names = frames.iter().map(|frame| match frame {
            Ok(Frame::Event(event)) => event.name.as_str(),
            other => panic!("{other:?}"),
        });
        assert_eq!(names.collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn the_field_by_the_name_of_error_is_an_event_by_that_name() {
        let frames = decode(["error: {\"code\":500}\n\nerror: none\n\n"]);
        let event = Event { name: "error".into(), data: "{\"code\":500}".into(), unterminated: false };
        assert_eq!(frames, [Ok(Frame::Event(event))]);
    }

    #[test]
    fn invalid_utf8_is_replaced_and_the_stream_goes_on() {
        let frames = decode([&b"data: \xFFa\n\ndata: b\n\n"[..]]);
        assert!(matches!(&frames[0], Ok(Frame::Event(event)) if event.data == "\u{FFFD}a"));
        assert_eq!(frames.len(), 2);
    }

    #[test]
    fn a_long_line_comes_whole_and_one_that_is_too_long_is_an_error() {
        let long = "x".repeat(2_000_000);
        assert_eq!(decode(format!("data: {long}\n\n").as_bytes().chunks(1000)).len(), 1);
        let endless = vec![b'x'; LINE_MAX_BYTES + 1];
        assert_eq!(decode([&endless[..]]), [Err(TooLong)]);
        assert_eq!(decode(endless.chunks(65_536)), [Err(TooLong)]);
    }

    #[test]
    fn many_short_lines_take_time_in_proportion() {
        let time = |lines: usize| {
            let started = std::time::Instant::now();
            for line in ["data:\n", "data: }\n", ":\n", "\n", "{\n", "\r"] {
                decode(line.repeat(lines).as_bytes().chunks(4096));
            }
            started.elapsed()
        };
        // Quadratic it would take four hundred times as long; a busy machine may make it a few times more than twenty.
        let (short, long) = (time(20_000), time(400_000));
        assert!(long < short * 120, "{short:?}, then {long:?}");
    }

    #[test]
    fn a_long_stream_takes_no_more_memory_than_a_short_one() {
        let (mut decoder, mut events) = (Decoder::new(), 0);
        let event = format!("data: {}\n\n", "x".repeat(1000));
        let stream = event.repeat(10_000);
        for chunk in stream.as_bytes().chunks(1461) {
            decoder.push(chunk);
            events += std::iter::from_fn(|| decoder.next_frame()).count();
        }
        assert_eq!(events, 10_000);
        assert!(decoder.buffer.capacity() < 16 * 1024, "{} bytes", decoder.buffer.capacity());
    }

    proptest! {
        #[test]
        fn nothing_panics_and_chunking_changes_nothing(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "data", ":", " ", "\n", "\r", "\r\n", "{", "}", "[", "]", "\"", "\\", "event: e", "\u{FEFF}", "ü", "🌍", "x", ": c\n",
                "data: {}\n", "data: }", "data: ,", "error: {",
            ]), 0..60),
            noise in prop::collection::vec(any::<u8>(), 0..20),
            cuts in prop::collection::vec(1_usize..9, 1..40),
        ) {
            let mut bytes = pieces.concat().into_bytes();
            bytes.extend(noise);
            let whole = decode([&bytes[..]]);
            let mut chunks = Vec::new();
            let mut rest = &bytes[..];
            for size in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, tail) = rest.split_at((*size).min(rest.len()));
                chunks.push(chunk);
                rest = tail;
            }
            prop_assert_eq!(decode(chunks), whole);
        }
    }
}
