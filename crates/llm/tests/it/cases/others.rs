//! Responses, Anthropic's Messages and Gemini.

use super::Case;
use llm::{ErrorKind, Finish};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    [responses(), anthropic(), anthropic_ends(), gemini()].into_iter().flatten().collect()
}

fn delta(kind: &str, text: &str) -> Value {
    json!({"type": format!("response.{kind}.delta"), "item_id": "i", "output_index": 0, "content_index": 0, "delta": text})
}

fn responses() -> Vec<Case> {
    let usage = json!({"input_tokens": 7, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 2}});
    let created =
        json!({"type": "response.created", "response": {"object": "response", "status": "in_progress", "output": []}});
    vec![
        Case::responses("thoughts in two parts, then a text")
            .event(&created)
            .event(&json!({"type": "response.reasoning_summary_part.added", "summary_index": 0}))
            .thinks("One.", &delta("reasoning_summary_text", "One."))
            .thinks("\n\n", &json!({"type": "response.reasoning_summary_part.added", "summary_index": 1}))
            .thinks("Two.", &delta("reasoning_summary_text", "Two."))
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

fn start(content: &Value) -> Value {
    json!({"type": "message_start", "message": {"id": "msg_1", "role": "assistant", "content": content, "stop_reason": null,
        "usage": {"input_tokens": 10, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 1}}})
}

fn block(index: u32, block: &Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn part(index: u32, delta: &Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn text(text: &str) -> Value {
    part(1, &json!({"type": "text_delta", "text": text}))
}

fn stop(index: u32) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn end(reason: &str, output_tokens: u64) -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": output_tokens}})
}

fn anthropic() -> Vec<Case> {
    let last = json!({"type": "message_stop"});
    let ping = json!({"type": "ping"});
    vec![
        Case::anthropic("thoughts with a signature, hidden ones, pings, a text")
            .event(&start(&json!([])))
            .event(&ping)
            .event(&block(0, &json!({"type": "thinking", "thinking": "", "signature": ""})))
            .thinks("Let ", &part(0, &json!({"type": "thinking_delta", "thinking": "Let "})))
            .thinks("me.", &part(0, &json!({"type": "thinking_delta", "thinking": "me."})))
            .event(&part(0, &json!({"type": "signature_delta", "signature": "c2ln"})))
            .event(&stop(0))
            .event(&block(1, &json!({"type": "redacted_thinking", "data": "aGlkZGVu"})))
            .event(&stop(1))
            .event(&block(2, &json!({"type": "text", "text": ""})))
            .says("Öl ", &text("Öl "))
            .event(&ping)
            .says("schwimmt.", &text("schwimmt."))
            .event(&part(2, &json!({"type": "citations_delta", "citation": {"cited_text": "not this"}})))
            .event(&stop(2))
            .event(&end("end_turn", 21))
            .event(&last)
            .complete(Finish::Stop)
            .counts(15, 21),
        Case::anthropic("a start that comes twice")
            .event(&start(&json!([])))
            .event(&block(0, &json!({"type": "text", "text": ""})))
            .says("a", &text("a"))
            .event(&start(&json!([{"type": "text", "text": "a"}])))
            .says("b", &text("b"))
            .event(&end("max_tokens", 2))
            .event(&last)
            .complete(Finish::Length)
            .counts(15, 2),
        Case::anthropic("a start with everything in it")
            .says("at once", &start(&json!([{"type": "text", "text": "at once"}])))
            .event(&end("stop_sequence", 2))
            .event(&last)
            .complete(Finish::Stop)
            .counts(15, 2),
        Case::anthropic("a call of a tool, and one that the server makes itself")
            .event(&start(&json!([])))
            .event(&block(0, &json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}})))
            .event(&part(0, &json!({"type": "input_json_delta", "partial_json": ""})))
            .event(&stop(0))
            .event(&block(
                1,
                &json!({"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"text": "found"}]}),
            ))
            .says("I see.", &text("I see."))
            .event(&block(2, &json!({"type": "tool_use", "id": "t", "name": "f", "input": {}})))
            .event(&part(2, &json!({"type": "input_json_delta", "partial_json": "{\"a\":"})))
            .event(&end("tool_use", 30))
            .event(&last)
            .complete(Finish::ToolCalls)
            .counts(15, 30),
        Case::anthropic("it declines without a word")
            .event(&start(&json!([])))
            .event(
                &json!({"type": "message_delta", "delta": {"stop_reason": "refusal", "stop_details": {"category": "x"}},
                "usage": {"input_tokens": 10, "output_tokens": 4}}),
            )
            .event(&last)
            .complete(Finish::ContentFilter)
            .counts(10, 4),
        Case::anthropic("it has too much to do")
            .event(&start(&json!([])))
            .says("a", &text("a"))
            .event(&json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}))
            .fails(ErrorKind::Overloaded),
    ]
}

/// What other servers of Anthropic's wire do, and how its answers end otherwise.
fn anthropic_ends() -> Vec<Case> {
    let last = json!({"type": "message_stop"});
    vec![
        Case::anthropic("MiniMax: a block's first words with its beginning and with its first piece")
            .event(&start(&json!([])))
            .says("Ein", &block(0, &json!({"type": "text", "text": "Ein"})))
            .event(&text("Ein"))
            .says("s.", &text("s."))
            .event(&stop(0))
            .event(&end("end_turn", 3))
            .event(&last)
            .complete(Finish::Stop)
            .counts(15, 3),
        Case::anthropic("another model takes over, and an end without a reason")
            .event(&start(&json!([])))
            .says("Eins. ", &text("Eins. "))
            .event(&stop(1))
            .event(&block(2, &json!({"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}})))
            .event(&stop(2))
            .event(&block(3, &json!({"type": "text", "text": ""})))
            .says("Zwei.", &text("Zwei."))
            .event(&json!({"type": "message_delta", "delta": {"stop_reason": null}, "usage": {"input_tokens": 61, "output_tokens": 9}}))
            .event(&last)
            .complete(Finish::Other("message_stop".into()))
            .counts(61, 9),
        Case::anthropic("its turn is not over")
            .event(&start(&json!([])))
            .says_raw("a", "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}      }\n\n")
            .event(&end("pause_turn", 2))
            .event(&last)
            .complete(Finish::Other("pause_turn".into()))
            .counts(15, 2),
        Case::anthropic("it has no room left")
            .event(&start(&json!([])))
            .says("a", &text("a"))
            .event(&end("model_context_window_exceeded", 2))
            .event(&last)
            .complete(Finish::Length)
            .counts(15, 2),
        Case::anthropic("a filter ends it with an error")
            .event(&start(&json!([])))
            .says("a", &text("a"))
            .event(&json!({"type": "error", "error": {"type": "invalid_request_error", "message": "Output blocked by content filtering policy"}}))
            .fails(ErrorKind::ContentFilter),
        Case::anthropic("it breaks")
            .says("a", &text("a"))
            .event(&json!({"type": "error", "error": {"type": "api_error", "message": "Internal server error"}, "request_id": "r"}))
            .fails(ErrorKind::Unavailable),
    ]
}

fn candidate(parts: &Value, finish: Option<&str>) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    if let Some(finish) = finish {
        candidate["finishReason"] = json!(finish);
    }
    json!({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 6, "thoughtsTokenCount": 3}})
}

fn word(text: &str) -> Value {
    candidate(&json!([{"text": text}]), None)
}

fn gemini() -> Vec<Case> {
    let blocked =
        json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}});
    let mut cases = vec![
        Case::gemini("thoughts, a signature without text, code, several candidates")
            .thinks("Hm.", &candidate(&json!([{"text": "Hm.", "thought": true}]), None))
            .says("Drei ", &candidate(&json!([{"text": "Drei ", "thoughtSignature": "c2ln"}]), None))
            .event(&candidate(&json!([{"executableCode": {"code": "1+2"}}, {"codeExecutionResult": {"output": "3"}}, {"text": "", "thoughtSignature": "c2ln"}]), None))
            .says("Äpfel", &json!({"candidates": [{"index": 1, "content": {"parts": [{"text": "another"}]}},
                {"content": {"parts": [{"text": "Äpfel"}]}}]}))
            .event(&json!({"candidates": [{"index": 1, "finishReason": "STOP"}]}))
            .event(&candidate(&json!([{"text": ""}]), Some("STOP")))
            .complete(Finish::Stop)
            .counts(4, 9),
        Case::gemini("a call that it cannot write, with what it says of it, and counts of something else between")
            .says("a", &word("a"))
            .event(&json!({"usageMetadata": {"trafficType": "ON_DEMAND"}, "modelVersion": "m", "responseId": "r"}))
            .event(&json!({"candidates": [{"content": {}, "finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": "Malformed function call"}]}))
            .complete(Finish::Other("malformed_function_call".into()))
            .counts(4, 9),
        Case::gemini("nothing but a call of a tool")
            .event(&candidate(&json!([{"functionCall": {"name": "clock"}, "thoughtSignature": "c2ln"}]), None))
            .event(&candidate(&json!([{"text": ""}]), Some("STOP")))
            .complete(Finish::Stop)
            .counts(4, 9),
        Case::gemini("it goes on after its reason")
            .says("a", &word("a"))
            .event(&candidate(&json!([{"executableCode": {"code": "1"}}]), Some("STOP")))
            .complete(Finish::Stop)
            .event(&candidate(&json!([]), Some("STOP")))
            .counts(4, 9),
        Case::gemini("its words come as a list of one")
            .raw(&format!("data: [{}]\n\n", json!({"candidates": []})))
            .says("a", &json!([word("a")]))
            .event(&json!([candidate(&json!([]), Some("STOP"))]))
            .complete(Finish::Stop)
            .counts(4, 9),
        Case::gemini("the question is refused").event(&blocked).complete(Finish::ContentFilter).counts(4, 0),
        Case::gemini("everything went into thoughts")
            .event(&json!({"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}],
                "usageMetadata": {"promptTokenCount": 4, "thoughtsTokenCount": 9}}))
            .complete(Finish::Length)
            .counts(4, 9),
        Case::gemini("it has too much to do")
            .says("a", &word("a"))
            .event(&json!({"error": {"code": 503, "message": "The model is overloaded. Please try again later.", "status": "UNAVAILABLE"}}))
            .fails(ErrorKind::Overloaded)
            .counts(4, 9),
        Case::gemini("an error in a list between the events")
            .says("a", &word("a"))
            .raw("[{\n  \"error\": {\n    \"code\": 429,\n    \"status\": \"RESOURCE_EXHAUSTED\"\n  }\n}\n]\n")
            .fails(ErrorKind::RateLimited)
            .counts(4, 9),
        Case::gemini_list("one list in place of events")
            .says("Eins, ", &word("Eins, "))
            .says("z]w{ei\"", &word("z]w{ei\""))
            .event(&candidate(&json!([]), Some("STOP")))
            .complete(Finish::Stop)
            .counts(4, 9),
        Case::gemini_list("one list that breaks off with an error")
            .says("Eins, ", &word("Eins, "))
            .event(&json!({"error": {"code": 500, "message": "broken", "status": "INTERNAL"}}))
            .fails(ErrorKind::Unavailable)
            .counts(4, 9),
    ];
    for reason in ["SAFETY", "RECITATION", "PROHIBITED_CONTENT", "SPII", "BLOCKLIST", "IMAGE_SAFETY"] {
        cases.push(
            Case::gemini("the filter ends it")
                .says("a ", &word("a "))
                .says("b", &candidate(&json!([{"text": "b"}]), Some(reason)))
                .complete(Finish::ContentFilter)
                .counts(4, 9),
        );
    }
    cases
}
