//! Names that stand for the database, or for a file that SQLite keeps beside it, however they are written.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::part::{folder, with_ending};

/// Files of SQLite beside a database.
pub(super) const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Links that are followed one after the other, as many as Linux does.
const LINKS: usize = 40;

/// Refuses a name that stands for the database or for one of the files beside it, also where there is no such file at the moment.
pub(super) fn refuse(name: &Path, database: &Path) -> anyhow::Result<()> {
    // SQLite follows links before it names the files beside.
    let (to, real) = (followed(name), followed(database));
    if is_same(&to, &real) {
        bail!("{} is the database itself", name.display());
    }
    if BESIDE.iter().any(|ending| is_same(&to, &with_ending(&real, ending))) {
        bail!("{} is a file that SQLite keeps beside the database {}", name.display(), database.display());
    }
    Ok(())
}

/// The name to which links lead, where there may be nothing.
pub(super) fn followed(name: &Path) -> PathBuf {
    let mut name = name.to_owned();
    for _ in 0..LINKS {
        let Ok(to) = name.read_link() else { break };
        name = name.with_file_name(to);
    }
    name
}

/// Whether two names are of one file or, where there is none, are one name in one folder.
fn is_same(a: &Path, b: &Path) -> bool {
    let file = |path: &Path| path.metadata().map(|file| (file.dev(), file.ino())).ok();
    match (file(a), file(b)) {
        (None, None) => {
            let place = |path: &Path| Some((file(folder(path))?, path.file_name()?.to_owned()));
            place(a).is_some_and(|a| Some(a) == place(b))
        }
        (a, b) => a == b,
    }
}
