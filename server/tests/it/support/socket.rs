//! A WebSocket to Lia, read as it comes.

use super::{Answer, Client, TestApp};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, http::HeaderValue, protocol::CloseFrame},
};

/// A socket that is open.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Asks for a socket with these headers; what answers instead, where there is none.
    pub(crate) async fn ask(app: &TestApp, headers: &[(&'static str, &str)]) -> Result<Self, Answer> {
        let mut request = format!("ws://{}/api/v1/ws", app.address()).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => {
                let (parts, body) = response.into_parts();
                let text = String::from_utf8(body.unwrap_or_default()).unwrap();
                Err(Answer { status: parts.status.as_u16(), headers: parts.headers, text })
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Asks for one as a user.
    pub(crate) async fn ask_as(app: &TestApp, user: &Client) -> Result<Self, Answer> {
        Self::ask(app, &[("authorization", &format!("Bearer {}", user.token()))]).await
    }

    /// Opens one as a user, and hears that it is ready.
    pub(crate) async fn open(app: &TestApp, user: &Client) -> Self {
        let mut socket = Self::ask_as(app, user).await.unwrap_or_else(|answer| panic!("{answer:?}"));
        socket.expect("ready").await;
        socket
    }

    /// The same for a client with little room for what it has not read.
    pub(crate) async fn listening_slowly(app: &TestApp, user: &Client) -> Self {
        let tcp = TcpSocket::new_v4().unwrap();
        tcp.set_recv_buffer_size(4096).unwrap();
        let stream = tcp.connect(app.address()).await.unwrap();
        let mut request = format!("ws://{}/api/v1/ws", app.address()).into_client_request().unwrap();
        let token = HeaderValue::from_str(&format!("Bearer {}", user.token())).unwrap();
        request.headers_mut().insert("authorization", token);
        let (socket, _) = client_async(request, MaybeTlsStream::Plain(stream)).await.unwrap();
        let mut socket = Self(socket);
        socket.expect("ready").await;
        socket.say(&json!({ "type": "subscribe", "channel": "events" })).await;
        socket.expect("subscribed").await;
        socket.event("resync").await;
        socket
    }

    /// Gives a slow client much room: what waits for it comes without a pause for every few kilobytes.
    pub(crate) fn hurry(&self) {
        let MaybeTlsStream::Plain(stream) = self.0.get_ref() else { panic!("the tests speak without TLS") };
        SockRef::from(stream).set_recv_buffer_size(1 << 20).unwrap();
    }

    /// Opens one that hears what happens to the user's conversations.
    pub(crate) async fn listening(app: &TestApp, user: &Client) -> Self {
        let mut socket = Self::open(app, user).await;
        socket.say(&json!({ "type": "subscribe", "channel": "events" })).await;
        socket.expect("subscribed").await;
        socket.event("resync").await;
        socket
    }

    /// Says something.
    pub(crate) async fn say(&mut self, message: &Value) {
        self.send(Message::text(message.to_string())).await;
    }

    /// Sends a message of any kind, unless the other side is gone.
    pub(crate) async fn send(&mut self, message: Message) {
        let _ = self.0.send(message).await;
    }

    /// The next message that is no ping.
    pub(crate) async fn next(&mut self) -> Value {
        match self.frame().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("no message: {other:?}"),
        }
    }

    /// The next message, which must be of this type.
    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// The next event of the user's, which must be of this type.
    pub(crate) async fn event(&mut self, kind: &str) -> Value {
        let event = self.expect("event").await["event"].clone();
        assert_eq!(event["type"], kind, "{event}");
        event
    }

    /// The code of the error that comes next.
    pub(crate) async fn error(&mut self) -> String {
        self.expect("error").await["error"]["code"].as_str().unwrap().to_owned()
    }

    /// Reads to the end: the code of the close frame, and the reason.
    pub(crate) async fn closed(mut self) -> (u16, String) {
        loop {
            match self.frame().await {
                Some(Message::Close(Some(CloseFrame { code, reason }))) => return (code.into(), reason.to_string()),
                Some(Message::Text(_)) => {}
                other => panic!("no close frame: {other:?}"),
            }
        }
    }

    async fn frame(&mut self) -> Option<Message> {
        loop {
            match self.0.next().await?.unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return Some(message),
            }
        }
    }
}
