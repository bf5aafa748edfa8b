//! Time: where "now" comes from, and how a moment is stored and printed.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A moment in milliseconds since the epoch, UTC: the resolution of the wire format and of every stored time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Millis(pub i64);

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

    /// Reads an RFC 3339 text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| Self(at.timestamp_millis()))
    }
}

/// The wire format: `2026-01-02T03:04:05.678+00:00`, always with milliseconds and never with `Z`.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::Millis, false)),
            None => Ok(()),
        }
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

    #[test]
    fn the_wire_format_has_milliseconds_and_a_numeric_offset() {
        assert_eq!(Millis(0).to_string(), "1970-01-01T00:00:00.000+00:00");
        let at = Millis::parse("2026-01-02T04:04:05.678+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-01-02T03:04:05.678+00:00");
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
