//! How messages are read: the installation's method, the model of `llm_separate`, and Google's service for `nlp_api`.

use super::{
    providers::{URL_ALLOWED, parse_url},
    variables::Reader,
};
use backend::sentiment::Config;
use llm::{ApiKey, Credentials, NaturalLanguage, ServiceAccount};
use std::fs;
use types::{ModelRef, SentimentMethod};

/// All of it.
pub(super) fn read(reader: &mut Reader<'_>) -> Config {
    let allowed = SentimentMethod::ALL.map(SentimentMethod::as_str).join(", ");
    let method = reader.parsed("SENTIMENT_METHOD", &allowed, SentimentMethod::from_name);
    let model = reader.parsed("SENTIMENT_MODEL", "a provider and its model, like openai/gpt-4o-mini", |text| {
        let (provider, model) = text.split_once('/')?;
        (!provider.is_empty() && !model.is_empty())
            .then(|| ModelRef { provider: provider.to_owned(), model: model.to_owned() })
    });
    Config { method: method.unwrap_or(SentimentMethod::Local), model, language: read_language(reader) }
}

/// `GOOGLE_NL_API_KEY`, or the file that `GOOGLE_APPLICATION_CREDENTIALS` names; the key wins.
fn read_language(reader: &mut Reader<'_>) -> Option<NaturalLanguage> {
    let project = reader.text("GOOGLE_CLOUD_PROJECT").map(str::to_owned);
    let base_url = reader.parsed("GOOGLE_NL_BASE_URL", URL_ALLOWED, parse_url);
    let credentials = match reader.text("GOOGLE_NL_API_KEY") {
        Some(key) => Credentials::Key(ApiKey::new(key)),
        None => Credentials::Account(read_account(reader)?),
    };
    match NaturalLanguage::new(credentials, project, base_url) {
        Ok(language) => Some(language),
        Err(error) => {
            reader.reject("GOOGLE_NL_BASE_URL", error.kind().to_string(), URL_ALLOWED);
            None
        }
    }
}

fn read_account(reader: &mut Reader<'_>) -> Option<ServiceAccount> {
    const NAME: &str = "GOOGLE_APPLICATION_CREDENTIALS";
    const ALLOWED: &str = "the JSON file of a service account";
    let path = reader.text(NAME)?;
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            reader.reject(NAME, format!("{path:?} ({error})"), ALLOWED);
            return None;
        }
    };
    match ServiceAccount::from_json(&text) {
        Ok(account) => Some(account),
        Err(error) => {
            reader.reject(NAME, format!("{path:?} ({})", error.detail()), ALLOWED);
            None
        }
    }
}
