//! A passkey.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Moment, MomentOrEmpty, View, date};
use crate::clock::Millis;
use crate::http::list::Shown;
use crate::store::passkeys;

/// A passkey on the wire. Neither its user nor its credential is shown.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "passkey")]
pub struct Passkey<'a> {
    /// The id.
    #[serde(rename = "$id")]
    id: &'a str,
    /// When it was made.
    #[serde(rename = "$createdAt", serialize_with = "date")]
    #[schemars(with = "Moment")]
    created_at: Option<Millis>,
    /// When it last changed.
    #[serde(rename = "$updatedAt", serialize_with = "date")]
    #[schemars(with = "Moment")]
    updated_at: Option<Millis>,
    /// The name.
    name: &'a str,
    /// When it was last used to sign in.
    #[serde(serialize_with = "date")]
    #[schemars(with = "MomentOrEmpty")]
    accessed_at: Option<Millis>,
}

impl<'a> Passkey<'a> {
    /// Shows a passkey.
    #[must_use]
    pub fn of(passkey: &'a passkeys::Passkey) -> Self {
        Self {
            id: &passkey.id,
            created_at: Some(passkey.created_at),
            updated_at: Some(passkey.updated_at),
            name: &passkey.name,
            accessed_at: passkey.accessed_at,
        }
    }
}

impl Shown for passkeys::Passkey {
    type Model = Passkey<'static>;
    const PLURAL: &'static str = "passkeys";

    fn show(&self, _: &View, to: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(to, &Passkey::of(self))
    }
}
