//! A connection without manners: bytes as they are, when they are.

use super::TestApp;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A socket to Lia.
pub(crate) struct Raw(TcpStream);

impl Raw {
    /// Connects.
    pub(crate) async fn connect(app: &TestApp) -> Self {
        Self(TcpStream::connect(app.address()).await.unwrap())
    }

    /// Sends bytes.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// What comes next.
    pub(crate) async fn some(&mut self) -> String {
        let mut bytes = vec![0; 4 << 10];
        let length = self.0.read(&mut bytes).await.unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    /// Everything that comes until Lia closes the connection.
    pub(crate) async fn until_closed(mut self) -> String {
        let mut bytes = Vec::new();
        // A reset is a close too.
        let _ = self.0.read_to_end(&mut bytes).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
