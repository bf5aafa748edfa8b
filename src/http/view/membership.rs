//! A membership.

use serde::Serialize;

use super::{View, date, raw};
use crate::clock::Millis;
use crate::http::list::Shown;
use crate::store::memberships;

/// A membership on the wire, as the Users service shows it: phone, second factor and last access are not filled.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt", serialize_with = "date")]
    created_at: Option<Millis>,
    #[serde(rename = "$updatedAt", serialize_with = "date")]
    updated_at: Option<Millis>,
    user_id: &'a str,
    user_name: &'a str,
    user_email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_phone: Option<&'a str>,
    team_id: &'a str,
    team_name: &'a str,
    #[serde(serialize_with = "date")]
    invited: Option<Millis>,
    #[serde(serialize_with = "date")]
    joined: Option<Millis>,
    confirm: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mfa: Option<bool>,
    #[serde(serialize_with = "date")]
    user_accessed_at: Option<Millis>,
    #[serde(serialize_with = "raw")]
    roles: &'a str,
}

impl<'a> Membership<'a> {
    /// Shows a membership.
    #[must_use]
    pub fn of(membership: &'a memberships::Membership, view: &View) -> Self {
        Self {
            id: &membership.id,
            created_at: Some(membership.created_at),
            updated_at: Some(membership.updated_at),
            user_id: &membership.user_id,
            user_name: &membership.user_name,
            user_email: membership.user_email.as_deref().unwrap_or_default(),
            user_phone: view.since("1.9.2", ""),
            team_id: &membership.team_id,
            team_name: &membership.team_name,
            invited: membership.invited,
            joined: membership.joined,
            confirm: membership.confirm,
            mfa: view.since("1.5.0", false),
            user_accessed_at: None,
            roles: &membership.roles,
        }
    }
}

impl Shown for memberships::Membership {
    const PLURAL: &'static str = "memberships";

    fn show(&self, view: &View, to: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(to, &Membership::of(self, view))
    }
}
