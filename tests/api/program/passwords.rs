//! `usher password verify`, on users whom a server that runs has made and imported.

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::process::text;
use super::{Place, Server, places};
use crate::wire::socket::send;

/// What all hashes of [`imports`] are of.
const PLAIN: &str = "Harness-Pass-77";

/// Imported users, one of each algorithm and more where a text is of another one than its endpoint: the path, what is
/// sent, and what is said of the hash.
fn imports() -> Vec<(&'static str, Value, &'static str)> {
    let argon2 = "$argon2id$v=19$m=1024,t=2,p=1$y9nmQnpkc/EIV5G5uUpIrA$8xfj3loUSyBeGI/9hRTZ+e3Z1DP0k92ktabzRecB1qQ";
    let bcrypt = "$2a$06$ftG31l0YuPw7eK8SmeaUreOqcpz0UusIQ8yr1BA4yhk5afSpoVErq";
    let sha256 = "18c3467a9fa8ad03c5ad67407e87f02e91cd2ec0ae06abb78d31e7f7bcb67fb7";
    let scrypt = "1e1f919dfa6666ac3e115fd62d6e482ef33b090fadef51f1df1e981640106cec\
        75c11429d2c0a25fc90869dbc121c70f6c9ce3c68e1056755b2e89d81796aee2";
    let firebase = "bV01vLai4uHGSvy5674sw44hp0xthM6GENmKjLKwlbM/wITO1ygQjzbzI0pA7Wd9m5DzGCb/JVqVwfLBFdrhEQ==";
    let signer_key = "Y4Rm1IrOwHkNbGRbpYKDwwIwGfdYnuH064sQpr/VEsQPvNO81wCGlZ4JUpRPVqG8jyO2V7RXu9594m+irfIR/A==";
    vec![
        ("argon2", json!({"password": argon2}), "algorithm argon2 (argon2id v19)\ncost m=1024,t=2,p=1\nrehash no\n"),
        ("bcrypt", json!({"password": bcrypt}), "algorithm bcrypt\ncost 6\nrehash yes\n"),
        ("md5", json!({"password": "accc8d13604ba865f6befe198da2fbee"}), "algorithm md5\nrehash yes\n"),
        (
            "phpass",
            json!({"password": "$P$6hArNeSs1FaGH99IkMR2lEaxjJYfTY1"}),
            "algorithm phpass\niterations 256\nrehash yes\n",
        ),
        (
            "sha",
            json!({"password": sha256, "passwordVersion": "sha256"}),
            "algorithm sha\nversion sha256\nrehash yes\n",
        ),
        (
            "scrypt",
            json!({
                "password": scrypt, "passwordSalt": "harness-salt",
                "passwordCpu": 2048, "passwordMemory": 8, "passwordParallel": 1, "passwordLength": 64,
            }),
            "algorithm scrypt\ncost N=2048,r=8,p=1\nrehash yes\n",
        ),
        (
            "scrypt-modified",
            json!({
                "password": firebase, "passwordSalt": "Lj/Od8+MTHR4qQ==", "passwordSaltSeparator": "Bw==",
                "passwordSignerKey": signer_key,
            }),
            "algorithm scryptMod\ncost N=16384,r=8,p=1\nrehash yes\n",
        ),
        ("argon2", json!({"password": bcrypt}), "algorithm argon2 (bcrypt)\ncost 6\nrehash yes\n"),
        ("phpass", json!({"password": bcrypt}), "algorithm phpass (bcrypt)\ncost 6\nrehash yes\n"),
        ("bcrypt", json!({"password": argon2}), "algorithm bcrypt (argon2id v19)\ncost m=1024,t=2,p=1\nrehash yes\n"),
    ]
}

/// Sends a request of an administrator; it must succeed.
#[track_caller]
fn ask(server: &Server, method: &str, path: &str, body: &Value) {
    let json = "Content-Type: application/json\r\n";
    let answer = send(server.address, "first-key", method, path, json, body.to_string().as_bytes());
    assert!((200..300).contains(&answer.status), "{path}: {}", text(&answer.body));
}

/// Imports a user with an email address of the same name; `more` is the hash.
#[track_caller]
fn import(server: &Server, path: &str, id: &str, more: &Value) {
    let mut body = json!({"userId": id, "email": format!("{id}@example.org")});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ask(server, "POST", &format!("/v1/users/{path}"), &body);
}

/// Makes a user with a password.
#[track_caller]
fn make(server: &Server, id: &str, password: &str) {
    ask(server, "POST", "/v1/users", &json!({"userId": id, "password": password}));
}

/// Runs the command with this on standard input.
fn verify(place: &Place, project: &str, user: &str, input: &[u8], variables: &[(&str, &str)]) -> Output {
    let mut command = place.command(&["password", "verify", project, user], variables);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that ends without reading closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// What the command prints of a user of the project `demo`; it must end as it says, and say nothing else.
#[track_caller]
fn says(place: &Place, user: &str, input: &[u8]) -> String {
    let output = verify(place, "demo", user, input, &[]);
    let said = text(&output.stdout);
    let code = if said.starts_with("match yes\n") { 0 } else { 1 };
    assert!(code == 0 || said.starts_with("match no\n"), "{user}: {output:?}");
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(code), ""), "{user}: {said}");
    said
}

/// Why the command can say neither yes nor no.
#[track_caller]
fn cannot(output: &Output, part: &str) {
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""), "{said}");
    assert!(said.starts_with("usher: ") && said.contains(part), "{said:?} does not say {part:?}");
}

/// Changes what is stored behind the server's back.
async fn change(place: &Place, statement: &'static str) {
    let changed = if place.url.starts_with("sqlite:") {
        let file = format!("sqlite:{}", place.folder.path().join("data/usher.db").display());
        let mut db = SqliteConnection::connect(&file).await.unwrap();
        let changed = db.execute(statement).await.unwrap().rows_affected();
        db.close().await.unwrap();
        changed
    } else {
        let mut db = PgConnection::connect(&place.url).await.unwrap();
        let changed = db.execute(statement).await.unwrap().rows_affected();
        db.close().await.unwrap();
        changed
    };
    assert_eq!(changed, 1, "{statement}");
}

places! {
    async fn every_algorithm_is_told_with_its_cost(place) {
        let server = place.start_demo(&[]);
        for (n, (path, hash, description)) in imports().into_iter().enumerate() {
            let id = format!("user{n}");
            import(&server, path, &id, &hash);
            let yes = says(place, &id, PLAIN.as_bytes());
            assert_eq!(yes, format!("match yes\n{description}"), "{path}");
            assert_eq!(says(place, &format!("User{n}@EXAMPLE.org"), format!("{PLAIN}\r\n").as_bytes()), yes);
            assert_eq!(says(place, &id, b"Harness-Pass-78\n"), format!("match no\n{description}"), "{path}");
        }
    }

    async fn a_digest_without_version_is_told_by_what_matches(place) {
        let server = place.start_demo(&[]);
        // SHA3-256 and SHA-256 of "abc", as FIPS 202 and FIPS 180-4 publish them.
        for (id, digest, version) in [
            ("new", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532", "sha3-256"),
            ("old", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "sha256"),
        ] {
            import(&server, "sha", id, &json!({"password": digest}));
            let said = says(place, id, b"abc");
            assert_eq!(said, format!("match yes\nalgorithm sha\nversion {version}\nrehash yes\n"));
            let said = says(place, id, b"abd");
            assert_eq!(said, "match no\nalgorithm sha\nversion sha256 or sha512/256 or sha3-256\nrehash yes\n");
        }
    }

    async fn a_password_of_the_server_is_rehashed_when_the_cost_has_grown(place) {
        let server = place.start_demo(&[]);
        make(&server, "anna", "correct horse");
        let known = "algorithm argon2 (argon2id v19)\ncost m=8,t=1,p=1\n";
        assert_eq!(says(place, "anna", b"correct horse"), format!("match yes\n{known}rehash no\n"));
        for (cost, rehash) in [("m=16,t=1,p=1", "yes"), ("m=8,t=2,p=1", "yes"), ("m=16,t=1,p=2", "yes")] {
            let output = verify(place, "demo", "anna", b"correct horse", &[("USHER_HASH_COST", cost)]);
            assert_eq!(text(&output.stdout), format!("match yes\n{known}rehash {rehash}\n"), "{cost}");
        }
        ask(&server, "PATCH", "/v1/users/anna/password", &json!({"password": "battery staple"}));
        assert_eq!(says(place, "anna", b"correct horse"), format!("match no\n{known}rehash no\n"));
        assert_eq!(says(place, "anna", b"battery staple"), format!("match yes\n{known}rehash no\n"));
        // Without a server too.
        server.stop();
        assert_eq!(says(place, "anna", b"battery staple"), format!("match yes\n{known}rehash no\n"));
    }

    async fn the_password_is_the_first_line_as_it_stands(place) {
        let server = place.start_demo(&[]);
        let longest = "ä".repeat(128);
        for (id, password) in [("blanks", " pass word "), ("return", "carriage\r"), ("long", &longest)] {
            make(&server, id, password);
        }
        for (user, input, yes) in [
            ("blanks", " pass word ", true),
            ("blanks", " pass word \n", true),
            ("blanks", " pass word \r\n", true),
            ("blanks", " pass word \nsecond line\n", true),
            ("blanks", " pass word", false),
            ("blanks", "pass word ", false),
            ("blanks", " pass word  ", false),
            ("blanks", " pass word \n\n", true),
            ("blanks", " pass word \r", false),
            ("return", "carriage\r", true),
            ("return", "carriage\r\r\n", true),
            ("return", "carriage\r\n", false),
            ("long", &longest, true),
            ("long", &format!("{longest}\r\n"), true),
        ] {
            assert_eq!(says(place, user, input.as_bytes()).starts_with("match yes\n"), yes, "{input:?}");
        }
        for (input, part) in [
            (&b""[..], "no password"),
            (b"\n", "no password"),
            (b"\r\n", "no password"),
            (b"\n pass word \n", "no password"),
            (b"\xffpass word\n", "UTF-8"),
            (b"p\xe4ssword", "UTF-8"),
            (b" pass\0word \n", "U+0000"),
            (format!("{longest}a\n").as_bytes(), "256 bytes"),
            (&[b'x'; 100_000], "256 bytes"),
        ] {
            cannot(&verify(place, "demo", "blanks", input, &[]), part);
        }
        // Nobody at the other end, as in a service without standard input.
        cannot(&place.run(&["password", "verify", "demo", "blanks"], &[]), "no password");
    }

    async fn who_is_not_there_or_has_no_password_is_told_without_reading(place) {
        let server = place.start_demo(&[]);
        place.prints(&["project", "create", "other"]);
        make(&server, "anna", "correct horse");
        ask(&server, "PATCH", "/v1/users/anna/email", &json!({"email": "anna@example.org"}));
        ask(&server, "POST", "/v1/users", &json!({"userId": "never"}));
        make(&server, "cleared", "correct horse");
        ask(&server, "PATCH", "/v1/users/cleared/password", &json!({"password": ""}));
        for (project, user, part) in [
            ("none", "anna", "there is no project none"),
            ("demo", "nobody", "project demo has no user nobody"),
            ("demo", "Anna", "project demo has no user Anna"),
            ("demo", "", "project demo has no user"),
            ("demo", "anna@example.com", "project demo has no user anna@example.com"),
            ("demo", "@", "project demo has no user @"),
            ("other", "anna", "project other has no user anna"),
            ("other", "anna@example.org", "project other has no user anna@example.org"),
            ("demo", "never", "user never has no password, none was ever set"),
            ("demo", "cleared", "user cleared has no password, it was taken away"),
        ] {
            // With nothing to read, it still says this first.
            cannot(&verify(place, project, user, b"", &[]), part);
            cannot(&verify(place, project, user, b"correct horse\n", &[]), part);
        }
        assert!(says(place, "anna@example.org", b"correct horse\n").starts_with("match yes\n"));
    }

    async fn sign_in_that_is_refused_all_the_same_is_told(place) {
        let server = place.start_demo(&[]);
        make(&server, "invited", "correct horse");
        make(&server, "blocked", "correct horse");
        change(place, "UPDATE users SET password_update = NULL WHERE id = 'invited'").await;
        ask(&server, "PATCH", "/v1/users/blocked/status", &json!({"status": false}));
        for (user, reason) in [("invited", "passwordUpdate is empty"), ("blocked", "the user is blocked")] {
            for (input, answer) in [("correct horse", "yes"), ("wrong horse", "no")] {
                assert_eq!(
                    says(place, user, input.as_bytes()),
                    format!(
                        "match {answer}\nalgorithm argon2 (argon2id v19)\ncost m=8,t=1,p=1\nrehash no\n\
                         sign-in refused: {reason}\n"
                    )
                );
            }
        }
    }

    async fn why_a_hash_can_never_match_is_told_without_computing_it(place) {
        let server = place.start_demo(&[("USHER_LENIENT_IMPORT", "true")]);
        let scrypt = |cpu: i64| {
            json!({
                "password": "0".repeat(32), "passwordSalt": "harness-salt",
                "passwordCpu": cpu, "passwordMemory": 8, "passwordParallel": 1, "passwordLength": 16,
            })
        };
        for (n, (path, hash, algorithm, reason)) in [
            (
                "argon2",
                json!({"password": "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR"}),
                "argon2",
                "the cost of an Argon2 hash: m must be 8 (8 for each of 1 lanes) to 1048576 KiB, not 4294967295",
            ),
            (
                "bcrypt",
                json!({"password": "$2a$31$ftG31l0YuPw7eK8SmeaUreOqcpz0UusIQ8yr1BA4yhk5afSpoVErq"}),
                "bcrypt",
                "the cost of a bcrypt hash must be 04 to 16, this one has 31",
            ),
            (
                "md5",
                json!({"password": "ACCC8D13604BA865F6BEFE198DA2FBEE"}),
                "md5",
                "an MD5 hash is 32 lower-case hexadecimal digits",
            ),
            (
                "phpass",
                json!({"password": "$P$ShArNeSs1FaGH99IkMR2lEaxjJYfTY1"}),
                "phpass",
                "the cost of a PHPass hash (its 4th character) must be 7 to 20",
            ),
            (
                "sha",
                json!({"password": "0".repeat(64), "passwordVersion": "sha1"}),
                "sha",
                "a sha1 hash is 40 hexadecimal digits, this one has 64",
            ),
            ("scrypt", scrypt(14), "scrypt", "the cost N must be a power of two above 1, not 14"),
            (
                "scrypt",
                scrypt(1 << 40),
                "scrypt",
                "the memory 128*N*r must be at most 536870912 bytes (N=1099511627776, r=8)",
            ),
            (
                "scrypt-modified",
                json!({
                    "password": "bV01vLai4uH=", "passwordSalt": "Lj/Od8+MTHR4qQ==", "passwordSaltSeparator": "Bw==",
                    "passwordSignerKey": "Y4Rm1IrOwHkNbGRb",
                }),
                "scryptMod",
                "a Firebase hash must be standard base64 with padding",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let id = format!("user{n}");
            import(&server, path, &id, &hash);
            let expected = format!("match no\nalgorithm {algorithm}\nunusable {reason}\nrehash no\n");
            assert_eq!(says(place, &id, PLAIN.as_bytes()), expected);
        }
    }

    async fn what_cannot_be_asked_is_neither_yes_nor_no(place) {
        let server = place.start_demo(&[]);
        make(&server, "anna", "correct horse");
        let anna = |variables: &[(&str, &str)]| verify(place, "demo", "anna", b"correct horse", variables);
        cannot(&anna(&[("DATABASE_URL", "postgres://usher:hidden@127.0.0.1:1/usher")]), "DATABASE_URL");
        cannot(&anna(&[("DATABASE_URL", "sqlite:/dev/null/usher.db")]), "DATABASE_URL");
        cannot(&anna(&[("USHER_HASH_COST", "much")]), "USHER_HASH_COST");
        for arguments in [&["password"][..], &["password", "verify"], &["password", "verify", "demo"]] {
            assert_eq!(place.run(arguments, &[]).status.code(), Some(2), "{arguments:?}");
        }
        change(place, "UPDATE users SET hash_options = '\"md5\"' WHERE id = 'anna'").await;
        cannot(&anna(&[]), "what is stored beside the hash of user anna cannot be read");
    }

    #[cfg(target_os = "linux")]
    async fn a_hash_without_memory_for_it_is_neither_yes_nor_no(place) {
        let server = place.start_demo(&[]);
        let needs_a_gibibyte = "$argon2id$v=19$m=1048576,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        import(&server, "argon2", "anna", &json!({"password": needs_a_gibibyte}));
        let program = env!("CARGO_BIN_EXE_usher");
        let script = format!("ulimit -v 1000000; echo {PLAIN} | '{program}' password verify demo anna");
        let mut command = std::process::Command::new("sh");
        let command = command.args(["-c", &script]).current_dir(place.folder.path()).env_clear();
        let output = command.env("DATABASE_URL", &place.url).env("MALLOC_ARENA_MAX", "1").output().unwrap();
        cannot(&output, "no memory");
    }
}
