//! Values that are sealed with `USHER_SECRET`, of whichever table, and putting others in their place.

use super::tables::{Column, Kind, Rows, TABLES, Table};
use super::{ProjectKey, Result, Store, Tx, Value, sql};

/// Rows that are read at a time.
const BATCH: i64 = 200;

/// A sealed value where it is stored.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Its table.
    pub table: &'static str,
    /// Its column.
    pub column: &'static str,
    /// What people call the row: its id, or its user's id.
    pub row: String,
    /// The value.
    pub value: Vec<u8>,
    key: Vec<(&'static str, Value)>,
}

/// The sealed values of a project in a table, some at a time.
pub struct Walk(Rows);

impl Walk {
    /// A walk through each table that has such values.
    #[must_use]
    pub fn all(project: ProjectKey) -> Vec<Self> {
        let sealed = |table: &&Table| table.columns.iter().any(|column| column.kind == Kind::Sealed);
        let walks = TABLES.iter().filter(sealed).map(|table| {
            let wanted = |column: &&Column| {
                column.kind == Kind::Sealed
                    || table.key.contains(&column.name)
                    || ["id", "user_id"].contains(&column.name)
            };
            Self(Rows::of(table, project, table.columns.iter().filter(wanted).collect(), BATCH))
        });
        walks.collect()
    }

    /// The name of the table.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.0.table.name
    }

    /// The next ones, possibly none of some rows; `None` when there are no more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn next(&mut self, store: &Store) -> Result<Option<Vec<Sealed>>> {
        let Some(rows) = self.0.next(store.read()).await? else { return Ok(None) };
        Ok(Some(rows.into_iter().flat_map(|row| self.sealed(row)).collect()))
    }

    fn sealed(&self, row: Vec<Value>) -> Vec<Sealed> {
        let columns: Vec<(&'static Column, Value)> = self.0.columns.iter().copied().zip(row).collect();
        let text = |name: &str| {
            columns.iter().find_map(|(column, value)| match value {
                Value::Text(Some(text)) if column.name == name => Some(text.clone()),
                _ => None,
            })
        };
        let row = text("id").or_else(|| text("user_id")).unwrap_or_default();
        let in_key = |column: &Column| self.0.table.key.contains(&column.name);
        let key: Vec<(&'static str, Value)> = columns
            .iter()
            .filter(|(column, _)| in_key(column))
            .map(|(column, value)| (column.name, value.clone()))
            .collect();
        let sealed = columns.iter().filter_map(|(column, value)| match value {
            Value::Bytes(Some(bytes)) if column.kind == Kind::Sealed => Some(Sealed {
                table: self.0.table.name,
                column: column.name,
                row: row.clone(),
                value: bytes.clone(),
                key: key.clone(),
            }),
            _ => None,
        });
        sealed.collect()
    }
}

/// Puts another value in place of one that was read; `false`, and nothing is stored, when it has changed since.
pub async fn replace(tx: &mut Tx, project: ProjectKey, sealed: &Sealed, anew: Vec<u8>) -> Result<bool> {
    let mut update = sql("UPDATE ");
    update.push(sealed.table).push(" SET ").push(sealed.column).push(" = ").push_bind(anew);
    update.push(" WHERE project = ").push_bind(project);
    for (column, value) in &sealed.key {
        update.push(" AND ").push(column).push(" = ").push_bind(value.clone());
    }
    update.push(" AND ").push(sealed.column).push(" = ").push_bind(sealed.value.clone());
    Ok(update.execute(tx.on()).await? > 0)
}
