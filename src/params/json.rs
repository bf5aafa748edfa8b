//! Preferences and labels.

use serde_json::{Value, json};

use super::reader::{Param, Reason, text, type_name};

/// Bytes of the longest preferences, as compact JSON.
const PREFS_MAX: usize = 65_535;

/// Preferences: any JSON object of at most 65,535 bytes of compact JSON, kept as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefs(pub String);

impl Param for Prefs {
    fn schema() -> Value {
        json!({
            "type": "object",
            "description": format!("At most {PREFS_MAX} bytes of compact JSON."),
            "examples": [{ "theme": "dark" }],
        })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        match value {
            Value::Object(_) => {}
            // What a PHP client makes of an empty object.
            Value::Array(list) if list.is_empty() => return Ok(Self("{}".into())),
            other => return Err(format!("must be an object, not {}.", type_name(other)).into()),
        }
        if has_nul(value) {
            return Err("must not contain the character U+0000.".into());
        }
        let compact = value.to_string();
        if compact.len() > PREFS_MAX {
            return Err(format!("must be at most {PREFS_MAX} bytes of compact JSON, and is {}.", compact.len()).into());
        }
        Ok(Self(compact))
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Labels a user may have.
const LABELS_MAX: usize = 100;

/// Characters of the longest label.
const LABEL_MAX: usize = 36;

/// Up to 100 labels of 1 to 36 ASCII letters and digits; a repeated one counts, and is then dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels(pub Vec<String>);

impl Param for Labels {
    fn schema() -> Value {
        json!({
            "type": "array",
            "maxItems": LABELS_MAX,
            "items": { "type": "string", "pattern": format!("^[A-Za-z0-9]{{1,{LABEL_MAX}}}$") },
            "examples": [["vip"]],
        })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let Value::Array(list) = value else {
            return Err(format!("must be a list of texts, not {}.", type_name(value)).into());
        };
        if list.len() > LABELS_MAX {
            return Err(format!("must have at most {LABELS_MAX} entries, and has {}.", list.len()).into());
        }
        let mut labels: Vec<String> = Vec::with_capacity(list.len());
        for (n, value) in list.iter().enumerate() {
            let label = text(value).map_err(|reason| format!("has a wrong entry {n}, which {reason}"))?;
            let fits = (1..=LABEL_MAX).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric());
            if !fits {
                return Err(
                    format!("has a wrong entry {n}, which must be 1 to {LABEL_MAX} ASCII letters and digits.").into()
                );
            }
            if !labels.iter().any(|known| known == label) {
                labels.push(label.to_owned());
            }
        }
        Ok(Self(labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn preferences_are_kept_as_sent() {
        let sent = r#"{"z":1.0,"a":{"":{},"$id":[]},"0":123456789012345678901234567890,"1":1e+400,"é":"/"}"#;
        let value: Value = serde_json::from_str(sent).unwrap();
        assert_eq!(Prefs::parse(&value), Ok(Prefs(sent.to_owned())));
        assert_eq!(Prefs::parse(&json!([])), Ok(Prefs("{}".into())));
    }

    #[test]
    fn preferences_have_an_exact_limit() {
        let of = |bytes: usize| json!({ "a": "x".repeat(bytes - r#"{"a":""}"#.len()) });
        assert!(Prefs::parse(&of(65_535)).is_ok());
        assert!(Prefs::parse(&of(65_536)).is_err());
        for value in [json!("x"), json!(1), json!(null), json!([1]), json!({"a": ["\u{0}"]}), json!({"\u{0}": 1})] {
            assert!(Prefs::parse(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn labels_lose_repetitions_and_keep_their_order() {
        assert_eq!(Labels::parse(&json!(["vip", "Pro1", "vip"])), Ok(Labels(vec!["vip".into(), "Pro1".into()])));
        assert!(Labels::parse(&json!(vec!["a"; 100])).is_ok());
        assert!(Labels::parse(&json!(["a".repeat(36)])).is_ok());
        for value in [
            json!(vec!["a"; 101]),
            json!(["a".repeat(37)]),
            json!([""]),
            json!(["a-b"]),
            json!(["ä"]),
            json!([1]),
            json!({"0": "a"}),
            json!("a"),
            json!(null),
            json!(["a\u{0}"]),
        ] {
            assert!(Labels::parse(&value).is_err(), "{value}");
        }
    }
}
