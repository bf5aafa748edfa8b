//! A user.

use serde::Serialize;
use serde_json::Value;

use super::{Target, View, date, raw};
use crate::clock::Millis;
use crate::hashing::{Stored, default_wire_options};
use crate::http::list::Shown;
use crate::store::users;

/// A user on the wire. Users themselves do not see how their password is stored.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt", serialize_with = "date")]
    created_at: Option<Millis>,
    #[serde(rename = "$updatedAt", serialize_with = "date")]
    updated_at: Option<Millis>,
    name: &'a str,
    #[serde(flatten)]
    hash: Option<Hash<'a>>,
    #[serde(serialize_with = "date")]
    registration: Option<Millis>,
    status: bool,
    #[serde(serialize_with = "raw")]
    labels: &'a str,
    #[serde(serialize_with = "date")]
    password_update: Option<Millis>,
    email: &'a str,
    phone: &'a str,
    email_verification: bool,
    email_canonical: Option<&'a str>,
    email_is_free: Option<bool>,
    email_is_disposable: Option<bool>,
    email_is_corporate: Option<bool>,
    email_is_canonical: Option<bool>,
    password_pwned: Option<bool>,
    phone_verification: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mfa: Option<bool>,
    #[serde(serialize_with = "raw")]
    prefs: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    targets: Option<Vec<Target<'a>>>,
    #[serde(serialize_with = "date")]
    accessed_at: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonator: Option<bool>,
    /// `null` for every client that gets it at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonator_user_id: Option<()>,
}

/// A stored password on the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Hash<'a> {
    password: Option<&'a str>,
    hash: &'a str,
    hash_options: Value,
}

impl<'a> Hash<'a> {
    fn of(user: &'a users::User, view: &View) -> Self {
        let stored = user.password.clone().filter(|password| !password.is_empty());
        let stored = stored.and_then(|text| Stored::from_columns(text, &user.hash, &user.hash_options));
        let hash_options = stored.map_or_else(|| default_wire_options(view.app.hashing.cost()), |s| s.wire_options());
        Self { password: user.password.as_deref(), hash: &user.hash, hash_options }
    }
}

impl<'a> User<'a> {
    /// Shows a user to an API key.
    #[must_use]
    pub fn of(user: &'a users::User, view: &View) -> Self {
        let account = Self::account(user, view);
        Self {
            hash: Some(Hash::of(user, view)),
            mfa: view.since("1.5.0", user.mfa),
            targets: account.targets.and_then(|targets| view.since("1.5.0", targets)),
            ..account
        }
    }

    /// Shows a user to themselves. Clients of every generation get all but what came with 1.9.
    #[must_use]
    pub fn account(user: &'a users::User, view: &View) -> Self {
        Self {
            id: &user.id,
            created_at: Some(user.created_at),
            updated_at: Some(user.updated_at),
            name: &user.name,
            hash: None,
            registration: Some(user.registration),
            status: user.status,
            labels: &user.labels,
            password_update: user.password_update,
            email: user.email.as_deref().unwrap_or_default(),
            phone: user.phone.as_deref().unwrap_or_default(),
            email_verification: user.email_verified,
            email_canonical: None,
            email_is_free: None,
            email_is_disposable: None,
            email_is_corporate: None,
            email_is_canonical: None,
            password_pwned: user.password_pwned,
            phone_verification: user.phone_verified,
            mfa: Some(user.mfa),
            prefs: &user.prefs,
            targets: Some(user.targets.0.iter().map(Target::of).collect()),
            accessed_at: user.accessed_at,
            impersonator: view.since("1.9.0", user.impersonator),
            impersonator_user_id: view.since("1.9.0", ()),
        }
    }
}

impl Shown for users::User {
    const PLURAL: &'static str = "users";

    fn show(&self, view: &View, to: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(to, &User::of(self, view))
    }
}
