//! The contract's own cases, read from `$USHER_CONTRACT_DIR/contract/query-cases.json`.
//!
//! Each case says what one release of upstream makes of one query; cases of the string form add what the newest
//! release makes of it. Where those two disagree, or we with them, [`DECIDED`] has to say what we do and why.

use std::io::Write;

use chrono::DateTime;
use serde_json::{Value as Json, json};

use super::*;
use crate::fold::fold;
use crate::query::{Cursor, Order};

/// Cases in which we cannot, or do not want to, agree with every release.
const DECIDED: &[(&str, Outcome, &str)] = &[
    ("s-010", ACCEPTED, "newest over 1.4: a whole number is an integer in the string form, with a decimal point too"),
    ("s-011", ACCEPTED, "newest over 1.4: a whole number is an integer in the string form, with an exponent too"),
    ("s-044", ARGUMENT, "errors of form have one type in both forms, that of the JSON form (1.4 agrees)"),
    ("s-076", ACCEPTED, "newest over 1.4: up to 500 values in a filter"),
    ("s-091", ARGUMENT, "newest over 1.4: a date is checked before the query runs"),
    ("s-092", ARGUMENT, "newest over 1.4: empty text is no date"),
    ("s-110", ACCEPTED, "newest over 1.4: contains on text looks for a part of it"),
    ("s-112", QUERY, "newest over 1.4: search on an attribute without full-text index is 400, not 500"),
    ("s-119", ARGUMENT, "no attribute has a dotted name; the newest release lets it through and answers 500"),
    ("s-127", ARGUMENT, "errors of form have one type in both forms, that of the JSON form (1.4 agrees)"),
    ("s-128", ACCEPTED, "decided: a leading brace is the JSON form, whatever release the client says it speaks"),
];

#[test]
fn agrees_with_the_contract() {
    let Some(folder) = std::env::var_os("USHER_CONTRACT_DIR") else {
        // Written to the stream itself: the test harness swallows what the print macros write.
        let _ = writeln!(
            std::io::stderr(),
            "\n*** NOT RUN: the contract's query cases, since USHER_CONTRACT_DIR is not set ***\n"
        );
        return;
    };
    let file = std::path::Path::new(&folder).join("contract/query-cases.json");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let cases: Vec<Json> = serde_json::from_str(&text).unwrap();
    assert!(!cases.is_empty());

    let complaints: Vec<_> = cases.iter().filter_map(|case| judge(case).err()).collect();
    assert!(complaints.is_empty(), "{} of {} cases:\n{}", complaints.len(), cases.len(), complaints.join("\n"));
    for (id, ..) in DECIDED {
        assert!(cases.iter().any(|case| case["id"] == *id), "there is no case {id} to decide");
    }
}

/// Compares one case with what we do.
fn judge(case: &Json) -> Result<(), String> {
    let id = case["id"].as_str().unwrap();
    let schema = match case["resource"].as_str().unwrap() {
        "users" => &USERS,
        "identities" => &IDENTITIES,
        "memberships" => &MEMBERSHIPS,
        "targets" => &TARGETS,
        "logs" => &LOGS,
        other => return Err(format!("{id}: no schema for {other}")),
    };
    let result = read(schema, &[case["query"].as_str().unwrap().to_owned()]);
    let ours = Outcome::of(&result);

    let upstream = [Some(case), case.get("main_with_header_below_1_5_0")].into_iter().flatten();
    let agreed = upstream.map(expected).all(|theirs| theirs == Some(ours));
    match DECIDED.iter().find(|(decided, ..)| *decided == id) {
        None if agreed => {}
        None => return Err(format!("{id}: {ours:?} is not what upstream does: {case}")),
        Some(_) if agreed => return Err(format!("{id}: needs no decision, every release agrees with us")),
        Some((_, outcome, reason)) if *outcome != ours => {
            return Err(format!("{id}: {ours:?}, although {outcome:?} was decided: {reason}"));
        }
        Some(_) => {}
    }
    match (result, case.get("parsed")) {
        (Ok(listing), Some(parsed)) if written(&listing) != normal(schema, parsed) => {
            Err(format!("{id}: read as {listing:?}, not as {parsed}"))
        }
        _ => Ok(()),
    }
}

/// The outcome that a case records; `None` for one that we never have, such as a server error.
fn expected(case: &Json) -> Option<Outcome> {
    match case["error_type"].as_str() {
        None => case["valid"].as_bool().unwrap().then_some(ACCEPTED),
        Some("general_argument_invalid") => Some(ARGUMENT),
        Some("general_query_invalid") => Some(QUERY),
        Some(_) => None,
    }
}

/// A listing of one query in the shape of a case's `parsed`.
fn written(listing: &Listing) -> Json {
    let mut queries = Vec::new();
    queries.extend(listing.limit.map(|limit| json!({ "method": "limit", "attribute": "", "values": [limit] })));
    if listing.offset > 0 {
        queries.push(json!({ "method": "offset", "attribute": "", "values": [listing.offset] }));
    }
    queries.extend(listing.cursor.as_ref().map(|cursor| match cursor {
        Cursor::After(id) => json!({ "method": "cursorAfter", "attribute": "", "values": [id] }),
        Cursor::Before(id) => json!({ "method": "cursorBefore", "attribute": "", "values": [id] }),
    }));
    let direction = |descending| if descending { "orderDesc" } else { "orderAsc" };
    queries.extend(listing.orders.iter().map(|order| match *order {
        Order::By { attribute, descending } => {
            json!({ "method": direction(descending), "attribute": attribute.name, "values": [] })
        }
        Order::Sequence { descending } => {
            json!({ "method": direction(descending), "attribute": "$sequence", "values": [] })
        }
        Order::Random => json!({ "method": "orderRandom", "attribute": "", "values": [] }),
    }));
    queries.extend(listing.filters.iter().map(|filter| match filter {
        Filter::Test { attribute, op } => test(attribute.name, op),
        Filter::All(_) | Filter::Any(_) => panic!("the cases have no parsed tree for and, or"),
    }));
    assert!(queries.len() < 2, "one query became several: {queries:?}");
    // `offset(0)` leaves no trace.
    queries.pop().unwrap_or_else(|| json!({ "method": "offset", "attribute": "", "values": [0] }))
}

/// A filter in the shape of a case's `parsed`.
fn test(attribute: &str, op: &Op) -> Json {
    let scalar = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => json!(text),
        Scalar::Bool(value) => json!(value),
        Scalar::Int(value) => json!(value),
    };
    let (method, values) = match op {
        Op::Equal(values) => ("equal", values.iter().map(scalar).collect()),
        Op::NotEqual(value) => ("notEqual", vec![scalar(value)]),
        Op::Less(value) => ("lessThan", vec![scalar(value)]),
        Op::LessEqual(value) => ("lessThanEqual", vec![scalar(value)]),
        Op::Greater(value) => ("greaterThan", vec![scalar(value)]),
        Op::GreaterEqual(value) => ("greaterThanEqual", vec![scalar(value)]),
        Op::Between(low, high) => ("between", vec![scalar(low), scalar(high)]),
        Op::NotBetween(low, high) => ("notBetween", vec![scalar(low), scalar(high)]),
        Op::IsNull => ("isNull", vec![]),
        Op::IsNotNull => ("isNotNull", vec![]),
        Op::StartsWith(text) => ("startsWith", vec![json!(text)]),
        Op::NotStartsWith(text) => ("notStartsWith", vec![json!(text)]),
        Op::EndsWith(text) => ("endsWith", vec![json!(text)]),
        Op::NotEndsWith(text) => ("notEndsWith", vec![json!(text)]),
        Op::Contains(texts) => ("contains", texts.iter().map(|text| json!(text)).collect()),
        Op::NotContains(texts) => ("notContains", texts.iter().map(|text| json!(text)).collect()),
        Op::ContainsAll(texts) => ("containsAll", texts.iter().map(|text| json!(text)).collect()),
    };
    json!({ "method": method, "attribute": attribute, "values": values })
}

/// A case's `parsed` as it looks after checking: texts folded, dates in milliseconds, synonyms resolved.
fn normal(schema: &Schema, parsed: &Json) -> Json {
    let (method, attribute) = (parsed["method"].as_str().unwrap(), parsed["attribute"].as_str().unwrap());
    let kind = schema.attributes.iter().find(|known| known.name == attribute).map(|known| known.kind);
    let value = |value: &Json| match (kind, value.as_str()) {
        (None, Some(text)) => text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)),
        (Some(Kind::Folded), Some(text)) => json!(fold(text)),
        (Some(Kind::Date), Some(text)) => json!(millis(text)),
        _ => value.clone(),
    };
    let values: Vec<_> = parsed["values"].as_array().unwrap().iter().map(value).collect();
    let method = if method == "containsAny" { "contains" } else { method };
    let unnamed = attribute.is_empty() && matches!(method, "orderAsc" | "orderDesc");
    json!({ "method": method, "attribute": if unnamed { "$sequence" } else { attribute }, "values": values })
}

/// A date by another reader than the one under test.
fn millis(text: &str) -> i64 {
    [text.to_owned(), format!("{text}Z"), format!("{text}T00:00:00Z")]
        .iter()
        .find_map(|text| DateTime::parse_from_rfc3339(text).ok())
        .unwrap_or_else(|| panic!("no date: {text}"))
        .timestamp_millis()
}
