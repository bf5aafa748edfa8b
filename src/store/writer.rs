//! The one connection that writes to SQLite. Jobs that arrive together run in savepoints of one transaction and
//! share its commit, and with it the wait for the disk; each is answered after that commit and not before.

use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;

use futures_util::FutureExt as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Executor as _};
use tokio::sync::{mpsc, oneshot};

use super::db::{Part, Tx};
use super::{Error, Result};

/// Jobs that wait at most; a caller past that waits for a place.
const QUEUE: usize = 1024;

/// Jobs that share one commit at most, so that the first of them does not wait for ever.
const BATCH: usize = 64;

/// A future that borrows the transaction.
pub type Work<'t, T> = Pin<Box<dyn Future<Output = T> + Send + 't>>;

/// A job: it runs on the transaction, says whether its changes stay, and hands over its answer once they are safe.
type Job = Box<dyn for<'t> FnOnce(&'t mut Tx) -> Work<'t, Done> + Send>;

struct Done {
    keep: bool,
    deliver: Box<dyn FnOnce(Result<()>) + Send>,
}

/// A handle on the writing task; the task ends when the last handle is gone or when it is closed.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Message>,
}

enum Message {
    Job(Job),
    Close(oneshot::Sender<()>),
}

impl Writer {
    /// Starts the task that owns the connection.
    pub(super) fn start(connection: SqliteConnection, options: SqliteConnectOptions) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        tokio::spawn(serve(Tx::Sqlite(Part { connection, begun: false, suspect: false, options }), queue));
        Self { jobs }
    }

    /// Runs `work` and answers when its changes are on the disk. An `Err` of `work` undoes its changes.
    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, Result<T, E>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            Box::pin(async move {
                let result = AssertUnwindSafe(async { work(tx).await }).catch_unwind().await;
                let keep = matches!(result, Ok(Ok(_)));
                let deliver = Box::new(move |committed: Result<()>| {
                    let result = result.map(|result| match committed {
                        Ok(()) => result,
                        Err(failed) => result.and(Err(failed.into())),
                    });
                    // Nobody listens when the client has left; the change stands all the same.
                    let _ = answer.send(result);
                });
                Done { keep, deliver }
            })
        });
        let refused = |()| E::from(Error::Unavailable("SQLite takes no writes; its log entry says why".into()));
        self.jobs.send(Message::Job(job)).await.map_err(|_| refused(()))?;
        // A panic goes on in the caller, as it does on PostgreSQL, and not in the task that everybody shares.
        answered.await.map_err(|_| refused(()))?.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Finishes what waits and closes the connection, which folds the write-ahead log into the file.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.jobs.send(Message::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

async fn serve(mut tx: Tx, mut queue: mpsc::Receiver<Message>) {
    let mut closing = None;
    while closing.is_none()
        && let Some(message) = queue.recv().await
    {
        closing = match message {
            Message::Job(first) => share(&mut tx, first, &mut queue).await,
            Message::Close(done) => Some(done),
        };
    }
    if let Tx::Sqlite(part) = tx
        && let Err(error) = part.connection.close().await
    {
        tracing::error!(%error, "SQLite did not close cleanly");
    }
    if let Some(done) = closing {
        let _ = done.send(());
    }
}

/// Runs `first` and the jobs that wait behind it in one transaction, and tells everyone how it ended. A job that is
/// dropped in place of being run tells its caller by that. The answer is there when the writer is to stop.
async fn share(tx: &mut Tx, first: Job, queue: &mut mpsc::Receiver<Message>) -> Option<oneshot::Sender<()>> {
    let begun = execute(tx, "BEGIN IMMEDIATE; SAVEPOINT part").await;
    let refused = begun.is_err();
    let (mut ran, mut batch, mut closing, mut next) = (begun, Vec::new(), None, Some(first));
    while let Some(job) = next.take() {
        if ran.is_ok() {
            ran = run(tx, job, &mut batch).await;
        }
        // Where another process holds the lock, those behind have waited for it as long as the first.
        if refused || (ran.is_ok() && batch.len() < BATCH) {
            match queue.try_recv() {
                Ok(Message::Job(job)) => next = Some(job),
                Ok(Message::Close(done)) => closing = Some(done),
                Err(_) => {}
            }
        }
    }
    let ended = match ran {
        Ok(()) if batch.iter().any(|done| done.keep) => execute(tx, "COMMIT").await,
        Ok(()) => execute(tx, "ROLLBACK").await,
        Err(error) => Err(error),
    };
    if let Err(error) = &ended {
        tracing::error!(%error, jobs = batch.len(), "SQLite stored nothing of a transaction");
        leave(tx).await;
    }
    for done in batch {
        (done.deliver)(match &ended {
            Ok(()) => Ok(()),
            Err(error) => Err(Error::Unavailable(error.to_string().into())),
        });
    }
    closing
}

/// Leaves the lost transaction, or the connection with it. `ROLLBACK` fails harmlessly when SQLite has done it by itself.
async fn leave(tx: &mut Tx) {
    let Tx::Sqlite(part) = tx else { return };
    let lost = part.suspect
        || matches!(part.connection.execute("ROLLBACK").await.map_err(Error::from), Err(Error::Unavailable(_)));
    if lost {
        part.reopen().await;
    }
}

/// Runs one job in a savepoint of its own. An error means that the transaction is lost: SQLite undoes all of it by
/// itself when the disk is full or broken; then the savepoint is gone, and with it the next job fails, or the commit.
async fn run(tx: &mut Tx, job: Job, batch: &mut Vec<Done>) -> Result<()> {
    if let Tx::Sqlite(part) = tx {
        part.begun = false;
    }
    let done = job(tx).await;
    let undo = !done.keep && matches!(tx, Tx::Sqlite(Part { begun: true, .. }));
    batch.push(done);
    match tx {
        Tx::Sqlite(Part { suspect: true, .. }) => Err(Error::Unavailable("SQLite is to be opened again".into())),
        _ if undo => execute(tx, "ROLLBACK TO part").await,
        _ => Ok(()),
    }
}

async fn execute(tx: &mut Tx, text: &'static str) -> Result<()> {
    match tx {
        Tx::Sqlite(part) => part.connection.execute(sqlx::raw_sql(text)).await?,
        Tx::Postgres(_) => return Err(Error::Unavailable("the writer is for SQLite".into())),
    };
    Ok(())
}
