//! The shapes of answers: fields in the order of the contract, the newest generation of models, filtered down for
//! clients that ask for an older one.

mod identity;
mod log;
mod membership;
mod mfa;
mod passkey;
mod session;
mod target;
mod token;
mod usage;
mod user;

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serializer;

pub use self::identity::Identity;
pub use self::log::Log;
pub use self::membership::Membership;
pub use self::mfa::{ChallengeSecret, Factors, RecoveryCodes};
pub use self::passkey::Passkey;
pub use self::session::{Session, SessionList};
pub use self::target::Target;
pub use self::token::{Jwt, Token};
pub use self::usage::{OldUsage, Point, Usage};
pub use self::user::User;
use super::format::Format;
use super::reply::JSON;
use crate::app::App;
use crate::clock::Millis;

/// The preferences of a user, as JSON text: the bare object.
#[derive(Debug)]
pub struct Prefs(pub String);

impl IntoResponse for Prefs {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, JSON)], self.0).into_response()
    }
}

/// For whom something is shown.
#[derive(Debug, Clone)]
pub struct View {
    /// The server.
    pub app: Arc<App>,
    /// The generation of models that the client wants.
    pub format: Format,
    /// The language of the client, for names of countries.
    pub locale: &'static str,
    /// Whether users are shown what is about themselves. What an API key does is shown without the key and its server,
    /// which are the operator's business.
    pub own: bool,
}

impl View {
    /// A token that is stored sealed; empty when there is none, or when it was sealed with another secret.
    fn unseal(&self, sealed: Option<&[u8]>) -> String {
        self.app.seal.as_ref().zip(sealed).and_then(|(seal, sealed)| seal.open(sealed)).unwrap_or_default()
    }

    /// A field that clients older than `version` do not get.
    fn since<T>(&self, version: &str, field: T) -> Option<T> {
        (!self.format.before(version)).then_some(field)
    }
}

/// A date on the wire.
struct Moment;

/// A date on the wire, or the empty text.
struct MomentOrEmpty;

/// A text on the wire that may be null in a field that is always there.
struct TextOrNull;

macro_rules! written {
    ($($kind:ident $schema:tt;)*) => {$(
        impl JsonSchema for $kind {
            fn schema_name() -> Cow<'static, str> {
                stringify!($kind).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

written! {
    Moment {
        "type": "string",
        "pattern": r"^[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\+00:00$",
        "examples": ["2026-01-31T12:00:00.000+00:00"]
    };
    MomentOrEmpty {
        "type": "string",
        "pattern": r"^([0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\+00:00)?$",
        "examples": [""]
    };
    TextOrNull { "type": ["string", "null"] };
}

/// A moment, or the empty text.
fn date<S: Serializer>(at: &Option<Millis>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => at.written(|text| serializer.serialize_str(text)),
        None => serializer.serialize_str(""),
    }
}

/// JSON text that is stored, as a value of the answer.
fn raw<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::Serialize as _;
    let raw: &serde_json::value::RawValue = serde_json::from_str(text).map_err(serde::ser::Error::custom)?;
    raw.serialize(serializer)
}
