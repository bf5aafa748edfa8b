//! The program with TLS: its files, its commands, and new certificates while it runs.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;

use serde_json::{Value, json};

use super::made::{Made, NAME};
use super::{ask, read};
use crate::program::{Place, Server, curl, places};
use crate::wire::socket::{connect, head};

/// The files as they are written by [`Made::write`] into the folder of a place.
const FILES: [(&str, &str); 2] = [("USHER_TLS_CERT", "cert.pem"), ("USHER_TLS_KEY", "key.pem")];

/// Where the certificates of these tests end.
const UNTIL: &str = "2099-01-01T00:00:00.000+00:00";

fn start(place: &Place, made: &Made, more: &[(&str, &str)]) -> Server {
    made.write(place.folder.path());
    place.start_demo(&[&FILES, more].concat())
}

fn users(made: &Made, server: &Server) -> u16 {
    ask(made, server.address, &head("first-key", "GET", "/v1/users", "")).status
}

places! {
    async fn the_first_start_prints_a_line_that_works_as_pasted(place) {
        Made::valid().write(place.folder.path());
        let mut server = place.start(&FILES);
        let endpoint = server.prints("endpoint");
        assert!(endpoint.ends_with(&format!("https://{}/v1", server.address)), "{endpoint}");
        let line = server.prints("curl ");
        let user: Value = serde_json::from_str(&curl(&line, place.folder.path())).unwrap();
        assert_eq!(user["email"], json!("ada@example.org"));
        // It wants this certificate, and not any.
        let (before, after) = line.split_once("sha256//").unwrap();
        let other = format!("{before}sha256//{}{}", "A".repeat(43), &after[43..]);
        let refused = std::process::Command::new("sh").args(["-c", &other]).env("no_proxy", "*").output().unwrap();
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(90), 0), "{refused:?}");
        server.stop();
    }

    async fn a_healthcheck_trusts_the_configured_certificate_whatever_it_is_and_no_other(place) {
        for made in [Made::valid(), Made::between(2020, 2021), Made::nameless()] {
            let server = start(place, &made, &[]);
            let address = server.address.to_string();
            let check = |more: &[(&str, &str)]| {
                place.run(&["healthcheck"], &[&[("USHER_LISTEN", address.as_str())], more].concat())
            };
            let healthy = check(&FILES);
            assert_eq!(healthy.status.code(), Some(0), "{healthy:?}");
            // Without TLS nobody is there to understand it.
            assert_eq!(check(&[]).status.code(), Some(1));
            Made::valid().write(place.folder.path());
            let other = check(&FILES);
            assert_eq!(other.status.code(), Some(1));
            let said = String::from_utf8(other.stderr).unwrap();
            assert!(said.contains(&format!("usher: {address} does not answer as it should: invalid peer certificate")), "{said}");
            server.stop();
        }
    }

    async fn a_certificate_is_read_anew_on_sighup_and_a_bad_one_changes_nothing(place) {
        let (first, second, folder) = (Made::valid(), Made::between(2020, 2098), place.folder.path());
        let server = start(place, &first, &[]);
        // A connection that is open goes on with what it has.
        let mut open = first.connect(server.address).unwrap();
        open.get_mut().write_all(b"GET /livez HTTP/1.1\r\nHost: usher\r\n\r\n").unwrap();
        let mut begun = [0; 12];
        open.read_exact(&mut begun).unwrap();
        assert_eq!(&begun, b"HTTP/1.1 200");

        let mut server = server;
        second.write(folder);
        assert_eq!((users(&first, &server), second.connect(server.address).is_err()), (200, true), "nobody has said so yet");
        server.signal("HUP");
        let line = server.says("the certificate is in force");
        assert!(line.contains(&format!("subject=\"CN={NAME}\" expires=2098-01-01")), "{line}");
        assert_eq!((users(&second, &server), first.connect(server.address).is_err()), (200, true));

        let wrong = |server: &mut Server, part: &str| {
            server.signal("HUP");
            let line = server.says("stays in force");
            assert!(line.contains("ERROR") && line.contains(part), "{line}");
            assert_eq!((users(&second, server), first.connect(server.address).is_err()), (200, true));
        };
        std::fs::write(folder.join("key.pem"), &first.key).unwrap();
        wrong(&mut server, "USHER_TLS_KEY names key.pem, whose key does not belong to the certificate in cert.pem (USHER_TLS_CERT)");
        std::fs::remove_file(folder.join("key.pem")).unwrap();
        wrong(&mut server, "USHER_TLS_KEY names key.pem, which cannot be used: No such file");
        std::fs::write(folder.join("cert.pem"), "").unwrap();
        wrong(&mut server, "USHER_TLS_CERT names cert.pem, which cannot be used: it has no certificate in PEM");

        Made::between(2020, 2021).write(folder);
        server.signal("HUP");
        server.says("the certificate has expired; clients will refuse it");
        first.write(folder);
        server.signal("HUP");
        server.says("the certificate is in force");
        assert_eq!(users(&first, &server), 200);

        open.get_mut().write_all(head("first-key", "GET", "/v1/users", "").as_bytes()).unwrap();
        let mut rest = String::new();
        open.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("HTTP/1.1 200 OK"), "{rest}");
        let (_, log) = server.stop();
        assert_eq!(log.matches("PRIVATE KEY").count(), 0, "{log}");
    }

    async fn without_a_certificate_sighup_stops_nothing(place) {
        let mut server = place.start_demo(&[]);
        for _ in 0..3 {
            server.signal("HUP");
            let line = server.says("SIGHUP: there is nothing to read anew, since USHER_TLS_CERT is not set");
            assert!(line.contains("INFO"), "{line}");
        }
        assert_eq!(crate::program::get(server.address, "demo", "first-key", "/v1/users").status, 200);
        server.stop();
    }

    async fn a_certificate_that_is_not_valid_now_is_shown_with_a_warning(place) {
        for (made, warning) in [
            (Made::between(2020, 2021), "the certificate has expired"),
            (Made::between(2098, 2099), "the certificate is not valid yet"),
        ] {
            let server = start(place, &made, &[]);
            // The client would refuse it, but it is what the server shows.
            let refused = made.connect(server.address).map(drop).unwrap_err();
            assert!(matches!(refused, tokio_rustls::rustls::Error::InvalidCertificate(_)), "{refused:?}");
            let line = format!(
                "curl -s --insecure https://{}/v1/users -H 'X-Appwrite-Project: demo' -H 'X-Appwrite-Key: first-key'",
                server.address
            );
            assert_eq!(curl(&line, place.folder.path()), r#"{"total":0,"users":[]}"#);
            let (_, log) = server.stop();
            let warned = log.lines().filter(|line| line.contains("WARN") && line.contains(warning));
            assert_eq!(warned.count(), 1, "{log}");
        }
    }

    async fn what_runs_when_the_server_stops_is_finished_and_idle_connections_are_closed_by_tls(place) {
        let made = Made::valid();
        let mut server = start(place, &made, &[]);
        let body = json!({ "userId": "anna" }).to_string();
        let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n", body.len());
        let mut running = made.connect(server.address).unwrap();
        running.get_mut().write_all(head("first-key", "POST", "/v1/users", &more).as_bytes()).unwrap();
        // The server asks for the body when the handler does: now the request runs.
        assert_eq!(read(&mut running).status, 100);
        let (mut idle, mut stalled) = (made.connect(server.address).unwrap(), connect(server.address));
        server.signal("TERM");
        server.says("stopping");
        running.get_mut().write_all(body.as_bytes()).unwrap();
        assert_eq!(read(&mut running).status, 201);
        let mut rest = Vec::new();
        // Without the word of TLS that nothing more comes this would be an error.
        idle.read_to_end(&mut rest).unwrap();
        stalled.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
        let (status, _, log) = server.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(log.trim_end().ends_with("stopped"), "{log}");
    }

    async fn handshakes_that_fail_are_no_lines_of_the_log(place) {
        let (made, plain) = (Made::valid(), head("first-key", "GET", "/v1/users", ""));
        for (level, lines) in [("info", 0), ("debug", 10)] {
            let server = start(place, &made, &[("USHER_LOG_LEVEL", level)]);
            for _ in 0..10 {
                let mut connection = connect(server.address);
                connection.get_mut().write_all(plain.as_bytes()).unwrap();
                let _ = connection.read_to_end(&mut Vec::new());
            }
            assert_eq!(users(&made, &server), 200);
            let (_, log) = server.stop();
            assert_eq!(log.matches("a client failed to begin TLS").count(), lines, "{log}");
            // The one is about a key that is easy to guess.
            assert_eq!((log.matches("WARN").count(), log.matches("ERROR").count()), (1, 0), "{log}");
            assert!(!log.contains("first-key"), "{log}");
        }
    }

    async fn unix_sockets_and_those_of_systemd_have_tls_too(place) {
        Made::valid().write(place.folder.path());
        let by = |socket: &str| format!(
            "curl -s --insecure --unix-socket {socket} https://localhost/v1/users -H 'X-Appwrite-Project: demo' \
             -H 'X-Appwrite-Key: first-key'"
        );
        let demo = [("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", "first-key"), ("USHER_LISTEN", "unix:usher.sock")];
        let variables = [&FILES[..], &demo].concat();
        let mut server = Server::spawn(place.command(&[], &variables));
        server.says("listening");
        assert_eq!(curl(&by("usher.sock"), place.folder.path()), r#"{"total":0,"users":[]}"#);
        assert_eq!(place.run(&["healthcheck"], &variables).status.code(), Some(0));
        server.stop();

        let listener = UnixListener::bind(place.folder.path().join("activated.sock")).unwrap();
        let mut server = Server::spawn(crate::program::with_socket(place, listener, "1", &FILES));
        server.says("activated.sock");
        assert_eq!(curl(&by("activated.sock"), place.folder.path()), r#"{"total":0,"users":[]}"#);
        server.stop();

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server::start(crate::program::with_socket(place, listener, "1", &FILES));
        let line = format!("curl -s --insecure https://{}/livez", server.address);
        curl(&line, place.folder.path());
        server.stop();
    }
}

/// What the check of the configuration says, and that a start says the same.
#[track_caller]
fn refused(place: &Place, variables: &[(&str, &str)], expected: &str) {
    let said = place.fails(&["config", "check"], variables, expected);
    assert_eq!(said, format!("usher: {expected}\n"));
    assert_eq!(place.fails(&[], variables, ""), said);
    assert_eq!(place.run(&["config", "check"], variables).status.code(), Some(1));
}

#[test]
fn files_that_are_of_no_use_stop_the_start() {
    let place = Place::sqlite();
    let folder = place.folder.path();
    let (made, other) = (Made::valid(), Made::valid());
    made.write(folder);
    std::fs::write(folder.join("other.pem"), &other.key).unwrap();
    std::fs::write(folder.join("empty.pem"), "").unwrap();
    std::fs::write(folder.join("garbage.pem"), [0xff; 1000]).unwrap();
    std::fs::write(folder.join("broken.pem"), made.key.replace("-----END", "----END")).unwrap();
    std::fs::write(folder.join("not-base64.pem"), "-----BEGIN PRIVATE KEY-----\nhunter2!\n-----END PRIVATE KEY-----\n")
        .unwrap();
    std::fs::write(folder.join("no-key.pem"), "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n")
        .unwrap();
    std::fs::write(
        folder.join("no-cert.pem"),
        "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    std::fs::write(folder.join("sealed.pem"), made.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")).unwrap();
    let both = "USHER_TLS_CERT and USHER_TLS_KEY must be set together, or neither of them";
    refused(&place, &FILES[..1], both);
    refused(&place, &FILES[1..], both);
    for (certificate, key, expected) in [
        (
            "missing.pem",
            "key.pem",
            "USHER_TLS_CERT names missing.pem, which cannot be used: No such file or directory (os error 2)",
        ),
        (
            "cert.pem",
            "missing.pem",
            "USHER_TLS_KEY names missing.pem, which cannot be used: No such file or directory (os error 2)",
        ),
        (".", "key.pem", "USHER_TLS_CERT names ., which cannot be used: Is a directory (os error 21)"),
        ("empty.pem", "key.pem", "USHER_TLS_CERT names empty.pem, which cannot be used: it has no certificate in PEM"),
        (
            "garbage.pem",
            "key.pem",
            "USHER_TLS_CERT names garbage.pem, which cannot be used: it has no certificate in PEM",
        ),
        ("key.pem", "key.pem", "USHER_TLS_CERT names key.pem, which cannot be used: it has no certificate in PEM"),
        (
            "no-cert.pem",
            "key.pem",
            "USHER_TLS_CERT names no-cert.pem, whose first certificate cannot be used: invalid peer certificate: BadEncoding",
        ),
        (
            "cert.pem",
            "empty.pem",
            "USHER_TLS_KEY names empty.pem, which cannot be used: it has no private key in PEM that is not encrypted",
        ),
        (
            "cert.pem",
            "cert.pem",
            "USHER_TLS_KEY names cert.pem, which cannot be used: it has no private key in PEM that is not encrypted",
        ),
        (
            "cert.pem",
            "sealed.pem",
            "USHER_TLS_KEY names sealed.pem, which cannot be used: it has no private key in PEM that is not encrypted",
        ),
        ("cert.pem", "broken.pem", "USHER_TLS_KEY names broken.pem, which cannot be used: it is no PEM"),
        ("cert.pem", "not-base64.pem", "USHER_TLS_KEY names not-base64.pem, which cannot be used: it is no PEM"),
        (
            "cert.pem",
            "no-key.pem",
            "USHER_TLS_KEY names no-key.pem, whose key is damaged or of a kind that is not known here",
        ),
        (
            "cert.pem",
            "other.pem",
            "USHER_TLS_KEY names other.pem, whose key does not belong to the certificate in cert.pem (USHER_TLS_CERT)",
        ),
    ] {
        refused(&place, &[("USHER_TLS_CERT", certificate), ("USHER_TLS_KEY", key)], expected);
    }
}

#[test]
fn a_check_tells_whose_certificate_it_is_and_until_when() {
    let place = Place::sqlite();
    let folder: &Path = place.folder.path();
    let tells = |certificate: &str, key: &str| {
        let output = place.run(&["config", "check"], &[("USHER_TLS_CERT", certificate), ("USHER_TLS_KEY", key)]);
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(
            shown.contains(&format!("USHER_TLS_KEY={key}\tenvironment\n")) && !shown.contains("PRIVATE"),
            "{shown}"
        );
        shown.lines().last().unwrap().to_owned()
    };
    let made = Made::valid();
    made.write(folder);
    let expected = format!("certificate\tCN={NAME}, valid from 2020-01-01T00:00:00.000+00:00 to {UNTIL}");
    assert_eq!(tells("cert.pem", "key.pem"), expected);
    // Both in one file, in either order, and with what leads to the certificate behind it.
    for all in [
        [&made.certificate, &made.key, &Made::valid().certificate],
        [&made.key, &made.certificate, &Made::valid().certificate],
    ] {
        std::fs::write(folder.join("all.pem"), all.map(String::as_str).concat()).unwrap();
        assert_eq!(tells("all.pem", "all.pem"), expected);
    }
    Made::nameless().write(folder);
    let expected =
        format!("certificate\t{NAME}, other.example.org, valid from 2020-01-01T00:00:00.000+00:00 to {UNTIL}");
    assert_eq!(tells("cert.pem", "key.pem"), expected);
}
