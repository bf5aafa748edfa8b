//! What the catalogues of the two engines say of the migrated schema.

use std::collections::{BTreeMap, BTreeSet};

use super::Outside;
use crate::support::TestApp;

/// The tables that differ on purpose: FTS5 on one engine, hashed trigrams on the other.
const SEARCH: [&str; 2] = ["user_search", "identity_search"];

/// Tables without a column for the project, each with its reason.
const OF_NO_PROJECT: [(&str, &str); 2] = [
    ("projects", "the number of its rows is what others call project"),
    ("jobs", "background work is done once for all projects"),
];

/// Indexes that do not begin with the project, each with its reason.
const WITHOUT_PROJECT: [(&str, &str); 3] = [
    ("projects_id_key", "finds the project"),
    ("user_labels_user", "the cascade from users looks for the number of the row alone"),
    ("membership_roles_membership", "the cascade from memberships looks for the number of the row alone"),
];

/// Indexes that only SQLite has: on PostgreSQL the primary key begins with the project and serves for them.
const SQLITE_ONLY: [&str; 2] = ["identities_project", "users_project"];

/// Indexes that PostgreSQL has alone: the unique ones put NULLs last, and lists put them first.
const POSTGRES_ONLY: [&str; 2] = ["users_email", "users_phone"];

/// An index: its table, whether it is unique, and its columns, where `()` stands for an expression.
#[derive(Debug, PartialEq)]
struct Index {
    table: String,
    unique: bool,
    columns: Vec<String>,
}

pub async fn both_engines() -> Option<[(TestApp, Outside); 2]> {
    let postgres = TestApp::postgres(&[]).await?;
    let sqlite = TestApp::sqlite(&[]).await;
    let (a, b) = (Outside::of(&sqlite).await, Outside::of(&postgres).await);
    Some([(sqlite, a), (postgres, b)])
}

pub async fn finish(apps: [(TestApp, Outside); 2]) {
    for (app, outside) in apps {
        drop(outside);
        app.finish().await;
    }
}

fn is_search(table: &str) -> bool {
    // FTS5 keeps its data in tables of its own beside the one it was asked for.
    SEARCH.iter().any(|search| table.strip_prefix(search).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

const SQLITE_TABLES: &str = "SELECT name FROM sqlite_master \
     WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
     AND name <> '_sqlx_migrations' ORDER BY name";
const POSTGRES_TABLES: &str = "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
     WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations' ORDER BY table_name COLLATE \"C\"";

async fn tables(outside: &mut Outside) -> Vec<String> {
    let query = if matches!(outside, Outside::Sqlite(_)) { SQLITE_TABLES } else { POSTGRES_TABLES };
    outside.texts(query).await.into_iter().map(|mut row| row.remove(0)).filter(|table| !is_search(table)).collect()
}

/// Each column as `table.column: type [NOT NULL]`, in the words of PostgreSQL and in the order of definition.
pub async fn columns(outside: &mut Outside) -> Vec<String> {
    let mut found = Vec::new();
    for table in tables(outside).await {
        let rows = match outside {
            Outside::Sqlite(_) => {
                let definition = outside.text(&format!("SELECT sql FROM sqlite_master WHERE name = '{table}'")).await;
                let rows = outside
                    .texts(&format!(
                        "SELECT name, type, CASE WHEN \"notnull\" OR pk > 0 THEN ' NOT NULL' ELSE '' END \
                         FROM pragma_table_info('{table}') ORDER BY cid"
                    ))
                    .await;
                let kind = |row: &[String]| match row[1].as_str() {
                    "INTEGER" if definition.contains(&format!("CHECK ({} IN (0, 1))", row[0])) => "boolean",
                    "INTEGER" => "bigint",
                    "TEXT" => "text",
                    "BLOB" => "bytea",
                    other => panic!("{table}.{} has the type {other:?}", row[0]),
                };
                rows.iter().map(|row| [row[0].clone(), kind(row).to_owned(), row[2].clone()]).collect::<Vec<_>>()
            }
            Outside::Postgres(_) => outside
                .texts(&format!(
                    "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT), \
                     CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END \
                     FROM information_schema.columns \
                     WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position"
                ))
                .await
                .into_iter()
                .map(|row| <[String; 3]>::try_from(row).unwrap())
                .collect(),
        };
        found.extend(rows.into_iter().map(|[column, kind, rest]| format!("{table}.{column}: {kind}{rest}")));
    }
    found
}

/// The indexes that the migrations make, by their names; primary keys and the search tables are left out.
async fn indexes(outside: &mut Outside) -> BTreeMap<String, Index> {
    let query = match outside {
        Outside::Sqlite(_) => {
            "SELECT m.name, m.tbl_name, CAST(l.\"unique\" AS TEXT), \
                (SELECT group_concat(coalesce(i.name, '()'), ',') FROM \
                 (SELECT name FROM pragma_index_info(m.name) ORDER BY seqno) i) \
             FROM sqlite_master m JOIN pragma_index_list(m.tbl_name) l ON l.name = m.name \
             WHERE m.type = 'index' AND l.origin = 'c'"
        }
        Outside::Postgres(_) => {
            "SELECT CAST(i.relname AS TEXT), CAST(t.relname AS TEXT), CASE WHEN x.indisunique THEN '1' ELSE '0' END, \
                (SELECT string_agg(coalesce(CAST(a.attname AS TEXT), '()'), ',' ORDER BY k.n) \
                 FROM unnest(CAST(x.indkey AS SMALLINT[])) WITH ORDINALITY AS k (attnum, n) \
                 LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum AND k.attnum > 0) \
             FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
             WHERE t.relnamespace = CAST('public' AS REGNAMESPACE) AND NOT x.indisprimary"
        }
    };
    let rows = outside.texts(query).await;
    let made = rows.into_iter().filter(|row| !is_search(&row[1]) && row[1] != "_sqlx_migrations");
    made.map(|row| {
        let columns = row[3].split(',').map(str::to_owned).collect();
        (row[0].clone(), Index { table: row[1].clone(), unique: row[2] == "1", columns })
    })
    .collect()
}

/// Each foreign key as `table(columns) -> table(columns) on delete`.
async fn foreign_keys(outside: &mut Outside) -> BTreeSet<String> {
    let query = match outside {
        Outside::Sqlite(_) => {
            "SELECT m.name, group_concat(f.\"from\", ','), f.\"table\", group_concat(f.\"to\", ','), f.on_delete \
             FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f \
             WHERE m.type = 'table' GROUP BY m.name, f.id"
        }
        Outside::Postgres(_) => {
            "SELECT CAST(t.relname AS TEXT), \
                (SELECT string_agg(CAST(a.attname AS TEXT), ',' ORDER BY k.n) \
                 FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, n) \
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum), \
                CAST(r.relname AS TEXT), \
                (SELECT string_agg(CAST(a.attname AS TEXT), ',' ORDER BY k.n) \
                 FROM unnest(c.confkey) WITH ORDINALITY AS k (attnum, n) \
                 JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.attnum), \
                CASE c.confdeltype WHEN 'c' THEN 'CASCADE' ELSE CAST(c.confdeltype AS TEXT) END \
             FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid \
             WHERE c.contype = 'f'"
        }
    };
    let rows = outside.texts(query).await;
    let kept = rows.into_iter().filter(|row| !is_search(&row[0]));
    kept.map(|row| format!("{}({}) -> {}({}) {}", row[0], row[1], row[2], row[3], row[4])).collect()
}

#[tokio::test]
async fn tables_columns_types_and_nullability_are_equal() {
    let Some(mut apps) = both_engines().await else { return };
    let sqlite = columns(&mut apps[0].1).await;
    let postgres = columns(&mut apps[1].1).await;
    assert!(sqlite.contains(&"users.email: text".to_owned()), "{sqlite:?}");
    assert!(sqlite.contains(&"users.password_pwned: boolean".to_owned()), "{sqlite:?}");
    assert!(sqlite.contains(&"sessions.provider_access_token: bytea".to_owned()), "{sqlite:?}");
    assert_eq!(sqlite, postgres);
    // Both have both search tables, whatever is in them.
    for table in SEARCH {
        for (_, outside) in &mut apps {
            assert_eq!(outside.text(&format!("SELECT CAST(count(*) AS TEXT) FROM {table}")).await, "0");
        }
    }
    finish(apps).await;
}

#[tokio::test]
async fn every_table_is_strict_on_sqlite() {
    let app = TestApp::sqlite(&[]).await;
    let mut outside = Outside::of(&app).await;
    for table in tables(&mut outside).await {
        let strict = format!("SELECT CAST(strict AS TEXT) FROM pragma_table_list WHERE name = '{table}'");
        assert_eq!(outside.text(&strict).await, "1", "{table}");
    }
    drop(outside);
    app.finish().await;
}

#[tokio::test]
async fn every_text_of_postgresql_is_compared_by_its_bytes() {
    let Some(app) = TestApp::postgres(&[]).await else { return };
    let mut outside = Outside::of(&app).await;
    let texts = outside
        .texts(
            "SELECT table_name || '.' || column_name, CAST(collation_name AS TEXT) FROM information_schema.columns \
             WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'character') \
             AND table_name <> '_sqlx_migrations'",
        )
        .await;
    assert!(texts.len() > 40, "{}", texts.len());
    for row in texts {
        assert_eq!(row[1], "C", "{}", row[0]);
    }
    drop(outside);
    app.finish().await;
}

#[tokio::test]
async fn indexes_have_equal_names_and_columns() {
    let Some(mut apps) = both_engines().await else { return };
    let mut sqlite = indexes(&mut apps[0].1).await;
    let mut postgres = indexes(&mut apps[1].1).await;
    for name in POSTGRES_ONLY {
        assert!(postgres.remove(name).is_some() && !sqlite.contains_key(name), "{name}");
    }
    for name in SQLITE_ONLY {
        assert!(sqlite.remove(name).is_some() && !postgres.contains_key(name), "{name}");
    }
    for (name, index) in &mut postgres {
        // An index of SQLite ends with the number of the row without saying so.
        if !index.unique && index.columns.last().is_some_and(|column| column == "seq") {
            index.columns.pop();
        }
        assert_eq!(Some(&*index), sqlite.get(name), "{name}");
    }
    assert_eq!(sqlite.keys().collect::<Vec<_>>(), postgres.keys().collect::<Vec<_>>());
    // Where PostgreSQL reads pages of a table in the order of an index, that order ends with the tie-break.
    let ordered = indexes(&mut apps[1].1).await;
    for (name, index) in ordered.iter().filter(|(_, index)| index.table == "users" && !index.unique) {
        assert_eq!(index.columns.last().map(String::as_str), Some("seq"), "{name}");
    }
    finish(apps).await;
}

#[tokio::test]
async fn every_index_begins_with_the_project() {
    let Some(mut apps) = both_engines().await else { return };
    for (_, outside) in &mut apps {
        let found = indexes(outside).await;
        for (name, index) in &found {
            let excused = WITHOUT_PROJECT.iter().any(|(known, _)| known == name);
            assert_eq!(index.columns[0] != "project", excused, "{name} {index:?}");
        }
        for (name, _) in WITHOUT_PROJECT {
            assert!(found.contains_key(name), "{name} is excused and does not exist");
        }
    }
    finish(apps).await;
}

#[tokio::test]
async fn the_unique_indexes_are_the_constraints_that_the_program_knows() {
    let Some(mut apps) = both_engines().await else { return };
    let known: BTreeSet<String> =
        usher::store::Constraint::ALL.iter().map(|constraint| constraint.name().to_owned()).collect();
    for (_, outside) in &mut apps {
        let found = indexes(outside).await;
        let unique: BTreeSet<String> =
            found.into_iter().filter(|(_, index)| index.unique).map(|(name, _)| name).collect();
        assert_eq!(unique, known);
    }
    finish(apps).await;
}

#[tokio::test]
async fn foreign_keys_are_equal_and_cascade() {
    let Some(mut apps) = both_engines().await else { return };
    let sqlite = foreign_keys(&mut apps[0].1).await;
    assert!(sqlite.contains("sessions(project,user_id) -> users(project,id) CASCADE"), "{sqlite:?}");
    assert!(sqlite.iter().all(|key| key.ends_with(" CASCADE")), "{sqlite:?}");
    let mut postgres = foreign_keys(&mut apps[1].1).await;
    // The primary key of users begins with the project there.
    assert!(postgres.remove("user_labels(project,user_seq) -> users(project,seq) CASCADE"), "{postgres:?}");
    postgres.insert("user_labels(user_seq) -> users(seq) CASCADE".to_owned());
    assert_eq!(sqlite, postgres);
    finish(apps).await;
}

#[tokio::test]
async fn every_table_names_the_project() {
    let app = TestApp::sqlite(&[]).await;
    let mut outside = Outside::of(&app).await;
    let columns = columns(&mut outside).await;
    let tables = tables(&mut outside).await;
    for table in &tables {
        let named = columns.contains(&format!("{table}.project: bigint NOT NULL"));
        let excused = OF_NO_PROJECT.iter().any(|(known, _)| known == table);
        assert_eq!(named, !excused, "{table}");
    }
    for (table, _) in OF_NO_PROJECT {
        assert!(tables.iter().any(|known| known == table), "{table} is excused and does not exist");
    }
    drop(outside);
    app.finish().await;
}
