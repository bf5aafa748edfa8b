//! `usher backup` and `usher restore`: which files they refuse, what they say of those that they take, and whose they are afterwards.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::Place;
use super::backup::{copied, data, make, names, shown};
use super::process::text;

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

const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

#[test]
fn the_files_of_sqlite_are_no_place_for_a_copy() {
    let (place, _) = copied(&["ada"]);
    let path = |name: &str| place.folder.path().join(name);
    let server = place.start_demo(&[]);
    make(&server, "bob");
    let answers = shown(&server);
    // What was answered is in the log.
    server.signal("KILL");
    server.ended();
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
