//! The string form of the SDKs of the 1.4 generation: `method("attribute", ["value", …])`.
//!
//! Those SDKs do not escape quotes in values, so what a server makes of a malformed text is a part of the protocol:
//! `equal("name", ["6" nail"])` looks for `6"nail`. Hence this is a scanner that never refuses punctuation rather
//! than a parser of a grammar.

use std::mem;

use super::raw::{Fault, Method, Query, Value, quoted};

/// One argument of the call.
#[derive(Debug, PartialEq)]
enum Argument {
    One(Value),
    Many(Vec<Value>),
}

/// Reads one query in the string form.
pub(super) fn read(text: &str) -> Result<Query, Fault> {
    let Some((name, rest)) = text.split_once('(') else {
        return Err(Fault::argument(
            "a query is a JSON object or has the form method(\"attribute\", [\"value\"]); here is no parenthesis",
        ));
    };
    if name.contains('.') {
        return Err(Fault::argument(format!("the method {} must not contain a period", quoted(name))));
    }
    let method = Method::named(name)?;
    // The last character is taken for the closing parenthesis, whatever it is.
    let mut inside = rest.chars();
    inside.next_back();
    assign(method, scan(inside.as_str()))
}

/// Gives the arguments their places. Those that the method has no place for are dropped.
fn assign(method: Method, arguments: Vec<Argument>) -> Result<Query, Fault> {
    use Method::*;
    let mut arguments = arguments.into_iter();
    match method {
        Limit | Offset | CursorAfter | CursorBefore => {
            let values = arguments.next().map(single).into_iter().collect();
            Ok(Query { method, attribute: String::new(), values })
        }
        OrderAsc | OrderDesc => Ok(Query { method, attribute: attribute(arguments.next())?, values: Vec::new() }),
        Between => {
            let attribute = attribute(arguments.next())?;
            Ok(Query { method, attribute, values: arguments.take(2).map(single).collect() })
        }
        Equal | NotEqual | LessThan | LessThanEqual | GreaterThan | GreaterThanEqual | Contains | Search | IsNull
        | IsNotNull | StartsWith | EndsWith => {
            let attribute = attribute(arguments.next())?;
            let values = match arguments.next() {
                None => Vec::new(),
                Some(Argument::One(value)) => vec![value],
                Some(Argument::Many(values)) => values,
            };
            Ok(Query { method, attribute, values })
        }
        OrderRandom | NotBetween | NotStartsWith | NotEndsWith | ContainsAny | NotContains | ContainsAll
        | NotSearch | CreatedBefore | CreatedAfter | CreatedBetween | UpdatedBefore | UpdatedAfter | UpdatedBetween
        | And | Or => Err(Fault::argument(format!(
            "`{0}` exists in the JSON form only: {{\"method\":\"{0}\", …}}",
            method.name()
        ))),
    }
}

/// The name in the first argument; a missing one or null stands for none.
fn attribute(argument: Option<Argument>) -> Result<String, Fault> {
    match argument {
        None | Some(Argument::One(Value::Null)) => Ok(String::new()),
        Some(Argument::One(Value::Text(name))) => Ok(name),
        Some(_) => Err(Fault::argument("the first argument names the attribute and has to be text")),
    }
}

/// The value of an argument that must not be a list; a list is passed on as one, for the checker to refuse.
fn single(argument: Argument) -> Value {
    match argument {
        Argument::One(value) => value,
        Argument::Many(_) => Value::List,
    }
}

/// Splits the text between the parentheses into arguments.
///
/// Three things are kept while scanning: the quote that is open, how many brackets are, and the piece read so far.
/// Upstream scans bytes; every character that means something is ASCII, so scanning characters gives the same pieces.
fn scan(text: &str) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let mut elements: Vec<Value> = Vec::new();
    let mut piece = String::new();
    let mut quote = None;
    // Stray closing brackets take it below zero, and an opening one then does not enter a list.
    let mut depth = 0_i32;

    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some(escaped @ (',' | '[' | ']' | '"' | '\'')) => piece.push(escaped),
                Some(other) => piece.extend(['\\', other]),
                None => piece.push('\\'),
            },
            '"' | '\'' => {
                match quote {
                    None => quote = Some(c),
                    Some(open) if open == c => quote = None,
                    Some(_) => {}
                }
                piece.push(c);
            }
            _ if quote.is_some() => piece.push(c),
            '[' => depth += 1,
            ']' => {
                depth -= 1;
                if !piece.is_empty() {
                    elements.push(typed(&piece));
                    piece.clear();
                }
                // Upstream leaves the elements for the next list as well, but no method reads a second list.
                arguments.push(Argument::Many(mem::take(&mut elements)));
            }
            ',' if depth > 0 => {
                elements.push(typed(&piece));
                piece.clear();
            }
            ',' => {
                if !piece.is_empty() {
                    arguments.push(Argument::One(typed(&piece)));
                    piece.clear();
                }
            }
            ' ' => {}
            _ => piece.push(c),
        }
    }
    if !piece.is_empty() {
        arguments.push(Argument::One(typed(&piece)));
    }
    arguments
}

/// Types a piece: keyword, number, quoted text or bare word.
fn typed(piece: &str) -> Value {
    let piece = piece.trim_matches([' ', '\t', '\n', '\r', '\0', '\x0b']);
    match piece {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        "null" => return Value::Null,
        _ => {}
    }
    if let Some(value) = number(piece) {
        return value;
    }
    let mut characters = piece.chars();
    if let Some('"' | '\'') = characters.next() {
        characters.next_back();
        return Value::Text(characters.as_str().to_owned());
    }
    Value::Text(piece.to_owned())
}

/// Reads a decimal number: sign, digits with a period anywhere among them, exponent.
///
/// A whole number is an integer however it is written, `7.0` and `1e2` included: servers that rewrite this form to
/// JSON lose the difference on the way.
fn number(piece: &str) -> Option<Value> {
    // Rust's own number parser also takes `inf`, `NaN` and the like, which are words here.
    if !piece.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    if let Ok(value) = piece.parse() {
        return Some(Value::Integer(value));
    }
    let value: f64 = piece.parse().ok()?;
    // The cast stops at the ends of the range.
    Some(if value.is_finite() && value.fract() == 0.0 { Value::Integer(value as i64) } else { Value::Fraction })
}
