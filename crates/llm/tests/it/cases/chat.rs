//! Chat Completions in the accents of those who speak it, and Ollama's own wire.

use super::Case;
use llm::{ErrorKind, Finish};
use serde_json::{Value, json};

pub(super) fn chunk(delta: &Value, finish: Option<&str>) -> Value {
    json!({"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]})
}

pub(super) fn content(text: &str) -> Value {
    chunk(&json!({"content": text}), None)
}

pub(super) fn end(reason: &str) -> Value {
    chunk(&json!({}), Some(reason))
}

pub(super) fn with(mut chunk: Value, field: &str, value: Value) -> Value {
    chunk[field] = value;
    chunk
}

pub(super) fn usage(input: u64, output: u64) -> Value {
    json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
}

pub(super) const DONE: &str = "data: [DONE]\n\n";

pub(super) fn cases() -> Vec<Case> {
    [answers(), accents(), ends(), failures()].into_iter().flatten().collect()
}

fn answers() -> Vec<Case> {
    vec![
        Case::chat("OpenAI, with its usage in a chunk of its own")
            .event(&chunk(&json!({"role": "assistant", "content": "", "refusal": null}), None))
            .says("Rivers ", &content("Rivers "))
            .says("fließen 🌊", &with(content("fließen 🌊"), "usage", Value::Null))
            .says(".\n", &content(".\n"))
            .event(&end("stop"))
            .complete(Finish::Stop)
            .event(&with(json!({"choices": []}), "usage", usage(9, 5)))
            .raw(DONE)
            .counts(9, 5),
        Case::chat("a refusal in pieces")
            .event(&chunk(&json!({"role": "assistant", "content": null, "refusal": ""}), None))
            .declines("That I ", &chunk(&json!({"refusal": "That I "}), None))
            .declines("will not.", &chunk(&json!({"content": null, "refusal": "will not."}), None))
            .event(&end("stop"))
            .complete(Finish::Stop)
            .raw(DONE),
        Case::chat("two calls of tools beside a text")
            .says("Looking.", &chunk(&json!({"role": "assistant", "content": "Looking."}), None))
            .event(&chunk(
                &json!({"tool_calls": [{"index": 0, "id": "a", "type": "function",
                "function": {"name": "weather", "arguments": ""}}]}),
                None,
            ))
            .event(&chunk(
                &json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"town\":\"Bern\"}"}}]}),
                None,
            ))
            .event(&chunk(
                &json!({"tool_calls": [{"index": 0, "id": "b", "function": {"name": "clock", "arguments": null}}]}),
                None,
            ))
            .event(&chunk(&json!({"tool_calls": [{"id": null}]}), None))
            .event(&end("tool_calls"))
            .complete(Finish::ToolCalls)
            .raw(DONE),
        Case::chat("Azure: the filter's word first, and the filter at the end")
            .event(&json!({"id": "", "model": "", "object": "", "choices": [],
                "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]}))
            .says("Once upon", &content("Once upon"))
            .event(&end("content_filter"))
            .complete(Finish::ContentFilter)
            .event(&json!({"choices": [], "usage": null, "moderation": {"flagged": true}}))
            .raw(DONE),
    ]
}

fn accents() -> Vec<Case> {
    let details = json!([{"type": "reasoning.text", "text": "Hm, tea.", "index": 0}]);
    vec![
        Case::chat("DeepSeek: thoughts beside a null, comments, usage with the reason")
            .raw(": keep-alive\n\n")
            .thinks("First, ", &chunk(&json!({"role": "assistant", "content": null, "reasoning_content": "First, "}), None))
            .thinks("water.", &chunk(&json!({"content": null, "reasoning_content": "water."}), None))
            .raw(": keep-alive\n\n")
            .says("Boil it.", &chunk(&json!({"content": "Boil it.", "reasoning_content": null}), None))
            .event(&with(end("stop"), "usage", usage(11, 8)))
            .complete(Finish::Stop)
            .raw(DONE)
            .counts(11, 8),
        Case::chat("OpenRouter: comments, its thoughts twice, the reason twice, and what it cost")
            .raw(": OPENROUTER PROCESSING\n\n")
            .raw(": OPENROUTER PROCESSING\n\n")
            .thinks("Hm, tea.", &chunk(&json!({"role": "assistant", "content": "", "reasoning": "Hm, tea.", "reasoning_details": details}), None))
            .says("Tea.", &chunk(&json!({"role": "assistant", "content": "Tea."}), None))
            .event(&end("stop"))
            .complete(Finish::Stop)
            .raw(": OPENROUTER PROCESSING\n\n")
            .event(&with(end("stop"), "usage", json!({"prompt_tokens": 4, "completion_tokens": 6, "cost": 0.000_25, "is_byok": false})))
            .raw(DONE)
            .counts(4, 6)
            .costs(250),
        Case::chat("Mistral: content as a string and as a list of parts")
            .thinks("Sum.", &chunk(&json!({"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Sum."}]}]}), None))
            .says("It is ", &chunk(&json!({"content": [{"type": "text", "text": "It "}, {"type": "reference", "reference_ids": [1]}, {"type": "text", "text": "is "}]}), None))
            .says("12.", &content("12."))
            .event(&with(end("stop"), "usage", usage(3, 7)))
            .complete(Finish::Stop)
            .raw(DONE)
            .counts(3, 7),
        Case::chat("Groq: its own field at both ends, where it counts")
            .event(&with(chunk(&json!({"role": "assistant", "content": ""}), None), "x_groq", json!({"id": "req_1"})))
            .says("Quick.", &content("Quick."))
            .event(&with(end("stop"), "x_groq", json!({"id": "req_1", "usage": {"prompt_tokens": 2, "completion_tokens": 1, "queue_time": 0.01}})))
            .complete(Finish::Stop)
            .raw(DONE)
            .counts(2, 1),
        Case::chat("Moonshot: it counts in the choice")
            .says("Yes", &content("Yes"))
            .event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "length", "usage": {"prompt_tokens": 5, "completion_tokens": 2}}]}))
            .complete(Finish::Length)
            .raw(DONE)
            .counts(5, 2),
        Case::chat("llama.cpp: a null first, times beside the usage, which every chunk has")
            .event(&with(chunk(&json!({"role": "assistant", "content": null}), None), "usage", usage(1, 0)))
            .says("ja ", &with(content("ja "), "usage", usage(1, 1)))
            .says("nein", &with(content("nein"), "usage", usage(1, 2)))
            .event(&with(with(end("stop"), "timings", json!({"predicted_n": 3})), "usage", usage(1, 3)))
            .complete(Finish::Stop)
            .raw(DONE)
            .counts(1, 3),
        Case::chat("a model of a local server that thinks aloud in its text")
            .thinks("a<b", &content("\n<think>a<b"))
            .says("Less.", &content("</think>\n\nLess."))
            .event(&end("stop"))
            .complete(Finish::Stop),
        Case::ollama("Ollama's own wire")
            .thinks("Why ", &json!({"model": "m", "message": {"role": "assistant", "content": "", "thinking": "Why "}, "done": false}))
            .says("Because ", &json!({"model": "m", "message": {"role": "assistant", "content": "Because "}, "done": false}))
            .says("näher.", &json!({"model": "m", "message": {"role": "assistant", "content": "näher."}, "done": false}))
            .event(&json!({"model": "m", "message": {"role": "assistant", "content": ""}, "done": true, "done_reason": "length",
                "prompt_eval_count": 6, "eval_count": 4}))
            .complete(Finish::Length)
            .counts(6, 4),
    ]
}

fn ends() -> Vec<Case> {
    vec![
        Case::chat("no end mark, and no space after the colon")
            .raw("data:{\"choices\":[]}\n\n")
            .says("Enough.", &content("Enough."))
            .event(&with(end("stop"), "usage", usage(2, 2)))
            .complete(Finish::Stop)
            .counts(2, 2),
        Case::chat("an end mark without a reason")
            .says("Enough.", &content("Enough."))
            .raw("data:[DONE]\n\n")
            .complete(Finish::Other("done".into()))
            .raw(DONE),
        Case::chat("everything went into thoughts")
            .event(&chunk(&json!({"role": "assistant", "content": ""}), None))
            .event(&end("length"))
            .complete(Finish::Length)
            .event(&with(json!({"choices": []}), "usage", usage(8, 64)))
            .raw(DONE)
            .counts(8, 64),
        Case::chat("shapes that nobody needs")
            .event(&json!({"choices": null, "usage": {}, "error": null}))
            .event(&json!({"choices": [{"index": 0}]}))
            .event(&json!({"choices": [{"index": 0, "delta": null, "finish_reason": ""}]}))
            .event(&json!({"choices": [{"index": 1, "delta": {"content": "another"}, "finish_reason": "stop"}]}))
            .says(" ", &json!({"choices": [{"index": null, "delta": {"content": " "}}], "error": {}}))
            .says(
                "\n",
                &json!({"choices": [{"index": 0.0, "delta": {"content": "\n", "audio": {"id": 1}}}], "new": [[{}]]}),
            )
            .event(&end("stop"))
            .complete(Finish::Stop),
    ]
}

fn failures() -> Vec<Case> {
    let error = |fields: Value| json!({"error": fields});
    vec![
        Case::chat("OpenRouter: a provider that breaks in the middle")
            .says("Half ", &content("Half "))
            .event(&with(end("error"), "error", json!({"code": 502, "message": "Provider disconnected", "metadata": {"error_type": "provider_unavailable"}})))
            .fails(ErrorKind::Unavailable),
        Case::chat("OpenRouter: a reason, and then an error after all")
            .says("Half ", &content("Half "))
            .event(&end("stop"))
            .complete(Finish::Stop)
            .event(&with(with(end("stop"), "error", json!({"code": "429", "message": "Rate limited"})), "choices", json!([])))
            .fails(ErrorKind::RateLimited),
        Case::chat("OpenRouter: what the provider behind it said")
            .event(&error(json!({"code": 400, "message": "Provider returned error", "metadata": {"provider_name": "X",
                "raw": "{\"error\":{\"message\":\"prompt is too long: 300000 tokens > 200000 maximum\"}}"}})))
            .fails(ErrorKind::ContextLength),
        Case::chat("vLLM: an error that is the whole chunk")
            .says("a", &content("a"))
            .event(&json!({"object": "error", "message": "This model's maximum context length is 4096 tokens.", "type": "BadRequestError", "code": 400}))
            .fails(ErrorKind::ContextLength),
        Case::chat("Groq: an event by the name of error")
            .says("a", &content("a"))
            .raw("event: error\ndata: {\"error\":{\"message\":\"no tool was called\",\"type\":\"invalid_request_error\",\"status_code\":400}}\n\n")
            .fails(ErrorKind::BadRequest),
        Case::chat("DeepSeek gives up")
            .says("a", &content("a"))
            .event(&end("insufficient_system_resource"))
            .fails(ErrorKind::Overloaded),
        Case::chat("an error that is a sentence")
            .event(&json!({"error": "the engine is overloaded"}))
            .fails(ErrorKind::Overloaded),
        Case::chat("an error over several lines between the events")
            .says("a", &content("a"))
            .raw("{\n  \"error\": {\n    \"message\": \"Slow { down\",\n    \"code\": \"rate_limit_exceeded\"\n  }\n}\n")
            .fails(ErrorKind::RateLimited),
        Case::ollama("Ollama breaks in the middle")
            .says("a", &json!({"message": {"role": "assistant", "content": "a"}, "done": false}))
            .event(&json!({"error": "an error was encountered while running the model"}))
            .fails(ErrorKind::Unavailable),
    ]
}
