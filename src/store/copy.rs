//! Copying a whole database into another, of the same engine or the other one: all rows with their numbers, or nothing.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::tables::{Rows, TABLES, Table};
use super::{Engine, Error, ProjectKey, Result, Store, Tx, Value, inspect, projects, search, sql};
use crate::config::DatabaseUrl;
use crate::secret::{hex, random};

/// Rows that are in memory at a time: tens of megabytes where all have the longest preferences.
const BATCH: i64 = 500;

/// A table that was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// The SHA-256 of all values in their order, in hexadecimal; the same on both engines.
    pub digest: String,
}

/// What is told while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many rows are to be copied.
    All(u64),
    /// So many more are copied.
    Copied(u64),
    /// All are copied, and are read again to be compared.
    Compares,
    /// So many more are read again.
    Compared(u64),
}

/// Who is told.
pub type Told = Box<dyn Fn(Step) + Send + Sync>;

/// Why nothing was copied.
#[derive(Debug)]
pub enum Failure {
    /// There is no such file.
    Absent,
    /// The source lacks so many migrations of all.
    Older {
        /// Those that it lacks.
        missing: usize,
        /// All that there are.
        all: usize,
    },
    /// The source cannot be read.
    Source(Error),
    /// Both are the same database.
    Same,
    /// There are projects in the target.
    Taken,
    /// What was stored in this table is not what was read.
    Differs(&'static str),
    /// The target cannot be written.
    Target(Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("there is no such file"),
            Self::Older { missing, all } => write!(
                f,
                "{missing} of {all} migrations are missing there; bring it up to date first, by `usher migrate`"
            ),
            Self::Source(error) => write!(f, "it cannot be read: {error}"),
            Self::Same => f.write_str("both are the same database"),
            Self::Taken => f.write_str("there are projects in it; only into an empty database is copied"),
            Self::Differs(table) => write!(f, "what was stored in {table} is not what was read"),
            Self::Target(error) => write!(f, "it cannot be written: {error}"),
        }
    }
}

impl std::error::Error for Failure {}

/// What fails in the transaction of the target is the target's, unless it is said otherwise.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Target(error)
    }
}

/// Copies everything that `from` holds at one moment into `to`, which is made and migrated, and compares it. Servers may go
/// on with `from`, which is only read. In `to` everything is stored by one transaction.
///
/// # Errors
/// Why nothing was copied.
pub async fn run(from: &DatabaseUrl, to: &DatabaseUrl, told: Option<Told>) -> Result<Vec<Copied>, Failure> {
    if let DatabaseUrl::Sqlite(path) = from
        && !path.try_exists().map_err(|error| Failure::Source(error.into()))?
    {
        return Err(Failure::Absent);
    }
    let found = inspect::condition(from).await.map_err(Failure::Source)?;
    if found.missing > 0 {
        return Err(Failure::Older { missing: found.missing, all: found.all });
    }
    if let (DatabaseUrl::Sqlite(from), DatabaseUrl::Sqlite(to)) = (from, to)
        && is_same(from, to)
    {
        return Err(Failure::Same);
    }
    let mut source = Tx::snapshot(from).await.map_err(Failure::Source)?;
    let target = Store::open(to, 1, Duration::ZERO).await?;
    let copied = target.write(move |tx| Box::pin(async move { transfer(&mut source, tx, told).await })).await;
    target.close().await;
    copied
}

/// Whether both names are of one file.
fn is_same(a: &Path, b: &Path) -> bool {
    let file = |path: &Path| path.metadata().map(|file| (file.dev(), file.ino())).ok();
    file(a).is_some_and(|a| Some(a) == file(b))
}

async fn transfer(source: &mut Tx, target: &mut Tx, told: Option<Told>) -> Result<Vec<Copied>, Failure> {
    keep_others_out(source, target).await?;
    let projects = projects::keys(source.on()).await.map_err(Failure::Source)?;
    if let Some(told) = &told {
        told(Step::All(count(source, &projects).await.map_err(Failure::Source)?));
    }
    let tell = |step| told.iter().for_each(|told| told(step));
    let mut read: Vec<Sum> = TABLES.iter().map(Sum::new).collect();
    for project in &projects {
        for sum in &mut read {
            let mut rows = Rows::of(sum.table, *project, sum.table.columns.iter().collect(), BATCH);
            while let Some(batch) = rows.next(source.on()).await.map_err(Failure::Source)? {
                sum.add(&batch);
                tell(Step::Copied(batch.len() as u64));
                store(target, sum.table, batch).await?;
            }
        }
        search::fill(target, *project).await?;
    }
    for table in TABLES.iter().filter(|table| table.has("seq")) {
        let last = last_number(source, table).await.map_err(Failure::Source)?;
        go_on_behind(target, table, last).await?;
    }
    tell(Step::Compares);
    let mut stored: Vec<Sum> = TABLES.iter().map(Sum::new).collect();
    for project in projects::keys(target.on()).await? {
        for sum in &mut stored {
            let mut rows = Rows::of(sum.table, project, sum.table.columns.iter().collect(), BATCH);
            while let Some(batch) = rows.next(target.on()).await? {
                sum.add(&batch);
                tell(Step::Compared(batch.len() as u64));
            }
        }
    }
    let copied = read.into_iter().zip(stored).map(|(read, stored)| {
        let (read, stored) = (read.done(), stored.done());
        if read == stored { Ok(stored) } else { Err(Failure::Differs(read.table)) }
    });
    copied.collect()
}

/// Sees to it that nobody else makes projects in the target, that there are none, and that it is not the source.
async fn keep_others_out(source: &mut Tx, target: &mut Tx) -> Result<(), Failure> {
    if target.engine() == Engine::Postgres {
        sql("LOCK TABLE projects IN SHARE ROW EXCLUSIVE MODE").execute(target.on()).await?;
        // Reading what was stored, and filling the index of the search, may take long.
        sql("SELECT set_config('statement_timeout', '0', TRUE)").execute(target.on()).await?;
        if source.engine() == Engine::Postgres {
            // Locks are of one database, and this one is known to nobody else.
            let lock = i64::from_le_bytes(random());
            let taken = sql("SELECT pg_advisory_xact_lock($1)").bind(lock).execute(source.on()).await;
            taken.map_err(Failure::Source)?;
            let (other,): (bool,) = sql("SELECT pg_try_advisory_xact_lock($1)").bind(lock).one(target.on()).await?;
            if !other {
                return Err(Failure::Same);
            }
        }
    }
    if projects::keys(target.on()).await?.is_empty() { Ok(()) } else { Err(Failure::Taken) }
}

/// How many rows there are.
async fn count(source: &mut Tx, projects: &[ProjectKey]) -> Result<u64> {
    let mut all = 0;
    for project in projects {
        for table in TABLES {
            let (rows,): (i64,) = table.count(*project).one(source.on()).await?;
            all += rows.unsigned_abs();
        }
    }
    Ok(all)
}

/// Stores rows: on PostgreSQL by one statement, on SQLite by one that is prepared once.
async fn store(target: &mut Tx, table: &Table, rows: Vec<Vec<Value>>) -> Result<()> {
    match target.engine() {
        Engine::Postgres => table.insert(Engine::Postgres, rows).execute(target.on()).await.map(drop),
        Engine::Sqlite => {
            for row in rows {
                table.insert(Engine::Sqlite, [row]).execute(target.on()).await?;
            }
            Ok(())
        }
    }
}

/// The largest number that a row of the table ever had, as far as the engine knows; none when there was no row.
async fn last_number(source: &mut Tx, table: &'static Table) -> Result<Option<i64>> {
    let (engine, project_numbers) = (source.engine(), table.project() == "seq");
    let last = match engine {
        Engine::Postgres => {
            sql("SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence($1, 'seq') AS REGCLASS))").bind(table.name)
        }
        Engine::Sqlite if project_numbers => {
            sql("SELECT max(seq) FROM sqlite_sequence WHERE name = $1").bind(table.name)
        }
        // A number is the largest one that there is and one more.
        Engine::Sqlite => {
            let mut last = sql("SELECT max(seq) FROM ");
            last.push(table.name);
            last
        }
    };
    let (last,): (Option<i64>,) = last.one(source.on()).await?;
    Ok(last)
}

/// Has the next row get a larger number than this one.
async fn go_on_behind(target: &mut Tx, table: &'static Table, last: Option<i64>) -> Result<()> {
    let Some(last) = last else { return Ok(()) };
    let set: &[&'static str] = match target.engine() {
        Engine::Postgres => &["SELECT setval(CAST(pg_get_serial_sequence($1, 'seq') AS REGCLASS), $2)"],
        Engine::Sqlite if table.project() == "seq" => &[
            "DELETE FROM sqlite_sequence WHERE name = $1 AND seq < $2",
            "INSERT INTO sqlite_sequence (name, seq) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)",
        ],
        Engine::Sqlite => &[],
    };
    for statement in set {
        sql(statement).bind(table.name).bind(last).execute(target.on()).await?;
    }
    Ok(())
}

/// What sums up a table: its rows, and a digest of their values.
struct Sum {
    table: &'static Table,
    rows: u64,
    digest: Sha256,
}

impl Sum {
    fn new(table: &'static Table) -> Self {
        Self { table, rows: 0, digest: Sha256::new() }
    }

    fn add(&mut self, rows: &[Vec<Value>]) {
        self.rows += rows.len() as u64;
        for value in rows.iter().flatten() {
            let number: [u8; 8];
            // A letter for each kind and for none, so that no value is taken for another one.
            let (kind, bytes): (u8, &[u8]) = match value {
                Value::Int(Some(value)) => {
                    number = value.to_be_bytes();
                    (b'i', &number)
                }
                Value::Bool(Some(value)) => (b'b', if *value { &[1] } else { &[0] }),
                Value::Text(Some(text)) => (b't', text.as_bytes()),
                Value::Bytes(Some(bytes)) => (b'x', bytes),
                Value::Int(None) | Value::Bool(None) | Value::Text(None) | Value::Bytes(None) => (b'n', &[]),
            };
            self.digest.update([kind]);
            self.digest.update((bytes.len() as u64).to_be_bytes());
            self.digest.update(bytes);
        }
    }

    fn done(self) -> Copied {
        Copied { table: self.table.name, rows: self.rows, digest: hex(&self.digest.finalize()) }
    }
}
