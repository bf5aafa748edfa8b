//! What a commit of SQLite changes in the indexes of the search. The changes are gathered until then and made in the order of
//! the rows: FTS5 writes what it holds whenever a savepoint begins or a row comes that is before the last one, and each time
//! that is a segment more, which it has to merge with others later.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::search::Index;
use super::sql::sql;
use super::{Result, Sql, sqlite};

/// A change that one job asks for.
#[derive(Debug)]
pub(super) enum Change {
    /// A row gets a text, be it new or not.
    Put {
        index: Index,
        seq: i64,
        /// The project, as a word.
        scope: String,
        text: String,
        /// Whether it had another text.
        replaces: bool,
    },
    /// A row has a text no more.
    Remove { index: Index, seq: i64 },
    /// No row of a project that is waiting here gets its text.
    Forget { scope: String },
}

/// The changes of a commit.
#[derive(Debug, Default)]
pub(super) struct Changes(BTreeMap<(Index, i64), Entry>);

#[derive(Debug)]
struct Entry {
    /// Whether the index holds a text of the row.
    stored: bool,
    /// The project and the text that it shall hold.
    put: Option<(String, String)>,
}

impl Changes {
    pub(super) fn add(&mut self, change: Change) {
        match change {
            Change::Put { index, seq, scope, text, replaces } => {
                let entry = self.0.entry((index, seq)).or_insert(Entry { stored: replaces, put: None });
                entry.put = Some((scope, text));
            }
            Change::Remove { index, seq } => {
                self.0.entry((index, seq)).or_insert(Entry { stored: true, put: None }).put = None;
            }
            Change::Forget { scope: gone } => {
                for entry in self.0.values_mut() {
                    entry.put.take_if(|(scope, _)| *scope == gone);
                }
            }
        }
    }

    /// Makes the changes, and has none any more. How many there were in the index of users.
    pub(super) fn make(&mut self, connection: &Connection) -> Result<i64> {
        let mut made = 0;
        for ((index, seq), entry) in std::mem::take(&mut self.0) {
            made += i64::from(index == Index::Users);
            if entry.stored {
                sqlite::execute(connection, &removal(index, seq))?;
            }
            if let Some((scope, text)) = entry.put {
                sqlite::execute(connection, &addition(index, seq, scope, text))?;
            }
        }
        Ok(made)
    }
}

/// Pages of the index that are merged for each user who changes in it. A user takes a quarter of a page, and is written anew
/// each time that eight segments become one: six times on the way to a segment of a million users.
const MERGED: i64 = 2;

/// Pages that are worth a statement.
const STEP: i64 = 32;

/// What is to be merged in the index of users. FTS5 would do it by itself, but by megabytes within the commit of whoever
/// comes at the wrong moment; so the migrations have told it not to, and a commit does some of it.
#[derive(Debug, Default)]
pub(super) struct Merge {
    owed: i64,
}

impl Merge {
    /// Does what is due behind so many changes.
    pub(super) fn work(&mut self, connection: &Connection, changes: i64) -> Result<()> {
        self.owed += changes * MERGED;
        if self.owed >= STEP {
            let pages = std::mem::take(&mut self.owed);
            let merge = sql("INSERT INTO user_search (user_search, rank) VALUES ('merge', $1)").bind(pages);
            sqlite::execute(connection, &merge)?;
        }
        Ok(())
    }
}

/// There is no column for the project to ask: a row number is of one project only.
fn removal(index: Index, seq: i64) -> Sql {
    let remove = match index {
        Index::Users => sql("DELETE FROM user_search WHERE rowid = $1"),
        Index::Identities => sql("DELETE FROM identity_search WHERE rowid = $1"),
    };
    remove.bind(seq)
}

fn addition(index: Index, seq: i64, scope: String, text: String) -> Sql {
    let insert = match index {
        Index::Users => sql("INSERT INTO user_search (scope, rowid, text) VALUES ($1, $2, $3)"),
        Index::Identities => sql("INSERT INTO identity_search (scope, rowid, text) VALUES ($1, $2, $3)"),
    };
    insert.bind(scope).bind(seq).bind(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(seq: i64, scope: &str, text: &str, replaces: bool) -> Change {
        Change::Put { index: Index::Users, seq, scope: scope.into(), text: text.into(), replaces }
    }

    fn remove(seq: i64) -> Change {
        Change::Remove { index: Index::Users, seq }
    }

    /// The texts of the rows behind some changes, of which 1 and 2 had one before.
    fn made(changes: Vec<Change>) -> Vec<(i64, String)> {
        let connection = Connection::open_in_memory().unwrap();
        let tables = "CREATE TABLE user_search (scope, text, row INTEGER PRIMARY KEY); \
            INSERT INTO user_search VALUES ('a', 'one', 1), ('b', 'two', 2)";
        connection.execute_batch(tables).unwrap();
        let mut all = Changes::default();
        changes.into_iter().for_each(|change| all.add(change));
        all.make(&connection).unwrap();
        assert!(all.0.is_empty());
        let mut rows = connection.prepare("SELECT row, scope || ' ' || text FROM user_search ORDER BY row").unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn the_last_change_of_a_row_stands() {
        let rows = |expected: &[(i64, &str)]| -> Vec<(i64, String)> {
            expected.iter().map(|(row, text)| (*row, (*text).to_owned())).collect()
        };
        let before = rows(&[(1, "a one"), (2, "b two")]);
        assert_eq!(made(vec![]), before);
        assert_eq!(
            made(vec![put(3, "a", "x", false), put(1, "a", "y", true)]),
            rows(&[(1, "a y"), (2, "b two"), (3, "a x")])
        );
        // New and changed, new and gone, gone and new with the same number, in one commit.
        assert_eq!(
            made(vec![put(3, "a", "x", false), put(3, "a", "z", true)]),
            rows(&[(1, "a one"), (2, "b two"), (3, "a z")])
        );
        assert_eq!(made(vec![put(3, "a", "x", false), remove(3)]), before);
        assert_eq!(made(vec![remove(2), put(2, "a", "x", false)]), rows(&[(1, "a one"), (2, "a x")]));
        assert_eq!(made(vec![put(2, "b", "x", true), remove(2), remove(1)]), rows(&[]));
        // A project goes: what was stored of it is removed by its own statement, or here when it was to change.
        let gone = Change::Forget { scope: "b".into() };
        let changes = vec![put(3, "b", "x", false), put(2, "b", "y", true), put(1, "a", "z", true), gone];
        assert_eq!(made(changes), rows(&[(1, "a z")]));
    }
}
