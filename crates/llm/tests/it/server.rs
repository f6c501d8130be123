//! A server that behaves as no library lets one: it writes bytes as they are and ends connections as it likes. The emulator
//! speaks HTTP as it should be spoken; this is for when it is not.

use llm::{ApiKey, Kind, Limits, ProviderConfig, Providers};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Instant,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinSet, yield_now},
};

/// What a connection does with a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Play {
    writes: Vec<Vec<u8>>,
    end: End,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Close,
    Reset,
    /// Nothing more, until the client goes.
    Hang,
    /// The last bytes again and again, until the client goes.
    Repeat,
    /// The next request may come on the same connection.
    KeepAlive,
}

impl Play {
    /// Bytes as they are.
    pub(crate) fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self { writes: vec![bytes.as_ref().to_vec()], end: End::Close }
    }

    /// The head of a stream that ends with its connection.
    pub(crate) fn stream() -> Self {
        Self::raw("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    }

    /// The head of a stream in chunks.
    pub(crate) fn chunked() -> Self {
        Self::raw("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    }

    /// A whole response with more headers, each with its line end.
    pub(crate) fn response(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        Self { writes: vec![[head.as_bytes(), body].concat()], end: End::KeepAlive }
    }

    pub(crate) fn then(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.writes.push(bytes.as_ref().to_vec());
        self
    }

    /// Bytes as one chunk of a body.
    pub(crate) fn chunk(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let framed = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        self.then(framed)
    }

    /// Everything so far byte by byte.
    pub(crate) fn drip(mut self) -> Self {
        self.writes = self.writes.concat().into_iter().map(|byte| vec![byte]).collect();
        self
    }

    pub(crate) const fn reset(mut self) -> Self {
        self.end = End::Reset;
        self
    }

    pub(crate) const fn hang(mut self) -> Self {
        self.end = End::Hang;
        self
    }

    pub(crate) const fn repeat(mut self) -> Self {
        self.end = End::Repeat;
        self
    }
}

/// What the server has seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// When each request had come.
    pub(crate) calls: Vec<Instant>,
    /// When a client went before its response had ended.
    pub(crate) gone: Vec<Instant>,
    /// Bytes that were written.
    pub(crate) written: usize,
}

/// A running server. Dropping it ends its connections.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<watch::Sender<Seen>>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Plays one after the other, and the last again and again.
    pub(crate) async fn start(plays: impl IntoIterator<Item = Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let plays = Arc::new(Mutex::new(plays.into_iter().collect::<VecDeque<_>>()));
        let seen = Arc::new(watch::Sender::new(Seen::default()));
        let mut tasks = JoinSet::new();
        let shared = seen.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                connections.spawn(serve(socket, plays.clone(), shared.clone()));
            }
        });
        Self { address, seen, _tasks: tasks }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    pub(crate) async fn wait_until(&self, wanted: impl FnMut(&Seen) -> bool) {
        self.seen.subscribe().wait_for(wanted).await.unwrap();
    }

    /// Where it is.
    pub(crate) fn base_url(&self) -> url::Url {
        format!("http://{}", self.address).parse().unwrap()
    }

    /// It as a provider.
    pub(crate) fn providers(&self, kind: Kind, limits: Limits) -> Providers {
        let config = ProviderConfig {
            id: "test".into(),
            name: "Test".into(),
            kind,
            base_url: self.base_url(),
            api_key: Some(ApiKey::new(crate::kit::KEY)),
            models: vec![],
        };
        Providers::with_limits(vec![config], limits).unwrap()
    }
}

async fn serve(mut socket: TcpStream, plays: Arc<Mutex<VecDeque<Play>>>, seen: Arc<watch::Sender<Seen>>) {
    socket.set_nodelay(true).unwrap();
    while read_request(&mut socket).await {
        seen.send_modify(|seen| seen.calls.push(Instant::now()));
        let play = {
            let mut plays = plays.lock().unwrap();
            if plays.len() > 1 { plays.pop_front() } else { plays.front().cloned() }
        };
        let play = play.unwrap();
        for bytes in &play.writes {
            if !write(&mut socket, bytes, &seen).await {
                return;
            }
        }
        match play.end {
            End::KeepAlive => {}
            End::Close => {
                let _ = socket.shutdown().await;
                return;
            }
            End::Reset => return socket.set_zero_linger().unwrap(),
            End::Hang => return wait_for_end(&mut socket, &seen).await,
            End::Repeat => {
                let last = play.writes.last().unwrap();
                while write(&mut socket, last, &seen).await {}
                return;
            }
        }
    }
}

/// Writes, unless the client goes.
async fn write(socket: &mut TcpStream, bytes: &[u8], seen: &watch::Sender<Seen>) -> bool {
    let mut byte = [0];
    let (mut reader, mut writer) = socket.split();
    let written = tokio::select! {
        biased;
        _ = reader.read(&mut byte) => false,
        result = writer.write_all(bytes) => result.is_ok(),
    };
    if written {
        seen.send_modify(|seen| seen.written += bytes.len());
        yield_now().await;
    } else {
        seen.send_modify(|seen| seen.gone.push(Instant::now()));
    }
    written
}

async fn wait_for_end(socket: &mut TcpStream, seen: &watch::Sender<Seen>) {
    let mut byte = [0];
    let _ = socket.read(&mut byte).await;
    seen.send_modify(|seen| seen.gone.push(Instant::now()));
}

/// Reads a request to its end; false where the client goes.
async fn read_request(socket: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    loop {
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if request.len() >= end + 4 + length.map_or(0, |length| length.parse().unwrap()) {
                return true;
            }
        }
        if !matches!(socket.read_buf(&mut request).await, Ok(1..)) {
            return false;
        }
    }
}
