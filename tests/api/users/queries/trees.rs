//! Random trees of filters, with random orders and cursors: SQLite, PostgreSQL and the model find the same rows.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::support::{TestApp, both};
use crate::users::list::model::{self, Row};
use crate::users::list::population::{self, NAMES, time};
use crate::users::list::{USERS, after, ascending, before, descending, limit, offset};

const CASES: usize = 200;

const TEXTS: [&str; 4] = ["name", "email", "phone", "$id"];
const DATES: [&str; 5] = ["$createdAt", "$updatedAt", "registration", "passwordUpdate", "accessedAt"];
const BOOLS: [&str; 5] = ["status", "emailVerification", "phoneVerification", "passwordPwned", "impersonator"];

/// Texts that occur in the population, whole and in part, and some that do not.
fn words() -> impl Strategy<Value = Value> {
    let parts = [
        "", "a", "A", "Zo", "ß", "ss", "%", "_", "\\", "+1617", "@", ".example", "0", "本", "😀", "İ", "b00", "nobody",
    ];
    prop_oneof![prop::sample::select(NAMES.to_vec()), prop::sample::select(parts.to_vec())].prop_map(Value::from)
}

fn labels() -> impl Strategy<Value = Value> {
    prop::sample::select(vec!["vip", "VIP", "beta", "none"]).prop_map(Value::from)
}

fn moments() -> impl Strategy<Value = Value> {
    (-1_i64..6).prop_map(|day| json!(time(day).to_string()))
}

fn filter(
    methods: &'static [&'static str],
    attributes: &'static [&'static str],
    values: impl Strategy<Value = Value>,
    count: std::ops::RangeInclusive<usize>,
) -> impl Strategy<Value = Value> {
    (prop::sample::select(methods), prop::sample::select(attributes), prop::collection::vec(values, count))
        .prop_map(|(method, attribute, values)| json!({"method": method, "attribute": attribute, "values": values}))
}

/// A filter on one attribute.
fn leaf() -> impl Strategy<Value = Value> {
    const ONE: &[&str] = &["notEqual", "lessThan", "lessThanEqual", "greaterThan", "greaterThanEqual"];
    const TWO: &[&str] = &["between", "notBetween"];
    const ENDS: &[&str] = &["startsWith", "notStartsWith", "endsWith", "notEndsWith"];
    const PARTS: &[&str] = &["contains", "containsAny", "containsAll", "notContains"];
    const NULLS: &[&str] = &["isNull", "isNotNull"];
    let bools = || any::<bool>().prop_map(Value::from);
    let numbers = || (1..200_i64).prop_map(Value::from);
    prop_oneof![
        filter(&["equal"], &TEXTS, words(), 1..=4),
        filter(ONE, &TEXTS, words(), 1..=1),
        filter(TWO, &TEXTS, words(), 2..=2),
        filter(ENDS, &TEXTS, words(), 1..=1),
        filter(PARTS, &TEXTS, words(), 1..=3),
        filter(PARTS, &["labels"], labels(), 1..=3),
        filter(NULLS, &["labels", "name", "email", "phone", "accessedAt", "passwordPwned"], bools(), 0..=0),
        filter(&["equal"], &DATES, moments(), 1..=3),
        filter(ONE, &DATES, moments(), 1..=1),
        filter(TWO, &DATES, moments(), 2..=2),
        filter(&["equal"], &BOOLS, bools(), 1..=2),
        filter(ONE, &BOOLS, bools(), 1..=1),
        filter(TWO, &["$sequence"], numbers(), 2..=2),
        filter(ONE, &["$sequence"], numbers(), 1..=1),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 12, 4, |inner| {
        (prop::sample::select(vec!["and", "or"]), prop::collection::vec(inner, 2..=4))
            .prop_map(|(method, children)| json!({"method": method, "values": children}))
    })
}

fn order() -> impl Strategy<Value = Value> {
    let attributes: Vec<&str> = [&TEXTS[..], &DATES, &BOOLS, &["labels", "$sequence", ""]].concat();
    (prop::sample::select(attributes), any::<bool>()).prop_map(|(attribute, downwards)| match downwards {
        true => descending(attribute),
        false => ascending(attribute),
    })
}

/// A whole request: filters, orders and a page.
fn request(ids: Vec<String>) -> impl Strategy<Value = Vec<Value>> {
    let cursor = (prop::sample::select(ids), any::<bool>()).prop_map(|(id, forwards)| match forwards {
        true => after(&id),
        false => before(&id),
    });
    (
        prop::collection::vec(tree(), 0..=2),
        prop::collection::vec(order(), 0..=3),
        prop::option::of(cursor),
        prop::option::weighted(0.3, 0_u64..20),
        1_u64..80,
    )
        .prop_map(|(mut queries, orders, cursor, skipped, size)| {
            queries.extend(orders);
            queries.extend(cursor);
            queries.extend(skipped.map(offset));
            queries.push(limit(size));
            queries
        })
}

/// What differs from the model, if anything does.
async fn difference(app: &TestApp, rows: &[Row], queries: &[Value]) -> Option<String> {
    let (total, ids) = model::page(rows, queries);
    let answer = app.admin().list(USERS, queries).await;
    if answer.status != 200 {
        return Some(answer.text);
    }
    let found = (answer.json["total"].as_u64(), answer.ids("users"));
    let expected = (u64::try_from(total).ok(), ids.iter().map(String::as_str).collect());
    (found != expected).then(|| format!("found {found:?}, and not {expected:?}"))
}

both! {
    async fn sql_means_what_the_model_means(app) {
        let rows = population::users(app, 70).await;
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let request = request(ids);
        // The same requests each time and on both engines.
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let (mut some, mut none) = (0, 0);
        for _ in 0..CASES {
            let mut tree = request.new_tree(&mut runner).unwrap();
            let Some(mut why) = difference(app, &rows, &tree.current()).await else {
                match model::page(&rows, &tree.current()).1.len() {
                    0 => none += 1,
                    _ => some += 1,
                }
                continue;
            };
            // The smallest request that fails says more than the first.
            let mut smallest = tree.current();
            while tree.simplify() {
                match difference(app, &rows, &tree.current()).await {
                    Some(still) => (why, smallest) = (still, tree.current()),
                    None if tree.complicate() => {}
                    None => break,
                }
            }
            panic!("{}: {why}", json!(smallest));
        }
        // Requests that find nothing prove little.
        assert!(some > CASES / 2 && none > 0, "{some} found something, {none} nothing");
    }
}
