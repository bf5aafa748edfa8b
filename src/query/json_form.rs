//! The JSON form: one object with `method`, `attribute` and `values`.
//!
//! `attribute` and `values` may be missing or null, other keys are ignored, the last of equal keys counts. An object
//! in place of the list of values is read as the list of its members. `and` and `or` hold further objects.

use serde_json::{Map, Value as Json};

use super::raw::{Fault, Method, Query, Value};

/// Reads one query in the JSON form.
///
/// Recursion is bounded by the depth that JSON may have.
pub(super) fn read(text: &str) -> Result<Query, Fault> {
    match crate::json::parse(text.as_bytes()) {
        Ok(Json::Object(object)) => query(object),
        Ok(_) => Err(Fault::argument("a query in JSON is an object")),
        Err(error) => Err(Fault::argument(format!("not valid JSON: {error}"))),
    }
}

fn query(mut object: Map<String, Json>) -> Result<Query, Fault> {
    let method = match object.remove("method") {
        Some(Json::String(name)) => Method::named(&name)?,
        Some(_) => return Err(Fault::argument("`method` has to be text")),
        None => return Err(Fault::argument("`method` is missing")),
    };
    let attribute = match object.remove("attribute") {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(name)) => name,
        Some(_) => return Err(Fault::argument("`attribute` has to be text")),
    };
    let values = match object.remove("values") {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(list)) => list,
        Some(Json::Object(members)) => members.into_iter().map(|(_, value)| value).collect(),
        Some(_) => return Err(Fault::argument("`values` has to be a list")),
    };
    let values = if matches!(method, Method::And | Method::Or) {
        values.into_iter().enumerate().map(|(index, json)| child(json).map_err(|f| f.in_child(index))).collect()
    } else {
        Ok(values.iter().map(value).collect())
    }?;
    Ok(Query { method, attribute, values })
}

/// Reads a member of `and` or `or`. What is no object passes, for the checker to refuse with all the other values.
fn child(json: Json) -> Result<Value, Fault> {
    match json {
        Json::Object(object) => query(object).map(Value::Query),
        other => Ok(value(&other)),
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(written) => number(written.as_str()),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(_) => Value::List,
        Json::Object(_) => Value::Object,
    }
}

/// Types a JSON number by how it is written: a decimal point or an exponent makes a fraction, even of `7.0`.
fn number(text: &str) -> Value {
    let digits = text.strip_prefix('-').unwrap_or(text);
    match text.parse() {
        Ok(value) => Value::Integer(value),
        Err(_) if !digits.bytes().all(|byte| byte.is_ascii_digit()) => Value::Fraction,
        Err(_) if digits.len() < text.len() => Value::Integer(i64::MIN),
        Err(_) => Value::Integer(i64::MAX),
    }
}
