//! What every answer is, whatever was asked.

use axum::http::response::Parts;
use axum::http::{HeaderMap, Method};
use serde_json::Value;
use usher::error::Kind;

/// The type of every error and of almost every other answer.
const JSON: &str = "application/json; charset=UTF-8";

/// Holds an answer against what all answers are; its JSON, when that is what it is.
pub fn check(method: &Method, parts: &Parts, bytes: &[u8]) -> Option<Value> {
    let status = parts.status.as_u16();
    let shown = || format!("{status} {}", String::from_utf8_lossy(bytes));
    assert!(status < 500 || status == 501 || status == 503, "{}", shown());
    assert_eq!(header(&parts.headers, "server"), "Appwrite");
    if method == Method::HEAD {
        assert!(bytes.is_empty(), "{}", shown());
        return None;
    }
    if parts.headers.contains_key("content-encoding") {
        return None;
    }
    if status == 204 {
        assert!(bytes.is_empty(), "{}", shown());
        return None;
    }
    let is_json = header(&parts.headers, "content-type") == JSON;
    assert!(is_json || status < 400, "{}", shown());
    if !is_json {
        return None;
    }
    let json = usher::json::parse(bytes).unwrap_or_else(|why| panic!("{why}: {}", shown()));
    if status >= 400 {
        check_error(status, &json);
    }
    Some(json)
}

/// An error has four fields: a sentence, the status, a type of the table, and the version of the protocol.
fn check_error(status: u16, json: &Value) {
    let fields: Vec<&str> =
        json.as_object().map(|fields| fields.keys().map(String::as_str).collect()).unwrap_or_default();
    assert_eq!(fields, ["message", "code", "type", "version"], "{json}");
    let [message, version] = ["message", "version"].map(|name| json[name].as_str().unwrap_or_default());
    assert!(!message.is_empty() && !version.is_empty(), "{json}");
    let known = |kind: &Kind| kind.status() == status && json["type"] == kind.wire_type();
    assert!(json["code"] == status && Kind::ALL.iter().any(known), "{json}");
}

/// A header, `""` when it is absent.
pub fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
