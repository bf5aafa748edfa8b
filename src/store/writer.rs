//! The one connection that writes to SQLite. Jobs that arrive together run in savepoints of one transaction and
//! share its commit, and with it the wait for the disk; each is answered after that commit and not before.

use std::future::Future;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tracing::dispatcher::{self, Dispatch};
use tracing::instrument::WithSubscriber as _;

use super::db::PoolState;
use super::index::{Change, Changes, Merge};
use super::sqlite::DatabaseFile;
use super::{Error, Result, Tx};
use crate::metrics::{Counter, Gauge, Histogram};
use crate::{request_id, trace};

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

/// A handle on the writing thread, which ends when the last handle is gone or when it is closed.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Message>,
    commits: Arc<Commits>,
}

/// What is counted of commits.
#[derive(Debug)]
pub struct Commits {
    /// How many jobs shared each.
    pub jobs: Histogram<7>,
    /// Those that failed.
    pub failed: Counter,
    /// The one that is being made.
    making: Gauge,
}

enum Message {
    Job(Job),
    Close(oneshot::Sender<()>),
}

impl Writer {
    /// Starts the thread that owns the connection to this file.
    pub(super) fn start(connection: Connection, file: DatabaseFile) -> Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let commits = Arc::new(Commits {
            jobs: Histogram::new(&[1, 2, 4, 8, 16, 32, 64]),
            failed: Counter::default(),
            making: Gauge::default(),
        });
        let counted = Arc::clone(&commits);
        let tx = Tx::Sqlite(Part::of(connection));
        let runtime = Handle::current();
        std::thread::Builder::new()
            .name("sqlite".into())
            .spawn(move || runtime.block_on(serve(tx, Place { file, lost: false }, queue, &counted)))?;
        Ok(Self { jobs, commits })
    }

    /// Runs `work` and answers when its changes are on the disk. An `Err` of `work` undoes its changes.
    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, Result<T, E>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let (request, waiting) = (request_id::here(), trace::span("wait for the writer"));
        // Who listens to the caller's log listens to the job's.
        let listener = dispatcher::get_default(Dispatch::clone);
        let job: Job = Box::new(move |tx| {
            Box::pin(async move {
                drop(waiting);
                // Also what panics before there is a future is caught.
                let work = AssertUnwindSafe(async { work(tx).await }).catch_unwind();
                let work = async { (work.await, trace::span("commit")) };
                let (result, mut commit) = request.along(work).with_subscriber(listener).await;
                let keep = matches!(result, Ok(Ok(_)));
                let deliver = Box::new(move |committed: Result<()>| {
                    if let Err(error) = &committed {
                        commit.failed(error.name());
                    }
                    drop(commit);
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
        // A panic goes on in the caller, as it does on PostgreSQL, and not in the thread that everybody shares.
        answered.await.map_err(|_| refused(()))?.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// What is counted of the commits.
    pub(super) fn commits(&self) -> &Commits {
        &self.commits
    }

    /// The connection, and the jobs that wait for it.
    pub(super) fn state(&self) -> PoolState {
        let waiting = self.jobs.max_capacity() - self.jobs.capacity();
        let used = usize::try_from(self.commits.making.get()).unwrap_or(1);
        PoolState { name: "writer", used, open: 1, most: Some(1), waiting }
    }

    /// Finishes what waits and closes the connection, which folds the write-ahead log into the file.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.jobs.send(Message::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

async fn serve(mut tx: Tx, mut place: Place, mut queue: mpsc::Receiver<Message>, commits: &Commits) {
    let mut closing = None;
    while closing.is_none()
        && let Some(message) = queue.recv().await
    {
        closing = match message {
            Message::Job(first) => {
                let placed = part(&mut tx).and_then(|part| place.look(part));
                share(&mut tx, placed, first, &mut queue, commits).await
            }
            Message::Close(done) => Some(done),
        };
    }
    if let Tx::Sqlite(part) = tx {
        // What is wrong was said when it was to be written to.
        let _ = place.look(&part);
        if let Err((_, error)) = part.connection.close() {
            tracing::error!(%error, "SQLite did not close cleanly");
        }
    }
    if let Some(done) = closing {
        let _ = done.send(());
    }
}

/// Where the file is that is written to.
struct Place {
    file: DatabaseFile,
    /// Whether it was not there when it was last looked for.
    lost: bool,
}

impl Place {
    /// Whether the file is where it was. When it is not any more, its log is folded into it, once: the log has kept its name, and
    /// whoever opens another file that is called like the database would take it for that one's. SQLite itself leaves it there then.
    fn look(&mut self, connection: &Connection) -> Result<()> {
        let found = self.file.in_place();
        if found.is_err() && !self.lost {
            match connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0)) {
                Ok(false) => {}
                Ok(true) => tracing::error!("the log of the database is in use, and stays beside another file"),
                Err(error) => tracing::error!(%error, "the log of the database stays beside another file"),
            }
        }
        self.lost = found.is_err();
        found
    }
}

/// Runs `first` and the jobs that wait behind it in one transaction, if the file is in its place, and tells everyone how it
/// ended. A job that is dropped in place of being run tells its caller by that. The answer is there when the writer is to
/// stop.
async fn share(
    tx: &mut Tx,
    placed: Result<()>,
    first: Job,
    queue: &mut mpsc::Receiver<Message>,
    commits: &Commits,
) -> Option<oneshot::Sender<()>> {
    let _making = commits.making.hold();
    let begun = placed.and_then(|()| part(tx)?.run("BEGIN IMMEDIATE"));
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
    let ended = ran.and_then(|()| part(tx)?.end(batch.iter().any(|done| done.keep)));
    commits.jobs.see(u64::try_from(batch.len()).unwrap_or(u64::MAX));
    if let Err(error) = &ended {
        commits.failed.add(1);
        tracing::error!(%error, jobs = batch.len(), "SQLite stored nothing of a transaction");
        if let Ok(part) = part(tx) {
            part.abandon();
        }
    }
    for done in batch {
        (done.deliver)(match &ended {
            Ok(()) => Ok(()),
            Err(error) => Err(Error::Unavailable(error.to_string().into())),
        });
    }
    closing
}

/// Runs one job in a savepoint of its own. An error means that the transaction is lost: SQLite undoes all of it by
/// itself when the disk is full or broken.
async fn run(tx: &mut Tx, job: Job, batch: &mut Vec<Done>) -> Result<()> {
    part(tx)?.begin()?;
    let done = job(tx).await;
    let keep = done.keep;
    batch.push(done);
    part(tx)?.leave(keep)
}

fn part(tx: &mut Tx) -> Result<&mut Part> {
    match tx {
        Tx::Sqlite(part) => Ok(part),
        Tx::Postgres(_) => Err(Error::Other("the writer is for SQLite".into())),
    }
}

/// The connection that writes, in the savepoint of one job.
#[derive(Debug)]
pub struct Part {
    connection: Connection,
    /// What the job changes in the index of the search.
    searches: Vec<Change>,
    /// What those before it do.
    index: Changes,
    merge: Merge,
}

impl Deref for Part {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Part {
    fn of(connection: Connection) -> Self {
        Self { connection, searches: Vec::new(), index: Changes::default(), merge: Merge::default() }
    }

    /// Begins to read what a file holds now, on a connection that can write nothing.
    pub(super) fn snapshot(connection: Connection) -> Result<Self> {
        let part = Self::of(connection);
        part.run("BEGIN")?;
        // SQLite looks at the file when it is first read.
        part.connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
        Ok(part)
    }

    /// The connection, as long as its transaction is open. When SQLite has undone it by itself, because the disk is full or
    /// broken, what a job changes from then on would be stored at once, whatever it is told.
    pub(super) fn open(&self) -> Result<&Connection> {
        match self.connection.is_autocommit() {
            false => Ok(&self.connection),
            true => Err(Error::Unavailable("SQLite has undone the transaction".into())),
        }
    }

    /// Changes the index of the search before the commit.
    pub(super) fn index(&mut self, change: Change) {
        self.searches.push(change);
    }

    fn run(&self, text: &'static str) -> Result<()> {
        Ok(self.connection.prepare_cached(text)?.raw_execute().map(drop)?)
    }

    fn begin(&self) -> Result<()> {
        self.run("SAVEPOINT part")
    }

    /// Leaves the savepoint with its changes or without them.
    fn leave(&mut self, keep: bool) -> Result<()> {
        let searches = self.searches.drain(..);
        if keep {
            searches.for_each(|change| self.index.add(change));
        } else {
            drop(searches);
            self.run("ROLLBACK TO part")?;
        }
        self.run("RELEASE part")
    }

    /// Ends the transaction with its changes or without them.
    fn end(&mut self, keep: bool) -> Result<()> {
        let changes = self.index.make(&self.connection)?;
        self.merge.work(&self.connection, changes)?;
        self.run(if keep { "COMMIT" } else { "ROLLBACK" })
    }

    /// Leaves a transaction that is lost, which fails harmlessly when SQLite has done it by itself.
    fn abandon(&mut self) {
        self.index = Changes::default();
        let _ = self.run("ROLLBACK");
    }
}
