//! Bare MD5: 32 lower-case hexadecimal digits of the digest of the plain text, without salt.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::hex;

/// A stored MD5 digest (16 bytes).
pub(super) struct Hash(Vec<u8>);

impl Hash {
    /// Reads 32 lower-case hexadecimal digits; anything else is refused with the reason.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        hex::decode(text)
            .filter(|digest| digest.len() == 16)
            .map(Self)
            .ok_or_else(|| "an MD5 hash is 32 lower-case hexadecimal digits".to_owned())
    }

    /// Whether `plain` has this digest.
    pub(super) fn matches(&self, plain: &[u8]) -> bool {
        Md5::digest(plain).ct_eq(&self.0).into()
    }
}
