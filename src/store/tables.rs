//! The tables of the database, for what concerns all of them: copying, sealing anew, erasing. A test compares this with what
//! both engines say of the migrated database.

use super::row::Row;
use super::{Engine, Error, On, ProjectKey, Record, Result, Sql, Value, sql};

/// A table whose rows are somebody's data.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// All of its columns.
    pub columns: &'static [Column],
    /// What tells the rows of a project apart, and has an index behind the project on both engines.
    pub key: &'static [&'static str],
}

/// A column of a table.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds, if not NULL.
    pub kind: Kind,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number, or a time.
    Int,
    /// A truth value.
    Bool,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// Bytes that are sealed with `USHER_SECRET`.
    Sealed,
}

macro_rules! tables {
    ($($name:ident by ($($key:ident)+) { $($kind:ident: $($column:ident)+;)+ })+) => {
        /// The tables, each behind those that it refers to.
        pub const TABLES: &[Table] = &[$(Table {
            name: stringify!($name),
            columns: &[$($(Column { name: stringify!($column), kind: Kind::$kind }),+),+],
            key: &[$(stringify!($key)),+],
        }),+];
    };
}

tables! {
    projects by (seq) {
        Int: seq;
        Text: id name settings;
        Int: created_at updated_at;
    }
    api_keys by (id) {
        Int: seq project;
        Text: id name digest hint scopes;
        Int: expire created_at accessed_at;
    }
    users by (seq) {
        Int: seq project;
        Text: id;
        Int: created_at updated_at registration;
        Text: name name_folded email phone;
        Bool: status email_verified phone_verified;
        Text: labels prefs password hash hash_options password_history;
        Int: password_update;
        Bool: password_pwned mfa impersonator;
        Int: accessed_at;
        Text: search targets;
    }
    user_labels by (label user_seq) {
        Int: project;
        Text: label;
        Int: user_seq;
    }
    targets by (user_id seq) {
        Int: seq project;
        Text: id user_id;
        Int: created_at updated_at;
        Text: name provider_id provider_type identifier;
        Bool: expired;
    }
    sessions by (user_id seq) {
        Int: seq project;
        Text: id user_id;
        Int: created_at updated_at expire;
        Text: provider provider_uid;
        Sealed: provider_access_token;
        Int: provider_access_token_expiry;
        Sealed: provider_refresh_token;
        Text: digest ip user_agent factors;
        Int: mfa_updated_at;
    }
    tokens by (user_id seq) {
        Int: seq project;
        Text: id user_id;
        Int: created_at expire;
        Text: digest;
        Int: attempts;
    }
    identities by (seq) {
        Int: seq project;
        Text: id user_id;
        Int: created_at updated_at;
        Text: provider provider_uid provider_email provider_email_folded;
        Sealed: provider_access_token;
        Int: provider_access_token_expiry;
        Sealed: provider_refresh_token provider_id_token;
        Text: search;
    }
    recovery_codes by (user_id) {
        Int: project;
        Text: user_id;
        Int: created_at updated_at;
        Sealed: codes;
    }
    authenticators by (user_id type) {
        Int: project;
        Text: user_id type;
        Int: created_at updated_at;
        Bool: verified;
        Sealed: secret;
    }
    challenges by (id) {
        Int: project;
        Text: id user_id;
        Int: created_at expire;
        Text: factor;
        Sealed: code;
    }
    passkeys by (user_id seq) {
        Int: seq project;
        Text: id user_id;
        Int: created_at updated_at;
        Text: name name_folded;
        Int: accessed_at;
        Bytes: credential_id public_key;
        Int: counter;
    }
    teams by (id) {
        Int: seq project;
        Text: id;
        Int: created_at updated_at;
        Text: name;
        Int: total;
        Text: prefs;
    }
    memberships by (user_id seq) {
        Int: seq project;
        Text: id user_id team_id;
        Int: created_at updated_at invited joined;
        Bool: confirm;
        Text: roles;
    }
    membership_roles by (role membership_seq) {
        Int: project;
        Text: role;
        Int: membership_seq;
    }
    logs by (user_id time seq) {
        Int: seq project;
        Text: user_id event mode actor_type actor_id actor_name actor_email ip user_agent;
        Int: time;
    }
    attempts by (bucket) {
        Int: project;
        Text: bucket;
        Int: reset count;
    }
}

/// Tables that are not in [`TABLES`], and why.
pub const OTHERS: [(&str, &str); 6] = [
    ("user_search", "made of users.search"),
    ("identity_search", "made of identities.search"),
    ("user_totals", "counted by triggers of users"),
    ("label_totals", "counted by triggers of user_labels"),
    ("jobs", "says what the servers of this database have done"),
    ("_sqlx_migrations", "says how this database was made"),
];

/// The rows of a project in a table, a batch at a time.
pub(super) struct Rows {
    pub(super) table: &'static Table,
    /// What is read, with the columns of the key among it.
    pub(super) columns: Vec<&'static Column>,
    pub(super) project: ProjectKey,
    most: i64,
    after: Option<Vec<Value>>,
    over: bool,
}

impl Rows {
    pub(super) fn of(table: &'static Table, project: ProjectKey, columns: Vec<&'static Column>, most: i64) -> Self {
        Self { table, columns, project, most, after: None, over: false }
    }

    /// The next batch, which is never empty.
    pub(super) async fn next(&mut self, on: On<'_>) -> Result<Option<Vec<Vec<Value>>>> {
        if self.over {
            return Ok(None);
        }
        let select = self.table.select(&self.columns, self.project, self.after.as_deref(), self.most);
        let found: Vec<Cells> = select.all(on).await?;
        self.over = i64::try_from(found.len()).unwrap_or(self.most) < self.most;
        let rows = found.into_iter().map(|Cells(row)| {
            row.into_iter().zip(&self.columns).map(|(value, column)| column.kind.fit(value)).collect()
        });
        let rows: Vec<Vec<Value>> = rows.collect::<Result<_>>()?;
        self.after = rows.last().map(|row| self.table.key_of(&self.columns, row));
        Ok(Some(rows).filter(|rows| !rows.is_empty()))
    }
}

/// A row as it is stored, in the order of the columns that were asked for.
#[derive(Debug)]
pub(super) struct Cells(pub(super) Vec<Value>);

impl Record for Cells {
    fn read(row: &mut Row<'_>) -> Result<Self> {
        let cells: Result<Vec<Value>> = (0..row.left()).map(|_| row.any()).collect();
        cells.map(Self)
    }
}

impl Kind {
    /// The value as this kind of column holds it: SQLite has numbers for truth values, and no kinds of NULL.
    pub(super) fn fit(self, value: Value) -> Result<Value> {
        Ok(match (self, value) {
            (Self::Int, value) if value.is_null() => Value::Int(None),
            (Self::Bool, value) if value.is_null() => Value::Bool(None),
            (Self::Text, value) if value.is_null() => Value::Text(None),
            (Self::Bytes | Self::Sealed, value) if value.is_null() => Value::Bytes(None),
            (Self::Bool, Value::Int(Some(number @ 0..=1))) => Value::Bool(Some(number == 1)),
            (Self::Int, value @ Value::Int(_))
            | (Self::Bool, value @ Value::Bool(_))
            | (Self::Text, value @ Value::Text(_))
            | (Self::Bytes | Self::Sealed, value @ Value::Bytes(_)) => value,
            _ => return Err(Error::Other("a column holds what is not of its kind".into())),
        })
    }
}

impl Table {
    /// The column with the number of the project.
    pub(super) fn project(&self) -> &'static str {
        if self.has("project") { "project" } else { "seq" }
    }

    /// Whether it has a column of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    /// The values of a row in the columns of the key.
    fn key_of(&self, columns: &[&Column], row: &[Value]) -> Vec<Value> {
        let at = |key: &str| columns.iter().position(|column| column.name == key);
        self.key.iter().filter_map(|key| row.get(at(key)?).cloned()).collect()
    }

    /// The next rows of a project in the order of the key, behind the row with the key `after`.
    fn select(&self, columns: &[&Column], project: ProjectKey, after: Option<&[Value]>, most: i64) -> Sql {
        let mut select = sql("SELECT ");
        push_names(&mut select, columns.iter().map(|column| column.name));
        self.push_from(&mut select, project);
        if let Some(after) = after {
            select.push(" AND (");
            push_names(&mut select, self.key.iter().copied());
            select.push(") > (");
            push_values(&mut select, after.iter().cloned());
            select.push(")");
        }
        select.push(" ORDER BY ");
        push_names(&mut select, self.key.iter().copied());
        select.push(" LIMIT ").push_bind(most);
        select
    }

    /// All rows of a user, in the order of the key.
    pub(super) fn of_user(&self, project: ProjectKey, user: &str) -> Sql {
        let mut select = sql("SELECT ");
        push_names(&mut select, self.columns.iter().map(|column| column.name));
        self.push_from(&mut select, project);
        select.push(" AND user_id = ").push_bind(user).push(" ORDER BY ");
        push_names(&mut select, self.key.iter().copied());
        select
    }

    /// How many rows a project has.
    pub(super) fn count(&self, project: ProjectKey) -> Sql {
        let mut count = sql("SELECT count(*)");
        self.push_from(&mut count, project);
        count
    }

    /// Stores whole rows with the numbers that they have.
    pub(super) fn insert(&self, engine: Engine, rows: impl IntoIterator<Item = Vec<Value>>) -> Sql {
        let mut insert = sql("INSERT INTO ");
        insert.push(self.name).push(" (");
        push_names(&mut insert, self.columns.iter().map(|column| column.name));
        // PostgreSQL gives the numbers of rows itself unless it is told otherwise.
        let numbered = engine == Engine::Postgres && self.has("seq");
        insert.push(if numbered { ") OVERRIDING SYSTEM VALUE VALUES " } else { ") VALUES " });
        for (n, row) in rows.into_iter().enumerate() {
            insert.push(if n == 0 { "(" } else { ", (" });
            push_values(&mut insert, row);
            insert.push(")");
        }
        insert
    }

    fn push_from(&self, to: &mut Sql, project: ProjectKey) {
        to.push(" FROM ").push(self.name).push(" WHERE ").push(self.project()).push(" = ").push_bind(project);
    }
}

fn push_names(to: &mut Sql, names: impl Iterator<Item = &'static str>) {
    for (n, name) in names.enumerate() {
        to.push(if n == 0 { "" } else { ", " }).push(name);
    }
}

fn push_values(to: &mut Sql, values: impl IntoIterator<Item = Value>) {
    for (n, value) in values.into_iter().enumerate() {
        to.push(if n == 0 { "" } else { ", " }).push_bind(value);
    }
}
