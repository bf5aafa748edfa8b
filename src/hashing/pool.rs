//! The threads that hash.
//!
//! A hash is CPU and 64 MiB of memory for a fifth of a second, so their number decides how much of both the
//! server spends on sign-ins: as many as given here, while the rest wait in a bounded queue or are turned away.
//! tokio's blocking pool would start hundreds instead.

use std::{
    collections::VecDeque,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

use super::{Cost, HashError, Memory, Stored, hash, readable};
use crate::metrics::{Counter, Gauge};
use crate::{request_id, trace};

/// How long a worker keeps its memory while there is nothing to do.
const IDLE: Duration = Duration::from_secs(30);

/// The hash was not computed: the queue is full, or (logged) the system had no memory or the work failed. Trying
/// again later is right in each case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many passwords are being hashed at the moment")
    }
}

impl std::error::Error for Busy {}

/// What came of checking a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is another one, or there is none.
    Wrong,
    /// It is the password.
    Right {
        /// The same password as it would be stored today, when that is stronger.
        better: Option<Stored>,
    },
}

/// Worker threads for hashing, and their queue. The threads end when the pool is dropped, each after the hash it
/// is at.
pub struct Pool {
    shared: Arc<Shared>,
    cost: Cost,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("cost", &self.cost).finish_non_exhaustive()
    }
}

/// Something for a worker to do.
trait Job: Send {
    /// Does it, unless nobody waits for the result any more.
    fn run(self: Box<Self>, memory: &mut Memory);

    /// Whether whoever waited for the result is gone.
    fn abandoned(&self) -> bool;
}

/// A job: the work, and where its result goes.
struct Task<W, T> {
    work: W,
    reply: oneshot::Sender<T>,
}

impl<T: Send, W: FnOnce(&mut Memory, &oneshot::Sender<T>) -> T + Send> Job for Task<W, T> {
    fn run(self: Box<Self>, memory: &mut Memory) {
        if !self.abandoned() {
            let Self { work, reply } = *self;
            let result = work(memory, &reply);
            // The caller may have gone meanwhile, and then nobody wants it.
            let _ = reply.send(result);
        }
    }

    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }
}

struct Shared {
    queue: Mutex<Queue>,
    /// Signalled for each new job, and to all at the end.
    changed: Condvar,
    /// Most jobs that wait. Abandoned ones do not count.
    capacity: usize,
    /// Most memory a worker keeps after a job, in KiB. Imported hashes may need more than new ones.
    kept_kib: usize,
    hashes_run: AtomicU64,
    workers: usize,
    busy: Gauge,
    refused: Counter,
}

/// How much there is to do.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Jobs that wait.
    pub waiting: usize,
    /// Most jobs that may wait.
    pub queue: usize,
    /// Workers at a job.
    pub busy: u64,
    /// All workers.
    pub workers: usize,
    /// Jobs that were turned away since the start.
    pub refused: u64,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Box<dyn Job>>,
    closed: bool,
}

impl Queue {
    /// Whether a worker has to wait.
    fn idle(&self) -> bool {
        self.jobs.is_empty() && !self.closed
    }
}

impl Pool {
    /// Starts `workers` threads (at least one) behind a queue of `queue` waiting jobs (at least one). New hashes
    /// are made at `cost`. Fails when a thread cannot be started.
    pub fn new(workers: usize, queue: usize, cost: Cost) -> io::Result<Self> {
        Self::with_idle(workers, queue, cost, IDLE)
    }

    fn with_idle(workers: usize, queue: usize, cost: Cost, idle: Duration) -> io::Result<Self> {
        let pool = Self {
            shared: Arc::new(Shared {
                queue: Mutex::default(),
                changed: Condvar::new(),
                capacity: queue.max(1),
                kept_kib: usize::try_from(cost.memory_kib).unwrap_or(usize::MAX),
                hashes_run: AtomicU64::new(0),
                workers: workers.max(1),
                busy: Gauge::default(),
                refused: Counter::default(),
            }),
            cost,
        };
        for number in 1..=workers.max(1) {
            let shared = Arc::clone(&pool.shared);
            // On an error `pool` is dropped, which ends those already started.
            thread::Builder::new().name(format!("hashing-{number}")).spawn(move || shared.work(idle))?;
        }
        Ok(pool)
    }

    /// The cost of new hashes.
    pub fn cost(&self) -> &Cost {
        &self.cost
    }

    /// [`hash()`] on a worker, at the pool's cost.
    pub async fn hash(&self, plain: Vec<u8>) -> Result<Stored, Busy> {
        let (shared, cost) = (Arc::clone(&self.shared), self.cost);
        self.run(move |memory, _| {
            shared.count();
            hash(&plain, &cost, memory).map_err(|error| {
                let request_id = request_id::current();
                tracing::error!(%error, request_id = request_id.as_deref(), "a new password could not be hashed");
                Busy
            })
        })
        .await?
    }

    /// [`verify()`](super::verify) on a worker.
    pub async fn verify(&self, stored: Stored, plain: Vec<u8>) -> Result<bool, Busy> {
        self.verify_any(vec![stored], plain).await
    }

    /// Whether `plain` is one of the passwords, such as those of a history. Verified in the given order by one
    /// worker, which stops at the first match, and when the caller is gone.
    pub async fn verify_any(&self, stored: Vec<Stored>, plain: Vec<u8>) -> Result<bool, Busy> {
        let shared = Arc::clone(&self.shared);
        self.run(move |memory, reply| {
            stored.iter().take_while(|_| !reply.is_closed()).filter_map(readable).any(|hash| {
                shared.count();
                hash.matches(&plain, memory)
            })
        })
        .await
    }

    /// Whether `plain` is the password, and what to store in its place when it should be hashed anew.
    ///
    /// There is always at least one hash at the pool's cost: where there is no password, where the stored text cannot
    /// be verified, and beside a hash of another kind, whether it was right or not. So an unknown user costs as much as
    /// a wrong password; one that was imported costs that of its own format besides, until its owner has signed in.
    pub async fn check(&self, stored: Option<Stored>, plain: Vec<u8>) -> Result<Checked, Busy> {
        let (shared, cost) = (Arc::clone(&self.shared), self.cost);
        self.run(move |memory, _| {
            let failed = |error: HashError| {
                let request_id = request_id::current();
                tracing::error!(%error, request_id = request_id.as_deref(), "a password could not be checked");
                Busy
            };
            let known = stored.as_ref().and_then(readable);
            let right = match &known {
                Some(hash) => {
                    shared.count();
                    hash.compare(&plain, memory).map_err(failed)?
                }
                None => false,
            };
            // A text that cannot be verified may well claim to be strong.
            let outdated = known.is_none() || stored.as_ref().is_some_and(|stored| stored.needs_rehash(&cost));
            let better = match outdated {
                true => {
                    shared.count();
                    Some(hash(&plain, &cost, memory).map_err(failed)?)
                }
                false => None,
            };
            Ok(if right { Checked::Right { better } } else { Checked::Wrong })
        })
        .await?
    }

    /// Hashes computed since the start, new and verified. What was turned away, abandoned or malformed does not
    /// count.
    pub fn hashes_run(&self) -> u64 {
        self.shared.hashes_run.load(Ordering::Relaxed)
    }

    /// How much there is to do at the moment.
    pub fn load(&self) -> Load {
        let shared = &self.shared;
        Load {
            waiting: shared.lock().jobs.iter().filter(|job| !job.abandoned()).count(),
            queue: shared.capacity,
            busy: shared.busy.get(),
            workers: shared.workers,
            refused: shared.refused.get(),
        }
    }

    /// Queues `work` and waits for its result. Dropping the future before a worker starts on it cancels it and frees
    /// its place in the queue.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory, &oneshot::Sender<T>) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (reply, answer) = oneshot::channel();
        let (request, waiting) = (request_id::here(), trace::span("wait for a thread that hashes"));
        let work = move |memory: &mut Memory, reply: &oneshot::Sender<T>| {
            drop(waiting);
            request.by(|| {
                let _hashing = trace::span("hash a password");
                work(memory, reply)
            })
        };
        self.shared.push(Box::new(Task { work, reply })).inspect_err(|_| self.shared.refused.add(1))?;
        // The sender is lost only when the work panicked.
        answer.await.map_err(|_| Busy)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        queue.jobs.clear();
        self.shared.changed.notify_all();
    }
}

impl Shared {
    /// No job runs under this lock, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self) {
        self.hashes_run.fetch_add(1, Ordering::Relaxed);
    }

    fn push(&self, job: Box<dyn Job>) -> Result<(), Busy> {
        let mut queue = self.lock();
        if queue.jobs.len() >= self.capacity {
            // Only now, so that a caller who leaves need not look for his job.
            queue.jobs.retain(|job| !job.abandoned());
        }
        if queue.jobs.len() >= self.capacity {
            return Err(Busy);
        }
        queue.jobs.push_back(job);
        self.changed.notify_one();
        Ok(())
    }

    /// The life of a worker.
    fn work(&self, idle: Duration) {
        yield_to_the_rest();
        let mut memory = Memory::default();
        while let Some(job) = self.next(&mut memory, idle) {
            // The hook has printed the panic; the caller learns of it by the lost reply. Memory that a hash left
            // half written is fine, since the next one writes before it reads.
            let busy = self.busy.hold();
            let _ = catch_unwind(AssertUnwindSafe(|| job.run(&mut memory)));
            drop(busy);
            if memory.kib() > self.kept_kib {
                memory.release();
            }
        }
    }

    /// Waits for a job, and gives the memory back when none comes for that long. `None` at the end of the pool.
    fn next(&self, memory: &mut Memory, idle: Duration) -> Option<Box<dyn Job>> {
        let mut queue = self.lock();
        if memory.kib() > 0 {
            // A wake-up for a job that another worker took does not begin the time anew.
            let (guard, waited) = self
                .changed
                .wait_timeout_while(queue, idle, |queue| queue.idle())
                .unwrap_or_else(PoisonError::into_inner);
            queue = guard;
            if waited.timed_out() {
                // Unmapping takes milliseconds, in which others may want the queue.
                drop(queue);
                memory.release();
                queue = self.lock();
            }
        }
        let mut queue = self.changed.wait_while(queue, |queue| queue.idle()).unwrap_or_else(PoisonError::into_inner);
        // A closed pool has no jobs.
        queue.jobs.pop_front()
    }
}

/// Lowers the calling thread's priority a little, so that requests without a password are answered while every
/// core hashes. Only on Linux: elsewhere the call is about the whole process.
fn yield_to_the_rest() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(5) {
        tracing::debug!(%error, "hashing threads keep the normal priority");
    }
}

#[cfg(test)]
mod tests;
