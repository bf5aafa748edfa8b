//! What the pool promises its callers and the system. Cheap hashes throughout: none of this depends on their cost.

use std::{pin::pin, sync::mpsc, time::Instant};

use futures_util::FutureExt as _;

use super::*;
use crate::hashing::Options;

const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

/// MD5 of nothing, published in RFC 1321.
const EMPTY: &str = "d41d8cd98f00b204e9800998ecf8427e";

fn pool(workers: usize, queue: usize) -> Pool {
    Pool::new(workers, queue, CHEAP).unwrap()
}

fn md5(digest: &str) -> Stored {
    Stored { text: digest.to_owned(), options: Options::Md5 }
}

/// Occupies one worker until the returned sender is used or dropped.
async fn block(pool: &Arc<Pool>) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (started, start) = oneshot::channel();
    let pool = Arc::clone(pool);
    tokio::spawn(async move {
        let work = move |_: &mut Memory, _: &_| {
            started.send(()).unwrap();
            let _ = released.recv();
        };
        pool.run(work).await
    });
    start.await.unwrap();
    release
}

/// Asks again and again until the answer is yes.
async fn eventually(what: &str, condition: impl AsyncFnMut() -> bool) {
    eventually_every(Duration::from_millis(10), what, condition).await;
}

/// Likewise, with pauses of that length.
async fn eventually_every(pause: Duration, what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition().await {
        assert!(Instant::now() < end, "not in time: {what}");
        tokio::time::sleep(pause).await;
    }
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
async fn a_history_stops_when_its_caller_is_gone() {
    let pool = Arc::new(pool(1, 8));
    let history = vec![hash(b"another", &CHEAP, &mut Memory::default()).unwrap(); 100_000];
    let caller = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.verify_any(history, Vec::new()).await }
    });
    eventually("the first hash", async || pool.hashes_run() > 0).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    assert!(pool.verify(md5(EMPTY), Vec::new()).await.unwrap(), "the worker is free again");
    assert!(pool.hashes_run() < 100_000, "all of the history was computed");
}

/// Nobody can tell from the work whether there was a password to check.
#[tokio::test]
async fn a_check_makes_at_least_one_hash_at_the_present_cost() {
    let pool = pool(1, 8);
    let argon2 = |text: &str| Stored { text: text.to_owned(), options: Options::Argon2 };
    let of = |cost: &Cost| hash(b"", cost, &mut Memory::default()).unwrap();
    let strong = of(&Cost { passes: 2, ..CHEAP });
    let too_costly = strong.text.replace("m=64", "m=4194304");
    for (stored, run, right, renewed) in [
        (None, 1, false, false),
        (Some(argon2("malformed")), 1, false, false),
        (Some(argon2(&too_costly)), 1, false, false),
        (Some(md5("malformed")), 1, false, false),
        (Some(md5("00000000000000000000000000000000")), 2, false, false),
        (Some(md5(EMPTY)), 2, true, true),
        (Some(of(&Cost { memory_kib: 32, ..CHEAP })), 2, true, true),
        (Some(of(&CHEAP)), 1, true, false),
        (Some(strong), 1, true, false),
    ] {
        let (text, before) = (stored.as_ref().map(|stored| stored.text.clone()), pool.hashes_run());
        let checked = pool.check(stored, Vec::new()).await.unwrap();
        assert_eq!(pool.hashes_run() - before, run, "{text:?}");
        match checked {
            Checked::Wrong => assert!(!right, "{text:?}"),
            Checked::Right { better } => assert_eq!((right, renewed), (true, better.is_some()), "{text:?}"),
        }
    }
}

#[tokio::test]
async fn a_full_queue_turns_away_at_once() {
    let pool = Arc::new(pool(1, 1));
    let release = block(&pool).await;
    let mut waiting = pin!(pool.verify(md5(EMPTY), Vec::new()));
    assert!(waiting.as_mut().now_or_never().is_none());
    assert_eq!(pool.verify(md5(EMPTY), Vec::new()).now_or_never(), Some(Err(Busy)));
    drop(release);
    assert_eq!(waiting.await, Ok(true));
    assert_eq!(pool.verify(md5(EMPTY), Vec::new()).await, Ok(true), "there is room again");
    assert_eq!(pool.hashes_run(), 2, "what was turned away did not run");
}

#[tokio::test]
async fn who_comes_first_is_served_first() {
    let pool = Arc::new(pool(1, 8));
    let release = block(&pool).await;
    let (served, order) = mpsc::channel();
    let mut waiting: Vec<_> = (0..8)
        .map(|number| {
            let served = served.clone();
            Box::pin(pool.run(move |_, _| served.send(number).unwrap()))
        })
        .collect();
    for job in &mut waiting {
        assert!(job.now_or_never().is_none());
    }
    drop(release);
    futures_util::future::join_all(waiting).await;
    assert_eq!(order.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn abandoned_work_is_skipped() {
    let pool = Arc::new(pool(1, 8));
    let release = block(&pool).await;
    assert!(pool.hash(b"gone".to_vec()).now_or_never().is_none());
    assert_eq!(pool.shared.lock().jobs.len(), 1, "it was queued");
    drop(release);
    assert!(pool.verify(md5(EMPTY), Vec::new()).await.unwrap());
    assert_eq!(pool.hashes_run(), 1, "only the verification ran");
}

#[tokio::test]
async fn abandoned_work_holds_no_place() {
    let pool = Arc::new(pool(1, 2));
    let release = block(&pool).await;
    let verify = || Box::pin(pool.verify(md5(EMPTY), Vec::new()));
    let (mut first, mut second, mut third) = (verify(), verify(), verify());
    assert!((&mut first).now_or_never().is_none());
    assert!(pool.hash(b"gone".to_vec()).now_or_never().is_none());
    assert!((&mut second).now_or_never().is_none(), "the place of the one who left");
    assert_eq!((&mut third).now_or_never(), Some(Err(Busy)), "the others still wait");
    drop(release);
    assert_eq!((first.await, second.await), (Ok(true), Ok(true)));
    assert_eq!(pool.hashes_run(), 2);
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
    eventually("the end of all workers", async || workers.strong_count() == 0).await;
}

#[tokio::test]
async fn memory_is_kept_between_hashes() {
    let pool = pool(1, 8);
    assert_eq!(pool.run(|memory, _| memory.kib()).await, Ok(0), "none before it is needed");
    pool.hash(b"work".to_vec()).await.unwrap();
    assert_eq!(pool.run(|memory, _| memory.kib()).await, Ok(64));
    assert_eq!(IDLE, Duration::from_secs(30));
}

#[tokio::test]
async fn memory_is_given_back_when_idle() {
    let pool = Pool::with_idle(1, 8, CHEAP, Duration::from_millis(5)).unwrap();
    pool.hash(b"work".to_vec()).await.unwrap();
    eventually("no memory", async || pool.run(|memory, _| memory.kib()).await == Ok(0)).await;
    let stored = pool.hash(b"work again".to_vec()).await.unwrap();
    assert!(pool.verify(stored, b"work again".to_vec()).await.unwrap());
}

/// As happens to a worker whose colleagues take every job that it is woken for.
#[tokio::test]
async fn a_worker_that_wakes_up_in_vain_is_idle_all_the_same() {
    let idle = Duration::from_millis(200);
    let pool = Pool::with_idle(1, 8, CHEAP, idle).unwrap();
    pool.hash(b"work".to_vec()).await.unwrap();
    let wake = async {
        loop {
            pool.shared.changed.notify_all();
            tokio::task::yield_now().await;
        }
    };
    // To ask is work too, so the pauses are longer than the time of idleness.
    let given_back = async || pool.run(|memory, _| memory.kib()).await == Ok(0);
    tokio::select! {
        () = wake => {}
        () = eventually_every(2 * idle, "no memory", given_back) => {}
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

#[cfg(target_os = "linux")]
#[tokio::test]
async fn workers_have_a_lower_priority_than_the_rest() {
    let own = rustix::process::getpriority_process(None).unwrap();
    let pool = pool(1, 8);
    let worker = pool.run(|_, _| rustix::process::getpriority_process(None).unwrap()).await.unwrap();
    // The lowest there is, for those who run this with a low one already.
    assert_eq!(worker, (own + 5).min(19));
    assert_eq!(rustix::process::getpriority_process(None).unwrap(), own, "this thread keeps its own");
}
