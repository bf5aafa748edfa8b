//! What a copy holds, once it has been found whole.

use std::path::Path;

use anyhow::{Context as _, bail};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, OpenFlags};

use crate::store::inspect::compare;
use crate::store::sqlite::{MIGRATIONS, STEPS};

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// Projects.
    pub projects: i64,
    /// Users of all projects.
    pub users: i64,
    /// Sessions, with ended ones that are still there.
    pub sessions: i64,
    /// Rows of all tables, with those of the indexes of the search.
    pub rows: i64,
    /// Migrations that were applied to it.
    pub migrations: usize,
    /// Its size.
    pub bytes: u64,
}

/// Reads a file that nobody writes to from end to end.
///
/// # Errors
/// When it is damaged, is no database of Usher, or one of a newer Usher.
pub(super) fn read(path: &Path, ended: impl FnMut() -> bool + Send + 'static) -> anyhow::Result<Contents> {
    let bytes = std::fs::metadata(path)?.len();
    // SQLite takes an empty file for an empty database.
    if bytes == 0 {
        bail!("is empty");
    }
    let connection = open(path)?;
    connection.progress_handler(STEPS, Some(ended))?;
    let sound: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        bail!("is damaged: {sound}");
    }
    let migrations = migrations(&connection)?;
    let (mut orphans, mut rows) = (connection.prepare("PRAGMA foreign_key_check")?, 0);
    if orphans.exists([])? {
        bail!("is damaged: it has rows without the one that they belong to");
    }
    let mut tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0")?;
    for table in tables.query_map([], |row| row.get::<_, String>(0))? {
        let count = format!("SELECT count(*) FROM \"{}\"", table?);
        rows += connection.query_row(&count, [], |row| row.get::<_, i64>(0))?;
    }
    let of_all =
        "SELECT (SELECT count(*) FROM projects), (SELECT count(*) FROM users), (SELECT count(*) FROM sessions)";
    let count = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (projects, users, sessions) = connection.query_row(of_all, [], count)?;
    Ok(Contents { projects, users, sessions, rows, migrations, bytes })
}

/// A connection that takes the word for it that nobody changes the file, and so makes no other file beside it.
fn open(path: &Path) -> anyhow::Result<Connection> {
    let name = path.to_str().context("the name of the file is not UTF-8")?;
    let uri = format!("file:{}?immutable=1", utf8_percent_encode(name, NON_ALPHANUMERIC));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Ok(Connection::open_with_flags(uri, flags)?)
}

/// How many migrations were applied, all of which must be known.
fn migrations(connection: &Connection) -> anyhow::Result<usize> {
    let known = "SELECT count(*) > 0 FROM sqlite_master WHERE name = '_sqlx_migrations'";
    if !connection.query_row(known, [], |row| row.get(0))? {
        bail!("is no database of Usher");
    }
    let mut applied = connection.prepare("SELECT version, success, checksum FROM _sqlx_migrations")?;
    let applied = applied.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let applied = applied.collect::<Result<Vec<_>, _>>()?;
    compare(String::new(), &MIGRATIONS, &applied)?;
    Ok(applied.len())
}
