//! Tests of the query language: the contract's cases, tables of our own, and properties.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod contract;
mod forms;
mod properties;
mod rules;

use super::{Attribute, Filter, Kind, Listing, Op, Refused, RefusedKind, Scalar, Schema, read};

/// What becomes of a list of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Accepted,
    Refused(RefusedKind),
}

const ACCEPTED: Outcome = Outcome::Accepted;
const ARGUMENT: Outcome = Outcome::Refused(RefusedKind::Argument);
const QUERY: Outcome = Outcome::Refused(RefusedKind::Query);
const TOO_MANY: Outcome = Outcome::Refused(RefusedKind::TooMany);

impl Outcome {
    fn of(result: &Result<Listing, Refused>) -> Self {
        result.as_ref().map_or_else(|refused| Self::Refused(refused.kind), |_| Self::Accepted)
    }
}

/// Reads queries of the users list.
fn users<T: ToString>(queries: &[T]) -> Result<Listing, Refused> {
    let queries: Vec<_> = queries.iter().map(T::to_string).collect();
    read(&USERS, &queries)
}

/// An attribute of the users list.
fn attribute(name: &str) -> &'static Attribute {
    USERS.attributes.iter().find(|attribute| attribute.name == name).unwrap()
}

/// Reads each query alone and compares the outcome.
fn check(schema: &'static Schema, cases: &[(&str, Outcome)]) {
    for (query, expected) in cases {
        let result = read(schema, &[(*query).to_owned()]);
        assert_eq!(Outcome::of(&result), *expected, "{query}: {result:?}");
    }
}

fn text(text: &str) -> Scalar {
    Scalar::Text(text.to_owned())
}

/// The only filter that a query yields.
fn filter(query: &str) -> Filter {
    let mut listing = users(&[query]).unwrap_or_else(|refused| panic!("{query}: {}", refused.message));
    listing.filters.pop().unwrap_or_else(|| panic!("{query}: no filter"))
}

fn test(name: &str, op: Op) -> Filter {
    Filter::Test { attribute: attribute(name), op }
}

fn message(query: &str) -> String {
    users(&[query]).unwrap_err().message
}

const fn of(name: &'static str, kind: Kind) -> Attribute {
    Attribute { name, kind, nullable: true, column: name }
}

const ID: Attribute = of("$id", Kind::Text);
const CREATED: Attribute = of("$createdAt", Kind::Date);
const UPDATED: Attribute = of("$updatedAt", Kind::Date);
const SEQUENCE: Attribute = of("$sequence", Kind::Sequence);

static USERS: Schema = Schema {
    attributes: &[
        of("name", Kind::Folded),
        of("email", Kind::Folded),
        of("phone", Kind::Text),
        of("status", Kind::Bool),
        of("emailVerification", Kind::Bool),
        of("phoneVerification", Kind::Bool),
        of("impersonator", Kind::Bool),
        of("passwordPwned", Kind::Bool),
        of("passwordUpdate", Kind::Date),
        of("registration", Kind::Date),
        of("accessedAt", Kind::Date),
        of("labels", Kind::List),
        ID,
        CREATED,
        UPDATED,
        SEQUENCE,
    ],
    paging_only: false,
};

static IDENTITIES: Schema = Schema {
    attributes: &[
        of("userId", Kind::Text),
        of("provider", Kind::Text),
        of("providerUid", Kind::Text),
        of("providerEmail", Kind::Folded),
        of("providerAccessTokenExpiry", Kind::Date),
        ID,
        CREATED,
        UPDATED,
        SEQUENCE,
    ],
    paging_only: false,
};

static MEMBERSHIPS: Schema = Schema {
    attributes: &[
        of("userId", Kind::Text),
        of("teamId", Kind::Text),
        of("invited", Kind::Date),
        of("joined", Kind::Date),
        of("confirm", Kind::Bool),
        of("roles", Kind::List),
        ID,
        CREATED,
        UPDATED,
        SEQUENCE,
    ],
    paging_only: false,
};

static TARGETS: Schema = Schema {
    attributes: &[
        of("userId", Kind::Text),
        of("providerId", Kind::Text),
        of("identifier", Kind::Text),
        of("providerType", Kind::Text),
        ID,
        CREATED,
        UPDATED,
        SEQUENCE,
    ],
    paging_only: false,
};

static LOGS: Schema = Schema { attributes: &[], paging_only: true };
