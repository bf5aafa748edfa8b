//! Processes that are killed while they write. What was answered before must be stored afterwards, what was not must be stored
//! wholly or not at all, and what is derived from it (totals, search, targets) must agree with it.
//!
//! `scripts/crash` does the same a hundred times on each engine, by `USHER_TEST_KILLS`.

pub mod client;
pub mod cluster;
pub mod consistency;
pub mod writer;

use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use self::cluster::Cluster;
use self::writer::Writer;
use crate::program::{Place, Server, places};
use crate::store::schema::Outside;
use crate::wire::socket::get;

/// Writers at the same time.
const WRITERS: u64 = 8;

/// Kills, when nobody says how many.
const KILLS: u64 = 3;

/// Most writes that are answered before a kill.
const WRITES: u64 = 300;

/// How long the server may take to come back to a database that has come back.
pub const RECOVERY: Duration = Duration::from_secs(5);

/// How long the database may take to end what a killed server has begun.
const PATIENCE: Duration = Duration::from_secs(30);

/// Numbers that look random and come again with the same seed.
pub(crate) struct Dice(pub u64);

impl Dice {
    /// One of that many.
    pub fn below(&mut self, count: u64) -> u64 {
        // Knuth's MMIX generator; its high bits are the better ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % count
    }
}

fn kills() -> u64 {
    std::env::var("USHER_TEST_KILLS").map_or(KILLS, |kills| kills.parse().expect("USHER_TEST_KILLS is a number"))
}

/// Says something to whoever watches, or learns that the test has failed.
#[expect(clippy::print_stdout, reason = "the test harness keeps it until the test fails")]
pub fn say(line: &str) {
    println!("{line}");
}

pub fn seed() -> u64 {
    let random = || u64::from_le_bytes(usher::secret::random::<8>());
    std::env::var("USHER_TEST_SEED")
        .map_or_else(|_| random(), |seed| seed.parse().expect("USHER_TEST_SEED is a number"))
}

places! {
    async fn what_was_answered_survives_kills(place) {
        let (kills, seed) = (kills(), seed());
        say(&format!("{kills} kills, USHER_TEST_SEED={seed}"));
        let mut dice = Dice(seed);
        let mut writers: Vec<Writer> = (0..WRITERS).map(|number| Writer::new(number, dice.below(u64::MAX))).collect();
        let (mut answered, mut open) = (0, 0);
        for kill in 0..=kills {
            if kill % 4 == 3 {
                // Also in the middle of a start, which has to mend what the kill before has left.
                Server::spawn(place.command(&[], &[])).signal("KILL");
            }
            let server = place.start_demo(&[]);
            writers = check(place, &server, writers).await;
            if kill == kills {
                break;
            }
            let (after, done);
            (writers, after, done) = write_and_kill(server, writers, 1 + dice.below(WRITES));
            answered += done;
            open += after;
            ended(place).await;
        }
        say(&format!("{answered} writes were answered, {open} were not"));
        assert!(answered >= kills && open > 0, "the server was never killed while it wrote");
    }
}

/// PostgreSQL is killed, and started again. The server goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_kills_of_postgres() {
    let Some(mut cluster) = Cluster::start() else { return };
    let place = Place::at(&cluster.database("crash").await);
    let (kills, seed) = (kills(), seed());
    say(&format!("{kills} kills, USHER_TEST_SEED={seed}"));
    let mut dice = Dice(seed);
    let mut writers: Vec<Writer> = (0..WRITERS).map(|number| Writer::new(number, dice.below(u64::MAX))).collect();
    let server = place.start_demo(&[]);
    let (mut answered, mut open) = (0, 0);
    for _ in 0..kills {
        let done;
        (writers, done) = write_until(server.address, writers, 1 + dice.below(WRITES), || cluster.kill());
        answered += done;
        open += writers.iter().filter(|writer| writer.waits()).count();
        // While there is no database, nothing is answered but that, at once, and health is.
        for path in ["/v1/users", "/v1/users/nobody", "/readyz"] {
            let answer = get(server.address, "first-key", path, "");
            assert_eq!(answer.status, 503, "{path}");
            assert!(path == "/readyz" || !answer.header("retry-after").is_empty(), "{path}: {answer:?}");
        }
        assert_eq!(get(server.address, "first-key", "/livez", "").status, 200);
        cluster.restart();
        let end = Instant::now() + RECOVERY;
        while get(server.address, "first-key", "/v1/users", "").status != 200 {
            assert!(Instant::now() < end, "the server does not come back to its database");
        }
        writers = check(&place, &server, writers).await;
    }
    say(&format!("{answered} writes were answered, {open} were not"));
    assert!(answered >= kills && open > 0, "PostgreSQL was never killed while it wrote");
}

/// Lets everybody write, and kills the server as soon as so many writes were answered. The writers, how many of them were left
/// without an answer, and how many writes were answered.
fn write_and_kill(server: Server, writers: Vec<Writer>, writes: u64) -> (Vec<Writer>, u64, u64) {
    let (writers, answered) = write_until(server.address, writers, writes, || server.signal("KILL"));
    let (status, ..) = server.ended();
    assert_eq!(status.code(), None, "the server was killed");
    let open = writers.iter().filter(|writer| writer.waits()).count() as u64;
    (writers, open, answered)
}

/// Lets everybody write until nobody is answered any more, and calls `kill` as soon as so many writes were answered. The writers, and
/// how many writes were answered.
pub fn write_until(address: SocketAddr, writers: Vec<Writer>, writes: u64, kill: impl FnOnce()) -> (Vec<Writer>, u64) {
    let (tell, told) = channel();
    let threads: Vec<_> = writers
        .into_iter()
        .map(|mut writer| {
            let tell = tell.clone();
            std::thread::spawn(move || {
                while writer.write(address) {
                    let _ = tell.send(());
                }
                writer
            })
        })
        .collect();
    drop(tell);
    for _ in 0..writes {
        told.recv_timeout(PATIENCE).expect("the writers are answered");
    }
    kill();
    let writers = threads.into_iter().map(|thread| thread.join().expect("a writer")).collect();
    (writers, writes + told.iter().count() as u64)
}

/// PostgreSQL ends a statement that a client who is gone has begun. Until then the outcome is open.
pub async fn ended(place: &Place) {
    if place.url.starts_with("sqlite") {
        return;
    }
    let mut outside = Outside::at(&place.database()).await;
    let others = "SELECT CAST(count(*) AS TEXT) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let end = Instant::now() + PATIENCE;
    while outside.text(others).await != "0" {
        assert!(Instant::now() < end, "the connections of the killed server do not end");
        tokio::task::yield_now().await;
    }
}

/// Compares what every writer knows, and everything in the database, with itself.
pub async fn check(place: &Place, server: &Server, writers: Vec<Writer>) -> Vec<Writer> {
    let address = server.address;
    let threads: Vec<_> = writers
        .into_iter()
        .map(|mut writer| {
            std::thread::spawn(move || {
                writer.check(address);
                writer
            })
        })
        .collect();
    let writers: Vec<Writer> = threads.into_iter().map(|thread| thread.join().expect("a writer")).collect();
    let users: usize = writers.iter().map(Writer::users).sum();
    assert_eq!(client::get(address, "/v1/users?queries[]=limit(1)")["total"], users);
    consistency::check(&place.database()).await;
    writers
}
