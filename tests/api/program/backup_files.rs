//! `usher backup` and `usher restore`: which files they refuse, what they say of those that they take, and whose they are afterwards.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use serde_json::Value;

use super::backup::{copied, data, make, names, shown, value};
use super::configuration::bound;
use super::process::text;
use super::{Place, Server};

/// Runs a command that must fail with this and nothing else.
#[track_caller]
fn refused(place: &Place, arguments: &[&str], variables: &[(&str, &str)], said: &str) {
    let output = place.run(arguments, variables);
    let printed = (output.status.code(), text(&output.stdout), text(&output.stderr));
    assert_eq!(printed, (Some(1), String::new(), format!("usher: {said}\n")), "{arguments:?}");
}

/// All files of a folder.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    names(folder).into_iter().map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect()
}

/// What a server shows that has made another user and was killed then, so that what was answered is in its log.
fn killed(place: &Place) -> Vec<Value> {
    let server = place.start_demo(&[]);
    make(&server, "bob");
    let answers = shown(&server);
    server.signal("KILL");
    server.ended();
    answers
}

const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

#[test]
fn the_files_of_sqlite_are_no_place_for_a_copy() {
    let (place, _) = copied(&["ada"]);
    let path = |name: &str| place.folder.path().join(name);
    let answers = killed(&place);
    symlink("data", path("folder")).unwrap();
    symlink("data/usher.db", path("database")).unwrap();
    symlink("database", path("again")).unwrap();
    std::fs::hard_link(path("data/usher.db"), path("hard")).unwrap();
    std::fs::hard_link(path("data/usher.db-wal"), path("hard-log")).unwrap();
    symlink(path("data/usher.db-wal"), path("log")).unwrap();
    symlink("folder/usher.db-journal", path("nothing")).unwrap();
    let before = contents(&data(&place));
    assert!(before.iter().any(|(name, log)| name == "usher.db-wal" && !log.is_empty()));
    let spelt = ["data", "./data", "data/../data", "folder", "folder/../data", "data//."];
    let beside = BESIDE.iter().flat_map(|end| spelt.map(|folder| format!("{folder}/usher.db{end}")));
    let beside: Vec<String> = beside.chain(["hard-log", "log", "nothing"].map(str::to_owned)).collect();
    let itself = spelt.iter().map(|folder| format!("{folder}/usher.db"));
    let itself: Vec<String> = itself.chain(["database", "again", "hard"].map(str::to_owned)).collect();
    let all = names(place.folder.path());
    // Of a name that is a link the files are where it leads to.
    for database in ["data/usher.db", "again"] {
        let url = format!("sqlite:{database}");
        let variables = [("DATABASE_URL", url.as_str())];
        for name in &beside {
            let said = format!("{name} is a file that SQLite keeps beside the database {database}");
            for arguments in [&["backup", name][..], &["backup", "--force", name], &["restore", "--force", name]] {
                refused(&place, arguments, &variables, &said);
            }
        }
        for name in &itself {
            let said = format!("{name} is the database itself");
            for arguments in [&["backup", name][..], &["backup", "--force", name], &["restore", "--force", name]] {
                refused(&place, arguments, &variables, &said);
            }
        }
    }
    assert!(contents(&data(&place)) == before);
    assert_eq!(names(place.folder.path()), all);
    let server = place.start_demo(&[]);
    assert_eq!(shown(&server), answers);
    server.stop();

    // At rest there are no such files, and none is made.
    assert_eq!(names(&data(&place)), ["usher.db"]);
    for end in BESIDE {
        let name = format!("data/usher.db{end}");
        let said = format!("{name} is a file that SQLite keeps beside the database data/usher.db");
        refused(&place, &["backup", &name], &[], &said);
        refused(&place, &["restore", &name], &[], &said);
    }
    assert_eq!(names(&data(&place)), ["usher.db"]);
    let server = place.start_demo(&[]);
    assert_eq!(shown(&server), answers);
    server.stop();
    // Names that are only like them are as good as any.
    for name in ["data/usher.db-copy", "data/usher-wal", "usher.db-wal", "data/usher.db-wal.db"] {
        place.prints(&["backup", name]);
    }
}

/// Nobody whom the system knows.
const SERVICE: (u32, u32) = (41_234, 41_235);

/// Owner, group and rights.
fn whose(path: &Path) -> (u32, u32, u32) {
    let file = std::fs::metadata(path).unwrap();
    (file.uid(), file.gid(), file.mode() & 0o777)
}

/// Gives what is in a folder, and the folder, to the service.
fn give(folder: &Path) {
    for path in names(folder).into_iter().map(|name| folder.join(name)).chain([folder.to_owned()]) {
        chown(path, Some(SERVICE.0), Some(SERVICE.1)).unwrap();
    }
}

/// Only root can give files away.
#[expect(clippy::print_stderr, reason = "whoever reads the output should know what was not tested")]
fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("NOT TESTED: only root restores the database of somebody else");
    }
    root
}

/// Starts the server as the service, whose answers are these.
#[expect(clippy::print_stderr, reason = "whoever reads the output should know what was not tested")]
fn serves(place: &Place, answers: &[Value]) {
    let as_service = |arguments: &[&str]| {
        let mut command = place.command(arguments, &[("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", "first-key")]);
        command.uid(SERVICE.0).gid(SERVICE.1);
        command
    };
    if as_service(&["--version"]).output().is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
        eprintln!("NOT TESTED: the program is where only root may run it");
        return;
    }
    let server = Server::start(as_service(&[]));
    assert_eq!(shown(&server), answers);
    make(&server, "new");
    server.stop();
}

#[test]
fn what_root_restores_belongs_to_whom_it_belonged() {
    if !is_root() {
        return;
    }
    let (place, before) = copied(&["ada"]);
    let file = data(&place).join("usher.db");
    chown(place.folder.path(), Some(SERVICE.0), Some(SERVICE.1)).unwrap();
    give(&data(&place));
    // Others than the group never read it.
    for (mode, then) in [(0o600, 0o600), (0o660, 0o660), (0o644, 0o640), (0o666, 0o660)] {
        std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let printed = place.prints(&["restore", "copy.db", "--force"]);
        assert_eq!(whose(&file), (SERVICE.0, SERVICE.1, then));
        assert_eq!(whose(&place.folder.path().join(value(&printed, "replaced"))), (SERVICE.0, SERVICE.1, mode));
        serves(&place, &before);
        assert_eq!(names(&data(&place)).iter().filter(|name| !name.contains(".replaced-")).count(), 1);
    }
    // A database that is damaged.
    std::fs::write(&file, "damaged ".repeat(1000)).unwrap();
    place.prints(&["restore", "copy.db", "--force"]);
    assert_eq!(whose(&file), (SERVICE.0, SERVICE.1, 0o660));
    serves(&place, &before);
    // None, in a folder that is there, and in none.
    std::fs::remove_file(&file).unwrap();
    place.prints(&["restore", "copy.db"]);
    assert_eq!(whose(&file), (SERVICE.0, SERVICE.1, 0o600));
    serves(&place, &before);
    std::fs::remove_dir_all(data(&place)).unwrap();
    place.prints(&["restore", "copy.db"]);
    assert_eq!(whose(&data(&place)), (SERVICE.0, SERVICE.1, 0o700));
    assert_eq!(whose(&file), (SERVICE.0, SERVICE.1, 0o600));
    serves(&place, &before);
    // What root has stays root's.
    chown(&file, Some(0), Some(0)).unwrap();
    place.prints(&["restore", "copy.db", "--force"]);
    assert_eq!(whose(&file), (0, 0, 0o600));
    assert_eq!(whose(&place.folder.path().join("copy.db")), (0, 0, 0o600));
}

#[test]
fn nothing_is_restored_that_cannot_be_given_to_its_owner() {
    if !is_root() {
        return;
    }
    let (place, before) = copied(&["ada"]);
    let file = data(&place).join("usher.db");
    let without_rights = |said: &str| {
        let output = bound(&place, &["restore", "copy.db", "--force"], &[]);
        let printed = (output.status.code(), text(&output.stdout), text(&output.stderr));
        assert_eq!(printed, (Some(1), String::new(), format!("usher: {said}\n")));
    };
    let reason = "whom the restored file cannot be given to; restore it as root: Operation not permitted (os error 1)";
    for owner in [SERVICE, (SERVICE.0, 0), (0, SERVICE.1)] {
        chown(&file, Some(owner.0), Some(owner.1)).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
        let files = contents(&data(&place));
        without_rights(&format!("data/usher.db belongs to user {} and group {}, {reason}", owner.0, owner.1));
        assert!(contents(&data(&place)) == files);
        assert_eq!(whose(&file), (owner.0, owner.1, 0o666));
    }
    // In a folder of somebody else.
    std::fs::remove_file(&file).unwrap();
    give(&data(&place));
    std::fs::set_permissions(data(&place), Permissions::from_mode(0o777)).unwrap();
    let files = contents(&data(&place));
    without_rights(&format!("data belongs to user {} and group {}, {reason}", SERVICE.0, SERVICE.1));
    assert!(contents(&data(&place)) == files);
    // Whoever may do it does.
    place.prints(&["restore", "copy.db"]);
    assert_eq!(whose(&file), (SERVICE.0, SERVICE.1, 0o600));
    let server = place.start_demo(&[]);
    assert_eq!(shown(&server), before);
    server.stop();
}

/// The copy without the checksum that is in it.
fn without_checksum(place: &Place, name: &str) {
    let mut bytes = std::fs::read(place.folder.path().join("copy.db")).unwrap();
    bytes[60..64].fill(0);
    bytes[68..72].fill(0);
    std::fs::write(place.folder.path().join(name), bytes).unwrap();
}

#[test]
fn a_copy_without_a_checksum_is_restored_and_that_is_said() {
    let (place, before) = copied(&["ada"]);
    let whole = place.prints(&["restore", "copy.db", "--force"]);
    without_checksum(&place, "bare.db");
    let line = "bare.db was not made by `usher backup`: it has no checksum, so only SQLite's own checks were made";
    let output = place.run(&["restore", "bare.db", "--force"], &[]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), format!("usher: {line}\n")));
    let printed = text(&output.stdout);
    assert_eq!(
        ["users", "rows", "bytes"].map(|name| value(&printed, name)),
        ["users", "rows", "bytes"].map(|name| value(&whole, name))
    );
    // Also where nothing is replaced, and for machines.
    std::fs::remove_dir_all(data(&place)).unwrap();
    let output = place.run(&["restore", "bare.db"], &[("USHER_LOG_FORMAT", "json")]);
    let said: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((output.status.code(), &said["message"]), (Some(0), &format!("usher: {line}").into()));
    let server = place.start_demo(&[]);
    assert_eq!(shown(&server), before);
    server.stop();
    // Nothing is said of one that is not restored.
    refused(&place, &["restore", "bare.db"], &[], "data/usher.db has 1 users; --force replaces it");
}

/// Somebody has copied the files of a server that runs.
#[test]
fn a_log_beside_a_copy_is_never_left_out() {
    let (place, _) = copied(&["ada"]);
    let path = |name: &str| place.folder.path().join(name);
    let answers = killed(&place);
    std::fs::create_dir(path("live")).unwrap();
    for end in ["", "-wal"] {
        std::fs::copy(path(&format!("data/usher.db{end}")), path(&format!("live/usher.db{end}"))).unwrap();
    }
    symlink("live/usher.db", path("link")).unwrap();
    std::fs::copy(path("data/usher.db"), path("beside.db")).unwrap();
    symlink("beside.db", path("other")).unwrap();
    std::fs::copy(path("data/usher.db-wal"), path("other-wal")).unwrap();
    std::fs::copy(path("data/usher.db"), path("journal.db")).unwrap();
    std::fs::write(path("journal.db-journal"), "begun").unwrap();
    let before = contents(&data(&place));
    for (file, log) in [
        ("live/usher.db", "live/usher.db-wal"),
        ("./live/../live/usher.db", "./live/../live/usher.db-wal"),
        ("link", "live/usher.db-wal"),
        ("other", "other-wal"),
        ("journal.db", "journal.db-journal"),
    ] {
        let said = format!(
            "{log} belongs to {file}, which is not whole without it; `DATABASE_URL=sqlite:{file} usher backup COPY` makes a copy that is"
        );
        refused(&place, &["restore", file, "--force"], &[], &said);
        assert!(contents(&data(&place)) == before, "{file}");
    }
    // What is said there works.
    let output = place.run(&["backup", "whole.db"], &[("DATABASE_URL", "sqlite:live/usher.db")]);
    assert!(output.status.success(), "{output:?}");
    place.prints(&["restore", "whole.db", "--force"]);
    let server = place.start_demo(&[]);
    assert_eq!(shown(&server), answers);
    server.stop();
    // A log that is empty holds nothing.
    without_checksum(&place, "bare.db");
    std::fs::write(path("bare.db-wal"), "").unwrap();
    assert!(place.run(&["restore", "bare.db", "--force"], &[]).status.success());
    let server = place.start_demo(&[]);
    assert_ne!(shown(&server), answers);
    server.stop();
}
