//! Several servers on one PostgreSQL, each a process of its own: none keeps anything that the others would have to know.

mod kill;
mod rolling;
mod settings;
mod start;
mod state;

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::program::{Place, Server};
use crate::wire::socket::{Raw, exchange};

/// How long anything may take that is not promised to be quick.
const PATIENCE: Duration = Duration::from_secs(60);

/// Servers at the same time.
const NODES: usize = 3;

/// One of them.
pub struct Node {
    pub server: Server,
    /// What its connections are called in the database.
    name: String,
}

impl Node {
    /// Starts a process, which does not listen yet.
    fn spawn(place: &Place, name: &str, variables: &[(&str, &str)]) -> Self {
        let url = format!("{}?application_name={name}", place.url);
        let own = [("DATABASE_URL", url.as_str()), ("USHER_DATABASE_CONNECTIONS", "4")];
        Self { server: Server::spawn(place.command(&[], &[&own[..], variables].concat())), name: name.to_owned() }
    }

    fn listening(self) -> Self {
        Self { server: self.server.listening(), name: self.name }
    }

    pub const fn address(&self) -> SocketAddr {
        self.server.address
    }
}

/// Starts all of them at the same moment.
pub fn start(place: &Place, variables: &[(&str, &str)]) -> Vec<Node> {
    let nodes: Vec<Node> = (0..NODES).map(|n| Node::spawn(place, &format!("node{n}"), variables)).collect();
    nodes.into_iter().map(Node::listening).collect()
}

const DEMO: [(&str, &str); 3] = [
    ("USHER_PROJECT_ID", "demo"),
    ("USHER_API_KEY", "first-key"),
    ("USHER_SECRET", "one secret for all, of 32 characters"),
];

/// The same, with the project `demo`, the key `first-key` and one secret.
pub fn start_demo(place: &Place) -> Vec<Node> {
    start(place, &DEMO)
}

/// Asks in project `demo` with these headers.
pub fn ask(address: SocketAddr, headers: &[(&str, &str)], method: &str, path: &str, body: &Value) -> (u16, Value, Raw) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: usher\r\nConnection: close\r\nX-Appwrite-Project: demo\r\n{more}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let raw = exchange(address, request.as_bytes());
    (raw.status, serde_json::from_slice(&raw.body).unwrap_or_default(), raw)
}

pub const KEY: [(&str, &str); 1] = [("X-Appwrite-Key", "first-key")];
