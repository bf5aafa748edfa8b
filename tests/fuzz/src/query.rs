//! Both query languages, against every list.
//!
//! An input is the `queries` of one request: texts with the byte 0xFF between them, which no text has.

use usher::fold::fold;
use usher::query::{
    Attribute, Cursor, Filter, Kind, Listing, MAX_BOUND_VALUES, MAX_FILTER_VALUES, MAX_QUERIES, MAX_QUERY_CHARS, Op,
    Order, Refused, RefusedKind, Scalar, Schema, read,
};
use usher::store::list;

use super::listing::{Form, written};

/// First and last millisecond of the years 0000 to 9999.
const DATES: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// Reads the queries for every list.
pub fn run(input: &[u8]) {
    let queries: Vec<String> =
        input.split(|byte| *byte == 0xFF).map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    for source in [&list::USERS, &list::IDENTITIES, &list::MEMBERSHIPS, &list::TARGETS, &list::LOGS] {
        let schema = source.schema;
        match read(schema, &queries) {
            Ok(listing) => {
                check(schema, &listing);
                means_the_same_in_either_form(schema, &listing);
                blanks_do_not_count(schema, &queries, &listing);
                adds_up(schema, &queries, &listing);
            }
            Err(refused) => check_refused(&queries, &refused),
        }
    }
}

/// What the types of the module promise.
fn check(schema: &'static Schema, listing: &Listing) {
    if schema.paging_only {
        let rest = Listing { limit: None, offset: 0, ..listing.clone() };
        assert_eq!(rest, Listing::default(), "a list that is only paged");
    }
    assert!(listing.limit.is_none_or(|limit| limit >= 1) && listing.offset >= 0, "{listing:?}");
    for order in &listing.orders {
        if let Order::By { attribute, .. } = order {
            assert!(schema.attributes.contains(attribute) && attribute.kind != Kind::Sequence, "{order:?}");
        }
    }
    if let Some(Cursor::After(id) | Cursor::Before(id)) = &listing.cursor {
        assert!((1..=36).contains(&id.len()) && id.is_ascii(), "{id}");
    }
    let bound: usize = listing.filters.iter().map(|filter| check_filter(schema, filter)).sum();
    assert!(bound <= MAX_BOUND_VALUES, "{bound} values");
}

/// The same for a filter; how many values are in it.
fn check_filter(schema: &'static Schema, filter: &Filter) -> usize {
    let (attribute, op) = match filter {
        Filter::All(children) | Filter::Any(children) => {
            assert!(children.len() >= 2, "{filter:?}");
            return children.iter().map(|child| check_filter(schema, child)).sum();
        }
        Filter::Test { attribute, op } => (attribute, op),
    };
    assert!(schema.attributes.contains(attribute), "{attribute:?}");
    let part = |text: &String| {
        assert!(matches!(attribute.kind, Kind::Text | Kind::Folded | Kind::List), "{filter:?}");
        check_text(attribute, text);
    };
    let pattern = |text: &String| {
        assert!(attribute.kind != Kind::List, "{filter:?}");
        part(text);
        1
    };
    let values = match op {
        Op::IsNull | Op::IsNotNull => return 0,
        Op::Equal(values) => {
            values.iter().for_each(|value| check_scalar(attribute, value));
            values.len()
        }
        Op::NotEqual(one) | Op::Less(one) | Op::LessEqual(one) | Op::Greater(one) | Op::GreaterEqual(one) => {
            check_scalar(attribute, one);
            1
        }
        Op::Between(low, high) | Op::NotBetween(low, high) => {
            check_scalar(attribute, low);
            check_scalar(attribute, high);
            2
        }
        Op::StartsWith(text) | Op::NotStartsWith(text) | Op::EndsWith(text) | Op::NotEndsWith(text) => pattern(text),
        Op::Contains(texts) | Op::NotContains(texts) | Op::ContainsAll(texts) => {
            texts.iter().for_each(part);
            texts.len()
        }
    };
    assert!((1..=MAX_FILTER_VALUES).contains(&values), "{values} values");
    values
}

fn check_scalar(attribute: &Attribute, value: &Scalar) {
    match (attribute.kind, value) {
        (Kind::Text | Kind::Folded, Scalar::Text(text)) => check_text(attribute, text),
        (Kind::Bool, Scalar::Bool(_)) => {}
        (Kind::Date, Scalar::Int(millis)) => assert!(DATES.contains(millis), "{millis}"),
        (Kind::Sequence, Scalar::Int(number)) => assert!((1..=2_147_483_647).contains(number), "{number}"),
        _ => panic!("{attribute:?} is compared with {value:?}"),
    }
}

fn check_text(attribute: &Attribute, text: &str) {
    assert!(!text.contains('\0'), "{text:?} cannot be stored");
    assert!(attribute.kind != Kind::Folded || fold(text) == text, "{text:?} is not folded");
}

/// Written anew, in either form, it is read as what it was.
fn means_the_same_in_either_form(schema: &'static Schema, listing: &Listing) {
    for form in [Form::Json, Form::String] {
        // The string form cannot say everything, and a text may have become longer than a query may be.
        let Some(queries) = written(listing, form) else { continue };
        if queries.len() <= MAX_QUERIES && queries.iter().all(|query| query.chars().count() <= MAX_QUERY_CHARS) {
            assert_eq!(read(schema, &queries).as_ref(), Ok(listing), "{queries:?}");
        }
    }
}

/// White space around the JSON form says nothing.
fn blanks_do_not_count(schema: &'static Schema, queries: &[String], listing: &Listing) {
    let spaced = queries.iter().map(|query| match query.trim_start().starts_with('{') {
        true => format!("\t {query}\n"),
        false => query.clone(),
    });
    let spaced: Vec<String> = spaced.collect();
    if spaced.iter().all(|query| query.chars().count() <= MAX_QUERY_CHARS) {
        assert_eq!(read(schema, &spaced).as_ref(), Ok(listing), "{spaced:?}");
    }
}

/// Filters and orders of the queries follow each other; of cursors, limits and offsets the first counts.
fn adds_up(schema: &'static Schema, queries: &[String], whole: &Listing) {
    let mut sum = Listing::default();
    let mut offset = None;
    for query in queries {
        let one = read(schema, std::slice::from_ref(query)).expect("it was accepted among the others");
        sum.filters.extend(one.filters.clone());
        sum.orders.extend(one.orders.clone());
        sum.cursor = sum.cursor.or(one.cursor.clone());
        sum.limit = sum.limit.or(one.limit);
        // What is nothing else is an offset, of 0 too.
        let is_offset = Listing { offset: 0, ..one.clone() } == Listing::default();
        offset = offset.or(is_offset.then_some(one.offset));
    }
    sum.offset = offset.unwrap_or_default();
    assert_eq!(&sum, whole, "{queries:?}");
}

/// A refusal says where and what, and does not repeat what it was sent at length.
fn check_refused(queries: &[String], refused: &Refused) {
    let Refused { kind, message } = refused;
    assert!(message.starts_with("`queries") && message.ends_with('.'), "{message}");
    assert!(message.chars().count() < 4000, "{} characters", message.chars().count());
    let values = queries.iter().map(|query| query.matches(',').count()).sum::<usize>();
    assert!(*kind != RefusedKind::TooMany || values > MAX_BOUND_VALUES / 2, "{message}");
}
