//! Parameters: from the bytes of a request to named values, and from those to every type that a parameter has.
//!
//! An input is a content type, a line feed, and a body, which is taken for a query string as well.

use std::fmt::Debug;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::{Map, Value, json};
use usher::params::{
    AnyPassword, CustomId, Email, Flag, FromParams, HashText, Input, Integer, Labels, NewPassword, OrEmpty, Param,
    Phone, Prefs, Queries, Reader, Reason, Search, Text, Uid, parse_body, parse_query, project_id,
};

use super::form;

/// Reads an input as parameters.
pub fn run(input: &[u8]) {
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (content_type, body) = (String::from_utf8_lossy(&input[..at]), input.get(at + 1..).unwrap_or_default());
    let found = read(&content_type, body);
    assert!(found.unread.as_ref().is_none_or(|why| why.ends_with('.')), "{:?}", found.unread);
    if content_type.split(';').next() == Some("application/json") {
        check_json(body, &found);
    } else if found.unread.as_ref().is_some_and(|why| !why.contains("looks like JSON")) {
        assert!(found.values.is_empty(), "a broken form gives {:?}", found.values);
    }
    check_query(&String::from_utf8_lossy(body));
    found.values.values().for_each(check_types);
}

/// Reads a body, all of which is there: nothing has to be waited for.
fn read(content_type: &str, body: &[u8]) -> Input {
    let mut reading = pin!(parse_body(content_type, body));
    loop {
        if let Poll::Ready(found) = reading.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return found;
        }
    }
}

/// An object gives its members, any other JSON nothing, and what is no JSON a reason.
fn check_json(body: &[u8], found: &Input) {
    match usher::json::parse(body) {
        Ok(Value::Object(members)) => assert_eq!(found, &Input { values: members, unread: None }),
        Ok(_) => assert_eq!(found, &Input::default()),
        Err(_) => assert!(found.values.is_empty() && found.unread.is_some() != body.is_empty(), "{found:?}"),
    }
}

/// What a query string says is said again by the same values as a query string, and by either form of a body.
fn check_query(query: &str) {
    let values = parse_query(query);
    let pairs = form::pairs(&values);
    let encoded = form::encoded(&pairs);
    same(&parse_query(&encoded), &values);
    same(&read("application/x-www-form-urlencoded", encoded.as_bytes()).values, &values);
    same(&read("text/plain; charset=utf-8", query.as_bytes()).values, &values);
    if let Some((content_type, body)) = form::multipart(&pairs) {
        let found = read(&content_type, &body);
        assert_eq!(found.unread, None, "{}", String::from_utf8_lossy(&body));
        same(&found.values, &values);
    }
}

/// The order of names counts too: preferences are kept in it.
#[track_caller]
fn same(one: &Map<String, Value>, other: &Map<String, Value>) {
    assert_eq!(json!(one).to_string(), json!(other).to_string());
}

/// Reads a value as each type; what a type accepts it accepts again as it has understood it.
fn check_types(value: &Value) {
    let email = again(value, |Email(email)| json!(email));
    if let Some(Email(email)) = &email {
        assert!(email.len() <= 254 && email.is_ascii() && email.contains('@'), "{email}");
        assert_eq!(*email, email.to_lowercase());
    }
    let cleared = again(value, |OrEmpty::<Email>(email)| json!(email.as_ref().map_or("", |email| &email.0)));
    assert_eq!(cleared, if value == "" { Some(OrEmpty(None)) } else { email.map(|email| OrEmpty(Some(email))) });
    if let Some(Phone(phone)) = again(value, |Phone(phone)| json!(phone)) {
        assert!(phone.starts_with('+') && (8..=16).contains(&phone.len()), "{phone}");
    }
    let id = again(value, |Uid(id)| json!(id));
    if let Some(CustomId::Given(given)) = again(value, |id| match id {
        CustomId::Given(id) => json!(id),
        CustomId::Unique => json!("unique()"),
    }) {
        assert_eq!(id, Some(Uid(given)));
    }
    if let Some(text) = value.as_str() {
        assert_eq!(project_id(text).is_ok(), id.is_some_and(|id| id.0 != "console"), "{text}");
    }
    let text = again(value, |Text::<1, 128>(text)| json!(text));
    assert!(text.is_none_or(|Text(text)| (1..=128).contains(&text.chars().count())));
    again(value, |Text::<0, 2048>(text)| json!(text));
    again(value, |Flag(truth)| json!(truth));
    again(value, |Integer(number)| json!(number));
    let labels = again(value, |Labels(labels)| json!(labels));
    assert!(labels.is_none_or(|Labels(labels)| labels.len() <= 100 && labels.iter().all(|label| label.is_ascii())));
    again(value, |Prefs(prefs)| usher::json::parse(prefs.as_bytes()).unwrap());
    again(value, |Queries(queries)| json!(queries));
    let new = again(value, |NewPassword(password)| json!(password.0));
    let known = again(value, |AnyPassword(password)| json!(password.0));
    assert!(new.is_none_or(|new| known == Some(AnyPassword(new.0))));
    again(value, |HashText(text)| json!(text.0));
    if let Err(reason) = Search::parse(value) {
        check_reason(&reason);
    }
}

/// Reads a value as a parameter, and what was understood once more.
fn again<T: Param + PartialEq + Debug>(value: &Value, written: impl Fn(&T) -> Value) -> Option<T> {
    let read = T::parse(value).inspect_err(check_reason).ok();
    if let Some(read) = &read {
        assert_eq!(T::parse(&written(read)).as_ref(), Ok(read), "{value}");
    }
    let values = Map::from_iter([("only".to_owned(), value.clone())]);
    match One::<T>::from_params(&mut Reader::new(values, Some("Because.".to_owned()), None)) {
        Ok(One(found)) if value.is_null() => assert_eq!(found, None, "null is as good as absent"),
        Ok(One(found)) => assert_eq!(found, read, "{value}"),
        Err(error) => assert!(read.is_none() && error.message().contains("`only`"), "{}", error.message()),
    }
    read
}

/// The parameters of a request that has one.
struct One<T>(Option<T>);

impl<T: Param> FromParams for One<T> {
    fn from_params(reader: &mut Reader<'_>) -> usher::error::Result<Self> {
        assert!(reader.optional::<T>("another")?.is_none());
        let missing = reader.required::<T>("another").err().expect("it is not there");
        assert!(missing.message().ends_with("`another` is not optional. Because."), "{}", missing.message());
        reader.optional("only").map(Self)
    }
}

/// A reason is the rest of a sentence, and does not repeat the value at length.
fn check_reason(reason: &Reason) {
    assert!(reason.starts_with("must ") || reason.starts_with("has a wrong entry "), "{reason}");
    assert!(reason.ends_with('.') && reason.len() < 500, "{reason}");
}
