//! What a client shows to say who is signed in: a session by cookie or header, or a token (JWT).

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::client;
use crate::jwt::Claims;

/// Bytes of the longest session that is looked at, as it is encoded.
const LONGEST: usize = 4096;

/// Standard base64, with padding or without: what stands in a cookie may have lost it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A session as clients carry it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SessionSecret {
    /// Whose it is.
    #[serde(rename = "id")]
    pub(super) user: String,
    /// What only the client knows.
    pub(super) secret: String,
}

/// Never shows the secret.
impl std::fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionSecret").field("user", &self.user).finish_non_exhaustive()
    }
}

impl SessionSecret {
    /// The one text that is the value of the cookie, of the headers and of the field `secret`: base64 of the compact
    /// JSON `{"id":"<user>","secret":"<secret>"}`.
    pub(super) fn encode(&self) -> String {
        BASE64.encode(serde_json::json!(self).to_string())
    }

    /// Reads that text, percent-encoded or not. `None` unless both parts are there.
    fn decode(text: &str) -> Option<Self> {
        let text = Some(text).filter(|text| text.len() <= LONGEST)?;
        let text = percent_decode_str(text).decode_utf8().ok()?;
        let found: Self = serde_json::from_slice(&BASE64.decode(text.trim()).ok()?).ok()?;
        (!found.user.is_empty() && !found.secret.is_empty()).then_some(found)
    }
}

/// The name of the cookie of a project, and of the one for browsers that refuse cookies across sites.
pub(super) fn cookie_names(project: &str) -> [String; 2] {
    [format!("a_session_{project}"), format!("a_session_{project}_legacy")]
}

/// What a request shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Credentials {
    /// A session that may or may not exist.
    pub(super) session: Option<SessionSecret>,
    /// Whether the last place where a session can be was looked into.
    pub(super) fell_back: bool,
    /// A token that was verified already.
    pub(super) token: Option<Claims>,
}

impl Credentials {
    /// Looks for a session in the cookies, in `X-Appwrite-Session` and in `X-Fallback-Cookies`, in this order.
    pub(super) fn of(headers: &HeaderMap, project: &str) -> Self {
        if ![COOKIE, client::SESSION, client::FALLBACK_COOKIES].iter().any(|name| headers.contains_key(name)) {
            return Self { fell_back: true, ..Self::default() };
        }
        let names = cookie_names(project);
        let in_cookies = || names.iter().find_map(|name| SessionSecret::decode(cookie(headers, name)?));
        let in_header = || SessionSecret::decode(&client::text(headers, &client::SESSION)?);
        match in_cookies().or_else(in_header) {
            Some(session) => Self { session: Some(session), fell_back: false, token: None },
            None => Self { session: fallback(headers, &names[0]), fell_back: true, token: None },
        }
    }
}

/// The value of a cookie as it was sent. Cookies of others beside it may hold any bytes: browsers send them as scripts
/// have set them.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let mut pairs = lines.flat_map(|line| line.split(|byte| *byte == b';'));
    let value = pairs.find_map(|pair| {
        let mut sides = pair.splitn(2, |byte| *byte == b'=');
        let known = sides.next()?;
        sides.next().filter(|_| known.trim_ascii() == name.as_bytes())
    })?;
    Some(std::str::from_utf8(value).ok()?.trim().trim_matches('"'))
}

/// A session in the JSON object that clients without cookies send back.
fn fallback(headers: &HeaderMap, name: &str) -> Option<SessionSecret> {
    let text = client::text(headers, &client::FALLBACK_COOKIES).filter(|text| text.len() <= 2 * LONGEST)?;
    let cookies: serde_json::Value = crate::json::parse(text.as_bytes()).ok()?;
    SessionSecret::decode(cookies.get(name)?.as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn session(user: &str) -> SessionSecret {
        SessionSecret { user: user.into(), secret: "5ec2e7".into() }
    }

    fn credentials(headers: &[(&'static str, String)]) -> Credentials {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap()));
        Credentials::of(&pairs.collect(), "demo")
    }

    #[test]
    fn the_encoded_form_is_fixed() {
        assert_eq!(session("anna").encode(), "eyJpZCI6ImFubmEiLCJzZWNyZXQiOiI1ZWMyZTcifQ==");
        assert_eq!(SessionSecret::decode("eyJpZCI6ImFubmEiLCJzZWNyZXQiOiI1ZWMyZTcifQ%3D%3D"), Some(session("anna")));
        assert_eq!(SessionSecret::decode("eyJpZCI6ImFubmEiLCJzZWNyZXQiOiI1ZWMyZTcifQ"), Some(session("anna")));
        assert!(!format!("{:?}", session("anna")).contains("5ec2e7"));
    }

    #[test]
    fn the_cookie_comes_first_and_the_fallback_last() {
        let of = |user: &str| session(user).encode();
        let object = |user: &str| format!("{{\"a_session_demo\":\"{}\"}}", of(user));
        let cookie = |name: &str, user: &str| ("cookie", format!("x=1; {name}={}; y=2", of(user).replace('=', "%3D")));
        let (header, fallback) = (("x-appwrite-session", of("header")), ("x-fallback-cookies", object("fallback")));
        let both = ("cookie", format!("a_session_demo_legacy={}; a_session_demo={}", of("legacy"), of("cookie")));
        for (headers, expected, fell_back) in [
            (vec![both, header.clone(), fallback.clone()], Some("cookie"), false),
            (vec![cookie("a_session_demo_legacy", "legacy"), header.clone()], Some("legacy"), false),
            (vec![cookie("a_session_other", "other"), header.clone(), fallback.clone()], Some("header"), false),
            (vec![("cookie", "a_session_demo=%%%".into()), header], Some("header"), false),
            (vec![("cookie", format!("name=Zoë; a_session_demo={}", of("cookie")))], Some("cookie"), false),
            (vec![fallback.clone()], Some("fallback"), true),
            (vec![("x-appwrite-session", "nonsense".into()), fallback], Some("fallback"), true),
            (vec![("x-fallback-cookies", "[]".into())], None, true),
            (vec![("x-fallback-cookies", "{\"a_session_demo\":5}".into())], None, true),
            (vec![], None, true),
        ] {
            let found = credentials(&headers);
            assert_eq!(found.session.map(|session| session.user).as_deref(), expected, "{headers:?}");
            assert_eq!(found.fell_back, fell_back, "{headers:?}");
        }
    }

    #[test]
    fn half_a_session_is_none() {
        for json in ["{}", "[]", "null", r#"{"id":"anna"}"#, r#"{"id":"","secret":"x"}"#, r#"{"id":5,"secret":"x"}"#] {
            assert_eq!(SessionSecret::decode(&BASE64.encode(json)), None, "{json}");
        }
        assert_eq!(SessionSecret::decode(&"A".repeat(LONGEST + 1)), None);
        assert_eq!(SessionSecret::decode("%FF%FE"), None);
    }
}
