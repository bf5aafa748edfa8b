//! Writes named values as forms: URL-encoded, and in parts.

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Map, Value};

/// What stands between the parts of a form.
const BOUNDARY: &str = "between-parts";

/// The texts by their full names, such as `a[b][0]`, in their order.
pub fn pairs(values: &Map<String, Value>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, value) in values {
        collect(name.clone(), value, &mut pairs);
    }
    pairs
}

fn collect(name: String, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => pairs.push((name, text.clone())),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, value)| collect(format!("{name}[{n}]"), value, pairs));
        }
        Value::Object(map) => map.iter().for_each(|(key, value)| collect(format!("{name}[{key}]"), value, pairs)),
        other => panic!("a form has texts only, not {other}"),
    }
}

/// The pairs as a query string.
pub fn encoded(pairs: &[(String, String)]) -> String {
    let encode = |text: &str| percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = pairs.iter().map(|(name, text)| format!("{}={}", encode(name), encode(text))).collect();
    pairs.join("&")
}

/// The content type and the bytes of a form in parts. `None` when a name cannot be written in a header without an
/// encoding, or a text holds what stands between the parts.
pub fn multipart(pairs: &[(String, String)]) -> Option<(String, Vec<u8>)> {
    let plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-[]$".contains(&b));
    if pairs.is_empty() || !pairs.iter().all(|(name, text)| plain(name) && !text.contains(BOUNDARY)) {
        return None;
    }
    let mut body = String::new();
    for (name, text) in pairs {
        body += &format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    }
    body += &format!("--{BOUNDARY}--\r\n");
    Some((format!("multipart/form-data; boundary={BOUNDARY}"), body.into_bytes()))
}
