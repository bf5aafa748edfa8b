//! The environment and the file `.env`: what is read, and what stops the start.

use super::{Place, Server, get, places};
use crate::wire::socket::exchange;

#[test]
fn a_wrong_value_stops_the_start_with_the_name_of_its_variable() {
    let place = Place::sqlite();
    std::fs::create_dir(place.folder.path().join("folder")).unwrap();
    std::fs::write(place.folder.path().join("text.db"), "no database, but long enough to be read as one".repeat(100))
        .unwrap();
    for (name, value) in [
        ("USHER_LISTEN", "8080"),
        ("USHER_LISTEN", "localhost:8080"),
        ("USHER_LISTEN", "127.0.0.1:65536"),
        ("USHER_LISTEN", "203.0.113.9:8080"),
        ("USHER_METRICS_LISTEN", "9090"),
        ("USHER_METRICS_LISTEN", "localhost:9090"),
        ("USHER_METRICS_LISTEN", "127.0.0.1:65536"),
        ("USHER_METRICS_LISTEN", "203.0.113.9:9090"),
        ("USHER_METRICS_LISTEN", "http://127.0.0.1:9090/metrics"),
        ("DATABASE_URL", "mysql://hunter2@host/db"),
        ("DATABASE_URL", "usher.db"),
        ("DATABASE_URL", "sqlite:"),
        ("DATABASE_URL", "sqlite::memory:"),
        ("DATABASE_URL", "sqlite:folder"),
        ("DATABASE_URL", "sqlite:text.db"),
        ("DATABASE_URL", "sqlite:text.db/x.db"),
        ("DATABASE_URL", "postgres://usher:hunter2@127.0.0.1:1/usher"),
        ("DATABASE_URL", "postgres://usher:hunter2@host:port/usher"),
        ("USHER_DATABASE_CONNECTIONS", "0"),
        ("USHER_DATABASE_CONNECTIONS", "many"),
        ("USHER_STARTUP_WAIT", "-1"),
        ("USHER_PROJECT_ID", "demo"),
        ("USHER_API_KEY", "hunter2"),
        ("USHER_COMPAT_VERSION", "newest"),
        ("USHER_LENIENT_IMPORT", "maybe"),
        ("USHER_TOTAL_CAP", "0"),
        ("USHER_TRUSTED_PROXIES", "somewhere"),
        ("USHER_GEOIP_FILE", "missing.mmdb"),
        ("USHER_GEOIP_FILE", "text.db"),
        ("USHER_PASSWORD_DICTIONARY", "missing.txt"),
        ("USHER_HASH_COST", "cheap"),
        ("USHER_HASH_COST", "m=99999999,t=1,p=1"),
        ("USHER_HASH_WORKERS", "0"),
        ("USHER_HASH_QUEUE", "x"),
        ("USHER_SECRET", "hunter2"),
        ("USHER_SECRET_FILE", "missing.txt"),
        ("USHER_API_KEY_FILE", "folder"),
        ("DATABASE_URL_FILE", "text.db"),
        ("USHER_CLOCK", "noon"),
        ("USHER_LOG_FORMAT", "xml"),
        ("USHER_LOG_LEVEL", "loud"),
    ] {
        let said = place.fails(&[], &[(name, value)], name);
        assert!(!said.contains("hunter2") || value.starts_with("mysql"), "{name}={value}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    for (project, name) in [("_demo", "USHER_PROJECT_ID"), ("console", "USHER_PROJECT_ID"), ("demo", "USHER_API_KEY")] {
        let said = place.fails(&[], &[("USHER_PROJECT_ID", project), ("USHER_API_KEY", "hunter2 with blanks")], name);
        assert!(!said.contains("hunter2"), "{said}");
    }
    // An empty value is none.
    let server = place.start(&[("USHER_SECRET", ""), ("USHER_LOG_LEVEL", " "), ("USHER_TOTAL_CAP", "")]);
    // And an address that is taken is none of the program's, whoever has it.
    let taken = server.address.to_string();
    place.fails(&[], &[("USHER_LISTEN", &taken)], "USHER_LISTEN");
    place.fails(&[], &[("USHER_METRICS_LISTEN", &taken)], "USHER_METRICS_LISTEN");
}

#[test]
fn what_the_program_does_not_know_is_refused_and_help_is_given() {
    let place = Place::sqlite();
    for arguments in [
        &["nonsense"][..],
        &["project"],
        &["key"],
        &["key", "create"],
        &["--port", "1"],
        &["project", "set", "demo"],
        &["serve", "x"],
    ] {
        place.fails(arguments, &[], "Usage");
    }
    let help = place.prints(&["--help"]);
    for word in ["serve", "migrate", "project", "key", "healthcheck", "usher config check"] {
        assert!(help.contains(word), "{word}: {help}");
    }
    assert_eq!(place.prints(&["--version"]), format!("usher {}\n", env!("CARGO_PKG_VERSION")));
    // None of this has touched the disk.
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0);
}

places! {
    async fn secrets_in_files_are_as_good_as_in_variables(place) {
        let file = |name: &str, text: &str| std::fs::write(place.folder.path().join(name), format!("{text}\n")).unwrap();
        let start = |more: &[(&str, &str)]| {
            let files = [
                ("DATABASE_URL", ""),
                ("DATABASE_URL_FILE", "url"),
                ("USHER_PROJECT_ID", "demo"),
                ("USHER_API_KEY_FILE", "key"),
            ];
            place.start(&[&files[..], more].concat())
        };
        file("url", &place.url);
        file("key", "from-file");
        file("secret", &"s3cr3t!".repeat(5));
        let token = {
            let server = start(&[("USHER_SECRET_FILE", "secret")]);
            let sent = |path: &str, body: &str| {
                let json = "Content-Type: application/json\r\n";
                crate::wire::socket::send(server.address, "from-file", "POST", path, json, body.as_bytes())
            };
            assert_eq!(sent("/v1/users", r#"{"userId":"anna"}"#).status, 201);
            let made = sent("/v1/users/anna/jwts", "{}");
            assert_eq!(made.status, 201, "{made:?}");
            let (stdout, stderr) = server.stop();
            assert!(stdout.is_empty() && !stderr.contains("from-file") && !stderr.contains("s3cr3t"), "{stderr}");
            made.json()["jwt"].as_str().unwrap().to_owned()
        };
        // The same secret in a variable knows the token, another in the file does not.
        let asks = |server: &Server| {
            let head = format!(
                "GET /v1/account HTTP/1.1\r\nHost: usher\r\nConnection: close\r\nX-Appwrite-Project: demo\r\n\
                 X-Appwrite-JWT: {token}\r\n\r\n"
            );
            exchange(server.address, head.as_bytes()).status
        };
        let server = start(&[("USHER_SECRET", &"s3cr3t!".repeat(5))]);
        assert_eq!(asks(&server), 200);
        server.stop();
        file("secret", &"another".repeat(5));
        let server = start(&[("USHER_SECRET_FILE", "secret")]);
        assert_eq!(asks(&server), 401);
        server.stop();

        // Commands find the database by its file too, and nobody guesses which of two is meant.
        let output = place.run(&["key", "list", "demo"], &[("DATABASE_URL", ""), ("DATABASE_URL_FILE", "url")]);
        assert!(output.status.success(), "{output:?}");
        for arguments in [&["project", "list"][..], &[]] {
            place.fails(arguments, &[("DATABASE_URL_FILE", "url")], "DATABASE_URL and DATABASE_URL_FILE are both set");
        }
    }

    async fn a_file_env_in_the_working_directory_is_read_and_the_environment_wins(place) {
        let file = place.folder.path().join(".env");
        std::fs::write(
            &file,
            "# a comment\nUSHER_PROJECT_ID=demo\nUSHER_API_KEY=\"from-file\"\nUSHER_COMPAT_VERSION=1.2.3\n",
        )
        .unwrap();
        let server = place.start(&[("USHER_COMPAT_VERSION", "2.0.0")]);
        assert_eq!(get(server.address, "demo", "from-file", "/v1/users").status, 200);
        let version = get(server.address, "demo", "from-file", "/v1/health/version").body;
        assert_eq!(String::from_utf8(version).unwrap(), r#"{"version":"2.0.0"}"#);
        server.stop();
        let server = place.start(&[("USHER_API_KEY", "from-environment")]);
        assert_eq!(get(server.address, "demo", "from-environment", "/v1/users").status, 200);
        server.stop();

        // Commands read it too, and what is wrong in it is wrong.
        std::fs::write(&file, "USHER_LOG_FORMAT=xml\n").unwrap();
        place.fails(&["project", "list"], &[], "USHER_LOG_FORMAT");
        std::fs::write(&file, "this is no assignment\n").unwrap();
        place.fails(&["project", "list"], &[], ".env");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(place.prints(&["project", "list"]).lines().count(), 1);
    }

    async fn a_file_env_of_a_folder_above_is_not_read(place) {
        std::fs::write(place.folder.path().join(".env"), "USHER_LOG_FORMAT=xml\n").unwrap();
        let below = place.folder.path().join("below");
        std::fs::create_dir(&below).unwrap();
        let output = place.command(&["migrate"], &[]).current_dir(&below).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
