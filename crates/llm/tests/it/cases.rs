//! Answers as providers give them, in our own words, with what a client must end up with; and every way to pass them on:
//! in chunks of every size, with every line end, cut behind and inside of every event, with comments and events from
//! tomorrow anywhere.

mod accents;
mod chat;
mod others;
mod responses;

use crate::{
    kit::{Outcome, providers, quick, request},
    server::{Play, Server},
};
use emulator::{Emulator, Script};
use llm::{ErrorKind, Finish, Kind, Limits, Provider};
use serde_json::Value;

/// How the pieces of an answer are put together.
#[derive(Clone, Copy, PartialEq)]
enum Framing {
    /// As events: `data:` lines.
    Events,
    /// As events with the name that is their `type`.
    NamedEvents,
    /// As the items of one JSON array.
    List,
    /// As JSON, a line each.
    Lines,
}

/// One answer, told event by event.
pub(crate) struct Case {
    about: &'static str,
    kind: Kind,
    model: &'static str,
    framing: Framing,
    pieces: Vec<Piece>,
    /// After so many pieces the answer is complete, whatever follows.
    complete_after: usize,
    finish: Option<Finish>,
    /// After so many pieces it has failed, and how.
    failure: Option<(usize, ErrorKind)>,
    tokens: Option<(u64, u64)>,
    cost_micros: Option<u64>,
}

/// One event, and what it adds to the answer.
#[derive(Default)]
struct Piece {
    bytes: String,
    text: &'static str,
    thought: &'static str,
    refusal: &'static str,
}

impl Case {
    fn new(about: &'static str, kind: Kind, model: &'static str, framing: Framing) -> Self {
        Self {
            about,
            kind,
            model,
            framing,
            pieces: Vec::new(),
            complete_after: usize::MAX,
            finish: None,
            failure: None,
            tokens: None,
            cost_micros: None,
        }
    }

    pub(crate) fn chat(about: &'static str) -> Self {
        Self::new(about, Kind::OpenAi, "m", Framing::Events)
    }

    pub(crate) fn ollama(about: &'static str) -> Self {
        Self::new(about, Kind::Ollama, "m", Framing::Lines)
    }

    pub(crate) fn responses(about: &'static str) -> Self {
        Self::new(about, Kind::OpenAi, "gpt-5-pro", Framing::NamedEvents)
    }

    pub(crate) fn anthropic(about: &'static str) -> Self {
        Self::new(about, Kind::Anthropic, "m", Framing::NamedEvents)
    }

    pub(crate) fn gemini(about: &'static str) -> Self {
        Self::new(about, Kind::Gemini, "m", Framing::Events)
    }

    pub(crate) fn gemini_list(about: &'static str) -> Self {
        Self::new(about, Kind::Gemini, "m", Framing::List)
    }

    fn piece(mut self, data: &Value, mut piece: Piece) -> Self {
        let bytes = match self.framing {
            Framing::Events => format!("data: {data}\n\n"),
            Framing::NamedEvents => format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default()),
            Framing::List => format!("{}{data:#}", if self.pieces.is_empty() { "[" } else { ",\n" }),
            Framing::Lines => format!("{data}\n"),
        };
        piece.bytes = bytes;
        self.pieces.push(piece);
        self
    }

    /// An event that adds nothing to the answer.
    pub(crate) fn event(self, data: &Value) -> Self {
        self.piece(data, Piece::default())
    }

    /// An event with more of the text.
    pub(crate) fn says(self, text: &'static str, data: &Value) -> Self {
        self.piece(data, Piece { text, ..Piece::default() })
    }

    /// An event with more of the thought.
    pub(crate) fn thinks(self, thought: &'static str, data: &Value) -> Self {
        self.piece(data, Piece { thought, ..Piece::default() })
    }

    /// An event with more of a refusal.
    pub(crate) fn declines(self, refusal: &'static str, data: &Value) -> Self {
        self.piece(data, Piece { refusal, ..Piece::default() })
    }

    /// An event as it is written, with more of the text.
    pub(crate) fn says_raw(mut self, text: &'static str, bytes: &str) -> Self {
        self.pieces.push(Piece { bytes: bytes.into(), text, ..Piece::default() });
        self
    }

    /// Bytes as they are.
    pub(crate) fn raw(mut self, bytes: &str) -> Self {
        self.pieces.push(Piece { bytes: bytes.into(), ..Piece::default() });
        self
    }

    /// What was told so far is a complete answer.
    pub(crate) fn complete(mut self, finish: Finish) -> Self {
        self.complete_after = self.pieces.len();
        self.finish = Some(finish);
        self
    }

    /// The last event is a failure of the answer.
    pub(crate) fn fails(mut self, kind: ErrorKind) -> Self {
        self.failure = Some((self.pieces.len(), kind));
        self
    }

    pub(crate) fn counts(mut self, input: u64, output: u64) -> Self {
        self.tokens = Some((input, output));
        self
    }

    pub(crate) fn costs(mut self, micros: u64) -> Self {
        self.cost_micros = Some(micros);
        self
    }

    fn body(&self, pieces: usize) -> String {
        self.pieces[..pieces].iter().map(|piece| piece.bytes.as_str()).collect()
    }

    fn whole(&self) -> String {
        self.body(self.pieces.len()) + if self.framing == Framing::List { "\n]\n" } else { "" }
    }

    /// What a client has of the answer after so many pieces and an orderly end.
    fn check(&self, outcome: &Outcome, pieces: usize, how: &str) {
        self.check_end(outcome, pieces, pieces >= self.complete_after, how);
    }

    fn check_end(&self, outcome: &Outcome, pieces: usize, is_complete: bool, how: &str) {
        let said = |part: fn(&Piece) -> &str| self.pieces[..pieces].iter().map(part).collect::<String>();
        let about = self.about;
        assert_eq!(outcome.text, said(|piece| piece.text), "{about} {how}");
        assert_eq!(outcome.thought, said(|piece| piece.thought), "{about} {how}");
        assert_eq!(outcome.refusal, said(|piece| piece.refusal), "{about} {how}");
        let kind = match self.failure {
            Some((after, kind)) if pieces >= after => Some(kind),
            _ => (!is_complete).then_some(ErrorKind::Interrupted),
        };
        assert_eq!(outcome.error.as_ref().map(llm::Error::kind), kind, "{about} {how}: {outcome:?}");
        assert_eq!(outcome.finish, if kind.is_some() { None } else { self.finish.clone() }, "{about} {how}");
    }

    fn check_whole(&self, outcome: &Outcome, how: &str) {
        self.check(outcome, self.pieces.len(), how);
        let usage = outcome.usage.filter(|usage| !usage.estimated);
        let tokens = usage.map(|usage| (usage.input_tokens.unwrap(), usage.output_tokens.unwrap()));
        assert_eq!(tokens, self.tokens, "{} {how}", self.about);
        assert_eq!(outcome.usage.and_then(|usage| usage.cost_micros), self.cost_micros, "{} {how}", self.about);
    }

    fn is_events(&self) -> bool {
        matches!(self.framing, Framing::Events | Framing::NamedEvents)
    }
}

/// An emulator that passes bodies on, and a provider to read them; nothing is asked twice.
struct Door {
    emulator: Emulator,
    providers: Vec<(Kind, llm::Providers)>,
}

impl Door {
    async fn open() -> Self {
        let emulator = Emulator::start().await;
        let limits = Limits { attempts: 1, ..quick() };
        let providers =
            Kind::ALL.iter().map(|kind| (*kind, providers(&emulator, *kind, limits.clone()))).collect::<Vec<_>>();
        Self { emulator, providers }
    }

    fn provider(&self, kind: Kind) -> &Provider {
        self.providers.iter().find(|(found, _)| *found == kind).unwrap().1.default()
    }

    async fn pass(&self, case: &Case, script: Script) -> Outcome {
        let content_type = match case.framing {
            Framing::Events | Framing::NamedEvents => "text/event-stream",
            Framing::List => "application/json; charset=UTF-8",
            Framing::Lines => "application/x-ndjson",
        };
        self.emulator.script(script.header("content-type", content_type));
        Outcome::of(self.provider(case.kind).stream(request(case.model))).await
    }
}

fn cases() -> Vec<Case> {
    [chat::cases(), accents::cases(), responses::cases(), others::cases()].into_iter().flatten().collect()
}

/// The whole bodies of all of them.
pub(crate) fn bodies() -> Vec<String> {
    cases().iter().map(Case::whole).collect()
}

#[tokio::test]
async fn every_case_comes_out_the_same_at_every_chunking_and_line_end() {
    let door = Door::open().await;
    for case in cases() {
        for size in [None, Some(1), Some(2), Some(3), Some(7)] {
            let script = size.into_iter().fold(Script::body(case.whole()), Script::chunks);
            case.check_whole(&door.pass(&case, script).await, &format!("in chunks of {size:?}"));
        }
        for end in ["\r\n", "\r"] {
            let script = Script::body(case.whole().replace('\n', end)).chunks(5);
            case.check_whole(&door.pass(&case, script).await, &format!("with {end:?}"));
        }
    }
}

#[tokio::test]
async fn a_case_that_is_cut_is_interrupted_with_its_text() {
    let door = Door::open().await;
    for case in cases() {
        for pieces in 0..case.pieces.len() {
            let body = case.body(pieces);
            let outcome = door.pass(&case, Script::body(body.clone())).await;
            case.check(&outcome, pieces, &format!("cut after {pieces} events"));
            if case.kind == Kind::Anthropic && pieces + 1 < case.complete_after.min(case.pieces.len()) {
                // The count at its beginning is none of what was written.
                assert!(outcome.usage.is_none_or(|usage| usage.estimated), "{} cut after {pieces}", case.about);
            }
            // Inside of the next event nothing of it has been said yet.
            let next = &case.pieces[pieces].bytes;
            if next.starts_with("data: {") || next.starts_with("event: ") {
                let inside = next[..next.floor_char_boundary(next.len() / 2)].to_owned();
                let outcome = door.pass(&case, Script::body(body + &inside)).await;
                case.check(&outcome, pieces, &format!("cut in event {pieces}"));
            }
        }
    }
}

#[tokio::test]
async fn a_case_whose_connection_breaks_is_interrupted_unless_its_end_mark_has_come() {
    for case in cases() {
        let broken = |pieces| match case.body(pieces) {
            none if none.is_empty() => Play::chunked(),
            body => Play::chunked().chunk(body),
        };
        let server = Server::start((0..=case.pieces.len()).map(broken)).await;
        let providers = server.providers(case.kind, Limits { attempts: 1, ..quick() });
        for pieces in 0..=case.pieces.len() {
            let outcome = Outcome::of(providers.default().stream(request(case.model))).await;
            // Gemini's only end mark is the orderly end.
            let is_complete = pieces >= case.complete_after && case.kind != Kind::Gemini;
            case.check_end(&outcome, pieces, is_complete, &format!("broken after {pieces} events"));
        }
        assert_eq!(server.seen().calls.len(), case.pieces.len() + 1, "{}", case.about);
    }
}

/// What may stand between any two events and means nothing.
const NOISE: [&str; 11] = [
    ": still here\n\n",
    "event: keepalive\ndata: {\"type\":\"keepalive\",\"sequence_number\":3}\n\n",
    "data:\n\n",
    "event: ping\ndata: ping\n\n",
    "id: 7\nretry: 10\n\n",
    "event: of.tomorrow\ndata: {\"type\":\"of.tomorrow\",\"future\":{\"deep\":[1,null]}}\n\n",
    "data: [1, \"x\"]\n\n",
    "data: null\n\n",
    ": inside\nunknown: field\n",
    "\n\n",
    ":\n\n:\n\n",
];

#[tokio::test]
async fn noise_anywhere_changes_no_case() {
    let door = Door::open().await;
    for case in cases().iter().filter(|case| case.is_events()) {
        for shift in 0..NOISE.len() {
            let other = |at: usize| NOISE[(at + shift) % NOISE.len()];
            let noisy: Vec<String> =
                case.pieces.iter().enumerate().map(|(at, piece)| format!("{}{}", other(at), piece.bytes)).collect();
            let body = noisy.concat() + other(noisy.len());
            case.check_whole(&door.pass(case, Script::body(body)).await, &format!("with noise {shift}"));
        }
        let inside = case.whole().replace("data: {", ": in the event\ndata: {");
        case.check_whole(&door.pass(case, Script::body(inside)).await, "with comments in its events");
    }
}

#[tokio::test]
async fn fields_from_tomorrow_change_no_case() {
    const FIELD: &str = "{\"from_tomorrow\":{\"deep\":[\"}\",null,{\"choices\":[]}]},";
    let door = Door::open().await;
    for case in cases() {
        let begins = if case.is_events() { "data: {" } else { "{" };
        let widen = |piece: &Piece| match piece.bytes.find(begins) {
            // An empty object has no comma.
            Some(at) if !piece.bytes[at..].starts_with(&format!("{begins}}}")) => {
                let (before, object) = piece.bytes.split_at(at + begins.len() - 1);
                format!("{before}{FIELD}{}", &object[1..])
            }
            _ => piece.bytes.clone(),
        };
        let end = if case.framing == Framing::List { "\n]\n" } else { "" };
        let body = case.pieces.iter().map(widen).collect::<String>() + end;
        case.check_whole(&door.pass(&case, Script::body(body).chunks(7)).await, "with more fields");
    }
}
