//! The lists that clients can ask for: what each may be filtered and ordered by, and where its rows come from.

use crate::query::{Attribute, Kind, Schema};
use crate::store::{self, search::Index};

const fn attribute(name: &'static str, kind: Kind, nullable: bool, column: &'static str) -> Attribute {
    Attribute { name, kind, nullable, column }
}

const ID: Attribute = attribute("$id", Kind::Text, false, "t.id");
const CREATED_AT: Attribute = attribute("$createdAt", Kind::Date, false, "t.created_at");
const UPDATED_AT: Attribute = attribute("$updatedAt", Kind::Date, false, "t.updated_at");
const SEQUENCE: Attribute = attribute("$sequence", Kind::Sequence, false, "t.seq");

/// A list that clients can ask for.
#[derive(Debug)]
pub struct Source {
    /// What it may be filtered and ordered by.
    pub schema: &'static Schema,
    pub(super) columns: &'static str,
    /// Where the columns come from.
    pub(super) tables: &'static str,
    /// The table whose rows are listed, which is enough to count them.
    pub(super) table: &'static str,
    /// What holds of those of its rows that are listed, behind `AND`; empty when all are.
    pub(super) only: &'static str,
    pub(super) search: Option<Index>,
    /// Whether the database keeps totals of it.
    pub(super) kept: bool,
    /// Whether `USHER_TOTAL_CAP` applies to its total, as upstream's limit does.
    pub capped: bool,
    /// The time by which the order that nobody asked for goes, from the newest row to the oldest. The numbers of rows
    /// alone would not do: what is written down when nobody waits for it may come after what happened later.
    pub(super) newest_by: Option<&'static str>,
}

/// `GET /users`
pub static USERS: Source = Source {
    schema: &Schema {
        attributes: &[
            attribute("name", Kind::Folded, false, "t.name_folded"),
            attribute("email", Kind::Folded, true, "t.email"),
            attribute("phone", Kind::Text, true, "t.phone"),
            attribute("status", Kind::Bool, false, "t.status"),
            attribute("passwordUpdate", Kind::Date, true, "t.password_update"),
            attribute("registration", Kind::Date, false, "t.registration"),
            attribute("emailVerification", Kind::Bool, false, "t.email_verified"),
            attribute("phoneVerification", Kind::Bool, false, "t.phone_verified"),
            attribute("passwordPwned", Kind::Bool, true, "t.password_pwned"),
            attribute("labels", Kind::List, false, "user_labels"),
            attribute("impersonator", Kind::Bool, false, "t.impersonator"),
            attribute("accessedAt", Kind::Date, true, "t.accessed_at"),
            ID,
            CREATED_AT,
            UPDATED_AT,
            SEQUENCE,
        ],
        paging_only: false,
    },
    columns: store::users::COLUMNS,
    tables: "users t",
    table: "users t",
    only: "",
    search: Some(Index::Users),
    kept: true,
    capped: true,
    newest_by: None,
};

/// `GET /users/identities`
pub static IDENTITIES: Source = Source {
    schema: &Schema {
        attributes: &[
            attribute("userId", Kind::Text, false, "t.user_id"),
            attribute("provider", Kind::Text, false, "t.provider"),
            attribute("providerUid", Kind::Text, false, "t.provider_uid"),
            attribute("providerEmail", Kind::Folded, false, "t.provider_email_folded"),
            attribute("providerAccessTokenExpiry", Kind::Date, true, "t.provider_access_token_expiry"),
            ID,
            CREATED_AT,
            UPDATED_AT,
            SEQUENCE,
        ],
        paging_only: false,
    },
    columns: store::identities::COLUMNS,
    tables: "identities t",
    table: "identities t",
    only: "",
    search: Some(Index::Identities),
    kept: false,
    capped: true,
    newest_by: None,
};

/// `GET /users/{userId}/memberships`
pub static MEMBERSHIPS: Source = Source {
    schema: &Schema {
        attributes: &[
            attribute("userId", Kind::Text, false, "t.user_id"),
            attribute("teamId", Kind::Text, false, "t.team_id"),
            attribute("invited", Kind::Date, true, "t.invited"),
            attribute("joined", Kind::Date, true, "t.joined"),
            attribute("confirm", Kind::Bool, false, "t.confirm"),
            attribute("roles", Kind::List, false, "membership_roles"),
            ID,
            CREATED_AT,
            UPDATED_AT,
            SEQUENCE,
        ],
        paging_only: false,
    },
    columns: store::memberships::COLUMNS,
    tables: store::memberships::TABLES,
    table: "memberships t",
    only: "",
    search: None,
    kept: false,
    capped: false,
    newest_by: None,
};

/// `GET /users/{userId}/targets`
pub static TARGETS: Source = Source {
    schema: &Schema {
        attributes: &[
            attribute("userId", Kind::Text, false, "t.user_id"),
            attribute("providerId", Kind::Text, true, "t.provider_id"),
            attribute("identifier", Kind::Text, false, "t.identifier"),
            attribute("providerType", Kind::Text, false, "t.provider_type"),
            ID,
            CREATED_AT,
            UPDATED_AT,
            SEQUENCE,
        ],
        paging_only: false,
    },
    columns: store::targets::COLUMNS,
    tables: "targets t",
    table: "targets t",
    only: "",
    search: None,
    kept: false,
    capped: true,
    newest_by: None,
};

/// `GET /users/{userId}/passkeys`
pub static PASSKEYS: Source = Source {
    schema: &Schema {
        attributes: &[
            attribute("name", Kind::Folded, false, "t.name_folded"),
            attribute("accessedAt", Kind::Date, true, "t.accessed_at"),
            ID,
            CREATED_AT,
            UPDATED_AT,
            SEQUENCE,
        ],
        paging_only: false,
    },
    columns: store::passkeys::COLUMNS,
    tables: "passkeys t",
    table: "passkeys t",
    only: store::passkeys::VERIFIED,
    search: None,
    kept: false,
    capped: true,
    newest_by: None,
};

/// `GET /users/{userId}/logs`: limit and offset only.
pub static LOGS: Source = Source {
    schema: &Schema { attributes: &[], paging_only: true },
    columns: store::logs::COLUMNS,
    tables: "logs t",
    table: "logs t",
    only: "",
    search: None,
    kept: false,
    capped: false,
    newest_by: Some("t.time"),
};
