//! Lia on a free port, with a database of her own.

use super::{
    client::{Browser, Client},
    program::Program,
};
use emulator::Emulator;
use server::{
    commands,
    config::{Config, Variables},
    edge::body::BodyLimits,
    router,
    serve::{self, ConnectionLimits},
    socket::SocketLimits,
    state::AppState,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    str::FromStr as _,
    sync::{Arc, Once},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    process::Command,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// By then what is to happen has happened, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a test on SQLite and, where `TEST_DATABASE_URL` names a server on which databases may be made, on Postgres.
pub(crate) async fn on_both(test: impl AsyncFn(Setup)) {
    static NOTE: Once = Once::new();
    // Boxed: the tests are long, and so are their futures.
    Box::pin(test(Setup::new(None))).await;
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration to read it from")]
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
        NOTE.call_once(|| eprintln!("skipped on Postgres: TEST_DATABASE_URL is not set"));
        return;
    };
    let options = PgConnectOptions::from_str(&server).unwrap();
    let name = format!("lia_{}", Uuid::new_v4().simple());
    let mut connection: PgConnection = options.connect().await.unwrap();
    sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&mut connection).await.unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    Box::pin(test(Setup::new(Some(format!("{base}/{name}"))))).await;
    // After a failure the database stays, to be looked at.
    sqlx::query(AssertSqlSafe(format!("drop database {name} with (force)"))).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// How Lia is to be started.
#[derive(Clone)]
pub(crate) struct Setup {
    variables: BTreeMap<String, String>,
    body_limits: BodyLimits,
    connection_limits: ConnectionLimits,
    socket_limits: SocketLimits,
    lease: Duration,
    folder: Arc<TempDir>,
}

impl Setup {
    fn new(database_url: Option<String>) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let mut setup = Self {
            variables: BTreeMap::new(),
            body_limits: BodyLimits::default(),
            connection_limits: ConnectionLimits {
                hand_over: PATIENCE,
                farewell: Duration::from_secs(2),
                ..ConnectionLimits::default()
            },
            socket_limits: SocketLimits::default(),
            lease: backend::LEASE,
            folder,
        }
        .with("JWT_SECRET_KEY", "a secret of thirty-two characters")
        .with("RATE_LIMIT_ENABLED", "false")
        // An Ollama of this machine is no part of the test: nothing listens at the discard port.
        .with("OLLAMA_BASE_URL", "http://127.0.0.1:9");
        if let Some(url) = database_url {
            setup = setup.with("DATABASE_URL", &url);
        }
        let data_dir = setup.folder.path().join("data").display().to_string();
        setup.with("LIA_DATA_DIR", &data_dir)
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Sets a variable of the configuration.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// How long she counts as alive without a sign of life.
    pub(crate) fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long a body may take.
    pub(crate) fn with_body_time(mut self, time: Duration) -> Self {
        self.body_limits.time = time;
        self
    }

    /// How patient sockets are.
    pub(crate) fn with_socket_limits(mut self, limits: SocketLimits) -> Self {
        self.socket_limits = limits;
        self
    }

    /// How long headers may take.
    pub(crate) fn with_header_time(mut self, time: Duration) -> Self {
        self.connection_limits.header_time = time;
        self
    }

    /// Starts Lia as a program of her own, with a provider beside her.
    pub(crate) async fn start_program(self) -> Program {
        let emulator = Emulator::start().await;
        let setup = self.with("OPENAI_BASE_URL", &emulator.base_url()).with("OPENAI_API_KEY", "sk-emulator");
        Program::start(setup, emulator).await
    }

    /// The program with these settings and no others, about to be given its arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lia"));
        // A `.env` of the checkout is not the test's.
        command.env_clear().envs(&self.variables).current_dir(self.folder.path()).kill_on_drop(true);
        command
    }

    /// Starts Lia with a provider beside her.
    pub(crate) async fn start(self) -> TestApp {
        self.start_beside(Emulator::start().await).await
    }

    /// Starts Lia beside an emulator that is four providers: `openai`, `gemini`, `anthropic` and `openrouter`.
    pub(crate) async fn start_with_every_provider(self) -> TestApp {
        let emulator = Emulator::start().await;
        let mut setup = self;
        for (kind, path) in [("GEMINI", ""), ("ANTHROPIC", ""), ("OPENROUTER", "/api/v1")] {
            let (url, key) = (format!("{kind}_BASE_URL"), format!("{kind}_API_KEY"));
            setup = setup.with(&url, &format!("{}{path}", emulator.base_url())).with(&key, "sk-emulator");
        }
        setup.start_beside(emulator).await
    }

    async fn start_beside(self, emulator: Emulator) -> TestApp {
        let setup = self.with("OPENAI_BASE_URL", &emulator.base_url()).with("OPENAI_API_KEY", "sk-emulator");
        let setup = setup.with("GOOGLE_NL_BASE_URL", &emulator.base_url());
        let running = Box::pin(Running::start(&setup)).await;
        TestApp { running, setup, emulator: Arc::new(emulator) }
    }
}

/// Lia, running.
pub(crate) struct TestApp {
    running: Running,
    setup: Setup,
    /// Her provider, `openai`.
    pub(crate) emulator: Arc<Emulator>,
}

struct Running {
    address: SocketAddr,
    backend: backend::Backend,
    closing: CancellationToken,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    async fn start(setup: &Setup) -> Self {
        let variables: Variables = setup.variables.clone().into_iter().collect();
        let mut config = Config::read(&variables).unwrap_or_else(|problems| panic!("{problems}"));
        config.lease = setup.lease;
        let backend = commands::open(&config).await.unwrap();
        backend.take_up_work().await.unwrap();
        let state = AppState { socket_limits: setup.socket_limits, ..router::state(&config, backend.clone()) };
        let router = router::build(&config, state, setup.body_limits).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (closing, stop, tasks) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        let stopped = {
            let (backend, stop) = (backend.clone(), stop.clone());
            async move {
                stop.cancelled().await;
                backend.shut_down(Duration::ZERO).await;
            }
        };
        tasks.spawn(serve::serve(listener, router, setup.connection_limits, closing.clone(), stopped));
        tasks.close();
        Self { address, backend, closing, stop, tasks }
    }

    async fn stop(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl TestApp {
    /// Where she listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// A path as an address.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address)
    }

    /// What is behind the door, for what no door shows.
    pub(crate) fn backend(&self) -> &backend::Backend {
        &self.running.backend
    }

    /// Somebody who is not signed in.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(self.url(""), None)
    }

    /// A new account `name`, signed in with an access token.
    pub(crate) async fn register(&self, name: &str) -> Client {
        self.stranger().register(name).await
    }

    /// A browser without a cookie.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.url(""))
    }

    /// A second node on the same database (by way of another URL) and with the same provider.
    pub(crate) async fn another(&self, database_url: &str) -> Self {
        let setup = self.setup.clone().with("DATABASE_URL", database_url);
        let running = Box::pin(Running::start(&setup)).await;
        Self { running, setup, emulator: Arc::clone(&self.emulator) }
    }

    /// The same user, but at this node.
    pub(crate) fn as_seen_by(&self, user: &Client) -> Client {
        self.stranger().with_token(user.token())
    }

    /// Leaves new visitors to other processes, as on SIGTERM where there are any, and returns when none is let in.
    pub(crate) async fn close_door(&self) {
        self.running.closing.cancel();
        while TcpStream::connect(self.address()).await.is_ok() {
            // Nothing says so but the system, which refuses.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Begins to go down, as on SIGTERM with no time for answers, and returns when she is down.
    pub(crate) async fn stop(&self) {
        self.running.stop().await;
    }

    /// Goes down and starts again on the same data.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with_all(&[]).await
    }

    /// Goes down and starts again on the same data with another setting.
    pub(crate) async fn restart_with(self, name: &str, value: &str) -> Self {
        self.restart_with_all(&[(name, value)]).await
    }

    /// The same with more than one.
    pub(crate) async fn restart_with_all(self, settings: &[(&str, &str)]) -> Self {
        let Self { running, setup, emulator } = self;
        running.stop().await;
        // SQLite's file is locked for as long as something of the old process lives.
        drop(running);
        let setup = settings.iter().fold(setup, |setup, (name, value)| setup.with(name, value));
        let running = Box::pin(Running::start(&setup)).await;
        Self { running, setup, emulator }
    }
}
