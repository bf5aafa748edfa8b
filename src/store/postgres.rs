//! PostgreSQL: its connections and transactions, and how a statement runs there.
//!
//! What is set for a connection, and statements that are prepared on it, are of no use behind a pooler such as `PgBouncer`, where each
//! transaction may be on another connection of the server. There each statement is in a transaction, which begins with the
//! settings, and nothing is prepared for later.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _};
use tokio::time::timeout;

use super::pool::{ACQUIRE_LIMIT, Kept, Lent, Pool};
use super::row::Row;
use super::sql::{Value, sql};
use super::{Engine, Error, Record, Result, Sql};
use crate::trace;

/// How long a statement may run before it is given up.
pub(super) const STATEMENT_LIMIT: Duration = Duration::from_secs(15);

/// The oldest version that is supported.
const OLDEST: i32 = 140_000;

pub(super) static MIGRATIONS: Migrator = Migrator { locking: false, ..sqlx::migrate!("migrations/postgres") };

/// Begins a transaction that migrates: once no other server does, and without a limit of time, since a migration may rewrite a
/// large table. The lock ends with the transaction, also where a pooler gives the connection to somebody else.
const BEGIN_MIGRATING: &str =
    "BEGIN; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(7310868735423341413)";

/// Begins a transaction behind a pooler, with the settings that [`connect`] asks for where there is none.
const BEGIN_SHARED: &str =
    "BEGIN; SET LOCAL jit = off; SET LOCAL work_mem = '32MB'; SET LOCAL statement_timeout = 15000";

/// Makes a schema that no other transaction will ever see.
const ANEW: &str = "CREATE SCHEMA usher_as_migrated; SET LOCAL search_path = usher_as_migrated";

/// A setting that nothing reads. A session that has it is the server's own.
const DIRECT: &str = "usher.direct";

/// How to connect.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) options: PgConnectOptions,
    /// Whether a pooler is in between.
    pub(super) shared: bool,
}

/// Looks whether this is the address of a server, without asking it.
///
/// # Errors
/// What is wrong with it, in words that have no name and no password in them.
pub fn check_url(url: &str) -> std::result::Result<(), String> {
    match url.parse::<PgConnectOptions>() {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Configuration(reason)) => Err(reason.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Brings the tables up to date, all or none; servers that start on one database at the same time wait for each other. How to
/// connect from then on.
pub(super) async fn migrate(url: &str) -> Result<Way> {
    let (mut connection, mut way) = connect(url).await?;
    let mut migrating = connection.begin_with(BEGIN_MIGRATING).await.map_err(begun)?;
    MIGRATIONS.run(&mut *migrating).await?;
    // Behind a pooler they would be in the way of the next server that migrates on this connection.
    migrating.clear_cached_statements().await?;
    migrating.commit().await?;
    connection.close().await?;
    if way.shared {
        tracing::info!("there is a connection pooler before PostgreSQL: each statement is a transaction there");
    } else {
        way.options = way.options.options([("statement_timeout", STATEMENT_LIMIT.as_millis().to_string())]);
    }
    Ok(way)
}

/// A connection without a time limit for statements, to a server that is new enough, and how it was made.
pub(super) async fn connect(url: &str) -> Result<(PgConnection, Way)> {
    let mut options: PgConnectOptions = url.parse()?;
    if options.get_application_name().is_none() {
        options = options.application_name("usher");
    }
    // A pooler may not know that parameter, and numbers with fractions are not used.
    let plain = options.extra_float_digits(None).disable_statement_logging();
    let direct = plain
        .clone()
        .options([("client_min_messages", "warning")])
        // What PostgreSQL takes for a long statement here is over before it has compiled it.
        .options([("jit", "off")])
        // The default holds what a search finds in some 60,000 pages of its table; beyond that PostgreSQL compares the hashes
        // of all rows of a page, which takes ten times as long.
        .options([("work_mem", "32MB")])
        .options([(DIRECT, "on")]);
    let (mut connection, options) = match open(&direct).await {
        Err(Error::Unavailable(why)) if why.contains("unsupported startup parameter") => (open(&plain).await?, plain),
        opened => (opened?, direct),
    };
    // As a text without values, which a pooler passes on at once.
    let asked = "SELECT CAST(current_setting('server_version_num') AS INTEGER), current_setting('usher.direct', TRUE)";
    let found = sqlx::raw_sql(asked).fetch_one(&mut connection).await?;
    let (version, is_direct): (i32, Option<String>) = (found.try_get(0)?, found.try_get(1)?);
    if version < OLDEST {
        let found = version / 10_000;
        return Err(Error::Other(format!("PostgreSQL 14 or newer is needed, this is {found}").into()));
    }
    let shared = is_direct.as_deref() != Some("on");
    Ok((connection, Way { options, shared }))
}

async fn open(options: &PgConnectOptions) -> Result<PgConnection> {
    let late = || Error::Unavailable(format!("no answer within {} s", ACQUIRE_LIMIT.as_secs()).into());
    Ok(timeout(ACQUIRE_LIMIT, options.connect()).await.map_err(|_| late())??)
}

/// Why a transaction does not begin.
pub(super) fn begun(error: sqlx::Error) -> Error {
    match Error::from(error) {
        // PgBouncer's words.
        Error::Unavailable(why) if why.contains("statement pooling mode") => {
            Error::Other("PgBouncer needs pool_mode = session or transaction, not statement".into())
        }
        error => error,
    }
}

/// A connection in the middle of a transaction, or before a statement that is one.
#[derive(Debug)]
pub struct Open {
    lent: Lent,
    /// Statements that may follow.
    left: usize,
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
    pub(super) async fn begin(pool: &Pool) -> Result<Self> {
        if pool.is_shared() {
            return Self::begin_shared(pool, usize::MAX).await;
        }
        let mut lent = pool.get().await?;
        let _told = trace::statement(Engine::Postgres.system(), &Cow::Borrowed("BEGIN"));
        lent.hold().execute("BEGIN").await?;
        Ok(Self { lent, left: usize::MAX })
    }

    /// Begins to read what a database holds now, on a connection of its own that can write nothing.
    pub(super) async fn snapshot(url: &str) -> Result<Self> {
        let (connection, options) = connect(url).await?;
        connection.close().await?;
        let mut lent = Pool::new(options, 1)?.get().await?;
        lent.hold().execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        Ok(Self { lent, left: usize::MAX })
    }

    /// Begins a transaction behind a pooler, where this is what waits for a connection to the server.
    async fn begin_shared(pool: &Pool, left: usize) -> Result<Self> {
        loop {
            let mut lent = pool.get().await?;
            match timeout(ACQUIRE_LIMIT, lent.hold().execute(BEGIN_SHARED)).await {
                Ok(Ok(_)) => return Ok(Self { lent, left }),
                // It broke while nobody used it; nothing was done on it yet.
                Ok(Err(_)) if !Pool::is_new(&lent) => {}
                Ok(Err(error)) => return Err(begun(error)),
                Err(_) => return Err(Error::Unavailable("the pooler had no connection in time".into())),
            }
        }
    }

    /// Ends the transaction by `COMMIT` or `ROLLBACK`.
    pub(super) async fn end(mut self, by: &'static str) -> Result<()> {
        self.close(by).await
    }

    async fn close(&mut self, by: &'static str) -> Result<()> {
        let _told = trace::statement(Engine::Postgres.system(), &Cow::Borrowed(by));
        self.lent.connection.execute(by).await?;
        self.lent.release();
        Ok(())
    }

    /// Without a transaction, for one statement. Behind a pooler with one, since what is sent for a statement must arrive at one
    /// connection.
    pub(super) async fn once(pool: &Pool) -> Result<Self> {
        match pool.is_shared() {
            true => Self::begin_shared(pool, 1).await,
            false => Ok(Self { lent: pool.get().await?, left: 1 }),
        }
    }

    /// All rows of the next statement.
    pub(super) async fn fetch<T: Record>(&mut self, sql: Sql) -> Result<Vec<T>> {
        let answer = fetch(self.next()?, sql).await;
        self.ended(answer).await
    }

    /// Runs the next statement; the number of rows it changed.
    pub(super) async fn change(&mut self, sql: Sql) -> Result<u64> {
        let answer = change(self.next()?, sql).await;
        self.ended(answer).await
    }

    /// Makes the tables once more, in a schema that is the current one from then on. Whoever asks undoes the transaction.
    pub(super) async fn migrate_anew(&mut self) -> Result<()> {
        self.lent.connection.execute(ANEW).await?;
        for migration in MIGRATIONS.iter() {
            self.lent.connection.execute(sqlx::raw_sql(migration.sql.clone())).await?;
        }
        Ok(())
    }

    /// Runs a text that comes from the migrations, by way of the catalogs.
    pub(super) async fn run(&mut self, text: String) -> Result<()> {
        self.lent.connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await?;
        Ok(())
    }

    /// The connection, for the next statement.
    fn next(&mut self) -> Result<&mut Kept> {
        self.left = self.left.checked_sub(1).ok_or_else(|| Error::Other("a second statement without BEGIN".into()))?;
        if self.left == 0 && !self.lent.shared {
            self.lent.asked();
        }
        Ok(&mut self.lent)
    }

    /// The statement has ended.
    async fn ended<T>(&mut self, answer: Result<T>) -> Result<T> {
        if self.left > 0 {
            return answer;
        }
        if !self.lent.shared {
            self.lent.answered(&answer);
            return answer;
        }
        match self.close(if answer.is_ok() { "COMMIT" } else { "ROLLBACK" }).await {
            Ok(()) => answer,
            Err(error) => answer.and(Err(error)),
        }
    }
}

/// Runs a text that comes from the migrations, outside of transactions and without a limit of time, on a connection that is closed
/// then.
pub(super) async fn alone(pool: &Pool, text: String) -> Result<()> {
    let mut lent = pool.get().await?;
    if !lent.shared {
        lent.hold().execute("SET statement_timeout = 0").await?;
    }
    lent.hold().execute(sqlx::raw_sql(AssertSqlSafe(text))).await?;
    Ok(())
}

/// All rows of a statement on any connection.
pub(super) async fn all<T: Record>(pool: &Pool, sql: Sql) -> Result<Vec<T>> {
    Open::once(pool).await?.fetch(sql).await
}

/// Runs a statement on any connection; the number of rows it changed.
pub(super) async fn execute(pool: &Pool, sql: Sql) -> Result<u64> {
    Open::once(pool).await?.change(sql).await
}

/// All rows of a statement, or [`Error::Timeout`] when it takes longer than `limit`.
pub(super) async fn all_within<T: Record>(pool: &Pool, statement: Sql, limit: Duration) -> Result<Vec<T>> {
    let mut open = Open::begin(pool).await?;
    let set = sql("SELECT set_config('statement_timeout', $1, TRUE)").bind(limit.as_millis().to_string());
    open.change(set).await?;
    let rows = open.fetch(statement).await;
    open.end("ROLLBACK").await?;
    rows
}

async fn fetch<T: Record>(kept: &mut Kept, sql: Sql) -> Result<Vec<T>> {
    let (is_kept, arguments) = (sql.is_kept() && !kept.shared, arguments(sql.values)?);
    let query = sqlx::query_with(AssertSqlSafe(sql.text), arguments).persistent(is_kept);
    let rows = query.fetch_all(&mut kept.connection).await?;
    rows.iter().map(|row| T::read(&mut Row::postgres(row))).collect()
}

async fn change(kept: &mut Kept, sql: Sql) -> Result<u64> {
    let (is_kept, arguments) = (sql.is_kept() && !kept.shared, arguments(sql.values)?);
    let query = sqlx::query_with(AssertSqlSafe(sql.text), arguments).persistent(is_kept);
    Ok(query.execute(&mut kept.connection).await?.rows_affected())
}

fn arguments(values: Vec<Value>) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Text(value) => arguments.add(value),
            Value::Int(value) => arguments.add(value),
            Value::Bool(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
