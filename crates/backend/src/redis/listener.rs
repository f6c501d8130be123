//! Hearing what is published to a channel, over a connection of its own.

use super::{CONNECT_LIMIT, Config, Failure};
use futures_util::StreamExt as _;
use rand::seq::IndexedRandom as _;
use redis::{
    Client,
    aio::{PubSubSink, PubSubStream},
};
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// How often the connection is tried out: one that nothing comes from may have broken without a word.
const TRY_EVERY: Duration = Duration::from_secs(10);

/// A subscription.
pub(crate) struct Listener {
    sink: PubSubSink,
    stream: PubSubStream,
    turns: Interval,
}

impl Listener {
    /// Subscribes. `None`: this Redis has nothing to listen to.
    pub(super) async fn open(config: &Config, channel: &str) -> Result<Option<Self>, Failure> {
        let Some(client) = client(config) else { return Ok(None) };
        let subscribing = async {
            let (mut sink, stream) = client.get_async_pubsub().await?.split();
            sink.subscribe(channel).await?;
            Ok::<_, Failure>((sink, stream))
        };
        let (sink, stream) = timeout(CONNECT_LIMIT, subscribing).await.unwrap_or(Err(Failure::Silent))?;
        let mut turns = interval(TRY_EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Some(Self { sink, stream, turns }))
    }

    /// What was published next. After a failure there is nothing more to come.
    pub(crate) async fn next(&mut self) -> Result<String, Failure> {
        loop {
            tokio::select! {
                message = self.stream.next() => {
                    // What is no text is none of ours.
                    if let Ok(text) = message.ok_or(Failure::Ended)?.get_payload() {
                        return Ok(text);
                    }
                }
                _ = self.turns.tick() => {
                    timeout(CONNECT_LIMIT, self.sink.ping::<()>()).await.map_err(|_| Failure::Silent)??;
                }
            }
        }
    }
}

/// Whom to listen to: of a cluster any one, because they pass on to each other what is published.
fn client(config: &Config) -> Option<&Client> {
    match config {
        Config::Server(client) => Some(client),
        Config::Cluster(cluster) => cluster.nodes.choose(&mut rand::rng()),
        Config::Upstash(_) => None,
    }
}
