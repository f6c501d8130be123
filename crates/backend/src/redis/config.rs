//! Where Redis is, as the settings say it. What can be found wrong without asking Redis is found here.

use super::{CONNECT_LIMIT, LIMIT};
use llm::JsonService;
use redis::{Client, cluster::ClusterClient, parse_redis_url};
use std::fmt;

/// Where Redis is. Holds passwords and prints none.
#[derive(Clone)]
pub enum Config {
    /// One server.
    Server(Client),
    /// A cluster.
    Cluster(Box<Cluster>),
    /// Upstash, spoken to over HTTP, where there is nothing to listen to.
    Upstash(JsonService),
}

/// Several servers that are one.
#[derive(Clone)]
pub struct Cluster {
    pub(super) client: ClusterClient,
    /// Those that were named. What is published to one of a cluster is heard at all.
    pub(super) nodes: Vec<Client>,
}

/// What an address may be.
pub const URL_ALLOWED: &str = "redis://[user:password@]host[:port][/number], rediss:// for TLS, unix:///path, or a cluster: \
                               several of the first two divided by commas, or one with ?cluster=true";

impl Config {
    /// Reads `REDIS_URL`. `None` where it is none; no reason is given, because it could quote a password.
    pub fn from_url(text: &str) -> Option<Self> {
        let urls: Vec<_> = text.split(',').map(|url| parse_redis_url(url.trim())).collect::<Option<_>>()?;
        let says_cluster = |value: &str| match value {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        let mut is_cluster = urls.len() > 1;
        for (name, value) in urls.iter().flat_map(|url| url.query_pairs()) {
            if name == "cluster" {
                is_cluster |= says_cluster(&value)?;
            }
        }
        let nodes: Vec<_> = urls.into_iter().map(Client::open).collect::<Result<_, _>>().ok()?;
        if is_cluster {
            let infos = nodes.iter().map(|node| node.get_connection_info().clone());
            let client = ClusterClient::builder(infos).connection_timeout(CONNECT_LIMIT).response_timeout(LIMIT);
            return Some(Self::Cluster(Box::new(Cluster { client: client.build().ok()?, nodes })));
        }
        nodes.into_iter().next().map(Self::Server)
    }

    /// What kind it is: `server`, `cluster` or `upstash`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Server(_) => "server",
            Self::Cluster(_) => "cluster",
            Self::Upstash(_) => "upstash",
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redis({})", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_it_is_and_no_password() {
        for (url, kind) in [
            ("redis://localhost", "server"),
            ("rediss://lia:hunter22@redis.example.com:6380/3", "server"),
            ("redis://:hunter22@[::1]:6379/0?cluster=false", "server"),
            ("unix:///run/redis.sock?db=2&pass=hunter22", "server"),
            ("redis://one:7000?cluster=true", "cluster"),
            ("redis://:hunter22@one:7000, redis://:hunter22@two:7000", "cluster"),
        ] {
            let config = Config::from_url(url).unwrap_or_else(|| panic!("{url} is one"));
            assert_eq!((config.kind(), format!("{config:?}")), (kind, format!("Redis({kind})")), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "",
            "localhost:6379",
            "http://localhost:6379",
            "redis://",
            "redis://localhost/first",
            "redis://localhost?cluster=perhaps",
            "redis://one,two",
            "redis://:a@one,redis://:b@two",
            "unix:///run/redis.sock?cluster=true",
        ] {
            assert!(Config::from_url(url).is_none(), "{url}");
        }
    }
}
