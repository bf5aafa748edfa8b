//! Texts of limited length, booleans and integers.

use serde_json::{Value, json};

use super::reader::{Param, Reason, text, type_name};

/// A text of `MIN` to `MAX` characters (Unicode code points).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<const MIN: usize, const MAX: usize>(pub String);

impl<const MIN: usize, const MAX: usize> Param for Text<MIN, MAX> {
    fn schema() -> Value {
        json!({ "type": "string", "minLength": MIN, "maxLength": MAX, "examples": ["text".repeat(MIN.div_ceil(4).max(1))] })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let text = text(value)?;
        // Counting stops just past the limit, however long the text is.
        let length = text.chars().take(MAX + 1).count();
        if (MIN..=MAX).contains(&length) {
            return Ok(Self(text.to_owned()));
        }
        Err(match MIN {
            0 => format!("must be at most {MAX} characters long."),
            _ => format!("must be {MIN} to {MAX} characters long."),
        }
        .into())
    }
}

/// A boolean. Texts and numbers count by their meaning: `"false"`, `"False"`, `"0"` and `0` are false.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag(pub bool);

impl Param for Flag {
    fn schema() -> Value {
        json!({ "type": "boolean", "examples": [true] })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let number = match value {
            Value::Number(number) => number.as_i64(),
            _ => None,
        };
        match (value, value.as_str(), number) {
            (Value::Bool(truth), ..) => Ok(Self(*truth)),
            // Some Python SDKs write booleans of the query string with a capital.
            (_, Some("true" | "True" | "1"), _) | (.., Some(1)) => Ok(Self(true)),
            (_, Some("false" | "False" | "0"), _) | (.., Some(0)) => Ok(Self(false)),
            (Value::String(_) | Value::Number(_), ..) => Err("must be true or false.".into()),
            (other, ..) => Err(format!("must be true or false, not {}.", type_name(other)).into()),
        }
    }
}

/// A whole number of 64 bits. `8.0` is whole: Python clients send it when their caller wrote it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Integer(pub i64);

impl Param for Integer {
    fn schema() -> Value {
        json!({ "type": "integer", "format": "int64", "examples": [64] })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let Value::Number(number) = value else {
            return Err(format!("must be a whole number, not {}.", type_name(value)).into());
        };
        let whole = number.as_i64().or_else(|| {
            let text = number.to_string();
            let (whole, fraction) = text.split_once('.')?;
            fraction.bytes().all(|b| b == b'0').then(|| whole.parse().ok())?
        });
        whole.map(Self).ok_or_else(|| "must be a whole number of at most 64 bits.".into())
    }
}

/// A whole number of `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const MIN: u32, const MAX: u32>(pub u32);

impl<const MIN: u32, const MAX: u32> Param for Whole<MIN, MAX> {
    fn schema() -> Value {
        json!({ "type": "integer", "minimum": MIN, "maximum": MAX, "examples": [MIN] })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let number = u32::try_from(Integer::parse(value)?.0).ok().filter(|number| (MIN..=MAX).contains(number));
        number.map(Self).ok_or_else(|| format!("must be a whole number from {MIN} to {MAX}.").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_counted_in_characters() {
        assert!(Text::<1, 3>::parse(&json!("äöü")).is_ok());
        for refused in [json!(""), json!("abcd"), json!(5), json!(null), json!(["a"]), json!("a\u{0}")] {
            assert!(Text::<1, 3>::parse(&refused).is_err(), "{refused}");
        }
        assert!(Text::<0, 3>::parse(&json!("")).is_ok());
    }

    #[test]
    fn booleans_count_by_their_meaning() {
        for (truth, values) in [
            (true, [json!(true), json!("true"), json!("True"), json!("1"), json!(1)]),
            (false, [json!(false), json!("false"), json!("False"), json!("0"), json!(0)]),
        ] {
            for value in values {
                assert_eq!(Flag::parse(&value), Ok(Flag(truth)), "{value}");
            }
        }
        for value in [json!("yes"), json!(""), json!(2), json!(1.5), json!(null), json!([true]), json!({})] {
            assert!(Flag::parse(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn whole_numbers_have_limits() {
        for (value, number) in [(json!(4), 4), (json!(128), 128), (json!(64.0), 64)] {
            assert_eq!(Whole::<4, 128>::parse(&value), Ok(Whole(number)));
        }
        for value in [json!(3), json!(129), json!(-4), json!(5_000_000_000_i64), json!(64.5), json!("64"), json!(null)]
        {
            assert!(Whole::<4, 128>::parse(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn integers_are_whole() {
        let read = |text: &str| Integer::parse(&serde_json::from_str(text).unwrap()).ok();
        assert_eq!(read("16384"), Some(Integer(16384)));
        assert_eq!(read("-3"), Some(Integer(-3)));
        assert_eq!(read("64.0"), Some(Integer(64)));
        assert_eq!(read("9223372036854775807"), Some(Integer(i64::MAX)));
        for text in ["64.5", "9223372036854775808", "\"64\"", "null", "true", "\"\"", "1e400"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
