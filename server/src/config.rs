//! The configuration: every variable Lia knows, read once at start and checked.
//!
//! Nothing else in the program looks at the environment. The table of variables for people is in `.env.example` and
//! in the README; the names and defaults here are the truth.

pub mod data_dir;
mod providers;
mod redis;
mod sentiment;
pub mod site;
pub mod variables;

pub use data_dir::DataDir;
pub use site::Site;
pub use variables::{Problem, Variables};

use backend::{RunLimits, Secret};
use ipnet::IpNet;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
    time::Duration,
};
use tracing::level_filters::LevelFilter;
use url::Url;
use variables::Reader;

/// Where Lia runs. Production refuses to invent what only its owner can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// A machine of one's own: everything has a default.
    Development,
    /// Others rely on it: the secret and the public URL must be given.
    Production,
}

impl Environment {
    /// The value of `LIA_ENV`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// The token buckets' sizes. Each refills within a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Whether requests are counted at all.
    pub enabled: bool,
    /// Requests a minute: of a user, or of an address that is not signed in.
    pub requests_per_minute: NonZeroU32,
    /// Answers a user may start in a minute.
    pub chat_requests_per_minute: NonZeroU32,
}

/// All settings.
pub struct Config {
    /// `LIA_ENV`.
    pub environment: Environment,
    /// `HOST` and `PORT`.
    pub address: SocketAddr,
    /// `LIA_PUBLIC_URL` as an origin (`https://lia.example.com`): where browsers find Lia; in development the address.
    pub public_origin: String,
    /// `TRUSTED_PROXIES`: whose `X-Forwarded-For` and `X-Request-Id` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `CORS_ORIGINS`: other sites whose scripts may call the API.
    pub cors_origins: Vec<String>,
    /// `LIA_DATA_DIR`.
    pub data_dir: DataDir,
    /// `DATABASE_URL`, or the SQLite file in the data folder. May hold a password.
    pub database_url: Secret,
    /// `DB_POOL_SIZE`.
    pub pool_size: u32,
    /// `DB_MAX_OVERFLOW`.
    pub max_overflow: u32,
    /// `REDIS_URL`, or the `UPSTASH_…` variables.
    pub redis: Option<backend::redis::Config>,
    /// `JWT_SECRET_KEY`; where it is absent, the data folder keeps a generated one.
    pub token_secret: Option<Secret>,
    /// `JWT_EXPIRATION_DAYS`: how long a sign-in lasts.
    pub token_days: u32,
    /// `REGISTRATION`.
    pub registration_open: bool,
    /// `RATE_LIMIT_*`.
    pub rate_limits: RateLimits,
    /// The providers' keys and addresses, and `LIA_PROVIDERS`.
    pub providers: Vec<llm::ProviderConfig>,
    /// `SENTIMENT_METHOD`, `SENTIMENT_MODEL` and the `GOOGLE_…` variables.
    pub sentiment: backend::sentiment::Config,
    /// `LOG_LEVEL`.
    pub log_level: LevelFilter,
    /// `LOG_FORMAT`.
    pub log_format: LogFormat,
    /// `LIA_SHUTDOWN_SECONDS`: how long answers may go on being written after a stop signal.
    pub shutdown: Duration,
    /// `LIA_MAX_RUNS`, `LIA_MAX_RUNS_PER_USER` and `LIA_MAX_WAITING_RUNS`: answers that may be written at once, or wait.
    pub run_limits: RunLimits,
    /// How long a process that gives no sign of life counts as alive. No variable: nobody has a reason to change it but
    /// tests.
    pub lease: Duration,
    /// Where the browser's half lies.
    pub site: Site,
}

/// Everything that is wrong with a configuration.
#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl Config {
    /// Reads the process's environment and `.env`.
    pub fn of_process() -> Result<Self, Problems> {
        let variables = Variables::of_process().map_err(|problem| Problems(vec![problem]))?;
        Self::read(&variables)
    }

    /// Reads every setting; fails with all that is wrong, not with the first.
    pub fn read(variables: &Variables) -> Result<Self, Problems> {
        let mut reader = Reader::new(variables);
        let environment = read_environment(&mut reader);
        let address = read_address(&mut reader);
        let data_dir = DataDir::new(PathBuf::from(reader.text("LIA_DATA_DIR").unwrap_or("./data")));
        let rate_limits = read_rate_limits(&mut reader);
        let config = Self {
            environment,
            address,
            public_origin: read_public_origin(&mut reader, environment, address),
            trusted_proxies: reader.list("TRUSTED_PROXIES", "addresses or networks, like 10.0.0.0/8,::1", |part| {
                part.parse().ok().or_else(|| part.parse::<IpAddr>().ok().map(IpNet::from))
            }),
            cors_origins: reader.list("CORS_ORIGINS", "origins, like https://example.com", parse_origin),
            database_url: read_database_url(&mut reader, &data_dir),
            pool_size: reader.number("DB_POOL_SIZE", 1..=1000, 5),
            max_overflow: reader.number("DB_MAX_OVERFLOW", 0..=1000, 10),
            redis: redis::read(&mut reader),
            token_secret: read_token_secret(&mut reader, environment),
            token_days: reader.number("JWT_EXPIRATION_DAYS", 1..=3650, 7),
            registration_open: read_registration(&mut reader),
            rate_limits,
            providers: providers::read(&mut reader),
            sentiment: sentiment::read(&mut reader),
            log_level: read_log_level(&mut reader),
            log_format: read_log_format(&mut reader, environment),
            shutdown: Duration::from_secs(reader.number("LIA_SHUTDOWN_SECONDS", 0..=600, 25).into()),
            run_limits: read_run_limits(&mut reader, rate_limits),
            lease: backend::LEASE,
            site: Site::read(&mut reader, address),
            data_dir,
        };
        match reader.into_problems() {
            problems if problems.is_empty() => Ok(config),
            problems => Err(Problems(problems)),
        }
    }

    /// Whether browsers reach Lia over TLS: cookies are then `Secure` and HSTS is sent.
    pub fn is_https(&self) -> bool {
        self.public_origin.starts_with("https://")
    }
}

fn read_environment(reader: &mut Reader<'_>) -> Environment {
    reader
        .parsed("LIA_ENV", "development or production", |text| match text {
            "development" => Some(Environment::Development),
            "production" => Some(Environment::Production),
            _ => None,
        })
        .unwrap_or(Environment::Development)
}

fn read_address(reader: &mut Reader<'_>) -> SocketAddr {
    let host = reader
        .parsed("HOST", "an IP address, like 127.0.0.1 or ::", |text| text.parse().ok())
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    // 0 lets the system choose a free port, which the first log line names.
    let port = reader.parsed("PORT", "a port from 0 to 65535", |text| text.parse().ok()).unwrap_or(8000);
    SocketAddr::new(host, port)
}

fn read_public_origin(reader: &mut Reader<'_>, environment: Environment, address: SocketAddr) -> String {
    const ALLOWED: &str = "an http or https address without a path, like https://lia.example.com";
    if reader.text("LIA_PUBLIC_URL").is_none() && environment == Environment::Production {
        reader.reject("LIA_PUBLIC_URL", "nothing", format!("{ALLOWED} (required in production)"));
    }
    reader.parsed("LIA_PUBLIC_URL", ALLOWED, parse_origin).unwrap_or_else(|| format!("http://{address}"))
}

/// An origin exactly as browsers write it, since it is compared byte by byte.
fn parse_origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let origin = url.origin().ascii_serialization();
    (matches!(url.scheme(), "http" | "https") && origin == text.trim_end_matches('/')).then_some(origin)
}

fn read_database_url(reader: &mut Reader<'_>, data_dir: &DataDir) -> Secret {
    let Some(url) = reader.text("DATABASE_URL") else { return Secret::new(data_dir.database_url()) };
    if !["postgres://", "postgresql://", "sqlite:"].iter().any(|prefix| url.starts_with(prefix)) {
        let scheme = url.split_once(':').map_or("no scheme", |(scheme, _)| scheme);
        reader.reject("DATABASE_URL", format!("{scheme:?}"), "postgres://user@host/name or sqlite:path");
    }
    Secret::new(url.to_owned())
}

fn read_token_secret(reader: &mut Reader<'_>, environment: Environment) -> Option<Secret> {
    const ALLOWED: &str = "at least 32 characters, chosen at random";
    match (reader.text("JWT_SECRET_KEY"), environment) {
        (Some(secret), _) if secret.chars().count() < 32 => {
            reader.reject("JWT_SECRET_KEY", format!("{} characters", secret.chars().count()), ALLOWED);
            None
        }
        (Some(secret), _) => Some(Secret::new(secret.to_owned())),
        (None, Environment::Development) => None,
        (None, Environment::Production) => {
            reader.reject("JWT_SECRET_KEY", "nothing", format!("{ALLOWED} (required in production)"));
            None
        }
    }
}

fn read_registration(reader: &mut Reader<'_>) -> bool {
    reader
        .parsed("REGISTRATION", "open or closed", |text| match text {
            "open" => Some(true),
            "closed" => Some(false),
            _ => None,
        })
        .unwrap_or(true)
}

fn read_rate_limits(reader: &mut Reader<'_>) -> RateLimits {
    let mut per_minute =
        |name, default| NonZeroU32::new(reader.number(name, 1..=1_000_000, default)).unwrap_or(NonZeroU32::MIN);
    let requests_per_minute = per_minute("RATE_LIMIT_REQUESTS_PER_MINUTE", 60);
    let chat_requests_per_minute = per_minute("RATE_LIMIT_CHAT_REQUESTS_PER_MINUTE", 20);
    RateLimits { enabled: reader.flag("RATE_LIMIT_ENABLED", true), requests_per_minute, chat_requests_per_minute }
}

fn read_run_limits(reader: &mut Reader<'_>, rate_limits: RateLimits) -> RunLimits {
    // Who counts no requests does not want to be counted here either, unless they say how far.
    let per_user = if rate_limits.enabled { 20 } else { 1_000_000 };
    let mut number =
        |name, least, default| usize::try_from(reader.number(name, least..=1_000_000, default)).unwrap_or(usize::MAX);
    RunLimits {
        in_all: number("LIA_MAX_RUNS", 1, 5_000),
        per_user: number("LIA_MAX_RUNS_PER_USER", 1, per_user),
        waiting: number("LIA_MAX_WAITING_RUNS", 0, 1_000),
    }
}

fn read_log_level(reader: &mut Reader<'_>) -> LevelFilter {
    reader
        .parsed("LOG_LEVEL", "off, error, warn, info, debug or trace", |text| text.to_ascii_lowercase().parse().ok())
        .unwrap_or(LevelFilter::INFO)
}

fn read_log_format(reader: &mut Reader<'_>, environment: Environment) -> LogFormat {
    reader
        .parsed("LOG_FORMAT", "json or pretty", |text| match text {
            "json" => Some(LogFormat::Json),
            "pretty" => Some(LogFormat::Pretty),
            _ => None,
        })
        .unwrap_or(match environment {
            Environment::Development => LogFormat::Pretty,
            Environment::Production => LogFormat::Json,
        })
}

#[cfg(test)]
mod tests;
