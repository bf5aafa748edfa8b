//! Whether the database is as it must be: the tables as the migrations make them, no row without the one that it hangs on, and nothing
//! derived that says anything else than what it is derived from. What is derived can be mended; a row that is not derived is never
//! changed nor removed.
//!
//! Rows are looked at in pages, while others write. A page is read by several statements, so what looks wrong in it is looked at a
//! second time, in a write transaction that nobody can change it under; only what is wrong then is a fault. Everything else is
//! compared within one statement, or one snapshot, in which it must be right.

mod fts;
mod integrity;
mod memberships;
mod names;
mod orphans;
mod rows;
mod schema;
mod sealed;
mod sequences;
mod totals;
mod users;

use std::collections::BTreeSet;
use std::time::Duration;

use rusqlite::Connection;

use self::rows::{KINDS, Kind};
use super::db::Db;
use super::row::record;
use super::search::{self, Index};
use super::sqlite::{Reads, open_reader};
use super::{Engine, Error, ProjectKey, Record, Result, Sql, Store, Tx, sql};
use crate::secret::Seal;

/// How long a statement that reads may take; some read a table from end to end.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Rows that one transaction looks at a second time, or changes, at most.
const FEW: usize = 50;

/// Orphans of one kind that are listed; a database with more has lost more than a list can tell.
const LISTED: i64 = 1000;

/// What a check has found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Projects that were looked at.
    pub projects: u64,
    /// Rows that were looked at one by one: users, identities, memberships, teams and passkeys.
    pub rows: u64,
    /// Faults, with those that were mended.
    pub faults: u64,
    /// Faults that were mended.
    pub mended: u64,
    /// Sealed values that could not be tried, since there is no secret.
    pub untried: u64,
}

/// Looks at everything. Each fault is told in a line, as soon as it is found; with `repair` those of derived values are mended.
/// `seal` is tried on what is sealed.
///
/// # Errors
/// Those of the database.
pub async fn run(store: &Store, seal: Option<&Seal>, repair: bool, tell: &mut dyn FnMut(&str)) -> Result<Checked> {
    let mut check = Check { store, repair, tell, found: Checked::default() };
    let engine = store.engine();
    if !schema::all(&mut check).await? {
        return Ok(check.found);
    }
    let broken = match engine {
        Engine::Sqlite => integrity::pages(&mut check).await?,
        Engine::Postgres => BTreeSet::new(),
    };
    let orphaned = orphans::all(&mut check).await?;
    if engine == Engine::Sqlite {
        integrity::foreign_keys(&mut check, &orphaned).await?;
    }
    let projects: Vec<Project> = sql("SELECT seq, id FROM projects ORDER BY seq").all(store.read()).await?;
    for project in &projects {
        check.found.projects += 1;
        for kind in KINDS {
            check.rows(kind, project).await?;
        }
        totals::of_users(&mut check, project).await?;
        totals::of_labels(&mut check, project).await?;
        sealed::all(&mut check, project, seal).await?;
    }
    match engine {
        Engine::Sqlite => {
            for index in [Index::Users, Index::Identities].into_iter().filter(|index| !broken.contains(index)) {
                fts::all(&mut check, index, &projects, fts::Telling::Each).await?;
            }
        }
        Engine::Postgres => sequences::all(&mut check).await?,
    }
    Ok(check.found)
}

/// A project, by its number and its id.
#[derive(Debug, Clone)]
struct Project {
    seq: i64,
    id: String,
}

record! { Project { seq, id } }

impl Project {
    const fn key(&self) -> ProjectKey {
        ProjectKey(self.seq)
    }
}

/// A check that goes on.
struct Check<'a> {
    store: &'a Store,
    repair: bool,
    tell: &'a mut dyn FnMut(&str),
    found: Checked,
}

/// Where a page is read.
enum At<'a> {
    /// Outside of transactions.
    Store(&'a Store),
    /// Inside of one that may write.
    Tx(&'a mut Tx),
}

impl At<'_> {
    const fn engine(&self) -> Engine {
        match self {
            Self::Store(store) => match store.db {
                Db::Sqlite { .. } => Engine::Sqlite,
                Db::Postgres { .. } => Engine::Postgres,
            },
            Self::Tx(tx) => tx.engine(),
        }
    }

    async fn all<T: Record>(&mut self, statement: Sql) -> Result<Vec<T>> {
        match self {
            Self::Store(store) => store.db.long(statement, Reads::Scans, LIMIT).await,
            Self::Tx(tx) => statement.all(tx.on()).await,
        }
    }
}

/// What makes something derived right again.
#[derive(Debug)]
enum Mend {
    /// A statement.
    Run(Sql),
    /// A text of a row in the index of the search.
    Index(Index, i64, String),
}

impl Mend {
    async fn make(self, tx: &mut Tx, project: ProjectKey) -> Result<()> {
        match self {
            Self::Run(statement) => statement.execute(tx.on()).await.map(drop),
            Self::Index(index, seq, text) => search::mend(tx, index, project, seq, &text).await,
        }
    }
}

impl Check<'_> {
    /// All rows of a statement that may take long.
    async fn all<T: Record>(&self, statement: Sql) -> Result<Vec<T>> {
        At::Store(self.store).all(statement).await
    }

    /// Runs something on a connection of SQLite of its own, away from the threads that do other things.
    async fn alone<T: Send + 'static>(&self, run: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Result<T> {
        let Db::Sqlite { readers, .. } = &self.store.db else {
            return Err(Error::Other("only SQLite has files to read".into()));
        };
        let path = readers.file().path().to_owned();
        let reading = tokio::task::spawn_blocking(move || run(&open_reader(&path)?));
        reading.await.map_err(|error| Error::Other(Box::new(error)))?
    }

    /// Tells a fault.
    fn fault(&mut self, line: &str, mended: bool) {
        self.found.faults += 1;
        self.found.mended += u64::from(mended);
        if mended {
            (self.tell)(&format!("{line}; mended"));
        } else {
            (self.tell)(line);
        }
    }

    /// Makes something right in a transaction without the limit of time that requests have, if it shall be; whether it did.
    async fn mend(&self, project: ProjectKey, mends: Vec<Mend>) -> Result<bool> {
        if !self.repair {
            return Ok(false);
        }
        let work = self.store.write(move |tx| {
            Box::pin(async move {
                if tx.engine() == Engine::Postgres {
                    sql("SELECT set_config('statement_timeout', '0', TRUE)").execute(tx.on()).await?;
                }
                for mend in mends {
                    mend.make(tx, project).await?;
                }
                Ok::<_, Error>(())
            })
        });
        work.await.map(|()| true)
    }

    /// Looks at all rows of a kind in a project.
    async fn rows(&mut self, kind: Kind, project: &Project) -> Result<()> {
        let mut range = rows::Range::all();
        loop {
            let page = kind.look(&mut At::Store(self.store), project.key(), range).await?;
            self.found.rows += page.rows;
            for suspects in page.suspects.chunks(FEW) {
                self.again(kind, project, suspects.iter().map(|suspect| suspect.seq).collect()).await?;
            }
            let Some(last) = page.last else { return Ok(()) };
            range = range.behind(last);
        }
    }

    /// Looks at some rows once more, in a transaction, and mends them in it if that is wanted.
    async fn again(&mut self, kind: Kind, project: &Project, rows: Vec<i64>) -> Result<()> {
        let (key, repair) = (project.key(), self.repair);
        let work = self.store.write(move |tx| {
            Box::pin(async move {
                let mut lines = Vec::new();
                for seq in rows {
                    let range = rows::Range::one(seq);
                    kind.lock(tx, key, range).await?;
                    for suspect in kind.look(&mut At::Tx(tx), key, range).await?.suspects {
                        for (what, mends) in suspect.wrong {
                            let mending = mends.filter(|_| repair);
                            lines.push((format!("{}: {what}", suspect.who), mending.is_some()));
                            for mend in mending.into_iter().flatten() {
                                mend.make(tx, key).await?;
                            }
                        }
                    }
                }
                Ok::<_, Error>(lines)
            })
        });
        for (line, mended) in work.await? {
            self.fault(&format!("project {}: {line}", project.id), mended);
        }
        Ok(())
    }
}
