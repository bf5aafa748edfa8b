//! Argon2: new hashes, and the verification of `$argon2id$` and `$argon2i$` texts.
//!
//! The text is read here rather than by a crate, because it has to be as strict as the reference
//! implementation (RFC 9106 gives the computation, libargon2 the text): fixed order, no leading zeros,
//! unpadded base64, and version 16 when none is written.

use std::{collections::TryReserveError, fmt};

use ::argon2::{Algorithm as Variant, Argon2, Block, Params, Version};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD as BASE64};
use subtle::ConstantTimeEq;

use super::{Cost, Description, HashError};
use crate::secret::random;

/// Bytes of random salt in a new hash.
const SALT_LENGTH: usize = 16;
/// Bytes of output in a new hash.
const OUTPUT_LENGTH: usize = 32;
/// Shortest salt of the reference implementation, in bytes.
const MIN_SALT_LENGTH: usize = 8;
/// Shortest output of the reference implementation, in bytes.
const MIN_OUTPUT_LENGTH: usize = 4;

/// Working memory of Argon2, kept between hashes: fresh pages from the system cost a tenth of the time of a hash.
/// Empty at first; grows to the largest hash computed with it.
#[derive(Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    /// That many blocks of 1 KiB, with whatever an earlier hash left in them: Argon2 writes each before it reads it.
    fn blocks(&mut self, count: usize) -> Result<&mut [Block], TryReserveError> {
        if self.0.len() < count {
            // Given back first, so that the two are never held together.
            self.release();
            self.0.try_reserve_exact(count)?;
            self.0.resize(count, Block::new());
        }
        Ok(&mut self.0[..count])
    }

    /// Gives the memory back to the system.
    pub fn release(&mut self) {
        self.0 = Vec::new();
    }

    /// Size in KiB.
    pub fn kib(&self) -> usize {
        self.0.len()
    }
}

/// A parsed Argon2 text. Its cost may still lie above the ceilings.
pub(super) struct Hash {
    variant: Variant,
    version: Version,
    pub(super) cost: Cost,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Hash {
    /// Whether the text claims to be of this format, by its prefix.
    pub(super) fn claims(text: &str) -> bool {
        text.starts_with("$argon2")
    }

    /// Hashes with a random salt.
    pub(super) fn create(plain: &[u8], cost: &Cost, memory: &mut Memory) -> Result<Self, HashError> {
        cost.check().map_err(HashError::Cost)?;
        let mut hash = Self {
            variant: Variant::Argon2id,
            version: Version::V0x13,
            cost: *cost,
            salt: random::<SALT_LENGTH>().to_vec(),
            output: vec![0; OUTPUT_LENGTH],
        };
        hash.output = hash.compute(plain, memory)?;
        Ok(hash)
    }

    /// Reads `$argon2id$v=19$m=…,t=…,p=…$salt$output`; `v` may be absent. Ceilings are left to [`Cost::check`].
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('$').collect();
        let (variant, version, cost, salt, output) = match parts[..] {
            ["", variant, version, cost, salt, output] => (variant, version, cost, salt, output),
            // Texts from before version 19 do not name theirs.
            ["", variant, cost, salt, output] => (variant, "v=16", cost, salt, output),
            _ => {
                return Err("an Argon2 hash is written $argon2id$v=19$m=…,t=…,p=…$salt$hash".to_owned());
            }
        };
        let hash = Self {
            variant: match variant {
                "argon2id" => Variant::Argon2id,
                "argon2i" => Variant::Argon2i,
                _ => return Err("only the Argon2 variants argon2id and argon2i are accepted".to_owned()),
            },
            version: match version {
                "v=19" => Version::V0x13,
                "v=16" => Version::V0x10,
                _ => return Err("the version of an Argon2 hash must be v=19 or v=16".to_owned()),
            },
            cost: Cost::parse(cost).ok_or(
                "the cost of an Argon2 hash must be written m=…,t=…,p=… in this order, in plain decimal numbers",
            )?,
            salt: decode(salt)?,
            output: decode(output)?,
        };
        if hash.salt.len() < MIN_SALT_LENGTH || hash.output.len() < MIN_OUTPUT_LENGTH {
            return Err(format!(
                "an Argon2 hash needs a salt of at least {MIN_SALT_LENGTH} bytes and a hash of at least {MIN_OUTPUT_LENGTH}"
            ));
        }
        Ok(hash)
    }

    /// Whether `plain` has this output. Fails when the memory cannot be had.
    pub(super) fn matches(&self, plain: &[u8], memory: &mut Memory) -> Result<bool, HashError> {
        Ok(self.compute(plain, memory)?.ct_eq(&self.output).into())
    }

    pub(super) fn describe(&self) -> Description {
        Description::Argon2 { variant: self.variant.as_str(), version: self.version.into(), cost: self.cost }
    }

    /// Whether a hash made today at `cost` is stronger. Lanes do not count: they are no work of their own.
    pub(super) fn weaker_than(&self, cost: &Cost) -> bool {
        !matches!((self.variant, self.version), (Variant::Argon2id, Version::V0x13))
            || self.cost.memory_kib < cost.memory_kib
            || self.cost.passes < cost.passes
    }

    fn compute(&self, plain: &[u8], memory: &mut Memory) -> Result<Vec<u8>, HashError> {
        self.cost.check().map_err(HashError::Cost)?;
        let mut output = vec![0; self.output.len()];
        let Cost { memory_kib, passes, lanes } = self.cost;
        let params = Params::new(memory_kib, passes, lanes, Some(output.len()))
            .map_err(|error| HashError::Cost(error.to_string()))?;
        let blocks = memory.blocks(params.block_count()).map_err(|_| HashError::Memory)?;
        Argon2::new(self.variant, self.version, params)
            .hash_password_into_with_memory(plain, &self.salt, &mut output, blocks)
            .map_err(|error| HashError::Cost(error.to_string()))?;
        Ok(output)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = u32::from(self.version);
        let (salt, output) = (BASE64.encode(&self.salt), BASE64.encode(&self.output));
        write!(f, "${}$v={version}${}${salt}${output}", self.variant, self.cost)
    }
}

fn decode(text: &str) -> Result<Vec<u8>, String> {
    BASE64
        .decode(text)
        .map_err(|_| "salt and hash of an Argon2 hash must be standard base64 without padding".to_owned())
}
