//! What calls to models use: as the provider counts, else estimated from what was sent and what came. It asks nobody.

use crate::models;
use futures_util::StreamExt as _;
use llm::{Delta, DeltaStream, Price};
use std::sync::{Arc, Mutex, PoisonError};
use types::Usage;

/// What one call has used so far, as far as it is known, with those that it goes on with. Outlives the call: one that is
/// given up has cost too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter(Arc<Mutex<Call>>);

#[derive(Debug, Default)]
struct Call {
    /// What the calls before this one used.
    earlier: Option<Usage>,
    /// The list price of its model, where known.
    price: Option<Price>,
    /// Tokens that were sent, estimated.
    sent: u64,
    /// Tokens that came, estimated.
    written: u64,
    /// What the provider counted.
    counted: Option<llm::Usage>,
}

impl Call {
    fn used(&self) -> Option<Usage> {
        let estimate = || llm::Usage {
            input_tokens: Some(self.sent),
            output_tokens: Some(self.written),
            estimated: true,
            cost_micros: None,
        };
        let used = self.counted.or_else(|| (self.written > 0).then(estimate));
        together(self.earlier, used.map(|usage| models::bill(self.price, usage)))
    }
}

impl Meter {
    /// The same deltas, counted: those of a request of so many tokens to a model of this price.
    pub(crate) fn watch(&self, sent: u64, price: Option<Price>, deltas: DeltaStream) -> DeltaStream {
        self.with(|call| *call = Call { earlier: call.used(), price, sent, ..Call::default() });
        let meter = self.clone();
        Box::pin(deltas.inspect(move |delta| match delta {
            Ok(Delta::Text(piece) | Delta::Thought(piece) | Delta::Refusal(piece)) => meter.count_written(piece),
            Ok(Delta::Usage(counted)) => meter.with(|call| call.counted = Some(*counted)),
            Ok(Delta::Finish(_)) | Err(_) => {}
        }))
    }

    /// Counts what a model has written, also in an earlier call that this one goes on with.
    pub(crate) fn count_written(&self, piece: &str) {
        self.with(|call| call.written += llm::estimate_tokens(piece));
    }

    /// What the calls have used, and what that costs. Nothing is known of one that was answered without a word.
    pub(crate) fn used(&self) -> Option<Usage> {
        self.with(|call| call.used())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Call) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What an answer and the call beside it used together. Where the cost of one of them is not known, that of the other is
/// the least that both have cost, and counts as an estimate.
pub(crate) fn together(answer: Option<Usage>, beside: Option<Usage>) -> Option<Usage> {
    let (Some(answer), Some(beside)) = (answer, beside) else { return answer.or(beside) };
    let cost = match (answer.cost_micros, beside.cost_micros) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    };
    let is_partial = answer.cost_micros.is_some() != beside.cost_micros.is_some();
    Some(Usage {
        input_tokens: answer.input_tokens.saturating_add(beside.input_tokens),
        output_tokens: answer.output_tokens.saturating_add(beside.output_tokens),
        estimated: answer.estimated || beside.estimated || is_partial,
        cost_micros: cost,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_calls_add_up_and_say_what_is_not_known() {
        let used = |cost_micros| Some(Usage { input_tokens: 10, output_tokens: 2, estimated: false, cost_micros });
        let sum = |cost_micros, estimated| Some(Usage { input_tokens: 20, output_tokens: 4, estimated, cost_micros });
        assert_eq!(together(used(Some(5)), used(Some(7))), sum(Some(12), false));
        assert_eq!(together(used(Some(5)), used(None)), sum(Some(5), true), "at least that");
        assert_eq!(together(used(None), used(None)), sum(None, false));
        assert_eq!((together(used(None), None), together(None, used(None))), (used(None), used(None)));
        assert_eq!(together(None, None), None);
    }
}
