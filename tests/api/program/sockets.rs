//! Listening at a Unix socket: who gets in, what is left behind, and whose word about clients counts.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::process::text;
use super::{Place, Server, curl, places};

const UNIX: (&str, &str) = ("USHER_LISTEN", "unix:usher.sock");
const DEMO: [(&str, &str); 2] = [("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", "first-key")];

fn socket(place: &Place) -> PathBuf {
    place.folder.path().join("usher.sock")
}

/// Starts a server at the socket.
fn start(place: &Place, more: &[(&str, &str)]) -> Server {
    let variables = [&[UNIX][..], &DEMO, more].concat();
    let mut server = Server::spawn(place.command(&[], &variables));
    server.says("address=unix:usher.sock");
    server
}

/// Sends a request with the key and reads the whole answer: its status and its body.
pub fn ask(path: &Path, method: &str, target: &str, more: &str, body: &str) -> (u16, Value) {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: usher\r\nConnection: close\r\nX-Appwrite-Project: demo\r\n\
         X-Appwrite-Key: first-key\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n{body}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

places! {
    async fn a_server_answers_at_a_socket_and_takes_it_away_in_the_end(place) {
        for (variables, expected) in [(&[][..], 0o660), (&[("USHER_LISTEN_MODE", "0600")], 0o600)] {
            let server = start(place, variables);
            assert!(socket(place).metadata().unwrap().file_type().is_socket());
            assert_eq!(mode(&socket(place)), expected);
            assert_eq!(ask(&socket(place), "GET", "/v1/users", "", "").0, 200);
            assert_eq!(place.run(&["healthcheck"], &[UNIX]).status.code(), Some(0));
            let (stdout, _) = server.stop();
            assert_eq!(stdout, "");
            assert!(!socket(place).exists());
            place.fails(&["healthcheck"], &[UNIX], "nothing answers on unix:usher.sock");
        }
    }

    async fn a_socket_that_a_killed_server_left_is_made_anew(place) {
        let server = start(place, &[]);
        server.signal("KILL");
        server.ended();
        assert!(socket(place).exists());
        let server = start(place, &[]);
        assert_eq!(ask(&socket(place), "GET", "/v1/users", "", "").0, 200);
        server.stop();
    }

    async fn the_first_start_prints_a_line_that_works_as_pasted(place) {
        let mut server = Server::spawn(place.command(&[], &[UNIX]));
        assert!(server.prints("endpoint").ends_with("http://localhost/v1"));
        let line = server.prints("curl ");
        server.says("listening");
        let user: Value = serde_json::from_str(&curl(&line, place.folder.path())).unwrap();
        assert_eq!(user["email"], json!("ada@example.org"));
        server.stop();
    }

    async fn who_a_client_is_tells_only_a_proxy_that_is_listed(place) {
        for (n, (proxies, forwarded, ip)) in [
            ("", "203.0.113.7", ""),
            ("0.0.0.0/0", "203.0.113.7", ""),
            ("unix", "203.0.113.7", "203.0.113.7"),
            ("unix", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
            ("unix,203.0.113.0/24", "198.51.100.1, 203.0.113.7", "198.51.100.1"),
            ("unix", "somebody", ""),
        ]
        .into_iter()
        .enumerate()
        {
            let mut server = Server::spawn(
                place.command(&[], &[&[UNIX, ("USHER_TRUSTED_PROXIES", proxies)][..], &DEMO].concat()),
            );
            if !proxies.contains("unix") {
                server.says("clients at a Unix socket have no address");
            }
            server.says("listening");
            let (user, forwarded) = (format!("user-{n}"), format!("X-Forwarded-For: {forwarded}\r\n"));
            let body = json!({ "userId": user }).to_string();
            assert_eq!(ask(&socket(place), "POST", "/v1/users", &forwarded, &body).0, 201);
            let (status, logs) = ask(&socket(place), "GET", &format!("/v1/users/{user}/logs"), "", "");
            assert_eq!((status, &logs["logs"][0]["ip"]), (200, &json!(ip)), "{proxies} {forwarded}: {logs}");
            let (_, log) = server.stop();
            assert_eq!(log.contains("have no address"), !proxies.contains("unix"), "{log}");
        }
    }
}

#[test]
fn where_somebody_listens_already_nobody_else_does() {
    let place = Place::sqlite();
    let server = start(&place, &[]);
    place.fails(&[], &[UNIX], "USHER_LISTEN (unix:usher.sock) cannot be listened on: another server listens on it");
    assert_eq!(ask(&socket(&place), "GET", "/v1/users", "", "").0, 200);
    server.stop();

    let other = UnixListener::bind(socket(&place)).unwrap();
    place.fails(&[], &[UNIX], "another program listens on it");
    UnixStream::connect(socket(&place)).unwrap();
    // Nobody listens any more, but a file stays.
    drop(other);
    start(&place, &[]).stop();
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let place = Place::sqlite();
    std::fs::write(socket(&place), "precious").unwrap();
    place.fails(&[], &[UNIX], "something is there that is no socket");
    assert_eq!(std::fs::read_to_string(socket(&place)).unwrap(), "precious");
    std::fs::remove_file(socket(&place)).unwrap();
    std::os::unix::fs::symlink("elsewhere", socket(&place)).unwrap();
    place.fails(&[], &[UNIX], "something is there that is no socket");
    let long = format!("unix:{}", "x".repeat(150));
    for listen in ["unix:missing/usher.sock", long.as_str(), "unix:data"] {
        place.fails(&[], &[("USHER_LISTEN", listen)], &format!("USHER_LISTEN ({listen}) cannot be listened on"));
    }
}

#[test]
fn of_servers_that_start_at_once_at_what_another_left_one_listens() {
    let place = Place::sqlite();
    place.prints(&["migrate"]);
    drop(UnixListener::bind(socket(&place)).unwrap());
    let variables = [&[UNIX][..], &DEMO].concat();
    let mut all: Vec<_> = (0..4)
        .map(|_| {
            let mut command = place.command(&[], &variables);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    // All but one end by themselves; the one that is left answers.
    let mut ended = 0;
    while ended < 3 {
        let mut left = Vec::new();
        for mut child in all {
            match child.try_wait().unwrap() {
                None => left.push(child),
                Some(status) => {
                    assert_eq!(status.code(), Some(1));
                    let said = text(&child.wait_with_output().unwrap().stderr);
                    assert!(said.contains("another server listens on it"), "{said}");
                    ended += 1;
                }
            }
        }
        all = left;
        std::thread::yield_now();
    }
    let mut last = Server::of(all.pop().unwrap());
    last.says("listening");
    assert_eq!(ask(&socket(&place), "GET", "/v1/users", "", "").0, 200);
    last.stop();
}
