//! Second factors of a user.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Moment, date};
use crate::clock::Millis;
use crate::store::mfa;
use crate::store::users::User;

/// Which factors a user has that can be asked for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Factors {
    /// An authenticator that was verified.
    pub totp: bool,
    /// A phone number that was verified.
    pub phone: bool,
    /// An email address that was verified.
    pub email: bool,
    /// Always `false` for API keys.
    pub recovery_code: bool,
    /// A factor that the project's own server checks, which no project has.
    pub custom: bool,
}

impl Factors {
    /// Those of a user, who has a verified authenticator or not.
    #[must_use]
    pub fn of(user: &User, totp: bool) -> Self {
        Self {
            totp,
            phone: user.phone.is_some() && user.phone_verified,
            email: user.email.is_some() && user.email_verified,
            recovery_code: false,
            custom: false,
        }
    }
}

/// Codes of which each replaces a second factor once.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodes {
    /// All that are left.
    pub recovery_codes: Vec<String>,
}

/// A challenge with its code, for the server that hands it on.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChallengeSecret<'a> {
    /// The id.
    #[serde(rename = "$id")]
    id: &'a str,
    /// When it was made.
    #[serde(rename = "$createdAt", serialize_with = "date")]
    #[schemars(with = "Moment")]
    created_at: Option<Millis>,
    /// Who is asked.
    user_id: &'a str,
    /// When it ends.
    #[serde(serialize_with = "date")]
    #[schemars(with = "Moment")]
    expire: Option<Millis>,
    /// What the user is asked for.
    code: String,
}

impl<'a> ChallengeSecret<'a> {
    /// Shows a challenge with its code, unsealed.
    #[must_use]
    pub fn of(challenge: &'a mfa::Challenge, code: String) -> Self {
        Self {
            id: &challenge.id,
            created_at: Some(challenge.created_at),
            user_id: &challenge.user_id,
            expire: Some(challenge.expire),
            code,
        }
    }
}
