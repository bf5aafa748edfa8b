//! Many connections at once, each of the unfriendly kinds, against the compiled program: its memory stays below a stated
//! bound, whoever is refused is told so, and health is answered all the while.
//!
//! `scripts/flood` does it with 5,000 connections, by `USHER_TEST_CONNECTIONS`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream as AsyncStream;

use super::{PATIENCE, stays};
use crate::crash::consistency;
use crate::program::{Server, places};
use crate::wire::socket::{get, head, send};

/// Connections, when nobody says how many.
const CONNECTIONS: usize = 300;

/// The key of the server that is flooded.
const KEY: &str = "first-key";

/// How long a body that is refused is still read, and a little more.
const REFUSAL: Duration = Duration::from_secs(8);

/// MiB that the server may have taken besides its connections: its rooms for large bodies, their values and large answers
/// (160), and itself.
const BASE: usize = 256;

/// KiB that it may have taken for each connection: a buffer for the largest head, and the largest body or answer that is not
/// counted, less what no client can fill at the same time.
const EACH: usize = 128;

fn connections() -> usize {
    std::env::var("USHER_TEST_CONNECTIONS")
        .map_or(CONNECTIONS, |count| count.parse().expect("USHER_TEST_CONNECTIONS is a number"))
}

/// Says how it went to whoever watches.
#[expect(clippy::print_stdout, reason = "the test harness keeps it until the test fails")]
fn say(line: &str) {
    println!("{line}");
}

/// Opens so many connections and sends the same on each.
async fn open(address: SocketAddr, count: usize, bytes: &[u8]) -> Vec<AsyncStream> {
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = AsyncStream::connect(address).await.unwrap();
        // A server that refuses closes before it has read all.
        let _ = stream.write_all(bytes).await;
        all.push(stream);
    }
    all
}

/// Reads the statuses of all answers that come on these connections, until they end or the server waits for more.
async fn statuses(all: &mut [AsyncStream]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for stream in all {
        let mut start = [0; 12];
        if tokio::time::timeout(PATIENCE, stream.read_exact(&mut start)).await.expect("an answer or an end").is_ok() {
            statuses.push(std::str::from_utf8(&start[9..]).unwrap().parse().unwrap());
        }
    }
    statuses
}

/// Watches a server: its memory, and how it is.
struct Watch<'s> {
    server: &'s Server,
    connections: usize,
}

impl Watch<'_> {
    /// Says how much memory the server has taken at the most since the last time, which must be below the bound; health is
    /// answered.
    fn check(&self, what: &str) {
        for path in ["/livez", "/readyz"] {
            assert_eq!(get(self.server.address, KEY, path, "").status, 200, "{what}: {path}");
        }
        let peak = self.server.peak_memory() >> 20;
        let bound = BASE + ((self.connections * EACH) >> 10);
        say(&format!("{what}: at most {peak} MiB of {bound}"));
        assert!(peak <= bound, "{what}: {peak} MiB");
    }
}

places! {
    async fn floods_are_survived(place) {
        let count = connections();
        let limit = (count + 50).to_string();
        let server = place.start_demo(&[("USHER_CONNECTIONS", &limit)]);
        let address = server.address;
        let watch = Watch { server: &server, connections: count };
        let json = "Content-Type: application/json\r\n";
        let prefs = json!({ "prefs": { "text": "x".repeat(8_000) } }).to_string();
        for number in 0..25 {
            let body = json!({ "userId": format!("user{number}"), "name": "Ada" }).to_string();
            assert_eq!(send(address, KEY, "POST", "/v1/users", json, body.as_bytes()).status, 201);
            let path = format!("/v1/users/user{number}/prefs");
            assert_eq!(send(address, KEY, "PATCH", &path, json, prefs.as_bytes()).status, 200);
        }
        watch.check("at rest");

        let request = stays(KEY, "/v1/users/user1");
        let mut idle = open(address, count, request.as_bytes()).await;
        assert_eq!(statuses(&mut idle).await, vec![200; count]);
        watch.check("connections without requests");
        drop(idle);

        let begun = format!("GET /v1/users HTTP/1.1\r\nHost: usher\r\nX-Flood: {}", "x".repeat(75_000));
        let heads = open(address, count, begun.as_bytes()).await;
        watch.check("heads that do not end");
        drop(heads);

        let more = format!("{json}Content-Length: 1000000\r\n");
        let begun = [head(KEY, "POST", "/v1/users", &more).as_bytes(), &vec![b' '; 900_000]].concat();
        let mut bodies = open(address, count, &begun).await;
        watch.check("bodies that do not end");
        let small = json!({ "userId": "small" }).to_string();
        assert_eq!(send(address, KEY, "POST", "/v1/users", json, small.as_bytes()).status, 201, "small ones have room");
        // What fills the room waits for its end; the others are refused.
        let refused = refused(&mut bodies).await;
        say(&format!("{refused} of {count} bodies were refused"));
        assert!(refused + 40 >= count, "{refused}");
        drop(bodies);

        let list = head(KEY, "GET", "/v1/users", "");
        let readers = open(address, count, list.as_bytes()).await;
        watch.check("answers that nobody reads");
        drop(readers);

        let answered = crowd(&server, count).await;
        watch.check("ten times more than it can serve");
        say(&format!("{answered:?}"));

        leave(address, count).await;
        let body = json!({ "userId": "afterwards", "email": "afterwards@example.org" }).to_string();
        let end = Instant::now() + PATIENCE;
        while send(address, KEY, "POST", "/v1/users", json, body.as_bytes()).status != 409 {
            assert!(Instant::now() < end, "the server does not recover");
        }
        watch.check("afterwards");
        let (stdout, stderr) = server.stop();
        assert!(!stderr.contains("panicked") && stdout.is_empty(), "{stderr}");
        consistency::check(&place.database()).await;
    }
}

/// How many of these connections hear 503 while the others wait.
async fn refused(bodies: &mut [AsyncStream]) -> usize {
    let answers = bodies.iter_mut().map(|stream| async {
        let mut start = [0; 12];
        match tokio::time::timeout(REFUSAL, stream.read_exact(&mut start)).await {
            Ok(Ok(_)) => assert_eq!(&start, b"HTTP/1.1 503"),
            // Reset before it could read: refused as well.
            Ok(Err(_)) => {}
            Err(_) => return 0,
        }
        1
    });
    futures_util::future::join_all(answers).await.into_iter().sum()
}

/// What many clients hear together.
#[derive(Default)]
struct Heard {
    served: AtomicU64,
    refused: AtomicU64,
    enough: AtomicBool,
}

impl Heard {
    /// Asks for a list on one connection after the other, until enough was heard.
    async fn ask(&self, address: SocketAddr) {
        let request = head(KEY, "GET", "/v1/users?search=ada", "");
        while !self.enough.load(Ordering::Relaxed) {
            let Ok(mut stream) = AsyncStream::connect(address).await else { continue };
            let (mut answer, sent) = (Vec::new(), stream.write_all(request.as_bytes()).await);
            if sent.is_err() || stream.read_to_end(&mut answer).await.is_err() {
                continue;
            }
            match answer.get(9..12) {
                Some(b"200") => self.served.fetch_add(1, Ordering::Relaxed),
                Some(b"503") if String::from_utf8_lossy(&answer).contains("\r\nretry-after: ") => {
                    self.refused.fetch_add(1, Ordering::Relaxed)
                }
                _ => panic!("{}", String::from_utf8_lossy(&answer)),
            };
        }
    }
}

/// Lets that many clients ask for lists as fast as they can, for a few thousand answers, while health is asked for. How many
/// answers were 200 and 503.
async fn crowd(server: &Server, count: usize) -> (u64, u64) {
    let (heard, address) = (Arc::new(Heard::default()), server.address);
    let clients: Vec<_> = (0..count)
        .map(|_| {
            let heard = Arc::clone(&heard);
            tokio::spawn(async move { heard.ask(address).await })
        })
        .collect();
    // A small machine, which other tests keep busy as well, may serve a hundred a second.
    let end = Instant::now() + 4 * PATIENCE;
    while heard.served.load(Ordering::Relaxed) < 3_000.max(count as u64) {
        assert!(Instant::now() < end, "nobody is served");
        let live = tokio::task::spawn_blocking(move || get(address, KEY, "/livez", "").status).await.unwrap();
        assert_eq!(live, 200);
    }
    heard.enough.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    (heard.served.load(Ordering::Relaxed), heard.refused.load(Ordering::Relaxed))
}

/// Lets that many clients begin to make a user and leave at once.
async fn leave(address: SocketAddr, count: usize) {
    let leaving = tokio::task::spawn_blocking(move || {
        for number in 0..count {
            let body = json!({ "userId": format!("left{number}"), "email": format!("left{number}@example.org") });
            let body = body.to_string();
            let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
            let mut stream = TcpStream::connect(address).unwrap();
            let _ = stream.write_all((head(KEY, "POST", "/v1/users", &more) + &body).as_bytes());
            if number % 3 == 0 {
                let _ = stream.read(&mut [0; 16]);
            }
        }
    });
    leaving.await.unwrap();
}
