//! A user: asks one question after the other and follows each answer to its end, whatever happens. Does what a good
//! client does: sends again under the same id until it has an answer, and comes back with the last event's id.

use crate::world::World;
use anyhow::{Context as _, bail, ensure};
use futures_util::StreamExt as _;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The models: two paces, and one that begins over instead of going on.
const MODELS: [&str; 3] = ["tokens-100+slow-50", "tokens-400+slow-20", "tokens-100+slow-50+begins-over"];
/// How long a request may take to begin to be answered. A paused node says nothing at all.
const PATIENCE: Duration = Duration::from_secs(3);
/// Without a sign of life for so long a follower tries another node; Lia sends one every 15 s.
const SILENCE: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_millis(200);

/// An answer as its follower knows it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) token: String,
    pub(crate) question: String,
    /// What the model was to say.
    pub(crate) whole: String,
    pub(crate) conversation: String,
    pub(crate) run: String,
    /// What the follower shows in the end.
    pub(crate) text: String,
    /// The last event: `done` or `error`.
    pub(crate) ended: String,
    /// How often the follower came back.
    pub(crate) returns: u32,
    /// What the last event asks to wait before the next question.
    pub(crate) wait: Duration,
}

/// Somebody who asks.
pub(crate) struct User {
    http: reqwest::Client,
    urls: Vec<String>,
    token: String,
    name: String,
    random: StdRng,
}

impl User {
    /// Makes an account.
    pub(crate) async fn register(world: &World, number: usize, seed: u64) -> anyhow::Result<Self> {
        let name = format!("user{number}");
        let account = json!({ "email": format!("{name}@example.com"), "username": name, "password": "securepass123" });
        let url = format!("{}/api/v1/auth/register", world.nodes[0].url);
        let answer = post(&world.http, &url, &account).await?;
        let token = answer["access_token"].as_str().with_context(|| format!("no token: {answer}"))?.to_owned();
        let urls = world.nodes.iter().map(|node| node.url.clone()).collect();
        let random = StdRng::seed_from_u64(seed ^ (number as u64 + 1));
        Ok(Self { http: world.http.clone(), urls, token, name, random })
    }

    /// Asks and follows until told to stop, and then follows the last answer to its end.
    pub(crate) async fn ask_until(mut self, over: CancellationToken) -> Vec<Answer> {
        let mut answers = Vec::new();
        let mut number = 0;
        while !over.is_cancelled() {
            number += 1;
            let question = format!("Question {number} of {}", self.name);
            let model = MODELS[self.random.random_range(0..MODELS.len())];
            if let Some(mut answer) = self.ask(&question, model, &over).await {
                self.follow(&mut answer).await;
                let _ = timeout(answer.wait, over.cancelled()).await;
                answers.push(answer);
            }
        }
        answers
    }

    fn node(&mut self) -> String {
        self.urls[self.random.random_range(0..self.urls.len())].clone()
    }

    /// Sends a question until it is acknowledged. `None`: it is over, and it never was.
    async fn ask(&mut self, question: &str, model: &str, over: &CancellationToken) -> Option<Answer> {
        let request = json!({
            "message": question, "provider": "openai", "model": model, "client_message_id": Uuid::new_v4()
        });
        while !over.is_cancelled() {
            let url = format!("{}/api/v1/chat/stream", self.node());
            let sending = first_event(&self.http, &url, &self.token, &request);
            if let Ok(Ok(start)) = timeout(PATIENCE, sending).await {
                let count = if model.starts_with("tokens-400") { 400 } else { 100 };
                let text = |field: &str| start[field].as_str().unwrap_or_default().to_owned();
                return Some(Answer {
                    token: self.token.clone(),
                    question: question.to_owned(),
                    whole: (0..count).map(|word| format!("token{word} ")).collect::<Vec<_>>().concat(),
                    conversation: text("conversation_id"),
                    run: text("run_id"),
                    text: String::new(),
                    ended: String::new(),
                    returns: 0,
                    wait: Duration::ZERO,
                });
            }
            sleep(PAUSE).await;
        }
        None
    }

    /// Follows an answer to its last event.
    async fn follow(&mut self, answer: &mut Answer) {
        let mut last = None;
        while answer.ended.is_empty() {
            let url = format!("{}/api/v1/chat/runs/{}/events", self.node(), answer.run);
            // How the line broke does not matter.
            let _ = listen(&self.http, &url, answer, &mut last).await;
            answer.returns += 1;
            sleep(PAUSE).await;
        }
    }
}

/// Posts JSON and reads JSON.
async fn post(http: &reqwest::Client, url: &str, body: &Value) -> anyhow::Result<Value> {
    let request = http.post(url).header("content-type", "application/json").body(body.to_string());
    let text = request.send().await?.error_for_status()?.text().await?;
    Ok(serde_json::from_str(&text)?)
}

/// Sends a question and gives the data of the first event.
async fn first_event(http: &reqwest::Client, url: &str, token: &str, body: &Value) -> anyhow::Result<Value> {
    let request = http.post(url).header("content-type", "application/json").body(body.to_string()).bearer_auth(token);
    let response = request.send().await?;
    ensure!(response.status() == 200, "answered {}", response.status());
    let mut events = Events::of(response);
    let event = events.next().await?.context("no event")?;
    ensure!(event.name == "start", "began with {}", event.name);
    Ok(event.data)
}

/// Reads events until the last one or until the line breaks.
async fn listen(
    http: &reqwest::Client,
    url: &str,
    answer: &mut Answer,
    last: &mut Option<String>,
) -> anyhow::Result<()> {
    let mut request = http.get(url).bearer_auth(&answer.token);
    if let Some(id) = last.as_ref() {
        request = request.header("last-event-id", id);
    }
    let response = timeout(PATIENCE, request.send()).await??;
    if response.status() == 204 {
        bail!("nothing is left, and the end was not seen");
    }
    ensure!(response.status() == 200, "answered {}", response.status());
    let mut events = Events::of(response);
    while let Some(event) = timeout(SILENCE, events.next()).await?? {
        let content = event.data["content"].as_str().unwrap_or_default();
        match event.name.as_str() {
            "chunk" => answer.text.push_str(content),
            "snapshot" => content.clone_into(&mut answer.text),
            "done" | "error" => {
                answer.ended.clone_from(&event.name);
                answer.wait = Duration::from_millis(event.data["retry_after_ms"].as_u64().unwrap_or_default());
            }
            _ => {}
        }
        *last = Some(event.id);
        if !answer.ended.is_empty() {
            break;
        }
    }
    Ok(())
}

/// One event.
struct Event {
    id: String,
    name: String,
    data: Value,
}

/// A stream of events.
struct Events {
    bytes: futures_util::stream::BoxStream<'static, reqwest::Result<Vec<u8>>>,
    buffer: Vec<u8>,
}

impl Events {
    fn of(response: reqwest::Response) -> Self {
        Self {
            bytes: response.bytes_stream().map(|bytes| bytes.map(|bytes| bytes.to_vec())).boxed(),
            buffer: Vec::new(),
        }
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                let mut event = Event { id: String::new(), name: String::new(), data: Value::Null };
                for (field, value) in std::str::from_utf8(&block)?.lines().filter_map(|line| line.split_once(": ")) {
                    match field {
                        "id" => value.clone_into(&mut event.id),
                        "event" => value.clone_into(&mut event.name),
                        "data" => event.data = serde_json::from_str(value)?,
                        _ => {}
                    }
                }
                if !event.name.is_empty() {
                    return Ok(Some(event));
                }
                continue;
            }
            match self.bytes.next().await {
                Some(bytes) => self.buffer.extend_from_slice(&bytes?),
                None => return Ok(None),
            }
        }
    }
}
