//! More than the server takes on, and clients who take their time.

mod flood;
mod slow;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::both;
use crate::wire::serve;
use crate::wire::socket::{Raw, connect, exchange, get, head, send};

/// How long anything may take that happens at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is said to whoever is refused.
fn refusal() -> Value {
    let message = "The server has more to do than it can take on. Please try again in a moment.";
    json!({ "message": message, "code": 503, "type": "general_server_error", "version": "2.6.2" })
}

#[track_caller]
fn is_refused(answer: &Raw) {
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
    assert_eq!(answer.json(), refusal());
}

/// The head of a request on a connection that stays.
fn stays(key: &str, path: &str) -> String {
    head(key, "GET", path, "").replace("Connection: close\r\n", "")
}

/// Reads the answer to a request and no further: its status and body.
fn read_one(connection: &mut BufReader<TcpStream>) -> (u16, Value) {
    let (mut line, mut status, mut length) = (String::new(), 0, 0);
    while line != "\r\n" {
        line.clear();
        connection.read_line(&mut line).unwrap();
        if status == 0 {
            status = line.split(' ').nth(1).unwrap().parse().unwrap();
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

/// Asks until the answer has this status.
#[track_caller]
fn until(address: SocketAddr, key: &str, path: &str, status: u16) {
    let end = Instant::now() + PATIENCE;
    while get(address, key, path, "").status != status {
        assert!(Instant::now() < end, "{path} is never answered with {status}");
    }
}

both! {
    async fn beyond_the_limit_of_connections_only_health_is_answered(app, "USHER_CONNECTIONS" = "1") {
        let (address, key) = (serve(app).await, app.admin_key());
        let mut first = connect(address);
        first.get_mut().write_all(stays(key, "/v1/users").as_bytes()).unwrap();
        assert_eq!(read_one(&mut first).0, 200);
        for path in ["/livez", "/readyz"] {
            let answer = exchange(address, stays(key, path).as_bytes());
            assert_eq!((answer.status, answer.header("connection")), (200, "close"), "{path}");
        }
        let body = br#"{"userId":"ada"}"#;
        let json = "Content-Type: application/json\r\n";
        for answer in [
            get(address, key, "/v1/users", ""),
            get(address, "no key", "/v1/health", ""),
            get(address, key, "/nowhere", ""),
            send(address, key, "POST", "/v1/users", json, body),
        ] {
            is_refused(&answer);
            assert_eq!(answer.header("connection"), "close");
        }
        first.get_mut().write_all(stays(key, "/v1/users").as_bytes()).unwrap();
        assert_eq!(read_one(&mut first).0, 200, "who was there before is not disturbed");
        drop(first);
        until(address, key, "/v1/users", 200);
        until(address, key, "/v1/users/ada", 404);
    }

    async fn beyond_the_limit_of_requests_others_wait_five_seconds(app, "USHER_REQUESTS" = "1") {
        let (address, key) = (serve(app).await, app.admin_key());
        let place = app.app.admission.request().await.unwrap();
        let waiting: Vec<_> = (0..3)
            .map(|number| {
                let key = key.to_owned();
                std::thread::spawn(move || {
                    let body = format!("{{\"userId\":\"waiting{number}\"}}");
                    send(address, &key, "POST", "/v1/users", "Content-Type: application/json\r\n", body.as_bytes())
                })
            })
            .collect();
        for path in ["/livez", "/readyz"] {
            assert_eq!(get(address, key, path, "").status, 200, "{path}");
        }
        for waiting in waiting {
            is_refused(&waiting.join().unwrap());
        }
        drop(place);
        until(address, key, "/v1/users", 200);
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 0, "who was refused was not served later");
    }

    async fn a_request_waits_for_its_place(app, "USHER_REQUESTS" = "1") {
        let (address, key) = (serve(app).await, app.admin_key().to_owned());
        let place = app.app.admission.request().await.unwrap();
        let waiting = std::thread::spawn(move || get(address, &key, "/v1/users", ""));
        drop(place);
        assert_eq!(waiting.join().unwrap().status, 200);
    }

    async fn a_large_body_for_which_there_is_no_room_is_refused(app) {
        let (address, key) = (serve(app).await, app.admin_key());
        let mut others = app.app.admission.body();
        others.extend(&vec![0; 32 << 20]).unwrap();
        let json = "Content-Type: application/json\r\n";
        let large = json!({ "userId": "large", "name": "L", "unknown": "x".repeat(64 << 10) }).to_string();
        is_refused(&send(address, key, "POST", "/v1/users", json, large.as_bytes()));
        assert_eq!(send(address, key, "POST", "/v1/users", json, br#"{"userId":"small"}"#).status, 201);
        drop(others);
        assert_eq!(send(address, key, "POST", "/v1/users", json, large.as_bytes()).status, 201);
        let list = app.admin().get("/v1/users").await;
        assert_eq!(list.ids("users"), ["small", "large"]);
    }

    async fn a_head_that_is_too_large_is_refused_by_its_size(app) {
        let (address, key) = (serve(app).await, app.admin_key());
        let long = |bytes: usize| format!("X-Long: {}\r\n", "x".repeat(bytes));
        assert_eq!(get(address, key, "/v1/users", &long(70_000)).status, 200);
        assert_eq!(get(address, key, "/v1/users", &long(90_000)).status, 431);
        let many = |count: usize| (0..count).map(|number| format!("X-{number}: x\r\n")).collect::<String>();
        assert_eq!(get(address, key, "/v1/users", &many(90)).status, 200);
        assert_eq!(get(address, key, "/v1/users", &many(101)).status, 431);
        let path = |bytes: usize| format!("/v1/users?x={}", "x".repeat(bytes - "/v1/users?x=".len()));
        assert_eq!(get(address, key, &path(65_534), "").status, 200);
        assert_eq!(get(address, key, &path(65_536), "").status, 414);
    }
}
