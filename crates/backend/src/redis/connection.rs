//! A connection to Redis of whatever kind, and how it fails. Knows how a command travels and no key.

use super::{CONNECT_LIMIT, Config, LIMIT, MAX_BYTES};
use llm::{ErrorKind, JsonService};
use redis::{
    AsyncConnectionConfig, Cmd, RedisError, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster_async::ClusterConnection,
};
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

/// A connection that worked when it was last used. Cloning it is cheap, and all clones are one connection.
#[derive(Clone)]
pub(super) enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
    Upstash(JsonService),
}

/// Why a command brought nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Redis took longer than she may.
    #[error("Redis was silent for too long")]
    Silent,
    /// The connection ended.
    #[error("the connection to Redis ended")]
    Ended,
    /// Redis, or the way there.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// Upstash, or the way there.
    #[error(transparent)]
    Upstash(#[from] llm::Error),
}

impl Failure {
    /// Whether the next command would fail as well. A server that says no to one of them is there.
    pub(super) fn is_absence(&self) -> bool {
        match self {
            Self::Silent | Self::Ended => true,
            Self::Redis(error) => error.code().is_none(),
            Self::Upstash(error) => error.kind() != ErrorKind::BadRequest,
        }
    }
}

impl Connection {
    /// Connects, and hears that Redis answers.
    pub(super) async fn open(config: &Config) -> Result<Self, Failure> {
        let opening = async {
            Ok::<_, Failure>(match config {
                Config::Server(client) => {
                    let limits = AsyncConnectionConfig::new()
                        .set_connection_timeout(Some(CONNECT_LIMIT))
                        .set_response_timeout(Some(LIMIT));
                    Self::Server(client.get_multiplexed_async_connection_with_config(&limits).await?)
                }
                Config::Cluster(cluster) => Self::Cluster(cluster.client.get_async_connection().await?),
                Config::Upstash(service) => Self::Upstash(service.clone()),
            })
        };
        let connection = timeout(CONNECT_LIMIT, opening).await.unwrap_or(Err(Failure::Silent))?;
        connection.clone().send(&["PING"], CONNECT_LIMIT).await?;
        Ok(connection)
    }

    /// Sends a command. The answer is the text in it, if there is one.
    pub(super) async fn ask(self, command: &[&str]) -> Result<Option<String>, Failure> {
        self.send(command, LIMIT).await
    }

    async fn send(self, command: &[&str], limit: Duration) -> Result<Option<String>, Failure> {
        let sending = async {
            match self {
                Self::Server(connection) => query(connection, command).await,
                Self::Cluster(connection) => query(connection, command).await,
                Self::Upstash(service) => {
                    // Every byte of a text may have to be escaped.
                    let answer = service.post(&json!(command), 6 * MAX_BYTES + 1_024, limit).await?;
                    Ok(answer["result"].as_str().map(str::to_owned))
                }
            }
        };
        timeout(limit, sending).await.unwrap_or(Err(Failure::Silent))
    }
}

async fn query(mut connection: impl ConnectionLike, command: &[&str]) -> Result<Option<String>, Failure> {
    let mut packed = Cmd::new();
    for part in command {
        packed.arg(part);
    }
    Ok(match packed.query_async(&mut connection).await? {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        _ => None,
    })
}
