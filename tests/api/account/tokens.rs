//! Signing users in from a server: tokens that a client exchanges for a session, and sessions that are made at once.

mod exchanged;
mod guessed;
mod made;
mod made_sessions;

use serde_json::{Value, json};
use usher::store::tokens::{self, Token};

use crate::account::credentials::text;
use crate::support::{Answer, Caller, PROJECT, TestApp};

/// The paths at which a token is exchanged: the present one, and those of older clients.
async fn exchange(caller: &Caller<'_>, path: &str, user: &str, secret: &str) -> Answer {
    let body = json!({"userId": user, "secret": secret});
    match path {
        "token" => caller.post("/v1/account/sessions/token", &body).await,
        path => caller.put(&format!("/v1/account/sessions/{path}"), &body).await,
    }
}

/// The secret of a new token.
async fn token(app: &TestApp, user: &str, body: &Value) -> String {
    text(&app.admin().post(&format!("/v1/users/{user}/tokens"), body).await.expect(201)["secret"])
}

/// The tokens of a user as they are stored.
async fn stored(app: &TestApp, user: &str) -> Vec<Token> {
    let project = app.project(PROJECT).await.key;
    tokens::of(app.store().read(), project, user).await.unwrap()
}

/// How many sessions a user has.
async fn sessions(app: &TestApp, user: &str) -> usize {
    app.admin().get(&format!("/v1/users/{user}/sessions")).await.ids("sessions").len()
}
