//! `lia`: the command line. Knows the commands, their arguments and the exit codes, and nothing of what they do.

use backend::fill::Amount;
use clap::{Parser, Subcommand};
use server::{commands, config::Config};
use std::{io::Write as _, num::NonZero, process::ExitCode};
use tikv_jemallocator::Jemalloc;

/// Many small texts, each alive for a moment, on many connections: with the system's allocator, answers at full speed cost a
/// quarter more, and two thousand held open a tenth more memory.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// The configuration is wrong: `EX_CONFIG` of BSD's sysexits.h.
const BAD_CONFIGURATION: u8 = 78;

const ABOUT: &str = "Lia: a self-hosted chat app for every model";

const DETAILS: &str = "\
Settings come from the environment, then from `.env`, then from defaults; empty is unset:
  LIA_ENV                              development | production       development
  HOST, PORT                           where to listen                127.0.0.1, 8000
  LIA_PUBLIC_URL                       where browsers find Lia        required in production
  LIA_DATA_DIR                         SQLite file, media, secret     ./data
  DATABASE_URL                         postgres://… or sqlite:…       sqlite:$LIA_DATA_DIR/lia.db
  DB_POOL_SIZE, DB_MAX_OVERFLOW        Postgres connections           5, 10
  REDIS_URL                            redis://… or a cluster         none
  UPSTASH_REDIS_REST_URL, …_TOKEN      Redis over HTTP instead
  JWT_SECRET_KEY                       at least 32 characters         generated in development
  JWT_EXPIRATION_DAYS                  how long a sign-in lasts       7
  REGISTRATION                         open | closed                  open
  RATE_LIMIT_ENABLED                   true | false                   true
  RATE_LIMIT_REQUESTS_PER_MINUTE       of a user or an address        60
  RATE_LIMIT_CHAT_REQUESTS_PER_MINUTE  answers a user starts          20
  OPENAI_API_KEY, OPENAI_BASE_URL      and the same for GEMINI, ANTHROPIC, OPENROUTER
  OLLAMA_BASE_URL                      an Ollama elsewhere            the one of this machine
  LIA_PROVIDERS                        a TOML file of providers
  CORS_ORIGINS, TRUSTED_PROXIES        lists divided by commas
  LIA_MAX_RUNS, …_PER_USER             answers written at once        5000, 20
  LIA_MAX_WAITING_RUNS                 answers that wait for room     1000
  LIA_SHUTDOWN_SECONDS                 for answers being written      25
  LOG_LEVEL, LOG_FORMAT                info …, json | pretty          info, json in production
`.env.example` explains each.

Exit codes:
  0   done
  1   failed while running
  2   wrong arguments
  78  wrong configuration";

#[derive(Parser)]
#[command(name = "lia", version, about = ABOUT, after_help = DETAILS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT; migrations are applied first
    Serve,
    /// Apply the database's migrations and end
    Migrate,
    /// Make and promote admins
    #[command(subcommand)]
    Admin(Admin),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum Admin {
    /// Make an account that is an admin; the password is asked for, or read from standard input
    Create {
        /// The e-mail address to sign in with
        #[arg(long)]
        email: String,
        /// 3 to 50 letters, digits, - and _
        #[arg(long)]
        username: String,
    },
    /// Fill an empty database with invented people and conversations, for trying out the dashboard
    Fill {
        /// How many people
        #[arg(long, default_value_t = 200)]
        users: u32,
        /// How many questions and answers together
        #[arg(long, default_value_t = 20_000)]
        messages: u32,
        /// How many days back they go
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3_650))]
        days: u16,
        /// The same number invents the same
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Fill a database that has people in it
        #[arg(long)]
        force: bool,
    },
    /// Make an existing account an admin
    Promote {
        /// The account's e-mail address
        #[arg(long)]
        email: String,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Say what is configured, or what is wrong with it
    Check,
}

/// Leptos renders a page on one worker while another drives what the page waits for: with a single one, as on a machine
/// with one processor, both would wait forever.
const FEWEST_WORKERS: usize = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let workers = std::thread::available_parallelism().map_or(FEWEST_WORKERS, NonZero::get).max(FEWEST_WORKERS);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => fail(&error.into()),
    }
}

async fn run(arguments: Arguments) -> ExitCode {
    let config = match Config::of_process() {
        Ok(config) => config,
        Err(problems) => {
            commands::complain(&problems);
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    let outcome = match arguments.command {
        // Large, and there once.
        Command::Serve => Box::pin(commands::serve(config)).await,
        Command::Migrate => commands::migrate(&config).await,
        Command::Admin(Admin::Create { email, username }) => commands::create_admin(&config, email, username).await,
        Command::Admin(Admin::Fill { users, messages, days, seed, force }) => {
            commands::fill(&config, Amount { users, messages, days, seed, force }).await
        }
        Command::Admin(Admin::Promote { email }) => commands::promote(&config, &email).await,
        Command::Config(ConfigCommand::Check) => commands::check(&config),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    // `{:#}` is the error with its causes in one line. Nobody is left to tell when writing fails.
    let _ = writeln!(std::io::stderr().lock(), "lia: {error:#}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
