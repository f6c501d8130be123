//! The wire of Anthropic's Messages.

use crate::{
    script::{Failure, Finish, Piece},
    wire::{Event, Head},
};
use serde_json::{Value, json};

/// What a client gives back unread.
const SIGNATURE: &str = "ZW11bGF0ZWQ=";

pub(crate) fn events(head: &Head, pieces: &[Piece], finish: Option<Finish>, end_mark: bool) -> Vec<Vec<Event>> {
    let mut message = message(head, &[], None);
    message["usage"] = json!({"input_tokens": head.input_tokens, "output_tokens": 1});
    let mut lists = vec![vec![json!({"type": "message_start", "message": message}), json!({"type": "ping"})]];
    let (mut index, mut open) = (0, None);
    for (at, piece) in pieces.iter().enumerate() {
        let thinks = matches!(piece, Piece::Thought(_));
        if open != Some(thinks) {
            if let Some(thinking) = open {
                lists[at].extend(closing(index, thinking));
                index += 1;
            }
            let block = if thinks {
                json!({"type": "thinking", "thinking": "", "signature": ""})
            } else {
                json!({"type": "text", "text": ""})
            };
            lists[at].push(json!({"type": "content_block_start", "index": index, "content_block": block}));
            open = Some(thinks);
        }
        let delta = match piece {
            Piece::Text(text) | Piece::Refusal(text) => json!({"type": "text_delta", "text": text}),
            Piece::Thought(text) => json!({"type": "thinking_delta", "thinking": text}),
        };
        lists[at].push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        lists.push(Vec::new());
    }
    let last = &mut lists[pieces.len()];
    if let Some(thinking) = open.filter(|_| finish.is_some()) {
        last.extend(closing(index, thinking));
    }
    if let Some(finish) = finish {
        let mut end =
            json!({"type": "message_delta", "delta": {"stop_reason": reason(finish, pieces), "stop_sequence": null}});
        // This wire cannot leave it out.
        end["usage"] = json!({"output_tokens": head.output_tokens});
        last.push(end);
    }
    if end_mark {
        last.push(json!({"type": "message_stop"}));
    }
    lists.iter().map(|events| events.iter().map(Event::typed).collect()).collect()
}

/// The end of a block; a thought is signed.
fn closing(index: usize, thinking: bool) -> Vec<Value> {
    let signature = json!({"type": "content_block_delta", "index": index,
        "delta": {"type": "signature_delta", "signature": SIGNATURE}});
    let stop = json!({"type": "content_block_stop", "index": index});
    if thinking { vec![signature, stop] } else { vec![stop] }
}

pub(crate) fn error(error: &Value) -> Event {
    let message = error.get("message").cloned().unwrap_or_default();
    Event::typed(&json!({"type": "error", "error": {"type": "overloaded_error", "message": message}}))
}

pub(crate) fn failure(failure: &Failure) -> Value {
    json!({"type": "error", "error": {"type": failure.kind, "message": failure.message}, "request_id": "req_emulated"})
}

pub(crate) fn whole(head: &Head, pieces: &[Piece], finish: Option<Finish>) -> Value {
    let content: Vec<Value> = pieces
        .chunk_by(|a, b| matches!(a, Piece::Thought(_)) == matches!(b, Piece::Thought(_)))
        .map(|block| {
            let words: String = block
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) | Piece::Thought(text) | Piece::Refusal(text) => text.as_str(),
                })
                .collect();
            if matches!(block[0], Piece::Thought(_)) {
                json!({"type": "thinking", "thinking": words, "signature": SIGNATURE})
            } else {
                json!({"type": "text", "text": words})
            }
        })
        .collect();
    message(head, &content, finish.map(|finish| reason(finish, pieces)))
}

fn message(head: &Head, content: &[Value], stop_reason: Option<&str>) -> Value {
    json!({
        "id": format!("msg_{}", head.created),
        "type": "message",
        "role": "assistant",
        "model": head.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
        "usage": {"input_tokens": head.input_tokens, "output_tokens": head.output_tokens},
    })
}

fn reason(finish: Finish, pieces: &[Piece]) -> &'static str {
    let declines = pieces.iter().any(|piece| matches!(piece, Piece::Refusal(_)));
    match finish {
        _ if declines => "refusal",
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ContentFilter => "refusal",
    }
}
