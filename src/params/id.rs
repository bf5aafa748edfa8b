//! Ids that clients choose or name.

use serde_json::{Value, json};

use super::reader::{Param, Reason, text};
use crate::clock::Clock;
use crate::id::unique;

/// Characters of the longest id.
const MAX: usize = 36;

/// An id: 1 to 36 of `A-Z a-z 0-9 _ - .`, of which `_ - .` may not come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uid(pub String);

impl Param for Uid {
    fn schema() -> Value {
        json!({
            "type": "string",
            "minLength": 1,
            "maxLength": MAX,
            "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$",
            "examples": ["5e5ea5c16897e"],
        })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        check(text(value)?).map(|id| Self(id.to_owned()))
    }
}

/// The id of something that is about to be made: an id, or `unique()` for one that Usher makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomId {
    /// The client's choice.
    Given(String),
    /// Usher is to make one.
    Unique,
}

impl CustomId {
    /// The id, made now when the client leaves that to Usher.
    #[must_use]
    pub fn settle(self, clock: &Clock) -> String {
        match self {
            Self::Given(id) => id,
            Self::Unique => unique(clock),
        }
    }
}

impl Param for CustomId {
    fn schema() -> Value {
        json!({
            "type": "string",
            "minLength": 1,
            "maxLength": MAX,
            "pattern": r"^([A-Za-z0-9][A-Za-z0-9._-]*|(ID\.)?unique\(\))$",
            "description": "`unique()` has the server make one.",
            "examples": ["unique()", "5e5ea5c16897e"],
        })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        match text(value)? {
            // The second form is what the published documentation of one endpoint says.
            "unique()" | "ID.unique()" => Ok(Self::Unique),
            id => check(id).map(|id| Self::Given(id.to_owned())),
        }
    }
}

/// An id for a project. `console` is taken: on the wire it means "no project".
///
/// # Errors
/// What is wrong with it.
pub fn project_id(id: &str) -> Result<String, Reason> {
    match check(id)? {
        "console" => Err("`console` is the name of no project, choose another.".into()),
        id => Ok(id.to_owned()),
    }
}

fn check(id: &str) -> Result<&str, Reason> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let first = id.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
    if first && id.len() <= MAX && id.bytes().all(allowed) {
        return Ok(id);
    }
    Err(format!(
        "must be 1 to {MAX} characters long, of a-z, A-Z, 0-9, period, hyphen and underscore, and begin with a letter or a digit."
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_character_by_character() {
        let longest = "a".repeat(36);
        for id in ["a", "0", "A.b_c-9", &longest] {
            assert_eq!(Uid::parse(&Value::from(id)), Ok(Uid(id.to_owned())));
        }
        let too_long = "a".repeat(37);
        for id in ["", "_a", "-a", ".a", "$a", "a b", "a%20", "ä", "a\n", "a/b", "unique()", &too_long] {
            assert!(Uid::parse(&Value::from(id)).is_err(), "{id}");
        }
        for value in [Value::Null, Value::Bool(true), Value::from(5), Value::from(vec!["a"])] {
            assert!(Uid::parse(&value).is_err() && CustomId::parse(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn unique_has_two_spellings() {
        for id in ["unique()", "ID.unique()"] {
            assert_eq!(CustomId::parse(&Value::from(id)), Ok(CustomId::Unique));
        }
        assert!(CustomId::parse(&Value::from("unique( )")).is_err());
    }
}
