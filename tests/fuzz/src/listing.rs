//! Writes what was read of queries as queries again, in either form.

use serde_json::{Value, json};
use usher::query::{Cursor, Filter, Kind, Listing, Op, Order, Scalar};

/// A form of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Of the newer SDKs.
    Json,
    /// Of the older ones, as they write it but with quotes escaped.
    String,
}

/// Methods that the string form knows, besides those of paging.
const OLD: [&str; 12] = [
    "equal",
    "notEqual",
    "lessThan",
    "lessThanEqual",
    "greaterThan",
    "greaterThanEqual",
    "between",
    "isNull",
    "isNotNull",
    "startsWith",
    "endsWith",
    "contains",
];

/// Queries that ask for this listing. `None` when the form cannot say it.
pub fn written(listing: &Listing, form: Form) -> Option<Vec<String>> {
    let queries = queries(listing);
    match form {
        Form::Json => Some(queries.iter().map(Value::to_string).collect()),
        Form::String => queries.iter().map(string).collect(),
    }
}

fn queries(listing: &Listing) -> Vec<Value> {
    let mut queries: Vec<Value> = listing.filters.iter().map(query).collect();
    queries.extend(listing.orders.iter().map(|order| match *order {
        Order::By { attribute, descending } => {
            json!({"method": if descending { "orderDesc" } else { "orderAsc" }, "attribute": attribute.name})
        }
        Order::Sequence { descending: true } => json!({"method": "orderDesc", "attribute": "$sequence"}),
        Order::Sequence { descending: false } => json!({"method": "orderAsc", "attribute": ""}),
        Order::Random => json!({"method": "orderRandom"}),
    }));
    queries.extend(listing.cursor.iter().map(|cursor| match cursor {
        Cursor::After(id) => json!({"method": "cursorAfter", "values": [id]}),
        Cursor::Before(id) => json!({"method": "cursorBefore", "values": [id]}),
    }));
    queries.extend(listing.limit.map(|limit| json!({"method": "limit", "values": [limit]})));
    queries.push(json!({"method": "offset", "values": [listing.offset]}));
    queries
}

fn query(filter: &Filter) -> Value {
    let (attribute, op) = match filter {
        Filter::All(children) => {
            return json!({"method": "and", "values": children.iter().map(query).collect::<Value>()});
        }
        Filter::Any(children) => {
            return json!({"method": "or", "values": children.iter().map(query).collect::<Value>()});
        }
        Filter::Test { attribute, op } => (attribute, op),
    };
    let one = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => json!(text),
        Scalar::Bool(truth) => json!(truth),
        Scalar::Int(millis) if attribute.kind == Kind::Date => json!(date(*millis)),
        Scalar::Int(number) => json!(number),
    };
    let texts = |texts: &[String]| texts.iter().map(|text| json!(text)).collect();
    let (method, values): (_, Vec<Value>) = match op {
        Op::Equal(values) => ("equal", values.iter().map(one).collect()),
        Op::NotEqual(value) => ("notEqual", vec![one(value)]),
        Op::Less(value) => ("lessThan", vec![one(value)]),
        Op::LessEqual(value) => ("lessThanEqual", vec![one(value)]),
        Op::Greater(value) => ("greaterThan", vec![one(value)]),
        Op::GreaterEqual(value) => ("greaterThanEqual", vec![one(value)]),
        Op::Between(low, high) => ("between", vec![one(low), one(high)]),
        Op::NotBetween(low, high) => ("notBetween", vec![one(low), one(high)]),
        Op::IsNull => ("isNull", Vec::new()),
        Op::IsNotNull => ("isNotNull", Vec::new()),
        Op::StartsWith(text) => ("startsWith", vec![json!(text)]),
        Op::NotStartsWith(text) => ("notStartsWith", vec![json!(text)]),
        Op::EndsWith(text) => ("endsWith", vec![json!(text)]),
        Op::NotEndsWith(text) => ("notEndsWith", vec![json!(text)]),
        Op::Contains(parts) => ("contains", texts(parts)),
        Op::NotContains(parts) => ("notContains", texts(parts)),
        Op::ContainsAll(parts) => ("containsAll", texts(parts)),
    };
    json!({"method": method, "attribute": attribute.name, "values": values})
}

/// The same query in the string form.
fn string(query: &Value) -> Option<String> {
    let method = query["method"].as_str()?;
    // A backslash before some characters is not to be had: the form reads two of them as two.
    let quoted = |text: &str| (!text.contains('\\')).then(|| format!("\"{}\"", text.replace('"', "\\\"")));
    let value = |value: &Value| value.as_str().map_or_else(|| Some(value.to_string()), quoted);
    let attribute = query["attribute"].as_str().map(|name| format!("\"{name}\""));
    let values: Vec<String> = query["values"].as_array().into_iter().flatten().map(value).collect::<Option<_>>()?;
    let arguments = match method {
        "limit" | "offset" | "cursorAfter" | "cursorBefore" => values.join(""),
        "orderAsc" | "orderDesc" => attribute.unwrap_or_default(),
        "between" => format!("{}, {}", attribute?, values.join(", ")),
        "isNull" | "isNotNull" => attribute?,
        _ if OLD.contains(&method) => format!("{}, [{}]", attribute?, values.join(", ")),
        _ => return None,
    };
    Some(format!("{method}({arguments})"))
}

/// A moment as RFC 3339 has it, from milliseconds since the epoch: the day counted by the calendar's cycle of 400 years.
fn date(millis: i64) -> String {
    let (days, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    // Days since 1 March of the year 0, so that a leap day is the last of its year.
    let shifted = days + 719_468;
    let (cycle, of_cycle) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (cycle * 400 + year + i64::from(month >= 10), if month < 10 { month + 3 } else { month - 9 });
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", of_day % 1000)
}
