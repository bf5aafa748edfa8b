//! The sessions of a user who is signed in.

mod deleted;
mod extended;
mod listed;
mod models;

use serde_json::Value;

use crate::support::{Answer, TestApp};

/// The events in the log of a user, newest first.
pub async fn events(app: &TestApp, user: &str) -> Vec<String> {
    let log = app.admin().get(&format!("/v1/users/{user}/logs?queries[]=limit(1000)")).await.expect(200);
    log["logs"].as_array().unwrap().iter().map(|row| row["event"].as_str().unwrap().to_owned()).collect()
}

/// The newest row in the log of a user.
pub async fn newest_row(app: &TestApp, user: &str) -> Value {
    app.admin().get(&format!("/v1/users/{user}/logs?queries[]=limit(1)")).await.expect(200)["logs"][0].clone()
}

/// The limit of a counted request and what is left of it; the window ends with the hour.
#[track_caller]
pub fn rate(answer: &Answer) -> (&str, &str) {
    assert_eq!(answer.header("x-ratelimit-reset"), "1767326400", "2026-01-02T04:00:00Z");
    (answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining"))
}
