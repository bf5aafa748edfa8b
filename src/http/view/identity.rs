//! An identity.

use serde::Serialize;

use super::{View, date};
use crate::clock::Millis;
use crate::http::list::Shown;
use crate::store::identities;

/// An identity on the wire. Tokens are shown to API keys.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt", serialize_with = "date")]
    created_at: Option<Millis>,
    #[serde(rename = "$updatedAt", serialize_with = "date")]
    updated_at: Option<Millis>,
    user_id: &'a str,
    provider: &'a str,
    provider_uid: &'a str,
    provider_email: &'a str,
    provider_access_token: String,
    #[serde(serialize_with = "date")]
    provider_access_token_expiry: Option<Millis>,
    provider_refresh_token: String,
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
    const PLURAL: &'static str = "identities";

    fn show(&self, view: &View, to: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(to, &Identity::of(self, view))
    }
}
