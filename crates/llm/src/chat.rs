//! The wire of OpenAI's Chat Completions, which most servers speak, each with its own accent: writes requests and reads
//! answers. Knows the accents and no address.

use crate::{
    ChatMessage, ChatRequest, Error, ErrorKind, Finish, Part, Role, Schema, Usage, failure, known, output::Output,
    sse::Event, structured, think::ThinkBlock,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};
use std::borrow::Cow;

/// What servers of this wire differ in where requests are concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accent {
    /// `max_completion_tokens` is the name that OpenAI's newer models insist on; everybody else knows `max_tokens`.
    pub(crate) max_completion_tokens: bool,
    /// OpenAI pads every chunk against listeners who count bytes, unless told otherwise; others may refuse to be told.
    pub(crate) no_obfuscation: bool,
}

/// Fields that some models or servers refuse, and that a request can do without.
pub(crate) const REFUSABLE: [&str; 9] = [
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "stream_options",
    "response_format",
    // OpenAI streams its newest models only to organisations that it knows; others get the answer in one piece.
    "stream",
];

/// The body of a request.
pub(crate) fn body(request: &ChatRequest, schema: Option<&Schema>, accent: Accent) -> Map<String, Value> {
    let system = structured::system(request, schema).map(|text| json!({"role": "system", "content": text}));
    let messages: Vec<Value> = system.into_iter().chain(request.messages.iter().map(message)).collect();
    let mut stream_options = json!({"include_usage": true});
    if accent.no_obfuscation {
        stream_options["include_obfuscation"] = json!(false);
    }
    let settings = known::accepted(&request.model, &request.settings);
    let max_tokens = if accent.max_completion_tokens { "max_completion_tokens" } else { "max_tokens" };
    let fields = [
        ("model", json!(request.model)),
        ("messages", Value::Array(messages)),
        ("stream", json!(true)),
        ("stream_options", stream_options),
        (max_tokens, json!(settings.max_tokens)),
        ("temperature", decimal(settings.temperature)),
        ("top_p", decimal(settings.top_p)),
        ("frequency_penalty", decimal(settings.frequency_penalty)),
        ("presence_penalty", decimal(settings.presence_penalty)),
        ("response_format", schema.map_or(Value::Null, response_format)),
    ];
    fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn response_format(schema: &Schema) -> Value {
    json!({"type": "json_schema", "json_schema": {"name": schema.name, "strict": true, "schema": schema.schema}})
}

/// A setting as a person wrote it: 0.7 and not 0.699999988079071.
pub(crate) fn decimal(value: Option<f32>) -> Value {
    value.and_then(|value| value.to_string().parse::<f64>().ok()).map_or(Value::Null, |value| json!(value))
}

fn message(message: &ChatMessage) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    // Text alone goes as a string: older servers know nothing else.
    let content = if let [Part::Text(text)] = &message.parts[..] {
        json!(text)
    } else {
        Value::Array(message.parts.iter().map(part).collect())
    };
    json!({"role": role, "content": content})
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text(text) => json!({"type": "text", "text": text}),
        Part::Image { media_type, data } => {
            let url = format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(data));
            json!({"type": "image_url", "image_url": {"url": url}})
        }
        Part::Audio { media_type, data } => {
            let format = match media_type.as_str() {
                "audio/mpeg" | "audio/mp3" => "mp3",
                "audio/wav" | "audio/x-wav" | "audio/wave" => "wav",
                other => other.rsplit(['/', '-']).next().unwrap_or(other),
            };
            json!({"type": "input_audio", "input_audio": {"data": BASE64_STANDARD.encode(data), "format": format}})
        }
    }
}

/// Leaves a setting out; the limit of tokens goes by its other name first.
pub(crate) fn leave_out(body: &mut Map<String, Value>, field: &str, refused_before: &[&str]) {
    let Some(value) = body.remove(field) else { return };
    let other = match field {
        // Options of what is not wanted are refused.
        "stream" => return drop(body.remove("stream_options")),
        "max_tokens" => "max_completion_tokens",
        "max_completion_tokens" => "max_tokens",
        _ => return,
    };
    if !refused_before.contains(&other) {
        body.insert(other.to_owned(), value);
    }
}

/// A chunk of a stream, or a whole answer. Every field may be absent or of a shape nobody has seen before, so what carries
/// text is looked at only when it is needed.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    /// Where Groq counts, and says what broke.
    #[serde(borrow, default)]
    x_groq: Option<&'a RawValue>,
    /// MiniMax's outcome, in every chunk.
    #[serde(borrow, default)]
    base_resp: Option<&'a RawValue>,
    /// Ollama's own wire: the words, and whether and why they were the last.
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    done: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    delta: Option<Message<'a>>,
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<&'a RawValue>,
    /// Where OpenRouter says what the provider behind it failed with.
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    /// Where Moonshot counts.
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning_content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning_text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning_details: Option<&'a RawValue>,
}

/// Reads one response.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    think: ThinkBlock,
    /// Words have come as deltas, so that a whole message repeats them.
    has_deltas: bool,
}

impl Reader {
    pub(crate) fn event(&mut self, event: &Event, output: &mut Output) -> Result<(), Error> {
        let data = event.data.trim();
        // A server that marks the end but never says why: the answer is complete as far as anybody knows.
        if data == "[DONE]" && output.finish.is_none() && output.has_spoken() {
            output.finish = Some(Finish::Other("done".into()));
        }
        if !data.starts_with('{') {
            return Ok(());
        }
        match serde_json::from_str(data) {
            Ok(chunk) => self.chunk(chunk, event, output),
            Err(error) if error.is_data() => self.strange(data, event, output),
            Err(error) => Err(Error::new(ErrorKind::Protocol, format!("no JSON: {error}"))),
        }
    }

    fn chunk(&mut self, chunk: Chunk<'_>, event: &Event, output: &mut Output) -> Result<(), Error> {
        let is_error = event.name == "error" || chunk.object.is_some_and(|object| object.get() == "\"error\"");
        if is_error || chunk.error.is_some() || chunk.base_resp.is_some() {
            let document = serde_json::from_str(event.data.trim()).unwrap_or(Value::Null);
            if let Some(error) = failure::find(&document).or(is_error.then_some(&document)) {
                read_usage(chunk.usage, output);
                return Err(failure::from_event(error));
            }
        }
        if let Some(groq) = chunk.x_groq.and_then(|groq| serde_json::from_str::<Value>(groq.get()).ok()) {
            count(&groq["usage"], output);
            failure::find(&groq).map_or(Ok(()), |error| Err(failure::from_event(error)))?;
        }
        read_usage(chunk.usage, output);
        if chunk.done.is_some() && chunk.message.is_some() {
            self.ollama(event.data.trim(), output);
            return Ok(());
        }
        let is_first = |choice: &Choice| {
            choice.index.is_none_or(|index| index.get().parse::<f64>().is_ok_and(|index| index == 0.0))
        };
        let choice = chunk.choices.into_iter().flatten().find(is_first);
        choice.map_or(Ok(()), |choice| self.choice(choice, output))
    }

    /// JSON that is not shaped like a chunk: an error, a chunk that says one thing twice (then the last one counts), or
    /// something from tomorrow.
    fn strange(&mut self, data: &str, event: &Event, output: &mut Output) -> Result<(), Error> {
        let document = serde_json::from_str(data).unwrap_or(Value::Null);
        if let Some(error) = failure::find(&document) {
            return Err(failure::from_event(error));
        }
        let once = document.to_string();
        serde_json::from_str(&once).map_or(Ok(()), |chunk| self.chunk(chunk, event, output))
    }

    /// A line of Ollama's own wire, which an address without its version leads to.
    fn ollama(&mut self, data: &str, output: &mut Output) {
        let line: Value = serde_json::from_str(data).unwrap_or(Value::Null);
        let word = |pointer: &str| line.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        output.thought(Cow::Borrowed(word("/message/thinking")));
        self.think.push(word("/message/content"), output);
        if line["done"] == true {
            output.count(Usage {
                input_tokens: line["prompt_eval_count"].as_u64(),
                output_tokens: line["eval_count"].as_u64(),
                ..Usage::default()
            });
            output.finish = Some(finish(if word("/done_reason").is_empty() { "stop" } else { word("/done_reason") }));
            output.ended = true;
        }
    }

    /// The stream has ended: what looked like the beginning of a thought was text.
    pub(crate) fn end(&mut self, output: &mut Output) {
        self.think.end(output);
    }

    fn choice(&mut self, choice: Choice<'_>, output: &mut Output) -> Result<(), Error> {
        if let Some(delta) = choice.delta {
            self.message(&delta, output);
            self.has_deltas |= output.has_spoken();
        } else if let Some(message) = choice.message.filter(|_| !self.has_deltas) {
            self.message(&message, output);
        }
        read_usage(choice.usage, output);
        let error = choice.error.and_then(|error| serde_json::from_str(error.get()).ok()).unwrap_or(Value::Null);
        if failure::is_truthy(&error) {
            return Err(failure::from_event(&error));
        }
        match choice.finish_reason.and_then(string).as_deref() {
            // MiniMax and Alibaba write the null as a word.
            None | Some("" | "null") => {}
            Some(reason) => match given_up(reason) {
                Some(kind) => return Err(Error::new(kind, format!("the provider ended with: {reason}"))),
                None => output.finish = Some(finish(reason)),
            },
        }
        Ok(())
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) {
        // Some servers send the same thought in two of these.
        let thoughts =
            [message.reasoning_content, message.reasoning, message.reasoning_text, message.reasoning_details];
        if let Some(thought) = thoughts.into_iter().flatten().map(thought).find(|thought| !thought.is_empty()) {
            output.thought(Cow::Owned(thought));
        }
        if let Some(content) = message.content {
            if let Some(text) = string(content) {
                self.think.push(&text, output);
            } else {
                self.parts(content, output);
            }
        }
        if let Some(refusal) = message.refusal.and_then(string) {
            output.refusal(Cow::Owned(refusal));
        }
    }

    /// Content as a list, as Mistral sends it: thoughts and text in their order.
    fn parts(&mut self, content: &RawValue, output: &mut Output) {
        let Ok(Value::Array(parts)) = serde_json::from_str(content.get()) else { return };
        for part in &parts {
            match part.get("type").and_then(Value::as_str) {
                Some("thinking") => output.thought(Cow::Owned(text_of(&part["thinking"]))),
                // Databricks' word for it.
                Some("reasoning") => output.thought(Cow::Owned(text_of(part))),
                Some("refusal") => output.refusal(Cow::Owned(text_of(&part["refusal"]))),
                _ => self.think.push(&text_of(part), output),
            }
        }
    }
}

/// What a reason means that is none for a model to stop: the server gives the answer up in the middle.
fn given_up(reason: &str) -> Option<ErrorKind> {
    Some(match reason {
        "error" | "network_error" => ErrorKind::Unavailable,
        // vLLM's and those of servers built on it, where they shut down or shrink.
        "abort" => ErrorKind::Interrupted,
        // DeepSeek's.
        "insufficient_system_resource" => ErrorKind::Overloaded,
        _ => return None,
    })
}

fn finish(reason: &str) -> Finish {
    match reason.to_ascii_lowercase().as_str() {
        // The words of open models' servers, and those that gateways pass on from behind them.
        "stop" | "eos" | "eos_token" | "stop_sequence" | "end_turn" | "complete" => Finish::Stop,
        // Mistral's word for the model's own limit among them.
        "length" | "max_tokens" | "model_length" | "max_output_tokens" => Finish::Length,
        // Zhipu's word, Anthropic's and Google's; and Google's here, which says why after a colon.
        "sensitive" | "refusal" | "safety" => Finish::ContentFilter,
        filtered if filtered.starts_with("content_filter") => Finish::ContentFilter,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        _ => Finish::Other(reason.into()),
    }
}

fn read_usage(usage: Option<&RawValue>, output: &mut Output) {
    if let Some(usage) = usage.and_then(|usage| serde_json::from_str(usage.get()).ok()) {
        count(&usage, output);
    }
}

fn count(usage: &Value, output: &mut Output) {
    let count = |names: [&str; 2]| names.iter().find_map(|name| usage.get(*name)?.as_u64());
    output.count(Usage {
        input_tokens: count(["prompt_tokens", "input_tokens"]),
        output_tokens: count(["completion_tokens", "output_tokens"]),
        cost_micros: cost_micros(usage),
        estimated: false,
    });
}

/// What an answer cost: OpenRouter's `cost` in dollars, which for somebody's own key with a vendor is only OpenRouter's
/// part of it, or the `total_cost` in Perplexity's.
fn cost_micros(usage: &Value) -> Option<u64> {
    /// A million dollars, in millionths; no answer costs that.
    const ABSURD: f64 = 1e12;
    let cost = usage.get("cost")?;
    let vendor = (usage["is_byok"] == true).then(|| usage.pointer("/cost_details/upstream_inference_cost")?.as_f64());
    let dollars = cost.as_f64().or_else(|| cost.get("total_cost")?.as_f64())? + vendor.flatten().unwrap_or_default();
    let micros = (dollars * 1e6).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number within these bounds")]
    (0.0..ABSURD).contains(&micros).then_some(micros as u64)
}

fn string(raw: &RawValue) -> Option<String> {
    raw.get().starts_with('"').then(|| serde_json::from_str(raw.get()).ok()).flatten()
}

fn thought(raw: &RawValue) -> String {
    string(raw).unwrap_or_else(|| text_of(&serde_json::from_str(raw.get()).unwrap_or(Value::Null)))
}

/// The text in a string, in a part (`text` or `summary`), or in a list of parts.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text_of).collect(),
        Value::Object(part) => part.get("text").or_else(|| part.get("summary")).map(text_of).unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}
