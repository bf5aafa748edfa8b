//! What a stored password is, for people: its real format and its cost, and nothing of the hash, a salt or a key.

use super::{Cost, Readable, Refused, ShaVersion, Stored};

/// The format that a stored text really has, whichever algorithm it was imported under, with its cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Description {
    /// Argon2.
    Argon2 {
        /// `argon2id` or `argon2i`.
        variant: &'static str,
        /// 19, or 16 for texts from before it.
        version: u32,
        /// Memory, passes and lanes.
        cost: Cost,
    },
    /// bcrypt.
    Bcrypt {
        /// Binary logarithm of the rounds, 4 to 16.
        cost: u32,
    },
    /// A bare MD5 digest, which has no cost.
    Md5,
    /// Portable PHPass.
    Phpass {
        /// Rounds of MD5, a power of two from 2^7 to 2^20.
        iterations: u32,
    },
    /// A bare digest, which has no cost.
    Sha {
        /// The versions it may be of, in the order in which they are tried: one, unless the import named none.
        versions: Vec<ShaVersion>,
    },
    /// scrypt, Firebase's too.
    Scrypt {
        /// N, not its logarithm.
        n: u64,
        /// Block size.
        r: u32,
        /// Parallelism.
        p: u32,
    },
}

/// Describes a stored password.
///
/// # Errors
/// Why it can never verify, as a strict import would have said.
pub fn describe(stored: &Stored) -> Result<Description, Refused> {
    Readable::parse(stored).map(|hash| hash.describe())
}
