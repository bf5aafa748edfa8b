//! A session.

use serde::Serialize;

use super::{View, date, raw};
use crate::clock::Millis;
use crate::device::{self, Device};
use crate::store::sessions;

/// Sessions on the wire.
#[derive(Debug, Serialize)]
pub struct SessionList<'a> {
    total: usize,
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
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt", serialize_with = "date")]
    created_at: Option<Millis>,
    #[serde(rename = "$updatedAt", serialize_with = "date")]
    updated_at: Option<Millis>,
    user_id: &'a str,
    #[serde(serialize_with = "date")]
    expire: Option<Millis>,
    provider: &'a str,
    provider_uid: &'a str,
    provider_access_token: String,
    #[serde(serialize_with = "date")]
    provider_access_token_expiry: Option<Millis>,
    provider_refresh_token: String,
    ip: &'a str,
    #[serde(flatten)]
    device: Device,
    country_code: String,
    country_name: String,
    current: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    factors: Option<Raw<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    #[serde(serialize_with = "date")]
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
