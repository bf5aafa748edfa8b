//! What a row of either engine becomes. Columns are taken in their order, which the statement and the type share; that they
//! have the right names is checked where it costs nothing, in debug builds.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgRow, PgValueRef, Postgres};
use sqlx::{Column as _, Decode, Row as _, TypeInfo as _};

use super::{Error, Result, Value};
use crate::clock::Millis;

/// A row while it is read, from the first column to the last.
#[derive(Debug)]
pub struct Row<'r> {
    of: Of<'r>,
    next: usize,
}

#[derive(Debug)]
enum Of<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r PgRow),
}

/// What a row may become, on either engine.
pub trait Record: Sized + Send + 'static {
    /// Takes its columns off the row.
    ///
    /// # Errors
    /// When a column is of another type.
    fn read(row: &mut Row<'_>) -> Result<Self>;
}

/// What a column may become, on either engine.
pub trait Column: FromSql + for<'r> Decode<'r, Postgres> {}
impl<T> Column for T where T: FromSql + for<'r> Decode<'r, Postgres> {}

impl<'r> Row<'r> {
    pub(super) const fn sqlite(row: &'r rusqlite::Row<'r>) -> Self {
        Self { of: Of::Sqlite(row), next: 0 }
    }

    pub(super) const fn postgres(row: &'r PgRow) -> Self {
        Self { of: Of::Postgres(row), next: 0 }
    }

    /// The next column.
    ///
    /// # Errors
    /// When there is none, or it is of another type.
    pub fn take<T: Column>(&mut self) -> Result<T> {
        let column = self.next;
        self.next += 1;
        match self.of {
            Of::Sqlite(row) => T::column_result(row.get_ref(column)?).map_err(|error| mistyped(column, &error)),
            // Unchecked only means that an INT4 may be asked for as an INT8, which then fails to decode.
            Of::Postgres(row) => Ok(row.try_get_unchecked(column)?),
        }
    }

    /// The next column, which is called that.
    ///
    /// # Errors
    /// As [`Row::take`].
    pub fn named<T: Column>(&mut self, name: &str) -> Result<T> {
        debug_assert_eq!(self.name().as_deref(), Some(name), "the columns of a statement stand in another order");
        self.take()
    }

    /// The next column, whatever it holds. A NULL of SQLite is one of numbers, since it does not tell.
    pub(super) fn any(&mut self) -> Result<Value> {
        if let Of::Sqlite(row) = self.of {
            return Ok(match row.get_ref(self.next)? {
                ValueRef::Null => Value::Int(self.take()?),
                ValueRef::Integer(_) => Value::Int(self.take()?),
                ValueRef::Text(_) => Value::Text(self.take()?),
                ValueRef::Blob(_) => Value::Bytes(self.take()?),
                ValueRef::Real(_) => return Err(Error::Other("a column holds a fraction".into())),
            });
        }
        let Of::Postgres(row) = self.of else { return Err(Error::Missing) };
        match row.columns().get(self.next).map(|column| column.type_info().name()) {
            Some("INT8") => self.take().map(Value::Int),
            Some("BOOL") => self.take().map(Value::Bool),
            Some("TEXT") => self.take().map(Value::Text),
            Some("BYTEA") => self.take().map(Value::Bytes),
            other => Err(Error::Other(format!("a column is of the type {other:?}").into())),
        }
    }

    /// The name of the next column; `None` behind the last one.
    pub(super) fn name(&self) -> Option<String> {
        match self.of {
            Of::Sqlite(row) => row.as_ref().column_name(self.next).ok().map(str::to_owned),
            Of::Postgres(row) => row.columns().get(self.next).map(|column| column.name().to_owned()),
        }
    }

    /// Columns that are still to be taken.
    pub(super) fn left(&self) -> usize {
        let all = match self.of {
            Of::Sqlite(row) => row.as_ref().column_count(),
            Of::Postgres(row) => row.len(),
        };
        all.saturating_sub(self.next)
    }
}

/// Out of the way of the many columns that are what they should be.
#[cold]
fn mistyped(column: usize, error: &FromSqlError) -> Error {
    Error::Other(format!("column {column}: {error}").into())
}

/// Makes a type the record of the columns that are called like its fields, in this order.
macro_rules! record {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::store::Record for $name {
            fn read(row: &mut $crate::store::row::Row<'_>) -> $crate::store::Result<Self> {
                Ok(Self { $($field: row.named(stringify!($field))?),+ })
            }
        }
    };
}
pub(super) use record;

macro_rules! tuples {
    ($(($($column:ident),+))*) => {$(
        impl<$($column: Column + Send + 'static),+> Record for ($($column,)+) {
            fn read(row: &mut Row<'_>) -> Result<Self> {
                Ok(($(row.take::<$column>()?,)+))
            }
        }
    )*};
}

tuples! { (A) (A, B) (A, B, C) }

/// Makes a type that can be read from a text a column.
macro_rules! text_column {
    ($name:ty) => {
        impl rusqlite::types::FromSql for $name {
            fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
                Self::try_from(value.as_str()?).map_err(|error| rusqlite::types::FromSqlError::Other(error.into()))
            }
        }

        impl<'r> sqlx::Decode<'r, sqlx::Postgres> for $name {
            fn decode(value: sqlx::postgres::PgValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                Ok(Self::try_from(<&str as sqlx::Decode<'r, sqlx::Postgres>>::decode(value)?)?)
            }
        }
    };
}
pub(super) use text_column;

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Millis)
    }
}

impl<'r> Decode<'r, Postgres> for Millis {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <i64 as Decode<'r, Postgres>>::decode(value).map(Millis)
    }
}
