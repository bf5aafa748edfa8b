//! SQLite: its connections, and how a statement runs on one. The library is called where the work is, without a thread in
//! between: a look-up takes some microseconds, less than passing it on would. What may take longer runs on the threads that
//! tokio keeps for that, and what writes on one of its own.

mod file;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, Statement, ToSql};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub(super) use self::file::DatabaseFile;
use super::backup::{self, with_ending};
use super::db::PoolState;
use super::pool::ACQUIRE_LIMIT;
use super::row::Row;
use super::sql::Value;
use super::{Error, Record, Result, Sql, inspect, with_causes};
use crate::metrics::Gauge;

/// What a connection that serves requests keeps of the file, in KiB. The inner pages of two indexes over a million users
/// fit, so that a look-up reads two pages of the file.
const SERVING_PAGES: i64 = 8192;

/// The same for one that reads what may be long: it will hardly need the same page twice.
const LONG_PAGES: i64 = 2048;

/// How much of the file is mapped into memory, in bytes.
const MAPPED: i64 = 1 << 40;

/// The same for the connection that writes, which changes all indexes.
const WRITER_PAGES: i64 = 16_384;

/// How long a connection waits for another process.
const BUSY_LIMIT: Duration = Duration::from_secs(5);

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 128;

/// Steps of SQLite's machine between looks at the clock, a fraction of a millisecond.
pub(super) const STEPS: i32 = 10_000;

/// Statements that may be long, of each kind, that run at the same time.
const LONG: usize = 4;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Brings the tables of a file up to date.
pub(super) async fn migrate(path: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .foreign_keys(true)
        .busy_timeout(BUSY_LIMIT)
        .disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options).await?;
    // In one transaction that locks the file first: of programs that start together, as a server and a command do, one
    // applies the migrations and the others find them applied.
    let mut migrating = connection.begin_with("BEGIN IMMEDIATE").await?;
    if let Some(first) = inspect::first_missing(&mut migrating).await? {
        copy_before(path, first).await?;
    }
    MIGRATIONS.run(&mut *migrating).await?;
    migrating.commit().await?;
    Ok(connection.close().await?)
}

/// Copies a database beside itself before a migration changes it. What was made before the same migration once is replaced.
async fn copy_before(path: &Path, migration: i64) -> Result<()> {
    let copy = with_ending(path, &format!(".before-{migration:04}"));
    tracing::info!(copy = %copy.display(), "the database is copied before migrations change it");
    let source = path.to_owned();
    let made = tokio::task::spawn_blocking(move || backup::make(&source, &copy, true, || false)).await;
    match made {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => {
            let why = with_causes(&error);
            Err(Error::Other(format!("no copy could be made before migrations, so none was applied: {why}").into()))
        }
        Err(error) => Err(Error::Other(Box::new(error))),
    }
}

fn open(file: &DatabaseFile, pages: i64) -> Result<Connection> {
    let connection =
        Connection::open_with_flags(file.path(), OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // As long as nothing was read, its log was not looked for.
    file.in_place()?;
    connection.busy_timeout(BUSY_LIMIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // One plan for a statement, whatever its values. Otherwise it would be compiled anew for each of them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Pages are read where the system has them in memory.
    connection.pragma_update(None, "mmap_size", MAPPED)?;
    // Less than nothing is KiB.
    connection.pragma_update(None, "cache_size", -pages)?;
    Ok(connection)
}

/// A connection for whoever reads the whole file, and may make tables of its own beside it.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_LIMIT)?;
    Ok(connection)
}

/// The connection that writes.
pub(super) fn open_writer(file: &DatabaseFile) -> Result<Connection> {
    open(file, WRITER_PAGES)
}

/// A connection that reads a file as a whole.
pub(super) fn open_snapshot(path: &Path) -> Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_LIMIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "mmap_size", MAPPED)?;
    connection.pragma_update(None, "cache_size", -LONG_PAGES)?;
    Ok(connection)
}

/// Connections that read.
#[derive(Debug, Clone)]
pub struct Readers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    file: DatabaseFile,
    /// For the threads that serve requests: at most one for each of them.
    serving: Free,
    /// For lists and searches.
    lists: Long,
    /// For what no index answers, which shall not keep the others waiting.
    scans: Long,
    closed: CancellationToken,
}

/// Connections that nobody uses, the one used last at the end.
#[derive(Debug)]
struct Free {
    connections: Mutex<Connections>,
    pages: i64,
}

#[derive(Debug, Default)]
struct Connections {
    unused: Vec<Connection>,
    /// How many others are in use.
    used: usize,
}

/// What was taken from those.
struct Lent<'f>(Option<Connection>, &'f Free);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut connections = self.1.connections();
        connections.used -= 1;
        connections.unused.extend(self.0.take());
    }
}

/// Connections for statements that may be long, and places for those who use them.
#[derive(Debug)]
struct Long {
    free: Free,
    places: Arc<Semaphore>,
    waiting: Gauge,
}

/// What a statement that may be long does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// It finds rows by an index, perhaps many.
    Lists,
    /// It reads texts one by one.
    Scans,
}

impl Free {
    fn new(pages: i64) -> Self {
        Self { connections: Mutex::default(), pages }
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that was used last, if any is left. It counts as used, also while it is opened, until this is dropped, and what is
    /// in it then is kept.
    fn lend(&self) -> Lent<'_> {
        let mut connections = self.connections();
        connections.used += 1;
        Lent(connections.unused.pop(), self)
    }

    fn state(&self, name: &'static str, most: Option<usize>, waiting: u64) -> PoolState {
        let waiting = usize::try_from(waiting).unwrap_or(usize::MAX);
        let connections = self.connections();
        PoolState { name, used: connections.used, open: connections.used + connections.unused.len(), most, waiting }
    }
}

impl Long {
    fn new() -> Self {
        Self { free: Free::new(LONG_PAGES), places: Arc::new(Semaphore::new(LONG)), waiting: Gauge::default() }
    }

    fn state(&self, name: &'static str) -> PoolState {
        self.free.state(name, Some(LONG), self.waiting.get())
    }
}

impl Readers {
    pub(super) fn new(file: DatabaseFile) -> Self {
        Self(Arc::new(Shared {
            file,
            serving: Free::new(SERVING_PAGES),
            lists: Long::new(),
            scans: Long::new(),
            closed: CancellationToken::new(),
        }))
    }

    /// Runs something on a connection that nobody else has: the one that was used last, or a new one.
    ///
    /// # Errors
    /// Those of `run`, and when the database is closed or cannot be opened.
    pub fn with<T>(&self, run: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.with_one_of(&self.0.serving, run)
    }

    fn with_one_of<T>(&self, free: &Free, run: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        if self.0.closed.is_cancelled() {
            return Err(Error::Unavailable("the database is closed".into()));
        }
        let mut lent = free.lend();
        let connection = match lent.0.take() {
            Some(connection) => connection,
            None => {
                let connection = open(&self.0.file, free.pages)?;
                // A reader that is asked to write fails at once, so such a mistake cannot pass a test.
                connection.pragma_update(None, "query_only", true)?;
                connection
            }
        };
        let answer = run(&connection);
        // One that met more than its statement's own fault, or a panic, is not used again.
        if !matches!(answer, Err(Error::Unavailable(_) | Error::Busy(_) | Error::Other(_)))
            && !self.0.closed.is_cancelled()
        {
            lent.0 = Some(connection);
        }
        answer
    }

    /// The file.
    pub(super) fn file(&self) -> &DatabaseFile {
        &self.0.file
    }

    /// All rows.
    pub(super) fn all<T: Record>(&self, statement: &Sql) -> Result<Vec<T>> {
        self.with(|connection| all(connection, statement))
    }

    /// Runs a statement.
    pub(super) fn execute(&self, statement: &Sql) -> Result<u64> {
        self.with(|connection| execute(connection, statement))
    }

    /// All rows of a statement that may be long, away from the threads that serve requests. It ends at the limit, and when
    /// nobody waits for it any more.
    pub(super) async fn long<T: Record>(&self, statement: Sql, reads: Reads, limit: Duration) -> Result<Vec<T>> {
        let late = || Error::Unavailable("no connection was free in time".into());
        let long = self.of(reads);
        let waiting = long.waiting.hold();
        let place = timeout(ACQUIRE_LIMIT, Arc::clone(&long.places).acquire_owned()).await;
        let place = place.ok().and_then(Result::ok).ok_or_else(late)?;
        drop(waiting);
        let (readers, left) = (self.clone(), self.0.closed.child_token());
        let waiting = left.clone().drop_guard();
        let reading = tokio::task::spawn_blocking(move || {
            // Taken along, so that the place is free when the statement has ended and not when its caller has left.
            let _place = place;
            readers.with_one_of(&readers.of(reads).free, |connection| {
                let deadline = Instant::now() + limit;
                let ended = move || Instant::now() >= deadline || left.is_cancelled();
                connection.progress_handler(STEPS, Some(ended))?;
                let rows = all(connection, &statement);
                connection.progress_handler(STEPS, None::<fn() -> bool>)?;
                rows
            })
        });
        let rows = reading.await.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Unavailable("the program is ending".into())),
        });
        drop(waiting);
        rows
    }

    /// How the connections are used.
    pub(super) fn states(&self) -> [PoolState; 3] {
        let shared = &self.0;
        // At most one for each thread that serves requests, none of which waits for another.
        [shared.serving.state("serving", None, 0), shared.lists.state("lists"), shared.scans.state("scans")]
    }

    fn of(&self, reads: Reads) -> &Long {
        match reads {
            Reads::Lists => &self.0.lists,
            Reads::Scans => &self.0.scans,
        }
    }

    /// Closes those that are not in use, and ends what runs on the others before it closes those; no more are opened.
    pub(super) fn close(&self) {
        self.0.closed.cancel();
        for free in [&self.0.serving, &self.0.lists.free, &self.0.scans.free] {
            free.connections().unused.clear();
        }
    }
}

/// All rows.
pub(super) fn all<T: Record>(connection: &Connection, sql: &Sql) -> Result<Vec<T>> {
    with(connection, sql, |statement| {
        let (mut rows, mut all) = (statement.raw_query(), Vec::new());
        while let Some(row) = rows.next()? {
            all.push(T::read(&mut Row::sqlite(row))?);
        }
        Ok(all)
    })
}

/// Runs a statement; the number of rows it changed.
pub(super) fn execute(connection: &Connection, sql: &Sql) -> Result<u64> {
    with(connection, sql, |statement| {
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        Ok(connection.changes())
    })
}

fn with<T>(connection: &Connection, sql: &Sql, run: impl FnOnce(&mut Statement<'_>) -> Result<T>) -> Result<T> {
    if sql.is_kept() {
        let mut statement = connection.prepare_cached(&sql.text)?;
        bind(&mut statement, &sql.values)?;
        run(&mut statement)
    } else {
        let mut statement = connection.prepare(&sql.text)?;
        bind(&mut statement, &sql.values)?;
        run(&mut statement)
    }
}

/// SQLite numbers parameters by their first occurrence and takes `$7` for a name.
fn bind(statement: &mut Statement<'_>, values: &[Value]) -> Result<()> {
    for parameter in 1..=statement.parameter_count() {
        let number = statement.parameter_name(parameter).and_then(|name| name.get(1..)?.parse::<usize>().ok());
        let value = number.and_then(|number| values.get(number.checked_sub(1)?));
        let value = value.ok_or_else(|| Error::Other("a parameter of a statement has no value".into()))?;
        statement.raw_bind_parameter(parameter, value)?;
    }
    Ok(())
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(value) => value.as_ref().map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())),
            Self::Int(value) => value.map_or(ValueRef::Null, ValueRef::Integer),
            Self::Bool(value) => value.map_or(ValueRef::Null, |is| ValueRef::Integer(is.into())),
            Self::Bytes(value) => value.as_ref().map_or(ValueRef::Null, |bytes| ValueRef::Blob(bytes)),
        }))
    }
}

#[cfg(test)]
mod tests;
