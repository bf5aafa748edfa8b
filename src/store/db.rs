//! The two engines: their pools, where a statement runs, and the one macro that forks between them.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use super::pool::{Lent, Pool};
use super::sql::{Record, Sql, sql};
use super::writer::Writer;
use super::{Error, Result};
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
    Sqlite { readers: Pool<Sqlite>, scans: Pool<Sqlite>, writer: Writer },
    Postgres(Pool<Postgres>),
}

/// An open write transaction. It is never committed by the code that uses it, but by [`super::Store::write`].
#[derive(Debug)]
pub enum Tx {
    /// A part of what is written to SQLite at once.
    Sqlite(Part),
    /// A transaction of its own.
    Postgres(Open),
}

/// A savepoint on the one connection that writes to SQLite.
#[derive(Debug)]
pub struct Part {
    pub(super) connection: SqliteConnection,
    /// Whether the savepoint has begun: it does so with the first statement, in the same trip.
    pub(super) begun: bool,
    /// Whether the connection may answer no more. sqlx's thread ends when a statement cannot be compiled anew in the
    /// middle of a text, as when somebody takes a table away, and that after it has told of the error.
    pub(super) suspect: bool,
    /// How the connection was opened.
    pub(super) options: SqliteConnectOptions,
}

/// A connection of PostgreSQL in the middle of a transaction, or before a statement that is one.
#[derive(Debug)]
pub struct Open {
    lent: Lent<Postgres>,
    /// Statements that may follow.
    left: usize,
}

impl Part {
    /// The text of a statement, behind the beginning of the savepoint when it is the first.
    ///
    /// # Errors
    /// [`Error::Unavailable`] behind an error after which the connection may not answer.
    pub(super) fn next(&mut self, text: Cow<'static, str>) -> Result<Cow<'static, str>> {
        if self.suspect {
            return Err(Error::Unavailable("SQLite is to be opened again".into()));
        }
        Ok(match std::mem::replace(&mut self.begun, true) {
            true => text,
            // The one that ends here is that of the part before, or the one that began with the transaction.
            false => format!("RELEASE part; SAVEPOINT part; {text}").into(),
        })
    }

    /// Takes note of what came of a statement.
    pub(super) const fn answered<T>(&mut self, answer: &Result<T>) {
        self.suspect |= matches!(answer, Err(Error::Other(_)));
    }

    /// Puts a new connection in the place of one that answers no more; what was open there is undone by that.
    pub(super) async fn reopen(&mut self) {
        match SqliteConnection::connect_with(&self.options).await {
            Ok(connection) => (self.connection, self.suspect) = (connection, false),
            Err(error) => tracing::error!(%error, "SQLite cannot be opened again"),
        }
    }
}

impl Deref for Part {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Part {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

impl Deref for Open {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.lent.connection
    }
}

impl DerefMut for Open {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.lent.connection
    }
}

impl Open {
    /// Begins a transaction. Until it is ended, the connection is not given to anybody else: PostgreSQL undoes what a
    /// caller who went away has left.
    pub(super) async fn begin(pool: &Pool<Postgres>) -> Result<Self> {
        let mut lent = pool.get().await?;
        lent.hold().execute("BEGIN").await?;
        Ok(Self { lent, left: usize::MAX })
    }

    /// Ends the transaction by `COMMIT` or `ROLLBACK`.
    pub(super) async fn end(mut self, by: &'static str) -> Result<()> {
        self.lent.connection.execute(by).await?;
        self.lent.release();
        Ok(())
    }

    /// Without a transaction, for one statement.
    pub(super) async fn once(pool: &Pool<Postgres>) -> Result<Self> {
        Ok(Self { lent: pool.get().await?, left: 1 })
    }

    /// The connection, for the next statement.
    pub(super) fn next(&mut self) -> Result<&mut PgConnection> {
        self.left = self.left.checked_sub(1).ok_or_else(|| Error::Other("a second statement without BEGIN".into()))?;
        Ok(if self.left == 0 { self.lent.asked() } else { &mut self.lent.connection })
    }

    /// The statement has ended.
    pub(super) fn ended<T>(&mut self, answer: &Result<T>) {
        if self.left == 0 {
            self.lent.answered(answer);
        }
    }
}

/// Where a statement runs: on a pool for a read by itself, or inside a write transaction.
#[derive(Debug)]
pub enum On<'a> {
    /// Any reader of SQLite.
    SqlitePool(&'a Pool<Sqlite>),
    /// One reader of SQLite.
    SqliteReader(&'a mut SqliteConnection),
    /// The writer of SQLite.
    Sqlite(&'a mut Part),
    /// Any connection of PostgreSQL.
    PgPool(&'a Pool<Postgres>),
    /// One connection of PostgreSQL.
    Postgres(&'a mut Open),
}

impl On<'_> {
    /// Which engine will run the statement.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self {
            Self::SqlitePool(_) | Self::SqliteReader(_) | Self::Sqlite(_) => Engine::Sqlite,
            Self::PgPool(_) | Self::Postgres(_) => Engine::Postgres,
        }
    }
}

impl Tx {
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

/// The only fork between the engines. Used by the few functions of [`super::Sql`] that run a statement.
macro_rules! run {
    ($sql:expr, $on:expr, |$text:ident, $args:ident, $executor:ident| $run:expr) => {{
        // With `USHER_LOG_LEVEL=trace` operators see what the database is asked; never the values, which are personal.
        tracing::trace!(target: "usher::sql", statement = %$sql.text, "sql");
        match $on {
            On::SqlitePool(pool) => {
                let $args: sqlx::sqlite::SqliteArguments = $crate::store::sql::arguments($sql.values)?;
                let $text = sqlx::AssertSqlSafe($sql.text);
                let mut lent = pool.get().await?;
                let $executor = lent.asked();
                let answer: Result<_> = async { $run }.await;
                lent.answered(&answer);
                answer
            }
            On::SqliteReader(connection) => {
                let $args: sqlx::sqlite::SqliteArguments = $crate::store::sql::arguments($sql.values)?;
                let $text = sqlx::AssertSqlSafe($sql.text);
                let $executor = connection;
                $run
            }
            On::Sqlite(part) => {
                let $args: sqlx::sqlite::SqliteArguments = $crate::store::sql::arguments($sql.values)?;
                let $text = sqlx::AssertSqlSafe(part.next($sql.text)?);
                let $executor = &mut part.connection;
                let answer: Result<_> = async { $run }.await;
                part.answered(&answer);
                answer
            }
            On::PgPool(pool) => {
                let $args: sqlx::postgres::PgArguments = $crate::store::sql::arguments($sql.values)?;
                let $text = sqlx::AssertSqlSafe($sql.text);
                let mut lent = pool.get().await?;
                let $executor = lent.asked();
                let answer: Result<_> = async { $run }.await;
                lent.answered(&answer);
                answer
            }
            On::Postgres(open) => {
                let $args: sqlx::postgres::PgArguments = $crate::store::sql::arguments($sql.values)?;
                let $text = sqlx::AssertSqlSafe($sql.text);
                let $executor = open.next()?;
                let answer: Result<_> = async { $run }.await;
                open.ended(&answer);
                answer
            }
        }
    }};
}
pub(super) use run;

/// How long a statement may run before it is given up.
pub(super) const STATEMENT_LIMIT: Duration = Duration::from_secs(15);

/// Statements with a time limit that run on SQLite at the same time.
const SCANS: u32 = 4;

/// What a connection that reads SQLite keeps of the file, as SQLite takes it: less than nothing is KiB. The inner pages of
/// two indexes over a million users fit, so that a look-up reads two pages of the file.
const READER_PAGES: &str = "-8192";

/// The same for the connection that writes, which changes all indexes.
const WRITER_PAGES: &str = "-24576";

/// How long a connection to a server may lie idle before it is asked whether the server is still there. Under load none
/// lies longer, and otherwise there is time.
const SERVER_TRUSTED: Duration = Duration::from_millis(1);

/// A connection to a file does not go stale.
const FILE_TRUSTED: Duration = Duration::MAX;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// The oldest PostgreSQL that is supported.
const POSTGRES_MIN: i32 = 140_000;

impl Db {
    /// Opens the database and brings its tables up to date. SQLite's file and folder are created when they are
    /// missing; servers that start on one PostgreSQL at the same time wait for each other.
    pub(super) async fn open(url: &DatabaseUrl, connections: u32) -> Result<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                prepare_file(path)?;
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(5))
                    .pragma("cache_size", WRITER_PAGES)
                    .disable_statement_logging();
                let mut writer = SqliteConnection::connect_with(&options).await?;
                // In one transaction that locks the file first: of programs that start together, as a server and a
                // command do, one applies the migrations and the others find them applied.
                let mut migrating = writer.begin_with("BEGIN IMMEDIATE").await?;
                SQLITE_MIGRATIONS.run(&mut *migrating).await?;
                migrating.commit().await?;
                // A reader that is asked to write fails at once, so such a mistake cannot pass a test.
                let writing = options.clone();
                let options = options.pragma("query_only", "ON");
                // Statements with a time limit have connections of their own, so that they do not stand in the way of
                // others.
                let reading = options.clone().pragma("cache_size", READER_PAGES);
                let readers = Pool::new(reading, sqlite_readers(), FILE_TRUSTED)?;
                let scans = Pool::new(options, SCANS, FILE_TRUSTED)?;
                Ok(Self::Sqlite { readers, scans, writer: Writer::start(writer, writing) })
            }
            DatabaseUrl::Postgres(url) => {
                let options: PgConnectOptions = url.0.parse()?;
                let options = options
                    .application_name("usher")
                    .options([("client_min_messages", "warning")])
                    // What PostgreSQL takes for a long statement here is over before it has compiled it.
                    .options([("jit", "off")])
                    .disable_statement_logging();
                let mut connection = options.connect().await?;
                let (version,): (i32,) =
                    sqlx::query_as("SELECT CAST(current_setting('server_version_num') AS INTEGER)")
                        .fetch_one(&mut connection)
                        .await?;
                if version < POSTGRES_MIN {
                    let found = version / 10_000;
                    return Err(Error::Other(format!("PostgreSQL 14 or newer is needed, this is {found}").into()));
                }
                // On a connection without the time limit: a migration may rewrite a large table.
                POSTGRES_MIGRATIONS.run(&mut connection).await?;
                connection.close().await?;
                let options = options.options([("statement_timeout", STATEMENT_LIMIT.as_millis().to_string())]);
                Ok(Self::Postgres(Pool::new(options, connections, SERVER_TRUSTED)?))
            }
        }
    }

    pub(super) fn read(&self) -> On<'_> {
        match self {
            Self::Sqlite { readers, .. } => On::SqlitePool(readers),
            Self::Postgres(pool) => On::PgPool(pool),
        }
    }

    /// How many statements that look up users run at the same time at most. The fewer they are, the more askers share
    /// one.
    pub(super) const fn lookups(&self) -> usize {
        match self {
            Self::Sqlite { .. } => 1,
            Self::Postgres(_) => 2,
        }
    }

    /// All rows of a statement that may take long, or [`Error::Timeout`] when it takes longer than `limit`.
    pub(super) async fn all_within<T: Record>(&self, statement: Sql, limit: Duration) -> Result<Vec<T>> {
        match self {
            Self::Sqlite { scans, .. } => {
                let mut lent = scans.get().await?;
                let deadline = Instant::now() + limit;
                let in_time = move || Instant::now() < deadline;
                // Asked every 10,000 steps of SQLite's machine, a fraction of a millisecond.
                lent.hold().lock_handle().await?.set_progress_handler(10_000, in_time);
                let rows = statement.all(On::SqliteReader(&mut lent.connection)).await;
                lent.connection.lock_handle().await?.remove_progress_handler();
                lent.answered(&rows);
                rows
            }
            Self::Postgres(pool) => {
                let mut open = Open::begin(pool).await?;
                sql("SELECT set_config('statement_timeout', $1, TRUE)")
                    .bind(limit.as_millis().to_string())
                    .execute(On::Postgres(&mut open))
                    .await?;
                let rows = statement.all(On::Postgres(&mut open)).await;
                open.end("ROLLBACK").await?;
                rows
            }
        }
    }
}

/// Makes the file of SQLite, and its folder, readable by nobody else. SQLite gives the files beside it the same rights.
fn prepare_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop).or_else(|error| {
        // A database that may only be read is SQLite's to judge.
        if path.exists() { Ok(()) } else { Err(error) }
    })
}

/// Each reader of SQLite is a thread; more than half the cores only pass work back and forth.
fn sqlite_readers() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from((cores / 2).clamp(1, 8)).unwrap_or(1)
}
