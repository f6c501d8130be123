//! Google Cloud Natural Language: how a text as a whole sounds. Knows this one wire and how its key or service account
//! is shown; reads no file.

use crate::{ApiKey, Error, ErrorKind, Limits, endpoint::secret, http};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Client, RequestBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{sync::Mutex, time::Instant};
use url::Url;

/// Where Google offers it.
const BASE_URL: &str = "https://language.googleapis.com";
/// What a token may be used for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-language";
/// How long a token is asked for.
const TOKEN_LIFE: Duration = Duration::from_hours(1);
/// A token is not used in its last minute.
const TOKEN_MARGIN: Duration = Duration::from_mins(1);
/// The longest answer that is read. It repeats the text, sentence by sentence.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;

/// How Lia shows who she is.
#[derive(Clone)]
pub enum Credentials {
    /// A key of the project.
    Key(ApiKey),
    /// A service account, whose key signs for a token.
    Account(ServiceAccount),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key(…)",
            Self::Account(_) => "Account(…)",
        })
    }
}

/// A service account as Google writes it into a file.
#[derive(Clone, Deserialize)]
pub struct ServiceAccount {
    client_email: String,
    private_key: String,
    token_uri: String,
}

/// How a text sounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// -1 to 1.
    pub score: f64,
    /// How much of it there is, whichever way: from 0 on, and more in a longer text.
    pub magnitude: f64,
    /// Sentences it is made of.
    pub sentences: usize,
}

/// Google Cloud Natural Language.
#[derive(Clone, Debug)]
pub struct NaturalLanguage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    base: Url,
    credentials: Credentials,
    /// The project that is billed.
    project: Option<String>,
    token: Mutex<Option<Token>>,
}

struct Token {
    text: ApiKey,
    until: Instant,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What a service account signs.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
}

impl NaturalLanguage {
    /// The service, at another address than Google's where one is given. A service account asks for `project`, which is
    /// billed then; absent: for its own, as a key always does.
    pub fn new(credentials: Credentials, project: Option<String>, base_url: Option<Url>) -> Result<Self, Error> {
        let base = match base_url {
            Some(url) => url,
            None => Url::parse(BASE_URL).map_err(|error| Error::new(ErrorKind::BadRequest, error.to_string()))?,
        };
        let client = http::client(&Limits::default())?;
        Ok(Self(Arc::new(Inner { client, base, credentials, project, token: Mutex::default() })))
    }

    /// Asks how a text sounds, and waits no longer than `limit`.
    pub async fn analyse(&self, text: &str, limit: Duration) -> Result<Tone, Error> {
        let until = Instant::now() + limit;
        let address = format!("{}/v2/documents:analyzeSentiment", self.0.base.as_str().trim_end_matches('/'));
        let body = json!({"document": {"type": "PLAIN_TEXT", "content": text}, "encodingType": "UTF8"});
        let (request, key) = self.signed(self.0.client.post(address), until).await?;
        let request = request.header("content-type", "application/json").body(body.to_string());
        let response = http::send(request, Some(&key), until).await?;
        let body = http::read(response, ANSWER_MAX_BYTES, until).await?;
        tone(&http::json(&body).map_err(|error| error.without_secret(Some(key.expose())))?)
    }

    /// The request with what shows who asks.
    async fn signed(&self, request: RequestBuilder, until: Instant) -> Result<(RequestBuilder, ApiKey), Error> {
        Ok(match &self.0.credentials {
            Credentials::Key(key) => (request.header("x-goog-api-key", secret(key.expose())?), key.clone()),
            Credentials::Account(account) => {
                let request = match &self.0.project {
                    Some(project) => request.header("x-goog-user-project", project),
                    None => request,
                };
                let token = self.token(account, until).await?;
                (request.header("authorization", secret(&format!("Bearer {}", token.expose()))?), token)
            }
        })
    }

    /// The account's token; a new one where the last has run out.
    async fn token(&self, account: &ServiceAccount, until: Instant) -> Result<ApiKey, Error> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: String,
            expires_in: u64,
        }
        // Held while it is fetched: others who need one wait for the same.
        let mut token = self.0.token.lock().await;
        if let Some(token) = token.as_ref().filter(|token| token.until > Instant::now()) {
            return Ok(token.text.clone());
        }
        let assertion = account.assertion()?;
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
            .append_pair("assertion", &assertion)
            .finish();
        let request = self.0.client.post(&account.token_uri);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let response = http::send(request, Some(&ApiKey::new(assertion)), until).await?;
        let body = http::read(response, 64 * 1024, until).await?;
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|_| Error::new(ErrorKind::Protocol, "the answer to a service account holds no token"))?;
        let life = Duration::from_secs(granted.expires_in).saturating_sub(TOKEN_MARGIN);
        let granted = Token { text: ApiKey::new(granted.access_token), until: Instant::now() + life };
        Ok(token.insert(granted).text.clone())
    }
}

impl ServiceAccount {
    /// Reads the file that Google makes, and checks that its key can sign.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let account: Self = serde_json::from_str(text).map_err(|_| {
            Error::new(ErrorKind::Authentication, "no service account: client_email, private_key and token_uri")
        })?;
        account.key()?;
        Ok(account)
    }

    fn key(&self) -> Result<EncodingKey, Error> {
        EncodingKey::from_rsa_pem(self.private_key.as_bytes())
            .map_err(|_| Error::new(ErrorKind::Authentication, "the service account's private_key is no RSA key"))
    }

    /// What is exchanged for a token.
    fn assertion(&self) -> Result<String, Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = Claims {
            iss: &self.client_email,
            scope: SCOPE,
            aud: &self.token_uri,
            iat: now,
            exp: now + TOKEN_LIFE.as_secs(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key()?)
            .map_err(|_| Error::new(ErrorKind::Authentication, "the service account's key cannot sign"))
    }
}

/// The tone of an answer.
fn tone(answer: &Value) -> Result<Tone, Error> {
    let whole = &answer["documentSentiment"];
    // Google leaves out what is zero.
    let number = |name: &str| match &whole[name] {
        Value::Null => Some(0.0),
        value => value.as_f64(),
    };
    let sentences = answer["sentences"].as_array().map_or(0, Vec::len);
    match (whole.is_object(), number("score"), number("magnitude")) {
        (true, Some(score), Some(magnitude)) => {
            Ok(Tone { score: score.clamp(-1.0, 1.0), magnitude: magnitude.max(0.0), sentences })
        }
        _ => Err(Error::new(ErrorKind::Protocol, "the answer holds no sentiment")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_read_and_rubbish_is_not() {
        let answer = json!({"documentSentiment": {"score": -1.5, "magnitude": 3.2}, "sentences": [{}, {}]});
        assert_eq!(tone(&answer).unwrap(), Tone { score: -1.0, magnitude: 3.2, sentences: 2 });
        let answer = json!({"documentSentiment": {}, "languageCode": "en"});
        assert_eq!(tone(&answer).unwrap(), Tone { score: 0.0, magnitude: 0.0, sentences: 0 });
        for rubbish in [json!({}), json!([]), json!({"documentSentiment": {"score": "high"}})] {
            assert_eq!(tone(&rubbish).unwrap_err().kind(), ErrorKind::Protocol);
        }
    }

    #[test]
    fn a_file_that_is_no_account_is_refused_without_showing_it() {
        for file in ["", "{}", r#"{"client_email": "a", "private_key": "hush", "token_uri": "https://example.com"}"#] {
            let error = ServiceAccount::from_json(file).err().unwrap();
            assert!(!format!("{error:?}").contains("hush"));
        }
    }
}
