//! `X-Appwrite-Response-Format`: which generation of models a client was built for.

use std::borrow::Cow;
use std::cmp::Ordering;

use axum::http::HeaderMap;

use super::client;

/// The version that a client asks for; none means the newest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Format(Option<String>);

impl Format {
    /// What the header says, however odd.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self(client::text(headers, &client::FORMAT).map(Cow::into_owned))
    }

    /// Whether the client is older than `version`, by the rule of PHP's `version_compare`: pieces at dots, fewer
    /// pieces are older, and a piece that is no number is older than one that is.
    #[must_use]
    pub fn before(&self, version: &str) -> bool {
        self.0.as_deref().is_some_and(|mine| compare(mine, version) == Ordering::Less)
    }

    /// Whether the client is newer than `version`.
    #[must_use]
    pub fn after(&self, version: &str) -> bool {
        self.0.as_deref().is_some_and(|mine| compare(mine, version) == Ordering::Greater)
    }
}

fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (pieces(a), pieces(b));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            // 1.4.0-rc is before 1.4.0, and 1.4 is before 1.4.0.
            (Some(Piece::Word), None) => return Ordering::Less,
            (Some(Piece::Number(_)), None) => return Ordering::Greater,
            (None, Some(Piece::Word)) => return Ordering::Greater,
            (None, Some(Piece::Number(_))) => return Ordering::Less,
            (Some(a), Some(b)) => match a.cmp(&b) {
                Ordering::Equal => {}
                different => return different,
            },
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Word,
    Number(u64),
}

/// Runs of digits are numbers and runs of letters are words; everything else only separates them.
fn pieces(version: &str) -> impl Iterator<Item = Piece> {
    let kind = |c: char| {
        if c.is_ascii_digit() {
            0
        } else if c.is_alphabetic() {
            1
        } else {
            2
        }
    };
    let mut rest = version;
    std::iter::from_fn(move || {
        loop {
            let first = rest.chars().next()?;
            let (piece, after) = rest.split_at(rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len()));
            rest = after;
            match kind(first) {
                0 => return Some(Piece::Number(piece.parse().unwrap_or(u64::MAX))),
                1 => return Some(Piece::Word),
                _ => {}
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(mine: &str, version: &str) -> bool {
        Format(Some(mine.to_owned())).before(version)
    }

    #[test]
    fn versions_compare_as_in_php() {
        for older in ["1.4.0", "1.4", "1.4.14", "1", "v1.9.0", "abc", "1.5.0-rc1", "1.5", "-", "0.15.3", "💥"] {
            assert!(before(older, "1.5.0"), "{older}");
        }
        for newer in ["1.5.0", "1.5.1", "1.10.0", "2.6.2", "9999999999999999999999.0", "1.5.0.0"] {
            assert!(!before(newer, "1.5.0"), "{newer}");
        }
        assert!(!Format(None).before("1.5.0"));
        assert!(Format(Some("2.7.0".into())).after("2.6.2"));
        assert!(!Format(Some("2.6.2".into())).after("2.6.2"));
    }
}
