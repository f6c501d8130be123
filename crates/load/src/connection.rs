//! One connection that is kept open from answer to answer, as clients do. Knows HTTP and no measuring.

use crate::{
    reader::{Progress, Reader},
    target::Target,
};
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::http1::{Connection, SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use std::future::Future;
use tokio::{net::TcpStream, time::Instant};

/// The sending end of an open connection.
pub(crate) struct Line(SendRequest<Full<Bytes>>);

/// Opens a connection and does with it what `work` does.
pub(crate) async fn with_line<T, F: Future<Output = anyhow::Result<T>>>(
    target: &Target,
    work: impl FnOnce(Line) -> F,
) -> anyhow::Result<T> {
    let (sender, connection) = open(target).await.context("no connection")?;
    // Both in one task: a second one would only be woken for each chunk in addition.
    tokio::select! {
        biased;
        outcome = work(Line(sender)) => outcome,
        ended = connection => {
            ended.context("the connection broke")?;
            anyhow::bail!("the connection was closed in the middle")
        }
    }
}

async fn open(
    target: &Target,
) -> anyhow::Result<(SendRequest<Full<Bytes>>, Connection<TokioIo<TcpStream>, Full<Bytes>>)> {
    let stream = TcpStream::connect(target.address).await?;
    stream.set_nodelay(true)?;
    Ok(handshake(TokioIo::new(stream)).await?)
}

impl Line {
    /// Asks for an answer and reads it. `on_progress` hears of all bytes that come, with how far the answer is then.
    pub(crate) async fn ask(
        &mut self,
        request: Request<Full<Bytes>>,
        reader: &mut Reader,
        mut on_progress: impl FnMut(Progress, Instant),
    ) -> anyhow::Result<()> {
        let mut body = self.send(request).await?;
        let mut progress = Progress::Waiting;
        while let Some(frame) = body.frame().await {
            if let Some(bytes) = frame?.data_ref() {
                progress = reader.push(bytes);
                on_progress(progress, Instant::now());
            }
        }
        ensure!(progress == Progress::Complete, "an answer ended {progress:?}");
        Ok(())
    }

    /// Asks for a document.
    pub(crate) async fn get(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Bytes> {
        Ok(self.send(request).await?.collect().await?.to_bytes())
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Incoming> {
        self.0.ready().await?;
        let response = self.0.send_request(request).await?;
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response.into_body());
        }
        let body = response.into_body().collect().await?.to_bytes();
        anyhow::bail!("answered {status}: {}", String::from_utf8_lossy(&body))
    }
}
