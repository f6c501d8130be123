//! Messages as HTML, made once: highlighting code costs milliseconds a kilobyte, and a conversation is read more often
//! than it is written.

use crate::{Error, error::Result};
use markdown::Options;
use moka::sync::Cache;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::{num::NonZero, sync::Arc, thread};
use tokio::sync::Semaphore;
use types::MessageId;

/// Bytes of HTML that are kept, about a thousand ordinary answers.
const CAPACITY: u64 = 16 << 20;

/// A text of a message that is to be shown.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) message: MessageId,
    pub(crate) part: Part,
    pub(crate) text: String,
}

/// Which text of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// What the person wrote: their single line breaks stay.
    Question,
    /// What the model wrote.
    Answer,
    /// What it thought before.
    Thought,
}

/// Renders finished texts, and remembers what it has rendered.
#[derive(Debug)]
pub(crate) struct Renderer {
    /// By message, part and a digest of the text itself: what is found was made from the very text that was asked for.
    known: Cache<(MessageId, Part, u64), Arc<str>>,
    /// A place for each processor: more at once would only take turns, and take memory meanwhile.
    places: Arc<Semaphore>,
}

impl Default for Renderer {
    fn default() -> Self {
        let weigh = |_: &(MessageId, Part, u64), html: &Arc<str>| u32::try_from(html.len() + 100).unwrap_or(u32::MAX);
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            known: Cache::builder().max_capacity(CAPACITY).weigher(weigh).build(),
            places: Arc::new(Semaphore::new(processors)),
        }
    }
}

impl Renderer {
    /// The HTML of each text, in order. What is not known is rendered on a blocking thread: answers stream beside it.
    pub(crate) async fn render(&self, sources: Vec<Source>) -> Result<Vec<Arc<str>>> {
        let keys: Vec<_> = sources.iter().map(|source| (source.message, source.part, digest(&source.text))).collect();
        let mut found: Vec<_> = keys.iter().map(|key| self.known.get(key)).collect();
        if found.iter().all(Option::is_some) {
            return Ok(found.into_iter().flatten().collect());
        }
        // The semaphore is never closed.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let known = self.known.clone();
        let rendering = tokio::task::spawn_blocking(move || {
            for ((html, key), source) in found.iter_mut().zip(keys).zip(&sources) {
                if html.is_none() {
                    let rendered: Arc<str> = source.html().into();
                    known.insert(key, Arc::clone(&rendered));
                    *html = Some(rendered);
                }
            }
            // Held to the end of the work, whether or not anybody still waits for it.
            drop(place);
            found.into_iter().flatten().collect()
        });
        rendering.await.map_err(|error| Error::fault("a message could not be rendered", error))
    }
}

impl Source {
    fn html(&self) -> String {
        // Two texts on one page must not share the ids of their footnotes.
        let id_prefix = match self.part {
            Part::Thought => format!("t{}-", self.message),
            Part::Question | Part::Answer => format!("m{}-", self.message),
        };
        let breaks = self.part == Part::Question;
        markdown::to_html_with(&self.text, Options { breaks, id_prefix: &id_prefix })
    }
}

fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(part: Part, text: &str) -> Source {
        Source { message: MessageId(7), part, text: text.to_owned() }
    }

    #[tokio::test]
    async fn each_text_is_rendered_by_its_own_rules_and_in_order() {
        let renderer = Renderer::default();
        let sources =
            || vec![source(Part::Question, "a\nb"), source(Part::Answer, "a\nb"), source(Part::Thought, "*c*")];
        let first = renderer.render(sources()).await.unwrap();
        assert!(first[0].contains("<br>") && !first[1].contains("<br>"), "{first:?}");
        assert!(first[2].contains("<em>c</em>"));
        let again = renderer.render(sources()).await.unwrap();
        assert!(Arc::ptr_eq(&first[1], &again[1]), "the second time it is known");
    }

    #[tokio::test]
    async fn a_text_that_has_changed_is_rendered_anew() {
        let renderer = Renderer::default();
        let before = renderer.render(vec![source(Part::Answer, "before")]).await.unwrap();
        let after = renderer.render(vec![source(Part::Answer, "after")]).await.unwrap();
        assert!(before[0].contains("before") && after[0].contains("after"));
    }
}
