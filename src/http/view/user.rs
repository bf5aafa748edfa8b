//! A user.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Moment, MomentOrEmpty, Target, TextOrNull, View, date, raw};
use crate::clock::Millis;
use crate::email;
use crate::hashing::{Stored, WireOptions};
use crate::http::list::Shown;
use crate::store::users;

/// Bytes that a user hardly exceeds who has short preferences.
const BYTES: usize = 1280;

/// A user on the wire. Users themselves do not see how their password is stored.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "user")]
pub struct User<'a> {
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
    /// The hash of the password; empty when it was taken away, null when there never was one. For API keys only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TextOrNull", extend("x-key-only" = true))]
    password: Option<Option<&'a str>>,
    /// The algorithm of the hash: `argon2`, `bcrypt`, `md5`, `phpass`, `scrypt`, `scryptMod` or `sha`. For API keys only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("x-key-only" = true))]
    hash: Option<&'a str>,
    /// What the algorithm needs beside the hash. For API keys only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "WireOptions", extend("x-key-only" = true))]
    hash_options: Option<WireOptions>,
    /// When the user registered.
    #[serde(serialize_with = "date")]
    #[schemars(with = "Moment")]
    registration: Option<Millis>,
    /// Whether the user may sign in; `false` when blocked.
    status: bool,
    /// The labels, in the order in which they were set.
    #[serde(serialize_with = "raw")]
    #[schemars(with = "Vec<String>")]
    labels: &'a str,
    /// When the password was set.
    #[serde(serialize_with = "date")]
    #[schemars(with = "MomentOrEmpty")]
    password_update: Option<Millis>,
    /// The email address, in lower case; empty when there is none.
    email: &'a str,
    /// The phone number; empty when there is none.
    phone: &'a str,
    /// Whether the email address is confirmed.
    email_verification: bool,
    /// The address without what its provider ignores.
    email_canonical: Option<Cow<'a, str>>,
    /// Whether the address is at a provider of free mail.
    email_is_free: Option<bool>,
    /// Whether the address is at a provider of throw-away mail.
    email_is_disposable: Option<bool>,
    /// Whether the address is at neither.
    email_is_corporate: Option<bool>,
    /// Whether the address is the canonical one.
    email_is_canonical: Option<bool>,
    /// Whether the password is known from a breach; null when that was never looked up.
    password_pwned: Option<bool>,
    /// Whether the phone number is confirmed.
    phone_verification: bool,
    /// Whether the user is to be asked for a second factor; signing in does not ask yet. From 1.5 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    mfa: Option<bool>,
    /// The preferences.
    #[serde(serialize_with = "raw")]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    prefs: &'a str,
    /// The messaging targets. From 1.5 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    targets: Option<Vec<Target<'a>>>,
    /// When the user was last seen, to the day.
    #[serde(serialize_with = "date")]
    #[schemars(with = "MomentOrEmpty")]
    accessed_at: Option<Millis>,
    /// Whether the user may act as others. From 1.9 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    impersonator: Option<bool>,
    /// Who is acting as the user; null when the user asks. From 1.9 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TextOrNull", required)]
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
    type Model = User<'static>;
    const PLURAL: &'static str = "users";

    fn show(&self, view: &View, to: &mut Vec<u8>) -> serde_json::Result<()> {
        to.reserve(BYTES);
        serde_json::to_writer(to, &User::of(self, view))
    }
}
