//! What is accepted, and what it means: one table for each group of rules.

use super::*;
use crate::query::{Cursor, MAX_QUERY_CHARS, Order};

#[test]
fn limits_of_a_request() {
    assert_eq!(users::<&str>(&[]), Ok(Listing::default()));
    assert_eq!(Outcome::of(&users(&["limit(1)"; 100])), ACCEPTED);
    assert_eq!(Outcome::of(&users(&["limit(1)"; 101])), ARGUMENT);

    // Characters count, not bytes.
    let long = |length: usize| format!("equal(\"name\", [\"{}\"])", "é".repeat(length - 19));
    assert_eq!(long(MAX_QUERY_CHARS).chars().count(), MAX_QUERY_CHARS);
    assert_eq!(Outcome::of(&users(&[long(MAX_QUERY_CHARS)])), ACCEPTED);
    assert_eq!(Outcome::of(&users(&[long(MAX_QUERY_CHARS + 1)])), ARGUMENT);

    let values = |count: usize| {
        format!(r#"{{"method":"equal","attribute":"name","values":[{}""]}}"#, r#""","#.repeat(count - 1))
    };
    assert_eq!(Outcome::of(&users(&[values(500)])), ACCEPTED);
    assert_eq!(Outcome::of(&users(&[values(501)])), ARGUMENT);
    assert_eq!(Outcome::of(&users(&vec![values(500); 20])), ACCEPTED);
    assert_eq!(Outcome::of(&users(&vec![values(500); 21])), TOO_MANY);
}

#[test]
fn page() {
    check(
        &USERS,
        &[
            (r#"{"method":"limit","values":[1]}"#, ACCEPTED),
            (r#"{"method":"limit","values":["007"]}"#, ACCEPTED),
            (r#"{"method":"limit","values":{"x":5}}"#, ACCEPTED),
            (r#"{"method":"limit","values":[7.0]}"#, ARGUMENT),
            (r#"{"method":"limit","values":[1e2]}"#, ARGUMENT),
            (r#"{"method":"limit","values":["7.0"]}"#, ARGUMENT),
            (r#"{"method":"limit","values":[""]}"#, ARGUMENT),
            (r#"{"method":"limit","values":["+5"]}"#, ARGUMENT),
            (r#"{"method":"limit","values":[null]}"#, ARGUMENT),
            (r#"{"method":"limit","values":[[5]]}"#, ARGUMENT),
            (r#"{"method":"limit","values":[-9223372036854775809]}"#, ARGUMENT),
            (r#"{"method":"offset","values":[-1]}"#, ARGUMENT),
            (r#"{"method":"offset","values":[0]}"#, ACCEPTED),
            ("limit(7.0)", ACCEPTED),
            ("limit(1e2)", ACCEPTED),
            ("limit(+7)", ACCEPTED),
            ("limit(.5)", ARGUMENT),
            ("limit(1e999)", ARGUMENT),
            ("limit(1, 2)", ACCEPTED),
            ("limit([5])", ARGUMENT),
            ("limit()", ARGUMENT),
            ("limit(", ARGUMENT),
            ("limit(nan)", ARGUMENT),
            ("limit(inf)", ARGUMENT),
            ("cursorAfter(\"a.b-c_d\")", ACCEPTED),
            ("cursorAfter(\"é\")", ARGUMENT),
            ("cursorAfter(abc)", ACCEPTED),
            ("cursorAfter(\"-a\")", ARGUMENT),
            (r#"{"method":"cursorAfter","values":[7]}"#, ARGUMENT),
        ],
    );
    let limit = |query: &str| users(&[query]).map(|listing| listing.limit);
    for (query, expected) in [
        ("limit(1e2)", 100),
        ("limit(7.)", 7),
        (r#"limit("25")"#, 25),
        ("limit(99999999999999999999)", i64::MAX),
        (r#"{"method":"limit","values":[99999999999999999999]}"#, i64::MAX),
        (r#"{"method":"limit","values":["99999999999999999999"]}"#, i64::MAX),
    ] {
        assert_eq!(limit(query), Ok(Some(expected)), "{query}");
    }

    // The first of a kind counts, and the rest is still checked.
    let listing =
        users(&["limit(5)", "offset(0)", "cursorAfter(\"a\")", "limit(6)", "offset(7)", "cursorBefore(\"b\")"]);
    let expected = Listing { limit: Some(5), cursor: Some(Cursor::After("a".into())), ..Listing::default() };
    assert_eq!(listing, Ok(expected));
    assert_eq!(Outcome::of(&users(&["limit(5)", "limit(0)"])), ARGUMENT);
}

#[test]
fn orders() {
    let by = |name, descending| Order::By { attribute: attribute(name), descending };
    for (query, expected) in [
        ("orderAsc(\"name\")", by("name", false)),
        ("orderDesc(name)", by("name", true)),
        ("orderAsc(labels)", by("labels", false)),
        ("orderAsc()", Order::Sequence { descending: false }),
        ("orderDesc(\"\")", Order::Sequence { descending: true }),
        ("orderDesc($sequence)", Order::Sequence { descending: true }),
        (r#"{"method":"orderDesc"}"#, Order::Sequence { descending: true }),
        (r#"{"method":"orderDesc","attribute":null,"values":null}"#, Order::Sequence { descending: true }),
        (r#"{"method":"orderRandom"}"#, Order::Random),
    ] {
        assert_eq!(users(&[query]).unwrap().orders, [expected], "{query}");
    }
    let several = users(&["orderDesc(\"name\")", "orderAsc(\"$id\")"]).unwrap();
    assert_eq!(several.orders, [by("name", true), by("$id", false)]);
    check(&USERS, &[("orderAsc(prefs)", ARGUMENT), ("orderAsc(5)", ARGUMENT), ("orderAsc([name])", ARGUMENT)]);
}

#[test]
fn values_have_the_type_of_the_attribute() {
    check(
        &USERS,
        &[
            (r#"{"method":"equal","attribute":"phone","values":[""]}"#, ACCEPTED),
            (r#"{"method":"equal","attribute":"phone","values":[null]}"#, ARGUMENT),
            (r#"{"method":"equal","attribute":"phone","values":["a\u0000b"]}"#, ARGUMENT),
            ("equal(\"name\", [\"a\0b\"])", ARGUMENT),
            (r#"{"method":"contains","attribute":"labels","values":["a\u0000b"]}"#, ARGUMENT),
            (r#"{"method":"equal","attribute":"phone","values":[{"method":"limit","values":[1]}]}"#, ARGUMENT),
            (r#"{"method":"equal","attribute":"status","values":["true"]}"#, ARGUMENT),
            (r#"{"method":"equal","attribute":"status","values":[1]}"#, ARGUMENT),
            (r#"{"method":"lessThan","attribute":"status","values":[true]}"#, ACCEPTED),
            (r#"{"method":"equal","attribute":"$sequence","values":[1,2147483647]}"#, ACCEPTED),
            (r#"{"method":"equal","attribute":"$sequence","values":[0]}"#, ARGUMENT),
            (r#"{"method":"equal","attribute":"$sequence","values":[2147483648]}"#, ARGUMENT),
            (r#"{"method":"equal","attribute":"$sequence","values":["12"]}"#, ARGUMENT),
            (r#"{"method":"equal","attribute":"$sequence","values":[12.0]}"#, ARGUMENT),
            ("equal($sequence, [12.0])", ACCEPTED),
            (r#"{"method":"equal","attribute":"registration","values":[1714979289]}"#, ARGUMENT),
            (r#"{"method":"equal","attribute":"passwordPwned","values":[true]}"#, ACCEPTED),
            (r#"{"method":"equal","attribute":"password","values":["x"]}"#, ARGUMENT),
            (r#"{"method":"equal","values":["x"]}"#, ARGUMENT),
            (r#"{"method":"equal","attribute":"$internalId","values":["1"]}"#, ARGUMENT),
        ],
    );
    assert_eq!(filter(r#"equal("name", ["ÅSA"])"#), test("name", Op::Equal(vec![text("asa")])));
    assert_eq!(filter(r#"equal("phone", ["ÅSA"])"#), test("phone", Op::Equal(vec![text("ÅSA")])));
    assert_eq!(filter(r#"startsWith("email", ["Zoë@"])"#), test("email", Op::StartsWith("zoe@".into())));
    assert_eq!(filter(r#"contains("labels", ["VIP"])"#), test("labels", Op::Contains(vec!["VIP".into()])));
}

#[test]
fn methods_fit_the_attribute_and_the_number_of_values() {
    check(
        &USERS,
        &[
            (r#"{"method":"notEqual","attribute":"name","values":["a","b"]}"#, ARGUMENT),
            (r#"{"method":"notEqual","attribute":"name","values":[]}"#, ARGUMENT),
            (r#"{"method":"between","attribute":"name","values":["a"]}"#, ARGUMENT),
            (r#"{"method":"notBetween","attribute":"name","values":["a","b"]}"#, ACCEPTED),
            (r#"{"method":"notBetween","attribute":"name","values":["a","b","c"]}"#, ARGUMENT),
            (r#"{"method":"contains","attribute":"name","values":[]}"#, ARGUMENT),
            (r#"{"method":"contains","attribute":"status","values":[true]}"#, ARGUMENT),
            (r#"{"method":"contains","attribute":"registration","values":["2024-01-01"]}"#, ARGUMENT),
            (r#"{"method":"containsAll","attribute":"$sequence","values":[1]}"#, ARGUMENT),
            (r#"{"method":"startsWith","attribute":"status","values":[true]}"#, ARGUMENT),
            (r#"{"method":"endsWith","attribute":"registration","values":["2024-01-01"]}"#, ARGUMENT),
            (r#"{"method":"isNull","attribute":"phone"}"#, ACCEPTED),
            (r#"{"method":"isNull","attribute":"phone","values":["x"]}"#, ARGUMENT),
            (r#"{"method":"isNotNull","attribute":"phone","values":[null]}"#, ARGUMENT),
            (r#"isNull("phone", "x")"#, ARGUMENT),
            // Lists.
            (r#"{"method":"containsAny","attribute":"labels","values":["a"]}"#, ACCEPTED),
            (r#"{"method":"containsAll","attribute":"labels","values":["a","b"]}"#, ACCEPTED),
            (r#"{"method":"notContains","attribute":"labels","values":["a"]}"#, ACCEPTED),
            (r#"{"method":"contains","attribute":"labels","values":[7]}"#, ARGUMENT),
            (r#"{"method":"isNotNull","attribute":"labels"}"#, ACCEPTED),
            (r#"contains("labels", ["vip"])"#, ACCEPTED),
            (r#"{"method":"equal","attribute":"labels","values":["a"]}"#, ARGUMENT),
            (r#"{"method":"between","attribute":"labels","values":["a","b"]}"#, ARGUMENT),
            (r#"{"method":"startsWith","attribute":"labels","values":["a"]}"#, ARGUMENT),
            // Full-text search.
            (r#"{"method":"search","attribute":"name","values":["mia"]}"#, QUERY),
            (r#"{"method":"notSearch","attribute":"phone","values":["mia"]}"#, QUERY),
            (r#"{"method":"search","attribute":"nickname","values":["mia"]}"#, ARGUMENT),
            (r#"{"method":"search","attribute":"name","values":[5]}"#, ARGUMENT),
            (r#"{"method":"search","attribute":"labels","values":["mia"]}"#, ARGUMENT),
            (r#"search("name", ["mia"])"#, QUERY),
        ],
    );
    // Known to SDKs, meaningless here.
    for name in
        "select exists notExists regex elemMatch relationship crosses notTouches covers spatialEquals distanceEqual \
                 vectorDot count sum bitXor groupBy having distinct join crossJoin on Equal limit\u{20} like"
            .split(' ')
    {
        let query = format!(r#"{{"method":"{name}","attribute":"name","values":["x"]}}"#);
        let refused = users(&[query]).unwrap_err();
        assert_eq!(refused.kind, RefusedKind::Argument);
        assert!(refused.message.contains(&format!("`{name}`")), "{}", refused.message);
        assert_eq!(Outcome::of(&users(&[format!("{name}(\"name\", [\"x\"])")])), ARGUMENT, "{name}");
    }
}

#[test]
fn conveniences_of_some_releases() {
    let day = Scalar::Int(1_704_067_200_000);
    for (query, expected) in [
        (r#"{"method":"createdBefore","values":["2024-01-01"]}"#, test("$createdAt", Op::Less(day.clone()))),
        (r#"{"method":"createdAfter","values":["2024-01-01"]}"#, test("$createdAt", Op::Greater(day.clone()))),
        (
            r#"{"method":"createdBetween","values":["2024-01-01","2024-01-01"]}"#,
            test("$createdAt", Op::Between(day.clone(), day.clone())),
        ),
        (r#"{"method":"updatedBefore","values":["2024-01-01"]}"#, test("$updatedAt", Op::Less(day.clone()))),
        (r#"{"method":"updatedAfter","values":["2024-01-01"]}"#, test("$updatedAt", Op::Greater(day.clone()))),
        (
            r#"{"method":"updatedBetween","values":["2024-01-01","2024-01-01"]}"#,
            test("$updatedAt", Op::Between(day.clone(), day)),
        ),
    ] {
        assert_eq!(filter(query), expected, "{query}");
    }
    check(
        &USERS,
        &[
            (r#"{"method":"createdBefore","values":["soon"]}"#, ARGUMENT),
            (r#"{"method":"createdBetween","values":["2024-01-01"]}"#, ARGUMENT),
            (r#"notContains("name", ["x"])"#, ARGUMENT),
            ("orderRandom()", ARGUMENT),
        ],
    );
}

#[test]
fn logic() {
    let leaf = r#"{"method":"equal","attribute":"phone","values":["1"]}"#;
    let nested =
        |method: &str, children: &[&str]| format!(r#"{{"method":"{method}","values":[{}]}}"#, children.join(","));
    let one = test("phone", Op::Equal(vec![text("1")]));

    let inner = nested("and", &[leaf, leaf]);
    let tree = Filter::Any(vec![one.clone(), Filter::All(vec![one.clone(), one.clone()])]);
    assert_eq!(filter(&nested("or", &[leaf, &inner])), tree);
    let members = format!(r#"{{"method":"or","values":{{"a":{leaf},"b":{leaf}}}}}"#);
    assert_eq!(filter(&members), Filter::Any(vec![one.clone(), one]));

    for children in [
        &[leaf] as &[_],
        &[],
        &[leaf, "7"],
        &[leaf, "null"],
        &[leaf, r#"{"method":"limit","values":[1]}"#],
        &[leaf, r#"{"method":"orderAsc","attribute":"name"}"#],
        &[leaf, r#"{"method":"cursorAfter","values":["a"]}"#],
        &[leaf, r#"{"method":"equal","attribute":"prefs","values":["a"]}"#],
    ] {
        assert_eq!(Outcome::of(&users(&[nested("or", children)])), ARGUMENT, "{children:?}");
    }
    let search = r#"{"method":"search","attribute":"name","values":["x"]}"#;
    assert_eq!(Outcome::of(&users(&[nested("and", &[leaf, search])])), QUERY);
}

/// The deepest tree that fits one query is read, and nothing deeper overflows the stack.
#[test]
fn depth() {
    let leaf = r#"{"method":"isNull","attribute":"$id"}"#;
    let mut deepest = leaf.to_owned();
    let mut levels = 0;
    loop {
        let next = format!(r#"{{"method":"or","values":[{deepest},{leaf}]}}"#);
        if next.len() > MAX_QUERY_CHARS {
            break;
        }
        (deepest, levels) = (next, levels + 1);
    }
    assert_eq!(levels, 62);
    assert_eq!(Outcome::of(&users(&[deepest])), ACCEPTED);

    for text in ["[".repeat(4096), "{\"a\":".repeat(800), format!("equal({}", "[".repeat(4090)), "]".repeat(4096)] {
        assert_eq!(Outcome::of(&users(&[text])), ARGUMENT);
    }
    let ignored = format!(r#"{{"method":"orderRandom","x":{}{}}}"#, "[".repeat(2000), "]".repeat(2000));
    assert_eq!(Outcome::of(&users(&[ignored])), ARGUMENT);
}

#[test]
fn lists_with_paging_only() {
    check(
        &LOGS,
        &[
            ("limit(5)", ACCEPTED),
            (r#"{"method":"offset","values":[5]}"#, ACCEPTED),
            ("orderDesc()", ARGUMENT),
            (r#"{"method":"orderRandom"}"#, ARGUMENT),
            ("cursorAfter(\"a\")", ARGUMENT),
            (r#"equal("event", ["x"])"#, ARGUMENT),
            (r#"search("event", ["x"])"#, ARGUMENT),
            (r#"{"method":"or","values":[{"method":"limit","values":[1]},{"method":"limit","values":[1]}]}"#, ARGUMENT),
        ],
    );
}

#[test]
fn messages_name_the_query_and_what_is_allowed() {
    let refused = users(&["limit(1)", "limit(0)"]).unwrap_err();
    assert_eq!(refused.message, format!("`queries[1]`: `limit` takes one whole number from 1 to {}.", i64::MAX));
    let leaf = r#"{"method":"isNull","attribute":"phone"}"#;
    let tree = format!(
        r#"{{"method":"or","values":[{leaf},{{"method":"and","values":[{leaf},{leaf},{{"method":"limit"}}]}}]}}"#
    );
    assert!(message(&tree).starts_with("`queries[0].values[1].values[2]`: `limit` is no filter"), "{}", message(&tree));
    assert!(message("equal(prefs, [x])").contains("allowed are name, email, phone"));
    // What the caller searched for may be personal and stays out.
    assert!(!message("equal(registration, [secret])").contains("secret"));
    assert!(message(&format!("{}()", "m".repeat(4000))).len() < 800);
}
