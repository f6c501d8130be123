//! A bad line between Lia and her Postgres server, or her Redis.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
};
use tokio_util::task::TaskTracker;
use url::Url;

/// Passes everything on, until it is told to lose something.
pub(crate) struct Proxy {
    address: SocketAddr,
    upstream: Url,
    lose_next_start: Arc<AtomicBool>,
    /// Whether the server is to be gone after that.
    break_after_loss: Arc<AtomicBool>,
    /// How many statements have been carried out.
    statements: Arc<AtomicUsize>,
    swallow_next_start: Arc<AtomicBool>,
    swallowed: Arc<Notify>,
    state: Arc<watch::Sender<State>>,
}

impl Proxy {
    /// Stands before the server of a URL.
    pub(crate) async fn start(upstream: &str) -> Self {
        let upstream: Url = upstream.parse().unwrap();
        let target = (upstream.host_str().unwrap().to_owned(), upstream.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let lose_next_start = Arc::new(AtomicBool::new(false));
        let break_after_loss = Arc::new(AtomicBool::new(false));
        let statements = Arc::new(AtomicUsize::new(0));
        let state = Arc::new(watch::Sender::new(State::Flows));
        let (swallow_next_start, swallowed) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let line = Line {
            lose: lose_next_start.clone(),
            break_after_loss: break_after_loss.clone(),
            swallow: swallow_next_start.clone(),
            swallowed: swallowed.clone(),
            statements: statements.clone(),
            state: state.clone(),
        };
        let (tasks, connections) = (TaskTracker::new(), TaskTracker::new());
        tasks.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *line.state.borrow() == State::Broken {
                    continue;
                }
                let server = TcpStream::connect(&target).await.unwrap();
                connections.spawn(pass(client, server, line.clone()));
            }
        });
        Self { address, upstream, lose_next_start, break_after_loss, statements, swallow_next_start, swallowed, state }
    }

    /// The URL of what it names by way of this line.
    pub(crate) fn url(&self) -> String {
        let mut url = self.upstream.clone();
        url.set_ip_host(self.address.ip()).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    /// The next start of a run is stored, and the line breaks before anybody hears of it.
    pub(crate) fn lose_next_start(&self) {
        self.lose_next_start.store(true, Ordering::SeqCst);
    }

    /// The same, and from then on the server is gone.
    pub(crate) fn lose_next_start_and_then_break(&self) {
        self.break_after_loss.store(true, Ordering::SeqCst);
        self.lose_next_start();
    }

    /// The connection on which the next start of a run is asked for says nothing from then on; the others are well.
    pub(crate) fn swallow_next_start(&self) {
        self.swallow_next_start.store(true, Ordering::SeqCst);
    }

    /// Waits until that has happened.
    pub(crate) async fn swallowed(&self) {
        self.swallowed.notified().await;
    }

    /// Nothing gets through any more, and nobody is told: as where a cable is out.
    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Silent);
    }

    /// The server is gone: connections end, and no new one comes about.
    pub(crate) fn break_off(&self) {
        self.state.send_replace(State::Broken);
    }

    /// All is well again; what waited gets through.
    pub(crate) fn mend(&self) {
        self.state.send_replace(State::Flows);
    }

    /// How many statements have been carried out over this line.
    pub(crate) fn statements(&self) -> usize {
        self.statements.load(Ordering::SeqCst)
    }

    /// Whether it has happened.
    pub(crate) fn has_lost_it(&self) -> bool {
        !self.lose_next_start.load(Ordering::SeqCst)
    }
}

/// What the statement has in it that stores the start of a run.
const START: &[u8] = b"insert into runs ";
/// The message that carries a prepared statement out, as the protocol writes it: its length, no name.
const EXECUTE: &[u8] = b"E\0\0\0\x09\0";

/// How the line is.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Flows,
    /// Nothing gets through, and nobody is told.
    Silent,
    /// There is nobody at the other end.
    Broken,
}

/// What is to happen to the connections.
#[derive(Clone)]
struct Line {
    lose: Arc<AtomicBool>,
    break_after_loss: Arc<AtomicBool>,
    statements: Arc<AtomicUsize>,
    swallow: Arc<AtomicBool>,
    swallowed: Arc<Notify>,
    state: Arc<watch::Sender<State>>,
}

/// Waits until the line is as wanted.
async fn until(line: &mut watch::Receiver<State>, wanted: impl Fn(State) -> bool) {
    let _ = line.wait_for(|state| wanted(*state)).await.map(drop);
}

async fn pass(mut client: TcpStream, mut server: TcpStream, line: Line) {
    let (mut state, mut broken) = (line.state.subscribe(), line.state.subscribe());
    let (mut asked, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let mut is_start = false;
    loop {
        tokio::select! {
            () = until(&mut broken, |state| state == State::Broken) => return,
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let count = |wanted: &[u8]| asked[..length].windows(wanted.len()).filter(|bytes| *bytes == wanted).count();
                let carried_out = count(EXECUTE);
                line.statements.fetch_add(carried_out, Ordering::SeqCst);
                // It is prepared first and carried out next.
                is_start |= count(START) > 0;
                let is_carried_out = is_start && carried_out > 0;
                is_start &= !is_carried_out;
                if is_carried_out && line.swallow.swap(false, Ordering::SeqCst) {
                    line.swallowed.notify_one();
                    return std::future::pending().await;
                }
                until(&mut state, |state| state != State::Silent).await;
                server.write_all(&asked[..length]).await.unwrap();
                if is_carried_out && line.lose.swap(false, Ordering::SeqCst) {
                    // The server answers when it has committed.
                    let _ = server.read(&mut answered).await;
                    if line.break_after_loss.swap(false, Ordering::SeqCst) {
                        line.state.send_replace(State::Broken);
                    }
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                until(&mut state, |state| state != State::Silent).await;
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
