//! Redis for tests: the one that `./dev test` starts, and private ones.

use std::{net::TcpListener, process::Stdio, sync::Once};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A server that all tests share. `None`: there is none, and whoever runs the tests is told.
pub(crate) fn redis_url() -> Option<String> {
    static NOTE: Once = Once::new();
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration to read it from")]
    let url = std::env::var("TEST_REDIS_URL").ok();
    if url.is_none() {
        NOTE.call_once(|| eprintln!("skipped with Redis: TEST_REDIS_URL is not set"));
    }
    url
}

/// A server of one test's own; gone with this value.
pub(crate) struct PrivateRedis {
    port: u16,
    _child: Child,
    _folder: TempDir,
}

impl PrivateRedis {
    /// A cluster of one node, which has all the slots. `None` where Redis is not tested at all.
    pub(crate) async fn start_cluster() -> Option<Self> {
        redis_url()?;
        let folder = tempfile::tempdir().unwrap();
        let (port, cluster_port) = (free_port(), free_port());
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--cluster-enabled", "yes", "--cluster-port", &cluster_port.to_string()])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("where TEST_REDIS_URL is set, redis-server must be on PATH: {error}"));
        let private = Self { port, _child: child, _folder: folder };
        let client = redis::Client::open(private.url()).unwrap();
        let mut connection = loop {
            // It takes a moment until it listens.
            match client.get_multiplexed_async_connection().await {
                Ok(connection) => break connection,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        let mut slots = redis::cmd("CLUSTER");
        slots.arg("ADDSLOTSRANGE").arg(0).arg(16_383).exec_async(&mut connection).await.unwrap();
        loop {
            let info: String = redis::cmd("CLUSTER").arg("INFO").query_async(&mut connection).await.unwrap();
            if info.contains("cluster_state:ok") {
                return Some(private);
            }
        }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
