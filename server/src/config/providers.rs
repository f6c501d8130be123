//! The providers: those with a variable of their own, and those of the file that `LIA_PROVIDERS` names.
//!
//! The file, TOML:
//!
//! ```toml
//! [[provider]]
//! id = "local"                      # on the wire and in the database
//! kind = "openai"                   # what it speaks
//! base_url = "http://127.0.0.1:8080"
//! name = "llama.cpp"                # optional: its name for people
//! api_key_env = "LLAMA_API_KEY"     # optional: the variable that holds its key
//! models = ["qwen3-8b"]             # optional: where it cannot list them
//! ```

use super::variables::Reader;
use llm::{ApiKey, Kind, ProviderConfig};
use serde::Deserialize;
use std::{collections::BTreeSet, fs};
use url::Url;

pub(super) const URL_ALLOWED: &str = "an http or https address, like http://127.0.0.1:8080";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    provider: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    kind: String,
    name: Option<String>,
    base_url: Option<String>,
    api_key_env: Option<String>,
    #[serde(default)]
    models: Vec<String>,
}

/// Ids that no provider may have: Lia's own companion, and what `/health` calls the rest of what it reports on.
const RESERVED: [&str; 3] = ["offline", "database", "cache"];

/// All configured providers. `Offline` is not among them: it needs no configuration.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<ProviderConfig> {
    let mut providers: Vec<_> = Kind::ALL.into_iter().filter_map(|kind| of_variables(reader, kind)).collect();
    let mut ids: BTreeSet<String> = providers.iter().map(|provider| provider.id.clone()).collect();
    for provider in of_file(reader) {
        if ids.insert(provider.id.clone()) {
            providers.push(provider);
        } else {
            reader.reject("LIA_PROVIDERS", format!("id {:?} twice", provider.id), "ids that no other provider has");
        }
    }
    providers
}

/// `OPENAI_API_KEY` and `OPENAI_BASE_URL`, and the same for each kind. Either makes the provider: servers of one's own
/// often ask for no key.
fn of_variables(reader: &mut Reader<'_>, kind: Kind) -> Option<ProviderConfig> {
    let prefix = kind.id().to_ascii_uppercase();
    // Ollama has no keys.
    let key = if kind == Kind::Ollama { None } else { reader.text(&format!("{prefix}_API_KEY")) };
    let base_url = reader.parsed(&format!("{prefix}_BASE_URL"), URL_ALLOWED, parse_url);
    if key.is_none() && base_url.is_none() {
        return None;
    }
    let mut provider = ProviderConfig::new(kind, key.unwrap_or_default());
    if let Some(base_url) = base_url {
        provider.base_url = base_url;
    }
    Some(provider)
}

fn of_file(reader: &mut Reader<'_>) -> Vec<ProviderConfig> {
    const ALLOWED: &str = "a TOML file of [[provider]] tables with id, kind, base_url, name, api_key_env, models";
    let Some(path) = reader.text("LIA_PROVIDERS") else { return Vec::new() };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            reader.reject("LIA_PROVIDERS", format!("{path:?} ({error})"), ALLOWED);
            return Vec::new();
        }
    };
    match toml::from_str::<File>(&text) {
        Ok(file) => file.provider.into_iter().filter_map(|entry| of_entry(reader, entry)).collect(),
        Err(error) => {
            reader.reject("LIA_PROVIDERS", format!("{path:?} ({})", error.message()), ALLOWED);
            Vec::new()
        }
    }
}

fn of_entry(reader: &mut Reader<'_>, entry: Entry) -> Option<ProviderConfig> {
    let id = entry.id.clone();
    match check(reader, entry) {
        Ok(provider) => Some(provider),
        Err((found, allowed)) => {
            reader.reject("LIA_PROVIDERS", format!("provider {id:?} with {found}"), allowed);
            None
        }
    }
}

/// The provider of an entry, or what was found and what is allowed.
fn check(reader: &Reader<'_>, entry: Entry) -> Result<ProviderConfig, (String, String)> {
    let wrong = |found: String, allowed: &str| Err((found, allowed.to_owned()));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if entry.id.is_empty() || entry.id.len() > 50 || !entry.id.chars().all(is_plain) {
        return wrong("this id".to_owned(), "1 to 50 letters, digits, - and _");
    }
    if RESERVED.contains(&entry.id.as_str()) {
        return wrong("this id".to_owned(), &format!("any id but {}, which Lia uses herself", RESERVED.join(", ")));
    }
    let Ok(kind) = entry.kind.parse::<Kind>() else {
        return wrong(format!("kind {:?}", entry.kind), &Kind::ALL.map(Kind::id).join(", "));
    };
    let base_url = match &entry.base_url {
        None => kind.base_url(),
        Some(text) => match parse_url(text) {
            Some(url) => url,
            None => return wrong(format!("base_url {text:?}"), URL_ALLOWED),
        },
    };
    let api_key = match &entry.api_key_env {
        None => None,
        Some(variable) => match reader.text(variable) {
            Some(key) => Some(ApiKey::new(key)),
            None => return wrong(format!("api_key_env {variable:?}"), "the name of a variable that is set"),
        },
    };
    let name = entry.name.unwrap_or_else(|| entry.id.clone());
    Ok(ProviderConfig { id: entry.id, name, kind, base_url, api_key, models: entry.models })
}

pub(super) fn parse_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
