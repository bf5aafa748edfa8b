//! `usher config …`

use anyhow::Context as _;
use clap::Subcommand;

use super::{UNKNOWN, say, say_error};
use crate::app::{dictionary, geo};
use crate::backup;
use crate::config::{Config, Reading};
use crate::store::inspect::{self, Condition};
use crate::tls::Tls;

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read the configuration as the server would, and print what is in force and where it comes from.
    ///
    /// Each line has NAME=VALUE, a tab, and `environment`, `.env`, `file PATH` or `default`; secrets are not shown. Ends
    /// with 1 when the server would not start, and says why.
    Check {
        /// Ask the database too how it is, without changing anything.
        #[arg(long)]
        connect: bool,
    },
}

/// Runs the command.
pub(super) fn run(reading: Reading, command: &Command) -> anyhow::Result<()> {
    let Command::Check { connect } = command;
    for name in &reading.unknown {
        say_error(&format!("usher: {name}: {UNKNOWN}"));
    }
    let config = reading.config?;
    backup::check(&config)?;
    geo(&config)?;
    dictionary(&config)?;
    let tls = config.tls.as_ref().map(Tls::open).transpose()?;
    for setting in &reading.settings {
        say(&format!("{}={}\t{}", setting.name, setting.shown, setting.origin));
    }
    if let Some(tls) = tls {
        say(&format!("certificate\t{}", tls.certificate()));
    }
    if *connect {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        say(&format!("database\t{}", runtime.block_on(condition(&config))?));
    }
    Ok(())
}

/// How the database is, in words.
async fn condition(config: &Config) -> anyhow::Result<String> {
    let found = inspect::condition(&config.database).await;
    let found = found.with_context(|| format!("DATABASE_URL ({:?}) cannot be used", config.database))?;
    let Condition { engine, missing, all } = found;
    Ok(match missing {
        0 => format!("{engine}, up to date"),
        _ if missing == all => format!("{engine}, empty; a start or `usher migrate` makes its tables"),
        _ => format!("{engine}, {missing} of {all} migrations are missing; a start or `usher migrate` applies them"),
    })
}
