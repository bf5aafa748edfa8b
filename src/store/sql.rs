//! A statement as a value: trusted text and untrusted values, kept apart. User text can only enter as a bound
//! value, because [`Sql::push`] takes nothing but literals.

use std::borrow::Cow;
use std::fmt::Write as _;

use futures_util::TryStreamExt as _;
use sqlx::{Arguments, Database, Either, Encode, Executor as _, FromRow, Type, postgres::PgRow, sqlite::SqliteRow};

use super::db::{On, run};
use super::{Engine, Error, Result, Tx};
use crate::clock::Millis;

/// A bound value. The variant fixes the type, so that a NULL is typed as well.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Text.
    Text(Option<String>),
    /// A whole number, or a time in milliseconds.
    Int(Option<i64>),
    /// A truth value.
    Bool(Option<bool>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

macro_rules! value_from {
    ($($from:ty => |$v:ident| $into:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($v: $from) -> Self { $into }
        }
    )*};
}

value_from! {
    &str => |v| Self::Text(Some(v.to_owned()));
    &String => |v| Self::Text(Some(v.clone()));
    String => |v| Self::Text(Some(v));
    Option<&str> => |v| Self::Text(v.map(str::to_owned));
    Option<String> => |v| Self::Text(v);
    i64 => |v| Self::Int(Some(v));
    Option<i64> => |v| Self::Int(v);
    Millis => |v| Self::Int(Some(v.0));
    Option<Millis> => |v| Self::Int(v.map(|m| m.0));
    bool => |v| Self::Bool(Some(v));
    Option<bool> => |v| Self::Bool(v);
    Vec<u8> => |v| Self::Bytes(Some(v));
    Option<Vec<u8>> => |v| Self::Bytes(v);
}

/// A statement and the values of its `$1`, `$2`, …
#[derive(Debug, Clone)]
pub(super) struct Sql {
    pub(super) text: Cow<'static, str>,
    pub(super) values: Vec<Value>,
}

/// A statement with a fixed text.
pub(super) const fn sql(text: &'static str) -> Sql {
    Sql { text: Cow::Borrowed(text), values: Vec::new() }
}

/// A composed statement with more values than this is prepared anew each time: it will hardly come again with as
/// many, and would only push others out of the cache of its connection, where statements of 10,000 values are large.
const KEPT_VALUES: usize = 64;

impl Sql {
    /// Whether the connection keeps the prepared statement for the next time.
    fn is_kept(&self) -> bool {
        matches!(self.text, Cow::Borrowed(_)) || self.values.len() <= KEPT_VALUES
    }

    /// The value of the next `$n` of a fixed text.
    #[must_use]
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Appends trusted text.
    pub(super) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Appends a placeholder and keeps its value.
    pub(super) fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        // Writing to a String cannot fail.
        let _ = write!(self.text.to_mut(), "${}", self.values.len());
        self
    }

    /// Appends placeholders with commas between them, and keeps their values.
    pub(super) fn push_binds<const N: usize>(&mut self, values: [Value; N]) -> &mut Self {
        for (n, value) in values.into_iter().enumerate() {
            self.push(if n == 0 { "" } else { ", " }).push_bind(value);
        }
        self
    }

    /// All rows.
    pub(super) async fn all<T: Record>(self, on: On<'_>) -> Result<Vec<T>> {
        let kept = self.is_kept();
        run!(self, on, |text, arguments, executor| {
            Ok(sqlx::query_as_with(text, arguments).persistent(kept).fetch_all(executor).await?)
        })
    }

    /// The first row, if there is one.
    pub(super) async fn optional<T: Record>(self, on: On<'_>) -> Result<Option<T>> {
        let kept = self.is_kept();
        run!(self, on, |text, arguments, executor| {
            Ok(sqlx::query_as_with(text, arguments).persistent(kept).fetch_optional(executor).await?)
        })
    }

    /// The row that must be there.
    pub(super) async fn one<T: Record>(self, on: On<'_>) -> Result<T> {
        self.optional(on).await?.ok_or(Error::Missing)
    }

    /// Runs a statement without rows; the number of rows it changed, which is that of the last where there are several.
    pub(super) async fn execute(self, on: On<'_>) -> Result<u64> {
        let kept = self.is_kept();
        run!(self, on, |text, arguments, executor| {
            let mut steps = executor.fetch_many(sqlx::query_with(text, arguments).persistent(kept));
            let mut changed = 0;
            while let Some(step) = steps.try_next().await? {
                if let Either::Left(done) = step {
                    changed = done.rows_affected();
                }
            }
            Ok(changed)
        })
    }

    /// Makes one text of two statements, the second numbered behind the first. Only SQLite takes such a text, and takes
    /// it in one trip to its thread.
    fn then(mut self, next: Self) -> Self {
        let (before, text) = (self.values.len(), self.text.to_mut());
        text.push_str("; ");
        let mut pieces = next.text.split('$');
        text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
            let number = piece[..end].parse::<usize>().unwrap_or_default();
            // Writing to a String cannot fail.
            let _ = write!(text, "${}{}", number + before, &piece[end..]);
        }
        self.values.extend(next.values);
        self
    }
}

/// Runs statements without rows, one after another.
pub(super) async fn in_turn(statements: impl IntoIterator<Item = Sql>, tx: &mut Tx) -> Result<()> {
    let mut statements = statements.into_iter();
    match tx.engine() {
        Engine::Sqlite => match statements.next() {
            Some(first) => statements.fold(first, Sql::then).execute(tx.on()).await.map(drop),
            None => Ok(()),
        },
        Engine::Postgres => {
            for statement in statements {
                statement.execute(tx.on()).await?;
            }
            Ok(())
        }
    }
}

/// Hands the values to the driver of one engine.
pub(super) fn arguments<'q, DB, A>(values: Vec<Value>) -> Result<A>
where
    DB: Database<Arguments = A>,
    A: Arguments<Database = DB> + Default,
    Option<String>: Encode<'q, DB> + Type<DB>,
    Option<i64>: Encode<'q, DB> + Type<DB>,
    Option<bool>: Encode<'q, DB> + Type<DB>,
    Option<Vec<u8>>: Encode<'q, DB> + Type<DB>,
{
    let mut arguments = A::default();
    for value in values {
        match value {
            Value::Text(v) => arguments.add(v),
            Value::Int(v) => arguments.add(v),
            Value::Bool(v) => arguments.add(v),
            Value::Bytes(v) => arguments.add(v),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// What a row may become, on either engine.
pub trait Record: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Sync + Unpin {}
impl<T> Record for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Sync + Unpin {}

impl<DB: Database> Type<DB> for Millis
where
    i64: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        i64::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        i64::compatible(ty)
    }
}

impl<'r, DB: Database> sqlx::Decode<'r, DB> for Millis
where
    i64: sqlx::Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> std::result::Result<Self, sqlx::error::BoxDynError> {
        i64::decode(value).map(Millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_numbered_behind_each_other() {
        let first = sql("UPDATE a SET b = $2 WHERE c = $1").bind(1).bind("x");
        let both = first.then(sql("DELETE FROM d WHERE e = $1 AND f = $12 OR $1").bind(true));
        assert_eq!(both.text, "UPDATE a SET b = $2 WHERE c = $1; DELETE FROM d WHERE e = $3 AND f = $14 OR $3");
        assert_eq!(both.values, [1.into(), "x".into(), true.into()]);
        let third = both.then(sql("SELECT 1")).then(sql("$1").bind(2));
        assert!(third.text.ends_with("OR $3; SELECT 1; $4"), "{}", third.text);
    }

    #[test]
    fn only_statements_that_may_come_again_are_kept() {
        let composed = |values: usize| {
            let mut select = sql("SELECT ");
            for _ in 0..values {
                select.push_bind(1);
            }
            select
        };
        assert!(composed(1).is_kept() && composed(KEPT_VALUES).is_kept());
        assert!(!composed(KEPT_VALUES + 1).is_kept());
        let fixed = (0..=KEPT_VALUES).fold(sql("SELECT $1"), |select, _| select.bind(true));
        assert!(fixed.is_kept());
    }
}
