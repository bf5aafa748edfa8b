//! A client who does not expect to be answered.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::wire::socket::head;

/// The answer to a request: status and body. `None` when the connection ended before it was there, or when the server says
/// that it cannot reach the database (503, with the seconds to wait): then nobody knows what became of the request.
pub fn ask(address: SocketAddr, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all((head("first-key", method, path, &more) + &body).as_bytes()).ok()?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("{method} {path} hangs"),
        Err(_) => return None,
    }
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let head = head.to_ascii_lowercase();
    let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(|length| length.parse());
    if length.is_some_and(|length| length != Ok(body.len())) {
        return None;
    }
    if status == 503 {
        assert!(head.contains("\r\nretry-after: "), "{method} {path}: {answer}");
        return None;
    }
    Some((status, serde_json::from_str(body).unwrap_or_default()))
}

/// What a server that runs must answer with 200.
pub fn get(address: SocketAddr, path: &str) -> Value {
    match ask(address, "GET", path, &Value::Null) {
        Some((200, body)) => body,
        other => panic!("{path}: {other:?}"),
    }
}
