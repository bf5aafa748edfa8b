//! `usher check`

use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::{open, say};
use crate::app::seal;
use crate::config::{Config, DatabaseUrl};
use crate::secret::Seal;
use crate::store::Store;
use crate::store::check::{self, Checked};
use crate::store::inspect;

/// Looks for faults, a line each, and mends what is derived if that is wanted. The program ends with 1 if any are left.
pub(super) async fn run(config: &Config, repair: bool) -> anyhow::Result<ExitCode> {
    if let DatabaseUrl::Sqlite(path) = &config.database
        && !path.try_exists().with_context(|| path.display().to_string())?
    {
        bail!("there is no database {}", path.display());
    }
    let found = inspect::condition(&config.database).await;
    let found = found.with_context(|| format!("DATABASE_URL ({:?}) cannot be used", config.database))?;
    if found.missing > 0 {
        bail!(
            "{:?} lacks {} of {} migrations; a start or `usher migrate` applies them",
            config.database,
            found.missing,
            found.all
        );
    }
    let store = open(config).await?;
    let seal = seal(config);
    let mut checked = look(&store, seal.as_ref(), repair).await?;
    if checked.mended > 0 {
        say("checking again");
        checked = look(&store, seal.as_ref(), false).await?;
    }
    store.close().await;
    Ok(if checked.faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn look(store: &Store, seal: Option<&Seal>, repair: bool) -> anyhow::Result<Checked> {
    let checked = check::run(store, seal, repair, &mut say).await?;
    let Checked { projects, rows, faults, mended, untried } = checked;
    if untried > 0 {
        say(&format!("without USHER_SECRET {untried} sealed values were not tried"));
    }
    say(&format!("projects={projects}\nrows={rows}\nfaults={faults}\nmended={mended}"));
    Ok(checked)
}
