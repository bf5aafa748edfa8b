//! The two engines, and where a statement runs.

use std::path::Path;
use std::time::Duration;

use super::lookup::Lookups;
use super::pool::Pool;
use super::postgres::{self, Open};
use super::sqlite::{self, DatabaseFile, Readers, Reads};
use super::writer::{Part, Writer};
use super::{Error, Record, Result, Sql};
use crate::config::DatabaseUrl;

/// Which database answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded SQLite.
    Sqlite,
    /// PostgreSQL 14 or newer.
    Postgres,
}

/// The open database.
#[derive(Debug, Clone)]
pub(super) enum Db {
    Sqlite { readers: Readers, writer: Writer },
    Postgres { pool: Pool, lookups: Lookups },
}

/// An open write transaction. It is never committed by the code that uses it, but by [`super::Store::write`].
#[derive(Debug)]
pub enum Tx {
    /// A part of what is written to SQLite at once.
    Sqlite(Part),
    /// A transaction of its own.
    Postgres(Open),
}

/// Where a statement runs: outside of transactions for a read by itself, or inside a write transaction.
#[derive(Debug)]
pub enum On<'a> {
    /// Any reader of SQLite.
    Readers(&'a Readers),
    /// The writer of SQLite.
    Sqlite(&'a mut Part),
    /// Any connection of PostgreSQL.
    Pool(&'a Pool),
    /// One connection of PostgreSQL.
    Postgres(&'a mut Open),
}

impl Engine {
    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// What traces call it.
    pub(super) const fn system(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

/// Connections that are kept open for one purpose.
#[derive(Debug, Clone, Copy)]
pub struct PoolState {
    /// What they are for.
    pub name: &'static str,
    /// Those that somebody uses.
    pub used: usize,
    /// All of them.
    pub open: usize,
    /// How many there may be, where that is limited.
    pub most: Option<usize>,
    /// Those who wait for one.
    pub waiting: usize,
}

impl On<'_> {
    /// Which engine will run the statement.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self {
            Self::Readers(_) | Self::Sqlite(_) => Engine::Sqlite,
            Self::Pool(_) | Self::Postgres(_) => Engine::Postgres,
        }
    }
}

impl Tx {
    /// What a database holds now, however long it is read. Nothing can be written there.
    pub(super) async fn snapshot(url: &DatabaseUrl) -> Result<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => Part::snapshot(sqlite::open_snapshot(path)?).map(Self::Sqlite),
            DatabaseUrl::Postgres(url) => Open::snapshot(&url.0).await.map(Self::Postgres),
        }
    }

    /// A place for the next statement.
    pub fn on(&mut self) -> On<'_> {
        match self {
            Self::Sqlite(part) => On::Sqlite(part),
            Self::Postgres(open) => On::Postgres(open),
        }
    }

    /// Which engine this is.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }
}

impl Db {
    /// Opens the database and brings its tables up to date.
    pub(super) async fn open(url: &DatabaseUrl, connections: u32) -> Result<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => Self::open_sqlite(path).await.map_err(|error| match error {
                // Only what others do with a file may pass by itself.
                Error::Unavailable(why) => {
                    let what = format!("{}, or a file that SQLite keeps beside it", path.display());
                    Error::Other(format!("{what}: {why}").into())
                }
                error => error,
            }),
            DatabaseUrl::Postgres(url) => {
                let pool = Pool::new(postgres::migrate(&url.0).await?, connections)?;
                Ok(Self::Postgres { lookups: Lookups::start(&pool), pool })
            }
        }
    }

    async fn open_sqlite(path: &Path) -> Result<Self> {
        let file = DatabaseFile::prepare(path)?;
        sqlite::migrate(path).await?;
        let writer = sqlite::open_writer(&file)?;
        // The writer has locked its file for as long as it is open, which `usher restore` respects. One that has put another
        // file there before is noticed here.
        file.in_place()?;
        Ok(Self::Sqlite { writer: Writer::start(writer, file.clone())?, readers: Readers::new(file) })
    }

    pub(super) const fn read(&self) -> On<'_> {
        match self {
            Self::Sqlite { readers, .. } => On::Readers(readers),
            Self::Postgres { pool, .. } => On::Pool(pool),
        }
    }

    /// How the connections are used.
    pub(super) fn pools(&self) -> Vec<PoolState> {
        match self {
            Self::Sqlite { readers, writer } => [&readers.states()[..], &[writer.state()]].concat(),
            Self::Postgres { pool, .. } => vec![pool.state()],
        }
    }

    /// All rows of a statement that may be long, or [`Error::Timeout`] when it takes longer than `limit`.
    pub(super) async fn long<T: Record>(&self, statement: Sql, reads: Reads, limit: Duration) -> Result<Vec<T>> {
        match (self, reads) {
            (Self::Sqlite { readers, .. }, _) => {
                let told = statement.tell(Engine::Sqlite);
                told.ended(readers.long(statement, reads, limit).await)
            }
            (Self::Postgres { pool, .. }, Reads::Scans) => {
                let told = statement.tell(Engine::Postgres);
                told.ended(postgres::all_within(pool, statement, limit).await)
            }
            // The connection has a limit for all statements.
            (Self::Postgres { .. }, Reads::Lists) => statement.all(self.read()).await,
        }
    }
}
