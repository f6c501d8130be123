//! Responses, as OpenAI and those who imitate it have them.

use super::Case;
use llm::{ErrorKind, Finish};
use serde_json::{Value, json};

fn delta(kind: &str, text: &str) -> Value {
    json!({"type": format!("response.{kind}.delta"), "item_id": "i", "output_index": 0, "content_index": 0, "delta": text})
}

pub(super) fn cases() -> Vec<Case> {
    [answers(), accents()].into_iter().flatten().collect()
}

fn answers() -> Vec<Case> {
    let usage = json!({"input_tokens": 7, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 2}});
    let created =
        json!({"type": "response.created", "response": {"object": "response", "status": "in_progress", "output": []}});
    vec![
        Case::responses("thoughts in two parts, then a text")
            .event(&created)
            .event(&json!({"type": "response.reasoning_summary_part.added", "summary_index": 0}))
            .thinks("One.", &delta("reasoning_summary_text", "One."))
            .event(&json!({"type": "response.reasoning_summary_part.added", "summary_index": 1}))
            .thinks("\n\nTwo.", &delta("reasoning_summary_text", "Two."))
            .event(&json!({"type": "keepalive", "sequence_number": 9}))
            .says("Grün", &delta("output_text", "Grün"))
            .says(".", &delta("output_text", "."))
            .event(&json!({"type": "response.output_text.done", "text": "Grün."}))
            .event(&json!({"type": "response.output_item.done", "item": {"type": "message", "content": [{"type": "output_text", "text": "Grün."}]}}))
            .event(&json!({"type": "response.completed", "response": {"status": "completed", "output": [], "usage": usage}}))
            .complete(Finish::Stop)
            .counts(7, 5),
        Case::responses("it ends at the limit")
            .event(&created)
            .says("Gr", &delta("output_text", "Gr"))
            .event(&json!({"type": "response.incomplete", "response": {"status": "incomplete",
                "incomplete_details": {"reason": "max_output_tokens"}, "usage": usage}}))
            .complete(Finish::Length)
            .counts(7, 5),
        Case::responses("the filter ends it")
            .says("Gr", &delta("output_text", "Gr"))
            .event(&json!({"type": "response.incomplete", "response": {"status": "incomplete",
                "incomplete_details": {"reason": "content_filter"}, "usage": null}}))
            .complete(Finish::ContentFilter),
        Case::responses("a refusal")
            .declines("No.", &delta("refusal", "No."))
            .event(&json!({"type": "response.refusal.done", "refusal": "No."}))
            .event(&json!({"type": "response.completed", "response": {"status": "completed", "usage": usage}}))
            .complete(Finish::Stop)
            .counts(7, 5),
        Case::responses("it fails")
            .says("Gr", &delta("output_text", "Gr"))
            .event(&json!({"type": "response.failed", "response": {"status": "failed",
                "error": {"code": "rate_limit_exceeded", "message": "Please try again in 2s."}, "usage": null}}))
            .fails(ErrorKind::RateLimited),
        Case::responses("an error as it is documented")
            .says("Gr", &delta("output_text", "Gr"))
            .event(&json!({"type": "error", "code": "server_error", "message": "broken", "param": null, "sequence_number": 4}))
            .fails(ErrorKind::Unavailable),
        Case::responses("nothing until everything")
            .event(&created)
            .says("Grün.", &json!({"type": "response.completed", "response": {"status": "completed", "usage": usage, "output": [
                {"type": "reasoning", "summary": []}, {"type": "message", "content": [{"type": "output_text", "text": "Grün."}]}]}}))
            .complete(Finish::Stop)
            .counts(7, 5),
        Case::responses("a search, its sources, and two items of text")
            .event(&json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "web_search_call", "status": "in_progress"}}))
            .event(&json!({"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws"}))
            .event(&json!({"type": "response.output_item.added", "output_index": 1, "item": {"type": "message", "phase": "commentary", "content": []}}))
            .event(&json!({"type": "response.content_part.added", "output_index": 1, "part": {"type": "output_text", "text": "", "annotations": []}}))
            .says("Eins. ", &delta("output_text", "Eins. "))
            .event(&json!({"type": "response.output_text.annotation.added", "annotation": {"type": "url_citation", "title": "not this"}}))
            .event(&json!({"type": "response.output_item.added", "output_index": 2, "item": {"type": "message", "phase": "final_answer", "content": []}}))
            .says("Zwei.", &delta("output_text", "Zwei."))
            .event(&json!({"type": "response.function_call_arguments.delta", "delta": "{\"not\":"}))
            .event(&json!({"type": "response.completed", "response": {"status": "completed", "usage": usage, "output": [
                {"type": "message", "content": [{"type": "output_text", "text": "Eins. "}]}, {"type": "function_call", "name": "f"}]}}))
            .complete(Finish::ToolCalls)
            .counts(7, 5),
        Case::responses("it ends, and nobody says why")
            .says("Gr", &delta("output_text", "Gr"))
            .event(&json!({"type": "response.incomplete", "response": {"status": "incomplete", "incomplete_details": null}}))
            .complete(Finish::Other("incomplete".into())),
        Case::responses("it is cancelled from elsewhere")
            .says("Gr", &delta("output_text", "Gr"))
            .event(&json!({"type": "response.completed", "response": {"status": "cancelled"}}))
            .fails(ErrorKind::Interrupted),
        Case::responses("it fails without a word of why")
            .says("Gr", &delta("output_text", "Gr"))
            .event(&json!({"type": "response.failed", "response": {"error": null, "usage": usage}}))
            .fails(ErrorKind::Unavailable)
            .counts(7, 5),
        Case::responses("it is too long for a minute's allowance")
            .event(&json!({"type": "response.failed", "response": {"status": "failed", "error": {"code": "rate_limit_exceeded",
                "message": "Request too large for gpt-5-pro on tokens per min (TPM): Limit 30000, Requested 35364."}}}))
            .fails(ErrorKind::ContextLength),
        Case::responses("an error as it comes")
            .event(&json!({"type": "error", "error": {"type": "insufficient_quota", "code": "insufficient_quota", "message": "m"}}))
            .fails(ErrorKind::Quota),
    ]
}

/// What gateways and other servers make of it: they leave out the pieces, or the whole, or tell thoughts their own way.
fn accents() -> Vec<Case> {
    let done = |item: Value| json!({"type": "response.output_item.done", "output_index": 0, "item": item});
    let completed = |output: Value| {
        json!({"type": "response.completed", "response": {"object": "response", "status": "completed", "error": null,
            "output": output, "usage": {"input_tokens": 7, "output_tokens": 5}}})
    };
    let thought = || json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]});
    let aloud = || json!({"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]});
    let message = || json!({"type": "message", "content": [{"type": "output_text", "text": "Grün."}]});
    let reasoning = |index: u32| json!({"type": "response.output_item.added", "output_index": index, "item": {"type": "reasoning"}});
    vec![
        Case::responses("items without their pieces, and nothing in the end")
            .thinks("Hm.", &done(thought()))
            .says("Grün.", &done(message()))
            .event(&completed(json!([])))
            .complete(Finish::Stop)
            .counts(7, 5),
        Case::responses("items without their pieces, and once more in the end")
            .thinks("Hm.", &done(aloud()))
            .says("Grün.", &done(message()))
            .event(&completed(json!([aloud(), message()])))
            .complete(Finish::Stop)
            .counts(7, 5),
        Case::responses("thoughts in pieces, and the text only in the end")
            .thinks("Hm.", &delta("reasoning_text", "Hm."))
            .event(&done(aloud()))
            .says("Grün.", &completed(json!([aloud(), message()])))
            .complete(Finish::Stop)
            .counts(7, 5),
        Case::responses("a refusal without its pieces")
            .event(&json!({"type": "response.refusal.done", "refusal": "No."}))
            .declines("No.", &done(json!({"type": "message", "content": [{"type": "refusal", "refusal": "No."}]})))
            .event(&completed(json!([])))
            .complete(Finish::Stop)
            .counts(7, 5),
        Case::responses("it thinks twice, and counts the parts anew each time")
            .event(&reasoning(0))
            .event(&json!({"type": "response.reasoning_summary_part.added", "output_index": 0, "summary_index": 0}))
            .thinks("One.", &delta("reasoning_summary_text", "One."))
            .event(&reasoning(1))
            .event(&json!({"type": "response.reasoning_summary_part.added", "output_index": 1, "summary_index": 0}))
            .thinks("\n\nTwo.", &delta("reasoning_summary_text", "Two."))
            .event(&reasoning(2))
            .says("Grün.", &delta("output_text", "Grün."))
            .event(&completed(json!([message()])))
            .complete(Finish::Stop)
            .counts(7, 5),
        Case::responses("OpenRouter's word for the end")
            .says("Grün.", &delta("output_text", "Grün."))
            .event(&json!({"type": "response.done", "response": {"status": "completed", "usage": {"input_tokens": 7, "output_tokens": 5}}}))
            .complete(Finish::Stop)
            .raw("data: [DONE]\n\n")
            .counts(7, 5),
    ]
}
