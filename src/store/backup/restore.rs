//! Putting a copy in the place of the database.
//!
//! The database is replaced by a rename, while this program alone has it open: whenever it is ended, the old one is there, whole, or
//! the new one. What the write-ahead log holds is folded into the old one first, since a log that is found beside another database
//! would be taken for its own.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rustix::fs::{FlockOperation, fcntl_lock};

use super::checksum::{self, Verdict};
use super::contents::{self, Contents};
use super::names::{self, BESIDE};
use super::owner;
use super::part::{Part, folder, sync_folder, with_ending};
use crate::clock::Millis;
use crate::store::with_causes;

/// What was put in the place of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What it holds.
    pub contents: Contents,
    /// Whether it had the checksum that Usher puts into its copies.
    pub checksum: bool,
    /// Where the database is that was there before.
    pub replaced: Option<PathBuf>,
}

/// Puts the copy `file` in the place of the database `target`, which must be in nobody's use and, unless `force` says so, without users.
/// It stays beside the new one under another name, which has the time in it, and the new one belongs to whom it belonged.
///
/// # Errors
/// What is wrong with the copy or the database, which is as it was then.
pub fn restore(file: &Path, target: &Path, force: bool, now: Millis) -> anyhow::Result<Restored> {
    owner::make_folder(folder(target))?;
    let (part, contents, checksum) = read(file, target)?;
    owner::give(part.file(), target)?;
    if !target.try_exists().with_context(|| target.display().to_string())? {
        remove_beside(target)?;
        part.name(target, false)?;
        return Ok(Restored { contents, checksum, replaced: None });
    }
    let held = Held::take(target)?;
    match held.users() {
        Some(0) => {}
        _ if force => {}
        Some(users) => bail!("{} has {users} users; --force replaces it", target.display()),
        None => bail!("{} is damaged, and may have users; --force replaces it", target.display()),
    }
    let (held, replaced) = held.keep(target, now)?;
    // Two names for one database would be two logs for it.
    part.name(target, true).inspect_err(|_| drop(std::fs::remove_file(&replaced)))?;
    drop(held);
    Ok(Restored { contents, checksum, replaced: Some(replaced) })
}

/// Copies the file beside the database, and reads that copy, so that what was found good is what is taken. Also tells
/// whether it had a checksum.
fn read(file: &Path, target: &Path) -> anyhow::Result<(Part, Contents, bool)> {
    let name = || file.display().to_string();
    names::refuse(file, target)?;
    let mut source = File::open(file).with_context(name)?;
    if !source.metadata().with_context(name)?.is_file() {
        bail!("{} is no file", file.display());
    }
    // SQLite keeps them where a link leads to; whoever copies files may have them beside the link.
    for (of, ending) in
        [file, &names::followed(file)].into_iter().flat_map(|of| ["-wal", "-journal"].map(|end| (of, end)))
    {
        refuse_log(file, &with_ending(of, ending))?;
    }
    let part = Part::beside(target)?;
    std::io::copy(&mut source, &mut part.file()).with_context(|| format!("{} cannot be copied", file.display()))?;
    let verdict = checksum::take(part.path())?;
    if verdict == Verdict::Wrong {
        bail!("{} is damaged: its bytes are not those that were written", file.display());
    }
    // Begins with what the file is.
    let contents =
        contents::read(part.path(), || false).map_err(|error| anyhow!("{} {}", file.display(), with_causes(&error)))?;
    Ok((part, contents, verdict == Verdict::Right))
}

/// A log that holds anything is a part of the file that it is beside, which would be restored without it.
fn refuse_log(file: &Path, log: &Path) -> anyhow::Result<()> {
    match std::fs::metadata(log) {
        Ok(found) if found.len() == 0 => Ok(()),
        Ok(_) => bail!(
            "{log} belongs to {file}, which is not whole without it; `DATABASE_URL=sqlite:{file} usher backup COPY` makes a copy \
             that is",
            log = log.display(),
            file = file.display()
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| log.display().to_string()),
    }
}

/// The database that is to be replaced, which nobody else can read or write as long as this is there.
enum Held {
    /// By the lock of SQLite.
    Sound(Connection),
    /// As SQLite would lock it, which cannot read it.
    Damaged { _lock: File },
}

impl Held {
    /// Locks the database. In the mode of the write-ahead log, each program that has it open has a lock on the file from its first
    /// look on, and none of them goes with the one that this takes.
    fn take(target: &Path) -> anyhow::Result<Self> {
        let used = || anyhow!("{} is in use; stop the server, and whoever else has it open, first", target.display());
        match lock(target) {
            Ok(connection) => Ok(Self::Sound(connection)),
            Err(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Err(used()),
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                    let file = OpenOptions::new().read(true).write(true).open(target)?;
                    fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| used())?;
                    Ok(Self::Damaged { _lock: file })
                }
                _ => Err(anyhow!(error).context(format!("{} cannot be locked", target.display()))),
            },
        }
    }

    /// How many users it has, if that can be told.
    fn users(&self) -> Option<i64> {
        let Self::Sound(connection) = self else { return None };
        let made = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'users'";
        match connection.query_row(made, [], |row| row.get(0)) {
            Ok(0) => Some(0),
            Ok(1_i64) => connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).ok(),
            _ => None,
        }
    }

    /// Gives the database a second name, under which all of it will be found, and leaves nothing beside the first that belongs to it.
    fn keep(self, target: &Path, now: Millis) -> anyhow::Result<(Self, PathBuf)> {
        if let Self::Sound(connection) = &self {
            // Folds the log into the file and removes it.
            let mode: String = connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
            if mode != "delete" {
                bail!("the log of {} could not be folded into it", target.display());
            }
            connection.execute_batch("BEGIN EXCLUSIVE")?;
        }
        let kept = second_name(target, now)?;
        match &self {
            Self::Sound(_) => remove_beside(target)?,
            Self::Damaged { .. } => {
                for ending in BESIDE {
                    let from = with_ending(target, ending);
                    if from.exists() {
                        std::fs::rename(&from, with_ending(&kept, ending))
                            .with_context(|| format!("{} cannot be moved", from.display()))?;
                    }
                }
            }
        }
        sync_folder(target)?;
        Ok((self, kept))
    }
}

/// A connection that has the file to itself until it is closed.
fn lock(target: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(target, flags)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    Ok(connection)
}

/// Links the database to a name that nothing has yet.
fn second_name(target: &Path, now: Millis) -> anyhow::Result<PathBuf> {
    for number in 1..100 {
        let more = if number == 1 { String::new() } else { format!("-{number}") };
        let name = with_ending(target, &format!(".replaced-{}{more}", now.compact()));
        match std::fs::hard_link(target, &name) {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(anyhow!(error).context(format!("{} cannot be kept", target.display()))),
        }
    }
    bail!("{} was replaced too often in one second", target.display())
}

/// Removes what belongs to no database any more.
fn remove_beside(target: &Path) -> anyhow::Result<()> {
    for stale in BESIDE.map(|ending| with_ending(target, ending)) {
        match std::fs::remove_file(&stale) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(anyhow!(error).context(format!("{} cannot be removed", stale.display())));
            }
            _ => {}
        }
    }
    Ok(())
}
