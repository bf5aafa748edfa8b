//! What a start would find in a database, seen without changing anything.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::{Error, Result, postgres, sqlite};
use crate::config::DatabaseUrl;

/// A database as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The engine and its version.
    pub engine: String,
    /// Migrations that a start would apply.
    pub missing: usize,
    /// All migrations that there are.
    pub all: usize,
}

/// A migration that the database says was applied: its number, whether that went well, the digest of its text.
type Applied = (i64, bool, Vec<u8>);

/// Asks the database how it is, once. A file of SQLite that does not exist lacks all migrations, and is not made.
///
/// # Errors
/// Why a start could not use it: it cannot be reached, is too old, or was written by another Usher.
pub async fn condition(url: &DatabaseUrl) -> Result<Condition> {
    match url {
        DatabaseUrl::Sqlite(path) => of_sqlite(path).await,
        DatabaseUrl::Postgres(url) => of_postgres(&url.0).await,
    }
}

async fn of_sqlite(path: &Path) -> Result<Condition> {
    let engine = format!("SQLite {}", rusqlite::version());
    if !path.try_exists()? {
        return compare(engine, &sqlite::MIGRATIONS, &[]);
    }
    // SQLite would say that it cannot read the disk.
    if !path.metadata()?.is_file() {
        return Err(Error::Other(format!("{} is no file", path.display()).into()));
    }
    // A file that nobody has open has no log beside it, and a reader would make one. Whoever says that the file does not
    // change needs none.
    let mut log = OsString::from(path);
    log.push("-wal");
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(!Path::new(&log).try_exists()?)
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    let applied = applied(&mut connection).await?;
    connection.close().await?;
    compare(engine, &sqlite::MIGRATIONS, &applied)
}

/// The first migration that a database lacks to which others were applied; none for an empty one.
pub(super) async fn first_missing(connection: &mut SqliteConnection) -> Result<Option<i64>> {
    let applied = applied(connection).await?;
    compare(String::new(), &sqlite::MIGRATIONS, &applied)?;
    let missing =
        sqlite::MIGRATIONS.iter().map(|one| one.version).find(|one| !applied.iter().any(|(is, ..)| is == one));
    Ok(missing.filter(|_| !applied.is_empty()))
}

async fn applied(connection: &mut SqliteConnection) -> Result<Vec<Applied>> {
    let known = "SELECT count(*) > 0 FROM sqlite_master WHERE name = '_sqlx_migrations'";
    let (known,): (bool,) = sqlx::query_as(known).fetch_one(&mut *connection).await?;
    if !known {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as("SELECT version, success, checksum FROM _sqlx_migrations").fetch_all(connection).await?)
}

async fn of_postgres(url: &str) -> Result<Condition> {
    let (mut connection, way) = postgres::connect(url).await?;
    // In a transaction, and nothing prepared for later, since there may be a pooler.
    let mut reading = connection.begin().await.map_err(postgres::begun)?;
    let (version, known): (String, bool) =
        sqlx::query_as("SELECT current_setting('server_version'), to_regclass('_sqlx_migrations') IS NOT NULL")
            .persistent(false)
            .fetch_one(&mut *reading)
            .await?;
    let applied: Vec<Applied> = if known {
        let applied = sqlx::query_as("SELECT version, success, checksum FROM _sqlx_migrations");
        applied.persistent(false).fetch_all(&mut *reading).await?
    } else {
        Vec::new()
    };
    reading.rollback().await?;
    connection.close().await?;
    let number = version.split(' ').next().unwrap_or_default();
    let through = if way.shared { " behind a connection pooler" } else { "" };
    compare(format!("PostgreSQL {number}{through}"), &postgres::MIGRATIONS, &applied)
}

/// Compares what was applied to what there is.
pub(super) fn compare(engine: String, all: &Migrator, applied: &[Applied]) -> Result<Condition> {
    let known: BTreeMap<i64, &[u8]> = all.iter().map(|one| (one.version, one.checksum.as_ref())).collect();
    for (version, success, checksum) in applied {
        match known.get(version) {
            None => return Err(MigrateError::VersionMissing(*version).into()),
            Some(_) if !success => return Err(MigrateError::Dirty(*version).into()),
            Some(known) if *known != checksum.as_slice() => return Err(MigrateError::VersionMismatch(*version).into()),
            Some(_) => {}
        }
    }
    let missing = known.len().checked_sub(applied.len());
    let missing = missing.ok_or_else(|| Error::Other("a migration was applied twice".into()))?;
    Ok(Condition { engine, missing, all: known.len() })
}
