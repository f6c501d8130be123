//! What a run has told its followers, as one growing list that can be read from any place in it.
//!
//! A place `n` counts bytes of text and one for every other event (see [`types::StreamId`]). Text of one kind is kept
//! in one piece however many deltas it came in, so that reading from a place joins what waited and costs nothing for
//! tokens long gone. Pure data: no clock, no database, no lock.

use crate::db::run_log::Entry;
use types::{RunEvent, SentimentMethod, SentimentUpdate, StartedRun};

/// The events of one run in order.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    entries: Vec<Entry>,
    /// The place before the first entry: what came earlier is not here.
    start: u32,
    /// Bytes of the answer and the thoughts.
    text: u32,
}

/// A place that is not on the boundary of an event or of a character, or that lies outside what is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotHere;

/// No event of text is longer, so that one late follower does not need the whole answer in one frame.
const MAX_TEXT: usize = 64 * 1024;

impl Transcript {
    /// The transcript that a log holds.
    pub(crate) fn from_log(log: Vec<Entry>) -> Self {
        let mut transcript = Self::default();
        transcript.extend(log);
        transcript
    }

    /// What is left to tell of a run whose log is no longer kept: its text, and how it ended at this place.
    pub(crate) fn of_ended(end: u32, text: RunEvent, last: RunEvent) -> Self {
        let mut transcript = Self { start: end.saturating_sub(2), ..Self::default() };
        transcript.push(text);
        transcript.push(last);
        transcript
    }

    /// The beginning of a run that goes on with an answer: it tells what there is, and marks the seam.
    pub(crate) fn going_on(started: &StartedRun, content: String, thought: String) -> Self {
        let mut transcript = Self::default();
        transcript.push(RunEvent::Start(started.clone()));
        transcript.push(RunEvent::Snapshot { content, thought });
        transcript
    }

    /// Appends what a log holds after what is here.
    pub(crate) fn extend(&mut self, log: Vec<Entry>) {
        for entry in log {
            self.append(entry);
        }
    }

    /// Appends an entry of a log. Rows may overlap where a commit was made and its answer lost: what is here already
    /// is passed over.
    fn append(&mut self, entry: Entry) {
        let (end, begin) = (self.end(), entry.n.saturating_sub(width(&entry.event)));
        let known = end.saturating_sub(begin) as usize;
        match entry.event {
            _ if entry.n <= end => {}
            RunEvent::Chunk { content } => {
                self.push(RunEvent::Chunk { content: content.get(known..).unwrap_or_default().to_owned() });
            }
            RunEvent::Thought { content } => {
                self.push(RunEvent::Thought { content: content.get(known..).unwrap_or_default().to_owned() });
            }
            event => self.push(event),
        }
    }

    /// The place after the last event.
    pub(crate) fn end(&self) -> u32 {
        self.entries.last().map_or(self.start, |entry| entry.n)
    }

    /// Bytes of the answer and the thoughts.
    pub(crate) const fn text_length(&self) -> u32 {
        self.text
    }

    /// Appends an event; text joins the piece before it when it is of the same kind.
    pub(crate) fn push(&mut self, event: RunEvent) {
        let n = self.end().saturating_add(width(&event));
        self.text = match &event {
            RunEvent::Chunk { content } | RunEvent::Thought { content } => self.text.saturating_add(bytes(content)),
            RunEvent::Snapshot { content, thought } => bytes(content).saturating_add(bytes(thought)),
            _ => self.text,
        };
        if let Some(last) = self.entries.last_mut() {
            match (&mut last.event, &event) {
                (RunEvent::Chunk { content: text }, RunEvent::Chunk { content })
                | (RunEvent::Thought { content: text }, RunEvent::Thought { content }) => {
                    text.push_str(content);
                    last.n = n;
                    return;
                }
                _ => {}
            }
        }
        self.entries.push(Entry { n, event });
    }

    /// The next event after a place, joined as far as it goes, and none where nothing has come after it.
    pub(crate) fn next(&self, place: u32) -> Result<Option<Entry>, NotHere> {
        if place < self.start || place > self.end() {
            return Err(NotHere);
        }
        let next = self.entries.partition_point(|entry| entry.n <= place);
        self.entries.get(next).map(|entry| rest(entry, place)).transpose()
    }

    /// The events after a place, in order, joined as far as they go.
    pub(crate) fn after(&self, mut place: u32) -> Result<Vec<Entry>, NotHere> {
        let mut found = Vec::new();
        while let Some(entry) = self.next(place)? {
            place = entry.n;
            found.push(entry);
        }
        Ok(found)
    }

    /// Goes on under another writer. What was written is told as a snapshot, which marks the seam for those who read the
    /// log, and for a writer after this one.
    pub(crate) fn go_on(&mut self, started: &StartedRun) {
        if self.entries.is_empty() {
            self.push(RunEvent::Start(started.clone()));
        }
        let (content, thought) = self.text();
        // Where a reading stands before the seam, its followers have heard it from the writer before.
        if !content.is_empty() || self.reading().is_some() {
            self.push(RunEvent::Snapshot { content, thought });
        }
    }

    /// Where in the answer another writer went on, in bytes.
    pub(crate) fn seams(&self) -> Vec<u32> {
        let seam = |entry: &Entry| match &entry.event {
            RunEvent::Snapshot { content, .. } if !content.is_empty() => u32::try_from(content.len()).ok(),
            _ => None,
        };
        self.entries.iter().filter_map(seam).collect()
    }

    /// The first event for a reader whose place is no more: the text as one snapshot. What was told after it comes next. An
    /// empty text is a snapshot too: what the reader was told may never have been stored.
    pub(crate) fn whole(&self) -> Option<Entry> {
        use RunEvent::{Chunk, Snapshot, Start, Thought};
        let is_text =
            |entry: &&Entry| matches!(entry.event, Start(_) | Chunk { .. } | Thought { .. } | Snapshot { .. });
        let last = self.entries.iter().rfind(is_text)?;
        let (content, thought) = self.text();
        Some(Entry { n: last.n, event: RunEvent::Snapshot { content, thought } })
    }

    /// Everything that was written while it was told, answer and thoughts; what there was before is not among it.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match &entry.event {
            RunEvent::Chunk { content } | RunEvent::Thought { content } => Some(content.as_str()),
            _ => None,
        })
    }

    /// How the question reads, where it was told.
    pub(crate) fn reading(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| matches!(entry.event, RunEvent::Sentiment(_)))
    }

    /// Whether a reader who stood at a place under an earlier writer has heard from that one how the question reads.
    pub(crate) fn was_heard(&self, stood: u32) -> bool {
        let Some(Entry { n, event }) = self.reading().filter(|reading| reading.n <= stood) else { return false };
        let is_seam = |entry: &Entry| entry.n > *n && matches!(entry.event, RunEvent::Snapshot { .. });
        // What was stored with the question is told by every writer, at the same place.
        is_of_start(event) || self.entries.iter().any(is_seam)
    }

    /// The whole answer and the whole of the thoughts.
    pub(crate) fn text(&self) -> (String, String) {
        let (mut content, mut thought) = (String::new(), String::new());
        for entry in &self.entries {
            match &entry.event {
                RunEvent::Chunk { content: text } => content.push_str(text),
                RunEvent::Thought { content: text } => thought.push_str(text),
                RunEvent::Snapshot { content: whole, thought: thoughts } => {
                    content.clone_from(whole);
                    thought.clone_from(thoughts);
                }
                _ => {}
            }
        }
        (content, thought)
    }
}

/// How far an event moves the place on.
fn width(event: &RunEvent) -> u32 {
    match event {
        RunEvent::Chunk { content } | RunEvent::Thought { content } => bytes(content),
        _ => 1,
    }
}

fn bytes(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

/// Whether it is a reading that came with the question.
fn is_of_start(event: &RunEvent) -> bool {
    let RunEvent::Sentiment(SentimentUpdate { message: Some(message), .. }) = event else { return false };
    message.method == SentimentMethod::Local && !message.fallback
}

/// What of an event comes after a place, which may lie inside it; of a long text no more than goes into one event.
fn rest(entry: &Entry, place: u32) -> Result<Entry, NotHere> {
    let begin = entry.n - width(&entry.event);
    let skip = place.saturating_sub(begin) as usize;
    let part = |text: &str| {
        let rest = text.get(skip..).ok_or(NotHere)?;
        let part = &rest[..rest.floor_char_boundary(MAX_TEXT)];
        let width = u32::try_from(skip + part.len()).unwrap_or(u32::MAX);
        Ok((begin.saturating_add(width), part.to_owned()))
    };
    Ok(match &entry.event {
        RunEvent::Chunk { content } => {
            let (n, content) = part(content)?;
            Entry { n, event: RunEvent::Chunk { content } }
        }
        RunEvent::Thought { content } => {
            let (n, content) = part(content)?;
            Entry { n, event: RunEvent::Thought { content } }
        }
        _ => entry.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::FinishReason;

    fn chunk(content: &str) -> RunEvent {
        RunEvent::Chunk { content: content.to_owned() }
    }

    fn thought(content: &str) -> RunEvent {
        RunEvent::Thought { content: content.to_owned() }
    }

    fn done() -> RunEvent {
        RunEvent::Done { finish_reason: FinishReason::Stop, usage: None }
    }

    fn sample() -> Transcript {
        let mut transcript = Transcript::default();
        for event in [thought("hm"), thought("m"), chunk("Grü"), chunk("ße"), chunk("!"), done()] {
            transcript.push(event);
        }
        transcript
    }

    #[test]
    fn text_joins_and_the_place_counts_bytes() {
        let transcript = sample();
        let found = transcript.after(0).unwrap();
        let places: Vec<_> = found.iter().map(|entry| (entry.n, entry.event.clone())).collect();
        assert_eq!(places, [(3, thought("hmm")), (11, chunk("Grüße!")), (12, done())]);
        assert_eq!(transcript.text(), ("Grüße!".to_owned(), "hmm".to_owned()));
    }

    #[test]
    fn every_place_between_characters_continues_exactly() {
        let transcript = sample();
        let whole = "hmmGrüße!";
        for place in 0..=11 {
            let Ok(found) = transcript.after(place) else {
                assert!(!whole.is_char_boundary(place as usize), "{place}");
                continue;
            };
            let text = |entry: Entry| match entry.event {
                RunEvent::Chunk { content } | RunEvent::Thought { content } => Some(content),
                _ => None,
            };
            let seen: String = found.into_iter().filter_map(text).collect();
            assert_eq!(format!("{}{seen}", &whole[..place as usize]), whole);
        }
        assert_eq!(transcript.after(12), Ok(Vec::new()));
        assert_eq!(transcript.after(13), Err(NotHere));
    }

    #[test]
    fn of_a_log_that_is_no_more_the_end_is_told() {
        let text = RunEvent::Snapshot { content: "Grüße".into(), thought: String::new() };
        let transcript = Transcript::of_ended(21, text.clone(), done());
        assert_eq!(transcript.whole(), Some(Entry { n: 20, event: text }));
        assert_eq!(transcript.next(20), Ok(Some(Entry { n: 21, event: done() })));
        assert_eq!((transcript.next(21), transcript.next(7)), (Ok(None), Err(NotHere)));
    }

    #[test]
    fn rows_that_overlap_double_nothing() {
        let log = vec![Entry { n: 3, event: chunk("one") }, Entry { n: 3, event: chunk("one") }];
        assert_eq!(Transcript::from_log(log).text().0, "one");
        let log = vec![
            Entry { n: 3, event: chunk("one") },
            Entry { n: 7, event: chunk("one two") },
            Entry { n: 8, event: done() },
        ];
        let transcript = Transcript::from_log(log);
        assert_eq!((transcript.text().0.as_str(), transcript.end()), ("one two", 8));
    }

    #[test]
    fn another_writer_leaves_a_seam_and_the_places_grow() {
        let started = StartedRun {
            conversation_id: types::ConversationId(uuid::Uuid::nil()),
            message_id: types::MessageId(2),
            user_message_id: types::MessageId(1),
            run_id: types::RunId(uuid::Uuid::nil()),
            title: None,
            queued: false,
        };
        let mut transcript = Transcript::default();
        transcript.go_on(&started);
        assert_eq!((transcript.end(), transcript.seams()), (1, Vec::new()), "nothing had been written");
        let nothing = RunEvent::Snapshot { content: String::new(), thought: String::new() };
        assert_eq!(
            transcript.whole(),
            Some(Entry { n: 1, event: nothing }),
            "words that were told and lost are taken back"
        );
        transcript.push(chunk("Grü"));
        transcript.go_on(&started);
        transcript.push(chunk("ße"));
        transcript.go_on(&started);
        assert_eq!(transcript.seams(), [4, 7]);
        assert_eq!(transcript.text().0, "Grüße");
        assert_eq!(transcript.end(), 1 + 4 + 1 + 3 + 1);
        transcript.push(done());
        let snapshot = RunEvent::Snapshot { content: "Grüße".into(), thought: String::new() };
        assert_eq!(transcript.whole(), Some(Entry { n: 10, event: snapshot }));
        assert_eq!(transcript.after(10), Ok(vec![Entry { n: 11, event: done() }]));
        let again = Transcript::from_log(transcript.after(0).unwrap());
        assert_eq!((again.text(), again.seams()), (transcript.text(), transcript.seams()), "the log tells the same");
    }

    fn reading(method: SentimentMethod) -> RunEvent {
        let message = types::Sentiment {
            score: 0.5,
            label: types::SentimentLabel::Positive,
            emotion: None,
            confidence: 0.5,
            method,
            fallback: false,
            corrected: false,
        };
        RunEvent::Sentiment(SentimentUpdate { message: Some(message), cumulative: None })
    }

    #[test]
    fn a_reading_is_no_text_and_heard_by_who_was_there() {
        let told = |events: &[RunEvent]| {
            let mut transcript = Transcript::default();
            for event in events {
                transcript.push(event.clone());
            }
            transcript
        };
        let whole = RunEvent::Snapshot { content: "one".into(), thought: String::new() };
        let by_model = reading(SentimentMethod::LlmSeparate);
        let before = told(&[chunk("one"), by_model.clone(), whole.clone(), chunk(" two")]);
        assert_eq!((before.text_length(), before.seams().as_slice()), (7, [3].as_slice()));
        assert_eq!((before.was_heard(3), before.was_heard(4)), (false, true));
        let after = told(&[chunk("one"), whole, by_model, chunk(" two")]);
        assert!(!after.was_heard(90), "told by whoever took over, whatever more had been told before");
        let at_once = told(&[reading(SentimentMethod::Local), chunk("one")]);
        assert_eq!((at_once.was_heard(0), at_once.was_heard(1)), (false, true), "each writer tells it first");
        assert!(!told(&[chunk("one")]).was_heard(90));
    }

    #[test]
    fn a_long_text_comes_in_bounded_events() {
        let mut transcript = Transcript::default();
        transcript.push(chunk(&"ü".repeat(MAX_TEXT)));
        let found = transcript.after(0).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].n as usize, 2 * MAX_TEXT);
    }
}
