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

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

struct Shared {
    queue: Mutex<Queue>,
    /// Signalled for each new job, and to all at the end.
    changed: Condvar,
    /// Most jobs that wait.
    capacity: usize,
    /// Most memory a worker keeps after a job, in KiB. Imported hashes may need more than new ones.
    kept_kib: usize,
    hashes_run: AtomicU64,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
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
                tracing::error!(%error, "a new password could not be hashed");
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
    /// be verified, and beside a hash of another kind, whether it was right or not. So the work tells nobody who has an
    /// account.
    pub async fn check(&self, stored: Option<Stored>, plain: Vec<u8>) -> Result<Checked, Busy> {
        let (shared, cost) = (Arc::clone(&self.shared), self.cost);
        self.run(move |memory, _| {
            let failed = |error: HashError| {
                tracing::error!(%error, "a password could not be checked");
                Busy
            };
            let right = match stored.as_ref().and_then(readable) {
                Some(hash) => {
                    shared.count();
                    hash.compare(&plain, memory).map_err(failed)?
                }
                None => false,
            };
            let outdated = stored.as_ref().is_none_or(|stored| stored.needs_rehash(&cost));
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

    /// Queues `work` and waits for its result. Dropping the future before a worker starts on it cancels it.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory, &oneshot::Sender<T>) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (reply, answer) = oneshot::channel();
        self.shared.push(Box::new(move |memory| {
            if !reply.is_closed() {
                let result = work(memory, &reply);
                // The caller may have gone meanwhile, and then nobody wants it.
                let _ = reply.send(result);
            }
        }))?;
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

    fn push(&self, job: Job) -> Result<(), Busy> {
        let mut queue = self.lock();
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
            let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
            if memory.kib() > self.kept_kib {
                memory.release();
            }
        }
    }

    /// Waits for a job, and gives the memory back when none comes for that long. `None` at the end of the pool.
    fn next(&self, memory: &mut Memory, idle: Duration) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            if memory.kib() == 0 {
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (guard, waited) = self.changed.wait_timeout(queue, idle).unwrap_or_else(PoisonError::into_inner);
            queue = guard;
            if waited.timed_out() && queue.jobs.is_empty() {
                // Unmapping takes milliseconds, in which others may want the queue.
                drop(queue);
                memory.release();
                queue = self.lock();
            }
        }
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
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;
    use crate::hashing::Options;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    fn pool(workers: usize, queue: usize) -> Pool {
        Pool::new(workers, queue, CHEAP).unwrap()
    }

    fn md5(digest: &str) -> Stored {
        Stored { text: digest.to_owned(), options: Options::Md5 }
    }

    /// MD5 of nothing, published in RFC 1321.
    const EMPTY: &str = "d41d8cd98f00b204e9800998ecf8427e";

    /// Occupies one worker until the returned sender is used or dropped.
    fn block(pool: &Arc<Pool>) -> mpsc::Sender<()> {
        let (release, released) = mpsc::channel::<()>();
        let (started, start) = mpsc::channel();
        pool.shared
            .push(Box::new(move |_| {
                started.send(()).unwrap();
                let _ = released.recv();
            }))
            .unwrap();
        start.recv().unwrap();
        release
    }

    #[tokio::test]
    async fn hashes_and_verifies() {
        let pool = pool(2, 8);
        let stored = pool.hash(b"open sesame".to_vec()).await.unwrap();
        assert!(stored.text.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        assert!(pool.verify(stored.clone(), b"open sesame".to_vec()).await.unwrap());
        assert!(!pool.verify(stored, b"open sesam".to_vec()).await.unwrap());
        assert_eq!(pool.hashes_run(), 3);
    }

    #[tokio::test]
    async fn a_history_stops_at_the_first_match_and_counts_what_was_computed() {
        let pool = pool(1, 8);
        let other = "00000000000000000000000000000000";
        let history = vec![md5(other), md5("malformed"), md5(EMPTY), md5(other)];
        assert!(pool.verify_any(history, Vec::new()).await.unwrap());
        assert_eq!(pool.hashes_run(), 2);
        assert!(!pool.verify_any(Vec::new(), Vec::new()).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_queue_turns_away_at_once() {
        let pool = Arc::new(pool(1, 1));
        let release = block(&pool);
        let waiting = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.verify(md5(EMPTY), Vec::new()).await }
        });
        while pool.shared.lock().jobs.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.verify(md5(EMPTY), Vec::new()).await, Err(Busy));
        drop(release);
        assert_eq!(waiting.await.unwrap(), Ok(true));
    }

    #[tokio::test]
    async fn abandoned_work_is_skipped() {
        let pool = Arc::new(pool(1, 8));
        let release = block(&pool);
        let abandoned = tokio::time::timeout(Duration::from_millis(20), pool.hash(b"gone".to_vec()));
        assert!(abandoned.await.is_err());
        drop(release);
        assert!(pool.verify(md5(EMPTY), Vec::new()).await.unwrap());
        assert_eq!(pool.hashes_run(), 1, "only the verification ran");
    }

    #[tokio::test]
    async fn a_worker_survives_a_panic() {
        let pool = pool(1, 8);
        let panicked: Result<(), Busy> = pool.run(|_, _| panic!("on purpose")).await;
        assert_eq!(panicked, Err(Busy));
        assert!(pool.verify(md5(EMPTY), Vec::new()).await.unwrap());
    }

    #[tokio::test]
    async fn workers_end_with_the_pool() {
        let pool = pool(3, 8);
        pool.hash(b"work".to_vec()).await.unwrap();
        let workers = Arc::downgrade(&pool.shared);
        drop(pool);
        for _ in 0..500 {
            if workers.strong_count() == 0 {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{} workers are left", workers.strong_count());
    }

    #[tokio::test]
    async fn memory_is_kept_between_hashes_and_given_back_when_idle() {
        for (idle, kept) in [(IDLE, 64), (Duration::from_millis(10), 0)] {
            let pool = Pool::with_idle(1, 8, CHEAP, idle).unwrap();
            pool.hash(b"work".to_vec()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(pool.run(|memory, _| memory.kib()).await, Ok(kept));
        }
    }

    #[tokio::test]
    async fn more_memory_than_a_new_hash_needs_is_not_kept() {
        let pool = pool(1, 8);
        let large = Cost { memory_kib: 256, ..CHEAP };
        let stored = hash(b"open sesame", &large, &mut Memory::default()).unwrap();
        assert!(pool.verify(stored, b"open sesame".to_vec()).await.unwrap());
        let kept = pool.run(|memory, _| memory.kib()).await.unwrap();
        assert_eq!(kept, 0);
    }
}
