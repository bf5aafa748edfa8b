//! Firebase's scrypt: the project's signer key encrypted under a key derived from the password.
//!
//! `AES-256-CTR(key = first half of scrypt(plain, salt + separator), counter 0)` over the signer key, in
//! base64. Firebase publishes the construction; its `rounds` 8 and `mem_cost` 14 are the scrypt r and log2 N
//! of every project, hence fixed here.

use ::scrypt::Params;
use aes::Aes256;
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit, StreamCipher},
};
use subtle::ConstantTimeEq;

use super::{Description, HashError, Refused, scrypt};

/// log2 N, r and p.
const COST: (u8, u32, u32) = (14, 8, 1);
/// Standard alphabet, padding as it comes.
const UNPADDED: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// As above, and leftover bits are ignored.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A stored Firebase hash.
pub(super) struct Hash {
    /// Salt followed by the separator.
    salt: Vec<u8>,
    signer_key: Vec<u8>,
    encrypted: Vec<u8>,
}

impl Hash {
    /// Reads the text as standard, padded base64. The three options are read leniently, as the servers these
    /// users may have passed through do; only a signer key must remain, and be as long as the hash.
    pub(super) fn parse(text: &str, salt: &str, separator: &str, signer_key: &str) -> Result<Self, Refused> {
        let encrypted = BASE64_STANDARD
            .decode(text)
            .map_err(|_| Refused::password("a Firebase hash must be standard base64 with padding"))?;
        let signer_key = decode_leniently(signer_key);
        // An empty key would encrypt to the empty hash under every password.
        if signer_key.is_empty() {
            return Err(Refused::new("passwordSignerKey", "the signer key must not be empty"));
        }
        if encrypted.len() != signer_key.len() {
            return Err(Refused::password(format!(
                "a Firebase hash must be as long as its signer key, {} bytes, not {}",
                signer_key.len(),
                encrypted.len()
            )));
        }
        let mut salt = decode_leniently(salt);
        salt.extend(decode_leniently(separator));
        Ok(Self { salt, signer_key, encrypted })
    }

    /// Whether `plain`, as the bytes it is, encrypts the signer key to this hash. Fails when the memory cannot be
    /// had.
    pub(super) fn matches(&self, plain: &[u8]) -> Result<bool, HashError> {
        let (log_n, r, p) = COST;
        let params = Params::new(log_n, r, p).map_err(|error| HashError::Cost(error.to_string()))?;
        // 64 bytes are the defined output, of which only the first half is used; scrypt's output at one length
        // begins with its output at every shorter one.
        let mut key = [0; 32];
        scrypt::derive(&params, &self.salt, plain, &mut key)?;
        let mut result = self.signer_key.clone();
        Ctr128BE::<Aes256>::new(&key.into(), &[0; 16].into()).apply_keystream(&mut result);
        Ok(result.ct_eq(&self.encrypted).into())
    }

    pub(super) fn describe(&self) -> Description {
        let (log_n, r, p) = COST;
        Description::Scrypt { n: 1 << log_n, r, p }
    }
}

/// Standard, padded base64 of a value that may use the URL-safe alphabet or lack padding, as Firebase's own
/// exports do. `None` when it is not base64 in any of these spellings.
pub(super) fn normalise(text: &str) -> Option<String> {
    let standard = text.replace('-', "+").replace('_', "/");
    UNPADDED.decode(standard).ok().map(|bytes| BASE64_STANDARD.encode(bytes))
}

/// Decodes what can be decoded: characters outside the standard alphabet are skipped, leftover bits dropped.
fn decode_leniently(text: &str) -> Vec<u8> {
    let mut digits: Vec<u8> = text.bytes().filter(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/')).collect();
    // A single digit beyond a whole group holds no whole byte.
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    LENIENT.decode(digits).unwrap_or_default()
}
