//! Tokens of both kinds: those that are exchanged for a session, and those that stand for a user for minutes.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Moment, View, date};
use crate::clock::Millis;
use crate::store::tokens;

/// A token on the wire.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "token")]
pub struct Token<'a> {
    /// The id.
    #[serde(rename = "$id")]
    id: &'a str,
    /// When it was made.
    #[serde(rename = "$createdAt", serialize_with = "date")]
    #[schemars(with = "Moment")]
    created_at: Option<Millis>,
    /// Whose it is.
    user_id: &'a str,
    /// The secret, which is shown only now.
    secret: &'a str,
    /// When it ends.
    #[serde(serialize_with = "date")]
    #[schemars(with = "Moment")]
    expire: Option<Millis>,
    /// Always empty. From 1.5 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
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
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "jwt")]
pub struct Jwt {
    /// The token.
    pub jwt: String,
}
