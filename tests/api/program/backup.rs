//! `usher backup` and `usher restore`: copies that are whole, made while others write, and put back while nobody does.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use usher::config::DatabaseUrl;

use super::process::text;
use super::{Place, Server, get};
use crate::crash::consistency;
use crate::store::schema::Outside;
use crate::wire::socket::{exchange, send};

const PATIENCE: Duration = Duration::from_secs(60);

fn ask(address: SocketAddr, method: &str, path: &str, body: &Value) -> u16 {
    send(address, "first-key", method, path, "Content-Type: application/json\r\n", body.to_string().as_bytes()).status
}

/// Makes a user of whom there is something in every index and copy.
pub(super) fn make(server: &Server, id: &str) {
    let user =
        json!({ "userId": id, "email": format!("{id}@example.org"), "name": "Åsa Ek", "password": "correct horse" });
    assert_eq!(ask(server.address, "POST", "/v1/users", &user), 201);
    assert_eq!(
        ask(server.address, "PUT", &format!("/v1/users/{id}/labels"), &json!({ "labels": ["vip", "beta"] })),
        200
    );
    assert_eq!(ask(server.address, "POST", &format!("/v1/users/{id}/sessions"), &json!({})), 201);
}

/// What the API says of everybody.
pub(super) fn shown(server: &Server) -> Vec<Value> {
    let paths = [
        "/v1/users",
        "/v1/users?search=asa",
        "/v1/users?search=label:vip",
        "/v1/users/ada",
        "/v1/users/ada/sessions",
        "/v1/users/ada/logs",
        "/v1/users/ada/targets",
        "/v1/users/identities",
    ];
    let answers = paths.map(|path| {
        let answer = get(server.address, "demo", "first-key", path);
        assert!([200, 404].contains(&answer.status), "{path}: {answer:?}");
        answer.json()
    });
    answers.to_vec()
}

/// A place whose database has these users, and a copy of it, `copy.db`.
pub(super) fn copied(users: &[&str]) -> (Place, Vec<Value>) {
    let place = Place::sqlite();
    let server = place.start_demo(&[]);
    users.iter().for_each(|id| make(&server, id));
    let before = shown(&server);
    server.stop();
    place.prints(&["backup", "copy.db"]);
    (place, before)
}

pub(super) fn names(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

pub(super) fn value<'a>(printed: &'a str, name: &str) -> &'a str {
    printed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap()
}

pub(super) fn data(place: &Place) -> PathBuf {
    place.folder.path().join("data")
}

async fn open(file: PathBuf) -> Outside {
    Outside::at(&DatabaseUrl::Sqlite(file)).await
}

async fn ids(file: PathBuf) -> Vec<String> {
    let rows = open(file).await.texts("SELECT id FROM users ORDER BY id").await;
    rows.into_iter().map(|mut row| row.remove(0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_while_others_write_holds_what_was_answered_before() {
    let place = Place::sqlite();
    let server = place.start_demo(&[]);
    let (stop, answered) = (AtomicBool::new(false), [const { AtomicUsize::new(0) }; 2]);
    std::thread::scope(|scope| {
        for (writer, answered) in answered.iter().enumerate() {
            let (address, stop) = (server.address, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let id = format!("w{writer}-{}", answered.load(Ordering::Acquire));
                    let user = json!({ "userId": id, "email": format!("{id}@example.org") });
                    assert_eq!(ask(address, "POST", "/v1/users", &user), 201);
                    answered.fetch_add(1, Ordering::Release);
                }
            });
        }
        let deadline = Instant::now() + PATIENCE;
        for round in 0..3 {
            while answered.iter().any(|answered| answered.load(Ordering::Acquire) < 20 * (round + 1)) {
                assert!(Instant::now() < deadline && answered.len() == 2, "nobody writes");
                std::thread::yield_now();
            }
            let before: Vec<usize> = answered.iter().map(|answered| answered.load(Ordering::Acquire)).collect();
            let name = format!("copy{round}.db");
            let printed = place.prints(&["backup", &name]);
            let file = place.folder.path().join(&name);
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(value(&printed, "bytes"), std::fs::metadata(&file).unwrap().len().to_string());
            let held = tokio::runtime::Handle::current();
            let held = std::thread::scope(|scope| scope.spawn(|| held.block_on(ids(file))).join().unwrap());
            assert_eq!(value(&printed, "users"), held.len().to_string());
            for (writer, before) in before.into_iter().enumerate() {
                let missing = (0..before).find(|n| !held.contains(&format!("w{writer}-{n}")));
                assert_eq!(missing, None, "of writer {writer} in round {round}");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    server.stop();
    for round in 0..3 {
        consistency::check(&DatabaseUrl::Sqlite(place.folder.path().join(format!("copy{round}.db")))).await;
    }
    assert!(!names(place.folder.path()).iter().any(|name| name.contains("part")));
    consistency::check(&place.database()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_restored_gives_the_answers_of_before() {
    let (place, before) = copied(&["ada", "bob"]);
    // What came later is gone, and what went is there again.
    let server = place.start_demo(&[]);
    make(&server, "later");
    assert_eq!(ask(server.address, "DELETE", "/v1/users/ada", &json!({})), 204);
    let running = shown(&server);
    let said = place.fails(&["restore", "copy.db", "--force"], &[], "data/usher.db is in use");
    assert!(said.contains("stop the server"), "{said}");
    assert_eq!(shown(&server), running, "the server that runs has lost nothing");
    server.stop();
    let files = names(&data(&place));
    place.fails(&["restore", "copy.db"], &[], "data/usher.db has 2 users; --force replaces it");
    assert_eq!(names(&data(&place)), files);

    let printed = place.prints(&["restore", "copy.db", "--force"]);
    assert_eq!((value(&printed, "users"), value(&printed, "projects"), value(&printed, "sessions")), ("2", "1", "2"));
    assert_eq!(value(&printed, "file"), "data/usher.db");
    let replaced = place.folder.path().join(value(&printed, "replaced"));
    assert!(value(&printed, "replaced").starts_with("data/usher.db.replaced-20"), "{printed}");
    assert_eq!(names(&data(&place)), ["usher.db", replaced.file_name().unwrap().to_str().unwrap()]);
    for file in [data(&place).join("usher.db"), replaced.clone()] {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let server = place.start_demo(&[]);
    assert_eq!(shown(&server), before);
    make(&server, "new");
    server.stop();
    consistency::check(&place.database()).await;
    assert_eq!(ids(replaced).await, ["bob", "later"]);
    // The number of a project that is gone comes back to nobody.
    place.prints(&["project", "create", "second"]);
    let mut outside = Outside::at(&place.database()).await;
    assert_eq!(outside.text("SELECT CAST(max(seq) AS TEXT) FROM projects").await, "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_that_were_given_once_are_in_the_copy() {
    let place = Place::sqlite();
    for id in ["one", "two", "three"] {
        place.prints(&["project", "create", id]);
    }
    place.prints(&["project", "delete", "three", "--yes"]);
    place.prints(&["backup", "copy.db"]);
    std::fs::remove_dir_all(data(&place)).unwrap();
    let printed = place.prints(&["restore", "copy.db"]);
    assert_eq!((value(&printed, "projects"), printed.contains("replaced")), ("2", false));
    place.prints(&["project", "create", "four"]);
    let mut outside = Outside::at(&place.database()).await;
    assert_eq!(outside.text("SELECT CAST(seq AS TEXT) FROM projects WHERE id = 'four'").await, "4");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_changes_nothing_of_its_source() {
    let (place, _) = copied(&["ada"]);
    let server = place.start_demo(&[]);
    make(&server, "bob");
    // What was answered is in the log beside the file.
    server.signal("KILL");
    server.ended();
    let state = || ["usher.db", "usher.db-wal"].map(|name| std::fs::read(data(&place).join(name)).unwrap());
    let before = state();
    assert!(!before[1].is_empty());
    place.fails(&["backup", "copy.db"], &[], "copy.db exists already; --force replaces it");
    let printed = place.prints(&["backup", "copy.db", "--force"]);
    assert_eq!(value(&printed, "users"), "2");
    assert!(state() == before);
    // A restore takes what the log holds along.
    place.prints(&["backup", "second.db"]);
    let printed = place.prints(&["restore", "second.db", "--force"]);
    assert_eq!(ids(place.folder.path().join(value(&printed, "replaced"))).await, ["ada", "bob"]);
    assert_eq!(names(&data(&place)).len(), 2);
}

/// Somebody who only reads, now and then, has it open all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_anybody_has_open_is_not_replaced() {
    let (place, before) = copied(&["ada"]);
    let mut reader = Outside::at(&place.database()).await;
    assert_eq!(reader.text("SELECT id FROM users").await, "ada");
    let inside = names(&data(&place));
    place.fails(&["restore", "copy.db", "--force"], &[], "data/usher.db is in use");
    assert_eq!(names(&data(&place)), inside);
    assert_eq!(reader.text("SELECT id FROM users").await, "ada");
    let Outside::Sqlite(connection) = reader else { panic!("SQLite") };
    sqlx::Connection::close(connection).await.unwrap();
    place.prints(&["restore", "copy.db", "--force"]);
    let server = place.start_demo(&[]);
    assert_eq!(shown(&server), before);
    server.stop();
}

#[test]
fn a_copy_that_is_interrupted_leaves_nothing() {
    let (place, _) = copied(&["ada"]);
    let copy = std::fs::read(place.folder.path().join("copy.db")).unwrap();
    for _ in 0..10 {
        let mut making = place.command(&["backup", "copy.db", "--force"], &[]).spawn().unwrap();
        let begun = || names(place.folder.path()).iter().any(|name| name.contains(".part-"));
        while !begun() && making.try_wait().unwrap().is_none() {}
        let signal = format!("kill -TERM {} 2> /dev/null", making.id());
        std::process::Command::new("sh").args(["-c", &signal]).status().unwrap();
        let status = making.wait().unwrap();
        assert!(matches!(status.code(), Some(0 | 1)), "{status:?}");
        assert_eq!(names(place.folder.path()), ["copy.db", "data"]);
        let now = std::fs::read(place.folder.path().join("copy.db")).unwrap();
        assert!(now == copy, "the same database gives the same copy");
    }
}

#[test]
fn a_copy_that_cannot_be_made_is_none() {
    let place = Place::sqlite();
    place.fails(&["backup", "copy.db"], &[], "there is no database data/usher.db");
    assert_eq!(names(place.folder.path()), [""; 0]);
    place.prints(&["migrate"]);
    std::fs::write(place.folder.path().join("there"), "precious").unwrap();
    for (arguments, said) in [
        (&["backup", "there"][..], "there exists already; --force replaces it"),
        (&["backup", "no/folder/copy.db"], "no/folder/copy.db cannot be written"),
        (&["backup", "there/copy.db"], "there/copy.db"),
        (&["backup", "data"], "data exists already"),
        (&["backup", "data", "--force"], "data cannot be written"),
        (&["backup", "data/usher.db", "--force"], "data/usher.db is the database itself"),
        (&["backup", "data/../data/usher.db", "--force"], "is the database itself"),
        (&["backup", ""], ""),
        (&["backup"], "Usage"),
    ] {
        let code = place.run(arguments, &[]).status.code();
        assert!(matches!(code, Some(1 | 2)), "{arguments:?}");
        place.fails(arguments, &[], said);
    }
    assert_eq!(names(place.folder.path()), ["data", "there"]);
    assert_eq!(std::fs::read_to_string(place.folder.path().join("there")).unwrap(), "precious");
    // A database that is damaged makes no copy, and the one of before stays.
    place.prints(&["backup", "copy.db"]);
    let copy = std::fs::read(place.folder.path().join("copy.db")).unwrap();
    let file = data(&place).join("usher.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4096..20_000].fill(7);
    std::fs::write(&file, bytes).unwrap();
    place.fails(&["backup", "copy.db", "--force"], &[], "data/usher.db");
    assert!(std::fs::read(place.folder.path().join("copy.db")).unwrap() == copy);
    assert_eq!(names(place.folder.path()), ["copy.db", "data", "there"]);
}

/// Whatever is wrong with what should be restored is said, and the database is as it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_whole_copy_is_not_restored() {
    let (place, before) = copied(&["ada", "bob"]);
    let path = |name: &str| place.folder.path().join(name);
    let copy = std::fs::read(path("copy.db")).unwrap();
    std::fs::write(path("half.db"), &copy[..copy.len() / 2]).unwrap();
    std::fs::write(path("short.db"), &copy[..copy.len() - 1]).unwrap();
    std::fs::write(path("text.db"), "no database, but long enough to be one".repeat(100)).unwrap();
    std::fs::write(path("empty.db"), "").unwrap();
    std::fs::write(path("other.db"), "").unwrap();
    open(path("other.db")).await.run("CREATE TABLE other (a)").await.unwrap();
    let mut cases = vec![
        ("half.db", "half.db is damaged: its bytes are not those that were written"),
        ("short.db", "short.db is damaged: its bytes are not those that were written"),
        ("text.db", "text.db "),
        ("empty.db", "empty.db is empty"),
        ("other.db", "other.db is no database of Usher"),
        ("missing.db", "missing.db"),
        ("data", "data is no file"),
        ("data/usher.db", "data/usher.db is the database itself"),
    ];
    // A copy of others has no checksum, but its parts must fit.
    let mut bare = copy.clone();
    bare[60..64].fill(0);
    bare[68..72].fill(0);
    let mut broken = bare.clone();
    broken[8192..9000].fill(0xff);
    std::fs::write(path("broken.db"), broken).unwrap();
    cases.push(("broken.db", "broken.db"));
    // Of a newer program.
    std::fs::write(path("newer.db"), &bare).unwrap();
    let newest = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 9999, 'from the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
    open(path("newer.db")).await.run(newest).await.unwrap();
    cases.push((
        "newer.db",
        "newer.db the database was written by a newer Usher: this one does not know its migration 9999",
    ));
    // One that is in use, whose log is not in it.
    std::fs::write(path("used.db"), &bare).unwrap();
    std::fs::write(path("used.db-wal"), "a log").unwrap();
    cases.push(("used.db", "used.db-wal belongs to used.db"));
    // A row that hangs on nothing.
    std::fs::write(path("orphan.db"), &bare).unwrap();
    let mut orphan = open(path("orphan.db")).await;
    orphan.run("PRAGMA foreign_keys = OFF").await.unwrap();
    orphan.run("UPDATE sessions SET user_id = 'nobody'").await.unwrap();
    drop(orphan);
    cases.push(("orphan.db", "orphan.db is damaged: it has rows without the one that they belong to"));
    let flipped: Vec<String> = (0..40).map(|n| format!("flipped{n}.db")).collect();
    for (n, name) in flipped.iter().enumerate() {
        let mut bytes = copy.clone();
        let at = n * (bytes.len() - 1) / (flipped.len() - 1);
        bytes[at] ^= 0x20;
        std::fs::write(path(name), bytes).unwrap();
        cases.push((name, "is damaged: its bytes are not those that were written"));
    }
    let files = names(&data(&place));
    for (name, said) in cases {
        let output = place.run(&["restore", name, "--force"], &[]);
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        assert!(text(&output.stderr).contains(said), "{name}: {}", text(&output.stderr));
        assert_eq!(names(&data(&place)), files, "{name}");
    }
    let server = place.start_demo(&[]);
    assert_eq!(shown(&server), before);
    server.stop();
    // The same bytes without a checksum are a copy as others make them.
    std::fs::write(path("bare.db"), &bare).unwrap();
    assert!(place.run(&["restore", "bare.db", "--force"], &[]).status.success());
    let server = place.start_demo(&[]);
    assert_eq!(shown(&server), before);
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_damaged_is_replaced_when_that_is_asked_for() {
    let (place, before) = copied(&["ada"]);
    let file = data(&place).join("usher.db");
    std::fs::write(&file, "damaged ".repeat(1000)).unwrap();
    std::fs::write(data(&place).join("usher.db-wal"), "its log").unwrap();
    place.fails(&["restore", "copy.db"], &[], "data/usher.db is damaged, and may have users; --force replaces it");
    let printed = place.prints(&["restore", "copy.db", "--force"]);
    let replaced = place.folder.path().join(value(&printed, "replaced"));
    assert_eq!(std::fs::read_to_string(&replaced).unwrap(), "damaged ".repeat(1000));
    let server = place.start_demo(&[]);
    assert_eq!(shown(&server), before);
    server.stop();
    // Where there is no database, what belongs to none is removed.
    std::fs::remove_file(&file).unwrap();
    std::fs::write(data(&place).join("usher.db-wal"), "its log").unwrap();
    place.prints(&["restore", "copy.db"]);
    let server = place.start_demo(&[]);
    assert_eq!(shown(&server), before);
    server.stop();
}

/// It is killed before it has done anything, while it reads the copy, and when the old database has its second name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_is_killed_leaves_the_old_database_or_the_new_one() {
    let (place, _) = copied(&["ada", "bob"]);
    let server = place.start_demo(&[]);
    make(&server, "later");
    server.signal("KILL");
    server.ended();
    let (mut old, mut new) = (0, 0);
    for round in 0..12 {
        let before = names(&data(&place)).len();
        let mut restoring = place.command(&["restore", "copy.db", "--force"], &[]).spawn().unwrap();
        let begun = |names: &[String]| match round % 3 {
            0 => true,
            1 => names.iter().any(|name| name.contains(".part-")),
            _ => names.iter().filter(|name| name.contains(".replaced-")).count() > 0 && names.len() != before,
        };
        while restoring.try_wait().unwrap().is_none() && !begun(&names(&data(&place))) {}
        restoring.kill().unwrap();
        restoring.wait().unwrap();
        match ids(data(&place).join("usher.db")).await.as_slice() {
            [ada, bob] if ada == "ada" && bob == "bob" => new += 1,
            [.., later] if later == "later" => old += 1,
            other => panic!("{other:?} in round {round}"),
        }
        let server = place.start_demo(&[]);
        if round % 4 == 3 && get(server.address, "demo", "first-key", "/v1/users/later").status == 404 {
            make(&server, "later");
        }
        server.stop();
        consistency::check(&place.database()).await;
    }
    assert!(old > 0, "{old} {new}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_database_is_copied_before_it_is_brought_up_to_date() {
    let (place, before) = copied(&["ada"]);
    let file = data(&place).join("usher.db");
    let mut outside = open(file.clone()).await;
    for table in ["recovery_codes", "authenticators", "challenges", "passkeys"] {
        outside.run(&format!("DROP TABLE {table}")).await.unwrap();
    }
    outside.run("DELETE FROM _sqlx_migrations WHERE version = 6").await.unwrap();
    drop(outside);
    // The copy does not bring it up to date.
    let printed = place.prints(&["backup", "older.db"]);
    assert_eq!(value(&printed, "migrations"), "5");
    let mut files = names(&data(&place));
    files.retain(|name| name.contains("before"));
    assert_eq!(files, [""; 0]);
    place.prints(&["migrate"]);
    let before_it = data(&place).join("usher.db.before-0006");
    assert_eq!(std::fs::metadata(&before_it).unwrap().permissions().mode() & 0o777, 0o600);
    place.prints(&["restore", before_it.to_str().unwrap(), "--force"]);
    place.prints(&["restore", "older.db", "--force"]);
    std::fs::remove_file(&before_it).unwrap();
    let server = place.start_demo(&[]);
    assert_eq!(shown(&server), before);
    server.stop();
    assert!(before_it.exists());
    assert_eq!(ids(before_it).await, ["ada"]);

    // Where there can be no copy, nothing is changed.
    place.prints(&["restore", "older.db", "--force"]);
    std::fs::remove_file(data(&place).join("usher.db.before-0006")).unwrap();
    std::fs::create_dir(data(&place).join("usher.db.before-0006")).unwrap();
    place.fails(&["migrate"], &[], "no copy could be made before migrations, so none was applied");
    let mut outside = open(file).await;
    assert_eq!(outside.text("SELECT CAST(count(*) AS TEXT) FROM _sqlx_migrations").await, "5");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_has_its_own_programs_for_that() {
    let Some(place) = Place::postgres().await else { return };
    for (command, instead) in [("backup", "pg_dump"), ("restore", "pg_restore")] {
        let output = place.run(&[command, "copy.db"], &[]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(instead) && said.contains("\"Backing up\" in docs/operations.md"), "{said}");
        assert!(!said.contains("@") || said.contains("<hidden>@"), "{said}");
    }
    let variables = [("USHER_BACKUP_FOLDER", "copies")];
    place.fails(
        &[],
        &variables,
        "USHER_BACKUP_FOLDER is for SQLite, and DATABASE_URL is PostgreSQL, which pg_dump copies",
    );
    assert_eq!(names(place.folder.path()), [""; 0]);
    place.remove().await;
}

#[test]
fn the_schedule_is_set_by_variables_that_are_checked() {
    let place = Place::sqlite();
    for (name, value, allowed) in [
        ("USHER_BACKUP_EVERY", "0", "a whole number from 1 to 8760"),
        ("USHER_BACKUP_EVERY", "8761", "a whole number from 1 to 8760"),
        ("USHER_BACKUP_EVERY", "1.5", "a whole number from 1 to 8760"),
        ("USHER_BACKUP_KEEP", "0", "a whole number from 1 to 10000"),
        ("USHER_BACKUP_KEEP", "10001", "a whole number from 1 to 10000"),
        ("USHER_BACKUP_FOLDER", "no/folder", "USHER_BACKUP_FOLDER (no/folder) cannot be used"),
        ("USHER_BACKUP_FOLDER", "/dev/null", "USHER_BACKUP_FOLDER (/dev/null) cannot be used"),
    ] {
        let said = place.fails(&[], &[(name, value)], allowed);
        assert!(said.contains(name), "{said}");
    }
    // It begins at once, and makes the folder for nobody else to read.
    let mut server = place.start_demo(&[("USHER_BACKUP_FOLDER", "copies"), ("USHER_CLOCK", "2026-01-02T03:04:05Z")]);
    let line = server.says("the database was copied");
    assert!(line.contains("INFO") && line.contains("users=0"), "{line}");
    server.stop();
    let folder = place.folder.path().join("copies");
    assert_eq!(names(&folder), ["usher-20260102T030405Z.db"]);
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    place.prints(&["restore", "copies/usher-20260102T030405Z.db"]);
    // After a start a copy that is young enough is enough.
    let later =
        [("USHER_BACKUP_FOLDER", "copies"), ("USHER_CLOCK", "2026-01-03T03:04:04Z"), ("USHER_LOG_LEVEL", "trace")];
    let mut server = place.start_demo(&later);
    server.says("INSERT INTO jobs");
    let (_, stderr) = server.stop();
    assert!(!stderr.contains("the database was copied"), "{stderr}");
    assert_eq!(names(&folder).len(), 1);
}

/// Where the programs of PostgreSQL are that the tests use.
fn postgres_programs() -> Option<String> {
    let script = ". scripts/lib.sh; find_postgres && echo \"$pg_bin\"";
    let root = env!("CARGO_MANIFEST_DIR");
    let output = std::process::Command::new("bash").args(["-c", script]).current_dir(root).output().unwrap();
    Some(text(&output.stdout).trim().to_owned()).filter(|folder| !folder.is_empty())
}

/// The commands of docs/operations.md for PostgreSQL.
fn documented() -> String {
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).unwrap();
    let (_, rest) = manual.split_once("## Backing up").unwrap();
    let (_, rest) = rest.split_once("### PostgreSQL").unwrap();
    let (section, _) = rest.split_once("\n## ").unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.collect()
}

/// The documented commands as they stand: a dump, into a new database, which is well and answers the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_commands_for_postgres_bring_everything_back() {
    let (Some(programs), Some(place), Some(restored)) =
        (postgres_programs(), Place::postgres().await, Place::postgres().await)
    else {
        return;
    };
    let server = place.start_demo(&[]);
    for id in ["ada", "bob"] {
        make(&server, id);
    }
    place.prints(&["project", "create", "second"]);
    let key = place.prints(&["key", "create", "second"]);
    let key = key.lines().find_map(|line| line.strip_prefix("key  ")).unwrap();
    let second = |server: &Server| get(server.address, "second", key, "/v1/users?search=ada").json();
    let body = json!({ "userId": "ada", "email": "ada@example.org" }).to_string();
    let head = format!(
        "POST /v1/users HTTP/1.1\r\nHost: usher\r\nConnection: close\r\nX-Appwrite-Project: second\r\nX-Appwrite-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(exchange(server.address, head.as_bytes()).status, 201);
    let before = (shown(&server), second(&server));
    assert_eq!(before.1["total"], 1);

    let commands = documented();
    assert!(commands.contains("pg_dump") && commands.contains("pg_restore") && commands.contains("usher check"));
    let usher = Path::new(env!("CARGO_BIN_EXE_usher")).parent().unwrap().display().to_string();
    let output = std::process::Command::new("bash")
        .args(["-euc", &commands])
        .current_dir(place.folder.path())
        .env_clear()
        .env("PATH", format!("{programs}:{usher}:/usr/bin:/bin"))
        .env("DATABASE_URL", &place.url)
        .env("RESTORED_URL", &restored.url)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), "projects=2\nrows=3\nfaults=0\nmended=0\n");
    server.stop();

    let server = restored.start_demo(&[]);
    assert_eq!((shown(&server), second(&server)), before);
    make(&server, "new");
    server.stop();
    assert!(restored.prints(&["check"]).ends_with("rows=4\nfaults=0\nmended=0\n"));
    place.remove().await;
    restored.remove().await;
}
