//! A session.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Moment, MomentOrEmpty, View, date, raw};
use crate::clock::Millis;
use crate::device::{self, Device};
use crate::store::sessions;

/// Sessions on the wire.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "sessionList")]
pub struct SessionList<'a> {
    /// How many there are; 0 with `total=false`.
    total: usize,
    /// All of them, oldest first.
    sessions: Vec<Session<'a>>,
}

impl<'a> SessionList<'a> {
    /// Shows sessions; the total is 0 for who does not want it.
    #[must_use]
    pub fn new(sessions: Vec<Session<'a>>, counted: bool) -> Self {
        Self { total: if counted { sessions.len() } else { 0 }, sessions }
    }
}

/// A session on the wire.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "session")]
pub struct Session<'a> {
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
    /// When it ends.
    #[serde(serialize_with = "date")]
    #[schemars(with = "Moment")]
    expire: Option<Millis>,
    /// How it began: `email`, `anonymous`, `token` or `server`.
    provider: &'a str,
    /// What the user is called there: the email address.
    provider_uid: &'a str,
    /// Token of another provider.
    provider_access_token: String,
    /// When that token ends.
    #[serde(serialize_with = "date")]
    #[schemars(with = "MomentOrEmpty")]
    provider_access_token_expiry: Option<Millis>,
    /// Token of another provider.
    provider_refresh_token: String,
    /// The address of the client that began it.
    ip: &'a str,
    #[serde(flatten)]
    device: Device,
    /// The country of that address, in two letters, or `--`.
    country_code: String,
    /// Its name in the language of the caller.
    country_name: String,
    /// Whether it is the session of the request.
    current: bool,
    /// The factors that were shown. From 1.5 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>", required)]
    factors: Option<Raw<'a>>,
    /// What carries the session; shown when it begins, to API keys only. From 1.5 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    secret: Option<&'a str>,
    /// When a further factor was shown.
    #[serde(serialize_with = "date")]
    #[schemars(with = "MomentOrEmpty")]
    mfa_updated_at: Option<Millis>,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Raw<'a>(#[serde(serialize_with = "raw")] &'a str);

impl<'a> Session<'a> {
    /// Shows a session as lists do: it is nobody's present one, and its secret is not shown.
    #[must_use]
    pub fn of(session: &'a sessions::Session, view: &View) -> Self {
        let country = view.app.geo.country(&session.ip, view.locale);
        Self {
            id: &session.id,
            created_at: Some(session.created_at),
            updated_at: Some(session.updated_at),
            user_id: &session.user_id,
            expire: Some(session.expire),
            provider: &session.provider,
            provider_uid: &session.provider_uid,
            provider_access_token: view.unseal(session.provider_access_token.as_deref()),
            provider_access_token_expiry: session.provider_access_token_expiry,
            provider_refresh_token: view.unseal(session.provider_refresh_token.as_deref()),
            ip: &session.ip,
            device: device::parse(&session.user_agent),
            country_code: country.code,
            country_name: country.name,
            current: false,
            factors: view.since("1.5.0", Raw(&session.factors)),
            secret: view.since("1.5.0", ""),
            mfa_updated_at: session.mfa_updated_at,
        }
    }

    /// Says whether it is the session of the request.
    #[must_use]
    pub fn current(self, current: bool) -> Self {
        Self { current, ..self }
    }

    /// Without the tokens of the provider, by which somebody could act as the user there.
    #[must_use]
    pub fn without_tokens(self) -> Self {
        Self { provider_access_token: String::new(), provider_refresh_token: String::new(), ..self }
    }

    /// Shows the secret, to clients that know the field.
    #[must_use]
    pub fn secret(self, secret: &'a str) -> Self {
        Self { secret: self.secret.and(Some(secret)), ..self }
    }
}
