//! `search`: what is found, together with what, and that it follows every write.

mod found;
mod limits;
mod writes;

use crate::support::{Answer, TestApp};

/// Sends a search, with more parameters behind it.
async fn search(app: &TestApp, text: &str, rest: &str) -> Answer {
    let text = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    app.admin().get(&format!("/v1/users?search={text}{rest}")).await
}

/// The ids that a search finds, in their order; the total agrees.
async fn found(app: &TestApp, text: &str) -> String {
    let answer = search(app, text, "").await;
    let ids = answer.ids("users");
    assert_eq!(answer.json["total"], ids.len(), "{text}");
    ids.join(" ")
}
