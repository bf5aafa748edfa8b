//! What a client shows to say who is signed in, and what a browser is given to carry it.

mod cookies;
mod order;
mod refused;
pub mod routes;
mod seen;
mod together;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, PROJECT, TestApp};

/// A client of the project: no key, nobody signed in.
pub fn client(app: &TestApp) -> Caller<'_> {
    app.guest().header("x-appwrite-project", PROJECT)
}

/// A new session of a user, made by a server: its id, and the text by which clients carry it.
pub async fn session(app: &TestApp, user: &str) -> (String, String) {
    let made = app.admin().post(&format!("/v1/users/{user}/sessions"), &json!({})).await.expect(201);
    (text(&made["$id"]), text(&made["secret"]))
}

/// A client with a new session of a user.
pub async fn signed_in<'a>(app: &'a TestApp, user: &str) -> Caller<'a> {
    client(app).header("x-appwrite-session", &session(app, user).await.1)
}

/// The text by which clients carry a session.
pub fn encode(user: &str, secret: &str) -> String {
    BASE64_STANDARD.encode(json!({"id": user, "secret": secret}).to_string())
}

/// The secret in that text, which must be of this user and have the one form that clients know.
#[track_caller]
pub fn secret_of(encoded: &str, user: &str) -> String {
    let text = String::from_utf8(BASE64_STANDARD.decode(encoded).unwrap()).unwrap();
    let secret = serde_json::from_str::<Value>(&text).unwrap()["secret"].as_str().unwrap().to_owned();
    assert_eq!(text, format!(r#"{{"id":"{user}","secret":"{secret}"}}"#));
    assert!(secret.len() == 256 && secret.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{secret}");
    secret
}

/// Checks that a route of the account took the caller for a guest, in the words that clients look for.
#[track_caller]
pub fn is_guest(answer: Answer, case: &str) {
    let message = text(&answer.json["message"]);
    assert!(message.starts_with("User (role: guests) missing scopes ([\"account\"])"), "{case}: {}", answer.text);
    answer.fails(401, "general_unauthorized_scope", "Sign in first");
}

#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
