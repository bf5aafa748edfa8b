//! A messaging target.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Moment, View, date};
use crate::clock::Millis;
use crate::http::list::Shown;
use crate::store::targets;

/// A target on the wire.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "target")]
pub struct Target<'a> {
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
    /// The name, possibly empty.
    name: &'a str,
    /// Whose it is.
    user_id: &'a str,
    /// The messaging provider.
    provider_id: Option<&'a str>,
    /// `email`, `sms` or `push`.
    provider_type: &'static str,
    /// The address, phone number or device token.
    identifier: &'a str,
    /// Whether messages no longer arrive.
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
    type Model = Target<'static>;
    const PLURAL: &'static str = "targets";

    fn show(&self, _: &View, to: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(to, &Target::of(self))
    }
}
