//! An identity.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Moment, MomentOrEmpty, View, date};
use crate::clock::Millis;
use crate::http::list::Shown;
use crate::store::identities;

/// An identity on the wire. Tokens are shown to API keys.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "identity")]
pub struct Identity<'a> {
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
    /// The provider.
    provider: &'a str,
    /// The id of the user there.
    provider_uid: &'a str,
    /// The email address of the user there.
    provider_email: &'a str,
    /// Token of the provider.
    provider_access_token: String,
    /// When that token ends.
    #[serde(serialize_with = "date")]
    #[schemars(with = "MomentOrEmpty")]
    provider_access_token_expiry: Option<Millis>,
    /// Token of the provider.
    provider_refresh_token: String,
    /// Token of the provider.
    provider_id_token: String,
}

impl<'a> Identity<'a> {
    /// Shows an identity.
    #[must_use]
    pub fn of(identity: &'a identities::Identity, view: &View) -> Self {
        Self {
            id: &identity.id,
            created_at: Some(identity.created_at),
            updated_at: Some(identity.updated_at),
            user_id: &identity.user_id,
            provider: &identity.provider,
            provider_uid: &identity.provider_uid,
            provider_email: &identity.provider_email,
            provider_access_token: view.unseal(identity.provider_access_token.as_deref()),
            provider_access_token_expiry: identity.provider_access_token_expiry,
            provider_refresh_token: view.unseal(identity.provider_refresh_token.as_deref()),
            provider_id_token: view.unseal(identity.provider_id_token.as_deref()),
        }
    }
}

impl Shown for identities::Identity {
    type Model = Identity<'static>;
    const PLURAL: &'static str = "identities";

    fn show(&self, view: &View, to: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(to, &Identity::of(self, view))
    }
}
