//! An update while clients work: each server is asked to stop and started again, one after the other.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Value, json};

use super::{DEMO, KEY, NODES, Node, PATIENCE, ask, start_demo};
use crate::crash::{consistency, say};
use crate::program::Place;
use crate::wire::socket::head;

/// Clients at the same time.
const CLIENTS: usize = 6;

/// Requests that are answered between two restarts.
const REQUESTS: usize = 120;

/// What a client is told.
enum Told {
    Answer(u16, Value),
    /// The server was not there, or said that another should be asked: nothing has happened.
    Elsewhere,
    /// The connection ended without an answer.
    Cut,
}

fn send(address: SocketAddr, method: &str, path: &str, body: &Value) -> Told {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = match TcpStream::connect(address) {
        Ok(stream) => stream,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Told::Elsewhere,
        Err(error) => panic!("{method} {path}: {error}"),
    };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let mut answer = String::new();
    let sent = stream.write_all((head("first-key", method, path, &more) + &body).as_bytes());
    if sent.and_then(|()| stream.read_to_string(&mut answer)).is_err() || answer.is_empty() {
        return Told::Cut;
    }
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
    match head.split(' ').nth(1).unwrap().parse().unwrap() {
        503 => Told::Elsewhere,
        status => Told::Answer(status, serde_json::from_str(body).unwrap_or_default()),
    }
}

/// A client with the servers that it knows, as a load balancer has them.
struct Client {
    number: usize,
    known: Arc<Mutex<Vec<SocketAddr>>>,
    turn: usize,
    cut: Arc<AtomicUsize>,
}

impl Client {
    /// Asks one server after the other until one answers. What was cut off is asked again: the body of each write is such that
    /// it may come twice.
    fn ask(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.turn += 1;
            let address = self.known.lock().unwrap()[self.turn % NODES];
            match send(address, method, path, body) {
                Told::Answer(status, body) => return (status, body),
                Told::Elsewhere => {}
                Told::Cut => drop(self.cut.fetch_add(1, Ordering::Relaxed)),
            }
        }
        panic!("{method} {path}: nobody answers");
    }

    /// Makes users, changes and reads them; their ids.
    fn work(mut self, answered: &AtomicUsize, stop: &AtomicBool) -> BTreeSet<String> {
        let mut made = BTreeSet::new();
        while !stop.load(Ordering::Relaxed) {
            let id = format!("c{}-{}", self.number, made.len());
            let path = format!("/v1/users/{id}");
            let (cut, body) = (self.cut.load(Ordering::Relaxed), json!({"userId": id, "name": "new"}));
            let (status, user) = self.ask("POST", "/v1/users", &body);
            let twice = status == 409 && self.cut.load(Ordering::Relaxed) > cut;
            assert!(status == 201 || twice, "{id}: {status} {user}");
            let changed = self.ask("PATCH", &format!("{path}/name"), &json!({"name": id}));
            assert_eq!((changed.0, &changed.1["name"]), (200, &json!(id)), "{changed:?}");
            let read = self.ask("GET", &path, &Value::Null);
            assert_eq!(read, changed, "another server answers as the one that has written");
            made.insert(id);
            answered.fetch_add(3, Ordering::Relaxed);
        }
        made
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_fails_no_request() {
    let Some(place) = Place::postgres().await else { return };
    let mut nodes = start_demo(&place);
    let known = Arc::new(Mutex::new(nodes.iter().map(Node::address).collect::<Vec<_>>()));
    let (cut, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let client = Client { number, known: Arc::clone(&known), turn: number, cut: Arc::clone(&cut) };
            let (answered, stop) = (Arc::clone(&answered), Arc::clone(&stop));
            std::thread::spawn(move || client.work(&answered, &stop))
        })
        .collect();
    let wait = || {
        let (wanted, end) = (answered.load(Ordering::Relaxed) + REQUESTS, Instant::now() + PATIENCE);
        while answered.load(Ordering::Relaxed) < wanted {
            assert!(Instant::now() < end && clients.iter().all(|client| !client.is_finished()), "the clients go on");
            std::thread::yield_now();
        }
    };
    for n in 0..NODES {
        wait();
        let old = nodes.remove(n);
        // Clean, with everything answered.
        old.server.stop();
        wait();
        let new = Node::spawn(&place, &format!("node{n}-again"), &DEMO).listening();
        known.lock().unwrap()[n] = new.address();
        nodes.insert(n, new);
    }
    wait();
    stop.store(true, Ordering::Relaxed);
    let made: BTreeSet<String> = clients.into_iter().flat_map(|client| client.join().expect("a client")).collect();
    let cut = cut.load(Ordering::Relaxed);
    say(&format!("{} requests, {cut} without an answer", answered.load(Ordering::Relaxed)));
    // The system may take in a connection between a server's last look for one and its end.
    assert!(cut <= NODES, "{cut} requests got no answer");
    for node in &nodes {
        let (_, users, _) = ask(node.address(), &KEY, "GET", "/v1/users?queries[]=limit(100000)", &Value::Null);
        let names = users["users"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap().to_owned());
        assert_eq!(names.collect::<BTreeSet<String>>(), made);
    }
    consistency::check(&place.database()).await;
    for node in nodes {
        node.server.stop();
    }
    place.remove().await;
}
