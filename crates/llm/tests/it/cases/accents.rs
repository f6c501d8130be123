//! Chat Completions once more: habits of servers that no page of theirs tells of, and how they fail.

use super::{
    Case, Piece,
    chat::{DONE, chunk, content, end, usage, with},
};
use llm::{ErrorKind, Finish};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    [answers(), repetitions(), framings(), halves(), reasons(), failures(), local_failures()]
        .into_iter()
        .flatten()
        .collect()
}

fn answers() -> Vec<Case> {
    let logprobs =
        json!({"content": [{"token": "Ja", "logprob": -0.01, "bytes": [74, 97], "top_logprobs": []}], "refusal": null});
    let mut likely = content("Ja");
    likely["choices"][0]["logprobs"] = logprobs;
    vec![
        Case::chat("OpenAI, asked for everything: probabilities, a tier, a second choice")
            .event(&with(chunk(&json!({"role": "assistant", "content": ""}), None), "service_tier", json!("flex")))
            .says("Ja", &with(likely, "obfuscation", json!("x7")))
            .says("!", &json!({"choices": [{"index": 1, "delta": {"content": "Nein"}, "finish_reason": "length"},
                {"index": 0, "delta": {"content": "!"}, "finish_reason": null}]}))
            .event(&end("stop"))
            .complete(Finish::Stop)
            .event(&json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4,
                "prompt_tokens_details": {"cached_tokens": 8}, "completion_tokens_details": {"reasoning_tokens": 2}}}))
            .raw(DONE)
            .counts(9, 4),
        Case::chat("GitHub: thoughts under a name of its own")
            .event(&json!({"choices": [], "created": 0, "id": "", "model": "", "prompt_filter_results": [{"prompt_index": 0}]}))
            .thinks("Hm.", &chunk(&json!({"role": "assistant", "content": null, "reasoning_text": "Hm.", "reasoning_opaque": "x"}), None))
            .says("Ja", &content("Ja"))
            .event(&end("stop"))
            .complete(Finish::Stop)
            .raw(DONE),
        Case::chat("Databricks: thoughts as a part of the content; and a refusal as another")
            .thinks("Hm.", &chunk(&json!({"role": "assistant", "content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm.", "signature": ""}]}]}), None))
            .says("Ja, ", &chunk(&json!({"content": [{"type": "text", "text": "Ja, "}]}), None))
            .declines("aber nein", &chunk(&json!({"content": [{"type": "refusal", "refusal": "aber nein"}]}), None))
            .event(&end("stop"))
            .complete(Finish::Stop)
            .raw(DONE),
        Case::chat("Ollama: thoughts, an end in an empty delta, and no null anywhere")
            .thinks("Hm.", &chunk(&json!({"role": "assistant", "content": "", "reasoning": "Hm."}), None))
            .says("Ja", &chunk(&json!({"role": "assistant", "content": "Ja"}), None))
            .event(&chunk(&json!({"role": "assistant", "content": ""}), Some("stop")))
            .complete(Finish::Stop)
            .event(&with(json!({"choices": [], "system_fingerprint": "fp_ollama"}), "usage", usage(3, 2)))
            .raw(DONE)
            .counts(3, 2),
    ]
}

/// Text that comes twice is said once.
fn repetitions() -> Vec<Case> {
    let both = |whole: &str, piece: &str| {
        json!({"object": "chat.completion.chunk", "citations": ["https://example.com"], "choices": [{"index": 0,
            "message": {"role": "assistant", "content": whole}, "delta": {"role": "assistant", "content": piece}, "finish_reason": null}]})
    };
    let whole = |text: &str, finish: Option<&str>| {
        json!({"object": "chat.completion", "base_resp": {"status_code": 0, "status_msg": ""},
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}]})
    };
    let mut last = both("Eins zwei", "");
    last["choices"][0]["finish_reason"] = json!("stop");
    vec![
        Case::chat("MiniMax: the whole answer once more at its end")
            .says("Eins ", &with(content("Eins "), "usage", json!({"total_tokens": 0})))
            .says("zwei", &content("zwei"))
            .event(&with(whole("Eins zwei", Some("stop")), "usage", usage(4, 3)))
            .complete(Finish::Stop)
            .raw(DONE)
            .counts(4, 3),
        Case::chat("Perplexity: what there is so far beside every piece")
            .says("Eins ", &both("Eins ", "Eins "))
            .says("zwei", &both("Eins zwei", "zwei"))
            .event(&with(
                last,
                "usage",
                json!({"prompt_tokens": 4, "completion_tokens": 3, "cost": {"total_cost": 0.006}}),
            ))
            .complete(Finish::Stop)
            .counts(4, 3)
            .costs(6000),
        Case::chat("a server that says message for delta")
            .says("Eins ", &whole("Eins ", None))
            .says("zwei", &whole("zwei", None))
            .event(&whole("", Some("stop")))
            .complete(Finish::Stop),
    ]
}

/// Events put together as they should not be.
fn framings() -> Vec<Case> {
    let line = |chunk: &Value| format!("data: {chunk}\n");
    vec![
        Case::chat("no blank lines between the events")
            .says_raw("Eins ", &line(&content("Eins ")))
            .says_raw("zwei", &line(&content("zwei")))
            .raw(&line(&end("stop")))
            .complete(Finish::Stop)
            .raw(&line(&with(json!({"choices": []}), "usage", usage(4, 3))))
            .raw("data: [DONE]\n\n")
            .counts(4, 3),
        Case::chat("an event over several lines")
            .says_raw("Eins ", "data: {\"choices\": [\ndata:   {\"index\": 0, \"delta\": {\ndata:     \"content\": \"Eins \"\ndata:   }}\ndata: ]}\n\n")
            .says("zwei", &content("zwei"))
            .event(&end("stop"))
            .complete(Finish::Stop),
        Case::chat("a blank line between an event's name and its data")
            .says_raw("Eins", &format!("event: chunk\n\ndata: {}\n\n", content("Eins")))
            .raw("event: warning\n\n")
            .event(&end("stop"))
            .complete(Finish::Stop),
        Case::chat("lines of a log between the events")
            .says("Eins ", &content("Eins "))
            .raw("[INFO] still at it\n\n")
            .says("zwei", &content("zwei"))
            .raw("{half of a\n\n")
            .event(&end("stop"))
            .complete(Finish::Stop),
    ]
}

/// Halves of characters, as servers send them that cut a text between two UTF-16 units.
fn halves() -> Vec<Case> {
    let written = |escaped: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{escaped}\"}},\"finish_reason\":null}}]}}\n\n"
        )
    };
    vec![
        Case::chat("a character in two halves")
            .says_raw("See ", &written(r"See \ud83c"))
            .raw(": between the halves\n\n")
            .says_raw("🌊, ", &written(r"\udf0a, "))
            .says_raw("🌊.", &written(r"\ud83c\udf0a."))
            .event(&end("stop"))
            .complete(Finish::Stop),
        Case::chat("halves of characters whose other half never comes")
            .says_raw("a\u{FFFD}b", &written(r"a\ud83cb"))
            .says_raw("\u{FFFD}c", &written(r"\udf0ac"))
            .says_raw("d", &written(r"d\uD83C"))
            .says_raw("\u{FFFD}e", &written("e"))
            .event(&end("stop"))
            .complete(Finish::Stop),
        // A limit of tokens may cut a character as well as a word. Where the answer only breaks off, its half goes with it.
        Case::chat("half a character at the end of all")
            .says_raw("See ", &written(r"See \ud83c"))
            .says("\u{FFFD}", &end("length"))
            .complete(Finish::Length)
            .event(&with(json!({"choices": []}), "usage", usage(4, 3)))
            .raw(DONE)
            .counts(4, 3),
        Case::chat("half a character at the end of a thought")
            .thinks("Hm ", &chunk(&json!({"reasoning_content": "Hm "}), None))
            .raw(&written(r"\ud83c").replace("content", "reasoning_content"))
            .piece(&content("Ja"), Piece { text: "Ja", thought: "\u{FFFD}", ..Piece::default() })
            .event(&end("stop"))
            .complete(Finish::Stop),
    ]
}

/// Reasons in words that OpenAI does not have.
fn reasons() -> Vec<Case> {
    [
        ("model_length", Finish::Length),
        ("max_tokens", Finish::Length),
        ("sensitive", Finish::ContentFilter),
        ("content_filter: RECITATION", Finish::ContentFilter),
        ("function_call", Finish::ToolCalls),
        ("eos_token", Finish::Stop),
        ("end_turn", Finish::Stop),
        ("COMPLETE", Finish::Stop),
        ("STOP", Finish::Stop),
        ("MAX_TOKENS", Finish::Length),
        ("SAFETY", Finish::ContentFilter),
        ("refusal", Finish::ContentFilter),
        ("Repetition", Finish::Other("Repetition".into())),
    ]
    .into_iter()
    .map(|(word, finish)| {
        let mut silent = content("a");
        silent["choices"][0]["finish_reason"] = json!("null");
        Case::chat("another word for the reason").says("a", &silent).event(&end(word)).complete(finish).raw(DONE)
    })
    .collect()
}

/// What vendors fail with in the middle of an answer.
fn failures() -> Vec<Case> {
    let mut behind = end("error");
    behind["choices"][0]["error"] =
        json!({"code": 429, "message": "Rate limit exceeded upstream", "metadata": {"provider_name": "X"}});
    let half = |about: &'static str| Case::chat(about).says("Half ", &content("Half "));
    vec![
        half("OpenRouter: the error in the choice").event(&behind).fails(ErrorKind::RateLimited),
        half("Groq: the error in its own field")
            .event(&json!({"choices": [], "x_groq": {"id": "req_1", "error": "the model is over capacity"}}))
            .fails(ErrorKind::Overloaded),
        half("MiniMax: the outcome beside nothing")
            .event(&json!({"choices": null, "base_resp": {"status_code": 1027, "status_msg": "output new_sensitive"}}))
            .fails(ErrorKind::ContentFilter),
        Case::chat("MiniMax: the account is empty")
            .event(&json!({"id": "", "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}))
            .fails(ErrorKind::Quota),
        half("Mistral: an error with a number of its own")
            .event(&json!({"object": "error", "message": "Service tier capacity exceeded for this model.",
                "type": "service_tier_capacity_exceeded", "param": null, "code": "3505", "raw_status_code": 429}))
            .fails(ErrorKind::RateLimited),
        half("Zhipu: its network broke").event(&end("network_error")).fails(ErrorKind::Unavailable),
        half("Moonshot: too many at once")
            .event(&json!({"error": {"type": "rate_limit_reached_error", "message": "please try again after 1 seconds"}}))
            .fails(ErrorKind::RateLimited),
        half("a yes, and what it is beside it")
            .event(&json!({"error": true, "message": "Rate limit exceeded", "status": 429}))
            .fails(ErrorKind::RateLimited),
        half("a sentence, and a number beside it")
            .event(&json!({"error": "Please wait", "status_code": 429}))
            .fails(ErrorKind::RateLimited),
        half("Alibaba: the filter in the middle")
            .event(&json!({"error": {"code": "data_inspection_failed", "message": "Output data may contain inappropriate content."}}))
            .fails(ErrorKind::ContentFilter),
        half("OpenAI: overloaded in the middle")
            .event(&json!({"error": {"message": "The engine is currently overloaded.", "type": "server_error", "param": null, "code": null}}))
            .fails(ErrorKind::Overloaded),
    ]
}

/// What servers on one's own machine fail with.
fn local_failures() -> Vec<Case> {
    let half = |about: &'static str| Case::chat(about).says("Half ", &content("Half "));
    vec![
        half("vLLM is shut down").event(&end("abort")).fails(ErrorKind::Interrupted).raw(DONE),
        half("vLLM: the error is an object")
            .event(&json!({"error": {"message": "EngineCore encountered an issue.", "type": "InternalServerError", "param": null, "code": 500}}))
            .fails(ErrorKind::Unavailable)
            .raw(DONE),
        half("llama.cpp: a field by the name of error")
            .raw("error: {\"code\":500,\"message\":\"Context size has been exceeded.\",\"type\":\"server_error\"}\n\n")
            .fails(ErrorKind::ContextLength)
            .raw(DONE),
        half("llama.cpp: the same as data")
            .event(&json!({"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}}))
            .fails(ErrorKind::ContextLength),
        half("LM Studio: an event by the name of error")
            .raw("event: error\ndata: {\"error\":{\"message\":\"The model is loaded with context length of only 4096 tokens, which is not enough.\"}}\n\n")
            .fails(ErrorKind::ContextLength),
        half("Text Generation Inference: a sentence with its kind beside it")
            .event(&json!({"error": "Request failed during generation: Server error: CUDA out of memory", "error_type": "generation"}))
            .fails(ErrorKind::Unavailable),
    ]
}
