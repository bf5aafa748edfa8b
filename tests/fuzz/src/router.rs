//! The whole server: requests, one after the other, to a project that is the same at the beginning of each input.
//!
//! An input is up to eight requests with the byte 0xFF between them. Each is a line that says who asks, how and for what
//! (`K POST /v1/users`), lines of headers, an empty line, and the body. Who asks is a letter: `K` the key, `S` the user by
//! session, `J` the user by token, `G` somebody who names the project, and any other nobody. `{userId}` and other names
//! stand for what the scene has, `{$id}` and `{secret}` for fields of the answer before.

use axum::http::{Method, Uri};
use serde_json::{Value, json};

use super::answer;
use super::scene::{Asked, PROJECT, Scene};

/// Requests of an input that are sent.
const REQUESTS: usize = 8;

/// Sends the requests of an input.
pub async fn run(scene: &mut Scene, input: &[u8]) {
    scene.restore().await;
    let mut last = Value::Null;
    for text in input.split(|byte| *byte == 0xFF).take(REQUESTS) {
        let before = ["$id", "secret", "userId"].map(|name| (name, last[name].as_str().unwrap_or_default()));
        let Some(asked) = read(scene, &scene.fill(text, &before)) else { continue };
        let (parts, bytes) = scene.send(&asked).await;
        let status = parts.status.as_u16();
        let json = answer::check(&asked.method, &parts, &bytes);
        scene.changed |= !asked.method.is_safe() && !matches!(status, 400 | 403 | 404 | 413);
        let Some(json) = json else { continue };
        match (&asked.method, status) {
            (&Method::POST, 201) if json["registration"].is_string() => check_new_user(scene, &asked, &json).await,
            (&Method::PATCH, 200) if asked.uri.path().ends_with("/prefs") => check_prefs(&asked, &json),
            (&Method::GET, 200) => check_list(&json),
            _ => {}
        }
        last = json;
    }
}

/// The request that a text describes; `None` when no connection could bring it.
fn read(scene: &Scene, text: &[u8]) -> Option<Asked> {
    let (first, mut rest) = line(text);
    let mut words = first.splitn(3, |byte| *byte == b' ');
    let (who, method, path) = (words.next()?, words.next()?, words.next()?);
    let mut asked = Asked::new(Method::from_bytes(method).ok()?, Uri::try_from(path).ok()?);
    if matches!(who, b"K" | b"S" | b"J" | b"G") {
        asked.header("x-appwrite-project", PROJECT.as_bytes());
    }
    for (letter, header, name) in
        [(b"K", "x-appwrite-key", "key"), (b"S", "x-appwrite-session", "session"), (b"J", "x-appwrite-jwt", "jwt")]
    {
        if who == letter {
            asked.header(header, scene.named(name).as_bytes());
        }
    }
    loop {
        let (header, after) = line(rest);
        rest = after;
        let Some(colon) = header.iter().position(|byte| *byte == b':') else { break };
        let name = std::str::from_utf8(&header[..colon]).unwrap_or_default();
        asked.header(&name.to_ascii_lowercase(), header[colon + 1..].trim_ascii());
    }
    asked.body = rest.to_vec();
    if !asked.body.is_empty() && !asked.has("content-type") {
        asked.header("content-type", b"application/json");
    }
    Some(asked)
}

/// The text up to a line feed, and what follows.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    (&text[..end], text.get(end + 1..).unwrap_or_default())
}

/// Whoever was made is found, as the answer has shown them.
async fn check_new_user(scene: &Scene, asked: &Asked, made: &Value) {
    let named = asked.has("x-appwrite-project") && asked.has("x-appwrite-key") && asked.uri.path().contains("users");
    let Some(id) = made["$id"].as_str().filter(|_| named) else { return };
    let found = Asked { method: Method::GET, uri: Uri::try_from(format!("/v1/users/{id}")).unwrap(), ..asked.clone() };
    let (parts, bytes) = scene.send(&found).await;
    if let Some(found) = answer::check(&Method::GET, &parts, &bytes) {
        assert_eq!((parts.status.as_u16(), &found), (200, made));
    }
}

/// Preferences come back as they were sent.
fn check_prefs(asked: &Asked, kept: &Value) {
    // The first of several types counts.
    let content_type = asked.headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_bytes());
    if content_type.and_then(|value| value.split(|byte| *byte == b';').next()) == Some(b"application/json") {
        let sent = usher::json::parse(&asked.body).expect("preferences were read from it");
        let sent = if sent["prefs"] == json!([]) { json!({}) } else { sent["prefs"].clone() };
        // Users are answered with all of their account.
        let kept = if asked.uri.path().contains("account") { &kept["prefs"] } else { kept };
        assert_eq!(kept.to_string(), sent.to_string());
    }
}

/// A list has no more rows than it counts, unless it was not to count.
fn check_list(json: &Value) {
    let rows =
        json.as_object().filter(|fields| fields.len() == 2).and_then(|fields| fields.values().nth(1)?.as_array());
    if let (Some(total), Some(rows)) = (json["total"].as_u64(), rows) {
        assert!(total == 0 || total >= rows.len() as u64, "{json}");
    }
}
