//! Bare SHA-1, SHA-2 and SHA-3 digests in lower-case hexadecimal, without salt.
//!
//! A digest may come without the name of its version. Then every version of that length is tried, because
//! clients have been told different defaults over time and the text alone does not say which was meant.

use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use subtle::ConstantTimeEq;

use super::{Description, Refused, hex};

/// Versions of the algorithm `sha`. SHA-3 is that of FIPS 202; the truncated SHA-512 have initial values of
/// their own (FIPS 180-4), so they are not a cut SHA-512.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum ShaVersion {
    /// SHA-1, 160 bits.
    Sha1,
    /// SHA-2, 224 bits.
    Sha224,
    /// SHA-2, 256 bits.
    Sha256,
    /// SHA-2, 384 bits.
    Sha384,
    /// SHA-512 truncated to 224 bits.
    Sha512_224,
    /// SHA-512 truncated to 256 bits.
    Sha512_256,
    /// SHA-2, 512 bits.
    Sha512,
    /// SHA-3, 224 bits.
    Sha3_224,
    /// SHA-3, 256 bits.
    Sha3_256,
    /// SHA-3, 384 bits.
    Sha3_384,
    /// SHA-3, 512 bits.
    Sha3_512,
}

impl ShaVersion {
    /// Every version. Of those with equal digest length the plain SHA-2 comes first and SHA-3 last, which is
    /// the order in which a digest without a version is tried, and the first is the one it is shown as.
    pub const ALL: [Self; 11] = [
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha512_224,
        Self::Sha512_256,
        Self::Sha3_224,
        Self::Sha3_256,
        Self::Sha3_384,
        Self::Sha3_512,
    ];

    /// Name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512_224 => "sha512/224",
            Self::Sha512_256 => "sha512/256",
            Self::Sha512 => "sha512",
            Self::Sha3_224 => "sha3-224",
            Self::Sha3_256 => "sha3-256",
            Self::Sha3_384 => "sha3-384",
            Self::Sha3_512 => "sha3-512",
        }
    }

    /// The version of that name, without regard to ASCII case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str().eq_ignore_ascii_case(name))
    }

    /// Versions whose digest is written with that many digits, in the order of [`Self::ALL`]; none for other
    /// numbers.
    pub(super) fn of_digits(digits: usize) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |version| version.digits() == digits)
    }

    /// Hexadecimal digits of the digest, two a byte.
    fn digits(self) -> usize {
        match self {
            Self::Sha1 => 40,
            Self::Sha224 | Self::Sha512_224 | Self::Sha3_224 => 56,
            Self::Sha256 | Self::Sha512_256 | Self::Sha3_256 => 64,
            Self::Sha384 | Self::Sha3_384 => 96,
            Self::Sha512 | Self::Sha3_512 => 128,
        }
    }

    fn digest(self, plain: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(plain).to_vec(),
            Self::Sha224 => Sha224::digest(plain).to_vec(),
            Self::Sha256 => Sha256::digest(plain).to_vec(),
            Self::Sha384 => Sha384::digest(plain).to_vec(),
            Self::Sha512_224 => Sha512_224::digest(plain).to_vec(),
            Self::Sha512_256 => Sha512_256::digest(plain).to_vec(),
            Self::Sha512 => Sha512::digest(plain).to_vec(),
            Self::Sha3_224 => Sha3_224::digest(plain).to_vec(),
            Self::Sha3_256 => Sha3_256::digest(plain).to_vec(),
            Self::Sha3_384 => Sha3_384::digest(plain).to_vec(),
            Self::Sha3_512 => Sha3_512::digest(plain).to_vec(),
        }
    }
}

impl From<ShaVersion> for &'static str {
    fn from(version: ShaVersion) -> Self {
        version.as_str()
    }
}

impl TryFrom<String> for ShaVersion {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::parse(&name).ok_or_else(|| format!("unknown SHA version {name:?}"))
    }
}

/// A stored digest and the versions it may be of.
pub(super) struct Hash {
    digest: Vec<u8>,
    candidates: Vec<ShaVersion>,
}

impl Hash {
    /// Reads a digest; its length must be that of `version`, or of any version when there is none.
    pub(super) fn parse(text: &str, version: Option<ShaVersion>) -> Result<Self, Refused> {
        let digest = hex::decode(text)
            .ok_or_else(|| Refused::password("a SHA hash is an even number of lower-case hexadecimal digits"))?;
        let candidates: Vec<_> = ShaVersion::of_digits(text.len())
            .filter(|candidate| version.is_none_or(|wanted| wanted == *candidate))
            .collect();
        if candidates.is_empty() {
            return Err(Refused::password(match version {
                Some(version) => format!(
                    "a {} hash is {} hexadecimal digits, this one has {}",
                    version.as_str(),
                    version.digits(),
                    text.len()
                ),
                None => format!("a SHA hash is 40, 56, 64, 96 or 128 hexadecimal digits, this one has {}", text.len()),
            }));
        }
        Ok(Self { digest, candidates })
    }

    /// Whether `plain` has this digest under one of the candidate versions.
    pub(super) fn matches(&self, plain: &[u8]) -> bool {
        self.candidates.iter().any(|version| version.digest(plain).ct_eq(&self.digest).into())
    }

    pub(super) fn describe(&self) -> Description {
        Description::Sha { versions: self.candidates.clone() }
    }
}
