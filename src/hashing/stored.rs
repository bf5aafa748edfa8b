//! A stored password: the hash text, what is needed beside it, and the forms both take in the database and on
//! the wire.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Cost, ShaVersion, argon2};

/// How a password is hashed, as the field `hash` of a user names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `argon2`: Argon2id or Argon2i; also the algorithm of new passwords.
    Argon2,
    /// `bcrypt`.
    Bcrypt,
    /// `md5`, a bare digest.
    Md5,
    /// `phpass`, portable form.
    Phpass,
    /// `sha`, a bare SHA-1, SHA-2 or SHA-3 digest.
    Sha,
    /// `scrypt`.
    Scrypt,
    /// `scryptMod`, Firebase's.
    ScryptMod,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 7] =
        [Self::Argon2, Self::Bcrypt, Self::Md5, Self::Phpass, Self::Sha, Self::Scrypt, Self::ScryptMod];

    /// Name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Argon2 => "argon2",
            Self::Bcrypt => "bcrypt",
            Self::Md5 => "md5",
            Self::Phpass => "phpass",
            Self::Sha => "sha",
            Self::Scrypt => "scrypt",
            Self::ScryptMod => "scryptMod",
        }
    }

    /// The algorithm of exactly that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// What is needed beside the hash text to verify it: the algorithm it came in under, with its parameters.
///
/// The serialised form is that of the database, not of the wire: the name of an algorithm without parameters,
/// else an object with the name as its only key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Options {
    /// The text has all parameters.
    Argon2,
    /// The text has all parameters.
    Bcrypt,
    /// No parameters.
    Md5,
    /// The text has all parameters.
    Phpass,
    /// An unsalted digest.
    Sha {
        /// Absent when the import did not name it; then every version of the digest's length is tried.
        version: Option<ShaVersion>,
    },
    /// The parameters as sent. They are checked when they are used, so that what a lenient import let through
    /// can be stored and shown.
    Scrypt {
        /// Used as the text it is.
        salt: String,
        /// N, not its logarithm.
        cpu: i64,
        /// r.
        memory: i64,
        /// p.
        parallel: i64,
        /// Output in bytes.
        length: i64,
    },
    /// Firebase's parameters, base64.
    #[serde(rename_all = "camelCase")]
    ScryptMod {
        /// Of the user.
        salt: String,
        /// Of the project.
        separator: String,
        /// Of the project, and a secret.
        signer_key: String,
    },
}

impl Options {
    /// The algorithm these are the options of.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Argon2 => Algorithm::Argon2,
            Self::Bcrypt => Algorithm::Bcrypt,
            Self::Md5 => Algorithm::Md5,
            Self::Phpass => Algorithm::Phpass,
            Self::Sha { .. } => Algorithm::Sha,
            Self::Scrypt { .. } => Algorithm::Scrypt,
            Self::ScryptMod { .. } => Algorithm::ScryptMod,
        }
    }
}

/// Names the algorithm only: a salt or a signer key has no place in a log.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Options({})", self.algorithm().as_str())
    }
}

/// A stored password, in three database columns: hash text, algorithm name, options as JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// The hash as it is shown and compared, at most [`MAX_TEXT`](super::MAX_TEXT) bytes.
    pub text: String,
    /// The rest.
    pub options: Options,
}

/// Names the algorithm only.
impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stored({})", self.algorithm().as_str())
    }
}

impl Stored {
    /// The algorithm the password came in under. Texts of bcrypt and Argon2 are verified by their own prefix,
    /// whichever of the two (for bcrypt also `phpass`) this says.
    pub fn algorithm(&self) -> Algorithm {
        self.options.algorithm()
    }

    /// The options column: compact JSON.
    #[expect(clippy::expect_used, reason = "strings, integers and string keys always have a JSON form")]
    pub fn options_to_json(&self) -> String {
        serde_json::to_string(&self.options).expect("the options have a JSON form")
    }

    /// Reads the three columns. `None` when the options are no JSON of this module or of another algorithm than
    /// the name says. The text is not looked at; a malformed one never verifies.
    pub fn from_columns(text: String, algorithm: &str, options: &str) -> Option<Self> {
        let options: Options = serde_json::from_str(options).ok()?;
        (options.algorithm().as_str() == algorithm).then_some(Self { text, options })
    }

    /// The user field `hashOptions` with the true parameters.
    pub fn wire_options(&self) -> WireOptions {
        match &self.options {
            // A bcrypt text imported as Argon2 has no such parameters to show.
            Options::Argon2 => match argon2::Hash::parse(&self.text) {
                Ok(hash) => WireOptions::of(&hash.cost),
                Err(_) => WireOptions::Plain { r#type: Algorithm::Argon2.as_str() },
            },
            Options::Sha { version } => {
                let by_length = || ShaVersion::of_digits(self.text.len()).next();
                match version.or_else(by_length) {
                    Some(version) => WireOptions::Sha { r#type: "sha", version: version.as_str() },
                    None => WireOptions::Plain { r#type: "sha" },
                }
            }
            Options::Scrypt { salt, cpu, memory, parallel, length } => WireOptions::Scrypt {
                r#type: "scrypt",
                cost_cpu: *cpu,
                cost_memory: *memory,
                cost_parallel: *parallel,
                length: *length,
                salt: salt.clone(),
            },
            Options::ScryptMod { salt, separator, signer_key } => {
                let (salt, salt_separator, signer_key) = (salt.clone(), separator.clone(), signer_key.clone());
                WireOptions::ScryptMod { r#type: "scryptMod", salt, salt_separator, signer_key }
            }
            Options::Bcrypt | Options::Md5 | Options::Phpass => {
                WireOptions::Plain { r#type: self.algorithm().as_str() }
            }
        }
    }

    /// Whether a successful sign-in should replace this hash by a new one at `cost`: it came in under another
    /// algorithm, is not Argon2id of version 19, or has less memory or fewer passes. Lanes are ignored.
    pub fn needs_rehash(&self, cost: &Cost) -> bool {
        self.algorithm() != Algorithm::Argon2
            || argon2::Hash::parse(&self.text).map_or(true, |hash| hash.weaker_than(cost))
    }
}

/// The user field `hashOptions`: an object that begins with `type` (typed SDKs reject a user without it), then
/// parameters under the names of the published option models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "hashOptions")]
#[serde(untagged, rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub enum WireOptions {
    /// A password hashed by Usher, or by others in the same way.
    Argon2 { r#type: &'static str, memory_cost: u32, time_cost: u32, threads: u32 },
    /// A bare digest.
    Sha { r#type: &'static str, version: &'static str },
    /// As sent with the import.
    Scrypt { r#type: &'static str, cost_cpu: i64, cost_memory: i64, cost_parallel: i64, length: i64, salt: String },
    /// As sent with the import.
    ScryptMod { r#type: &'static str, salt: String, salt_separator: String, signer_key: String },
    /// What has no parameters beside the hash.
    Plain { r#type: &'static str },
}

impl WireOptions {
    /// Of a password hashed at `cost`; also shown for a user who has none.
    pub fn of(cost: &Cost) -> Self {
        let (memory_cost, time_cost, threads) = (cost.memory_kib, cost.passes, cost.lanes);
        Self::Argon2 { r#type: Algorithm::Argon2.as_str(), memory_cost, time_cost, threads }
    }
}
