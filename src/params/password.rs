//! Passwords: new ones in plain text, and imported hashes.

use serde_json::{Value, json};

use super::reader::{Param, Reader, Reason, invalid, text};
use crate::error::Result;
use crate::secret::Hidden;

/// Bytes of the shortest and of the longest new password.
const PLAIN: std::ops::RangeInclusive<usize> = 8..=256;

/// Bytes of the shortest and of the longest password that may be known.
const KNOWN: std::ops::RangeInclusive<usize> = 1..=256;

/// Bytes of the shortest and of the longest imported hash.
const HASH: std::ops::RangeInclusive<usize> = 8..=4096;

/// A new password of 8 to 256 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPassword(pub Hidden<String>);

impl Param for NewPassword {
    fn schema() -> Value {
        secret(&PLAIN, "correct horse battery")
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        sized(text(value)?, &PLAIN, "bytes").map(Self)
    }
}

impl NewPassword {
    /// Refuses a password that is a word of the project's dictionary.
    ///
    /// # Errors
    /// 400 `general_argument_invalid` that names the parameter.
    pub fn check(self, name: &str, reader: &Reader<'_>) -> Result<Self> {
        match reader.dictionary() {
            Some(words) if words.contains(&self.0.0) => {
                Err(invalid(name, "must not be one of the most used passwords of this project's dictionary."))
            }
            _ => Ok(self),
        }
    }
}

/// A password that is to be recognised. Imported users may have short ones: 1 to 256 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyPassword(pub Hidden<String>);

impl Param for AnyPassword {
    fn schema() -> Value {
        secret(&KNOWN, "correct horse battery")
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        sized(text(value)?, &KNOWN, "bytes").map(Self)
    }
}

/// The text of a hash that was made elsewhere; its form is for the [`crate::hashing`] module to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashText(pub Hidden<String>);

impl Param for HashText {
    fn schema() -> Value {
        secret(&HASH, "5f4dcc3b5aa765d61d8327deb882cf99")
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        sized(text(value)?, &HASH, "bytes").map(Self)
    }
}

/// The limits are in bytes, and JSON Schema counts characters, of at most four bytes: what it allows may still be too long or
/// too short.
fn secret(range: &std::ops::RangeInclusive<usize>, example: &str) -> Value {
    json!({
        "type": "string",
        "format": "password",
        "minLength": range.start().div_ceil(4),
        "maxLength": range.end(),
        "description": format!("{} to {} bytes of UTF-8.", range.start(), range.end()),
        "examples": [example],
    })
}

fn sized(text: &str, range: &std::ops::RangeInclusive<usize>, unit: &str) -> Result<Hidden<String>, Reason> {
    if range.contains(&text.len()) {
        return Ok(Hidden(text.to_owned()));
    }
    Err(format!("must be {} to {} {unit} long.", range.start(), range.end()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn passwords_are_counted_in_bytes() {
        for password in ["12345678".to_owned(), "ä".repeat(4), "x".repeat(256)] {
            assert!(NewPassword::parse(&json!(password)).is_ok());
        }
        for password in [String::new(), "1234567".into(), "x".repeat(257), "pass\u{0}word".into()] {
            assert!(NewPassword::parse(&json!(password)).is_err());
        }
        assert!(NewPassword::parse(&json!(12_345_678)).is_err());
        assert!(AnyPassword::parse(&json!("x")).is_ok() && AnyPassword::parse(&json!("x".repeat(256))).is_ok());
        assert!(AnyPassword::parse(&json!("")).is_err() && AnyPassword::parse(&json!("x".repeat(257))).is_err());
        assert!(HashText::parse(&json!("x".repeat(4096))).is_ok());
        assert!(HashText::parse(&json!("x".repeat(4097))).is_err());
    }
}
