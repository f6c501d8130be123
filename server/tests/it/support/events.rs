//! A stream of server-sent events, read as it comes.

use serde_json::{Value, json};

/// A follower's connection.
#[derive(Debug)]
pub(crate) struct Events {
    response: reqwest::Response,
    buffer: Vec<u8>,
    /// The milliseconds of the last `retry:`.
    pub(crate) retry: Option<u64>,
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: Value,
}

impl Events {
    /// Opens the stream, which must be one.
    pub(crate) async fn open(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let status = response.status();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        if status != 200 || kind.as_deref() != Some("text/event-stream") {
            let text = response.text().await.unwrap();
            panic!("no stream: {status} {kind:?} {text}");
        }
        assert_eq!(response.headers()["cache-control"], "no-cache");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        assert!(!response.headers().contains_key("content-encoding"));
        Self { response, buffer: Vec::new(), retry: None }
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                if let Some(event) = self.parse(std::str::from_utf8(&block).unwrap()) {
                    return Some(event);
                }
                continue;
            }
            self.buffer.extend_from_slice(&self.response.chunk().await.ok()??);
        }
    }

    /// The next event, which must have this name. A reading comes when it is known: whoever does not ask for it passes it over.
    pub(crate) async fn expect(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
            if event.name == name {
                return event;
            }
            assert_eq!(event.name, "sentiment", "{name} was expected: {event:?}");
        }
    }

    /// The next event that is no text, which must have this name.
    pub(crate) async fn expect_besides_text(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
            if !matches!(event.name.as_str(), "start" | "chunk" | "thought") {
                assert_eq!(event.name, name, "{event:?}");
                return event;
            }
        }
    }

    /// Reads until the text so far is at least this long; returns it with the last event's id.
    pub(crate) async fn text_of(&mut self, length: usize) -> (String, String) {
        let mut text = String::new();
        loop {
            let event = self.expect("chunk").await;
            text.push_str(event.data["content"].as_str().unwrap());
            if text.len() >= length {
                return (text, event.id);
            }
        }
    }

    /// Everything to the end of the stream.
    pub(crate) async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }

    fn parse(&mut self, block: &str) -> Option<Event> {
        let mut event = Event { id: String::new(), name: String::new(), data: json!(null) };
        for (field, value) in block.lines().filter_map(|line| line.split_once(':')) {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => value.clone_into(&mut event.id),
                "event" => value.clone_into(&mut event.name),
                "data" => event.data = serde_json::from_str(value).unwrap(),
                "retry" => self.retry = value.parse().ok(),
                _ => {}
            }
        }
        (!event.name.is_empty()).then_some(event)
    }
}

/// The text that events carry: snapshots replace it, chunks add to it.
pub(crate) fn text(events: &[Event]) -> String {
    events.iter().fold(String::new(), |mut text, event| {
        let content = event.data["content"].as_str().unwrap_or_default();
        match event.name.as_str() {
            "chunk" => text.push_str(content),
            "snapshot" => content.clone_into(&mut text),
            _ => {}
        }
        text
    })
}
