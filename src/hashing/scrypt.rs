//! scrypt (RFC 7914) with the parameters beside the hash, as the endpoint for it takes them.
//!
//! The names mislead: `passwordCpu` is N itself and not its logarithm, `passwordMemory` is r,
//! `passwordParallel` is p, `passwordLength` the bytes of output. The salt is the text as it stands, never
//! decoded.

use ::scrypt::Params;
use subtle::ConstantTimeEq;

use super::{Description, HashError, Refused, hex};

/// Most memory of one hash, for the table (128·N·r bytes) and for the lanes (128·r·p bytes) each: 512 MiB.
const MAX_MEMORY: i64 = 512 << 20;
/// Most work of one hash, as N·r·p: about 4 s.
const MAX_WORK: i64 = 1 << 24;
/// Shortest and longest output in bytes. Below 16 a wrong password could pass by chance.
const LENGTH: std::ops::RangeInclusive<i64> = 16..=1024;

/// A stored scrypt hash whose parameters can be computed.
pub(super) struct Hash<'a> {
    params: Params,
    salt: &'a [u8],
    output: Vec<u8>,
}

impl<'a> Hash<'a> {
    /// Checks the four parameters and reads the text, `2 * length` lower-case hexadecimal digits.
    pub(super) fn parse(
        text: &str,
        salt: &'a str,
        (cpu, memory, parallel, length): (i64, i64, i64, i64),
    ) -> Result<Self, Refused> {
        let params = params(cpu, memory, parallel)?;
        if !LENGTH.contains(&length) {
            return Err(Refused::new(
                "passwordLength",
                format!("the length must be {} to {} bytes, not {length}", LENGTH.start(), LENGTH.end()),
            ));
        }
        let output = hex::decode(text).filter(|output| i64::try_from(output.len()) == Ok(length));
        let output = output.ok_or_else(|| {
            Refused::password(format!(
                "a scrypt hash of {length} bytes is {} lower-case hexadecimal digits",
                length * 2
            ))
        })?;
        Ok(Self { params, salt: salt.as_bytes(), output })
    }

    /// Whether `plain` has this output. Fails when the memory cannot be had.
    pub(super) fn matches(&self, plain: &[u8]) -> Result<bool, HashError> {
        let mut output = vec![0; self.output.len()];
        derive(&self.params, self.salt, plain, &mut output)?;
        Ok(output.ct_eq(&self.output).into())
    }

    pub(super) fn describe(&self) -> Description {
        Description::Scrypt { n: self.params.n(), r: self.params.r(), p: self.params.p() }
    }
}

/// Fills `output`. Fails when the memory cannot be had.
pub(super) fn derive(params: &Params, salt: &[u8], plain: &[u8], output: &mut [u8]) -> Result<(), HashError> {
    // The crate allocates its table itself, and a failure there would end the process. Asking first turns that
    // into a refusal wherever the system answers honestly.
    let table = params.n().saturating_mul(u64::from(params.r()) * 128);
    let available = usize::try_from(table).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok());
    if !available {
        return Err(HashError::Memory);
    }
    ::scrypt::scrypt(plain, salt, params, output).map_err(|error| HashError::Cost(error.to_string()))
}

/// N, r and p within their ranges and the ceilings. Factors of any size may meet here, hence the saturation.
fn params(n: i64, r: i64, p: i64) -> Result<Params, Refused> {
    let refuse = |field, reason: String| Err(Refused::new(field, reason));
    if n < 2 || n.count_ones() != 1 {
        return refuse("passwordCpu", format!("the cost N must be a power of two above 1, not {n}"));
    }
    if r < 1 {
        return refuse("passwordMemory", format!("the block size r must be at least 1, not {r}"));
    }
    if p < 1 {
        return refuse("passwordParallel", format!("the parallelism p must be at least 1, not {p}"));
    }
    let table = n.saturating_mul(r).saturating_mul(128);
    if table > MAX_MEMORY {
        // N alone can be too large; naming r as well tells which of the two to look at.
        let field = if n.saturating_mul(128) > MAX_MEMORY { "passwordCpu" } else { "passwordMemory" };
        return refuse(field, format!("the memory 128*N*r must be at most {MAX_MEMORY} bytes (N={n}, r={r})"));
    }
    let lanes = r.saturating_mul(p);
    if lanes.saturating_mul(128) > MAX_MEMORY || lanes.saturating_mul(n) > MAX_WORK {
        return refuse(
            "passwordParallel",
            format!("N*r*p must be at most {MAX_WORK}, and 128*r*p at most {MAX_MEMORY} bytes (N={n}, r={r}, p={p})"),
        );
    }
    let unusable = || Refused::new("passwordCpu", format!("N={n}, r={r}, p={p} do not go together"));
    let log_n = u8::try_from(n.trailing_zeros()).map_err(|_| unusable())?;
    let r = u32::try_from(r).map_err(|_| unusable())?;
    let p = u32::try_from(p).map_err(|_| unusable())?;
    Params::new(log_n, r, p).map_err(|_| unusable())
}
