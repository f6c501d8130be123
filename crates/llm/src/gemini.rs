//! Google Gemini: its address, its list of models and its wire.

use crate::{
    ChatMessage, ChatRequest, DeltaStream, Error, Finish, Limits, ModelInfo, Part, ProviderConfig, Role, Schema, Usage,
    answer,
    chat::decimal,
    endpoint::{Call, Endpoint, secret},
    known,
    models::Capability,
    output::Output,
    wire::{Wire, list, text},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{Client, header::HeaderMap};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, sync::Arc};

/// Google's endpoint for its models.
#[derive(Clone, Debug)]
pub struct Gemini {
    pub(crate) endpoint: Arc<Endpoint>,
}

/// Settings that some models refuse.
pub(crate) const REFUSABLE: [&str; 7] = [
    "thinkingConfig",
    "frequencyPenalty",
    "presencePenalty",
    "temperature",
    "topP",
    "responseJsonSchema",
    "maxOutputTokens",
];

/// Pages of the list of models that are read at most; each has up to a thousand.
const LIST_MAX_PAGES: usize = 10;

impl Gemini {
    pub(crate) fn new(config: ProviderConfig, client: Client, limits: Limits) -> Result<Self, Error> {
        let mut headers = HeaderMap::new();
        if let Some(key) = &config.api_key {
            // Not as a parameter of the address: those end in logs.
            headers.insert("x-goog-api-key", secret(key.expose())?);
        }
        // `v1` knows no system prompt.
        let endpoint = Endpoint::new(config, "v1beta", client, headers, limits);
        Ok(Self { endpoint: Arc::new(endpoint) })
    }

    pub(crate) fn stream(&self, request: &ChatRequest, schema: Option<&Schema>) -> DeltaStream {
        let call = Call {
            wire: Wire::Gemini,
            model: request.model.clone(),
            path: vec!["models".into(), format!("{}:streamGenerateContent", request.model)],
            query: Some("alt=sse"),
            body: body(request, schema, self.thinks(&request.model)),
            refused: Vec::new(),
            is_limit_lowered: false,
        };
        answer::stream(self.endpoint.clone(), self.endpoint.lessons.adapt(call), request.estimate_input_tokens())
    }

    /// Whether a model has thoughts to be asked for, as we or its list know.
    fn thinks(&self, model: &str) -> bool {
        known::thinks(model) || self.endpoint.lessons.thinks(model)
    }

    pub(crate) async fn models(&self) -> Result<Vec<ModelInfo>, Error> {
        let mut models = Vec::new();
        let mut query = String::from("pageSize=1000");
        for _ in 0..LIST_MAX_PAGES {
            let page = self.endpoint.get("models", Some(&query)).await?;
            let page_models: Vec<ModelInfo> = list(&page, "/models").iter().filter_map(model).collect();
            for model in &page_models {
                let thinks = model.capabilities.contains(&Capability::Thinking);
                self.endpoint.lessons.learn(&model.id, None, thinks);
            }
            models.extend(page_models);
            match text(&page, "/nextPageToken") {
                "" => break,
                token => query = format!("pageSize=1000&pageToken={token}"),
            }
        }
        Ok(models)
    }
}

/// A model in the list, if it chats.
fn model(entry: &Value) -> Option<ModelInfo> {
    let id = text(entry, "/name").trim_start_matches("models/");
    let generates = list(entry, "/supportedGenerationMethods").iter().any(|method| method == "generateContent");
    if id.is_empty() || !generates || !known::chats(id) {
        return None;
    }
    // Its models see and hear; the list does not say so.
    let mut capabilities = vec![Capability::Images, Capability::Audio, Capability::StructuredOutput, Capability::Tools];
    if id.starts_with("gemma") {
        capabilities.clear();
    }
    if entry["thinking"] == true {
        capabilities.push(Capability::Thinking);
    }
    let name = text(entry, "/displayName");
    let model = ModelInfo {
        name: if name.is_empty() { id.to_owned() } else { name.to_owned() },
        description: text(entry, "/description").to_owned(),
        context_window: entry["inputTokenLimit"].as_u64().and_then(|limit| u32::try_from(limit).ok()),
        capabilities,
        price: None,
        id: id.to_owned(),
    };
    Some(model.filled_up())
}

/// The body of a request.
fn body(request: &ChatRequest, schema: Option<&Schema>, thinks: bool) -> Map<String, Value> {
    let settings = known::accepted(&request.model, &request.settings);
    let generation = [
        ("temperature", decimal(settings.temperature)),
        ("topP", decimal(settings.top_p)),
        ("maxOutputTokens", json!(settings.max_tokens)),
        ("frequencyPenalty", decimal(settings.frequency_penalty)),
        ("presencePenalty", decimal(settings.presence_penalty)),
        ("responseMimeType", schema.map_or(Value::Null, |_| json!("application/json"))),
        ("responseJsonSchema", schema.map_or(Value::Null, |schema| schema.schema.clone())),
        ("thinkingConfig", if thinks { json!({"includeThoughts": true}) } else { Value::Null }),
    ];
    let generation: Map<String, Value> = generation
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.into(), value))
        .collect();
    let system = crate::structured::system(request, schema);
    let mut body = Map::new();
    if let Some(system) = system {
        body.insert("systemInstruction".into(), json!({"parts": [{"text": system}]}));
    }
    body.insert("contents".into(), request.messages.iter().map(content).collect());
    if !generation.is_empty() {
        body.insert("generationConfig".into(), Value::Object(generation));
    }
    body
}

fn content(message: &ChatMessage) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "model",
    };
    let parts = message.parts.iter().map(|part| match part {
        Part::Text(text) => json!({"text": text}),
        Part::Image { media_type, data } | Part::Audio { media_type, data } => {
            json!({"inlineData": {"mimeType": media_type, "data": BASE64_STANDARD.encode(data)}})
        }
    });
    json!({"role": role, "parts": parts.collect::<Vec<_>>()})
}

/// Where a request's settings are.
pub(crate) fn settings(body: &Map<String, Value>) -> Option<&Map<String, Value>> {
    body.get("generationConfig")?.as_object()
}

/// Leaves a setting out.
pub(crate) fn leave_out(body: &mut Map<String, Value>, field: &str) {
    if let Some(settings) = body.get_mut("generationConfig").and_then(Value::as_object_mut) {
        settings.remove(field);
    }
}

/// Reads one response. The end of the stream is the only end mark, and an answer may come after the reason why it ended.
#[derive(Debug)]
pub(crate) struct Reader;

impl Reader {
    #[expect(clippy::unused_self, reason = "a reader is asked like every other")]
    #[expect(clippy::unnecessary_wraps, reason = "other wires have errors of their own")]
    pub(crate) fn event(&mut self, chunk: &Value, output: &mut Output) -> Result<(), Error> {
        read_usage(&chunk["usageMetadata"], output);
        if !matches!(
            text(chunk, "/promptFeedback/blockReason"),
            "" | "BLOCK_REASON_UNSPECIFIED" | "BLOCKED_REASON_UNSPECIFIED"
        ) {
            output.finish = Some(Finish::ContentFilter);
        }
        let is_first = |candidate: &&Value| candidate["index"].as_u64().unwrap_or_default() == 0;
        let Some(candidate) = list(chunk, "/candidates").iter().find(is_first) else { return Ok(()) };
        for part in list(candidate, "/content/parts") {
            // Behind a program that it runs more is to come, and a reason that stands between is none.
            output.is_wordless |= part.get("functionCall").or(part.get("inlineData")).is_some();
            let words = Cow::Borrowed(text(part, "/text"));
            if part["thought"] == true {
                output.thought(words);
            } else {
                output.text(words);
            }
        }
        match text(candidate, "/finishReason") {
            "" | "FINISH_REASON_UNSPECIFIED" => {}
            reason => output.finish = Some(finish(reason)),
        }
        Ok(())
    }
}

fn finish(reason: &str) -> Finish {
    match reason {
        "STOP" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "MODEL_ARMOR" => {
            Finish::ContentFilter
        }
        image if image.starts_with("IMAGE_") => Finish::ContentFilter,
        other => Finish::Other(other.to_lowercase()),
    }
}

/// The running total; absent counts are zero. Thoughts are written tokens too, and what tools returned was read.
fn read_usage(usage: &Value, output: &mut Output) {
    let Some(prompt) = usage["promptTokenCount"].as_u64() else { return };
    let count = |name: &str| usage[name].as_u64().unwrap_or_default();
    output.count(Usage {
        input_tokens: Some(prompt.saturating_add(count("toolUsePromptTokenCount"))),
        output_tokens: Some(count("candidatesTokenCount").saturating_add(count("thoughtsTokenCount"))),
        cost_micros: None,
        estimated: false,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_our_words() {
        assert_eq!(finish("STOP"), Finish::Stop);
        assert_eq!(finish("MAX_TOKENS"), Finish::Length);
        for reason in ["SAFETY", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR"] {
            assert_eq!(finish(reason), Finish::ContentFilter);
        }
        assert_eq!(finish("MALFORMED_FUNCTION_CALL"), Finish::Other("malformed_function_call".into()));
    }

    #[test]
    fn only_what_chats_is_listed() {
        let entry = |name: &str, method: &str| {
            model(&json!({"name": name, "displayName": "D", "inputTokenLimit": 1000, "thinking": true,
                "supportedGenerationMethods": [method]}))
        };
        let model = entry("models/gemini-9-flash", "generateContent").unwrap();
        assert_eq!((model.id.as_str(), model.context_window), ("gemini-9-flash", Some(1000)));
        assert!(model.capabilities.contains(&Capability::Thinking));
        assert_eq!(entry("models/embedder", "embedContent"), None);
        assert_eq!(entry("models/gemini-9-flash-tts", "generateContent"), None);
    }
}
