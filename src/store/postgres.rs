//! PostgreSQL: its connections and transactions, and how a statement runs there.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use tokio::time::timeout;

use super::pool::{ACQUIRE_LIMIT, Lent, Pool};
use super::row::Row;
use super::sql::{Value, sql};
use super::{Error, Record, Result, Sql};

/// How long a statement may run before it is given up.
pub(super) const STATEMENT_LIMIT: Duration = Duration::from_secs(15);

/// The oldest version that is supported.
const OLDEST: i32 = 140_000;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Brings the tables up to date; servers that start on one database at the same time wait for each other. How to connect
/// from then on.
pub(super) async fn migrate(url: &str) -> Result<PgConnectOptions> {
    // On a connection without the time limit: a migration may rewrite a large table.
    let (mut connection, options) = connect(url).await?;
    MIGRATIONS.run(&mut connection).await?;
    connection.close().await?;
    Ok(options.options([("statement_timeout", STATEMENT_LIMIT.as_millis().to_string())]))
}

/// A connection without a time limit for statements, to a server that is new enough, and how it was made.
pub(super) async fn connect(url: &str) -> Result<(PgConnection, PgConnectOptions)> {
    let options: PgConnectOptions = url.parse()?;
    let options = options
        .application_name("usher")
        .options([("client_min_messages", "warning")])
        // What PostgreSQL takes for a long statement here is over before it has compiled it.
        .options([("jit", "off")])
        // The default holds what a search finds in some 60,000 pages of its table; beyond that PostgreSQL compares the hashes
        // of all rows of a page, which takes ten times as long.
        .options([("work_mem", "32MB")])
        .disable_statement_logging();
    let late = || Error::Unavailable(format!("no answer within {} s", ACQUIRE_LIMIT.as_secs()).into());
    let mut connection = timeout(ACQUIRE_LIMIT, options.connect()).await.map_err(|_| late())??;
    let (version,): (i32,) = sqlx::query_as("SELECT CAST(current_setting('server_version_num') AS INTEGER)")
        .fetch_one(&mut connection)
        .await?;
    if version < OLDEST {
        let found = version / 10_000;
        return Err(Error::Other(format!("PostgreSQL 14 or newer is needed, this is {found}").into()));
    }
    Ok((connection, options))
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
        let mut lent = pool.get().await?;
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

    /// Ends the transaction by `COMMIT` or `ROLLBACK`.
    pub(super) async fn end(mut self, by: &'static str) -> Result<()> {
        self.lent.connection.execute(by).await?;
        self.lent.release();
        Ok(())
    }

    /// Without a transaction, for one statement.
    pub(super) async fn once(pool: &Pool) -> Result<Self> {
        Ok(Self { lent: pool.get().await?, left: 1 })
    }

    /// All rows of the next statement.
    pub(super) async fn fetch<T: Record>(&mut self, sql: Sql) -> Result<Vec<T>> {
        let answer = fetch(self.next()?, sql).await;
        self.ended(&answer);
        answer
    }

    /// Runs the next statement; the number of rows it changed.
    pub(super) async fn change(&mut self, sql: Sql) -> Result<u64> {
        let answer = change(self.next()?, sql).await;
        self.ended(&answer);
        answer
    }

    /// The connection, for the next statement.
    fn next(&mut self) -> Result<&mut PgConnection> {
        self.left = self.left.checked_sub(1).ok_or_else(|| Error::Other("a second statement without BEGIN".into()))?;
        Ok(if self.left == 0 { self.lent.asked() } else { &mut self.lent.connection })
    }

    /// The statement has ended.
    fn ended<T>(&mut self, answer: &Result<T>) {
        if self.left == 0 {
            self.lent.answered(answer);
        }
    }
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

async fn fetch<T: Record>(connection: &mut PgConnection, sql: Sql) -> Result<Vec<T>> {
    let (kept, arguments) = (sql.is_kept(), arguments(sql.values)?);
    let query = sqlx::query_with(AssertSqlSafe(sql.text), arguments).persistent(kept);
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| T::read(&mut Row::postgres(row))).collect()
}

async fn change(connection: &mut PgConnection, sql: Sql) -> Result<u64> {
    let (kept, arguments) = (sql.is_kept(), arguments(sql.values)?);
    let query = sqlx::query_with(AssertSqlSafe(sql.text), arguments).persistent(kept);
    Ok(query.execute(connection).await?.rows_affected())
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
