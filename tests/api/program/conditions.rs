//! What surrounds the server and goes wrong: a database that is newer, unreachable or silent, a disk that is full, a clock that
//! jumps.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};
use usher::config::DatabaseUrl;

use super::configuration::bound;
use super::process::text;
use super::{Place, Server, get, places};
use crate::crash::cluster::Cluster;
use crate::crash::consistency;
use crate::store::schema::Outside;
use crate::wire::socket::{Raw, send};

const JSON: &str = "Content-Type: application/json\r\n";

fn ask(server: &Server, method: &str, path: &str, body: &Value) -> Raw {
    let (key, body) = ("first-key", body.to_string());
    let answer = send(server.address, key, method, path, JSON, body.as_bytes());
    assert!(answer.status < 500 || !answer.header("retry-after").is_empty(), "{method} {path}: {answer:?}");
    answer
}

fn shown(server: &Server, path: &str) -> Value {
    let answer = get(server.address, "demo", "first-key", path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

places! {
    async fn a_database_newer_than_the_program_is_left_alone(place) {
        let server = place.start_demo(&[]);
        assert_eq!(ask(&server, "POST", "/v1/users", &json!({ "userId": "ada" })).status, 201);
        server.stop();
        let mut outside = Outside::at(&place.database()).await;
        let newest = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             SELECT 9999, 'from the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
        outside.run(newest).await.unwrap();
        let all = "SELECT CAST(version AS TEXT) FROM _sqlx_migrations ORDER BY version";
        let before = outside.texts(all).await;
        drop(outside);
        for arguments in [&[][..], &["migrate"], &["project", "list"], &["key", "create", "demo"]] {
            place.fails(arguments, &[], "written by a newer Usher: this one does not know its migration 9999");
        }
        let mut outside = Outside::at(&place.database()).await;
        assert_eq!(outside.texts(all).await, before);
        outside.run("DELETE FROM _sqlx_migrations WHERE version = 9999").await.unwrap();
        drop(outside);
        let server = place.start_demo(&[]);
        assert_eq!(shown(&server, "/v1/users")["total"], 1);
        server.stop();
    }

    async fn programs_that_bring_one_database_up_to_date_at_once_all_succeed(place) {
        let migrations: Vec<_> = (0..6).map(|_| place.command(&["migrate"], &[]).spawn().unwrap()).collect();
        for mut migration in migrations {
            assert!(migration.wait().unwrap().success());
        }
        let mut outside = Outside::at(&place.database()).await;
        let twice = "SELECT CAST(count(*) - count(DISTINCT version) AS TEXT) FROM _sqlx_migrations";
        assert_eq!(outside.text(twice).await, "0");
    }

    async fn a_clock_that_jumps_loses_no_user(place) {
        let at = |clock: &'static str| place.start_demo(&[("USHER_CLOCK", clock), ("USHER_RATE_LIMITS", "true")]);
        let session = json!({ "email": "ada@example.org", "password": "a wrong password" });
        let sign_in = |server: &Server| {
            let body = session.to_string();
            let more = format!("{JSON}X-Appwrite-Project: demo\r\n");
            // Without the key, which nothing is counted of.
            let head = format!("POST /v1/account/sessions/email HTTP/1.1\r\nHost: usher\r\nConnection: close\r\n{more}");
            let bytes = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
            crate::wire::socket::exchange(server.address, bytes.as_bytes()).status
        };
        let ada = json!({ "userId": "ada", "email": "ada@example.org", "password": "correct horse" });
        let server = at("2026-06-01T12:00:00Z");
        assert_eq!(ask(&server, "POST", "/v1/users", &ada).status, 201);
        server.stop();
        let created = json!("2026-06-01T12:00:00.000+00:00");
        // Years ahead, where somebody signs in until it is too often, then years back, then as it was.
        let server = at("2036-06-01T12:00:00Z");
        while sign_in(&server) != 429 {}
        assert_eq!(ask(&server, "POST", "/v1/users", &json!({ "userId": "future" })).status, 201);
        server.stop();
        for (clock, name) in [("2016-06-01T12:00:00Z", "past"), ("2026-06-01T13:00:00Z", "now")] {
            let server = at(clock);
            assert_eq!(sign_in(&server), 401, "{clock}: what was counted in the future holds nobody up");
            assert_eq!(ask(&server, "PATCH", "/v1/users/ada/name", &json!({ "name": name })).status, 200);
            let ada = shown(&server, "/v1/users/ada");
            assert_eq!((&ada["$createdAt"], &ada["name"]), (&created, &json!(name)), "{clock}");
            assert_eq!(shown(&server, "/v1/users")["total"], 2, "{clock}");
            server.stop();
        }
        consistency::check(&place.database()).await;
    }
}

#[test]
fn a_database_that_never_answers_is_given_up_after_the_time_for_it() {
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    // Nobody is there any more.
    let absent = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let again = "the database cannot be reached yet, trying again";
    for (address, reasons) in
        [(silent.local_addr().unwrap(), ["no answer within 5 s", ""]), (absent, ["refused", again])]
    {
        let place = Place::at(&format!("postgres://usher:hunter2@{address}/usher"));
        let said = place.fails(&[], &[("USHER_STARTUP_WAIT", "1")], "DATABASE_URL");
        assert!(said.matches(again).count() <= 1, "the same is said once: {said}");
        assert!(reasons.iter().all(|reason| said.contains(reason)), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_comes_later_is_waited_for() {
    let Some(mut cluster) = Cluster::start() else { return };
    let place = Place::at(&cluster.database("later").await);
    cluster.kill();
    let demo = [("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", "first-key"), ("USHER_STARTUP_WAIT", "60")];
    let mut server = Server::spawn(place.command(&[], &demo));
    server.says("the database cannot be reached yet, trying again");
    cluster.restart();
    let server = server.listening();
    assert_eq!(shown(&server, "/v1/users")["total"], 0);
    server.stop();
}

/// The program in a file system of its own that holds so many bytes; none where the system does not let us make one.
fn on_a_small_disk(place: &Place, size: &str, then: &str, variables: &[(&str, &str)]) -> Option<Server> {
    let allowed = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        notice();
        return None;
    }
    std::fs::create_dir(place.folder.path().join("data")).unwrap();
    let script = format!("mount -t tmpfs -o size={size} tmpfs data && {then} exec \"$0\"");
    let program = place.command(&[], variables);
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &script]).arg(program.get_program()).current_dir(place.folder.path()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PATH", env!("PATH"));
    Some(Server::spawn(command))
}

#[expect(clippy::print_stderr, reason = "whoever reads the output should know what was not tested")]
fn notice() {
    eprintln!("NOT TESTED: this system lets nobody mount a small file system (unshare -rm)");
}

const DEMO: [(&str, &str); 2] = [("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", "first-key")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_writes_are_503_until_there_is_room_and_all_else_goes_on() {
    let place = Place::sqlite();
    let Some(server) = on_a_small_disk(&place, "6m", "", &DEMO) else { return };
    let server = server.listening();
    let prefs = json!({ "prefs": { "text": "x".repeat(60_000) } });
    let mut stored = 0;
    let make = |number: usize| {
        let made = ask(&server, "POST", "/v1/users", &json!({ "userId": format!("user{number}") })).status;
        if made == 201 { ask(&server, "PATCH", &format!("/v1/users/user{number}/prefs"), &prefs).status } else { made }
    };
    while make(stored) == 200 {
        stored += 1;
        assert!(stored < 1_000, "the disk is never full");
    }
    for _ in 0..3 {
        let full = ask(&server, "PATCH", "/v1/users/user0/prefs", &json!({ "prefs": { "text": "y".repeat(60_000) } }));
        assert_eq!((full.status, full.header("retry-after")), (503, "1"), "{full:?}");
        assert_eq!(full.json()["type"], "general_server_error");
    }
    for path in ["/livez", "/readyz", "/v1/users/user0", "/v1/users"] {
        assert_eq!(get(server.address, "demo", "first-key", path).status, 200, "{path}");
    }
    let process = server.id();
    let more = ["-t", &process, "-U", "-m", "--preserve-credentials", "mount", "-o", "remount,size=64m", "tmpfs"];
    let folder = place.folder.path().join("data");
    let grown = Command::new("nsenter").args(more).arg(&folder).output().unwrap();
    assert!(grown.status.success(), "{}", text(&grown.stderr));
    assert_eq!(ask(&server, "PATCH", "/v1/users/user0/prefs", &prefs).status, 200);
    for number in 0..stored {
        assert_eq!(shown(&server, &format!("/v1/users/user{number}/prefs")), prefs["prefs"], "{number}");
    }
    // The disk is seen by the server only, and goes with it.
    let copy = format!("cp /proc/{process}/root{}/usher.db* .", folder.display());
    let copied = Command::new("sh").args(["-c", &copy]).current_dir(place.folder.path()).output().unwrap();
    assert!(copied.status.success(), "{}", text(&copied.stderr));
    let copy = DatabaseUrl::Sqlite(place.folder.path().join("usher.db"));
    consistency::check(&copy).await;
    let (_, stderr) = server.stop();
    let failures: Vec<&str> = stderr.lines().filter(|line| line.contains("ERROR")).collect();
    assert!(!failures.is_empty() && failures.iter().all(|line| line.contains("full")), "{stderr}");
}

#[test]
fn a_database_that_may_only_be_read_stops_the_start() {
    let place = Place::sqlite();
    let prepare = format!(
        "DATABASE_URL=sqlite:data/usher.db {} migrate >/dev/null && mount -o remount,ro data &&",
        env!("CARGO_BIN_EXE_usher")
    );
    let Some(server) = on_a_small_disk(&place, "6m", &prepare, &DEMO) else { return };
    let (status, stdout, stderr) = server.ended();
    assert_eq!((status.code(), stdout.as_str()), (Some(1), ""), "{stderr}");
    let said = "usher: DATABASE_URL (sqlite:data/usher.db) cannot be used: data/usher.db cannot be written: \
                Read-only file system (os error 30)";
    assert_eq!(stderr, said);
}

/// It would end by the time of the test, with more on stderr, if any of it were waited for.
#[test]
fn what_is_wrong_with_a_file_and_stays_so_ends_a_start_at_once() {
    let place = Place::sqlite();
    let path = |name: &str| place.folder.path().join(name);
    let mode = |name: &str, mode| std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    place.prints(&["migrate"]);
    for folder in ["folder", "locked", "half"] {
        std::fs::create_dir(path(folder)).unwrap();
    }
    std::fs::write(path("text.db"), "no database, but long enough to be one".repeat(100)).unwrap();
    for (copy, rights) in [("read.db", 0o400), ("closed.db", 0o000), ("half/usher.db", 0o600)] {
        std::fs::copy(path("data/usher.db"), path(copy)).unwrap();
        mode(copy, rights);
    }
    mode("locked", 0o500);
    mode("half", 0o500);
    for (file, reason) in [
        ("locked/usher.db", "locked/usher.db cannot be written: Permission denied (os error 13)"),
        ("locked/more/usher.db", "the folder locked/more cannot be made: Permission denied (os error 13)"),
        ("folder", "folder cannot be written: Is a directory (os error 21)"),
        ("text.db/usher.db", "the folder text.db cannot be made: File exists (os error 17)"),
        ("text.db/more/usher.db", "the folder text.db/more cannot be made: Not a directory (os error 20)"),
        ("read.db", "read.db cannot be written: Permission denied (os error 13)"),
        ("closed.db", "closed.db cannot be written: Permission denied (os error 13)"),
        ("half/usher.db", "half/usher.db, or a file that SQLite keeps beside it: attempt to write a readonly database"),
        ("text.db", "error returned from database: (code: 26) file is not a database"),
    ] {
        let url = format!("sqlite:{file}");
        for arguments in [&[][..], &["migrate"]] {
            let variables = [("DATABASE_URL", url.as_str()), ("USHER_STARTUP_WAIT", "20")];
            let output = bound(&place, arguments, &variables);
            let said = format!("usher: DATABASE_URL ({url}) cannot be used: {reason}\n");
            assert_eq!(
                (output.status.code(), text(&output.stdout), text(&output.stderr)),
                (Some(1), String::new(), said)
            );
        }
    }
    for folder in ["locked", "half"] {
        mode(folder, 0o700);
    }
}

/// The one that has locked it ends, in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_somebody_has_locked_is_waited_for() {
    let place = Place::sqlite();
    place.prints(&["migrate"]);
    let mut other = Outside::at(&place.database()).await;
    other.run("BEGIN IMMEDIATE").await.unwrap();
    let mut server = Server::spawn(place.command(&[], &[&DEMO[..], &[("USHER_STARTUP_WAIT", "60")]].concat()));
    let line = server.says("the database cannot be reached yet, trying again");
    assert!(line.contains("database=sqlite:data/usher.db why=database is locked"), "{line}");
    other.run("ROLLBACK").await.unwrap();
    let server = server.listening();
    assert_eq!(shown(&server, "/v1/users")["total"], 0);
    server.stop();
    other.run("BEGIN IMMEDIATE").await.unwrap();
    let said = "usher: DATABASE_URL (sqlite:data/usher.db) cannot be used: the database is not available: database is locked\n";
    assert_eq!(place.fails(&["migrate"], &[], ""), said);
}
