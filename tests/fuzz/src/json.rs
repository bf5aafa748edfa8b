//! JSON from outside, and preferences: what is accepted is kept as it was said.

use serde_json::Value;
use serde_json::value::RawValue;
use usher::json::{DEPTH_MAX, VALUES_MAX, parse};
use usher::params::{Param as _, Prefs};

/// How the keys begin that must not be in what is accepted.
const RESERVED: &str = "$serde_json::private::";

/// Bytes of the longest preferences.
const PREFS_MAX: usize = 65_535;

/// Reads an input as JSON.
pub fn run(input: &[u8]) {
    match parse(input) {
        Ok(value) => {
            let text = value.to_string();
            assert_eq!(parse(text.as_bytes()).as_ref(), Ok(&value), "{text}");
            says_the_same(input, &text);
            assert!(!is_reserved(&value), "{text}");
            assert!(depth(&value) <= DEPTH_MAX && values(&value) <= VALUES_MAX, "{text}");
            check_preferences(&value);
        }
        Err(reason) => {
            assert!(!reason.is_empty());
            // Keys that serde_json keeps for itself, however they are written, are not for it to judge.
            if !contains(input, br"\u") && !contains(input, RESERVED.as_bytes()) {
                // What is refused is no JSON, or too much of it.
                let large = input.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() >= VALUES_MAX;
                assert!(large || serde_json::from_slice::<Value>(input).is_err(), "{reason}");
            }
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Compares token by token: punctuation and words to the letter, texts by their characters, numbers by their digits.
fn says_the_same(input: &[u8], text: &str) {
    let input = std::str::from_utf8(input).expect("JSON is UTF-8");
    let (sent, kept) = (tokens(input), tokens(text));
    // Of equal keys the last counts, so that less is left than was sent.
    assert!(sent.len() >= kept.len(), "{input} became {text}");
    if sent.len() == kept.len() {
        assert_eq!(sent, kept, "{input} became {text}");
    }
}

/// The tokens of a text that is JSON.
fn tokens(text: &str) -> Vec<String> {
    let (mut tokens, mut rest) = (Vec::new(), text);
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let Some(first) = rest.chars().next() else { return tokens };
        let length = match first {
            '"' => string_length(rest),
            '[' | ']' | '{' | '}' | ',' | ':' => 1,
            _ => rest.find([' ', '\t', '\n', '\r', '[', ']', '{', '}', ',', ':', '"']).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(match first {
            '"' => format!("\"{}", serde_json::from_str::<String>(token).expect("a text of JSON")),
            // An exponent has a small letter and a sign, however it was written.
            _ => token.replace('E', "e").replace("e+", "e"),
        });
        rest = after;
    }
}

/// Bytes of the string at the beginning, with both of its quotes.
fn string_length(text: &str) -> usize {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return at + 1,
            _ => {}
        }
    }
    panic!("a string of JSON ends")
}

/// Values inside each other, one by one: nothing here recurses, however deep they are.
fn levels(value: &Value) -> impl Iterator<Item = Vec<&Value>> {
    std::iter::successors(Some(vec![value]), |level: &Vec<&Value>| {
        let next: Vec<&Value> = level
            .iter()
            .flat_map(|value| match value {
                Value::Array(list) => list.iter().collect::<Vec<_>>(),
                Value::Object(map) => map.values().collect(),
                _ => Vec::new(),
            })
            .collect();
        Some(next).filter(|next| !next.is_empty())
    })
}

/// How many lists and objects are inside each other.
fn depth(value: &Value) -> usize {
    levels(value).filter(|level| level.iter().any(|value| value.is_array() || value.is_object())).count()
}

fn values(value: &Value) -> usize {
    levels(value).map(|level| level.len()).sum()
}

fn is_reserved(value: &Value) -> bool {
    let reserved = |value: &Value| value.as_object().is_some_and(|map| map.keys().any(|key| key.starts_with(RESERVED)));
    levels(value).any(|level| level.into_iter().any(reserved))
}

/// Accepted preferences are stored as a text and shown as the JSON that it is.
fn check_preferences(value: &Value) {
    let Ok(Prefs(stored)) = Prefs::parse(value) else { return };
    assert!(stored.len() <= PREFS_MAX && !stored.contains('\0'), "{stored}");
    let shown = RawValue::from_string(stored.clone()).expect("preferences are JSON");
    assert_eq!(shown.get(), stored);
    let again = parse(stored.as_bytes()).expect("preferences can be sent again");
    match value {
        Value::Array(_) => assert_eq!(stored, "{}"),
        value => assert_eq!(&again, value),
    }
    assert_eq!(Prefs::parse(&again), Ok(Prefs(stored)));
}
