//! What the program can be told to do. Each command is a function that ends when it is done.

use crate::{
    config::{Config, Environment, Problems},
    edge::body::BodyLimits,
    router,
    serve::{self, ConnectionLimits},
    telemetry,
};
use anyhow::Context as _;
use backend::{Backend, Clock, Secret, accounts, fill};
use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use types::Register;

/// Serves until the system asks the program to end.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    telemetry::start(config.log_level, config.log_format)?;
    let listener =
        TcpListener::bind(config.address).await.with_context(|| format!("cannot listen on {}", config.address))?;
    let limits = ConnectionLimits::default();
    let limits = ConnectionLimits { connections: serve::room_for_connections(limits.connections), ..limits };

    let backend = open(&config).await?;
    backend.take_up_work().await.context("the work cannot be taken up")?;
    backend.look_for_models();
    let state = router::state(&config, backend.clone());
    let rate_limits = state.rate_limits.clone();
    let router = router::build(&config, state, BodyLimits::default())?;

    // What runs beside the requests ends with the program; nothing of it needs to be waited for.
    let beside = TaskTracker::new();
    let pruning = beside.spawn(rate_limits.keep_small());
    tracing::info!(
        url = config.public_origin,
        address = %listener.local_addr()?,
        database = backend.database_kind(),
        data_dir = %config.data_dir.path().display(),
        environment = config.environment.as_str(),
        version = env!("CARGO_PKG_VERSION"),
        "Lia serves"
    );
    let (mut outcome, shutdown) = (Ok(()), config.shutdown);
    let closing = CancellationToken::new();
    let stopped = async {
        outcome = serve::stop_signal().await;
        if backend.has_others() {
            // New visitors go to them; what has reached this process already is not refused.
            closing.cancel();
            tokio::time::sleep(limits.hand_over).await;
        }
        tracing::info!(seconds = shutdown.as_secs(), "Lia stops: no new answers, those being written may end");
        tokio::select! {
            () = backend.shut_down(shutdown) => {}
            // Whoever asks twice does not want to wait. What has been written is saved all the same.
            _ = serve::stop_signal() => backend.shut_down(Duration::ZERO).await,
        }
    };
    serve::serve(listener, router, limits, closing.clone(), stopped).await;
    pruning.abort();
    tracing::info!("Lia has stopped");
    outcome
}

/// Applies the migrations and ends.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    config.data_dir.create()?;
    Backend::migrate(config.database_url.expose()).await.context("the migrations could not be applied")?;
    say("The database is up to date.")
}

/// Makes an admin. The password comes from the terminal, unseen, or as the first line of standard input: as an argument
/// every user of the machine could read it.
pub async fn create_admin(config: &Config, email: String, username: String) -> anyhow::Result<()> {
    let password = read_password()?;
    let backend = open(config).await?;
    let request = Register { email, username, password };
    let outcome = accounts::create_admin(&backend, request).await.map_err(explain);
    backend.shut_down(Duration::ZERO).await;
    let user = outcome?;
    say(&format!("{} is an admin.", user.username))
}

/// Makes the owner of an e-mail address an admin.
pub async fn promote(config: &Config, email: &str) -> anyhow::Result<()> {
    let backend = open(config).await?;
    let outcome = accounts::promote(&backend, email).await.map_err(explain);
    backend.shut_down(Duration::ZERO).await;
    let user = outcome?;
    say(&format!("{} is an admin and signs in again.", user.username))
}

/// Fills the database with invented people. Never in production: nobody could take them out again.
pub async fn fill(config: &Config, amount: fill::Amount) -> anyhow::Result<()> {
    anyhow::ensure!(config.environment != Environment::Production, "a database in production is not filled");
    let backend = open(config).await?;
    let begun = Instant::now();
    let outcome = fill::fill(&backend, amount).await.map_err(explain);
    backend.shut_down(Duration::ZERO).await;
    let written = outcome?;
    say(&format!("{} people with {written} messages, in {} seconds.", amount.users, begun.elapsed().as_secs()))
}

/// Says what is configured, without secrets.
pub fn check(config: &Config) -> anyhow::Result<()> {
    let providers: Vec<_> = config.providers.iter().map(|provider| provider.id.as_str()).collect();
    let providers = if providers.is_empty() { "none but Offline".to_owned() } else { providers.join(", ") };
    let database = config.database_url.expose().split(':').next().unwrap_or_default();
    say(&format!(
        "The configuration is good.\n  environment  {}\n  address      {}\n  public URL   {}\n  data folder  {}\n  \
         database     {database}\n  providers    {providers}",
        config.environment.as_str(),
        config.address,
        config.public_origin,
        config.data_dir.path().display(),
    ))
}

/// Writes what is wrong with a configuration, a line each.
pub fn complain(problems: &Problems) {
    let mut out = io::stderr().lock();
    // Nobody is left to tell when this fails.
    let _ = writeln!(out, "lia: the configuration is wrong:\n{problems}");
}

/// Lia behind her door: the data folder, the secret, the providers, the database.
pub async fn open(config: &Config) -> anyhow::Result<Backend> {
    config.data_dir.create()?;
    let token_secret = token_secret(config)?;
    let providers = llm::Providers::new(config.providers.clone()).context("the providers cannot be set up")?;
    let settings = backend::Config {
        database_url: config.database_url.expose().to_owned(),
        pool_size: config.pool_size,
        max_overflow: config.max_overflow,
        token_secret,
        token_days: config.token_days,
        registration_open: config.registration_open,
        providers,
        sentiment: config.sentiment.clone(),
        clock: Clock::System,
        lease: config.lease,
        run_limits: config.run_limits,
    };
    Backend::open(settings).await.context("the database cannot be opened")
}

/// The configured secret; in development the one that the data folder keeps.
fn token_secret(config: &Config) -> anyhow::Result<Secret> {
    match (&config.token_secret, config.environment) {
        (Some(secret), _) => Ok(secret.clone()),
        (None, Environment::Development) => config.data_dir.secret(),
        (None, Environment::Production) => anyhow::bail!("JWT_SECRET_KEY must be set in production"),
    }
}

fn read_password() -> anyhow::Result<String> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password("Password: ").context("cannot read the password");
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A refusal with its remarks at the fields, for somebody at a prompt.
fn explain(error: backend::Error) -> anyhow::Error {
    let refusal = types::ApiError::from(&error);
    if error.is_fault() {
        return error.into();
    }
    let mut lines = vec![refusal.message];
    lines.extend(refusal.details.iter().map(|detail| format!("  {}: {}", detail.field, detail.message)));
    anyhow::anyhow!(lines.join("\n"))
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout().lock(), "{text}").context("cannot write to standard output")
}
