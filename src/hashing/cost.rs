//! Cost of an Argon2 hash, and the ceilings above which none is computed.

use std::{fmt, str::FromStr};

/// Most memory of one hash: 1 GiB.
const MAX_MEMORY_KIB: u32 = 1 << 20;
/// Most memory written over all passes of one hash: 8 GiB, about 5 s of work.
const MAX_TOTAL_KIB: u64 = 8 << 20;
/// Most lanes.
const MAX_LANES: u32 = 64;

/// Cost of an Argon2 hash. Written `m=65536,t=4,p=3`, as inside the hash text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB: at least 8 a lane, at most 1,048,576 (1 GiB).
    pub memory_kib: u32,
    /// Passes over the memory, at least 1; passes times memory is at most 8 GiB.
    pub passes: u32,
    /// Lanes, 1 to 64. They are computed one after the other, so more of them cost no more.
    pub lanes: u32,
}

impl Default for Cost {
    /// The cost clients of this protocol know: 64 MiB, 4 passes, 3 lanes.
    fn default() -> Self {
        Self { memory_kib: 65536, passes: 4, lanes: 3 }
    }
}

impl Cost {
    /// The reason why this cost is not computed, if there is one.
    pub(super) fn check(&self) -> Result<(), String> {
        let Self { memory_kib, passes, lanes } = *self;
        if !(1..=MAX_LANES).contains(&lanes) {
            return Err(format!("p must be 1 to {MAX_LANES}, not {lanes}"));
        }
        if !(8 * lanes..=MAX_MEMORY_KIB).contains(&memory_kib) {
            return Err(format!(
                "m must be {} (8 for each of {lanes} lanes) to {MAX_MEMORY_KIB} KiB, not {memory_kib}",
                8 * lanes
            ));
        }
        if passes == 0 || u64::from(passes) * u64::from(memory_kib) > MAX_TOTAL_KIB {
            return Err(format!(
                "t must be at least 1, and t times m at most {MAX_TOTAL_KIB} KiB, not t={passes}, m={memory_kib}"
            ));
        }
        Ok(())
    }

    /// Reads the written form without checking the ceilings. Only the order m, t, p and plain decimal numbers
    /// are accepted, as by the reference implementation of Argon2.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let cost = Self {
            memory_kib: number(parts.next()?.strip_prefix("m=")?)?,
            passes: number(parts.next()?.strip_prefix("t=")?)?,
            lanes: number(parts.next()?.strip_prefix("p=")?)?,
        };
        parts.next().is_none().then_some(cost)
    }
}

/// A decimal number without sign or leading zero.
fn number(digits: &str) -> Option<u32> {
    let plain = digits.bytes().all(|c| c.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| plain)?;
    (number == 0 || !digits.starts_with('0')).then_some(number)
}

impl FromStr for Cost {
    type Err = String;

    /// Reads the written form and checks it against the ceilings; the error says what is allowed.
    fn from_str(text: &str) -> Result<Self, String> {
        let cost = Self::parse(text).ok_or_else(|| "a hash cost is written m=65536,t=4,p=3".to_owned())?;
        cost.check()?;
        Ok(cost)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory_kib, passes, lanes } = self;
        write!(f, "m={memory_kib},t={passes},p={lanes}")
    }
}
