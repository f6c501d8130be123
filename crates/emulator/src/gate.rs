//! A place in an answer that a test opens. Knows nothing of answers.

use std::sync::Arc;
use tokio::sync::watch;

/// Holds an answer at a place until a test opens it, so that tests wait for events and never for time.
#[derive(Clone, Debug)]
pub struct Gate {
    inner: Arc<GateInner>,
}

#[derive(Debug)]
struct GateInner {
    reached: watch::Sender<usize>,
    is_open: watch::Sender<bool>,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        let inner = GateInner { reached: watch::Sender::new(0), is_open: watch::Sender::new(false) };
        Self { inner: Arc::new(inner) }
    }

    /// Opens it, for good.
    pub fn open(&self) {
        self.inner.is_open.send_replace(true);
    }

    /// Waits until an answer stands before the gate (or has passed it).
    pub async fn reached(&self) {
        self.reached_by(1).await;
    }

    /// Waits until so many answers have come to the gate.
    pub async fn reached_by(&self, answers: usize) {
        // The sender is ours, so the wait ends only by what is waited for.
        let _ = self.inner.reached.subscribe().wait_for(|count| *count >= answers).await;
    }

    pub(crate) async fn pass(&self) {
        self.inner.reached.send_modify(|count| *count += 1);
        let _ = self.inner.is_open.subscribe().wait_for(|is_open| *is_open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
