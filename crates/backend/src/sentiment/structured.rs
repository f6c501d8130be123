//! The method `structured`: one call, in which the model answers in JSON with the reading beside its words. The words are
//! shown as they grow; whatever the model writes instead is shown as well.

use super::{State, judgement::Judgement, prompt};
use crate::{models::Choice, runs::meter::Meter};
use llm::{Capability, ChatRequest, DeltaStream, GrowingField};
use types::SentimentMethod;

/// The fields of the answer; the first is the text.
const FIELDS: &[&str] = &["response", "sentiment", "whole", "cumulative"];

/// The text of an answer on its way to its reader.
#[derive(Debug)]
pub(crate) enum AnswerText {
    /// As the model writes it.
    Plain,
    /// Out of the JSON that the model writes.
    Structured(Box<GrowingField>),
}

impl AnswerText {
    /// How the answer of a model comes that was chosen for a message. A model of which it is not known whether it keeps to
    /// a schema is asked in words as well, and may answer as it likes.
    pub(crate) fn of(choice: &Choice) -> Self {
        let is_able = choice.capabilities.is_empty() || choice.capabilities.contains(&Capability::StructuredOutput);
        let is_model = choice.provider.id() != llm::Offline::ID;
        if choice.sentiment_method == SentimentMethod::Structured && is_able && is_model {
            Self::Structured(Box::new(GrowingField::new(FIELDS)))
        } else {
            Self::Plain
        }
    }

    /// Whether the conversation's sentiment so far is asked for with the answer.
    pub(crate) const fn is_structured(&self) -> bool {
        matches!(self, Self::Structured(_))
    }

    /// Asks in the way that this text is read.
    pub(crate) fn ask(
        &self,
        choice: &Choice,
        mut request: ChatRequest,
        before: Option<&State>,
        meter: &Meter,
    ) -> DeltaStream {
        match self {
            Self::Plain => meter.watch(request.estimate_input_tokens(), choice.price, choice.provider.stream(request)),
            Self::Structured(_) => {
                let task = "Write your answer to the person, all of it and in Markdown as ever, into `response`.";
                let system = request.system.unwrap_or_default();
                request.system = Some(format!("{system}\n\n{task} {}", prompt::guide(before)));
                let sent = request.estimate_input_tokens();
                let deltas = choice.provider.stream_structured(request, &prompt::answer_schema());
                meter.watch(sent, choice.price, deltas)
            }
        }
    }

    /// Takes in a piece of the answer, and gives what may be shown.
    pub(crate) fn push(&mut self, piece: String) -> String {
        match self {
            Self::Plain => piece,
            Self::Structured(growing) => growing.push(&piece),
        }
    }

    /// Of an answer that was cut short, what is still to be shown, and how many bytes there were besides. Whoever goes on with
    /// it does so in plain words.
    pub(crate) fn cut(&mut self) -> (String, u32) {
        match std::mem::replace(self, Self::Plain) {
            Self::Plain => (String::new(), 0),
            Self::Structured(growing) => {
                let (words, besides) = growing.cut();
                (words, u32::try_from(besides).unwrap_or(u32::MAX))
            }
        }
    }

    /// Whether all words have been shown and only the reading is still to come.
    pub(crate) fn waits_for_reading(&self) -> bool {
        match self {
            Self::Plain => false,
            Self::Structured(growing) => growing.is_whole(),
        }
    }

    /// At the end, whatever it was: what is still to be shown, and the reading.
    pub(crate) fn finish(self) -> (String, Option<Judgement>) {
        match self {
            Self::Plain => (String::new(), None),
            Self::Structured(growing) => {
                let (rest, fields) = growing.finish();
                (rest, fields.and_then(|fields| Judgement::from_json(&fields, SentimentMethod::Structured)))
            }
        }
    }
}
