//! Copies of a database of SQLite: made while a server writes, and put in its place again.
//!
//! A copy is made by `VACUUM INTO`. It reads one snapshot, so a busy writer neither waits for it nor makes it begin again, as
//! the pages of the online backup would whenever another process writes. It writes rows and not pages: what erased users
//! leave in free pages stays behind, and the copy is no larger than what it holds. Numbers of rows are kept, since every table
//! names its own, and so are the index of the search, whose parts are ordinary tables, and the numbers that AUTOINCREMENT has given.

mod checksum;
mod contents;
mod names;
mod owner;
mod part;
mod restore;

use std::path::Path;

use anyhow::{Context as _, bail};

pub use self::contents::Contents;
use self::part::Part;
pub use self::part::folder;
pub(super) use self::part::with_ending;
pub use self::restore::{Restored, restore};
use super::sqlite::{STEPS, open_reader};

/// What is between the name of a file and the hexadecimal digits of one that is not finished.
pub const PART: &str = ".part-";

/// Copies the database `source` to `to`, for its owner only, and reads the copy back before it gets its name. A file of that name
/// is replaced when `replace` says so, and stays as it is until then. The source is not changed, and may be in use. Ends early
/// when `ended` says so.
///
/// # Errors
/// What cannot be read or written, or is not as it should be; nothing is left behind then.
pub fn make(
    source: &Path,
    to: &Path,
    replace: bool,
    ended: impl Fn() -> bool + Send + Clone + 'static,
) -> anyhow::Result<Contents> {
    // The source is opened by SQLite alone: the system ends the locks of a process when it closes the file in any way.
    if !source.try_exists().with_context(|| source.display().to_string())? {
        bail!("there is no database {}", source.display());
    }
    names::refuse(to, source)?;
    if to.try_exists().with_context(|| to.display().to_string())? && !replace {
        bail!("{} exists already; --force replaces it", to.display());
    }
    let part = Part::beside(to)?;
    copy(source, part.path(), ended.clone())
        .with_context(|| format!("{} cannot be copied to {}", source.display(), to.display()))?;
    checksum::write(part.path(), &ended).with_context(|| format!("{} cannot be written", to.display()))?;
    let contents = contents::read(part.path(), ended).with_context(|| format!("the copy of {}", source.display()))?;
    part.name(to, replace)?;
    Ok(contents)
}

/// Writes what the database holds at this moment into an empty file.
fn copy(source: &Path, to: &Path, ended: impl FnMut() -> bool + Send + 'static) -> anyhow::Result<()> {
    let connection = open_reader(source)?;
    connection.progress_handler(STEPS, Some(ended))?;
    connection.execute("VACUUM INTO $1", [to.to_str().context("the name of the file is not UTF-8")?])?;
    Ok(())
}
