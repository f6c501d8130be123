//! OpenRouter's accent of Chat Completions: thoughts in `reasoning`, `role` with every chunk, and the count of tokens with a
//! price in a last chunk that says the reason again.

use crate::{
    chat,
    script::{Failure, Finish, Piece, Whole},
    wire::{Event, Head},
};
use serde_json::{Value, json};

pub(crate) fn events(head: &Head, pieces: &[Piece], finish: Option<Finish>, end_mark: bool) -> Vec<Vec<Event>> {
    let mut events: Vec<Vec<Event>> = pieces.iter().map(|piece| vec![chunk(head, &delta(piece), None, None)]).collect();
    let mut last = Vec::new();
    if let Some(finish) = finish {
        let empty = json!({"role": "assistant", "content": ""});
        last.push(chunk(head, &empty, Some(finish), None));
        if head.with_usage {
            last.push(chunk(head, &empty, Some(finish), Some(usage(head))));
        }
    }
    if end_mark {
        last.push(Event::new(&"[DONE]"));
    }
    events.push(last);
    events
}

/// An error that comes with a choice, as documented.
pub(crate) fn error(error: &Value) -> Event {
    let choice = json!({"index": 0, "delta": {"content": ""}, "finish_reason": "error"});
    Event::new(&json!({"object": "chat.completion.chunk", "error": error, "choices": [choice]}))
}

pub(crate) fn failure(status: u16, failure: &Failure) -> Value {
    json!({"error": {"code": status, "message": failure.message, "metadata": {"error_type": failure.code}},
        "user_id": "user_emulated"})
}

pub(crate) fn whole(head: &Head, pieces: &[Piece], finish: Option<Finish>) -> Value {
    let Whole { text, thought, refusal } = Whole::of(pieces);
    let reason = finish.map(chat::reason);
    let mut message = json!({"role": "assistant", "content": text, "refusal": null, "reasoning": null});
    if !thought.is_empty() {
        message["reasoning"] = json!(thought);
        message["reasoning_details"] = json!([{"type": "reasoning.text", "text": thought, "index": 0}]);
    }
    if !refusal.is_empty() {
        message["refusal"] = json!(refusal);
    }
    let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": reason,
        "native_finish_reason": reason});
    json!({
        "id": format!("gen-{}", head.created),
        "provider": "Emulator",
        "model": head.model,
        "object": "chat.completion",
        "created": head.created,
        "choices": [choice],
        "usage": usage(head),
    })
}

fn delta(piece: &Piece) -> Value {
    match piece {
        Piece::Text(text) => json!({"role": "assistant", "content": text}),
        Piece::Thought(text) => json!({"role": "assistant", "content": "", "reasoning": text,
            "reasoning_details": [{"type": "reasoning.text", "text": text, "index": 0}]}),
        Piece::Refusal(text) => json!({"role": "assistant", "content": null, "refusal": text}),
    }
}

fn chunk(head: &Head, delta: &Value, finish: Option<Finish>, usage: Option<Value>) -> Event {
    let reason = finish.map(chat::reason);
    let choice = json!({"index": 0, "delta": delta, "finish_reason": reason, "native_finish_reason": reason});
    let mut document = json!({
        "id": format!("gen-{}", head.created),
        "provider": "Emulator",
        "model": head.model,
        "object": "chat.completion.chunk",
        "created": head.created,
        "choices": [choice],
    });
    if let Some(usage) = usage {
        document["usage"] = usage;
    }
    Event::new(&document)
}

/// What the list of models asks for a token, in dollars.
pub(crate) const INPUT_PRICE: f64 = 0.000_001;
pub(crate) const OUTPUT_PRICE: f64 = 0.000_002;

fn usage(head: &Head) -> Value {
    let dollars = |price: f64, tokens: usize| price * f64::from(u32::try_from(tokens).unwrap_or(u32::MAX));
    let mut usage = chat::usage(head);
    usage["cost"] = json!(dollars(INPUT_PRICE, head.input_tokens) + dollars(OUTPUT_PRICE, head.output_tokens));
    usage["is_byok"] = json!(false);
    usage
}
