//! One answer: asks a provider, retries while nothing was said, keeps the time limits, and turns frames into deltas through
//! the reader of the provider's wire. Knows no wire itself.

use crate::{
    Delta, DeltaStream, Error, ErrorKind, Finish,
    breaker::Permit,
    documents::{Documents, Piece},
    endpoint::{Call, Endpoint},
    failure, http,
    output::Output,
    sse::{Decoder, Frame},
    wire::Reader,
};
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::stream;
use reqwest::{Response, header::HeaderMap};
use serde_json::Map;
use std::sync::{Arc, atomic::Ordering};
use tokio::time::{Instant, sleep};

/// A response that is being read.
struct Connection {
    response: Response,
    reader: Reader,
    body: Body,
    request_id: Option<String>,
    /// Told what the response amounts to.
    permit: Permit,
}

/// What a response consists of. Its first character says so better than its headers do.
enum Body {
    /// White space so far, which some servers send as life, and the mark with which others begin a text.
    Blank,
    Events(Decoder),
    /// JSON without the framing of events: an answer as one document, or in pieces.
    Documents(Documents),
}

struct Answer {
    endpoint: Arc<Endpoint>,
    call: Call,
    input_tokens: u64,
    started: Instant,
    backoff: ExponentialBackoff,
    connection: Option<Connection>,
    output: Output,
    /// When the reason for the end came.
    finished: Option<Instant>,
    failure: Option<Error>,
    over: bool,
}

/// An answer that cannot even be asked for.
pub(crate) fn refused(error: Error) -> DeltaStream {
    Box::pin(stream::iter([Err(error)]))
}

/// Starts an answer. Nothing is sent before the stream is polled.
pub(crate) fn stream(endpoint: Arc<Endpoint>, call: Call, input_tokens: u64) -> DeltaStream {
    let limits = &endpoint.limits;
    let backoff = ExponentialBuilder::new()
        .with_min_delay(limits.backoff)
        .with_max_delay(limits.max_wait)
        .with_max_times(limits.attempts.saturating_sub(1))
        .with_jitter()
        .build();
    let answer = Answer {
        endpoint,
        call,
        input_tokens,
        started: Instant::now(),
        backoff,
        connection: None,
        output: Output::default(),
        finished: None,
        failure: None,
        over: false,
    };
    Box::pin(stream::unfold(Box::new(answer), |mut answer| async move {
        let delta = answer.next().await?;
        Some((delta, answer))
    }))
}

impl Answer {
    async fn next(&mut self) -> Option<Result<Delta, Error>> {
        loop {
            if let Some(delta) = self.output.deltas.pop_front() {
                return Some(Ok(delta));
            }
            if self.over {
                return self.failure.take().map(Err);
            }
            match self.failure.take() {
                None => {
                    if let Err(error) = self.step().await {
                        // What the reader still held back is part of what there is of the answer.
                        if let Some(connection) = &mut self.connection {
                            connection.reader.end(&mut self.output);
                        }
                        self.failure = Some(self.explain(error));
                    }
                }
                Some(error) => self.recover(error).await,
            }
        }
    }

    /// Connects, or reads once.
    async fn step(&mut self) -> Result<(), Error> {
        let Some(connection) = &mut self.connection else {
            // On the heap only while it is needed: asking is large, and most of an answer's time goes by in reading.
            self.connection = Some(Box::pin(self.connect()).await?);
            return Ok(());
        };
        let limits = &self.endpoint.limits;
        let ends_soon = connection.reader.ends_soon_after_finish();
        let until = match self.finished {
            // Comments prolong a silence, but not what should only be formalities.
            Some(finished) if ends_soon => finished + limits.after_finish,
            // What may still come is not thought about for minutes.
            Some(_) => Instant::now() + limits.idle.min(limits.after_finish * 3),
            _ if self.output.has_spoken() => Instant::now() + limits.idle,
            _ => Instant::now() + limits.first_token,
        };
        let until = until.min(self.started + limits.total);
        let chunk = match http::chunk(&mut connection.response, until).await {
            Ok(chunk) => chunk,
            Err(error) => {
                // An event that came whole, if without its blank line, is part of the answer.
                let _ = connection.take(None, &mut self.output);
                // The answer may be complete, and only its end mark missing.
                if self.output.finish.is_none() || !(ends_soon || error.kind() == ErrorKind::Timeout) {
                    return Err(error);
                }
                None
            }
        };
        let read = connection.take(chunk.as_deref(), &mut self.output);
        if self.output.has_spoken() {
            connection.permit.speak();
            // Nobody asks again who has heard a word, so the question, which may be long, is not kept for that.
            self.call.body = Map::new();
        }
        read?;
        // Who still speaks has not finished, whatever it said.
        if self.output.finish.is_some() && (self.finished.is_none() || !self.output.deltas.is_empty()) {
            self.finished = Some(Instant::now());
        }
        if self.output.ended || chunk.is_none() {
            self.complete()?;
        }
        Ok(())
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let permit = self.endpoint.breaker.permit()?;
        match self.open().await {
            Ok(mut response) => {
                let request_id = failure::request_id(response.headers());
                // They are parts of the buffer that the head was read into, and would keep it for as long as the answer lasts.
                *response.headers_mut() = HeaderMap::new();
                Ok(Connection { response, reader: self.call.wire.reader(), body: Body::Blank, request_id, permit })
            }
            Err(error) => {
                permit.fail(error.kind());
                Err(error)
            }
        }
    }

    async fn open(&self) -> Result<Response, Error> {
        let limits = &self.endpoint.limits;
        let until = (Instant::now() + limits.first_token).min(self.started + limits.total);
        let response = http::send(self.endpoint.post(&self.call)?, self.endpoint.key.as_ref(), until).await?;
        if http::media_type(&response) == "text/html" {
            return Err(web_page());
        }
        if http::is_compressed(&response) {
            return Err(Error::new(ErrorKind::Protocol, "a compressed answer, which nobody asked for"));
        }
        Ok(response)
    }

    /// The stream is over: what it amounts to.
    fn complete(&mut self) -> Result<(), Error> {
        if let Some(connection) = &mut self.connection {
            connection.reader.end(&mut self.output);
        }
        let is_marked = self.output.ended || !self.call.wire.needs_end_mark();
        let Some(finish) = self.output.finish.take().filter(|_| is_marked) else {
            // Half a character goes with the rest of the answer: whoever goes on with it says all of it.
            return Err(Error::new(ErrorKind::Interrupted, "the stream ended without its end mark"));
        };
        self.output.replace_half();
        if finish == Finish::Stop && self.output.is_silent() && self.call.wire.retries_silence() {
            // It is there and answers, if with nothing, perhaps to this question alone.
            if let Some(connection) = self.connection.take() {
                connection.permit.succeed();
            }
            return Err(Error::new(ErrorKind::Interrupted, "an empty answer"));
        }
        self.endpoint.takes_key.store(true, Ordering::Relaxed);
        self.output.say_usage(self.input_tokens);
        self.output.deltas.push_back(Delta::Finish(finish));
        if let Some(connection) = self.connection.take() {
            connection.permit.succeed();
        }
        self.over = true;
        Ok(())
    }

    /// Asks again after a failure where that can help and would not repeat what was said; else ends with it.
    async fn recover(&mut self, error: Error) {
        if error.refuses_key() {
            self.endpoint.takes_key.store(false, Ordering::Relaxed);
        }
        // What the connection is worth is known, and a wait must not hold it open.
        if let Some(connection) = self.connection.take() {
            connection.permit.fail(error.kind());
        }
        if !self.output.has_spoken() && self.endpoint.lessons.repair(&mut self.call, &error) {
            self.start_over();
            return;
        }
        if let Some(wait) = self.wait_before_retry(&error) {
            tracing::debug!(llm.provider = self.endpoint.id, %error, ?wait, "asking again");
            self.start_over();
            sleep(wait).await;
            return;
        }
        if self.output.has_spoken() {
            self.output.say_usage(self.input_tokens);
        }
        self.failure = Some(error);
        self.over = true;
    }

    /// Forgets what an attempt without a word left behind.
    fn start_over(&mut self) {
        self.output = Output::default();
        self.finished = None;
    }

    fn wait_before_retry(&mut self, error: &Error) -> Option<std::time::Duration> {
        if self.output.has_spoken() || !error.is_transient() || error.is_circuit_open() {
            return None;
        }
        let limits = &self.endpoint.limits;
        let backoff = self.backoff.next()?;
        // A part of the backoff on top, so that not everybody comes back in the same moment.
        let wait = error.retry_after().map_or(backoff, |asked| asked + backoff / 4);
        (wait <= limits.max_wait && self.started.elapsed() + wait <= limits.retry_within).then_some(wait)
    }

    fn explain(&self, mut error: Error) -> Error {
        let request_id = || self.connection.as_ref().and_then(|connection| connection.request_id.clone());
        error.request_id = error.request_id.take().or_else(request_id);
        error.without_secret(self.endpoint.key.as_ref().map(crate::ApiKey::expose))
    }
}

impl Connection {
    /// Takes the next bytes, or the end, and reads what is complete now.
    fn take(&mut self, chunk: Option<&[u8]>, output: &mut Output) -> Result<(), Error> {
        let mut chunk = chunk;
        if let (Body::Blank, Some(bytes)) = (&self.body, chunk) {
            let Some(start) = bytes.iter().position(|byte| !is_blank(*byte)) else { return Ok(()) };
            chunk = Some(&bytes[start..]);
            match bytes[start] {
                b'<' => return Err(web_page()),
                b'{' | b'[' => self.body = Body::Documents(Documents::default()),
                _ => self.body = Body::Events(Decoder::new()),
            }
        }
        match (&mut self.body, chunk) {
            (Body::Events(decoder), Some(bytes)) => {
                decoder.push(bytes);
                read_frames(decoder, &mut self.reader, output)
            }
            (Body::Events(decoder), None) => {
                decoder.finish();
                read_frames(decoder, &mut self.reader, output)
            }
            (Body::Documents(documents), Some(bytes)) => {
                documents.push(bytes);
                self.read_documents(output)
            }
            (Body::Documents(documents), None) if documents.is_cut() => {
                Err(Error::new(ErrorKind::Interrupted, "the answer ended inside of its JSON"))
            }
            (Body::Documents(_), None) | (Body::Blank, _) => Ok(()),
        }
    }

    /// Reads every document that is complete. What follows and is none is read as events.
    fn read_documents(&mut self, output: &mut Output) -> Result<(), Error> {
        while !output.ended
            && let Body::Documents(documents) = &mut self.body
            && let Some(piece) = documents.next_piece()
        {
            match piece? {
                Piece::Document(json) => self.reader.json(&json, output)?,
                Piece::Foreign(bytes) => {
                    self.body = Body::Events(Decoder::new());
                    return self.take(Some(&bytes), output);
                }
            }
        }
        Ok(())
    }
}

/// Whether a byte before a body says nothing of what it is: white space, or part of a byte order mark.
const fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0xEF | 0xBB | 0xBF)
}

fn web_page() -> Error {
    Error::new(ErrorKind::Protocol, "a web page where an answer should be")
}

/// Reads every frame that the decoder has, up to the end mark.
pub(crate) fn read_frames(decoder: &mut Decoder, reader: &mut Reader, output: &mut Output) -> Result<(), Error> {
    while !output.ended
        && let Some(frame) = decoder.next_frame()
    {
        match frame? {
            Frame::Event(event) => reader.event(&event, output)?,
            Frame::Json(json) => reader.stray(&json, output)?,
        }
    }
    Ok(())
}
