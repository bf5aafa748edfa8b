//! What is stored about a user in tables of which the API shows no model, for the user who asks for it.

use serde_json::{Map, Value as Json};

use super::tables::{Cells, Kind, TABLES};
use super::{Error, On, ProjectKey, Result, Value};
use crate::clock::Millis;

/// Columns that are moments.
const MOMENTS: [&str; 4] = ["created_at", "updated_at", "accessed_at", "expire"];

/// Columns that stand for a secret.
const STANDING: [&str; 1] = ["digest"];

/// Columns that say nothing about a person: which rows these are, and what others are made of.
const INNER: [&str; 4] = ["seq", "project", "user_id", "name_folded"];

/// The rows of a user in a table, each as an object with fields that are called as the API calls such. What is a secret, or
/// stands for one, is not shown: `withheld` names those that there are.
///
/// # Errors
/// Those of the database; when there is no such table with rows of users.
pub async fn rows(on: On<'_>, project: ProjectKey, user: &str, table: &str) -> Result<Vec<Map<String, Json>>> {
    let table = TABLES.iter().find(|known| known.name == table && known.has("user_id")).ok_or(Error::Missing)?;
    let rows: Vec<Cells> = table.of_user(project, user).all(on).await?;
    let shown = rows.into_iter().map(|Cells(row)| {
        let (mut fields, mut withheld) = (Map::new(), Vec::new());
        for (column, value) in table.columns.iter().zip(row) {
            if INNER.contains(&column.name) {
                continue;
            }
            let value = column.kind.fit(value)?;
            let name = field(column.name);
            if STANDING.contains(&column.name) || matches!(column.kind, Kind::Sealed | Kind::Bytes) {
                if !value.is_null() {
                    withheld.push(Json::from(name));
                }
                continue;
            }
            let is_moment = MOMENTS.contains(&column.name);
            fields.insert(
                name,
                match value {
                    Value::Int(Some(at)) if is_moment => Millis(at).to_string().into(),
                    _ if is_moment => "".into(),
                    Value::Int(value) => value.into(),
                    Value::Bool(value) => value.into(),
                    Value::Text(value) => value.into(),
                    Value::Bytes(_) => Json::Null,
                },
            );
        }
        fields.insert("withheld".into(), withheld.into());
        Ok(fields)
    });
    shown.collect()
}

/// What the API calls a column.
fn field(column: &str) -> String {
    let mut words = column.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    let name = words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    });
    if ["id", "createdAt", "updatedAt"].contains(&name.as_str()) { format!("${name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_called_as_in_the_api() {
        let names = ["id", "created_at", "expire", "mfa_updated_at", "credential_id", "type"].map(field);
        assert_eq!(names, ["$id", "$createdAt", "expire", "mfaUpdatedAt", "credentialId", "type"]);
    }
}
