//! The parts of a database of SQLite, which keeps the statements that have made them. Tables are taken apart, so that a column of the
//! operator's does not make all of a table another one.

use rusqlite::Connection;

use super::{Kind, Part, Parts};
use crate::store::check::Check;
use crate::store::row::record;
use crate::store::sqlite::{MIGRATIONS, all as select};
use crate::store::{Error, Result, Tx, sql};

/// A line of what SQLite knows of a file.
struct Row {
    kind: String,
    of_table: String,
    name: String,
    statement: String,
}

record! { Row { kind, of_table, name, statement } }

/// Words that begin a constraint of a table, where else a column would begin.
const CONSTRAINTS: [&str; 5] = ["check", "constraint", "foreign", "primary", "unique"];

pub(super) fn parts(connection: &Connection) -> Result<Parts> {
    let migrated = Connection::open_in_memory()?;
    for migration in MIGRATIONS.iter() {
        migrated.execute_batch(migration.sql.as_str())?;
    }
    Ok(Parts { found: read(connection)?, wanted: read(&migrated)? })
}

fn read(connection: &Connection) -> Result<Vec<Part>> {
    let rows = "SELECT type AS kind, tbl_name AS of_table, name, sql AS statement FROM sqlite_master \
         WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '_sqlx_migrations'";
    let rows: Vec<Row> = select(connection, &sql(rows))?;
    Ok(rows.into_iter().flat_map(Row::parts).collect())
}

/// Makes an index or a trigger anew. That there is none is no reason not to drop it: what a connection remembers of the schema is not
/// looked at again when something seems to exist already.
pub(super) async fn make(check: &Check<'_>, part: Part) -> Result<()> {
    let make = format!("DROP {} IF EXISTS {}; {}", part.kind.word(), part.name, part.make);
    let work = check.store.write(move |tx| {
        Box::pin(async move {
            let Tx::Sqlite(tx) = tx else {
                return Err(Error::Other("only SQLite is asked like this".into()));
            };
            Ok(tx.open()?.execute_batch(&make)?)
        })
    });
    work.await
}

impl Row {
    fn parts(self) -> Vec<Part> {
        let words = words(&self.statement);
        let part = |kind, table: &str, name: &str, words: &[String]| Part {
            kind,
            table: table.to_owned(),
            name: name.to_owned(),
            text: words.join(" "),
            make: String::new(),
            valid: true,
        };
        let whole = |kind, table| vec![Part { make: self.statement.clone(), ..part(kind, table, &self.name, &words) }];
        match self.kind.as_str() {
            "index" => whole(Kind::Index, &self.of_table),
            "trigger" => whole(Kind::Trigger, &self.of_table),
            _ if words.get(1).is_none_or(|word| word != "table") => whole(Kind::Table, ""),
            _ => {
                let (inside, behind) = inside(&words);
                let mut parts = vec![part(Kind::Table, "", &self.name, behind)];
                for words in inside {
                    let Some(first) = words.first() else { continue };
                    parts.push(match CONSTRAINTS.contains(&first.as_str()) {
                        true => part(Kind::Constraint, &self.name, &words.join(" "), words),
                        false => part(Kind::Column, &self.name, first, words),
                    });
                }
                parts
            }
        }
    }
}

/// What stands between the outer parentheses, at each comma, and what stands behind them.
fn inside(words: &[String]) -> (Vec<&[String]>, &[String]) {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, word) in words.iter().enumerate() {
        let ends = match word.as_str() {
            "(" => {
                depth += 1;
                from = if depth == 1 { at + 1 } else { from };
                false
            }
            ")" => {
                depth = depth.saturating_sub(1);
                depth == 0
            }
            _ => word == "," && depth == 1,
        };
        if ends {
            parts.extend(words.get(from..at));
            from = at + 1;
        }
        if ends && depth == 0 {
            break;
        }
    }
    (parts, words.get(from..).unwrap_or_default())
}

/// The words and marks of a statement: without comments, names without the quotation marks that they may have, and everything but
/// texts in lower case.
fn words(statement: &str) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), statement.trim_start());
    while let Some(first) = rest.chars().next() {
        let until = |end: &str, from: usize| {
            rest.get(from..).and_then(|rest| rest.find(end)).map_or(rest.len(), |at| from + at + end.len())
        };
        let of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let of_sign = |c: char| matches!(c, '<' | '=' | '>' | '!' | '|');
        let (length, word) = match first {
            '-' if rest.starts_with("--") => (until("\n", 2), None),
            '/' if rest.starts_with("/*") => (until("*/", 2), None),
            '\'' => {
                let length = until("'", 1);
                (length, rest.get(..length).map(str::to_owned))
            }
            '"' | '`' | '[' => {
                let length = until(if first == '[' { "]" } else { rest.get(..1).unwrap_or("\"") }, 1);
                (length, rest.get(1..length.saturating_sub(1)).map(str::to_lowercase))
            }
            _ if of_word(first) => {
                let length = rest.find(|c| !of_word(c)).unwrap_or(rest.len());
                (length, rest.get(..length).map(str::to_lowercase))
            }
            _ if of_sign(first) => {
                let length = rest.find(|c| !of_sign(c)).unwrap_or(rest.len());
                (length, rest.get(..length).map(str::to_owned))
            }
            _ => (first.len_utf8(), Some(first.to_string())),
        };
        words.extend(word);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(kind: &str, statement: &str) -> Vec<(Kind, String, String)> {
        let row = Row { kind: kind.into(), of_table: "t".into(), name: "x".into(), statement: statement.into() };
        row.parts().into_iter().map(|part| (part.kind, part.name, part.text)).collect()
    }

    #[test]
    fn a_table_is_taken_apart() {
        let table = "CREATE TABLE x (\n  a INTEGER PRIMARY KEY, -- with, a comment)\n  \"b\" TEXT NOT NULL \
             CHECK (b IN ('X', 'y''z,')), /* ( */\n  FOREIGN KEY (a, b) REFERENCES y (a, b)\n, c TEXT) STRICT, WITHOUT ROWID";
        let expected = [
            (Kind::Table, "x", "strict , without rowid"),
            (Kind::Column, "a", "a integer primary key"),
            (Kind::Column, "b", "b text not null check ( b in ( 'X' , 'y' 'z,' ) )"),
            (
                Kind::Constraint,
                "foreign key ( a , b ) references y ( a , b )",
                "foreign key ( a , b ) references y ( a , b )",
            ),
            (Kind::Column, "c", "c text"),
        ];
        assert_eq!(parts("table", table), expected.map(|(kind, name, text)| (kind, name.into(), text.into())));
        let virtual_table = "CREATE VIRTUAL TABLE x USING fts5(a, b)";
        let expected = (Kind::Table, "x".into(), "create virtual table x using fts5 ( a , b )".into());
        assert_eq!(parts("table", virtual_table), [expected]);
    }

    #[test]
    fn how_a_statement_is_written_makes_no_difference() {
        let text = |statement| parts("index", statement).remove(0).2;
        let one = text("CREATE UNIQUE INDEX x ON t (a, substr(b, 1, 64))");
        assert_eq!(one, text("create unique index `x` on [t](\"a\" ,substr( b,1,64 ))-- and nothing else"));
        assert_ne!(one, text("CREATE UNIQUE INDEX x ON t (a, substr(b, 1, 65))"));
        assert_ne!(text("CREATE INDEX x ON t (a) WHERE b = 'A'"), text("CREATE INDEX x ON t (a) WHERE b = 'a'"));
        for broken in ["", "CREATE TABLE x", "CREATE TABLE x (", "CREATE TABLE x (a 'b", "))((", "[", "--", "/*", "\"ä"]
        {
            assert!(parts("table", broken).len() < 3, "{broken}");
        }
    }
}
