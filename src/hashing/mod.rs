//! Passwords: hashing new ones, verifying stored ones in seven formats, and importing them.
//!
//! New passwords are Argon2id. A user base that moves in brings hashes of other servers; each keeps its format
//! until its owner signs in, when the caller asks [`Stored::needs_rehash`].
//!
//! Every format has one reader, and both directions go through it: [`import`] refuses what the reader refuses,
//! and [`verify`] answers `false` to it without computing anything. A stored cost is data that someone else chose,
//! so the reader also holds the ceilings. Nothing here panics or fails on any text.
//!
//! A hash takes up to seconds of CPU; servers call [`Pool`], not the plain functions.

mod argon2;
mod bcrypt;
mod cost;
mod description;
mod hex;
mod md5;
mod phpass;
mod pool;
mod scrypt;
mod scrypt_modified;
mod sha;
mod stored;
#[cfg(test)]
mod tests;

use std::fmt;

pub use self::{
    argon2::Memory,
    cost::Cost,
    description::{Description, describe},
    pool::{Busy, Checked, Load, Pool},
    sha::ShaVersion,
    stored::{Algorithm, Options, Stored, WireOptions},
};
use crate::request_id;

/// Longest hash text that is stored, in bytes: twice what the longest scrypt output takes.
pub const MAX_TEXT: usize = 4096;

/// Why a hash could not be computed. None of these is the fault of the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashError {
    /// The cost is outside its limits.
    Cost(String),
    /// The memory could not be had.
    Memory,
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cost(reason) => write!(f, "hash cost: {reason}"),
            Self::Memory => f.write_str("no memory for the hash"),
        }
    }
}

impl std::error::Error for HashError {}

/// Why a hash cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The request field that is wrong, by its wire name, such as `password` or `passwordCpu`.
    pub field: &'static str,
    /// What is wrong and what is allowed, one line without a final stop. Never quotes the hash, a salt or a key.
    pub reason: String,
}

impl Refused {
    fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }

    fn password(reason: impl Into<String>) -> Self {
        Self::new("password", reason)
    }
}

/// Hashes a new password with Argon2id, a random salt of 16 bytes and an output of 32; the text has 97
/// characters at the default cost. Fails only for want of memory, or when `cost` is not one that parsing would
/// have accepted.
pub fn hash(plain: &[u8], cost: &Cost, memory: &mut Memory) -> Result<Stored, HashError> {
    Ok(Stored { text: argon2::Hash::create(plain, cost, memory)?.to_string(), options: Options::Argon2 })
}

/// Whether `plain` is the password. Texts that are malformed, or more costly than the ceilings, are `false` at
/// once and leave a line in the log; so does a hash for which there is no memory. Comparisons take constant time.
pub fn verify(stored: &Stored, plain: &[u8], memory: &mut Memory) -> bool {
    readable(stored).is_some_and(|hash| hash.matches(plain, memory))
}

/// As [`verify`] for a text that [`describe`] can read, but tells a wrong password from a hash that could not be
/// computed for want of memory. A text that cannot be read is `false`.
pub fn try_verify(stored: &Stored, plain: &[u8], memory: &mut Memory) -> Result<bool, HashError> {
    readable(stored).map_or(Ok(false), |hash| hash.compare(plain, memory))
}

/// Accepts a hash made elsewhere, for the algorithm of `options`.
///
/// Strictly, it must be one that [`verify`] could answer `true` for. Salt, separator, signer key and hash of
/// Firebase are rewritten to standard padded base64, since exports differ there; every other value is kept byte
/// for byte. With `lenient` all is kept as sent, whether it can ever verify or not. Both refuse a text of more
/// than [`MAX_TEXT`] bytes; the lengths of the other fields are the caller's to bound.
pub fn import(text: String, options: Options, lenient: bool) -> Result<Stored, Refused> {
    if text.len() > MAX_TEXT {
        return Err(Refused::password(format!(
            "a password hash is at most {MAX_TEXT} bytes, this one has {}",
            text.len()
        )));
    }
    let stored = Stored { text, options };
    if lenient {
        return Ok(stored);
    }
    let stored = normalise(stored)?;
    Readable::parse(&stored)?;
    Ok(stored)
}

/// Rewrites the base64 of Firebase; leaves every other format alone.
fn normalise(stored: Stored) -> Result<Stored, Refused> {
    let Options::ScryptMod { salt, separator, signer_key } = &stored.options else {
        return Ok(stored);
    };
    let standard = |field, value: &str| {
        scrypt_modified::normalise(value)
            .ok_or_else(|| Refused::new(field, "must be base64, standard or URL-safe, with or without padding"))
    };
    Ok(Stored {
        text: standard("password", &stored.text)?,
        options: Options::ScryptMod {
            salt: standard("passwordSalt", salt)?,
            separator: standard("passwordSaltSeparator", separator)?,
            signer_key: standard("passwordSignerKey", signer_key)?,
        },
    })
}

/// A stored password whose text was read, ready to be compared with a plain one.
enum Readable<'a> {
    Argon2(argon2::Hash),
    Bcrypt(bcrypt::Hash),
    Md5(md5::Hash),
    Phpass(phpass::Hash),
    Sha(sha::Hash),
    Scrypt(scrypt::Hash<'a>),
    ScryptMod(scrypt_modified::Hash),
}

impl<'a> Readable<'a> {
    fn parse(stored: &'a Stored) -> Result<Self, Refused> {
        let text = stored.text.as_str();
        match &stored.options {
            // PHP servers verify these two with one function that looks at the prefix, so exports mix them.
            Options::Argon2 | Options::Bcrypt if argon2::Hash::claims(text) => argon2::Hash::parse(text)
                .and_then(|hash| match hash.cost.check() {
                    Ok(()) => Ok(Self::Argon2(hash)),
                    Err(reason) => Err(format!("the cost of an Argon2 hash: {reason}")),
                })
                .map_err(Refused::password),
            Options::Argon2 if !text.starts_with("$2") => Err(Refused::password(
                "the hash must be an Argon2 text that begins with $argon2id$ or $argon2i$, or a bcrypt text",
            )),
            Options::Phpass if phpass::Hash::claims(text) => {
                phpass::Hash::parse(text).map(Self::Phpass).map_err(Refused::password)
            }
            Options::Phpass if !text.starts_with("$2") => {
                Err(Refused::password("the hash must be a PHPass text that begins with $P$ or $H$, or a bcrypt text"))
            }
            Options::Argon2 | Options::Bcrypt | Options::Phpass => {
                bcrypt::Hash::parse(text).map(Self::Bcrypt).map_err(Refused::password)
            }
            Options::Md5 => md5::Hash::parse(text).map(Self::Md5).map_err(Refused::password),
            Options::Sha { version } => sha::Hash::parse(text, *version).map(Self::Sha),
            Options::Scrypt { salt, cpu, memory, parallel, length } => {
                scrypt::Hash::parse(text, salt, (*cpu, *memory, *parallel, *length)).map(Self::Scrypt)
            }
            Options::ScryptMod { salt, separator, signer_key } => {
                scrypt_modified::Hash::parse(text, salt, separator, signer_key).map(Self::ScryptMod)
            }
        }
    }

    /// Also false, with a line in the log, when the hash could not be computed.
    fn matches(&self, plain: &[u8], memory: &mut Memory) -> bool {
        self.compare(plain, memory).unwrap_or_else(|error| {
            let (hash, request_id) = (self.describe(), request_id::current());
            let request_id = request_id.as_deref();
            tracing::error!(%error, ?hash, request_id, "a stored password could not be compared");
            false
        })
    }

    fn compare(&self, plain: &[u8], memory: &mut Memory) -> Result<bool, HashError> {
        match self {
            Self::Argon2(hash) => hash.matches(plain, memory),
            Self::Bcrypt(hash) => Ok(hash.matches(plain)),
            Self::Md5(hash) => Ok(hash.matches(plain)),
            Self::Phpass(hash) => Ok(hash.matches(plain)),
            Self::Sha(hash) => Ok(hash.matches(plain)),
            Self::Scrypt(hash) => hash.matches(plain),
            Self::ScryptMod(hash) => hash.matches(plain),
        }
    }

    fn describe(&self) -> Description {
        match self {
            Self::Argon2(hash) => hash.describe(),
            Self::Bcrypt(hash) => hash.describe(),
            Self::Md5(_) => Description::Md5,
            Self::Phpass(hash) => hash.describe(),
            Self::Sha(hash) => hash.describe(),
            Self::Scrypt(hash) => hash.describe(),
            Self::ScryptMod(hash) => hash.describe(),
        }
    }
}

/// The stored password ready for comparison, or a line in the log: its owner cannot sign in before a reset, and
/// only the log can tell the operator why.
fn readable(stored: &Stored) -> Option<Readable<'_>> {
    Readable::parse(stored)
        .inspect_err(|refused| {
            let request_id = request_id::current();
            tracing::warn!(
                request_id = request_id.as_deref(),
                algorithm = stored.algorithm().as_str(),
                field = refused.field,
                reason = refused.reason,
                "a stored password cannot be verified"
            );
        })
        .ok()
}
