//! Tokens (JWT) by which a server acts as a user for minutes.

mod claims;
mod ends;
mod forged;
mod servers;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::account::credentials::{client, text};
use crate::support::{Caller, TestApp};

/// A token that an API key makes.
async fn of_user(app: &TestApp, user: &str, body: &Value) -> String {
    text(&app.admin().post(&format!("/v1/users/{user}/jwts"), body).await.expect(201)["jwt"])
}

/// A client that shows a token.
fn bearer<'a>(app: &'a TestApp, jwt: &str) -> Caller<'a> {
    client(app).header("x-appwrite-jwt", jwt)
}

/// The part of a token with this number, as text.
#[track_caller]
fn part(jwt: &str, number: usize) -> String {
    let part = jwt.split('.').nth(number).unwrap();
    String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// What a token says.
#[track_caller]
fn claims(jwt: &str) -> Value {
    serde_json::from_str(&part(jwt, 1)).unwrap()
}
