//! Dates in queries: text to milliseconds since the Unix epoch.

use chrono::{NaiveDate, NaiveTime};

/// What [`millis`] accepts, for messages.
pub(super) const FORMS: &str =
    "a date such as `2024-05-06`, `2024-05-06 07:08:09` or `2024-05-06T07:08:09.123+02:00`, in the years 0000 to 9999";

const MINUTE: i64 = 60_000;
/// First and last millisecond of the years 0000 to 9999 in UTC.
const RANGE: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// Reads RFC 3339, the same with a space between date and time or without an offset, and a date alone.
///
/// A missing offset means UTC, a missing time midnight. Digits beyond the millisecond are cut off. `None` for
/// everything else, and for a moment outside the years 0000 to 9999 in UTC.
pub(super) fn millis(text: &str) -> Option<i64> {
    let (date, rest) = date(text.as_bytes())?;
    let (time, rest) = if rest.is_empty() { (0, rest) } else { time(rest)? };
    let offset = offset(rest)?;
    let millis = date.and_time(NaiveTime::MIN).and_utc().timestamp_millis() + time - offset;
    RANGE.contains(&millis).then_some(millis)
}

/// `YYYY-MM-DD`.
fn date(text: &[u8]) -> Option<(NaiveDate, &[u8])> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix(b"-")?, 2)?;
    let (day, rest) = digits(rest.strip_prefix(b"-")?, 2)?;
    let date =
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
    Some((date, rest))
}

/// A separator and `HH:MM:SS` with an optional fraction, in milliseconds. A leap second counts as the next minute's
/// first.
fn time(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'T' | b't' | b' ', rest @ ..] = text else { return None };
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(b":")?, 2)?;
    let (second, rest) = digits(rest.strip_prefix(b":")?, 2)?;
    let (fraction, rest) = match rest.strip_prefix(b".") {
        None => (0, rest),
        Some(rest) => fraction(rest)?,
    };
    (hour < 24 && minute < 60 && second <= 60)
        .then_some(((hour * 60 + minute) * MINUTE + second * 1_000 + fraction, rest))
}

/// One digit or more after the decimal point, in whole milliseconds.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, rest) = text.split_at_checked(length)?;
    let millis = [100, 10, 1].iter().zip(fraction).map(|(unit, digit)| unit * i64::from(digit - b'0')).sum();
    (length > 0).then_some((millis, rest))
}

/// `Z`, `±HH:MM` or nothing, in milliseconds east of UTC. Has to end the text.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text {
        [] | b"Z" | b"z" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(b":")?, 2)?;
    (hour < 24 && minute < 60 && rest.is_empty()).then_some(sign * (hour * 60 + minute) * MINUTE)
}

/// Exactly `count` digits (few enough not to overflow) and what follows them.
fn digits(text: &[u8], count: usize) -> Option<(i64, &[u8])> {
    let (head, rest) = text.split_at_checked(count)?;
    let number = head
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))?;
    Some((number, rest))
}
