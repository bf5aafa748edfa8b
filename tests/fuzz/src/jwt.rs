//! Tokens (JWT).
//!
//! An input is a header, a line feed, and what the token is to say, both of which are signed with the server's key; taken
//! as a whole it is a token that somebody made up.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256, Sha512};
use usher::clock::Millis;
use usher::jwt::Signer;

/// What the server's key is made of.
const SECRET: &str = "a secret of the fuzz targets, of 32 characters or more";

/// When the tokens are shown.
const NOW: Millis = Millis(1_700_000_000_000);

/// Bytes of the longest token that is looked at.
const LONGEST: usize = 2048;

/// Reads an input as a token.
pub fn run(input: &[u8]) {
    let signer = Signer::new(SECRET);
    let text = String::from_utf8_lossy(input);
    assert_eq!(signer.verify(&text, NOW), None, "nobody else can sign");
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (header, body) = (&input[..at], input.get(at + 1..).unwrap_or_default());
    let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(body));
    let token = with_signature(&signed);
    let Some(claims) = signer.verify(&token, NOW) else { return };

    assert_eq!(said(header, &["alg"]), ["HS256"]);
    assert_eq!(
        said(body, &["userId", "sessionId", "exp", "project"]),
        [claims.user_id.as_str().into(), claims.session_id.as_str().into(), claims.exp.into(), claims.project.into()]
            as [Value; 4]
    );
    assert!(token.len() <= LONGEST && claims.exp > NOW.0 / 1000, "{claims:?}");
    // What it says holds until it ends, and is said again by a token of the server's own.
    let end = Millis(claims.exp.saturating_mul(1000));
    assert_eq!(signer.verify(&token, end), None);
    assert_eq!(signer.verify(&token, Millis(end.0 - 1)).as_ref(), Some(&claims));
    let own = signer.sign(&claims);
    assert_eq!(signer.verify(&own, NOW), Some(claims).filter(|_| own.len() <= LONGEST));
    assert_eq!(Signer::new("another secret").verify(&token, NOW), None);
    check_changes(&signer, &token, input);
}

/// No character of a token can be another one, and none be missing or more.
fn check_changes(signer: &Signer, token: &str, input: &[u8]) {
    // Any place will do, as long as it follows from the input.
    let digest = Sha256::digest(input);
    let place = usize::from(u16::from_be_bytes([digest[0], digest[1]])) % token.len();
    let (before, after) = (&token[..place], &token[place + 1..]);
    for other in ["", ".", "A", "B", "_", "=", " ", &token[place..=place].repeat(2)] {
        let changed = format!("{before}{other}{after}");
        assert!(changed == token || signer.verify(&changed, NOW).is_none(), "{changed} instead of {token}");
    }
}

/// Signs as the server does: its key is the SHA-512 of a label and the secret.
fn with_signature(signed: &str) -> String {
    let key = Sha512::new().chain_update("usher jwt v1\0").chain_update(SECRET).finalize();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(signed);
    format!("{signed}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

/// The values of these names in an object, or in a list, which has them in this order. What stands beside them need not
/// be understood, nor even be UTF-8: nobody but the server signs.
fn said(json: &[u8], names: &[&str]) -> Vec<Value> {
    let json = String::from_utf8_lossy(json);
    let values: Vec<Box<RawValue>> = match serde_json::from_str::<HashMap<String, Box<RawValue>>>(&json) {
        Ok(mut object) => names.iter().filter_map(|name| object.remove(*name)).collect(),
        Err(_) => serde_json::from_str(&json).expect("what was understood is JSON"),
    };
    values.iter().map(|value| serde_json::from_str(value.get()).expect("a value of JSON")).collect()
}
