//! The commands of the program. `usher` alone is `usher serve`.

mod backup;
mod check;
mod config;
mod copy;
mod healthcheck;
mod key;
mod lines;
mod manual;
mod migrate;
mod password;
mod project;
mod prompt;
mod secret;
mod serve;
mod users;

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use tracing_subscriber::filter::LevelFilter;

use self::lines::Lines;
use crate::clock::Clock;
use crate::config::{Config, Environment, Listen, LogFormat, Reading, Setting};
use crate::request_id;
use crate::store::Store;
use crate::store::projects::{self, Project};

/// A self-hosted users server that speaks the wire protocol of Appwrite's Users service.
///
/// Configuration is by environment variables (a .env file in the working directory is read); `usher config check`
/// lists them.
#[derive(Debug, Parser)]
#[command(name = "usher", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Configured(Configured),
    /// Check the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Print a script that completes the commands in a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page of the program.
    Man {
        /// Write the pages of all commands into this folder instead, which is made when it is missing.
        folder: Option<PathBuf>,
    },
}

/// What needs a configuration that is right.
#[derive(Debug, Subcommand)]
enum Configured {
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
    /// Copy the database to a file, also while a server runs (SQLite).
    ///
    /// The copy is whole by itself, readable by its owner only, and read back before this ends.
    Backup {
        /// Where to; it must not exist.
        file: PathBuf,
        /// Replace it if it does.
        #[arg(long)]
        force: bool,
    },
    /// Put a copy in the place of the database, while nobody uses it (SQLite).
    ///
    /// The database that was there stays beside it under another name.
    Restore {
        /// A copy that `usher backup` made.
        file: PathBuf,
        /// Also when the database has users.
        #[arg(long)]
        force: bool,
    },
    /// Look for faults in the database, also while servers run.
    ///
    /// Each fault is a line. Ends with 1 when there are any, or any are left.
    Check {
        /// Mend what is derived from other data: totals, copies, folded texts, indexes of the search.
        #[arg(long)]
        repair: bool,
    },
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
    /// Ask the server on this machine whether it is ready; for containers.
    Healthcheck,
}

/// What is said of a variable that looks as if it were meant for this program.
const UNKNOWN: &str = "nothing reads this variable; `usher config check` lists those that there are";

/// Whether those who read stderr want JSON.
static FOR_MACHINES: AtomicBool = AtomicBool::new(false);

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let command = Arguments::parse().command.unwrap_or(Command::Configured(Configured::Serve));
    let failure = match command {
        Command::Configured(Configured::Password(_)) => ExitCode::from(password::FAILURE),
        _ => ExitCode::FAILURE,
    };
    run(command).unwrap_or_else(|error| {
        say_error(&format!("usher: {error:#}"));
        failure
    })
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match command {
        // A package is built where nothing is configured.
        Command::Completions { shell } => manual::completions(shell).map(done),
        Command::Man { folder } => manual::man(folder).map(done),
        Command::Config(command) => config::run(read()?, &command).map(done),
        Command::Configured(command) => run_configured(read()?, command),
    }
}

/// Reads the configuration. How failures are told is known also when something else is wrong.
fn read() -> anyhow::Result<Reading> {
    let reading = Environment::load()?.read();
    let json = |setting: &Setting| (setting.name, setting.shown.as_str()) == ("USHER_LOG_FORMAT", "json");
    FOR_MACHINES.store(reading.settings.iter().any(json), Ordering::Relaxed);
    Ok(reading)
}

fn run_configured(reading: Reading, command: Configured) -> anyhow::Result<ExitCode> {
    let config = reading.config?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let quiet = !matches!(command, Configured::Serve);
    let _lines = start_log(&config, quiet)?;
    if !quiet {
        for name in reading.unknown {
            tracing::warn!(name, "{UNKNOWN}");
        }
    }
    runtime.block_on(async {
        match command {
            Configured::Serve => serve::run(config).await,
            Configured::Migrate => migrate::run(&config).await,
            Configured::Copy(command) => copy::run(command).await,
            Configured::Backup { file, force } => backup::make(&config, file, force).await,
            Configured::Restore { file, force } => backup::restore(&config, &file, force),
            Configured::Check { repair } => return check::run(&config, repair).await,
            Configured::Project(command) => project::run(&config, command).await,
            Configured::Key(command) => key::run(&config, command).await,
            Configured::Users(command) => users::run(&config, command).await,
            Configured::Secret(command) => secret::run(&config, &command).await,
            Configured::Password(command) => return password::run(&config, command).await,
            Configured::Healthcheck => healthcheck::run(&config).await,
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
        LogFormat::Json => {
            log.json().flatten_event(true).init();
            std::panic::set_hook(Box::new(tell_panic));
        }
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

/// Says what went wrong: text for people, or one line of JSON as the log has it.
#[expect(clippy::print_stderr, reason = "the log may not be running yet")]
fn say_error(text: &str) {
    if FOR_MACHINES.load(Ordering::Relaxed) {
        let timestamp = Clock::system().now().to_string();
        eprintln!("{}", serde_json::json!({ "timestamp": timestamp, "level": "ERROR", "message": text }));
    } else {
        eprintln!("{text}");
    }
}

/// A line of the log about a panic, in place of the text that would stand between lines of JSON.
fn tell_panic(panic: &PanicHookInfo<'_>) {
    let (request_id, at) = (request_id::current(), panic.location().map(ToString::to_string));
    let text = panic.payload_as_str().unwrap_or("no text");
    tracing::error!(request_id = request_id.as_deref(), at, panic = text, "a panic");
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    /// Run by the test below, in a process of its own.
    #[test]
    #[ignore = "panics"]
    fn a_request_panics() {
        let config = Config::read(|name| (name == "USHER_LOG_FORMAT").then(|| "json".to_owned())).unwrap();
        let _lines = start_log(&config, false).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let id = request_id::RequestId::parse(b"the-request").unwrap();
        runtime.block_on(request_id::during(id, None, async { panic!("of \"all\"\nthings") }));
    }

    #[test]
    fn a_panic_is_a_line_of_json_with_the_id_of_its_request() {
        let itself = std::env::current_exe().unwrap();
        let arguments = ["--exact", "cli::tests::a_request_panics", "--ignored", "--nocapture"];
        let output = std::process::Command::new(itself).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let line = said.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{said}"));
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&line["level"], &line["message"], &line["request_id"]),
            (&"ERROR".into(), &"a panic".into(), &"the-request".into())
        );
        assert_eq!(line["panic"], "of \"all\"\nthings");
        assert!(line["at"].as_str().unwrap().starts_with("src/cli/mod.rs:"), "{line}");
        assert!(!said.contains("panicked at"), "{said}");
    }

    #[test]
    fn the_commands_are_well_formed() {
        Arguments::command().debug_assert();
    }
}
