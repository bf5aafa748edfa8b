//! The commands of the program. `usher` alone is `usher serve`.

mod config;
mod copy;
mod healthcheck;
mod key;
mod lines;
mod migrate;
mod password;
mod project;
mod prompt;
mod secret;
mod serve;
mod users;

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tracing_subscriber::filter::LevelFilter;

use self::lines::Lines;
use crate::config::{Config, Environment, Listen, LogFormat};
use crate::store::Store;
use crate::store::projects::{self, Project};

/// A self-hosted users server that speaks the wire protocol of Appwrite's Users service.
///
/// Configuration is by environment variables (a .env file in the working directory is read); .env.example lists them.
#[derive(Debug, Parser)]
#[command(name = "usher", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer requests (the default).
    Serve,
    /// Bring the database up to date and end.
    Migrate,
    /// Copy everything into an empty database, of the same engine or the other one.
    ///
    /// All of it is read as it is at one moment, stored in one transaction with the same row numbers, read again and compared.
    /// Prints a line for each table: its name, its rows and a SHA-256 of their values. When anything goes wrong, nothing is
    /// stored, and it ends with 1.
    Copy(copy::Command),
    /// Make, list, show, change and delete projects.
    #[command(subcommand)]
    Project(project::Command),
    /// Make, list and revoke API keys.
    #[command(subcommand)]
    Key(key::Command),
    /// Show what is stored of users.
    #[command(subcommand)]
    Users(users::Command),
    /// Check a password against the stored hash of a user.
    #[command(subcommand)]
    Password(password::Command),
    /// Change the secret that values are sealed with.
    #[command(subcommand)]
    Secret(secret::Command),
    /// Check the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Ask the server on this machine whether it is ready; for containers.
    Healthcheck,
}

/// What is said of a variable that looks as if it were meant for this program.
const UNKNOWN: &str = "nothing reads this variable; .env.example has those that there are";

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let command = Arguments::parse().command.unwrap_or(Command::Serve);
    let failure = match command {
        Command::Password(_) => ExitCode::from(password::FAILURE),
        _ => ExitCode::FAILURE,
    };
    run(command).unwrap_or_else(|error| {
        say_error(&format!("usher: {error:#}"));
        failure
    })
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let reading = Environment::load()?.read();
    if let Command::Config(command) = command {
        return config::run(reading, &command).map(|()| ExitCode::SUCCESS);
    }
    let config = reading.config?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let quiet = !matches!(command, Command::Serve);
    let _lines = start_log(&config, quiet)?;
    if !quiet {
        for name in reading.unknown {
            tracing::warn!(name, "{UNKNOWN}");
        }
    }
    runtime.block_on(async {
        match command {
            Command::Serve => serve::run(config).await,
            Command::Config(_) => Ok(()),
            Command::Migrate => migrate::run(&config).await,
            Command::Copy(command) => copy::run(command).await,
            Command::Project(command) => project::run(&config, command).await,
            Command::Key(command) => key::run(&config, command).await,
            Command::Users(command) => users::run(&config, command).await,
            Command::Secret(command) => secret::run(&config, &command).await,
            Command::Password(command) => return password::run(&config, command).await,
            Command::Healthcheck => healthcheck::run(&config).await,
        }
        .map(|()| ExitCode::SUCCESS)
    })
}

/// Log lines go to stderr, as long as there is what this gives. Commands other than the server only say what went wrong.
fn start_log(config: &Config, quiet: bool) -> anyhow::Result<Lines> {
    let level = if quiet { config.log_level.min(LevelFilter::WARN) } else { config.log_level };
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = Lines::start().context("the log could not be started")?;
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(lines.clone()).with_target(false);
    match config.log_format {
        LogFormat::Text => log.with_ansi(ansi).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(lines)
}

async fn open(config: &Config) -> anyhow::Result<Store> {
    Store::open(&config.database, config.database_connections, config.startup_wait)
        .await
        .with_context(|| format!("DATABASE_URL ({:?}) cannot be used", config.database))
}

async fn find_project(config: &Config, store: &Store, id: &str) -> anyhow::Result<Project> {
    let project = projects::find(store.read(), id).await?;
    project.with_context(|| format!("there is no project {id} in {:?}", config.database))
}

/// A server that listens on every address is reached on the loopback one.
fn reachable(listen: &Listen) -> Listen {
    match listen {
        Listen::Tcp(address) => Listen::Tcp(match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port()),
            IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), address.port()),
            _ => *address,
        }),
        Listen::Unix(path) => Listen::Unix(path.clone()),
    }
}

/// A line of a command's answer. A reader who has left, as `head` does, misses the rest of it and nothing else.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[expect(clippy::print_stderr, reason = "the log may not be running yet")]
fn say_error(line: &str) {
    eprintln!("{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_commands_are_well_formed() {
        Arguments::command().debug_assert();
    }
}
