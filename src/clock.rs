//! Time: where "now" comes from, and how a moment is stored and printed.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike as _, NaiveDateTime, SecondsFormat, Timelike as _, Utc};
use serde::{Deserialize, Serialize};

/// A moment in milliseconds since the epoch, UTC: the resolution of the wire format and of every stored time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Millis(pub i64);

/// The form of [`Millis::compact`].
const COMPACT: &str = "%Y%m%dT%H%M%SZ";

impl Millis {
    /// The moment `by` later, or the last one that can be written down.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The moment `by` earlier, or the first one that can be written down.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The form in names of files, to the second: `20260102T030405Z`.
    #[must_use]
    pub fn compact(self) -> String {
        let at = DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or_default();
        at.format(COMPACT).to_string()
    }

    /// Reads exactly that form.
    #[must_use]
    pub fn parse_compact(text: &str) -> Option<Self> {
        let at = Self(NaiveDateTime::parse_from_str(text, COMPACT).ok()?.and_utc().timestamp_millis());
        Some(at).filter(|at| at.compact() == text)
    }

    /// Reads an RFC 3339 text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| Self(at.timestamp_millis()))
    }
}

/// The wire format: `2026-01-02T03:04:05.678+00:00`, always with milliseconds and never with `Z`.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written(|text| f.write_str(text))
    }
}

impl Millis {
    /// Hands over the wire format, empty for what is no date. A list shows hundreds of moments, so they are written digit
    /// by digit into a text of a known form.
    pub fn written<T>(self, to: impl FnOnce(&str) -> T) -> T {
        let Some(at) = DateTime::<Utc>::from_timestamp_millis(self.0) else { return to("") };
        let Some(year) = u32::try_from(at.year()).ok().filter(|year| *year < 10_000) else {
            return to(&at.to_rfc3339_opts(SecondsFormat::Millis, false));
        };
        let mut text = *b"0000-00-00T00:00:00.000+00:00";
        put(&mut text[..4], year);
        put(&mut text[5..7], at.month());
        put(&mut text[8..10], at.day());
        put(&mut text[11..13], at.hour());
        put(&mut text[14..16], at.minute());
        put(&mut text[17..19], at.second());
        put(&mut text[20..23], at.timestamp_subsec_millis());
        to(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Fills a place with the last digits of a number.
fn put(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// The only source of "now". The system's clock, or one that stands still until it is moved, for tests.
#[derive(Debug)]
pub struct Clock(Source);

#[derive(Debug)]
enum Source {
    System,
    Frozen(AtomicI64),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `at` until [`Clock::advance`] moves it.
    #[must_use]
    pub const fn frozen(at: Millis) -> Self {
        Self(Source::Frozen(AtomicI64::new(at.0)))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Millis {
        Millis(self.micros() / 1000)
    }

    /// The present moment in microseconds since the epoch, for ids that sort by time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn micros(&self) -> i64 {
        match &self.0 {
            Source::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
            }
            Source::Frozen(at) => at.load(Ordering::Relaxed).saturating_mul(1000),
        }
    }

    /// Moves a frozen clock on; the system's clock is left alone.
    pub fn advance(&self, by: Duration) {
        if let Source::Frozen(at) = &self.0 {
            at.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written_by_chrono(millis: i64) -> String {
        let at = DateTime::<Utc>::from_timestamp_millis(millis);
        at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, false)).unwrap_or_default()
    }

    #[test]
    fn years_of_four_digits_end_where_chrono_ends_them() {
        // Before the year 0, its first moment, the last one of 9999, after it, and what no calendar has.
        for millis in [-62_167_219_200_001, -62_167_219_200_000, 253_402_300_799_999, 253_402_300_800_000, i64::MAX] {
            assert_eq!(Millis(millis).to_string(), written_by_chrono(millis), "{millis}");
        }
        assert_eq!(Millis(253_402_300_799_999).to_string(), "9999-12-31T23:59:59.999+00:00");
    }

    proptest! {
        #[test]
        fn every_moment_is_written_as_chrono_writes_it(
            near in -62_200_000_000_000_i64..253_500_000_000_000,
            any in any::<i64>(),
        ) {
            for millis in [near, any] {
                prop_assert_eq!(Millis(millis).to_string(), written_by_chrono(millis));
            }
        }
    }

    #[test]
    fn the_wire_format_has_milliseconds_and_a_numeric_offset() {
        assert_eq!(Millis(0).to_string(), "1970-01-01T00:00:00.000+00:00");
        let at = Millis::parse("2026-01-02T04:04:05.678+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-01-02T03:04:05.678+00:00");
    }

    #[test]
    fn the_compact_form_is_read_exactly() {
        let at = Millis::parse("2026-01-02T03:04:05.678Z").unwrap();
        assert_eq!(at.compact(), "20260102T030405Z");
        assert_eq!(Millis::parse_compact("20260102T030405Z"), Some(Millis(at.0 - 678)));
        for other in [
            "",
            "20260102T030405",
            "20260102T030405z",
            "20260102T03045Z",
            " 20260102T030405Z",
            "20260230T030405Z",
            "+20260102T030405Z",
            "20260102T030405Z ",
            "020260102T030405Z",
            "20260102T030460Z",
        ] {
            assert_eq!(Millis::parse_compact(other), None, "{other:?}");
        }
    }

    #[test]
    fn moments_end_where_they_cannot_be_written_down() {
        let second = Duration::from_secs(1);
        assert_eq!((Millis(5000).plus(second), Millis(5000).minus(second)), (Millis(6000), Millis(4000)));
        assert_eq!((Millis(0).minus(second), Millis(i64::MIN).minus(second)), (Millis(-1000), Millis(i64::MIN)));
        assert_eq!(Millis(i64::MAX).plus(second), Millis(i64::MAX));
        assert_eq!(
            (Millis(0).plus(Duration::MAX), Millis(-2).minus(Duration::MAX)),
            (Millis(i64::MAX), Millis(i64::MIN))
        );
    }

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let clock = Clock::frozen(Millis(1000));
        assert_eq!((clock.now(), clock.now()), (Millis(1000), Millis(1000)));
        clock.advance(Duration::from_secs(2));
        assert_eq!(clock.now(), Millis(3000));
    }
}
