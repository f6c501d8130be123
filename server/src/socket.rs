//! One WebSocket: what its client may say, and what it is told. A listener to the user's events, and readers of a few runs.
//!
//! A client that reads slowly is waited for, for a while: nothing is taken from the listener or from a run before what was
//! taken last is written. So a socket holds one message, however much happens.

use crate::{error::Error, extract::read_object};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use backend::{Actor, Backend, events::Listener, runs};
use bytes::Bytes;
use futures_util::{
    Stream, StreamExt as _,
    stream::{self, AbortHandle, BoxStream, SelectAll, abortable},
};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::{collections::HashMap, num::NonZeroU32, ops::ControlFlow, time::Duration};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite;
use types::{Channel, ClientMessage, Envelope, ErrorCode, RunEvent, RunId, ServerMessage, StreamId, UserEvent};

/// Bytes of one message of a client. What there is to say is short.
const MAX_MESSAGE: usize = 4 * 1024;
/// What is read at once from a connection; held as long as it is open.
const READ_BUFFER: usize = 1024;
/// Runs that may be followed over one socket at once.
const MAX_RUNS: usize = 16;
/// Messages that may come at once, pings and pongs among them, and how fast there may be more.
const BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(63);
const PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(7);
/// Messages that nobody can understand, until nobody tries any more.
const MAX_BROKEN: u32 = 5;
/// Pings that may stay unanswered.
const MAX_UNANSWERED: u32 = 2;
/// How long a client may take to read one message.
const WRITE_LIMIT: Duration = Duration::from_secs(20);
/// How long a client may take to close its side.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// How patient a socket is.
#[derive(Clone, Copy, Debug)]
pub struct SocketLimits {
    /// How often the client is pinged.
    pub heartbeat: Duration,
    /// How long it may be subscribed to nothing.
    pub idle: Duration,
}

impl Default for SocketLimits {
    /// Often enough that no proxy takes a socket on which nothing happens for a dead one.
    fn default() -> Self {
        Self { heartbeat: Duration::from_secs(20), idle: Duration::from_mins(1) }
    }
}

/// The upgrade with the limits of what may come.
pub fn bound(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE).read_buffer_size(READ_BUFFER).write_buffer_size(0)
}

/// Serves a socket until one side has had enough.
pub async fn serve(socket: WebSocket, backend: Backend, actor: Actor, listener: Listener, limits: SocketLimits) {
    let mut beats = interval_at(Instant::now() + limits.heartbeat, limits.heartbeat);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut session = Session {
        socket,
        backend,
        actor,
        listener,
        limits,
        beats,
        wants_events: false,
        runs: SelectAll::new(),
        followed: HashMap::new(),
        allowance: RateLimiter::direct(Quota::per_second(PER_SECOND).allow_burst(BURST)),
        broken: 0,
        unanswered: 0,
        idle_since: Instant::now(),
    };
    match session.run().await {
        Farewell::Silent => {}
        Farewell::Frame(code, reason) => session.close(code, reason).await,
    }
}

/// How a socket ends.
#[derive(Debug)]
enum Farewell {
    /// The client has gone, or closes the socket itself.
    Silent,
    /// With a frame: a code of the protocol, and why.
    Frame(u16, ErrorCode),
}

/// Whether the socket goes on.
type Step = ControlFlow<Farewell>;

/// What comes of a run: an event with its id, or that it was told to its end.
type FromRun = (RunId, Option<(StreamId, RunEvent)>);

struct Session {
    socket: WebSocket,
    backend: Backend,
    actor: Actor,
    listener: Listener,
    limits: SocketLimits,
    beats: Interval,
    wants_events: bool,
    runs: SelectAll<BoxStream<'static, FromRun>>,
    /// The runs that are followed, with what ends that.
    followed: HashMap<RunId, AbortHandle>,
    allowance: DefaultDirectRateLimiter,
    broken: u32,
    unanswered: u32,
    /// Since when the client is subscribed to nothing, if it is.
    idle_since: Instant,
}

impl Session {
    async fn run(&mut self) -> Farewell {
        let heartbeat_ms = u64::try_from(self.limits.heartbeat.as_millis()).unwrap_or(u64::MAX);
        let mut step = self.say(&ServerMessage::Ready { heartbeat_ms }).await;
        loop {
            if let ControlFlow::Break(farewell) = step {
                return farewell;
            }
            step = tokio::select! {
                said = self.socket.recv() => self.hear(said).await,
                event = self.listener.next() => self.tell(event).await,
                Some((run, event)) = self.runs.next() => self.tell_of_run(run, event).await,
                _ = self.beats.tick() => self.beat().await,
            };
        }
    }

    /// Heeds what has come from the client.
    async fn hear(&mut self, said: Option<Result<Message, axum::Error>>) -> Step {
        let message = match said {
            Some(Ok(message)) => message,
            Some(Err(error)) => return ControlFlow::Break(after(error)),
            None => return ControlFlow::Break(Farewell::Silent),
        };
        self.unanswered = 0;
        if self.allowance.check().is_err() {
            self.refuse(Error::new(ErrorCode::RateLimited, "Too many messages at once."), None).await?;
            return ControlFlow::Break(Farewell::Frame(close_code::POLICY, ErrorCode::RateLimited));
        }
        match message {
            Message::Text(text) => match read_object(&text) {
                Ok(message) => self.heed(message).await,
                Err(error) => self.remark(error).await,
            },
            Message::Binary(_) => {
                ControlFlow::Break(Farewell::Frame(close_code::UNSUPPORTED, ErrorCode::UnsupportedMediaType))
            }
            // Pings are answered, and a close frame too, when the next message is asked for.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => ControlFlow::Continue(()),
        }
    }

    /// Does what the client has asked for.
    async fn heed(&mut self, message: ClientMessage) -> Step {
        match message {
            ClientMessage::Ping => self.say(&ServerMessage::Pong).await,
            ClientMessage::Subscribe(Channel::Events) => {
                self.wants_events = true;
                self.listener.begin_again();
                self.say(&ServerMessage::Subscribed(Channel::Events)).await
            }
            ClientMessage::Subscribe(Channel::Run { run_id, after }) => match self.follow(run_id, after).await {
                Ok(()) => self.say(&ServerMessage::Subscribed(run(run_id))).await,
                Err(error) => self.refuse(error, Some(run_id)).await,
            },
            ClientMessage::Unsubscribe(Channel::Events) => {
                self.wants_events = false;
                self.rest();
                self.say(&ServerMessage::Unsubscribed(Channel::Events)).await
            }
            ClientMessage::Unsubscribe(Channel::Run { run_id, .. }) => {
                if let Some(earlier) = self.followed.remove(&run_id) {
                    earlier.abort();
                }
                self.rest();
                self.say(&ServerMessage::Unsubscribed(run(run_id))).await
            }
        }
    }

    /// Follows a run of the user's from a place in it. One that is followed already is followed from there.
    async fn follow(&mut self, id: RunId, after: Option<StreamId>) -> Result<(), Error> {
        if self.followed.len() >= MAX_RUNS && !self.followed.contains_key(&id) {
            let message = format!("At most {MAX_RUNS} runs may be followed over one socket.");
            return Err(Error::new(ErrorCode::TooManyStreams, message));
        }
        let follower = runs::follow(&self.backend, &self.actor, id, after).await?;
        if let Some(earlier) = self.followed.remove(&id) {
            earlier.abort();
        }
        let events = match follower {
            Some(follower) => follower.into_stream().flat_map(with_end).left_stream(),
            None => stream::iter([None]).right_stream(),
        };
        let (told, handle) = abortable(events.map(move |event| (id, event)));
        self.followed.insert(id, handle);
        self.runs.push(told.boxed());
        Ok(())
    }

    /// Tells what has happened to the user's conversations.
    async fn tell(&mut self, event: Option<UserEvent>) -> Step {
        match event {
            Some(event) if self.wants_events => self.say(&ServerMessage::Event { event }).await,
            Some(_) => ControlFlow::Continue(()),
            None if self.backend.shutting_down().is_cancelled() => {
                ControlFlow::Break(Farewell::Frame(close_code::RESTART, ErrorCode::ShuttingDown))
            }
            None => ControlFlow::Break(Farewell::Frame(close_code::POLICY, ErrorCode::NotSignedIn)),
        }
    }

    async fn tell_of_run(&mut self, run_id: RunId, event: Option<(StreamId, RunEvent)>) -> Step {
        if let Some((id, event)) = event {
            return self.say(&ServerMessage::RunEvent { run_id, id, event }).await;
        }
        self.followed.remove(&run_id);
        self.rest();
        self.say(&ServerMessage::Unsubscribed(run(run_id))).await
    }

    /// Asks whether the client is still there, and sends away one that wants nothing.
    async fn beat(&mut self) -> Step {
        let is_idle = !self.wants_events && self.followed.is_empty();
        if is_idle && self.idle_since.elapsed() >= self.limits.idle {
            return ControlFlow::Break(Farewell::Frame(close_code::POLICY, ErrorCode::RequestTimeout));
        }
        if self.unanswered >= MAX_UNANSWERED {
            return ControlFlow::Break(Farewell::Frame(close_code::AWAY, ErrorCode::RequestTimeout));
        }
        self.unanswered += 1;
        self.send(Message::Ping(Bytes::new())).await
    }

    /// Notes since when the client is subscribed to less.
    fn rest(&mut self) {
        self.idle_since = Instant::now();
    }

    /// Says that something cannot be understood; said too often, it is the end.
    async fn remark(&mut self, error: Error) -> Step {
        self.broken += 1;
        let code = error.0.code;
        self.refuse(error, None).await?;
        if self.broken >= MAX_BROKEN {
            return ControlFlow::Break(Farewell::Frame(close_code::POLICY, code));
        }
        ControlFlow::Continue(())
    }

    /// Says that something cannot be done.
    async fn refuse(&mut self, Error(error): Error, run_id: Option<RunId>) -> Step {
        self.say(&ServerMessage::Error { envelope: Envelope { error }, run_id }).await
    }

    async fn say(&mut self, message: &ServerMessage) -> Step {
        // A tree of strings and numbers: serialising it cannot fail.
        let text = serde_json::to_string(message).unwrap_or_default();
        self.send(Message::Text(text.into())).await
    }

    async fn send(&mut self, message: Message) -> Step {
        match timeout(WRITE_LIMIT, self.socket.send(message)).await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(Farewell::Silent),
        }
    }

    /// Closes the socket and waits a moment for the client to do so too: what it has not read would be lost.
    async fn close(&mut self, code: u16, reason: ErrorCode) {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason.as_str()) };
        let closing = async {
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        // Whoever does not wait for it has gone.
        let _ = timeout(CLOSE_LIMIT, closing).await;
    }
}

/// An event of a run, and that nothing follows where that is so. A stream that ends without it has not been told to its end.
fn with_end(event: (StreamId, RunEvent)) -> impl Stream<Item = Option<(StreamId, RunEvent)>> {
    let end = event.1.is_last().then_some(None);
    stream::iter([Some(event)].into_iter().chain(end))
}

const fn run(run_id: RunId) -> Channel {
    Channel::Run { run_id, after: None }
}

/// What is left to say after something that is no message.
fn after(error: axum::Error) -> Farewell {
    use tungstenite::Error as Wrong;
    match error.into_inner().downcast_ref::<Wrong>() {
        Some(Wrong::Capacity(_)) => Farewell::Frame(close_code::SIZE, ErrorCode::PayloadTooLarge),
        Some(Wrong::Utf8(_)) => Farewell::Frame(close_code::INVALID, ErrorCode::BadJson),
        Some(Wrong::Protocol(_)) => Farewell::Frame(close_code::PROTOCOL, ErrorCode::BadRequest),
        _ => Farewell::Silent,
    }
}
