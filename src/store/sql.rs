//! A statement as a value: trusted text and untrusted values, kept apart. User text can only enter as a bound
//! value, because [`Sql::push`] takes nothing but literals.

use std::borrow::Cow;
use std::fmt::Write as _;

use tokio::task::coop::consume_budget as take_turns;

use super::{Engine, Error, On, Record, Result, postgres, sqlite};
use crate::clock::Millis;
use crate::trace::{self, Span};

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

impl Value {
    /// Whether it is NULL.
    pub(super) const fn is_null(&self) -> bool {
        matches!(self, Self::Text(None) | Self::Int(None) | Self::Bool(None) | Self::Bytes(None))
    }
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
    once: bool,
}

/// A statement with a fixed text.
pub(super) const fn sql(text: &'static str) -> Sql {
    Sql { text: Cow::Borrowed(text), values: Vec::new(), once: false }
}

/// A composed statement with more values than this is prepared anew each time: it will hardly come again with as
/// many, and would only push others out of the cache of its connection, where statements of 10,000 values are large.
const KEPT_VALUES: usize = 64;

impl Sql {
    /// Whether the connection keeps the prepared statement for the next time.
    pub(super) fn is_kept(&self) -> bool {
        !self.once && (matches!(self.text, Cow::Borrowed(_)) || self.values.len() <= KEPT_VALUES)
    }

    /// Has it prepared anew each time, and so planned for its values: where the best way depends on how many rows they match,
    /// PostgreSQL must not settle for one way that seems as good on the whole.
    #[must_use]
    pub(super) const fn once(mut self) -> Self {
        self.once = true;
        self
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

    /// Puts trusted text around what there is so far.
    #[must_use]
    pub(super) fn inside(mut self, before: &'static str, behind: &'static str) -> Self {
        self.text.to_mut().insert_str(0, before);
        self.push(behind);
        self
    }

    /// Appends a number as part of the text. Each makes another statement to prepare.
    pub(super) fn push_number(&mut self, number: i64) -> &mut Self {
        // Writing to a String cannot fail.
        let _ = write!(self.text.to_mut(), "{number}");
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

    /// All rows. What waits for PostgreSQL is kilobytes large; in a box of its own it does not make every future around it as
    /// large, which are moved about also where SQLite answers.
    pub(super) async fn all<T: Record>(self, on: On<'_>) -> Result<Vec<T>> {
        let told = self.tell(on.engine());
        told.ended(match on {
            On::Readers(readers) => {
                take_turns().await;
                readers.all(&self)
            }
            On::Sqlite(part) => part.open().and_then(|connection| sqlite::all(connection, &self)),
            On::Pool(pool) => Box::pin(postgres::all(pool, self)).await,
            On::Postgres(open) => Box::pin(open.fetch(self)).await,
        })
    }

    /// The first row, if there is one.
    pub(super) async fn optional<T: Record>(self, on: On<'_>) -> Result<Option<T>> {
        Ok(self.all(on).await?.into_iter().next())
    }

    /// The row that must be there.
    pub(super) async fn one<T: Record>(self, on: On<'_>) -> Result<T> {
        self.optional(on).await?.ok_or(Error::Missing)
    }

    /// Runs a statement without rows; the number of rows it changed.
    pub(super) async fn execute(self, on: On<'_>) -> Result<u64> {
        let told = self.tell(on.engine());
        told.ended(match on {
            On::Readers(readers) => {
                take_turns().await;
                readers.execute(&self)
            }
            On::Sqlite(part) => part.open().and_then(|connection| sqlite::execute(connection, &self)),
            On::Pool(pool) => Box::pin(postgres::execute(pool, self)).await,
            On::Postgres(open) => Box::pin(open.change(self)).await,
        })
    }

    /// In traces, and with `USHER_LOG_LEVEL=trace` in the log, operators see what the database is asked; never the values,
    /// which are personal.
    pub(super) fn tell(&self, engine: Engine) -> Told {
        tracing::trace!(target: "usher::sql", statement = %self.text, "sql");
        Told(trace::statement(engine.system(), &self.text))
    }
}

/// A statement that runs, as far as traces know of it.
pub(super) struct Told(Span);

impl Told {
    /// It has ended.
    pub(super) fn ended<T>(mut self, answer: Result<T>) -> Result<T> {
        if let Err(error) = &answer {
            self.0.failed(error.name());
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(fixed.is_kept() && !fixed.once().is_kept());
    }
}
