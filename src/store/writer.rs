//! The one connection that writes to SQLite. Jobs that arrive together run in savepoints of one transaction and
//! share its commit, and with it the wait for the disk; each is answered after that commit and not before.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt as _;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Executor as _};
use tokio::sync::{mpsc, oneshot};

use super::db::Tx;
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
    pub(super) fn start(connection: SqliteConnection) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        tokio::spawn(serve(Tx::Sqlite(connection), queue));
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
                let result = work(tx).await;
                let keep = result.is_ok();
                let deliver = Box::new(move |committed: Result<()>| {
                    // Nobody listens when the client has left; the change stands all the same.
                    let _ = answer.send(match committed {
                        Ok(()) => result,
                        Err(failed) => result.and(Err(failed.into())),
                    });
                });
                Done { keep, deliver }
            })
        });
        let gone = |_| E::from(Error::Unavailable("the writer of the database has stopped".into()));
        self.jobs.send(Message::Job(job)).await.map_err(|_| gone(()))?;
        answered.await.map_err(|_| gone(()))?
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
    while closing.is_none() {
        let Some(message) = queue.recv().await else { break };
        let mut next = Some(message);
        let mut batch = Vec::new();
        let mut begun = None;
        while let Some(message) = next.take() {
            match message {
                Message::Close(done) => closing = Some(done),
                Message::Job(job) => {
                    if begun.is_none() {
                        begun = Some(execute(&mut tx, "BEGIN IMMEDIATE").await);
                    }
                    match &begun {
                        // Dropping the job tells its caller.
                        Some(Err(error)) => tracing::error!(%error, "SQLite refused to begin a transaction"),
                        _ => batch.extend(run(&mut tx, job).await),
                    }
                }
            }
            if closing.is_none() && matches!(begun, Some(Ok(()))) && batch.len() < BATCH {
                next = queue.try_recv().ok();
            }
        }
        if let Some(Ok(())) = begun {
            finish(&mut tx, batch).await;
        }
    }
    if let Tx::Sqlite(connection) = tx
        && let Err(error) = connection.close().await
    {
        tracing::error!(%error, "SQLite did not close cleanly");
    }
    if let Some(done) = closing {
        let _ = done.send(());
    }
}

/// Runs one job in a savepoint. `None` when it panicked: its caller learns that from the dropped channel.
async fn run(tx: &mut Tx, job: Job) -> Option<Done> {
    if let Err(error) = execute(tx, "SAVEPOINT job").await {
        tracing::error!(%error, "SQLite refused a savepoint");
        return None;
    }
    let done = AssertUnwindSafe(job(tx)).catch_unwind().await.ok();
    let end = match &done {
        Some(Done { keep: true, .. }) => "RELEASE job",
        _ => "ROLLBACK TO job; RELEASE job",
    };
    match execute(tx, end).await {
        Ok(()) => done,
        // SQLite undoes the whole transaction by itself when the disk is full or broken; the commit then fails too.
        Err(error) => {
            if let Some(done) = done {
                (done.deliver)(Err(error));
            }
            None
        }
    }
}

/// Commits and tells everyone; when the commit fails everyone is told that.
async fn finish(tx: &mut Tx, batch: Vec<Done>) {
    let end = if batch.iter().any(|done| done.keep) { "COMMIT" } else { "ROLLBACK" };
    let committed = execute(tx, end).await;
    if let Err(error) = &committed {
        tracing::error!(%error, jobs = batch.len(), "SQLite did not commit");
        // Leaves no transaction open behind a failed commit; fails harmlessly when there is none.
        let _ = execute(tx, "ROLLBACK").await;
    }
    for done in batch {
        (done.deliver)(match &committed {
            Ok(()) => Ok(()),
            Err(error) => Err(Error::Unavailable(error.to_string().into())),
        });
    }
}

async fn execute(tx: &mut Tx, text: &'static str) -> Result<()> {
    match tx {
        Tx::Sqlite(connection) => connection.execute(sqlx::raw_sql(text)).await?,
        Tx::Postgres(_) => return Err(Error::Unavailable("the writer is for SQLite".into())),
    };
    Ok(())
}
