//! `usher config check`: what is in force, where it comes from, what is wrong, and how the database is.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};

use super::process::text;
use super::{Place, places};
use crate::store::schema::Outside;

const CHECK: [&str; 2] = ["config", "check"];
const CONNECT: [&str; 3] = ["config", "check", "--connect"];

/// What a check prints that finds nothing wrong.
#[track_caller]
fn sound(output: &Output) -> String {
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    text(&output.stdout)
}

/// The last line of a check that asks the database.
#[track_caller]
fn database(place: &Place) -> String {
    sound(&place.run(&CONNECT, &[])).lines().last().unwrap().to_owned()
}

#[test]
fn everything_that_is_in_force_is_shown_with_its_origin_and_without_secrets() {
    let place = Place::at("postgres://usher:hunter2@db:5432/usher?sslmode=require");
    std::fs::write(place.folder.path().join("secret"), "hunter2".repeat(5)).unwrap();
    let env =
        "USHER_API_KEY=hunter2\nUSHER_PROJECT_ID=from-file\nUSHER_REQUESTS=7\nUSHER_PUBLISH=80\nUSHER_LISTEN=[::]:1\n";
    std::fs::write(place.folder.path().join(".env"), env).unwrap();
    let variables = [
        ("USHER_PROJECT_ID", "demo"),
        ("USHER_SECRET_FILE", "secret"),
        ("USHER_LOG_LEVEL", ""),
        ("USHER_TOTAL_CAP", " 5 "),
    ];
    let shown = sound(&place.run(&CHECK, &variables));
    let expected = "USHER_LISTEN=127.0.0.1:0\tenvironment\n\
        USHER_LISTEN_MODE=0660\tdefault\n\
        USHER_TLS_CERT=\tdefault\n\
        USHER_TLS_KEY=\tdefault\n\
        USHER_CONNECTIONS=10000\tdefault\n\
        USHER_REQUESTS=7\t.env\n\
        USHER_CLIENT_TIMEOUT=60\tdefault\n\
        USHER_METRICS_LISTEN=\tdefault\n\
        DATABASE_URL=postgres://<hidden>@db:5432/usher\tenvironment\n\
        USHER_DATABASE_CONNECTIONS=10\tdefault\n\
        USHER_BACKUP_FOLDER=\tdefault\n\
        USHER_BACKUP_EVERY=24\tdefault\n\
        USHER_BACKUP_KEEP=7\tdefault\n\
        USHER_STARTUP_WAIT=0\tenvironment\n\
        USHER_PROJECT_ID=demo\tenvironment\n\
        USHER_API_KEY=<hidden>\t.env\n\
        USHER_COMPAT_VERSION=2.6.2\tdefault\n\
        USHER_LENIENT_IMPORT=false\tdefault\n\
        USHER_RATE_LIMITS=true\tdefault\n\
        USHER_LOG_RETENTION=14\tdefault\n\
        USHER_SESSION_RETENTION=0\tdefault\n\
        USHER_TOKEN_RETENTION=0\tdefault\n\
        USHER_TOTAL_CAP=5\tenvironment\n\
        USHER_TRUSTED_PROXIES=\tdefault\n\
        USHER_GEOIP_FILE=\tdefault\n\
        USHER_PASSWORD_DICTIONARY=\tdefault\n\
        USHER_HASH_COST=m=8,t=1,p=1\tenvironment\n\
        USHER_HASH_WORKERS=\n\
        USHER_HASH_QUEUE=64\tdefault\n\
        USHER_SECRET=<hidden>\tfile secret\n\
        USHER_SECRET_PREVIOUS=\tdefault\n\
        OTEL_EXPORTER_OTLP_ENDPOINT=\tdefault\n\
        OTEL_EXPORTER_OTLP_HEADERS=\tdefault\n\
        OTEL_SERVICE_NAME=usher\tdefault\n\
        OTEL_TRACES_SAMPLER_ARG=1\tdefault\n\
        USHER_CLOCK=\tdefault\n\
        USHER_LOG_FORMAT=text\tdefault\n\
        USHER_LOG_LEVEL=info\tdefault\n";
    // How many workers there are depends on the machine.
    let (before, rest) = shown.split_once("USHER_HASH_WORKERS=").unwrap();
    let (workers, after) = rest.split_once('\n').unwrap();
    assert!(workers.strip_suffix("\tdefault").unwrap().parse::<usize>().unwrap() > 0, "{workers}");
    assert_eq!(format!("{before}USHER_HASH_WORKERS=\n{after}"), expected);
    // Nothing was asked of the database, which is not there.
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 2);
}

#[test]
fn a_check_of_what_is_wrong_says_what_the_server_would() {
    let place = Place::sqlite();
    std::fs::write(place.folder.path().join("words.txt"), b"\xff").unwrap();
    for variables in [
        &[("USHER_LISTEN", "8080")][..],
        &[("USHER_BACKUP_FOLDER", "missing/copies"), ("USHER_GEOIP_FILE", "words.txt")],
        &[("USHER_API_KEY", "hunter2")],
        &[("USHER_SECRET", "hunter2"), ("USHER_LOG_LEVEL", "loud"), ("USHER_TRUSTED_PROXIES", "10.0.0.0/33")],
        &[("USHER_SECRET_FILE", "missing")],
        &[("DATABASE_URL_FILE", "missing")],
        &[("USHER_GEOIP_FILE", "words.txt")],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"), ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2")],
        &[("OTEL_EXPORTER_OTLP_HEADERS_FILE", "missing")],
        &[("OTEL_TRACES_SAMPLER_ARG", "10%")],
        &[("USHER_PASSWORD_DICTIONARY", "words.txt")],
    ] {
        let said = place.fails(&CHECK, variables, variables[0].0);
        assert_eq!(place.run(&CHECK, variables).status.code(), Some(1));
        assert_eq!(said, place.fails(&[], variables, ""), "{variables:?}");
        assert!(said.starts_with("usher: ") && !said.contains("hunter2"), "{said}");
    }
    place.fails(&["config"], &[], "Usage");
    place.fails(&["config", "check", "USHER_LISTEN"], &[], "Usage");
}

/// Runs a command as somebody whom the rights of files bind, as they do not root.
fn bound(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let usher = place.command(arguments, variables);
    if !rustix::process::geteuid().is_root() {
        return place.run(arguments, variables);
    }
    let mut command = Command::new("setpriv");
    command.args(["--inh-caps=-all", "--bounding-set=-all"]).arg(usher.get_program()).args(usher.get_args());
    let environment = usher.get_envs().filter_map(|(name, value)| Some((name, value?)));
    command.env_clear().envs(environment).current_dir(place.folder.path()).stdin(Stdio::null()).output().unwrap()
}

/// The check and the server say the same of it, and neither leaves anything there.
#[test]
fn a_folder_for_copies_that_cannot_be_used_is_told() {
    let place = Place::sqlite();
    let path = |name: &str| place.folder.path().join(name);
    std::fs::write(path("file"), "").unwrap();
    std::os::unix::fs::symlink("nowhere", path("link")).unwrap();
    for (name, mode) in [("locked", 0o500), ("hidden", 0o300), ("closed", 0o600)] {
        std::fs::create_dir(path(name)).unwrap();
        std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let names = || {
        let names = std::fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let before = names();
    for (folder, reason) in [
        ("missing/copies", "No such file or directory (os error 2)"),
        ("link", "No such file or directory (os error 2)"),
        ("link/copies", "No such file or directory (os error 2)"),
        ("file", "Not a directory (os error 20)"),
        ("file/copies", "Not a directory (os error 20)"),
        ("locked", "Permission denied (os error 13)"),
        ("locked/copies", "Permission denied (os error 13)"),
        ("hidden", "Permission denied (os error 13)"),
        ("closed", "Permission denied (os error 13)"),
        ("closed/copies", "Permission denied (os error 13)"),
    ] {
        for arguments in [&CHECK[..], &[]] {
            let output = bound(&place, arguments, &[("USHER_BACKUP_FOLDER", folder)]);
            let said = format!("usher: USHER_BACKUP_FOLDER ({folder}) cannot be used: {reason}\n");
            assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""), "{folder}");
            assert_eq!(text(&output.stderr), said, "{arguments:?}");
        }
    }
    // One that is to be made is not made, and one that is there is left as it is.
    std::fs::create_dir(path("copies")).unwrap();
    let changed = || std::fs::metadata(path("copies")).unwrap().modified().unwrap();
    let made = changed();
    for folder in ["later", "later/", "copies/later", "copies", "."] {
        let shown = sound(&bound(&place, &CHECK, &[("USHER_BACKUP_FOLDER", folder)]));
        assert!(shown.contains(&format!("USHER_BACKUP_FOLDER={folder}\tenvironment\n")), "{shown}");
    }
    assert_eq!(changed(), made);
    std::fs::remove_dir(path("copies")).unwrap();
    assert_eq!(names(), before);
}

#[test]
fn a_variable_that_nothing_reads_is_warned_of_and_stops_nothing() {
    let place = Place::sqlite();
    let unknown = [("USHER_LISTN", "hunter2"), ("USHER_LISTEN_FILE", "hunter2"), ("OTHER", "hunter2")];
    let output = place.run(&CHECK, &unknown);
    let warnings = "usher: USHER_LISTEN_FILE: nothing reads this variable; `usher config check` lists those that there are\n\
        usher: USHER_LISTN: nothing reads this variable; `usher config check` lists those that there are\n";
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), warnings));
    assert!(!text(&output.stdout).contains("hunter2"), "{output:?}");
    // They may be why something else is wrong, so they are named then too.
    let said = place.fails(&CHECK, &[("USHER_API_KEY", "k"), ("USHER_PROJECT", "demo")], "set together");
    assert!(said.starts_with("usher: USHER_PROJECT: nothing reads this variable"), "{said}");
    // The server has it in its log, from wherever it came.
    std::fs::write(place.folder.path().join(".env"), "USHER_SECRT=hunter2\n").unwrap();
    let (_, log) = place.start_demo(&unknown).stop();
    for name in ["USHER_LISTEN_FILE", "USHER_LISTN", "USHER_SECRT"] {
        let warned = |line: &str| line.contains("WARN") && line.contains(&format!("name=\"{name}\""));
        assert_eq!(log.lines().filter(|line| warned(line)).count(), 1, "{name}: {log}");
    }
    assert!(!log.contains("hunter2") && !log.contains("OTHER"), "{log}");
}

#[test]
fn a_line_of_the_file_env_that_cannot_be_read_is_not_shown() {
    let place = Place::sqlite();
    for (line, part) in [
        ("USHER_SECRET=\"hunter2", "the value of USHER_SECRET is not written as it must be"),
        ("USHER_SECRET hunter2", "line 2 is not NAME=VALUE"),
        ("hunter2 hunter2=hunter2", "line 2 is not NAME=VALUE"),
        ("hunter2", "line 2 is not NAME=VALUE"),
    ] {
        std::fs::write(place.folder.path().join(".env"), format!("# settings\n{line}\n")).unwrap();
        let said = place.fails(&CHECK, &[], &format!("the file .env cannot be read: {part}"));
        assert!(!said.contains("hunter2"), "{said}");
    }
}

places! {
    async fn the_database_is_asked_how_it_is_and_left_as_it_is(place) {
        let empty = database(place);
        let engine = if place.url.starts_with("sqlite") { "SQLite 3." } else { "PostgreSQL 1" };
        assert!(empty.starts_with(&format!("database\t{engine}")), "{empty}");
        assert!(empty.ends_with(", empty; a start or `usher migrate` makes its tables"), "{empty}");
        // No file was made, and no table.
        assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0);
        assert_eq!(database(place), empty);

        place.prints(&["migrate"]);
        let files = || {
            let folder = std::fs::read_dir(place.folder.path().join("data"));
            folder.map(|files| files.map(|file| file.unwrap().file_name()).collect::<Vec<_>>()).unwrap_or_default()
        };
        let before = files();
        assert!(database(place).ends_with(", up to date"));
        assert_eq!(files(), before);

        // Beside a server that runs, whose latest change is not in the file yet.
        let server = place.start_demo(&[]);
        assert!(database(place).ends_with(", up to date"));
        server.stop();

        let mut outside = Outside::at(&place.database()).await;
        let last = "(SELECT max(version) FROM _sqlx_migrations)";
        let all: usize = outside.text("SELECT CAST(count(*) AS TEXT) FROM _sqlx_migrations").await.parse().unwrap();
        outside.run(&format!("DELETE FROM _sqlx_migrations WHERE version = {last}")).await.unwrap();
        let missing = format!(", 1 of {all} migrations are missing; a start or `usher migrate` applies them");
        let said = database(place);
        assert!(said.ends_with(&missing), "{said}");
        assert_eq!(database(place), said);

        for (change, part) in [
            ("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1", "written by a newer Usher"),
            ("UPDATE _sqlx_migrations SET version = 1, success = FALSE WHERE version = 9999", "partially applied"),
        ] {
            outside.run(change).await.unwrap();
            let output = place.run(&CONNECT, &[]);
            assert_eq!(output.status.code(), Some(1), "{change}");
            let said = text(&output.stderr);
            assert!(said.contains("DATABASE_URL") && said.contains(part), "{change}: {said}");
            assert!(text(&output.stdout).starts_with("USHER_LISTEN="), "{output:?}");
        }
    }
}

#[test]
fn a_database_that_cannot_be_reached_is_a_complaint_without_its_password() {
    let place = Place::at("postgres://usher:hunter2@127.0.0.1:1/usher");
    let output = place.run(&CONNECT, &[("USHER_STARTUP_WAIT", "60")]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("usher: DATABASE_URL (postgres://<hidden>@127.0.0.1:1/usher) cannot be used"), "{said}");
    assert!(said.contains("refused") && !said.contains("hunter2"), "{said}");
    let place = Place::sqlite();
    std::fs::create_dir(place.folder.path().join("folder")).unwrap();
    std::fs::write(place.folder.path().join("text.db"), "no database, but long enough to be one".repeat(100)).unwrap();
    for url in ["sqlite:folder", "sqlite:text.db", "sqlite:text.db/x.db"] {
        let output = place.run(&CONNECT, &[("DATABASE_URL", url)]);
        let said = text(&output.stderr);
        assert!(
            output.status.code() == Some(1) && said.contains(&format!("DATABASE_URL ({url})")),
            "{url}: {output:?}"
        );
    }
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 2);
}
