//! What a list has to give, worked out in plain Rust over the rows that were stored: the same queries that are sent
//! to the server are read here once more, without SQL.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::Value;
use usher::clock::Millis;
use usher::fold::fold;
use usher::store::identities::Identity;
use usher::store::users::User;

/// Rows of a page when no limit is given.
const LIMIT: u64 = 25;

/// Attributes that are compared folded.
const FOLDED: [&str; 3] = ["name", "email", "providerEmail"];

/// Attributes that are moments.
const DATES: [&str; 8] = [
    "$createdAt",
    "$updatedAt",
    "registration",
    "passwordUpdate",
    "accessedAt",
    "invited",
    "joined",
    "providerAccessTokenExpiry",
];

/// A value that is not NULL. `Option<Cell>` sorts as lists do: NULL is the smallest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    Bool(bool),
    Int(i64),
    Text(String),
}

impl Cell {
    /// What a value of a query means for an attribute.
    fn of(attribute: &str, value: &Value) -> Self {
        match value {
            Value::Bool(truth) => Self::Bool(*truth),
            Value::String(text) if DATES.contains(&attribute) => Self::Int(Millis::parse(text).unwrap().0),
            Value::String(text) if FOLDED.contains(&attribute) => Self::Text(fold(text)),
            Value::String(text) => Self::Text(text.clone()),
            other => Self::Int(other.as_i64().unwrap()),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("{other:?} is no text"),
        }
    }
}

/// A stored row, by the attributes it may be filtered and ordered by.
#[derive(Debug)]
pub struct Row {
    pub id: String,
    cells: HashMap<&'static str, Option<Cell>>,
    /// The elements of its list: labels or roles.
    elements: Vec<String>,
}

impl Row {
    pub fn new(id: &str, cells: impl IntoIterator<Item = (&'static str, Option<Cell>)>, elements: Vec<String>) -> Self {
        let mut cells: HashMap<_, _> = cells.into_iter().collect();
        cells.insert("$id", text(id));
        Self { id: id.to_owned(), cells, elements }
    }

    pub fn user(user: &User) -> Self {
        let cells = [
            ("name", text(&fold(&user.name))),
            ("email", user.email.as_deref().and_then(text)),
            ("phone", user.phone.as_deref().and_then(text)),
            ("status", truth(user.status)),
            ("emailVerification", truth(user.email_verified)),
            ("phoneVerification", truth(user.phone_verified)),
            ("passwordPwned", user.password_pwned.map(Cell::Bool)),
            ("impersonator", truth(user.impersonator)),
            ("passwordUpdate", moment(user.password_update)),
            ("accessedAt", moment(user.accessed_at)),
            ("registration", moment(Some(user.registration))),
            ("$createdAt", moment(Some(user.created_at))),
            ("$updatedAt", moment(Some(user.updated_at))),
            ("$sequence", Some(Cell::Int(user.seq))),
            // A list is ordered by the beginning of its JSON.
            ("labels", text(&user.labels.chars().take(64).collect::<String>())),
        ];
        Self::new(&user.id, cells, user.label_list())
    }

    pub fn identity(identity: &Identity) -> Self {
        let cells = [
            ("userId", text(&identity.user_id)),
            ("provider", text(&identity.provider)),
            ("providerUid", text(&identity.provider_uid)),
            ("providerEmail", text(&fold(&identity.provider_email))),
            ("providerAccessTokenExpiry", moment(identity.provider_access_token_expiry)),
            ("$createdAt", moment(Some(identity.created_at))),
            ("$updatedAt", moment(Some(identity.updated_at))),
            ("$sequence", Some(Cell::Int(identity.seq))),
        ];
        Self::new(&identity.id, cells, Vec::new())
    }

    fn cell(&self, attribute: &str) -> Option<&Cell> {
        self.cells.get(attribute).unwrap_or_else(|| panic!("no attribute {attribute}")).as_ref()
    }
}

pub fn text(text: &str) -> Option<Cell> {
    Some(Cell::Text(text.to_owned()))
}

pub fn truth(truth: bool) -> Option<Cell> {
    Some(Cell::Bool(truth))
}

pub fn moment(at: Option<Millis>) -> Option<Cell> {
    at.map(|at| Cell::Int(at.0))
}

/// The total and the ids that these queries, all in the JSON form, have to give.
pub fn page(rows: &[Row], queries: &[Value]) -> (usize, Vec<String>) {
    let named =
        |names: &'static [&str]| queries.iter().filter(move |query| names.contains(&query["method"].as_str().unwrap()));
    let orders: Vec<(&str, bool)> = named(&["orderAsc", "orderDesc"])
        .map(|query| match query["attribute"].as_str() {
            None | Some("") => ("$sequence", query["method"] == "orderDesc"),
            Some(attribute) => (attribute, query["method"] == "orderDesc"),
        })
        .collect();
    let number = |names| named(names).next().map(|query| query["values"][0].as_u64().unwrap());
    let limit = usize::try_from(number(&["limit"]).unwrap_or(LIMIT)).unwrap();
    let offset = usize::try_from(number(&["offset"]).unwrap_or(0)).unwrap();
    let filters: Vec<&Value> = queries.iter().filter(|query| !is_paging(query)).collect();

    // The cursor's own row counts by its place only, so rows are filtered after that.
    let sorted = sorted(rows, &orders);
    let matches = |row: &&&Row| filters.iter().all(|filter| holds(row, filter));
    let total = sorted.iter().filter(matches).count();
    let id = |row: &&Row| row.id.clone();
    let cursor = named(&["cursorAfter", "cursorBefore"]).next();
    let ids = match cursor {
        Some(cursor) => {
            let at = sorted.iter().position(|row| row.id == cursor["values"][0]).unwrap();
            if cursor["method"] == "cursorAfter" {
                sorted[at + 1..].iter().filter(matches).skip(offset).take(limit).map(id).collect()
            } else {
                let mut ids: Vec<String> =
                    sorted[..at].iter().rev().filter(matches).skip(offset).take(limit).map(id).collect();
                ids.reverse();
                ids
            }
        }
        None => sorted.iter().filter(matches).skip(offset).take(limit).map(id).collect(),
    };
    (total, ids)
}

/// The rows in the order asked for, with the tie-break of the contract.
pub fn sorted<'a>(rows: &'a [Row], orders: &[(&str, bool)]) -> Vec<&'a Row> {
    let by_time = matches!(orders.first(), Some(("$createdAt" | "$updatedAt", true)));
    let in_direction = |descending, ordering: Ordering| if descending { ordering.reverse() } else { ordering };
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by(|a, b| {
        let asked = orders
            .iter()
            .map(|(attribute, descending)| in_direction(*descending, a.cell(attribute).cmp(&b.cell(attribute))))
            .find(|ordering| ordering.is_ne());
        asked.unwrap_or_else(|| in_direction(by_time, a.cell("$sequence").cmp(&b.cell("$sequence"))))
    });
    sorted
}

fn is_paging(query: &Value) -> bool {
    ["limit", "offset", "cursorAfter", "cursorBefore", "orderAsc", "orderDesc"]
        .contains(&query["method"].as_str().unwrap())
}

/// Whether a row passes a filter.
pub fn holds(row: &Row, query: &Value) -> bool {
    let method = query["method"].as_str().unwrap();
    let none = Vec::new();
    let values = query["values"].as_array().unwrap_or(&none);
    match method {
        "and" => return values.iter().all(|child| holds(row, child)),
        "or" => return values.iter().any(|child| holds(row, child)),
        _ => {}
    }
    let attribute = query["attribute"].as_str().unwrap();
    if ["labels", "roles"].contains(&attribute) {
        let has = |value: &Value| row.elements.iter().any(|element| element == value.as_str().unwrap());
        return match method {
            "contains" | "containsAny" => values.iter().any(has),
            "containsAll" => values.iter().all(has),
            "notContains" => !values.iter().any(has),
            "isNull" => false,
            "isNotNull" => true,
            other => panic!("{other} on a list"),
        };
    }
    let cell = row.cell(attribute);
    if method == "isNull" {
        return cell.is_none();
    }
    // NULL passes nothing else, not even a negation.
    let Some(cell) = cell else { return false };
    let values: Vec<Cell> = values.iter().map(|value| Cell::of(attribute, value)).collect();
    let part = |value: &Cell| cell.text().contains(value.text());
    match method {
        "isNotNull" => true,
        "equal" => values.contains(cell),
        "notEqual" => *cell != values[0],
        "lessThan" => *cell < values[0],
        "lessThanEqual" => *cell <= values[0],
        "greaterThan" => *cell > values[0],
        "greaterThanEqual" => *cell >= values[0],
        "between" => (&values[0]..=&values[1]).contains(&cell),
        "notBetween" => *cell < values[0] || *cell > values[1],
        "startsWith" => cell.text().starts_with(values[0].text()),
        "notStartsWith" => !cell.text().starts_with(values[0].text()),
        "endsWith" => cell.text().ends_with(values[0].text()),
        "notEndsWith" => !cell.text().ends_with(values[0].text()),
        "contains" | "containsAny" => values.iter().any(part),
        "containsAll" => values.iter().all(part),
        "notContains" => !values.iter().any(part),
        other => panic!("{other} is not in the model"),
    }
}
