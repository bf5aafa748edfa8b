//! HTTP by hand, byte for byte, for what clients' libraries would not send or not show.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::support::PROJECT;

/// An answer as it came.
#[derive(Debug)]
pub struct Raw {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Raw {
    /// A header, `""` when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// A connection that gives up after half a minute, so that a server that hangs fails the test.
pub fn connect(address: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
    BufReader::new(stream)
}

/// The head of a request with the project and this key; `more` is further lines, each with its end.
pub fn head(key: &str, method: &str, path: &str, more: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: usher\r\nConnection: close\r\nX-Appwrite-Project: {PROJECT}\r\n\
         X-Appwrite-Key: {key}\r\n{more}\r\n"
    )
}

/// Sends bytes and reads the answer that they get.
pub fn exchange(address: SocketAddr, bytes: &[u8]) -> Raw {
    let mut connection = connect(address);
    connection.get_mut().write_all(bytes).unwrap();
    read(&mut connection)
}

/// Sends a request with the length of its body.
pub fn send(address: SocketAddr, key: &str, method: &str, path: &str, more: &str, body: &[u8]) -> Raw {
    let more = format!("{more}Content-Length: {}\r\n", body.len());
    exchange(address, &[head(key, method, path, &more).as_bytes(), body].concat())
}

/// GET
pub fn get(address: SocketAddr, key: &str, path: &str, more: &str) -> Raw {
    exchange(address, head(key, "GET", path, more).as_bytes())
}

/// Reads an answer; its body ends with the connection, and chunks are put together.
pub fn read<S: Read>(connection: &mut BufReader<S>) -> Raw {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines[1..].iter().map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    });
    let mut raw = Raw { status, headers: headers.collect(), body: Vec::new() };
    if status == 100 {
        return raw;
    }
    if raw.header("transfer-encoding") == "chunked" {
        loop {
            let mut size = String::new();
            connection.read_line(&mut size).unwrap();
            let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            connection.read_exact(&mut chunk).unwrap();
            raw.body.extend_from_slice(&chunk[..size]);
            if size == 0 {
                break;
            }
        }
    } else {
        connection.read_to_end(&mut raw.body).unwrap();
    }
    raw
}
