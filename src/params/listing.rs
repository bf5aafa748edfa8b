//! Parameters of lists.

use serde_json::{Value, json};

use super::reader::{Param, Reason, text, type_name};
use super::scalar::Text;
use crate::query::{MAX_QUERIES, MAX_QUERY_CHARS};
use crate::store::search::Terms;

/// `queries`: a list of texts, each a query. What they mean is for [`crate::query`] to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queries(pub Vec<String>);

impl Param for Queries {
    fn schema() -> Value {
        json!({
            "type": "array",
            "maxItems": MAX_QUERIES,
            "items": { "type": "string", "maxLength": MAX_QUERY_CHARS },
            "examples": [[r#"{"method":"limit","values":[25]}"#]],
        })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let values: Vec<&Value> = match value {
            Value::Array(list) => list.iter().collect(),
            // Written as queries[a]=…: the keys do not matter.
            Value::Object(map) => map.values().collect(),
            other => {
                return Err(format!(
                    "must be a list of texts, such as queries[0]=…&queries[1]=…, not {}.",
                    type_name(other)
                )
                .into());
            }
        };
        let read = |(n, value): (usize, &Value)| match text(value) {
            Ok(query) => Ok(query.to_owned()),
            Err(reason) => Err(format!("has a wrong entry {n}, which {reason}").into()),
        };
        values.into_iter().enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }
}

/// `search`: 1 to 256 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search(pub Terms);

impl Param for Search {
    fn schema() -> Value {
        Text::<1, 256>::schema()
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        Text::<1, 256>::parse(value).map(|text| Self(Terms::read(&text.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn queries_are_a_list_of_texts() {
        assert_eq!(Queries::parse(&json!(["a", "b"])), Ok(Queries(vec!["a".into(), "b".into()])));
        assert_eq!(Queries::parse(&json!({"x": "a"})), Ok(Queries(vec!["a".into()])));
        for value in [json!("a"), json!(""), json!([["a"]]), json!([{"method": "limit"}]), json!([1]), json!(["\u{0}"])]
        {
            assert!(Queries::parse(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_search_has_1_to_256_characters() {
        assert!(Search::parse(&json!("x".repeat(256))).is_ok());
        assert!(Search::parse(&json!("x".repeat(257))).is_err());
        assert!(Search::parse(&json!("")).is_err());
    }
}
