//! A passkey.

use serde::Serialize;

use super::{View, date};
use crate::clock::Millis;
use crate::http::list::Shown;
use crate::store::passkeys;

/// A passkey on the wire. Neither its user nor its credential is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Passkey<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt", serialize_with = "date")]
    created_at: Option<Millis>,
    #[serde(rename = "$updatedAt", serialize_with = "date")]
    updated_at: Option<Millis>,
    name: &'a str,
    #[serde(serialize_with = "date")]
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
    const PLURAL: &'static str = "passkeys";

    fn show(&self, _: &View, to: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(to, &Passkey::of(self))
    }
}
