//! bcrypt: `$2b$`, two-digit cost, 22 salt and 31 digest characters, 60 in all.
//!
//! The text is read here rather than by the crate, which takes some spellings (a signed cost) that no other
//! verifier accepts.

use base64::{
    Engine,
    alphabet::BCRYPT,
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};
use subtle::ConstantTimeEq;

use super::Description;

/// Refuses unused bits that are not zero, so that equal bytes mean equal texts.
const BASE64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD);
/// Lowest cost of the format; a cost is the binary logarithm of the rounds. The format goes to 31.
const MIN_COST: u32 = 4;
/// Highest cost computed here, about 4 s.
const MAX_COST: u32 = 16;
/// Blowfish takes a key of at most 72 bytes; bcrypt ignores what follows.
const KEY_LENGTH: usize = 72;

/// A stored bcrypt hash.
pub(super) struct Hash {
    cost: u32,
    salt: [u8; 16],
    digest: [u8; 23],
}

impl Hash {
    /// Reads the 60 characters. `$2a$`, `$2b$`, `$2x$` and `$2y$` mean the same computation.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let shape = || {
            "a bcrypt hash is 60 characters: $2a$, $2b$, $2x$ or $2y$, a two-digit cost, $, and 53 \
             of ./A-Za-z0-9"
                .to_owned()
        };
        let (b"$2", [b'a' | b'b' | b'x' | b'y', b'$', tens, ones, b'$', encoded @ ..]) =
            text.as_bytes().split_at_checked(2).ok_or_else(shape)?
        else {
            return Err(shape());
        };
        if encoded.len() != 53 || !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            return Err(shape());
        }
        let cost = u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
        if !(MIN_COST..=MAX_COST).contains(&cost) {
            return Err(format!(
                "the cost of a bcrypt hash must be {MIN_COST:02} to {MAX_COST:02}, this one has {cost:02}"
            ));
        }
        let decode = |digits| BASE64.decode(digits).map_err(|_| shape());
        let (salt, digest) = encoded.split_at(22);
        Ok(Self {
            cost,
            salt: decode(salt)?.try_into().map_err(|_| shape())?,
            digest: decode(digest)?.try_into().map_err(|_| shape())?,
        })
    }

    /// Whether `plain` has this digest; only its first 72 bytes count. A plain text with a NUL never matches:
    /// the format ends the key there, so that anything after it would be accepted.
    pub(super) fn matches(&self, plain: &[u8]) -> bool {
        if plain.contains(&0) {
            return false;
        }
        let mut key = plain[..plain.len().min(KEY_LENGTH)].to_vec();
        if key.len() < KEY_LENGTH {
            key.push(0);
        }
        // The 24th byte of the output is not part of the text.
        ::bcrypt::bcrypt(self.cost, self.salt, &key)[..23].ct_eq(&self.digest).into()
    }

    pub(super) fn describe(&self) -> Description {
        Description::Bcrypt { cost: self.cost }
    }
}
