//! Connections that are kept open. They are handed out and given back without asking the database whether it is still
//! there, which in sqlx's own pool costs every statement two round trips more; only one that has lain idle is asked.

use std::fmt;
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{self, Manager, Metrics, Object, PoolConfig, PoolError, QueueMode, RecycleError, Timeouts};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use super::db::PoolState;
use super::postgres::Way;
use super::{Error, Result};

/// How long a request waits for a free connection, and a connection for the database.
pub(super) const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);

/// How long the database may take to say that it is still there.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);

/// How long a connection may lie idle before it is asked whether the server is still there. Under load none lies longer,
/// and otherwise there is time.
const TRUSTED: Duration = Duration::from_millis(1);

/// Connections to one database.
#[derive(Clone)]
pub struct Pool {
    kept: managed::Pool<Opener>,
    shared: bool,
}

/// Shows nothing of the address, which may hold a password.
macro_rules! opaque {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

opaque! { Pool Opener Kept }

/// A connection that goes back to its pool when it is dropped.
pub(super) type Lent = Object<Opener>;

/// Opens connections.
pub struct Opener(Way);

/// A connection, and what has become of it.
pub struct Kept {
    /// The connection itself.
    pub connection: PgConnection,
    /// Whether a pooler is in between.
    pub(super) shared: bool,
    state: State,
    /// When it was used last.
    used: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is under way.
    Free,
    /// A statement was sent and its answer not read to the end, because the caller went away.
    Asked,
    /// Nobody knows what it would do next: it broke, or its transaction or its settings are still open.
    Spoilt,
}

impl Kept {
    /// One statement runs on it now; [`Kept::answered`] is to be told what came of it.
    pub(super) const fn asked(&mut self) {
        self.state = State::Asked;
    }

    /// The statement has ended.
    pub(super) fn answered<T>(&mut self, answer: &Result<T>) {
        self.state = if matches!(answer, Err(Error::Unavailable(_))) { State::Spoilt } else { State::Free };
        self.used = Instant::now();
    }

    /// Keeps the connection from coming back, until [`Kept::release`] says that it may.
    pub(super) const fn hold(&mut self) -> &mut PgConnection {
        self.state = State::Spoilt;
        &mut self.connection
    }

    /// Everything that was opened on the connection is closed.
    pub(super) fn release(&mut self) {
        self.state = State::Free;
        self.used = Instant::now();
    }
}

impl Manager for Opener {
    type Type = Kept;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Kept, sqlx::Error> {
        let connection = PgConnection::connect_with(&self.0.options).await?;
        Ok(Kept { connection, shared: self.0.shared, state: State::Free, used: Instant::now() })
    }

    async fn recycle(&self, kept: &mut Kept, _: &Metrics) -> Result<(), RecycleError<sqlx::Error>> {
        if kept.state == State::Spoilt {
            return Err(RecycleError::message("spoilt"));
        }
        // A pooler would have to find a connection for the question; whether it answers shows when the transaction begins.
        if !kept.shared && (kept.state == State::Asked || kept.used.elapsed() > TRUSTED) {
            // Reads what is left of an answer, too.
            kept.connection.ping().await?;
            kept.state = State::Free;
        }
        Ok(())
    }
}

impl Pool {
    /// A pool of at most `size` connections, which are opened when they are needed.
    ///
    /// # Errors
    /// When `size` is no size of a pool.
    pub(super) fn new(way: Way, size: u32) -> Result<Self> {
        let config = PoolConfig {
            max_size: usize::try_from(size).unwrap_or(usize::MAX),
            timeouts: Timeouts { wait: Some(ACQUIRE_LIMIT), create: Some(ACQUIRE_LIMIT), recycle: Some(ANSWER_LIMIT) },
            // The one that was used last has its statements prepared, and its pages in memory.
            queue_mode: QueueMode::Lifo,
        };
        let shared = way.shared;
        let pool = managed::Pool::builder(Opener(way)).config(config).runtime(Runtime::Tokio1).build();
        pool.map(|kept| Self { kept, shared }).map_err(|error| Error::Other(Box::new(error)))
    }

    /// Whether a pooler is between here and the database.
    pub(super) const fn is_shared(&self) -> bool {
        self.shared
    }

    /// Whether nobody has had this connection before.
    pub(super) fn is_new(lent: &Lent) -> bool {
        Object::metrics(lent).recycle_count == 0
    }

    /// A connection that nobody else has.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when none is free in time, or the database does not answer.
    pub async fn get(&self) -> Result<Lent> {
        self.kept.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(_) => Error::Unavailable("no connection was free in time".into()),
            error => Error::Unavailable(error.to_string().into()),
        })
    }

    /// How the connections are used.
    pub(super) fn state(&self) -> PoolState {
        let status = self.kept.status();
        PoolState {
            name: "postgres",
            used: status.size.saturating_sub(status.available),
            open: status.size,
            most: Some(status.max_size),
            waiting: status.waiting,
        }
    }

    /// Closes the connections that are not in use; no more are handed out.
    pub(super) async fn close(&self) {
        for kept in self.kept.retain(|_, _| false).removed {
            // A connection that breaks while it is closed is closed.
            let _ = kept.connection.close().await;
        }
        self.kept.close();
    }
}
