//! Portable PHPass hashes, as WordPress (`$P$`) and phpBB (`$H$`) write them.
//!
//! 34 characters: prefix (3), cost (1), salt (8), digest (22). The format is that of the phpass framework by
//! Openwall. Its non-portable mode emits bcrypt, which the caller sends to the bcrypt verifier.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::Description;

/// The digits of cost and digest, by value. Neither the order of bcrypt nor that of common base64.
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Lowest cost the framework accepts; a cost is the binary logarithm of the rounds.
const MIN_COST: usize = 7;
/// Highest cost computed here, 2^20 rounds, about 0.3 s. The format itself goes to 30, about five minutes.
const MAX_COST: usize = 20;

/// A stored portable hash.
pub(super) struct Hash {
    rounds: u32,
    salt: [u8; 8],
    digest: [u8; 22],
}

impl Hash {
    /// Whether the text claims to be of this format, by its prefix.
    pub(super) fn claims(text: &str) -> bool {
        text.starts_with("$P$") || text.starts_with("$H$")
    }

    /// Reads the 34 characters. The reason of a refusal names the part that is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let bytes = text.as_bytes();
        if !Self::claims(text) || bytes.len() != 34 || !text.is_ascii() {
            return Err("a PHPass hash is 34 ASCII characters that begin with $P$ or $H$".to_owned());
        }
        let value = |digit: u8| ALPHABET.iter().position(|&known| known == digit);
        let cost = value(bytes[3]).unwrap_or_default();
        if !(MIN_COST..=MAX_COST).contains(&cost) {
            return Err(format!("the cost of a PHPass hash (its 4th character) must be {MIN_COST} to {MAX_COST}"));
        }
        let mut salt = [0; 8];
        salt.copy_from_slice(&bytes[4..12]);
        let mut digest = [0; 22];
        digest.copy_from_slice(&bytes[12..]);
        // The last digit carries only the two highest bits of the 16th byte.
        let canonical =
            digest.iter().all(|&digit| value(digit).is_some()) && value(digest[21]).is_some_and(|last| last < 4);
        if !canonical {
            return Err("the last 22 characters of a PHPass hash must be a digest in its alphabet \
                 (. / 0-9 A-Z a-z)"
                .to_owned());
        }
        Ok(Self { rounds: 1 << cost, salt, digest })
    }

    /// Whether `plain` has this digest.
    pub(super) fn matches(&self, plain: &[u8]) -> bool {
        let mut state = Md5::new().chain_update(self.salt).chain_update(plain).finalize();
        for _ in 0..self.rounds {
            state = Md5::new().chain_update(state).chain_update(plain).finalize();
        }
        encode(&state.into()).ct_eq(&self.digest).into()
    }

    pub(super) fn describe(&self) -> Description {
        Description::Phpass { iterations: self.rounds }
    }
}

/// Little-endian groups of three bytes, four digits each, lowest six bits first; the last byte gives two.
fn encode(state: &[u8; 16]) -> [u8; 22] {
    let mut digits = [0; 22];
    for (group, out) in state.chunks(3).zip(digits.chunks_mut(4)) {
        let mut bits = group.iter().rev().fold(0_usize, |bits, &byte| bits << 8 | usize::from(byte));
        for digit in out {
            *digit = ALPHABET[bits & 63];
            bits >>= 6;
        }
    }
    digits
}
