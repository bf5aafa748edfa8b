//! Cookies and session tokens.
//!
//! An input is lines, each of which is a header: its first character says which (`c` for `Cookie`, `s` for
//! `X-Appwrite-Session`, any other for `X-Fallback-Cookies`), the rest is its value, in which `{session}` stands for what
//! the user's session is shown by.

use axum::http::{Method, Uri};

use super::answer;
use super::scene::{Asked, PROJECT, Scene, USER};

/// What the headers are called, each after its letter.
const HEADERS: [(u8, &str); 3] = [(b'c', "cookie"), (b's', "x-appwrite-session"), (b'f', "x-fallback-cookies")];

/// Asks who the headers of an input are.
pub async fn run(scene: &mut Scene, input: &[u8]) {
    scene.restore().await;
    let lines: Vec<Vec<u8>> = input.split(|byte| *byte == b'\n').map(|line| scene.fill(line, &[])).collect();
    let headers: Vec<(&str, &[u8])> = lines.iter().filter_map(|line| header(line)).collect();
    let found = is_recognised(scene, &headers).await;
    let shown = contains(input, b"{session}");
    assert!(shown || !found, "recognised without a session: {}", String::from_utf8_lossy(input));

    // Whoever shows the session in one place is recognised whatever else is there, but for another session.
    if shown || contains(input, b"a_session_") {
        return;
    }
    let session = scene.named("session");
    let cookie = format!("a_session_{PROJECT}={session}");
    let only = |wanted: &str| headers.iter().copied().filter(|(name, _)| *name == wanted).collect::<Vec<_>>();
    let cookies: Vec<Vec<u8>> = only("cookie")
        .iter()
        .flat_map(|(_, other)| {
            [[*other, b"; ", cookie.as_bytes()].concat(), [cookie.as_bytes(), b";", *other].concat()]
        })
        .collect();
    for cookie in &cookies {
        assert!(is_recognised(scene, &[("cookie", cookie)]).await, "{}", String::from_utf8_lossy(cookie));
    }
    let with = |name, value| [&headers[..], &[(name, value)]].concat();
    assert!(is_recognised(scene, &with("cookie", cookie.as_bytes())).await, "{headers:?}");
    // What stands in the header before could be another session.
    if !only("x-appwrite-session").is_empty() {
        return;
    }
    assert!(is_recognised(scene, &with("x-appwrite-session", session.as_bytes())).await, "{headers:?}");
    if only("x-fallback-cookies").is_empty() {
        let fallback = format!("{{\"x\":1,\"a_session_{PROJECT}\":\"{session}\"}}");
        assert!(is_recognised(scene, &with("x-fallback-cookies", fallback.as_bytes())).await, "{headers:?}");
    }
}

/// The header that a line is; `None` for a value that no connection could bring.
fn header(line: &[u8]) -> Option<(&'static str, &[u8])> {
    let (letter, value) = line.split_first()?;
    let name = HEADERS.iter().find(|(known, _)| known == letter).map_or("x-fallback-cookies", |(_, name)| name);
    axum::http::HeaderValue::from_bytes(value).ok().map(|_| (name, value))
}

/// Whether somebody with these headers is the user; there is nobody else to be.
async fn is_recognised(scene: &Scene, headers: &[(&str, &[u8])]) -> bool {
    let mut asked = Asked::new(Method::GET, Uri::from_static("/v1/account"));
    asked.header("x-appwrite-project", PROJECT.as_bytes());
    headers.iter().for_each(|(name, value)| asked.header(name, value));
    let (parts, bytes) = scene.send(&asked).await;
    let json = answer::check(&asked.method, &parts, &bytes).expect("an account or an error");
    assert!(matches!(answer::header(&parts.headers, "x-debug-fallback"), "true" | "false"));
    match parts.status.as_u16() {
        200 => json["$id"] == USER,
        401 => false,
        _ => panic!("{json}"),
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
