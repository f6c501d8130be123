//! What has been understood of an answer while it is being read: its pieces in their order, what they count, how it ends.
//! Readers of all wires put it in here; it knows no wire, and does not wait.

use crate::{Delta, Finish, Usage, delta::clean, estimate_tokens, surrogates::Half};
use std::{borrow::Cow, collections::VecDeque};

/// What a reader has understood so far.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) deltas: VecDeque<Delta>,
    /// Something of the answer has come, so that asking again would say it twice.
    spoken: bool,
    /// Estimated tokens of what has come.
    written: u64,
    /// What the provider counted, see [`count`](Self::count).
    usage: Usage,
    /// Something has come that is no words, but an answer: a call of a tool, a picture.
    pub(crate) is_wordless: bool,
    /// Half of a character that the last text ended with.
    pub(crate) half: Option<Half>,
    /// What the last text was a piece of.
    voice: Option<fn(String) -> Delta>,
    thoughts: Thoughts,
    /// Why the answer ended; the last one counts, for some wires say it twice.
    pub(crate) finish: Option<Finish>,
    /// The wire's end mark has come: nothing that follows matters.
    pub(crate) ended: bool,
}

/// Where in the model's thoughts the next piece of them belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Thoughts {
    /// At their beginning.
    #[default]
    None,
    /// Right behind the last piece.
    Going,
    /// In a paragraph of its own.
    Apart,
}

impl Output {
    pub(crate) fn text(&mut self, text: Cow<'_, str>) {
        self.say(text, Delta::Text);
    }

    pub(crate) fn thought(&mut self, text: Cow<'_, str>) {
        if text.is_empty() {
            return;
        }
        let text = if self.thoughts == Thoughts::Apart { Cow::Owned(format!("\n\n{text}")) } else { text };
        self.thoughts = Thoughts::Going;
        self.say(text, Delta::Thought);
    }

    /// The thought that comes next does not go on with the last one: a blank line will part the two, if there is one.
    pub(crate) fn begin_thought(&mut self) {
        if self.thoughts == Thoughts::Going {
            self.thoughts = Thoughts::Apart;
        }
    }

    pub(crate) fn refusal(&mut self, text: Cow<'_, str>) {
        self.say(text, Delta::Refusal);
    }

    /// Takes a provider's count. They are running totals, so each number replaces the one before it; a number that is not
    /// there replaces nothing.
    pub(crate) fn count(&mut self, counted: Usage) {
        self.usage.input_tokens = counted.input_tokens.or(self.usage.input_tokens);
        self.usage.output_tokens = counted.output_tokens.or(self.usage.output_tokens);
        self.usage.cost_micros = counted.cost_micros.or(self.usage.cost_micros);
    }

    pub(crate) const fn has_spoken(&self) -> bool {
        self.spoken
    }

    /// Whether an answer has come that says and holds nothing.
    pub(crate) const fn is_silent(&self) -> bool {
        !self.spoken && !self.is_wordless
    }

    /// No text will follow: half a character that still waits for its other half is replaced, where it stood.
    pub(crate) fn replace_half(&mut self) {
        if self.half.take().is_some() {
            self.push(Cow::Borrowed("\u{FFFD}"), self.voice.unwrap_or(Delta::Text));
        }
    }

    /// Says the tokens: the provider's count, filled up with estimates where it gave none.
    pub(crate) fn say_usage(&mut self, input_tokens: u64) {
        let counted = self.usage;
        let usage = Usage {
            input_tokens: counted.input_tokens.or(Some(input_tokens)),
            output_tokens: counted.output_tokens.or(Some(self.written)),
            cost_micros: counted.cost_micros,
            estimated: counted.input_tokens.is_none() || counted.output_tokens.is_none(),
        };
        self.deltas.push_back(Delta::Usage(usage));
    }

    fn say(&mut self, text: Cow<'_, str>, voice: fn(String) -> Delta) {
        if !text.is_empty() {
            self.replace_half();
            self.voice = Some(voice);
            self.push(text, voice);
        }
    }

    fn push(&mut self, text: Cow<'_, str>, voice: fn(String) -> Delta) {
        self.spoken = true;
        self.written += estimate_tokens(&text);
        self.deltas.push_back(voice(clean(text)));
    }
}
