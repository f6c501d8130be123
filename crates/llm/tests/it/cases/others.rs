//! Anthropic's Messages and Gemini.

use super::{Case, Piece};
use llm::{ErrorKind, Finish};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    [anthropic(), anthropic_thoughts(), anthropic_ends(), gemini()].into_iter().flatten().collect()
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

/// Thoughts in several blocks, which are paragraphs of their own wherever they come.
fn anthropic_thoughts() -> Vec<Case> {
    let thinking = |index| block(index, &json!({"type": "thinking", "thinking": "", "signature": ""}));
    let thought = |index, text: &str| part(index, &json!({"type": "thinking_delta", "thinking": text}));
    let sign = |index| part(index, &json!({"type": "signature_delta", "signature": "c2ln"}));
    let last = json!({"type": "message_stop"});
    vec![
        Case::anthropic("it thinks, searches, and thinks again, in part where nobody may look")
            .event(&start(&json!([])))
            .event(&thinking(0))
            .thinks("First.", &thought(0, "First."))
            .event(&sign(0))
            .event(&stop(0))
            .event(&block(1, &json!({"type": "text", "text": ""})))
            .says("I look. ", &text("I look. "))
            .event(&stop(1))
            .event(&block(2, &json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}})))
            .event(&stop(2))
            .event(&block(3, &json!({"type": "web_search_tool_result", "tool_use_id": "s", "content": []})))
            .event(&stop(3))
            .event(&thinking(4))
            .thinks("\n\nSecond, ", &thought(4, "Second, "))
            .thinks("in two.", &thought(4, "in two."))
            .event(&stop(4))
            .event(&block(5, &json!({"type": "redacted_thinking", "data": "aGlkZGVu"})))
            .event(&stop(5))
            .event(&thinking(6))
            .event(&sign(6))
            .event(&stop(6))
            .event(&thinking(7))
            .thinks("\n\nThird.", &thought(7, "Third."))
            .event(&stop(7))
            // A text that quotes is cut into blocks anywhere, and is one text.
            .says("It is ", &block(8, &json!({"type": "text", "text": "It is ", "citations": []})))
            .event(&stop(8))
            .event(&block(9, &json!({"type": "text", "text": ""})))
            .says("so.", &text("so."))
            .event(&end("end_turn", 40))
            .event(&last)
            .complete(Finish::Stop)
            .counts(15, 40),
        Case::anthropic("a start with thoughts in it")
            .piece(
                &start(
                    &json!([{"type": "thinking", "thinking": "One."}, {"type": "redacted_thinking", "data": "eA=="},
                    {"type": "thinking", "thinking": "Two."}, {"type": "text", "text": "So."}]),
                ),
                Piece { text: "So.", thought: "One.\n\nTwo.", ..Piece::default() },
            )
            .event(&end("end_turn", 4))
            .event(&last)
            .complete(Finish::Stop)
            .counts(15, 4),
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
        Case::anthropic("Bedrock's word for too much")
            .says("a", &text("a"))
            .event(&json!({"type": "error", "error": {"type": "ThrottlingException", "message": "Too many tokens, please wait."}}))
            .fails(ErrorKind::RateLimited),
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
        Case::gemini("it ends the answer itself")
            .says("a", &word("a"))
            .event(&json!({"error": {"code": 499, "message": "The operation was cancelled.", "status": "CANCELLED"}}))
            .fails(ErrorKind::Unavailable)
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
