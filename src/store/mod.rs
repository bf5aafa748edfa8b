//! The only place that knows the database: every statement stands in this folder, and each carries the project.
//!
//! A function here takes where it runs ([`On`] for reads, [`Tx`] for writes) and the number of the project, and
//! does one thing. Rules that span several of them are written by the caller inside one [`Store::write`].

mod db;
mod error;
mod index;
mod lookup;
mod pool;
mod postgres;
mod row;
mod sql;
mod sqlite;
mod writer;

pub mod attempts;
pub mod backup;
pub mod check;
pub mod copy;
pub mod identities;
pub mod inspect;
pub mod jobs;
pub mod keys;
pub mod list;
pub mod logs;
pub mod memberships;
pub mod mfa;
pub mod passkeys;
pub mod person;
pub mod projects;
pub mod seals;
pub mod search;
pub mod sessions;
pub mod tables;
pub mod targets;
pub mod teams;
pub mod tokens;
pub mod usage;
pub mod users;

use std::time::Duration;

use tokio::time::Instant;

pub use self::db::{Engine, On, PoolState, Tx};
pub use self::error::{Constraint, Error, Result};
use self::postgres::STATEMENT_LIMIT;
pub use self::postgres::check_url;
pub use self::projects::ProjectKey;
pub use self::row::{Column, Record, Row};
use self::sql::{Sql, Value, sql};
pub use self::writer::{Commits, Work};
use crate::config::DatabaseUrl;

/// The open database. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    db: db::Db,
}

impl Store {
    /// Opens the database and brings its tables up to date. A server that cannot be reached is tried again for
    /// `wait`.
    ///
    /// # Errors
    /// When the database cannot be opened, is older than what is supported, or was written by a newer Usher.
    pub async fn open(url: &DatabaseUrl, connections: u32, wait: Duration) -> Result<Self> {
        let deadline = Instant::now() + wait;
        loop {
            match db::Db::open(url, connections).await {
                Ok(db) => return Ok(Self { db }),
                Err(Error::Unavailable(why)) if Instant::now() < deadline => {
                    tracing::warn!(%why, "the database cannot be reached yet, trying again");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Which engine this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.read().engine()
    }

    /// Where reads run.
    #[must_use]
    pub fn read(&self) -> On<'_> {
        self.db.read()
    }

    /// The user with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user(&self, project: ProjectKey, id: &str) -> Result<Option<users::User>> {
        match &self.db {
            db::Db::Sqlite { .. } => users::find(self.read(), project, id).await,
            db::Db::Postgres { lookups, .. } => Box::pin(lookups.user(project, id)).await,
        }
    }

    /// The one entrance for writes: runs `work` in a transaction and answers when its changes are safe on the disk.
    /// An `Err` of `work` undoes them. `work` does not see or share anything of other callers' transactions.
    ///
    /// # Errors
    /// Those of `work`, or why the changes could not be stored.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, Result<T, E>> + Send + 'static,
    {
        match &self.db {
            db::Db::Sqlite { writer, .. } => writer.write(work).await,
            db::Db::Postgres { pool, .. } => {
                let mut tx = Tx::Postgres(postgres::Open::begin(pool).await?);
                let result = work(&mut tx).await;
                let Tx::Postgres(open) = tx else { return result };
                match open.end(if result.is_ok() { "COMMIT" } else { "ROLLBACK" }).await {
                    Ok(()) => result,
                    Err(error) => result.and(Err(error.into())),
                }
            }
        }
    }

    /// As [`Store::write`], for work that on PostgreSQL is one statement and nothing else: such a statement is a
    /// transaction by itself, which saves the round trips of its beginning and end. A second statement is refused.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_at_once<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, Result<T, E>> + Send + 'static,
    {
        match &self.db {
            db::Db::Sqlite { writer, .. } => writer.write(work).await,
            db::Db::Postgres { pool, .. } => work(&mut Tx::Postgres(postgres::Open::once(pool).await?)).await,
        }
    }

    /// How the connections to the database are used.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolState> {
        self.db.pools()
    }

    /// What is counted of the commits of SQLite; none of PostgreSQL, where each write has its own.
    #[must_use]
    pub fn commits(&self) -> Option<&Commits> {
        match &self.db {
            db::Db::Sqlite { writer, .. } => Some(writer.commits()),
            db::Db::Postgres { .. } => None,
        }
    }

    /// Answers when the database does, and is where it was when it was opened.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<()> {
        if let db::Db::Sqlite { readers, .. } = &self.db {
            readers.file().in_place()?;
        }
        sql("SELECT 1").execute(self.read()).await.map(drop)
    }

    /// Finishes what is being written and closes the connections.
    pub async fn close(&self) {
        match &self.db {
            db::Db::Sqlite { readers, writer } => {
                readers.close();
                writer.close().await;
            }
            db::Db::Postgres { pool, .. } => pool.close().await,
        }
    }
}
