//! `usher secret …`

use anyhow::{Context as _, bail};
use clap::Subcommand;

use super::{open, say, say_error};
use crate::app::seal;
use crate::config::Config;
use crate::secret::{Renewed, Seal};
use crate::store::projects::{self, Project};
use crate::store::seals::{self, Sealed, Walk};
use crate::store::{Error, Store};

/// What to do with the secret.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Seal anew with USHER_SECRET what was sealed with USHER_SECRET_PREVIOUS.
    ///
    /// Servers may run meanwhile, if they have both secrets too. It can be run again at any time. Prints a line for each table,
    /// and ends with 1 when there are values that neither secret opens, which it names.
    Rotate,
}

/// What became of the sealed values of a table.
#[derive(Debug, Default)]
struct Counts {
    anew: u64,
    current: u64,
    /// A server has changed it between reading and writing.
    changed: u64,
    closed: u64,
}

/// Runs the command.
pub(super) async fn run(config: &Config, command: &Command) -> anyhow::Result<()> {
    let Command::Rotate = command;
    if config.secret_previous.is_none() {
        bail!(
            "USHER_SECRET and USHER_SECRET_PREVIOUS (or the variables that end in _FILE) must be set: the secret that is in use, and the one before it"
        );
    }
    let seal = seal(config).context("USHER_SECRET is not set")?;
    let store = open(config).await?;
    let mut tables: Vec<(&'static str, Counts)> = Vec::new();
    for project in projects::all(store.read()).await? {
        for (n, mut walk) in Walk::all(project.key).into_iter().enumerate() {
            if tables.len() == n {
                tables.push((walk.table(), Counts::default()));
            }
            let Some((_, counts)) = tables.get_mut(n) else { continue };
            while let Some(values) = walk.next(&store).await? {
                renew(&store, &seal, &project, values, counts).await?;
            }
        }
    }
    store.close().await;
    for (table, counts) in &tables {
        let Counts { anew, current, changed, closed } = counts;
        say(&format!(
            "{table}\t{anew} sealed anew\t{current} were already\t{changed} changed meanwhile\t{closed} cannot be opened"
        ));
    }
    match tables.iter().map(|(_, counts)| counts.closed).sum::<u64>() {
        0 => Ok(()),
        closed => bail!("{closed} values are opened by neither USHER_SECRET nor USHER_SECRET_PREVIOUS"),
    }
}

/// Seals values anew, those of a batch in one transaction.
async fn renew(
    store: &Store,
    seal: &Seal,
    project: &Project,
    values: Vec<Sealed>,
    counts: &mut Counts,
) -> anyhow::Result<()> {
    let mut renewed = Vec::new();
    for sealed in values {
        match seal.renew(&sealed.value) {
            Renewed::Current => counts.current += 1,
            Renewed::Anew(anew) => renewed.push((sealed, anew)),
            Renewed::Closed => {
                counts.closed += 1;
                let Sealed { table, column, row, .. } = sealed;
                say_error(&format!("usher: neither secret opens {column} of {table} {row} in project {}", project.id));
            }
        }
    }
    if renewed.is_empty() {
        return Ok(());
    }
    let (key, all) = (project.key, renewed.len() as u64);
    let stored = store.write(move |tx| {
        Box::pin(async move {
            let mut stored = 0;
            for (sealed, anew) in renewed {
                stored += u64::from(seals::replace(tx, key, &sealed, anew).await?);
            }
            Ok::<_, Error>(stored)
        })
    });
    let stored = stored.await?;
    counts.anew += stored;
    counts.changed += all - stored;
    Ok(())
}
