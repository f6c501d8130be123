//! Stands in for the providers of language models: speaks their wires over HTTP, and goes wrong on request.
//!
//! Responsible for answering like a provider, for every fault that real ones show, and for remembering what it was asked.
//! It knows nothing of Lia, and the product knows nothing of it: tests, Playwright and benchmarks start it beside Lia.
//!
//! There are two ways to say what it should do. A test in the same process queues a [`Script`]; everybody else names the
//! script in the request, as the model: `tokens-100+slow-50`, `fault-429`, `fault-cut-after-10` (see [`MODELS_HELP`]).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use emulator::{Emulator, Gate, Script};
//!
//! let emulator = Emulator::start().await;
//! let gate = Gate::new();
//! emulator.script(Script::text("one two three").gate(2, &gate));
//! // … start a request against emulator.base_url() …
//! # drop(gate);
//! # }
//! ```

mod answer;
mod anthropic;
mod chat;
mod gate;
mod gemini;
mod language;
mod listen;
mod log;
mod model;
mod openrouter;
mod responses;
mod routes;
mod script;
mod wire;

pub use gate::Gate;
pub use log::{Request, State};
pub use model::MODELS_HELP;
pub use script::Script;

use log::Log;
use serde_json::Value;
use std::{
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// A running emulator. Dropping it closes its port and its connections.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    /// The server; dropped with the emulator.
    tasks: JoinSet<io::Result<()>>,
}

/// What the routes share.
#[derive(Debug)]
struct Shared {
    scripts: Mutex<VecDeque<Script>>,
    log: Log,
    /// How often somebody released what `hold-N` holds.
    released: watch::Sender<u64>,
    /// How often a model's name has failed that is to fail a few times.
    failures: Mutex<HashMap<String, u64>>,
}

impl Shared {
    /// The script that is next for a request; `is_answer`: it asks for an answer, which one for nobody in particular may be.
    fn next_script(&self, path: &str, body: &Value, is_answer: bool) -> Option<Script> {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        // Written down only where it matters: under load there are no scripts.
        let body = scripts.iter().any(|script| script.asked_for.is_some()).then(|| body.to_string());
        let has = |text: &String| path.contains(text) || body.as_ref().is_some_and(|body| body.contains(text));
        let next = scripts.iter().position(|script| script.asked_for.as_ref().map_or(is_answer, has))?;
        scripts.remove(next)
    }

    /// Counts a failure of a model, if there are to be more.
    fn fails_again(&self, model: &str, failures: u64) -> bool {
        let mut counts = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(model.to_owned()).or_default();
        let fails = *count < failures;
        *count += u64::from(fails);
        fails
    }
}

impl Emulator {
    /// Starts on a free port of this machine and remembers every request.
    ///
    /// # Panics
    ///
    /// Where this machine has no free port.
    #[expect(clippy::expect_used, reason = "a test that cannot have its provider cannot go on")]
    pub async fn start() -> Self {
        Self::bind(SocketAddr::from(([127, 0, 0, 1], 0)), true).await.expect("a free port")
    }

    /// Starts at an address. Remembering requests is for tests: under load it is only memory.
    pub async fn bind(address: SocketAddr, remember: bool) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            scripts: Mutex::default(),
            log: Log::new(remember),
            released: watch::Sender::new(0),
            failures: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(listen::serve(listener, routes::router(shared.clone()), stop.clone()));
        Ok(Self { address, shared, stop, tasks })
    }

    /// Where it is: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Queues a script: the next request for an answer gets it, whatever model it names, or the next for which it is.
    pub fn script(&self, script: Script) {
        self.shared.scripts.lock().unwrap_or_else(PoisonError::into_inner).push_back(script);
    }

    /// Takes away the scripts that no request has got.
    pub fn forget_scripts(&self) {
        self.shared.scripts.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The requests for answers so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log.requests()
    }

    /// Waits until the requests are as wanted, for instance until a client has gone.
    pub async fn wait_until(&self, wanted: impl FnMut(&[Request]) -> bool) {
        self.shared.log.wait_until(wanted).await;
    }

    /// Lets go on what the model `hold-N` holds.
    pub fn release(&self) {
        self.shared.released.send_modify(|count| *count += 1);
    }

    /// Runs until [`stop`](Self::stop) is called elsewhere or the port fails.
    pub async fn run(mut self) -> io::Result<()> {
        match self.tasks.join_next().await {
            Some(Ok(result)) => result,
            Some(Err(error)) => Err(io::Error::other(error)),
            None => Ok(()),
        }
    }

    /// Ends it: no new connections, and open answers break off.
    pub async fn stop(mut self) {
        self.stop.cancel();
        self.tasks.shutdown().await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
