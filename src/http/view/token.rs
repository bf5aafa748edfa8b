//! Tokens of both kinds: those that are exchanged for a session, and those that stand for a user for minutes.

use serde::Serialize;

use super::{View, date};
use crate::clock::Millis;
use crate::store::tokens;

/// A token on the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Token<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt", serialize_with = "date")]
    created_at: Option<Millis>,
    user_id: &'a str,
    secret: &'a str,
    #[serde(serialize_with = "date")]
    expire: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phrase: Option<&'static str>,
}

impl<'a> Token<'a> {
    /// Shows a token with its secret, which is known only now.
    #[must_use]
    pub fn of(token: &'a tokens::Token, secret: &'a str, view: &View) -> Self {
        Self {
            id: &token.id,
            created_at: Some(token.created_at),
            user_id: &token.user_id,
            secret,
            expire: Some(token.expire),
            phrase: view.since("1.5.0", ""),
        }
    }
}

/// A JSON Web Token on the wire.
#[derive(Debug, Serialize)]
pub struct Jwt {
    /// The token.
    pub jwt: String,
}
