//! A membership.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Moment, MomentOrEmpty, View, date, raw};
use crate::clock::Millis;
use crate::http::list::Shown;
use crate::store::memberships;

/// A membership on the wire, as the Users service shows it: phone, second factor and last access are not filled.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "membership")]
pub struct Membership<'a> {
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
    /// Whose it is.
    user_id: &'a str,
    /// The name of the user.
    user_name: &'a str,
    /// The email address of the user.
    user_email: &'a str,
    /// Not filled here. From 1.9.2 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    user_phone: Option<&'a str>,
    /// The team.
    team_id: &'a str,
    /// The name of the team.
    team_name: &'a str,
    /// When the user was invited.
    #[serde(serialize_with = "date")]
    #[schemars(with = "MomentOrEmpty")]
    invited: Option<Millis>,
    /// When the user joined.
    #[serde(serialize_with = "date")]
    #[schemars(with = "MomentOrEmpty")]
    joined: Option<Millis>,
    /// Whether the user has accepted.
    confirm: bool,
    /// Not filled here. From 1.5 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    mfa: Option<bool>,
    /// Not filled here.
    #[serde(serialize_with = "date")]
    #[schemars(with = "MomentOrEmpty")]
    user_accessed_at: Option<Millis>,
    /// What the user is in the team.
    #[serde(serialize_with = "raw")]
    #[schemars(with = "Vec<String>")]
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
    type Model = Membership<'static>;
    const PLURAL: &'static str = "memberships";

    fn show(&self, view: &View, to: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(to, &Membership::of(self, view))
    }
}
