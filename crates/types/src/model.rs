//! The models a user may choose.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a model costs, in US dollars for a million tokens: the vendor's list price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Price {
    /// For what it reads.
    pub input: f64,
    /// For what it writes, thoughts included.
    pub output: f64,
}

/// One model of one provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Model {
    /// Its id within the provider.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Tokens it can read, where known.
    pub context_window: Option<u32>,
    /// What it can do beyond text: `images`, `audio`, `thinking`, `structured_output`, `tools`.
    pub capabilities: Vec<String>,
    /// What it costs, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// A provider with its models and how it is doing, as the picker shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProviderView {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its models, a good choice first.
    pub models: Vec<Model>,
    /// What is wrong with it, in plain words; absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Whether its models cannot answer now. Where they are only listed as they were when it last answered, they may.
    #[serde(default)]
    pub is_blocked: bool,
}

/// `GET /api/v1/chat/models`: the models of every configured provider, by the provider's id.
pub type ModelCatalogue = BTreeMap<String, Vec<Model>>;
