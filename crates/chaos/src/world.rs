//! The processes: nodes of Lia, the provider's stand-in, Redis, and what can be done to them. Knows signals and no HTTP
//! beyond "does it serve".

use crate::Options;
use anyhow::{Context as _, ensure};
use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    sync::Mutex,
    time::{Instant, sleep},
};

/// How long a process may take to serve.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Everything that runs.
pub(crate) struct World {
    pub(crate) nodes: Vec<Process>,
    pub(crate) emulator: Process,
    pub(crate) redis: Option<Process>,
    /// The database, as the checks open it.
    pub(crate) database: String,
    restart_database: Option<String>,
    pub(crate) http: reqwest::Client,
    /// Where the files lie; gone with the world.
    _folder: TempDir,
}

/// One process that can be broken and brought back at the same address.
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) url: String,
    program: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    log: PathBuf,
    /// What it answers when it serves. `None`: it serves when it takes connections.
    health: Option<&'static str>,
    child: Mutex<Option<Child>>,
    /// Whether nobody has broken it.
    is_well: AtomicBool,
}

impl World {
    pub(crate) async fn start(options: &Options) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("lia-chaos-").tempdir()?;
        let path = |name: &str| folder.path().join(name);
        let port = free_port()?;
        let emulator = Process {
            name: "the provider".to_owned(),
            url: format!("http://127.0.0.1:{port}"),
            program: options.emulator.clone(),
            arguments: vec!["--port".to_owned(), port.to_string()],
            variables: Vec::new(),
            log: path("emulator.log"),
            health: Some("/emulator/counts"),
            child: Mutex::new(None),
            is_well: AtomicBool::new(false),
        };
        let redis = match &options.redis {
            Some(program) => Some(redis(program, path("redis.log"))?),
            None => None,
        };
        let data = path("data");
        let file = format!("sqlite:{}", data.join("lia.db").display());
        let database = options.database.clone().unwrap_or(file);
        let count = if options.database.is_some() { options.nodes } else { 1 };
        let mut nodes = Vec::new();
        for number in 0..count {
            let port = free_port()?;
            let mut variables = vec![
                ("PORT".to_owned(), port.to_string()),
                ("DATABASE_URL".to_owned(), database.clone()),
                ("LIA_DATA_DIR".to_owned(), data.display().to_string()),
                ("JWT_SECRET_KEY".to_owned(), "a secret that all of the nodes share".to_owned()),
                ("RATE_LIMIT_ENABLED".to_owned(), "false".to_owned()),
                ("OPENAI_API_KEY".to_owned(), "sk-emulator".to_owned()),
                ("OPENAI_BASE_URL".to_owned(), emulator.url.clone()),
                ("OLLAMA_BASE_URL".to_owned(), "http://127.0.0.1:9".to_owned()),
                ("LIA_SHUTDOWN_SECONDS".to_owned(), "1".to_owned()),
                ("LOG_FORMAT".to_owned(), "json".to_owned()),
            ];
            if let Some(redis) = &redis {
                variables.push(("REDIS_URL".to_owned(), redis.url.clone()));
            }
            if let Some(site) = &options.site {
                variables.push(("LEPTOS_SITE_ROOT".to_owned(), site.display().to_string()));
            }
            nodes.push(Process {
                name: format!("node {number}"),
                url: format!("http://127.0.0.1:{port}"),
                program: options.program.clone(),
                arguments: vec!["serve".to_owned()],
                variables,
                log: path(&format!("node-{number}.log")),
                health: Some("/health/live"),
                child: Mutex::new(None),
                is_well: AtomicBool::new(false),
            });
        }
        let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(2)).build()?;
        let restart_database = options.restart_database.clone();
        let world = Self { nodes, emulator, redis, database, restart_database, http, _folder: folder };
        // What the nodes need comes first.
        for process in [&world.emulator].into_iter().chain(&world.redis).chain(&world.nodes) {
            process.start(&world.http).await?;
        }
        Ok(world)
    }

    /// Whether the database can be restarted.
    pub(crate) const fn has_server(&self) -> bool {
        self.restart_database.is_some()
    }

    /// Restarts the database; connections break.
    pub(crate) async fn restart_database(&self) -> anyhow::Result<()> {
        let Some(command) = &self.restart_database else { return Ok(()) };
        let done = Command::new("sh").args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).status().await?;
        ensure!(done.success(), "the database did not come back");
        Ok(())
    }

    /// Ends all of it. The logs stay where something went wrong.
    pub(crate) async fn stop(&self) {
        for process in self.processes() {
            process.kill().await;
        }
    }

    fn processes(&self) -> impl Iterator<Item = &Process> {
        self.nodes.iter().chain([&self.emulator]).chain(&self.redis)
    }

    /// Keeps the logs and says where they are.
    pub(crate) fn keep_logs(&self) -> String {
        let kept = std::env::temp_dir().join(format!("lia-chaos-logs-{}", std::process::id()));
        let copied = std::fs::create_dir_all(&kept).and_then(|()| {
            for process in self.processes() {
                if let Some(name) = process.log.file_name() {
                    std::fs::copy(&process.log, kept.join(name))?;
                }
            }
            Ok(())
        });
        copied.map_or_else(|error| error.to_string(), |()| kept.display().to_string())
    }
}

impl Process {
    /// Starts it and waits until it serves.
    pub(crate) async fn start(&self, http: &reqwest::Client) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.log.parent().context("a log without a folder")?)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be run", self.program.display()))?;
        *self.child.lock().await = Some(child);
        let deadline = Instant::now() + START_LIMIT;
        while !self.serves(http).await {
            ensure!(Instant::now() < deadline, "{} does not serve", self.name);
            sleep(Duration::from_millis(50)).await;
        }
        self.is_well.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn serves(&self, http: &reqwest::Client) -> bool {
        if let Some(path) = self.health {
            return http.get(format!("{}{path}", self.url)).send().await.is_ok();
        }
        TcpStream::connect(self.url.trim_start_matches("redis://")).await.is_ok()
    }

    /// Whether nobody has broken it.
    pub(crate) fn is_well(&self) -> bool {
        self.is_well.load(Ordering::Relaxed)
    }

    /// Ends it without a warning.
    pub(crate) async fn kill(&self) {
        self.is_well.store(false, Ordering::Relaxed);
        if let Some(mut child) = self.child.lock().await.take() {
            // It may have ended by itself.
            let _ = child.kill().await;
        }
    }

    /// Asks it to end and waits until it has.
    pub(crate) async fn terminate(&self) -> anyhow::Result<()> {
        self.signal("-TERM").await?;
        self.is_well.store(false, Ordering::Relaxed);
        if let Some(mut child) = self.child.lock().await.take() {
            child.wait().await?;
        }
        Ok(())
    }

    /// Makes it stand still.
    pub(crate) async fn pause(&self) -> anyhow::Result<()> {
        self.is_well.store(false, Ordering::Relaxed);
        self.signal("-STOP").await
    }

    /// Lets it go on.
    pub(crate) async fn go_on(&self) -> anyhow::Result<()> {
        self.is_well.store(true, Ordering::Relaxed);
        self.signal("-CONT").await
    }

    async fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let id = self.child.lock().await.as_ref().and_then(Child::id);
        let id = id.with_context(|| format!("{} does not run", self.name))?.to_string();
        let sent = Command::new("kill").args([signal, &id]).status().await?;
        ensure!(sent.success(), "{} could not be sent {signal}", self.name);
        Ok(())
    }
}

/// A Redis that keeps nothing on disk.
fn redis(program: &Path, log: PathBuf) -> anyhow::Result<Process> {
    let port = free_port()?;
    let arguments = ["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    Ok(Process {
        name: "Redis".to_owned(),
        url: format!("redis://127.0.0.1:{port}"),
        program: program.to_owned(),
        arguments: arguments.map(str::to_owned).to_vec(),
        variables: Vec::new(),
        log,
        health: None,
        child: Mutex::new(None),
        is_well: AtomicBool::new(false),
    })
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
