//! Anthropic: its address, its list of models and its wire, Messages.

use crate::{
    ChatMessage, ChatRequest, DeltaStream, Error, ErrorKind, Finish, Limits, ModelInfo, Part, ProviderConfig, Role,
    Schema, Usage, answer,
    chat::decimal,
    endpoint::{Call, Endpoint, secret},
    known,
    models::Capability,
    output::Output,
    structured,
    wire::{Wire, list, text},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{
    Client,
    header::{HeaderMap, HeaderValue},
};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, mem, sync::Arc};

/// Anthropic's endpoint.
#[derive(Clone, Debug)]
pub struct Anthropic {
    pub(crate) endpoint: Arc<Endpoint>,
}

/// Fields that some models refuse, and that a request can do without.
pub(crate) const REFUSABLE: [&str; 3] = ["temperature", "top_p", "output_config"];

/// The limit of tokens where nobody chose one and the model's own is not known: this wire wants one, and the oldest models
/// that are still served write so many.
const MAX_TOKENS: u32 = 4096;

/// Pages of the list of models that are read at most; each has up to a thousand.
const LIST_MAX_PAGES: usize = 10;

impl Anthropic {
    pub(crate) fn new(config: ProviderConfig, client: Client, limits: Limits) -> Result<Self, Error> {
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        if let Some(key) = &config.api_key {
            headers.insert("x-api-key", secret(key.expose())?);
        }
        Ok(Self { endpoint: Arc::new(Endpoint::new(config, "v1", client, headers, limits)) })
    }

    pub(crate) fn stream(&self, request: &ChatRequest, schema: Option<&Schema>) -> DeltaStream {
        let own_limit = known::find(&request.model).and_then(|known| known.max_output_tokens);
        let own_limit = own_limit.or_else(|| self.endpoint.lessons.max_tokens(&request.model));
        let body = match body(request, schema, own_limit) {
            Ok(body) => body,
            Err(error) => return answer::refused(error),
        };
        let call = Call {
            wire: Wire::Anthropic,
            model: request.model.clone(),
            path: vec!["messages".into()],
            query: None,
            body,
            refused: Vec::new(),
            is_limit_lowered: false,
        };
        answer::stream(self.endpoint.clone(), self.endpoint.lessons.adapt(call), request.estimate_input_tokens())
    }

    pub(crate) async fn models(&self) -> Result<Vec<ModelInfo>, Error> {
        let mut models = Vec::new();
        let mut query = String::from("limit=1000");
        for _ in 0..LIST_MAX_PAGES {
            let page = self.endpoint.get("models", Some(&query)).await?;
            for entry in list(&page, "/data") {
                let max_tokens = entry["max_tokens"].as_u64().and_then(|limit| u32::try_from(limit).ok());
                if let Some(model) = model(entry) {
                    self.endpoint.lessons.learn(&model.id, max_tokens.filter(|limit| *limit > 0), false);
                    models.push(model);
                }
            }
            match text(&page, "/last_id") {
                last if page["has_more"] == true && !last.is_empty() => query = format!("limit=1000&after_id={last}"),
                _ => break,
            }
        }
        Ok(models)
    }
}

fn model(entry: &Value) -> Option<ModelInfo> {
    let id = text(entry, "/id");
    let supports = |name: &str| entry["capabilities"][name]["supported"] == true;
    let capabilities = [
        (Capability::Images, supports("image_input")),
        (Capability::Thinking, supports("thinking")),
        (Capability::StructuredOutput, supports("structured_outputs")),
        // Every model of theirs does.
        (Capability::Tools, entry["capabilities"].is_object()),
    ];
    let name = text(entry, "/display_name");
    let model = ModelInfo {
        id: id.to_owned(),
        name: if name.is_empty() { id.to_owned() } else { name.to_owned() },
        description: String::new(),
        context_window: entry["max_input_tokens"].as_u64().and_then(|limit| u32::try_from(limit).ok()),
        capabilities: capabilities.into_iter().filter_map(|(capability, has)| has.then_some(capability)).collect(),
        price: None,
    };
    (!id.is_empty()).then(|| model.filled_up())
}

/// The body of a request, for a model that writes so many tokens at most where that is known. This wire knows no penalties
/// and no recordings, and its temperature ends at 1.
fn body(request: &ChatRequest, schema: Option<&Schema>, own_limit: Option<u32>) -> Result<Map<String, Value>, Error> {
    let settings = known::accepted(&request.model, &request.settings);
    // A wish beyond what the model writes at most would be refused.
    let max_tokens = settings.max_tokens.or(own_limit).unwrap_or(MAX_TOKENS).min(own_limit.unwrap_or(u32::MAX));
    let format = schema.map(|schema| json!({"format": {"type": "json_schema", "schema": schema.schema}}));
    // The first message must be the user's; what was said before it went when the context was cut.
    let messages = request.messages.iter().skip_while(|message| message.role == Role::Assistant);
    let mut messages: Vec<Value> = messages.map(message).collect::<Result<_, _>>()?;
    if let Some(Value::Object(last)) = messages.last_mut()
        && last["role"] == "assistant"
    {
        trim_end(last);
    }
    let fields = [
        ("model", json!(request.model)),
        ("max_tokens", json!(max_tokens)),
        ("system", json!(structured::system(request, schema))),
        ("messages", messages.into_iter().filter(|message| !list(message, "/content").is_empty()).collect()),
        ("stream", json!(true)),
        ("temperature", decimal(settings.temperature.map(|temperature| temperature.min(1.0)))),
        // Newer models take one of the two.
        ("top_p", decimal(settings.top_p.filter(|_| settings.temperature.is_none()))),
        ("output_config", format.unwrap_or_default()),
    ];
    Ok(fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The beginning of an answer that the model is to go on with may not end in white space.
fn trim_end(message: &mut Map<String, Value>) {
    let text = message.get_mut("content").and_then(|content| content.as_array_mut()?.last_mut()?.get_mut("text"));
    if let Some(Value::String(text)) = text {
        text.truncate(text.trim_end().len());
    }
}

fn message(message: &ChatMessage) -> Result<Value, Error> {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let content = message.parts.iter().filter_map(|part| match part {
        // A block without text is refused.
        Part::Text(text) if text.trim().is_empty() => None,
        Part::Text(text) => Some(Ok(json!({"type": "text", "text": text}))),
        Part::Image { media_type, data } => {
            let data = BASE64_STANDARD.encode(data);
            let source = json!({"type": "base64", "media_type": media_type, "data": data});
            Some(Ok(json!({"type": "image", "source": source})))
        }
        Part::Audio { .. } => Some(Err(Error::new(ErrorKind::BadRequest, "Anthropic's models take no recordings"))),
    });
    Ok(json!({"role": role, "content": content.collect::<Result<Vec<_>, _>>()?}))
}

/// Reads one response.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// The words with which a block of text began, until it is clear that its first piece does not repeat them.
    begun: String,
}

impl Reader {
    #[expect(clippy::unnecessary_wraps, reason = "other wires have errors of their own")]
    pub(crate) fn event(&mut self, event: &Value, output: &mut Output) -> Result<(), Error> {
        match text(event, "/type") {
            "content_block_delta" if text(event, "/delta/type") == "text_delta" => {
                self.go_on(text(event, "/delta/text"), output);
            }
            kind @ ("content_block_start" | "content_block_stop" | "message_delta" | "message_stop") => {
                self.end(output);
                self.other(kind, event, output);
            }
            kind => self.other(kind, event, output),
        }
        Ok(())
    }

    /// The first words of a block come with its beginning, with its first piece, or (MiniMax) with both.
    fn go_on(&mut self, piece: &str, output: &mut Output) {
        if piece != self.begun {
            self.end(output);
        }
        self.begun.clear();
        output.text(Cow::Borrowed(piece));
    }

    /// Gives out what was held back.
    pub(crate) fn end(&mut self, output: &mut Output) {
        output.text(Cow::Owned(mem::take(&mut self.begun)));
    }

    fn other(&mut self, kind: &str, event: &Value, output: &mut Output) {
        match kind {
            "message_start" => {
                // One that holds words already is the first; another, as gateways splice them in, repeats them.
                if !output.has_spoken() {
                    for item in list(event, "/message/content") {
                        block(item, output);
                    }
                }
                // What it says of written tokens is not a count yet.
                output.count(Usage { output_tokens: None, ..usage(&event["message"]["usage"]) });
                read_finish(&event["message"], output);
            }
            "content_block_start" if text(event, "/content_block/type") == "text" => {
                text(event, "/content_block/text").clone_into(&mut self.begun);
            }
            "content_block_start" => block(&event["content_block"], output),
            "content_block_delta" => block(&event["delta"], output),
            "message_delta" => {
                output.count(usage(&event["usage"]));
                read_finish(&event["delta"], output);
            }
            // A server that marks the end but never says why: the answer is complete as far as anybody knows.
            "message_stop" => {
                let why = output.finish.take();
                output.finish = why.or_else(|| output.has_spoken().then(|| Finish::Other("message_stop".into())));
                output.ended = true;
            }
            "message" => {
                for item in list(event, "/content") {
                    block(item, output);
                }
                output.count(usage(&event["usage"]));
                read_finish(event, output);
                output.ended = true;
            }
            _ => {}
        }
    }
}

/// Words of a block or of a piece of one.
fn block(block: &Value, output: &mut Output) {
    match text(block, "/type") {
        "text" | "text_delta" => output.text(Cow::Borrowed(text(block, "/text"))),
        // A block of its own, which a tool or hidden thoughts may part from the one before it.
        "thinking" => {
            output.begin_thought();
            output.thought(Cow::Borrowed(text(block, "/thinking")));
        }
        "thinking_delta" => output.thought(Cow::Borrowed(text(block, "/thinking"))),
        _ => {}
    }
}

fn read_finish(holder: &Value, output: &mut Output) {
    output.finish = match text(holder, "/stop_reason") {
        "" => return,
        "end_turn" | "stop_sequence" => Some(Finish::Stop),
        "max_tokens" | "model_context_window_exceeded" => Some(Finish::Length),
        "tool_use" => Some(Finish::ToolCalls),
        "refusal" => Some(Finish::ContentFilter),
        other => Some(Finish::Other(other.into())),
    };
}

/// A running total. Cached tokens were read too.
fn usage(usage: &Value) -> Usage {
    let count = |name: &str| usage[name].as_u64();
    let cached = ["cache_creation_input_tokens", "cache_read_input_tokens"].iter().filter_map(|name| count(name));
    let input_tokens = count("input_tokens").map(|input| cached.fold(input, u64::saturating_add));
    Usage { input_tokens, output_tokens: count("output_tokens"), ..Usage::default() }
}
