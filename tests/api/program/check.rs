//! `usher check`: beside a server, and how it ends.

use std::os::unix::fs::symlink;

use serde_json::json;

use super::process::text;
use super::rotation::{BOTH, NEW, OLD, ROTATE, place, server};
use super::{Place, Server, places};
use crate::copy::everything::everything_of;
use crate::store::schema::Outside;
use crate::support::both;
use crate::wire::socket::send;

fn make(server: &Server, id: &str) {
    let user = json!({ "userId": id, "name": "Åsa" }).to_string();
    let json = "Content-Type: application/json\r\n";
    assert_eq!(send(server.address, "first-key", "POST", "/v1/users", json, user.as_bytes()).status, 201);
}

/// How a check ends, and what it prints.
fn check(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    check_with(place, arguments, &[])
}

fn check_with(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = place.run(&[&["check"], arguments].concat(), variables);
    assert_eq!(text(&output.stderr), "");
    (output.status.code(), text(&output.stdout))
}

places! {
    async fn faults_are_lines_and_a_status(place) {
        let server = place.start_demo(&[]);
        for id in ["ada", "bob"] {
            make(&server, id);
        }
        let well = "projects=1\nrows=2\nfaults=0\nmended=0\n";
        assert_eq!(check(place, &[]), (Some(0), well.to_owned()));
        assert_eq!(check(place, &["--repair"]), (Some(0), well.to_owned()));
        let mut outside = Outside::at(&place.database()).await;
        outside.run("UPDATE users SET name_folded = 'x' WHERE id = 'bob'").await.unwrap();
        let line = "project demo: user bob: name_folded is not what the name folds to";
        let told = format!("{line}\nprojects=1\nrows=2\nfaults=1\nmended=0\n");
        assert_eq!(check(place, &[]), (Some(1), told));
        let told = format!("{line}; mended\nprojects=1\nrows=2\nfaults=1\nmended=1\nchecking again\n{well}");
        assert_eq!(check(place, &["--repair"]), (Some(0), told));
        assert_eq!(check(place, &[]), (Some(0), well.to_owned()));
        // What cannot be mended is left, and said so.
        outside.run("UPDATE users SET labels = 'none', name_folded = 'x' WHERE id = 'bob'").await.unwrap();
        let labels = "project demo: user bob: the labels are no JSON list of texts";
        let told = format!(
            "{line}; mended\n{labels}\nprojects=1\nrows=2\nfaults=2\nmended=1\nchecking again\n\
             {labels}\nprojects=1\nrows=2\nfaults=1\nmended=0\n"
        );
        assert_eq!(check(place, &["--repair"]), (Some(1), told));
        server.stop();
    }

    /// Beside a server, which goes on.
    async fn what_is_missing_of_the_schema_is_told_and_made(place) {
        let server = place.start_demo(&[]);
        make(&server, "ada");
        let well = "projects=1\nrows=1\nfaults=0\nmended=0\n";
        assert_eq!(check(place, &[]), (Some(0), well.to_owned()));
        let mut outside = Outside::at(&place.database()).await;
        let sqlite = matches!(outside, Outside::Sqlite(_));
        let on = if sqlite { "" } else { " ON user_labels" };
        outside.run("DROP INDEX users_name").await.unwrap();
        outside.run(&format!("DROP TRIGGER user_labels_uncounted{on}")).await.unwrap();
        let lines = ["users: the index users_name is missing", "user_labels: the trigger user_labels_uncounted is missing"];
        let told = format!("{}\nprojects=1\nrows=1\nfaults=2\nmended=0\n", lines.join("\n"));
        assert_eq!(check(place, &[]), (Some(1), told));
        let told = format!(
            "{}; mended\n{}; mended\nprojects=1\nrows=1\nfaults=2\nmended=2\nchecking again\n{well}",
            lines[0], lines[1]
        );
        assert_eq!(check(place, &["--repair"]), (Some(0), told));
        make(&server, "bob");
        let well = well.replace("rows=1", "rows=2");
        assert_eq!(check(place, &[]), (Some(0), well));
        outside.run("ALTER TABLE passkeys DROP COLUMN counter").await.unwrap();
        let text = if sqlite { "counter integer not null" } else { "bigint NOT NULL" };
        let told = format!(
            "passkeys: the column counter is missing; it must be {text}\nwithout these nothing else was looked at\n\
             projects=0\nrows=0\nfaults=1\nmended=0\n"
        );
        assert_eq!(check(place, &[]), (Some(1), told.clone()));
        assert_eq!(check(place, &["--repair"]), (Some(1), told));
        server.stop();
    }

    async fn a_database_that_is_not_up_to_date_is_left_alone(place) {
        if place.url.starts_with("sqlite") {
            std::fs::create_dir(place.folder.path().join("data")).unwrap();
            std::fs::write(place.folder.path().join("data/usher.db"), "").unwrap();
        }
        let said = place.fails(&["check"], &[], "lacks 6 of 6 migrations; a start or `usher migrate` applies them");
        assert!(!said.contains('@') || said.contains("<hidden>@"), "{said}");
        assert_eq!(place.run(&["check"], &[]).status.code(), Some(1));
        let files = std::fs::read_dir(place.folder.path().join("data"));
        assert!(files.map_or(0, Iterator::count) <= 1);
        place.prints(&["migrate"]);
        assert_eq!(check(place, &[]), (Some(0), "projects=0\nrows=0\nfaults=0\nmended=0\n".to_owned()));
    }
}

both! {
    /// Anna's values are sealed with the old secret, those of Ben with the new one.
    async fn what_the_secret_before_has_sealed_is_no_fault(app) {
        everything_of(app, "anna").await;
        let between = server(app, NEW, Some(OLD)).await;
        app.user("ben", json!({})).await;
        between.admin().patch("/v1/users/ben/mfa/recovery-codes", &json!({})).await.expect(200);
        let place = place(app);
        let check = |variables: &[(&str, &str)]| check_with(&place, &[], variables);
        let (status, well) = check(&BOTH);
        assert_eq!((status, well.ends_with("\nfaults=0\nmended=0\n")), (Some(0), true), "{well}");
        let told = |lines: &[&str]| {
            let fault = |line: &&str| format!("project demo: USHER_SECRET does not open {line}\n");
            let faults: String = lines.iter().map(fault).collect();
            (Some(1), faults + &well.replace("faults=0", &format!("faults={}", lines.len())))
        };
        let closed = [
            "1 of 1 values of sessions.provider_access_token",
            "1 of 1 values of sessions.provider_refresh_token",
            "1 of 1 values of identities.provider_access_token",
            "1 of 1 values of identities.provider_refresh_token",
            "1 of 1 values of identities.provider_id_token",
            "1 of 2 values of recovery_codes.codes",
            "1 of 1 values of authenticators.secret",
            "1 of 1 values of challenges.code",
        ];
        assert_eq!(check(&[("USHER_SECRET", NEW)]), told(&closed));
        assert_eq!(check(&[("USHER_SECRET", OLD)]), told(&["1 of 2 values of recovery_codes.codes"]));
        // They are no more wrong when they should be mended, and left as they are.
        assert_eq!(check_with(&place, &["--repair"], &[("USHER_SECRET", NEW)]), told(&closed));
        assert_eq!(check(&BOTH), (Some(0), well.clone()));
        let untried = format!("without USHER_SECRET 9 sealed values were not tried\n{well}");
        assert_eq!(check(&[]), (Some(0), untried));

        assert_eq!(place.run(&ROTATE, &BOTH).status.code(), Some(0));
        assert_eq!(check(&[("USHER_SECRET", NEW)]), (Some(0), well.clone()));
        assert_eq!(check(&BOTH), (Some(0), well.clone()));
        let all = closed.map(|line| line.replace("1 of 2", "2 of 2"));
        assert_eq!(check(&[("USHER_SECRET", OLD)]), told(&all.each_ref().map(String::as_str)));
        between.finish().await;
    }
}

#[test]
fn a_file_that_is_no_database_is_told_once_and_none_is_made() {
    let place = Place::sqlite();
    let path = |name: &str| place.folder.path().join(name);
    std::fs::create_dir(path("folder")).unwrap();
    symlink("nowhere", path("link")).unwrap();
    std::fs::write(path("text.db"), "no database, but long enough to be one".repeat(100)).unwrap();
    let no_database = "error returned from database: (code: 26) file is not a database";
    for (file, said) in [
        ("data/usher.db", "there is no database data/usher.db".to_owned()),
        ("usher.db", "there is no database usher.db".to_owned()),
        ("link", "there is no database link".to_owned()),
        ("text.db/usher.db", "text.db/usher.db: Not a directory (os error 20)".to_owned()),
        ("text.db", format!("DATABASE_URL (sqlite:text.db) cannot be used: {no_database}")),
        ("folder", "DATABASE_URL (sqlite:folder) cannot be used: folder is no file".to_owned()),
    ] {
        for arguments in [&["check"][..], &["check", "--repair"]] {
            let output = place.run(arguments, &[("DATABASE_URL", &format!("sqlite:{file}"))]);
            let printed = (output.status.code(), text(&output.stdout), text(&output.stderr));
            assert_eq!(printed, (Some(1), String::new(), format!("usher: {said}\n")), "{file}");
        }
    }
    // The other commands say it once as well.
    for (arguments, said) in [
        (&["backup", "copy.db"][..], "text.db cannot be copied to copy.db: file is not a database".to_owned()),
        (&["migrate"], format!("DATABASE_URL (sqlite:text.db) cannot be used: {no_database}")),
    ] {
        let output = place.run(arguments, &[("DATABASE_URL", "sqlite:text.db")]);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), format!("usher: {said}\n")));
    }
    std::fs::write(path("zeros.db"), [0; 4096]).unwrap();
    let output = place.run(&["restore", "zeros.db"], &[("DATABASE_URL", "sqlite:usher.db")]);
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(1), "usher: zeros.db file is not a database\n".into())
    );
    let mut files: Vec<_> =
        std::fs::read_dir(place.folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["folder", "link", "text.db", "zeros.db"]);
}
