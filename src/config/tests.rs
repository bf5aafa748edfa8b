//! What the environment may say, and what it may not.

use super::*;

fn read(vars: &[(&str, &str)]) -> Result<Config, String> {
    let find = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    Config::read(find).map_err(|error| error.to_string())
}

#[test]
fn an_empty_environment_gives_the_documented_defaults() {
    let config = read(&[("DATABASE_URL", "  ")]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.database, DatabaseUrl::Sqlite("data/usher.db".into()));
    assert_eq!(config.compat_version, "2.6.2");
    assert_eq!((config.lenient_import, config.total_cap, config.bootstrap.is_none()), (false, None, true));
    assert_eq!(config.hash_cost.to_string(), "m=65536,t=4,p=3");
}

#[test]
fn a_wrong_value_is_refused_with_the_name_of_its_variable() {
    for (name, value) in [
        ("USHER_LISTEN", "8080"),
        ("USHER_LISTEN", "unix:"),
        ("USHER_LISTEN", "/run/usher.sock"),
        ("USHER_LISTEN_MODE", "0888"),
        ("USHER_LISTEN_MODE", "1777"),
        ("USHER_LISTEN_MODE", "+660"),
        ("USHER_LISTEN_MODE", "rw-rw----"),
        ("USHER_CONNECTIONS", "0"),
        ("USHER_REQUESTS", "many"),
        ("USHER_CLIENT_TIMEOUT", "0"),
        ("USHER_METRICS_LISTEN", "9090"),
        ("USHER_METRICS_LISTEN", "localhost:9090"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "postgres://u:x@"),
        ("DATABASE_URL", "postgres://u:x@h:port/db"),
        ("DATABASE_URL", "sqlite::memory:"),
        ("DATABASE_URL", "sqlite:a.db?mode=ro"),
        ("USHER_DATABASE_CONNECTIONS", "0"),
        ("USHER_STARTUP_WAIT", "-1"),
        ("USHER_COMPAT_VERSION", "2.6"),
        ("USHER_COMPAT_VERSION", "a.b.c"),
        ("USHER_LENIENT_IMPORT", "yes"),
        ("USHER_RATE_LIMITS", "off"),
        ("USHER_LOG_RETENTION", "-1"),
        ("USHER_LOG_RETENTION", "14d"),
        ("USHER_SESSION_RETENTION", "-1"),
        ("USHER_SESSION_RETENTION", "36501"),
        ("USHER_TOKEN_RETENTION", "1.5"),
        ("USHER_TOKEN_RETENTION", "for ever"),
        ("USHER_TOTAL_CAP", "0"),
        ("USHER_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("USHER_TRUSTED_PROXIES", "unix:/run/proxy.sock"),
        ("USHER_HASH_COST", "m=1"),
        ("USHER_HASH_COST", "m=1,t=1,p=1"),
        ("USHER_HASH_WORKERS", "0"),
        ("USHER_HASH_QUEUE", "0"),
        ("USHER_SECRET", "short"),
        ("USHER_CLOCK", "noon"),
        ("USHER_LOG_FORMAT", "xml"),
        ("USHER_LOG_LEVEL", "loud"),
        ("USHER_PROJECT_ID", "demo"),
        ("USHER_API_KEY", "key"),
    ] {
        let error = read(&[(name, value)]).unwrap_err();
        assert!(error.contains(name), "{name}={value}: {error}");
    }
    let bad_id = read(&[("USHER_PROJECT_ID", "_demo"), ("USHER_API_KEY", "key")]).unwrap_err();
    assert!(bad_id.starts_with("USHER_PROJECT_ID must be"), "{bad_id}");
    let bad_key = read(&[("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", "a b")]).unwrap_err();
    assert!(bad_key.starts_with("USHER_API_KEY must be"), "{bad_key}");
}

#[test]
fn the_secret_before_belongs_to_another_one() {
    let (old, new) = ("s3cr3t!".repeat(5), "s3cr3t?".repeat(5));
    let both = read(&[("USHER_SECRET", &new), ("USHER_SECRET_PREVIOUS", &old)]).unwrap();
    assert!(
        both.secret.is_some_and(|secret| secret.0 == new) && both.secret_previous.is_some_and(|secret| secret.0 == old)
    );
    for (variables, complaint) in [
        (
            &[("USHER_SECRET_PREVIOUS", old.as_str())][..],
            "USHER_SECRET_PREVIOUS is set without USHER_SECRET (or USHER_SECRET_FILE), which replaces it",
        ),
        (
            &[("USHER_SECRET", &old), ("USHER_SECRET_PREVIOUS", &old)],
            "USHER_SECRET_PREVIOUS must be another secret than USHER_SECRET",
        ),
        (
            &[("USHER_SECRET", &new), ("USHER_SECRET_PREVIOUS", "hunter2")],
            "USHER_SECRET_PREVIOUS must be at least 32 characters long",
        ),
    ] {
        assert_eq!(read(variables).unwrap_err(), complaint);
    }
}

#[test]
fn passwords_in_a_database_url_are_not_shown() {
    let config = read(&[("DATABASE_URL", "postgres://usher:hunter2@db/usher"), ("USHER_SECRET", &"s3cr3t!".repeat(5))]);
    let shown = format!("{:?}", config.unwrap());
    assert!(!shown.contains("hunter2") && !shown.contains("s3cr3t"), "{shown}");
}

#[test]
fn the_place_of_a_database_is_shown_where_no_password_can_be_in_it() {
    let shown = |url: &str| format!("{:?}", DatabaseUrl::Postgres(Hidden(url.to_owned())));
    assert_eq!(shown("postgres://usher:pass@db:5432/usher?sslmode=require"), "postgres://<hidden>@db:5432/usher");
    for url in [
        "postgres://db/usher?password=pa@ss",
        "postgres://usher@db/usher?password=pa@ss",
        "postgres://usher:pa@ss@db/usher",
        "postgres://usher:pa?ss@db/usher",
        "postgres://db/usher?password=pass",
    ] {
        assert_eq!(shown(url), "postgres://<hidden>", "{url}");
    }
}

#[test]
fn proxies_are_addresses_or_networks() {
    let proxies = |text: &str| read(&[("USHER_TRUSTED_PROXIES", text)]).unwrap().trusted_proxies;
    let listed = proxies("10.0.0.0/8, ::1,192.168.1.1");
    assert_eq!((listed.networks.len(), listed.unix), (3, false));
    assert!(!listed.trust(Peer::Unix) && listed.trust(Peer::Address([10, 1, 2, 3].into())));
    let listed = proxies("unix,,192.168.1.1");
    assert!(listed.trust(Peer::Unix) && !listed.trust(Peer::Address([10, 1, 2, 3].into())));
    assert_eq!(proxies(","), Proxies::default());
}

fn file(folder: &tempfile::TempDir, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_secret_in_a_file_is_read_without_the_end_of_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let long = "s3cr3t!".repeat(5);
    for end in ["", "\n", "\r\n", "\n\n"] {
        let config = read(&[
            ("USHER_SECRET_FILE", &file(&folder, "secret", format!("{long}{end}"))),
            ("USHER_PROJECT_ID", "demo"),
            ("USHER_API_KEY_FILE", &format!(" {}\t", file(&folder, "key", format!("a-key{end}")))),
            ("DATABASE_URL_FILE", &file(&folder, "url", format!("postgres://usher:hunter2@db/usher{end}"))),
            // An empty variable is none, so the file is the only one.
            ("DATABASE_URL", ""),
        ])
        .unwrap();
        assert_eq!(config.secret.unwrap().0, long);
        assert_eq!(config.bootstrap.unwrap().key.0, "a-key");
        assert_eq!(config.database, DatabaseUrl::Postgres(Hidden("postgres://usher:hunter2@db/usher".into())));
    }
}

/// The project that a key is for; without a key there must be none.
fn project_of(variable: &str) -> (&'static str, &'static str) {
    ("USHER_PROJECT_ID", if variable.starts_with("USHER_API_KEY") { "demo" } else { "" })
}

#[test]
fn a_file_that_holds_no_secret_is_refused_by_the_name_of_its_variable_and_without_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| file(&folder, name, bytes);
    for variable in ["USHER_SECRET_FILE", "USHER_API_KEY_FILE", "DATABASE_URL_FILE"] {
        for (path, reason) in [
            (file("empty", b""), "is empty"),
            (file("blank", b" \n\n"), "is empty"),
            (file("large", &b"hunter2".repeat(10_000)), "is larger"),
            (file("latin", b"hunter2 hunter2 hunter2 hunter2 hunter2 \xe4"), "is not UTF-8"),
            (folder.path().join("missing").to_str().unwrap().to_owned(), "cannot be read: No such file"),
            (folder.path().to_str().unwrap().to_owned(), "cannot be read: Is a directory"),
            ("/dev/zero".into(), "is larger"),
        ] {
            let said = read(&[(variable, &path), project_of(variable)]).unwrap_err();
            let allowed = format!("{variable} must name a file that can be read, of 1 to 65536 bytes in UTF-8: {path}");
            assert!(said.starts_with(&format!("{allowed} {reason}")), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

#[test]
fn what_a_file_holds_obeys_the_rules_of_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, allowed) in [
        ("USHER_SECRET", "hunter2", "at least 32 characters long"),
        ("USHER_API_KEY", "hunter2 hunter2", "1 to 4096 visible ASCII characters"),
        ("USHER_API_KEY", "hunter2\nhunter2", "1 to 4096 visible ASCII characters"),
        ("DATABASE_URL", "mysql://hunter2@db", "sqlite:FILE or postgres://"),
    ] {
        let path = file(&folder, "wrong", text);
        let said = read(&[(&format!("{name}_FILE"), &path), project_of(name)]).unwrap_err();
        let start = format!("{name} (in the file {path} that {name}_FILE names) must be {allowed}");
        assert!(said.starts_with(&start) && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_secret_in_a_variable_and_in_a_file_is_refused_even_when_they_agree() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in [
        ("USHER_SECRET", "hunter2".repeat(5)),
        ("USHER_API_KEY", "hunter2".into()),
        ("DATABASE_URL", "sqlite:hunter2.db".into()),
    ] {
        let (named, path) = (format!("{name}_FILE"), file(&folder, "same", &value));
        let said = read(&[(name, &value), (&named, &path), project_of(name)]).unwrap_err();
        assert!(said.starts_with(&format!("{name} and {name}_FILE are both set")), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let said =
        read(&[("USHER_LISTEN", "8080"), ("USHER_API_KEY", "k"), ("USHER_LOG_LEVEL", "loud"), ("USHER_SECRET", "s")]);
    let said = said.unwrap_err();
    let first: Vec<&str> = said.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(first, ["USHER_LISTEN", "USHER_PROJECT_ID", "USHER_SECRET", "USHER_LOG_LEVEL"], "{said}");
}

#[test]
fn a_server_listens_at_an_address_or_at_a_file() {
    let config = |vars: &[(&str, &str)]| {
        let config = read(vars).unwrap();
        (config.listen.to_string(), config.listen_mode)
    };
    assert_eq!(config(&[]), ("127.0.0.1:8080".into(), 0o660));
    assert_eq!(config(&[("USHER_LISTEN", "[::1]:80")]), ("[::1]:80".into(), 0o660));
    let unix = config(&[("USHER_LISTEN", "unix:/run/usher/usher.sock"), ("USHER_LISTEN_MODE", "600")]);
    assert_eq!(unix, ("unix:/run/usher/usher.sock".into(), 0o600));
}
