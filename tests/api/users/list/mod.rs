//! Lists: pages, orders, cursors and totals of users, identities and memberships.

mod cursors;
pub mod model;
mod near;
mod pages;
pub mod population;
mod totals;
mod walks;

use serde_json::{Value, json};

use self::model::Row;
use crate::support::TestApp;

pub const USERS: &str = "/v1/users";
pub const IDENTITIES: &str = "/v1/users/identities";
pub const MEMBERSHIPS: &str = "/v1/users/anna/memberships";

/// The name of the list in the answers of a route.
pub fn plural(path: &str) -> &'static str {
    match path.split('?').next() {
        Some(USERS) => "users",
        Some(IDENTITIES) => "identities",
        Some(MEMBERSHIPS) => "memberships",
        other => panic!("{other:?} is no list"),
    }
}

pub fn limit(limit: u64) -> Value {
    json!({"method": "limit", "values": [limit]})
}

pub fn offset(offset: u64) -> Value {
    json!({"method": "offset", "values": [offset]})
}

pub fn after(id: &str) -> Value {
    json!({"method": "cursorAfter", "values": [id]})
}

pub fn before(id: &str) -> Value {
    json!({"method": "cursorBefore", "values": [id]})
}

pub fn ascending(attribute: &str) -> Value {
    json!({"method": "orderAsc", "attribute": attribute})
}

pub fn descending(attribute: &str) -> Value {
    json!({"method": "orderDesc", "attribute": attribute})
}

pub fn equal(attribute: &str, value: impl Into<Value>) -> Value {
    json!({"method": "equal", "attribute": attribute, "values": [value.into()]})
}

/// Sends queries, and compares total and ids with what the model makes of them.
#[track_caller]
pub fn agrees(app: &TestApp, path: &'static str, rows: &[Row], queries: Vec<Value>) -> impl Future<Output = ()> {
    let expected = model::page(rows, &queries);
    let place = std::panic::Location::caller();
    async move {
        let answer = app.admin().list(path, &queries).await;
        let found = (answer.json["total"].as_u64(), answer.ids(plural(path)));
        let expected = (u64::try_from(expected.0).ok(), expected.1.iter().map(String::as_str).collect());
        assert_eq!(found, expected, "{path} with {queries:?} at {place}");
    }
}
