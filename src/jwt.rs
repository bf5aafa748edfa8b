//! JSON Web Tokens by which a user is recognised for a short time: HS256 and nothing else, so there is no algorithm to
//! choose and none to confuse. (The crates for tokens bring key types, or an own cryptography, that this needs not.)

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

use crate::clock::Millis;
use crate::secret::random;

/// The header of every token, as upstream writes it.
const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

/// Bytes of the longest token that is looked at.
const LONGEST: usize = 2048;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Whose it is.
    #[serde(rename = "userId")]
    pub user_id: String,
    /// The session with which it ends; empty when it ends by its time alone.
    #[serde(rename = "sessionId")]
    pub session_id: String,
    /// When it ends, in seconds since the epoch.
    pub exp: i64,
    /// The number of the project, so that a token of one is none of another.
    #[serde(rename = "project")]
    pub project: i64,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// Signs tokens and recognises its own.
#[derive(Clone)]
pub struct Signer {
    key: Hmac<Sha256>,
    /// That of the secret that was in use before.
    previous: Option<Hmac<Sha256>>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// With a key derived from `USHER_SECRET`: the SHA-512 of a fixed label and the secret, so that other uses of the
    /// secret have other keys.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let key = Sha512::new().chain_update("usher jwt v1\0").chain_update(secret).finalize();
        let mut bytes = [0; 64];
        bytes.copy_from_slice(&key);
        Self::with_key(bytes)
    }

    /// Recognises the tokens that were signed with the secret that was in use before, too.
    #[must_use]
    pub fn with_previous(self, secret: &str) -> Self {
        Self { previous: Some(Self::new(secret).key), ..self }
    }

    /// With a key that ends with this process, and its tokens with it.
    #[must_use]
    pub fn forgetful() -> Self {
        Self::with_key(random())
    }

    fn with_key(key: [u8; 64]) -> Self {
        Self { key: Hmac::new(&key.into()), previous: None }
    }

    /// The token.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> String {
        let claims = serde_json::json!(claims).to_string();
        let signed = format!("{}.{}", BASE64.encode(HEADER), BASE64.encode(claims));
        let signature = mac(&self.key, &signed).finalize().into_bytes();
        format!("{signed}.{}", BASE64.encode(signature))
    }

    /// What a token says, when it is one of this signer's and has not ended.
    #[must_use]
    pub fn verify(&self, token: &str, now: Millis) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.').filter(|_| token.len() <= LONGEST)?;
        let signature = BASE64.decode(signature).ok()?;
        // Compares in constant time.
        let signed_by = |key: &Hmac<Sha256>| mac(key, signed).verify_slice(&signature).is_ok();
        if !signed_by(&self.key) && !self.previous.as_ref().is_some_and(signed_by) {
            return None;
        }
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
        let claims: Claims = serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()?;
        (header.alg == "HS256" && claims.exp.saturating_mul(1000) > now.0).then_some(claims)
    }
}

fn mac(key: &Hmac<Sha256>, signed: &str) -> Hmac<Sha256> {
    key.clone().chain_update(signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_700_000_000_000);

    fn claims() -> Claims {
        Claims { user_id: "anna".into(), session_id: "s1".into(), exp: 1_700_000_900, project: 7 }
    }

    #[test]
    fn a_token_is_recognised_until_it_ends() {
        let signer = Signer::new("a secret");
        let token = signer.sign(&claims());
        assert_eq!(signer.verify(&token, NOW), Some(claims()));
        assert_eq!(signer.verify(&token, Millis(1_700_000_899_999)), Some(claims()));
        assert_eq!(signer.verify(&token, Millis(1_700_000_900_000)), None);
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(BASE64.decode(parts[0]).unwrap(), HEADER.as_bytes());
        let text = String::from_utf8(BASE64.decode(parts[1]).unwrap()).unwrap();
        assert_eq!(text, r#"{"userId":"anna","sessionId":"s1","exp":1700000900,"project":7}"#);
    }

    /// The vector of RFC 7515, appendix A.1, has this key, header and payload; only its claims are not these, so the
    /// signature is compared and not the token accepted.
    #[test]
    fn the_signature_is_that_of_the_rfc() {
        let key = base64::prelude::BASE64_URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let key = Hmac::new_from_slice(&key).unwrap();
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = BASE64.encode(mac(&key, signed).finalize().into_bytes());
        assert_eq!(signature, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }

    #[test]
    fn a_token_of_the_secret_before_is_recognised_while_it_is_known() {
        let (before, both) = (Signer::new("one"), Signer::new("two").with_previous("one"));
        assert_eq!(both.verify(&before.sign(&claims()), NOW), Some(claims()));
        let token = both.sign(&claims());
        assert_eq!((Signer::new("two").verify(&token, NOW), before.verify(&token, NOW)), (Some(claims()), None));
        assert_eq!(Signer::new("two").verify(&before.sign(&claims()), NOW), None);
        assert_eq!(both.verify(&Signer::new("three").sign(&claims()), NOW), None);
    }

    #[test]
    fn anything_else_is_not() {
        let signer = Signer::new("a secret");
        let token = signer.sign(&claims());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, body) = signed.split_once('.').unwrap();
        let resigned = |header: &str, body: &str| {
            let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(body));
            format!("{signed}.{}", BASE64.encode(mac(&signer.key, &signed).finalize().into_bytes()))
        };
        let good = serde_json::json!(claims()).to_string();
        assert!(signer.verify(&resigned(HEADER, &good), NOW).is_some());
        for wrong in [
            String::new(),
            "..".into(),
            "💥".into(),
            signed.to_owned(),
            format!("{signed}."),
            format!("{token}="),
            format!("{token} "),
            format!("{header}.{body}x.{signature}"),
            Signer::new("another secret").sign(&claims()),
            Signer::forgetful().sign(&claims()),
            format!("{}.{body}.", BASE64.encode(r#"{"alg":"none"}"#)),
            resigned(r#"{"alg":"none"}"#, &good),
            resigned(r#"{"alg":"HS512"}"#, &good),
            resigned("{}", &good),
            resigned(HEADER, "{}"),
            resigned(HEADER, r#"{"userId":"anna","sessionId":"","exp":"2000000000","project":7}"#),
            resigned(HEADER, r#"{"userId":"anna","exp":2000000000,"project":7}"#),
            resigned(HEADER, r#"{"userId":"anna","sessionId":"","project":7}"#),
            format!("{}{token}", "x".repeat(LONGEST)),
        ] {
            assert_eq!(signer.verify(&wrong, NOW), None, "{wrong}");
        }
    }
}
