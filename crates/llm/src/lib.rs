//! Chat with language models: one request, one stream of deltas and one error for every provider.
//!
//! Responsible for the providers' wires and for what goes wrong on them: framing, time limits, retries, errors in their
//! many words, lists of models; for Google's service that says how a text sounds; and, having the one HTTP client, for
//! whatever else takes JSON. Knows nothing of conversations, users, databases or HTTP servers, and reads no
//! configuration: it is given its providers.
//!
//! ```no_run
//! # use futures_util::StreamExt;
//! # async fn example() -> Result<(), llm::Error> {
//! use llm::{ChatMessage, ChatRequest, Delta, Kind, ProviderConfig, Providers};
//!
//! let providers = Providers::new(vec![ProviderConfig::new(Kind::OpenAi, "sk-…")])?;
//! let request = ChatRequest {
//!     model: "gpt-4o-mini".into(),
//!     messages: vec![ChatMessage::user("Hello")],
//!     ..ChatRequest::default()
//! };
//! let mut answer = providers.default().stream(request);
//! while let Some(delta) = answer.next().await {
//!     if let Delta::Text(text) = delta? {
//!         print!("{text}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod answer;
mod anthropic;
mod brackets;
mod breaker;
mod catalogue;
mod chat;
mod config;
mod delta;
mod documents;
mod endpoint;
mod error;
mod failure;
mod gemini;
mod growing;
mod http;
mod known;
mod language;
mod models;
mod offline;
mod openai;
mod output;
mod provider;
mod providers;
mod repair;
mod request;
mod responses;
mod service;
pub mod sse;
mod structured;
mod surrogates;
mod think;
mod wait;
mod wire;

pub use anthropic::Anthropic;
pub use breaker::{Circuit, Status};
pub use catalogue::{ListCounts, ListSource, ModelList};
pub use config::{ApiKey, Kind, ProviderConfig, UnknownKind};
pub use delta::{Delta, DeltaStream, Finish, Usage};
pub use error::{Error, ErrorKind};
pub use gemini::Gemini;
pub use growing::GrowingField;
pub use http::Limits;
pub use language::{Credentials, NaturalLanguage, ServiceAccount, Tone};
pub use models::{Capability, ModelInfo, Price};
pub use offline::Offline;
pub use openai::OpenAi;
pub use provider::{Provider, collect};
pub use providers::Providers;
pub use request::{ChatMessage, ChatRequest, Part, Role, Settings, estimate_tokens};
pub use service::JsonService;
pub use structured::Schema;
