//! `usher copy`

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use super::say;
use crate::config::{DatabaseUrl, secret_of_file};
use crate::store::copy::{self, Copied, Failure, Step, Told};

/// From where, and to where.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// The database to read, as DATABASE_URL names it. Nothing in it is changed.
    #[arg(long, value_name = "URL", required_unless_present = "from_file", conflicts_with = "from_file")]
    from: Option<String>,
    /// A file that holds the URL of the database to read.
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// The database to fill, as DATABASE_URL names it. It is made, or it is there and without any project.
    #[arg(long, value_name = "URL", required_unless_present = "to_file", conflicts_with = "to_file")]
    to: Option<String>,
    /// A file that holds the URL of the database to fill.
    #[arg(long, value_name = "FILE")]
    to_file: Option<PathBuf>,
}

/// Runs the command.
pub(super) async fn run(command: Command) -> anyhow::Result<()> {
    let from = place("--from", command.from, command.from_file.as_deref())?;
    let to = place("--to", command.to, command.to_file.as_deref())?;
    let copied = copy::run(&from, &to, progress()).await;
    let copied = copied.map_err(|failure| anyhow::anyhow!(explained(&failure, &from, &to)))?;
    for Copied { table, rows, digest } in &copied {
        say(&format!("{table}\t{rows}\t{digest}"));
    }
    let rows: u64 = copied.iter().map(|copied| copied.rows).sum();
    say(&format!("copied and compared {rows} rows from {from:?} to {to:?}"));
    Ok(())
}

/// Why nothing was copied, and of which of the two.
fn explained(failure: &Failure, from: &DatabaseUrl, to: &DatabaseUrl) -> String {
    match failure {
        Failure::Absent | Failure::Older { .. } | Failure::Source(_) => {
            format!("nothing was copied; --from ({from:?}): {failure}")
        }
        Failure::Taken | Failure::Target(_) | Failure::Differs(_) => {
            format!("nothing was copied; --to ({to:?}): {failure}")
        }
        Failure::Same => format!("nothing was copied; --from ({from:?}) and --to ({to:?}): {failure}"),
    }
}

/// The database that an argument names, or the file of another one. A password may be in it, so it is not shown.
fn place(name: &str, url: Option<String>, file: Option<&Path>) -> anyhow::Result<DatabaseUrl> {
    let (name, url) = match (url, file) {
        (Some(url), _) => (name.to_owned(), url),
        (None, Some(file)) => {
            let read = secret_of_file(file).map_err(|reason| anyhow::anyhow!("{} {reason}", file.display()));
            (format!("the file of {name}-file"), read.with_context(|| format!("{name}-file must name a file"))?)
        }
        (None, None) => bail!("{name} or {name}-file is needed"),
    };
    DatabaseUrl::parse(url.trim()).map_err(|allowed| anyhow::anyhow!("{name} must be {allowed}"))
}

/// Shows on a terminal how far it is.
fn progress() -> Option<Told> {
    const SHOWN: &str = "{msg} {wide_bar} {human_pos} of {human_len} rows, {per_sec}";
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let style = ProgressStyle::with_template(SHOWN).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style).with_finish(ProgressFinish::AndClear).with_message("copying");
    Some(Box::new(move |step| match step {
        Step::All(rows) => bar.set_length(rows),
        Step::Copied(rows) | Step::Compared(rows) => {
            bar.inc(rows);
            // Not every step is drawn, but the last one is.
            if bar.length() == Some(bar.position()) {
                bar.force_draw();
            }
        }
        Step::Compares => {
            bar.reset();
            bar.set_message("comparing");
        }
    }))
}
