//! Usher behind `PgBouncer`: each transaction may be on another connection of the server, so nothing may be left on one, and
//! nothing be expected there.

mod copy;
mod pgbouncer;

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection, Row as _};
use usher::config::DatabaseUrl;
use usher::secret::Hidden;
use usher::store::{Store, Tx};

use self::pgbouncer::PgBouncer;
use crate::crash::cluster::Cluster;
use crate::crash::writer::Writer;
use crate::crash::{self, Dice, RECOVERY, consistency, say, seed};
use crate::nodes::{self, KEY, ask};
use crate::program::{Place, get};
use crate::store::schema::Outside;

/// The ways of `PgBouncer` that work. What it does not know of a start it refuses, or is told to ignore. With sessions it needs as
/// many connections to PostgreSQL as all servers have to it; with transactions fewer will do.
const WAYS: [(&str, &str); 4] = [
    ("session", "pool_mode = session\ndefault_pool_size = 20"),
    (
        "session, ignoring",
        "pool_mode = session\ndefault_pool_size = 20\nignore_startup_parameters = extra_float_digits, options",
    ),
    ("transaction", "pool_mode = transaction\ndefault_pool_size = 3"),
    (
        "transaction, ignoring",
        "pool_mode = transaction\ndefault_pool_size = 3\nignore_startup_parameters = extra_float_digits, options",
    ),
];

/// Writers at the same time.
const WRITERS: u64 = 6;

/// Writes of each of them.
const WRITES: usize = 40;

/// Without `PgBouncer` the suite passes, but nobody should think that all of it ran.
#[tokio::test]
async fn pgbouncer_is_there() {
    let Some(place) = Place::postgres().await else { return };
    if PgBouncer::start(&place.url, "").is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "\n*** NO PGBOUNCER: nothing was tried behind a pooler. ./scripts/test installs and uses PgBouncer. ***\n"
        );
        assert!(std::env::var_os("CI").is_none(), "in CI the tests must run behind PgBouncer too");
    }
    place.remove().await;
}

fn writers() -> Vec<Writer> {
    let seed = seed();
    say(&format!("USHER_TEST_SEED={seed}"));
    let mut dice = Dice(seed);
    (0..WRITERS).map(|number| Writer::new(number, dice.below(u64::MAX))).collect()
}

/// What is left on the connections of the server: prepared statements, and settings that are not the server's.
async fn left(url: &str) -> Vec<String> {
    let mut found = Vec::new();
    for _ in 0..6 {
        let mut connection = PgConnection::connect_with(&plain(url)).await.unwrap();
        let asked = "SELECT CAST(count(*) AS TEXT) || ' ' || current_setting('statement_timeout') || ' ' \
             || current_setting('work_mem') FROM pg_prepared_statements";
        found.push(sqlx::raw_sql(asked).fetch_one(&mut connection).await.unwrap().get(0));
    }
    found
}

/// How to connect through a pooler that knows no other parameters.
fn plain(url: &str) -> sqlx::postgres::PgConnectOptions {
    url.parse::<sqlx::postgres::PgConnectOptions>().unwrap().extra_float_digits(None)
}

/// Everything by three servers that start at once on an empty database: commands, lists, searches, and writes at the same time.
async fn works(way: &str, settings: &str) {
    let Some(direct) = Place::postgres().await else { return };
    let Some(pooler) = PgBouncer::start(&direct.url, settings) else { return };
    let place = Place::at(&pooler.url);
    let servers = nodes::start_demo(&place);
    let at: Vec<_> = servers.iter().map(nodes::Node::address).collect();
    let turn = AtomicUsize::new(0);
    let threads: Vec<_> = writers()
        .into_iter()
        .map(|mut writer| {
            let (at, first) = (at.clone(), turn.fetch_add(1, Ordering::Relaxed));
            std::thread::spawn(move || {
                for n in 0..WRITES {
                    assert!(writer.write(at[(first + n) % at.len()]), "a write without an answer");
                }
                at.iter().for_each(|address| writer.check(*address));
                writer
            })
        })
        .collect();
    let users: usize = threads.into_iter().map(|thread| thread.join().expect("a writer").users()).sum();
    for (n, path) in [
        "/v1/users?queries[]=limit(100000)",
        "/v1/users?queries[]=limit(1)&queries[]=notEqual(%22name%22,%22x%22)&queries[]=orderDesc(%22name%22)",
        // Without the index, within its own limit of time.
        "/v1/users?search=e",
    ]
    .into_iter()
    .enumerate()
    {
        let (status, list, _) = ask(at[n % 3], &KEY, "GET", path, &Value::Null);
        assert_eq!((status, &list["total"]), (200, &json!(users)), "{way}: {path}");
    }
    // What has more values than a statement that is prepared for later.
    let ids = (0..100).map(|n| format!("%22u{n}%22")).collect::<Vec<_>>().join(",");
    let path = format!("/v1/users?queries[]=equal(%22$id%22,[{ids}])");
    let (status, list, _) = ask(at[0], &KEY, "GET", &path, &Value::Null);
    assert_eq!((status, &list["total"]), (200, &json!(0)), "{way}: {list}");

    let shown = place.prints(&["config", "check", "--connect"]);
    assert!(shown.contains(" behind a connection pooler, up to date"), "{way}: {shown}");
    place.prints(&["migrate"]);
    place.prints(&["project", "create", "other"]);
    place.prints(&["project", "delete", "other", "--yes"]);

    let mut outside = Outside::at(&direct.database()).await;
    // Those of other databases are other tests'.
    let locks = "SELECT CAST(count(*) AS TEXT) FROM pg_locks WHERE locktype = 'advisory' \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(outside.text(locks).await, "0", "{way}");
    consistency::check(&direct.database()).await;
    for statement in ["DROP INDEX users_name", "DROP TRIGGER users_counted ON users"] {
        outside.run(statement).await.unwrap();
    }
    let mended = place.prints(&["check", "--repair"]);
    assert!(
        mended.starts_with(
            "users: the index users_name is missing; mended\nusers: the trigger users_counted is missing; mended\n"
        ) && mended.ends_with("faults=0\nmended=0\n"),
        "{way}: {mended}"
    );
    for server in servers {
        let (_, stderr) = server.server.stop();
        assert!(stderr.contains("there is a connection pooler before PostgreSQL"), "{way}: {stderr}");
        assert!(!stderr.contains("WARN") || !stderr.contains("housekeeping failed"), "{way}: {stderr}");
    }
    for line in left(&pooler.url).await {
        assert_eq!(line, "0 0 4MB", "{way}");
    }
    drop(pooler);
    drop(outside);
    direct.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_in_each_way_that_is_promised() {
    for (way, settings) in WAYS {
        works(way, settings).await;
    }
}

/// The settings of PostgreSQL by which a write runs.
async fn settings(url: &str) -> Vec<String> {
    let url = DatabaseUrl::Postgres(Hidden(url.to_owned()));
    let store = Store::open(&url, 2, Duration::ZERO).await.unwrap();
    let found = store.write(|tx| {
        Box::pin(async move {
            let Tx::Postgres(open) = tx else { return Err(usher::store::Error::Missing) };
            let mut found = Vec::new();
            for name in ["statement_timeout", "work_mem", "jit", "synchronous_commit", "TimeZone"] {
                let query = sqlx::query_scalar("SELECT current_setting($1)").bind(name).persistent(false);
                found.push(query.fetch_one(&mut **open).await?);
            }
            Ok::<Vec<String>, usher::store::Error>(found)
        })
    });
    let found = found.await.unwrap();
    store.close().await;
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_run_by_the_same_settings_as_on_connections_of_their_own() {
    let Some(direct) = Place::postgres().await else { return };
    let expected = settings(&direct.url).await;
    assert_eq!(expected, ["15s", "32MB", "off", "on", "UTC"]);
    for (way, lines) in WAYS {
        let Some(pooler) = PgBouncer::start(&direct.url, lines) else { return };
        assert_eq!(settings(&pooler.url).await, expected, "{way}");
    }
    direct.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_transaction_cannot_be_the_start_is_refused() {
    let Some(direct) = Place::postgres().await else { return };
    for more in ["", "\nignore_startup_parameters = extra_float_digits, options"] {
        let Some(pooler) = PgBouncer::start(&direct.url, &format!("pool_mode = statement{more}")) else { return };
        let place = Place::at(&pooler.url);
        for arguments in [&[][..], &["migrate"], &["config", "check", "--connect"]] {
            let output = place.run(arguments, &[("USHER_STARTUP_WAIT", "60")]);
            let said = String::from_utf8(output.stderr).unwrap();
            let reason = "PgBouncer needs pool_mode = session or transaction, not statement";
            assert!(output.status.code() == Some(1) && said.contains(reason), "{arguments:?}: {said}");
        }
    }
    let mut outside = Outside::at(&direct.database()).await;
    let tables = "SELECT CAST(count(*) AS TEXT) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(outside.text(tables).await, "0");
    drop(outside);
    direct.remove().await;
}

/// What is killed while writers write, and started again.
trait Killed {
    /// Whether PostgreSQL goes on with what it was asked.
    const GOES_ON: bool;
    fn kill(&mut self);
    fn restart(&mut self);
}

impl Killed for PgBouncer {
    const GOES_ON: bool = true;

    fn kill(&mut self) {
        Self::kill(self);
    }
    fn restart(&mut self) {
        Self::restart(self);
    }
}

impl Killed for Cluster {
    const GOES_ON: bool = false;

    fn kill(&mut self) {
        Self::kill(self);
    }
    fn restart(&mut self) {
        Self::restart(self);
    }
}

/// Everybody writes until something is killed. Nothing is answered but 503 while it is away; afterwards the server goes on, and
/// what was answered is there.
async fn survives<K: Killed>(way: &str, direct: &Place, through: &str, what: &mut K) {
    let server = Place::at(through);
    let server = server.start_demo(&[]);
    let mut all = writers();
    for _ in 0..2 {
        let (writers, answered) = crash::write_until(server.address, all, 60, || what.kill());
        assert!(answered >= 60, "{way}");
        let began = Instant::now();
        for path in ["/v1/users", "/v1/users/nobody", "/readyz"] {
            let answer = get(server.address, "demo", "first-key", path);
            assert_eq!(answer.status, 503, "{way}: {path}");
            assert!(path == "/readyz" || !answer.header("retry-after").is_empty(), "{way}: {path}: {answer:?}");
        }
        say(&format!("{way}: three refusals took {:?}", began.elapsed()));
        assert_eq!(get(server.address, "demo", "first-key", "/livez").status, 200, "{way}");
        if K::GOES_ON {
            crash::ended(direct).await;
        }
        what.restart();
        let end = Instant::now() + RECOVERY;
        while get(server.address, "demo", "first-key", "/v1/users").status != 200 {
            assert!(Instant::now() < end, "{way}: the server does not come back to its database");
        }
        all = crash::check(direct, &server, writers).await;
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_kills_of_the_pooler() {
    for (way, settings) in [WAYS[0], WAYS[2]] {
        let Some(direct) = Place::postgres().await else { return };
        let Some(mut pooler) = PgBouncer::start(&direct.url, settings) else { return };
        let through = pooler.url.clone();
        survives(way, &direct, &through, &mut pooler).await;
        drop(pooler);
        direct.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_kills_of_postgres_behind_it() {
    let Some(mut cluster) = Cluster::start() else { return };
    for (name, (way, settings)) in [("session", WAYS[0]), ("transaction", WAYS[2])] {
        let url = cluster.database(name).await;
        let Some(pooler) = PgBouncer::start(&url, settings) else { return };
        survives(way, &Place::at(&url), &pooler.url, &mut cluster).await;
    }
}
