//! Redis: a server or a cluster by `REDIS_URL`, or Upstash's over HTTP.

use super::{
    providers::{URL_ALLOWED, parse_url},
    variables::Reader,
};
use backend::redis::{self, Config};
use llm::{ApiKey, JsonService};

/// `REDIS_URL`, or `UPSTASH_REDIS_REST_URL` with its token; the first wins, because by it nodes can hear each other too.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Config> {
    match reader.text("REDIS_URL") {
        Some(url) => {
            let config = Config::from_url(url);
            if config.is_none() {
                // It may hold a password.
                reader.reject("REDIS_URL", "something else", redis::URL_ALLOWED);
            }
            config
        }
        None => read_upstash(reader),
    }
}

fn read_upstash(reader: &mut Reader<'_>) -> Option<Config> {
    const URL: &str = "UPSTASH_REDIS_REST_URL";
    const TOKEN: &str = "UPSTASH_REDIS_REST_TOKEN";
    let (url, token) = (reader.parsed(URL, URL_ALLOWED, parse_url), reader.text(TOKEN));
    match (url, token) {
        (Some(url), Some(token)) => match JsonService::new(url, ApiKey::new(token)) {
            Ok(service) => Some(Config::Upstash(service)),
            Err(error) => {
                reader.reject(TOKEN, error.detail(), "the token that belongs to the address");
                None
            }
        },
        (Some(_), None) => {
            reader.reject(TOKEN, "nothing", format!("the token of {URL}"));
            None
        }
        (None, _) => None,
    }
}
