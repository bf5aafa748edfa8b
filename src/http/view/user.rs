//! A user.

use std::borrow::Cow;

use serde::Serialize;

use super::{Target, View, date, raw};
use crate::clock::Millis;
use crate::email;
use crate::hashing::{Stored, WireOptions};
use crate::http::list::Shown;
use crate::store::users;

/// Bytes that a user hardly exceeds who has short preferences.
const BYTES: usize = 1280;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_options: Option<WireOptions>,
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
    email_canonical: Option<Cow<'a, str>>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonator_user_id: Option<Option<&'a str>>,
}

impl<'a> User<'a> {
    /// Shows a user to an API key.
    #[must_use]
    pub fn of(user: &'a users::User, view: &View) -> Self {
        let account = Self::account(user, view);
        let stored = user.password.clone().filter(|password| !password.is_empty());
        let stored = stored.and_then(|text| Stored::from_columns(text, &user.hash, &user.hash_options));
        Self {
            password: Some(user.password.as_deref()),
            hash: Some(&user.hash),
            hash_options: Some(
                stored.map_or_else(|| WireOptions::of(view.app.hashing.cost()), |stored| stored.wire_options()),
            ),
            mfa: view.since("1.5.0", user.mfa),
            targets: account.targets.and_then(|targets| view.since("1.5.0", targets)),
            ..account
        }
    }

    /// Shows a user to themselves. Clients of every generation get all but what came with 1.9.
    #[must_use]
    pub fn account(user: &'a users::User, view: &View) -> Self {
        let told = user.email.as_deref().and_then(email::tell);
        let is_canonical = told.as_ref().map(|told| user.email.as_deref() == Some(&*told.canonical));
        Self {
            id: &user.id,
            created_at: Some(user.created_at),
            updated_at: Some(user.updated_at),
            name: &user.name,
            password: None,
            hash: None,
            hash_options: None,
            registration: Some(user.registration),
            status: user.status,
            labels: &user.labels,
            password_update: user.password_update,
            email: user.email.as_deref().unwrap_or_default(),
            phone: user.phone.as_deref().unwrap_or_default(),
            email_verification: user.email_verified,
            email_is_free: told.as_ref().map(|told| told.free),
            email_is_disposable: told.as_ref().map(|told| told.disposable),
            email_is_corporate: told.as_ref().map(email::Told::corporate),
            email_is_canonical: is_canonical,
            email_canonical: told.map(|told| told.canonical),
            password_pwned: user.password_pwned,
            phone_verification: user.phone_verified,
            mfa: Some(user.mfa),
            prefs: &user.prefs,
            targets: Some(user.targets.0.iter().map(Target::of).collect()),
            accessed_at: user.accessed_at,
            impersonator: view.since("1.9.0", user.impersonator),
            impersonator_user_id: view.since("1.9.0", None),
        }
    }

    /// The same, as seen by somebody with this id who acts as the user.
    #[must_use]
    pub fn seen_by(self, impersonator: Option<&'a str>) -> Self {
        Self { impersonator_user_id: self.impersonator_user_id.map(|_| impersonator), ..self }
    }
}

impl Shown for users::User {
    const PLURAL: &'static str = "users";

    fn show(&self, view: &View, to: &mut Vec<u8>) -> serde_json::Result<()> {
        to.reserve(BYTES);
        serde_json::to_writer(to, &User::of(self, view))
    }
}
