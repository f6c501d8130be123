//! Redis: what can be remembered there and told there, for as long as it is there. Lia loses nothing with it: whatever
//! Redis does not know, or does not say in time, counts as not there, and no request waits for a Redis that is away.
//! Knows no key's meaning.

mod config;
mod connection;
mod listener;
#[cfg(test)]
mod tests;

pub use config::{Config, URL_ALLOWED};
pub(crate) use {connection::Failure, listener::Listener};

use connection::Connection;
use sha2::{Digest as _, Sha256};
use std::{error::Error, fmt, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

/// How long a command may take. Slower than this, the database is the faster one.
const LIMIT: Duration = Duration::from_millis(250);
/// How long connecting may take, which happens in the background.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// How long Redis is left alone that did not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest value, in bytes: what is longer costs less to make again.
const MAX_BYTES: usize = 1 << 20;

/// Redis, with a connection while there is one.
pub struct Redis {
    config: Config,
    /// Begins every key and the channel. Several installations may share one Redis, and what was made of another database
    /// is never taken for what was made of this one.
    prefix: String,
    connected: watch::Sender<Option<Connected>>,
}

/// A connection and which one it is: a late failure of one says nothing of the next.
#[derive(Clone)]
struct Connected {
    number: u64,
    connection: Connection,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt(f)
    }
}

impl Redis {
    /// Redis, away until somebody [keeps](Self::keep) a connection. `identity` is the database's, which an installation's
    /// nodes share and no other has.
    pub fn new(config: Config, identity: &str) -> Self {
        let digest = Sha256::digest(identity);
        let prefix = digest.iter().take(8).fold("lia:".to_owned(), |prefix, byte| format!("{prefix}{byte:02x}")) + ":";
        Self { config, prefix, connected: watch::Sender::new(None) }
    }

    /// What kind it is: `server`, `cluster` or `upstash`.
    pub const fn kind(&self) -> &'static str {
        self.config.kind()
    }

    /// The value of a key, if Redis is there and knows it.
    pub async fn get(&self, key: &str) -> Option<String> {
        self.ask(&["GET", &self.key(key)]).await.ok().flatten().filter(|value| value.len() <= MAX_BYTES)
    }

    /// Remembers a value for as long as it is good. One of more than a mebibyte is not kept.
    pub async fn set(&self, key: &str, value: &str, life: Duration) {
        if value.len() <= MAX_BYTES {
            let life = life.as_millis().max(1).to_string();
            // What cannot be kept is made again when it is wanted.
            let _ = self.ask(&["SET", &self.key(key), value, "PX", &life]).await;
        }
    }

    /// Forgets keys. Where Redis is away they stay until their end: what is kept there must say what it was made from.
    pub async fn delete(&self, keys: &[&str]) {
        let keys: Vec<String> = keys.iter().map(|key| self.key(key)).collect();
        if !keys.is_empty() {
            let command: Vec<&str> = ["DEL"].into_iter().chain(keys.iter().map(String::as_str)).collect();
            let _ = self.ask(&command).await;
        }
    }

    /// How long Redis takes to answer nothing. `None`: it does not.
    pub async fn ping(&self) -> Option<Duration> {
        let begun = Instant::now();
        self.ask(&["PING"]).await.ok().map(|_| begun.elapsed())
    }

    /// Tells everybody who listens, and says whether Redis took it.
    pub async fn publish(&self, text: &str) -> bool {
        match self.config {
            Config::Server(_) | Config::Cluster(_) => self.ask(&["PUBLISH", &self.key("hints"), text]).await.is_ok(),
            // Nobody can listen there.
            Config::Upstash(_) => false,
        }
    }

    /// Listens to what is published from now on; waits for as long as Redis is away. `None`: this one has nothing to
    /// listen to.
    pub(crate) async fn listen(&self) -> Result<Option<Listener>, Failure> {
        // The sender is this value's own.
        let _ = self.connected.subscribe().wait_for(Option::is_some).await.map(drop);
        Listener::open(&self.config, &self.key("hints")).await
    }

    /// Keeps a connection: makes one, and another one where that ends. Never comes to an end.
    pub async fn keep(&self) {
        let mut connected = self.connected.subscribe();
        let mut is_missed = false;
        for number in 0.. {
            match Connection::open(&self.config).await {
                Ok(connection) => {
                    tracing::info!(redis = self.config.kind(), "Redis is there");
                    is_missed = false;
                    self.connected.send_replace(Some(Connected { number, connection }));
                    let _ = connected.wait_for(Option::is_none).await.map(drop);
                }
                Err(error) if !is_missed => {
                    tracing::warn!(error = &error as &dyn Error, "Redis cannot be reached; Lia goes on without");
                    is_missed = true;
                }
                Err(_) => {}
            }
            sleep(PAUSE).await;
        }
    }

    /// Returns once Redis is there.
    pub(crate) async fn there(&self) {
        // The sender is this value's own.
        let _ = self.connected.subscribe().wait_for(Option::is_some).await.map(drop);
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Sends a command. The first one that Redis does not answer gives up the connection, and those after it fail at once.
    async fn ask(&self, command: &[&str]) -> Result<Option<String>, Failure> {
        let connected = self.connected.borrow().clone();
        let Connected { number, connection } = connected.ok_or(Failure::Ended)?;
        // On the heap: whoever asks is a request, and most of those ask nothing.
        let answer = Box::pin(connection.ask(command)).await;
        if let Err(error) = &answer {
            let (command, error_) = (command[0], error as &dyn Error);
            if !error.is_absence() {
                tracing::debug!(error = error_, command, "Redis said no");
            } else if self.give_up(number) {
                tracing::warn!(error = error_, command, "Redis does not answer; Lia goes on without");
            }
        }
        answer
    }

    /// Gives a connection up, and says whether it was still the one in use.
    fn give_up(&self, number: u64) -> bool {
        self.connected.send_if_modified(|connected| {
            let is_it = connected.as_ref().is_some_and(|connected| connected.number == number);
            if is_it {
                *connected = None;
            }
            is_it
        })
    }
}
