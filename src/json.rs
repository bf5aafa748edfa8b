//! Reading JSON that came from outside.
//!
//! Numbers keep all their digits (an exponent may gain a sign: `1e5` becomes `1e+5`), for which serde_json hands them
//! around inside, as objects with a key of its own. A request that used such a key would be read as something it does not
//! say, and could make the reader call itself without a bound. So keys are looked at before the reader sees them, and
//! nesting is counted. So are values, each of which takes many times the memory of its text.

use serde::Deserialize as _;
use serde_json::Value;

/// Levels that JSON may nest.
pub const DEPTH_MAX: usize = 512;

/// Values that JSON may hold: more than fit into preferences, which are 65,535 bytes.
pub const VALUES_MAX: usize = 100_000;

/// How the keys begin that serde_json keeps for itself.
const RESERVED: &str = "$serde_json::private::";

/// Reads one JSON value of at most 512 levels and 100,000 values in all.
///
/// # Errors
/// What is wrong and where, as the rest of a sentence.
pub fn parse(text: &[u8]) -> Result<Value, String> {
    survey(text)?;
    let mut reader = serde_json::Deserializer::from_slice(text);
    // The depth has been counted.
    reader.disable_recursion_limit();
    Value::deserialize(&mut reader).and_then(|value| reader.end().map(|()| value)).map_err(|error| error.to_string())
}

/// Walks over the text once. What is not JSON is left for the reader to refuse.
fn survey(text: &[u8]) -> Result<(), String> {
    let (mut at, mut depth, mut values) = (0, 0_usize, 1);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                let end = end_of_string(text, at + 1);
                let after = text.get(end + 1..).unwrap_or_default().trim_ascii_start();
                if after.first() == Some(&b':') && is_reserved(text.get(at + 1..end).unwrap_or_default()) {
                    return Err(format!("the key at byte {at} begins with {RESERVED}, which no key may"));
                }
                at = end;
            }
            b',' => values += 1,
            b'[' | b'{' => {
                depth += 1;
                values += 1;
                if depth > DEPTH_MAX {
                    return Err(format!("it nests deeper than {DEPTH_MAX} levels"));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if values > VALUES_MAX {
            return Err(format!("it holds more than {VALUES_MAX} values"));
        }
        at += 1;
    }
    Ok(())
}

/// The place of the quote that ends the string which begins at `at`.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// Whether a string begins like a reserved key, in whatever way its characters are written.
fn is_reserved(mut string: &[u8]) -> bool {
    for wanted in RESERVED.bytes() {
        let (found, rest) = match string {
            [b'\\', b'u', a, b, c, d, rest @ ..] => (hexadecimal([*a, *b, *c, *d]), rest),
            // None of the wanted characters has a short escape.
            [b'\\', ..] | [] => return false,
            [byte, rest @ ..] => (Some(u32::from(*byte)), rest),
        };
        if found != Some(u32::from(wanted)) {
            return false;
        }
        string = rest;
    }
    true
}

fn hexadecimal(digits: [u8; 4]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nesting_is_counted_outside_of_strings() {
        let nest = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nest(512).as_bytes()).is_ok());
        assert!(parse(nest(513).as_bytes()).unwrap_err().contains("512"));
        assert!(parse(nest(1_000_000).as_bytes()).is_err());
        assert!(parse(format!("{{\"a\":\"{}\\\"[\"}}", "[".repeat(1000)).as_bytes()).is_ok());
    }

    #[test]
    fn values_are_counted_outside_of_strings() {
        let list = |values: usize| format!("[{}0]", "0,".repeat(values - 1));
        assert!(parse(list(VALUES_MAX - 1).as_bytes()).is_ok());
        assert!(parse(list(VALUES_MAX).as_bytes()).unwrap_err().contains("100000 values"));
        assert!(parse(format!("[{}[]]", "[],".repeat(VALUES_MAX / 2)).as_bytes()).is_err());
        assert!(parse(format!("\"{}\"", ",".repeat(VALUES_MAX * 2)).as_bytes()).is_ok());
    }

    #[test]
    fn reserved_keys_are_refused_however_they_are_written() {
        for key in [
            "$serde_json::private::Number",
            "$serde_json::private::RawValue",
            "\\u0024serde_json::private::RawValue",
            "\\u0024\\u0073erde_json:\\u003a\\u0070rivate::Number",
            "$serde_json::private::",
        ] {
            for text in [
                format!("{{\"{key}\":\"1\"}}"),
                format!("{{\"a\":[{{\"{key}\" \n:\"1\"}}]}}"),
                format!("{{\"a\\\"b\":1,\"{key}\":1}}"),
            ] {
                assert!(parse(text.as_bytes()).unwrap_err().contains("$serde_json"), "{text}");
            }
        }
        for text in
            ["{\"a\":\"$serde_json::private::Number\"}", "[\"$serde_json::private::\"]", "{\"$serde_json::x\":1}"]
        {
            assert_eq!(parse(text.as_bytes()).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_string_cannot_smuggle_json_that_is_read_again() {
        // Each level hides the next one in a string, with its quotes escaped once more.
        let mut body = "1".to_owned();
        for _ in 0..10 {
            let inner = body.replace('\\', "\\u005c").replace('"', "\\u0022");
            body = format!(
                "{}{{\"\\u0024serde_json::private::RawValue\":\"{inner}\"}}{}",
                "[".repeat(120),
                "]".repeat(120)
            );
        }
        assert!(parse(body.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(
            keys in prop::collection::vec("[a-z$_:\\\\\"é\u{1F600}]{0,6}", 0..6),
            numbers in prop::collection::vec("-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,9})?", 6),
        ) {
            let object: serde_json::Map<String, Value> = keys
                .iter()
                .zip(&numbers)
                .map(|(key, number)| (key.clone(), serde_json::from_str(number).unwrap()))
                .collect();
            let text = Value::Object(object.clone()).to_string();
            prop_assert_eq!(parse(text.as_bytes()), Ok(Value::Object(object)));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_text_like_json_makes_it_panic(text in "[\\[\\]{}\":,\\\\u0-4nte$ ]{0,120}") {
            let _ = parse(text.as_bytes());
        }
    }
}
