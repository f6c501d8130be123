//! Connections: taking them, bounding them in number and patience, and letting them end.
//!
//! `axum::serve` sets no timer and no limit; this does. Knows nothing of what is served.

use crate::edge::address::Peer;
use anyhow::Context as _;
use axum::{Router, body::Body};
use futures_util::TryFutureExt as _;
use hyper::{
    Request,
    body::Incoming,
    header::{self, HeaderValue},
    server::conn::http1::{self, UpgradeableConnection},
    service::{HttpService, service_fn},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};
use tower::ServiceExt as _;

/// How many connections there may be and how long one may take.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Open at once. Further ones wait in the system's queue.
    pub connections: usize,
    /// For the headers of a request; also how long a connection may lie idle between two.
    pub header_time: Duration,
    /// For requests that are on their way over open connections when no more connections are taken.
    pub hand_over: Duration,
    /// For answers under way when the program ends.
    pub farewell: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            header_time: Duration::from_secs(30),
            hand_over: Duration::from_millis(500),
            farewell: Duration::from_secs(5),
        }
    }
}

/// A connection's place among those there may be. Whoever goes on with the connection after an upgrade takes it over from
/// the request, and the program waits for it when it ends.
#[derive(Clone)]
pub struct Place {
    _room: Arc<OwnedSemaphorePermit>,
    _tracked: TaskTrackerToken,
}

/// File descriptors that are not connections: the database, the log, the providers.
const OTHER_FILES: u64 = 256;

/// So long nobody has to have come before no more connections are taken.
const LAST_MOMENT: Duration = Duration::from_millis(1);
/// Connections that are taken all the same in between: as many as can have waited.
const MOST_LATE: u32 = 1024;

/// Raises the number of files this process may open as far as the system lets it, and returns how many connections
/// that leaves room for.
pub fn room_for_connections(wanted: usize) -> usize {
    let wanted_files = u64::try_from(wanted).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    let files = rlimit::increase_nofile_limit(wanted_files).unwrap_or_else(|error| {
        tracing::warn!(%error, "the limit of open files cannot be raised");
        1024
    });
    usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(wanted).clamp(64, wanted)
}

/// Serves until `stopped` is done, then lets the answers under way end. Once `closing` is cancelled no new connections are
/// taken: whoever asks then goes to another process. What comes over those that are open is answered, with the word that
/// nothing more is; in the end those that lie idle are closed.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    closing: CancellationToken,
    stopped: impl Future<Output = ()>,
) {
    let room = Arc::new(Semaphore::new(limits.connections));
    let leaving = CancellationToken::new();
    let connections = TaskTracker::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_time);
    let mut stopped = std::pin::pin!(stopped);
    let (mut is_stopped, mut late) = (false, 0);
    loop {
        let (stream, peer, room) = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            // Those that the system has accepted for us already would be reset.
            () = closing.cancelled() => match timeout(LAST_MOMENT, accept(&listener, &room)).await {
                Ok(accepted) if late < MOST_LATE => {
                    late += 1;
                    accepted
                }
                _ => break,
            },
            () = &mut stopped => {
                is_stopped = true;
                break;
            }
        };
        let (room, tracker) = (Arc::new(room), connections.clone());
        let (router, closing) = (router.clone(), closing.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            if request.headers().contains_key(header::UPGRADE) {
                request.extensions_mut().insert(Place { _room: Arc::clone(&room), _tracked: tracker.token() });
            }
            request.extensions_mut().insert(Peer(peer));
            let is_last = closing.is_cancelled();
            router.clone().oneshot(request.map(Body::new)).map_ok(move |mut response| {
                if is_last {
                    response.headers_mut().entry(header::CONNECTION).or_insert(HeaderValue::from_static("close"));
                }
                response
            })
        });
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        connections.spawn(until_it_ends(connection, leaving.clone()));
    }
    drop(listener);
    if !is_stopped {
        // Closed now, a connection would take along the request that its client has just sent.
        is_stopped = timeout(limits.hand_over, &mut stopped).await.is_ok();
    }
    leaving.cancel();
    connections.close();
    if !is_stopped {
        tokio::select! {
            () = &mut stopped => {}
            () = connections.wait() => return stopped.await,
        }
    }
    if timeout(limits.farewell, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections were cut");
    }
}

/// Serves one connection until it ends; once `leaving` is cancelled, with the answer under way.
async fn until_it_ends<S>(connection: UpgradeableConnection<TokioIo<TcpStream>, S>, leaving: CancellationToken)
where
    S: HttpService<Incoming, ResBody = Body, Error = Infallible>,
{
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = leaving.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A connection ends in many ways, and none of them is news: slow headers, a closed lid, a lost network.
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

/// The next connection, once there is room for it.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let Ok(place) = Arc::clone(room).acquire_owned().await else { std::future::pending().await };
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Without this a short event waits for the next one.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection could not be set up");
                }
                return (stream, peer, place);
            }
            Err(error) => {
                // No descriptors left, most likely: trying at once would spin.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Done when the system asks the program to end: SIGTERM from a supervisor, SIGINT from a terminal.
pub async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
