//! OpenAI and everybody who speaks its Chat Completions: OpenRouter, Ollama, llama.cpp and any compatible server. Knows
//! their addresses, headers and lists of models; the wire itself is in `chat`.

use crate::{
    ChatRequest, DeltaStream, Error, Kind, Limits, ModelInfo, Price, ProviderConfig, Schema, answer,
    chat::{self, Accent},
    endpoint::{Call, Endpoint, secret},
    known,
    models::Capability,
    responses,
    wire::Wire,
};
use reqwest::{
    Client,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use serde_json::Value;
use std::sync::Arc;

/// A server with OpenAI's Chat Completions.
#[derive(Clone, Debug)]
pub struct OpenAi {
    pub(crate) endpoint: Arc<Endpoint>,
    kind: Kind,
    accent: Accent,
    /// It lists what does not chat among what does.
    lists_everything: bool,
}

impl OpenAi {
    pub(crate) fn new(config: ProviderConfig, client: Client, limits: Limits) -> Result<Self, Error> {
        let host = config.base_url.host_str().unwrap_or_default();
        let vendor = host == "api.openai.com" || host.ends_with(".api.openai.com");
        let mut headers = HeaderMap::new();
        if let Some(key) = &config.api_key {
            headers.insert(AUTHORIZATION, secret(&format!("Bearer {}", key.expose()))?);
        }
        if config.kind == Kind::OpenRouter {
            headers.insert("x-title", HeaderValue::from_static("Lia"));
        }
        let accent =
            Accent { max_completion_tokens: vendor || host.ends_with(".openai.azure.com"), no_obfuscation: vendor };
        let kind = config.kind;
        let endpoint = Endpoint::new(config, "v1", client, headers, limits);
        Ok(Self { endpoint: Arc::new(endpoint), kind, accent, lists_everything: vendor })
    }

    pub(crate) fn stream(&self, request: &ChatRequest, schema: Option<&Schema>) -> DeltaStream {
        let (wire, path, body) = if self.kind == Kind::OpenAi && known::needs_responses(&request.model) {
            (Wire::Responses, vec!["responses".into()], responses::body(request, schema))
        } else {
            let body = chat::body(request, schema, self.accent);
            (Wire::Chat, vec!["chat".into(), "completions".into()], body)
        };
        let call = Call {
            wire,
            model: request.model.clone(),
            path,
            query: None,
            body,
            refused: Vec::new(),
            is_limit_lowered: false,
        };
        answer::stream(self.endpoint.clone(), self.endpoint.lessons.adapt(call), request.estimate_input_tokens())
    }

    pub(crate) async fn models(&self) -> Result<Vec<ModelInfo>, Error> {
        let list = self.endpoint.get("models", None).await?;
        // OpenAI's `data`, or `models` from servers that follow Ollama.
        let models = ["data", "models"].iter().find_map(|field| list.get(*field)?.as_array());
        let models = models.into_iter().flatten().filter_map(model);
        Ok(models.filter(|model| !self.lists_everything || known::chats(&model.id)).collect())
    }
}

/// A model in a list, whose fields are named by every server as it likes.
fn model(entry: &Value) -> Option<ModelInfo> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("id").or_else(|| text("name")).or_else(|| text("model"))?.to_owned();
    let windows = ["context_length", "context_window", "max_context_length", "max_model_len"];
    let window = windows.iter().find_map(|name| entry.get(*name)?.as_u64());
    let window = window.or_else(|| entry.get("meta")?.get("n_ctx")?.as_u64());
    let model = ModelInfo {
        name: text("name").unwrap_or(&id).to_owned(),
        description: text("description").unwrap_or_default().to_owned(),
        context_window: window.and_then(|window| u32::try_from(window).ok()),
        capabilities: capabilities(entry),
        price: price(entry),
        id,
    };
    // A model that says what it writes and does not write text is none for a chat.
    let writes = entry.get("architecture").and_then(|architecture| architecture.get("output_modalities")?.as_array());
    let writes_text = writes.is_none_or(|kinds| kinds.iter().any(|kind| kind == "text"));
    writes_text.then(|| model.filled_up())
}

/// What OpenRouter says of a model.
fn capabilities(entry: &Value) -> Vec<Capability> {
    let architecture = entry.get("architecture").and_then(|architecture| architecture.get("input_modalities"));
    let has = |list: Option<&Value>, word: &str| {
        list.and_then(Value::as_array).is_some_and(|list| list.iter().any(|item| item == word))
    };
    let parameters = entry.get("supported_parameters");
    [
        (Capability::Images, has(architecture, "image")),
        (Capability::Audio, has(architecture, "audio")),
        (Capability::Thinking, has(parameters, "reasoning")),
        (Capability::StructuredOutput, has(parameters, "structured_outputs")),
        (Capability::Tools, has(parameters, "tools")),
    ]
    .into_iter()
    .filter_map(|(capability, present)| present.then_some(capability))
    .collect()
}

/// OpenRouter's prices: dollars for one token, as text.
fn price(entry: &Value) -> Option<Price> {
    /// A dollar for a token; no model costs that, and infinity is no number in JSON.
    const MOST: f64 = 1e6;
    let dollars = |name: &str| entry.get("pricing")?.get(name)?.as_str()?.parse::<f64>().ok();
    let per_million = |name: &str| dollars(name).map(|price| price * 1e6).filter(|price| (0.0..=MOST).contains(price));
    Some(Price { input: per_million("prompt")?, output: per_million("completion")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn models_of_every_server_are_understood() {
        let openrouter = json!({"id": "vendor/model:free", "name": "Vendor: Model", "context_length": 32768,
            "description": "Good. Very good.", "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
            "supported_parameters": ["reasoning", "tools"],
            "pricing": {"prompt": "0.000001", "completion": "0.000002"}});
        let model_info = model(&openrouter).unwrap();
        assert_eq!(model_info.name, "Vendor: Model");
        assert_eq!(model_info.context_window, Some(32_768));
        assert_eq!(model_info.capabilities, [Capability::Images, Capability::Thinking, Capability::Tools]);
        assert_eq!(model_info.price, Some(Price { input: 1.0, output: 2.0 }));
        let llama = model(&json!({"id": "/models/x.gguf", "meta": {"n_ctx": 4096}})).unwrap();
        assert_eq!((llama.name.as_str(), llama.context_window), ("/models/x.gguf", Some(4096)));
        assert_eq!(model(&json!({"id": "gpt-4o", "object": "model"})).unwrap().name, "GPT-4o");
        assert_eq!(model(&json!({"object": "model"})), None);
        for price in ["-1", "inf", "NaN", "1e300", ""] {
            let entry = json!({"id": "x", "pricing": {"prompt": price, "completion": "0.000002"}});
            assert_eq!(model(&entry).unwrap().price, None, "{price}");
        }
        assert_eq!(model(&json!({"id": "painter", "architecture": {"output_modalities": ["image"]}})), None);
    }
}
