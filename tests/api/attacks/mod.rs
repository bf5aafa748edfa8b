//! Attacks: what somebody would send who means harm. Each kind has a file, and each attack a test that is called by it.
//! What is refused must be refused with the status and the type of the contract, and afterwards the database must hold
//! what it held before.

mod bombs;
mod costs;
mod counted_work;
mod enumeration;
mod escalation;
mod fixation;
mod injection;
mod log_lines;
mod mass_assignment;
mod origins;
mod other_projects;
mod paths;
mod smuggling;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::Value;

use crate::support::{Answer, PROJECT, TestApp};
use crate::wire::socket::connect;

const INVALID: &str = "general_argument_invalid";
const SCOPE: &str = "general_unauthorized_scope";
const NO_ROUTE: &str = "general_route_not_found";

/// How many attacks a test has tried: a table that had lost its cases would pass and prove nothing.
#[derive(Default)]
struct Tried(usize);

impl Tried {
    /// One more.
    const fn one(&mut self) {
        self.0 += 1;
    }

    /// At the end of the test.
    #[track_caller]
    fn at_least(self, least: usize) {
        assert!(self.0 >= least, "only {} attacks were tried, not {least}", self.0);
    }
}

/// Checks status and type of an answer, and says which attack it was when they are others.
#[track_caller]
fn is(answer: &Answer, status: u16, kind: &str, case: &str) {
    let found = (answer.status, answer.json["type"].as_str().unwrap_or_default());
    assert_eq!(found, (status, kind), "{case}: {}", answer.text);
}

/// A text as it stands in a URL.
fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Sends a request with these headers, of which several may have one name, and a body of any bytes.
async fn send(app: &TestApp, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(body.into()).unwrap()).await
}

/// What a stranger can learn from an answer: everything but how long it took, and what its request is called.
fn learnt(answer: &Answer) -> (u16, String, BTreeMap<String, Vec<String>>) {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in
        answer.headers.iter().filter(|(name, _)| !["x-debug-speed", "x-request-id"].contains(&name.as_str()))
    {
        headers.entry(name.to_string()).or_default().push(value.to_str().unwrap().to_owned());
    }
    (answer.status, answer.text.clone(), headers)
}

/// Waits until nothing is done any more that no request waits for.
pub async fn settled(app: &TestApp) {
    let background = &app.app.background;
    background.close();
    background.wait().await;
    background.reopen();
}

/// The project of the tests in the database, row by row.
async fn rows(app: &TestApp) -> Vec<String> {
    settled(app).await;
    crate::isolation::dump(app, PROJECT).await
}

/// A field of an object, or nothing that could be taken for it.
fn field<'a>(json: &'a Value, path: &str) -> &'a str {
    json.pointer(path).and_then(Value::as_str).unwrap_or("\u{0}")
}

/// Sends bytes, and gives all that comes back until the server hangs up: of every answer the status, and the text of
/// them all.
fn answers(address: SocketAddr, bytes: &[u8]) -> (Vec<u16>, String) {
    let mut connection = connect(address);
    // Who refuses a head hangs up before the rest of it has come.
    let _ = connection.get_mut().write_all(bytes);
    let mut heard = Vec::new();
    let _ = connection.read_to_end(&mut heard);
    let text = String::from_utf8_lossy(&heard).into_owned();
    let status = |at: usize| text[at..].split(' ').nth(1).unwrap().parse().unwrap();
    (text.match_indices("HTTP/1.").map(|(at, _)| status(at)).collect(), text)
}
