//! What messaging targets should look like, as far as that can be told beforehand.

use serde_json::{Value, json};

/// An id that Usher made up: 20 lower-case hexadecimal characters, which is all that is known of it.
#[track_caller]
pub fn made_up(id: &str) -> &str {
    let hex = id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    assert!(id.len() == 20 && hex, "{id:?}");
    id
}

/// The target of an email address (`email`) or a phone number (`sms`) that a user has had since `at`; its id is that
/// of the target that was `shown`.
#[track_caller]
pub fn target(shown: &Value, user: &str, kind: &str, address: &str, at: &str) -> Value {
    json!({
        "$id": made_up(shown["$id"].as_str().unwrap_or_default()), "$createdAt": at, "$updatedAt": at, "name": "",
        "userId": user, "providerId": null, "providerType": kind, "identifier": address, "expired": false
    })
}
