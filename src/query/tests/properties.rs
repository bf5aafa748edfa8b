//! Properties: nothing panics, and what is written in either form is read back.

use chrono::DateTime;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::fold::fold;
use crate::query::{Cursor, MAX_QUERY_CHARS, Order};

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = read(&USERS, &[text]);
    }

    #[test]
    fn no_punctuation_panics(text in r#"(equal|limit|between|orderAsc)?\(?[("')\\\[\],. e0-9aé\u{0}:+-]{0,24}"#) {
        let _ = read(&USERS, &[text]);
    }

    #[test]
    fn no_mangled_query_panics(filter in tree(), at in any::<prop::sample::Index>(), piece in "\\PC{0,3}") {
        let mut text = json(&filter).to_string();
        let at = at.index(text.len());
        if let Some(rest) = text.get(at..).map(str::to_owned) {
            text.truncate(at);
            let _ = read(&USERS, &[text.clone()]);
            let _ = read(&USERS, &[format!("{text}{piece}{rest}")]);
        }
    }

    #[test]
    fn a_tree_in_json_is_read_back(filter in tree()) {
        let text = json(&filter).to_string();
        prop_assume!(text.chars().count() <= MAX_QUERY_CHARS);
        let expected = Listing { filters: vec![filter], ..Listing::default() };
        prop_assert_eq!(users(&[text]), Ok(expected));
    }

    #[test]
    fn both_forms_read_alike(
        filters in vec(test(true), 0..4),
        orders in vec(order(), 0..3),
        cursor in option::of(cursor()),
        limit in option::of(1..=i64::MAX),
        offset in 0..=i64::MAX,
    ) {
        let listing = Listing { filters, orders, cursor, limit, offset };
        let queries = queries(&listing);
        let strings: Vec<_> = queries.iter().map(string).collect();
        prop_assert_eq!(users(&queries), Ok(listing.clone()));
        prop_assert_eq!(users(&strings), Ok(listing), "{:?}", strings);
    }

    #[test]
    fn dates_are_read_as_chrono_reads_them(millis in -62_167_219_200_000..=253_402_300_799_999_i64, minutes in -1439..=1439) {
        let offset = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
        let date = DateTime::from_timestamp_millis(millis).unwrap().with_timezone(&offset);
        let text = date.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        // Near the ends an offset leads to a year of another length.
        prop_assume!(text.find('-') == Some(4) && text.starts_with(|c: char| c.is_ascii_digit()));
        prop_assert_eq!(crate::query::date::millis(&text), Some(millis), "{}", text);
        prop_assert_eq!(crate::query::date::millis(&text.replace('T', " ")), Some(millis), "{}", text);
    }
}

/// Text with everything that means something in either form, but U+0000 and, since the string form has no way to
/// write it in every place, the backslash.
fn text() -> impl Strategy<Value = String> {
    r#"[^\u{0}\\]{0,6}|[a-zA-ZÅé"'\[\](),{} ]{0,12}"#
}

fn attributes() -> impl Strategy<Value = &'static Attribute> {
    (0..USERS.attributes.len()).prop_map(|index| &USERS.attributes[index])
}

fn scalar(kind: Kind) -> BoxedStrategy<Scalar> {
    match kind {
        Kind::Text | Kind::List => text().prop_map(Scalar::Text).boxed(),
        Kind::Folded => text().prop_map(|text| Scalar::Text(fold(&text))).boxed(),
        Kind::Bool => any::<bool>().prop_map(Scalar::Bool).boxed(),
        Kind::Date => (-62_167_219_200_000..=253_402_300_799_999_i64).prop_map(Scalar::Int).boxed(),
        Kind::Sequence => (1..=2_147_483_647_i64).prop_map(Scalar::Int).boxed(),
    }
}

/// A test of an attribute; on request only one that the string form knows.
fn test(old: bool) -> impl Strategy<Value = Filter> {
    let of = |scalar: Scalar| match scalar {
        Scalar::Text(text) => text,
        other => panic!("{other:?}"),
    };
    attributes().prop_flat_map(move |attribute| {
        let one = scalar(attribute.kind).boxed();
        let pair = (one.clone(), one.clone());
        let text = one.clone().prop_map(of);
        let texts = vec(one.clone().prop_map(of), 1..4);
        let mut ops = vec![Just(Op::IsNull).boxed(), Just(Op::IsNotNull).boxed()];
        if attribute.kind != Kind::List {
            ops.extend([
                vec(one.clone(), 1..4).prop_map(Op::Equal).boxed(),
                one.clone().prop_map(Op::NotEqual).boxed(),
                one.clone().prop_map(Op::Less).boxed(),
                one.clone().prop_map(Op::LessEqual).boxed(),
                one.clone().prop_map(Op::Greater).boxed(),
                one.prop_map(Op::GreaterEqual).boxed(),
                pair.clone().prop_map(|(low, high)| Op::Between(low, high)).boxed(),
            ]);
            if !old {
                ops.push(pair.prop_map(|(low, high)| Op::NotBetween(low, high)).boxed());
            }
        }
        if matches!(attribute.kind, Kind::Text | Kind::Folded) {
            ops.push(text.clone().prop_map(Op::StartsWith).boxed());
            ops.push(text.clone().prop_map(Op::EndsWith).boxed());
            if !old {
                ops.push(text.clone().prop_map(Op::NotStartsWith).boxed());
                ops.push(text.prop_map(Op::NotEndsWith).boxed());
            }
        }
        if matches!(attribute.kind, Kind::Text | Kind::Folded | Kind::List) {
            ops.push(texts.clone().prop_map(Op::Contains).boxed());
            if !old {
                ops.push(texts.clone().prop_map(Op::NotContains).boxed());
                ops.push(texts.prop_map(Op::ContainsAll).boxed());
            }
        }
        prop::strategy::Union::new(ops).prop_map(move |op| Filter::Test { attribute, op })
    })
}

fn tree() -> impl Strategy<Value = Filter> {
    test(false).prop_recursive(4, 12, 3, |inner| {
        prop_oneof![vec(inner.clone(), 2..4).prop_map(Filter::All), vec(inner, 2..4).prop_map(Filter::Any),]
    })
}

fn order() -> impl Strategy<Value = Order> {
    (attributes(), any::<bool>()).prop_map(|(attribute, descending)| match attribute.kind {
        Kind::Sequence => Order::Sequence { descending },
        _ => Order::By { attribute, descending },
    })
}

fn cursor() -> impl Strategy<Value = Cursor> {
    let id = "[a-zA-Z0-9][a-zA-Z0-9._-]{0,35}";
    prop_oneof![id.prop_map(Cursor::After), id.prop_map(Cursor::Before)]
}

/// The queries that ask for a listing without `and` and `or`, in the JSON form.
fn queries(listing: &Listing) -> Vec<Json> {
    let mut queries: Vec<_> = listing.filters.iter().map(json).collect();
    queries.extend(listing.orders.iter().map(|order| match *order {
        Order::By { attribute, descending } => {
            json!({ "method": if descending { "orderDesc" } else { "orderAsc" }, "attribute": attribute.name })
        }
        Order::Sequence { descending: true } => json!({ "method": "orderDesc", "attribute": "" }),
        Order::Sequence { descending: false } => json!({ "method": "orderAsc" }),
        Order::Random => json!({ "method": "orderRandom" }),
    }));
    queries.extend(listing.cursor.iter().map(|cursor| match cursor {
        Cursor::After(id) => json!({ "method": "cursorAfter", "values": [id] }),
        Cursor::Before(id) => json!({ "method": "cursorBefore", "values": [id] }),
    }));
    queries.extend(listing.limit.map(|limit| json!({ "method": "limit", "values": [limit] })));
    queries.push(json!({ "method": "offset", "values": [listing.offset] }));
    queries
}

/// A filter in the JSON form.
fn json(filter: &Filter) -> Json {
    let (attribute, op) = match filter {
        Filter::All(children) => {
            return json!({ "method": "and", "values": children.iter().map(json).collect::<Json>() });
        }
        Filter::Any(children) => {
            return json!({ "method": "or", "values": children.iter().map(json).collect::<Json>() });
        }
        Filter::Test { attribute, op } => (attribute, op),
    };
    let value = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => json!(text),
        Scalar::Bool(value) => json!(value),
        Scalar::Int(millis) if attribute.kind == Kind::Date => {
            json!(DateTime::from_timestamp_millis(*millis).unwrap().to_rfc3339())
        }
        Scalar::Int(value) => json!(value),
    };
    let (method, values) = match op {
        Op::Equal(values) => ("equal", values.iter().map(value).collect()),
        Op::NotEqual(one) => ("notEqual", vec![value(one)]),
        Op::Less(one) => ("lessThan", vec![value(one)]),
        Op::LessEqual(one) => ("lessThanEqual", vec![value(one)]),
        Op::Greater(one) => ("greaterThan", vec![value(one)]),
        Op::GreaterEqual(one) => ("greaterThanEqual", vec![value(one)]),
        Op::Between(low, high) => ("between", vec![value(low), value(high)]),
        Op::NotBetween(low, high) => ("notBetween", vec![value(low), value(high)]),
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
    json!({ "method": method, "attribute": attribute.name, "values": values })
}

/// The same query in the string form, written as the SDKs do, but with quotes escaped.
fn string(query: &Json) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\\\""));
    let value = |value: &Json| value.as_str().map_or_else(|| value.to_string(), quoted);
    let method = query["method"].as_str().unwrap();
    let attribute = query["attribute"].as_str().map(quoted);
    let values: Vec<_> = query["values"].as_array().into_iter().flatten().map(value).collect();
    let arguments = match method {
        "limit" | "offset" | "cursorAfter" | "cursorBefore" | "between" | "isNull" | "isNotNull" => {
            attribute.into_iter().chain(values).collect::<Vec<_>>().join(", ")
        }
        "orderAsc" | "orderDesc" => attribute.unwrap_or_default(),
        _ => format!("{}, [{}]", attribute.unwrap_or_default(), values.join(",")),
    };
    format!("{method}({arguments})")
}
