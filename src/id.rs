//! Ids: those that Usher makes.

use crate::clock::{Clock, Millis};
use crate::secret::random;

/// The id that stands in for `unique()`: 20 lower-case hexadecimal characters, of which 8 are seconds, 5 are
/// microseconds and 7 are random, so that ids made later sort later.
#[must_use]
pub fn unique(clock: &Clock) -> String {
    of_micros(clock.micros())
}

/// As [`unique`], for something that is made at a moment which is known already.
#[must_use]
pub fn at(moment: Millis) -> String {
    of_micros(moment.0.saturating_mul(1000))
}

fn of_micros(micros: i64) -> String {
    let [a, b, c, d] = random::<4>();
    let tail = u32::from_be_bytes([a, b, c, d]) >> 4;
    format!("{:08x}{:05x}{tail:07x}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Millis;
    use std::time::Duration;

    #[test]
    fn ids_have_twenty_hex_characters_and_sort_by_time() {
        let clock = Clock::frozen(Millis::parse("2026-01-02T03:04:05.678Z").unwrap());
        let first = unique(&clock);
        clock.advance(Duration::from_millis(1));
        let second = unique(&clock);
        assert_eq!(first.len(), 20);
        assert!(first.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        assert!(first < second, "{first} {second}");
        assert_eq!(&first[..13], "695735a5a5870");
    }
}
