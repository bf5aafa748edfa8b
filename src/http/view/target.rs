//! A messaging target.

use serde::Serialize;

use super::{View, date};
use crate::clock::Millis;
use crate::http::list::Shown;
use crate::store::targets;

/// A target on the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt", serialize_with = "date")]
    created_at: Option<Millis>,
    #[serde(rename = "$updatedAt", serialize_with = "date")]
    updated_at: Option<Millis>,
    name: &'a str,
    user_id: &'a str,
    provider_id: Option<&'a str>,
    provider_type: &'static str,
    identifier: &'a str,
    expired: bool,
}

impl<'a> Target<'a> {
    /// Shows a target.
    #[must_use]
    pub fn of(target: &'a targets::Target) -> Self {
        Self {
            id: &target.id,
            created_at: Some(target.created_at),
            updated_at: Some(target.updated_at),
            name: target.name.as_deref().unwrap_or_default(),
            user_id: &target.user_id,
            provider_id: target.provider_id.as_deref(),
            provider_type: target.provider_type.as_str(),
            identifier: &target.identifier,
            expired: target.expired,
        }
    }
}

impl Shown for targets::Target {
    const PLURAL: &'static str = "targets";

    fn show(&self, _: &View, to: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(to, &Target::of(self))
    }
}
