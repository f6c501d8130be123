//! One answer while it grows: puts the events of its run together, each once, and keeps the HTML of what there is.
//! It knows nothing of pages and connections.

use markdown::{OpenBlock, Options, Streaming};
use std::sync::Arc;
use types::{RunEvent, StreamId};

/// The text of a growing answer.
#[derive(Debug)]
pub(crate) struct Growth {
    markdown: Streaming,
    thought: String,
    last: StreamId,
    /// Raised whenever the whole text is replaced, so that blocks of the old one are not taken for blocks of the new.
    edition: u32,
    unshown: Unshown,
}

/// What has happened to the open block since it was last shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unshown {
    /// Nothing.
    #[default]
    Nothing,
    /// This plain text was added to the element that grows.
    Text(String),
    /// It is another one.
    All,
}

/// A block that will not change any more: where it stands, and its HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) key: (u32, usize),
    pub(crate) html: Arc<str>,
}

impl Growth {
    /// An answer of which the text up to the event `last` is known.
    pub(crate) fn new(content: &str, thought: String, last: StreamId) -> Self {
        Self { markdown: parsed(content), thought, last, edition: 0, unshown: Unshown::All }
    }

    /// Takes in an event; `false` if it was known or brings no text.
    pub(crate) fn hear(&mut self, id: StreamId, event: &RunEvent) -> bool {
        // After a broken line the server may repeat what has arrived: ids only grow. A snapshot replaces everything,
        // so that it can be taken at any time.
        if id <= self.last && !matches!(event, RunEvent::Snapshot { .. }) {
            return false;
        }
        self.last = id;
        match event {
            RunEvent::Chunk { content } => {
                let change = self.markdown.push(content).open;
                self.unshown = match (std::mem::take(&mut self.unshown), change) {
                    (before, OpenBlock::Unchanged) => before,
                    (Unshown::Nothing, OpenBlock::Appended(text)) => Unshown::Text(text),
                    (Unshown::Text(before), OpenBlock::Appended(text)) => Unshown::Text(before + &text),
                    (Unshown::All, _) | (_, OpenBlock::Replaced) => Unshown::All,
                };
            }
            RunEvent::Thought { content } => self.thought.push_str(content),
            RunEvent::Snapshot { content, thought } => {
                self.markdown = parsed(content);
                self.thought.clone_from(thought);
                self.edition += 1;
                self.unshown = Unshown::All;
            }
            RunEvent::Start(_) | RunEvent::Sentiment(_) | RunEvent::Done { .. } | RunEvent::Error(_) => return false,
        }
        true
    }

    /// The event after which a new connection goes on.
    pub(crate) fn last(&self) -> StreamId {
        self.last
    }

    /// The model's thoughts so far.
    pub(crate) fn thought(&self) -> &str {
        &self.thought
    }

    /// The blocks that will not change any more, from the `from`th on.
    pub(crate) fn closed_from(&self, from: usize) -> impl Iterator<Item = Block> {
        let edition = self.edition;
        let blocks = self.markdown.closed().iter().enumerate().skip(from);
        blocks.map(move |(index, html)| Block { key: (edition, index), html: html.as_str().into() })
    }

    /// How often the whole text has been replaced.
    pub(crate) fn edition(&self) -> u32 {
        self.edition
    }

    /// The HTML of the block that is still open.
    pub(crate) fn open_html(&self) -> &str {
        self.markdown.open_html()
    }

    /// What has happened to the open block since this was last asked.
    pub(crate) fn take_unshown(&mut self) -> Unshown {
        std::mem::take(&mut self.unshown)
    }
}

/// The HTML of what a user has just sent, as the server will make it.
pub(crate) fn html_of(content: &str) -> String {
    markdown::to_html_with(content, Options { breaks: true, id_prefix: "" })
}

fn parsed(content: &str) -> Streaming {
    let mut markdown = Streaming::new();
    markdown.push(content);
    markdown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(content: &str) -> RunEvent {
        RunEvent::Chunk { content: content.into() }
    }

    fn html(growth: &Growth) -> String {
        let mut html: String = growth.closed_from(0).map(|block| block.html.to_string()).collect();
        html.push_str(growth.open_html());
        html
    }

    #[test]
    fn an_event_counts_once() {
        let mut growth = Growth::new("One", String::new(), StreamId(3));
        assert!(growth.hear(StreamId(7), &chunk(" two")));
        assert!(!growth.hear(StreamId(7), &chunk(" two")));
        assert!(!growth.hear(StreamId(2), &chunk("One")));
        assert!(growth.hear(StreamId(13), &chunk(" three")));
        assert_eq!(growth.last(), StreamId(13));
        assert_eq!(html(&growth), "<p>One two three</p>\n");
    }

    #[test]
    fn a_snapshot_replaces_the_text_and_its_blocks() {
        let mut growth = Growth::new("Old first.\n\nOld second.\n\nOld", String::new(), StreamId(40));
        let old = growth.closed_from(0).next().unwrap();
        let event = RunEvent::Snapshot { content: "New first.\n\nNew".into(), thought: "Hm.".into() };
        assert!(growth.hear(StreamId::new(2, 0), &event));
        let new = growth.closed_from(0).next().unwrap();
        assert_ne!(old.key, new.key);
        assert_eq!(growth.thought(), "Hm.");
        assert_eq!(html(&growth), "<p>New first.</p>\n<p>New</p>\n");
    }

    #[test]
    fn text_that_only_grows_is_added_and_not_shown_anew() {
        let mut growth = Growth::new("```\nlet", String::new(), StreamId(7));
        assert_eq!(growth.take_unshown(), Unshown::All);
        growth.hear(StreamId(9), &chunk(" a"));
        growth.hear(StreamId(11), &chunk(" ="));
        assert_eq!(growth.take_unshown(), Unshown::Text(" a =".into()));
        assert_eq!(growth.take_unshown(), Unshown::Nothing);
        growth.hear(StreamId(16), &chunk("\n```\n"));
        growth.hear(StreamId(17), &chunk("B"));
        assert_eq!(growth.take_unshown(), Unshown::All);
    }
}
