//! A bad line between Lia and her Postgres server.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_util::task::TaskTracker;
use url::Url;

/// Passes everything on, until it is told to lose something.
pub(crate) struct Proxy {
    address: SocketAddr,
    upstream: Url,
    lose_next_commit: Arc<AtomicBool>,
}

impl Proxy {
    /// Stands before the server of a `postgres://` URL.
    pub(crate) async fn start(upstream: &str) -> Self {
        let upstream: Url = upstream.parse().unwrap();
        let target = (upstream.host_str().unwrap().to_owned(), upstream.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let lose_next_commit = Arc::new(AtomicBool::new(false));
        let lose = lose_next_commit.clone();
        let (tasks, connections) = (TaskTracker::new(), TaskTracker::new());
        tasks.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&target).await.unwrap();
                connections.spawn(pass(client, server, lose.clone()));
            }
        });
        Self { address, upstream, lose_next_commit }
    }

    /// The URL of the database by way of this line.
    pub(crate) fn url(&self) -> String {
        let mut url = self.upstream.clone();
        url.set_ip_host(self.address.ip()).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    /// The next commit is carried out, and the line breaks before anybody hears of it.
    pub(crate) fn lose_next_commit(&self) {
        self.lose_next_commit.store(true, Ordering::SeqCst);
    }

    /// Whether it has happened.
    pub(crate) fn has_lost_it(&self) -> bool {
        !self.lose_next_commit.load(Ordering::SeqCst)
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, lose_next_commit: Arc<AtomicBool>) {
    let (mut asked, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                server.write_all(&asked[..length]).await.unwrap();
                let is_commit = asked[..length].windows(7).any(|bytes| bytes == b"COMMIT\0");
                if is_commit && lose_next_commit.swap(false, Ordering::SeqCst) {
                    // The server answers when it has committed.
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
