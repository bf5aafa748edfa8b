//! The indexes of the search on SQLite, which hold no texts to compare. FTS5 lists their words instead, each with its row and place, in
//! the order of the words. A sum over the words of a row, in which each has a number that depends on its place, is compared with the
//! sum of those that its text has. Beside the words FTS5 keeps where those of a row are, by which it takes them out again; nobody misses
//! that before the row changes.

use std::collections::{BTreeSet, HashMap, HashSet};

use rusqlite::Connection;

use super::users::{MISSING, OTHER};
use super::{Check, FEW, Mend, Project};
use crate::store::row::record;
use crate::store::search::{self, Index};
use crate::store::sqlite::all as select;
use crate::store::{ProjectKey, Result, Sql, Tx, identities, sql, users};

/// Rows whose sums are in memory at a time, some 20 MB.
const ROWS: i64 = 1 << 19;

/// Rows that are read at a time.
const PAGE: i64 = 1000;

/// Whether the faults are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    Each,
    Nothing,
}

/// An entry that is not as it must be.
#[derive(Debug)]
struct Wrong {
    seq: i64,
    /// Whose it is; nobody's when the row is not there.
    of: Option<(i64, String)>,
    what: &'static str,
    /// Whether it can be told what it must be.
    known: bool,
}

/// What is said of a row whose words would stay when it changes.
const STUCK: &str = "the index of the search cannot take its words out again";

/// Compares an index with its table, and mends what differs if that is wanted: row by row, and where that does not help because words
/// cannot be taken out, by filling the index anew.
pub(super) async fn all(check: &mut Check<'_>, index: Index, projects: &[Project], telling: Telling) -> Result<()> {
    let (mut from, mut mended) = (Some(i64::MIN), false);
    while let Some(after) = from {
        let (wrong, next) = check.alone(move |connection| compare(connection, index, after)).await?;
        for few in wrong.chunks(FEW) {
            if check.repair {
                let rows: Vec<i64> = few.iter().map(|wrong| wrong.seq).collect();
                check.store.write(move |tx| Box::pin(async move { mend(tx, index, rows).await })).await?;
                mended = true;
            }
            for Wrong { seq, of, what, known } in few.iter().filter(|_| telling == Telling::Each) {
                let line = match of {
                    None => format!("{}: row {seq} of the index of the search {what}", table(index)),
                    Some((project, id)) => {
                        let known = projects.iter().find(|known| known.seq == *project);
                        let project = known.map_or_else(|| format!("number {project}"), |known| known.id.clone());
                        format!("project {project}: {} {id}: {what}", one(index))
                    }
                };
                check.fault(&line, check.repair && *known);
            }
        }
        from = next;
    }
    if mended && telling == Telling::Each && is_still_wrong(check, index).await? {
        Box::pin(renew(check, index)).await?;
    }
    Ok(())
}

async fn is_still_wrong(check: &Check<'_>, index: Index) -> Result<bool> {
    let mut from = Some(i64::MIN);
    while let Some(after) = from {
        let (wrong, next) = check.alone(move |connection| compare(connection, index, after)).await?;
        if wrong.iter().any(|wrong| wrong.known) {
            return Ok(true);
        }
        from = next;
    }
    Ok(false)
}

/// Empties an index of the search, and fills it again.
pub(super) async fn renew(check: &mut Check<'_>, index: Index) -> Result<()> {
    let empty = match index {
        Index::Users => "INSERT INTO user_search (user_search) VALUES ('delete-all')",
        Index::Identities => "INSERT INTO identity_search (identity_search) VALUES ('delete-all')",
    };
    // No project is zero; the index has all of them.
    check.mend(ProjectKey(0), vec![Mend::Run(sql(empty))]).await?;
    let projects: Vec<Project> = sql("SELECT seq, id FROM projects ORDER BY seq").all(check.store.read()).await?;
    all(check, index, &projects, Telling::Nothing).await
}

const fn table(index: Index) -> &'static str {
    match index {
        Index::Users => "users",
        Index::Identities => "identities",
    }
}

const fn one(index: Index) -> &'static str {
    match index {
        Index::Users => "user",
        Index::Identities => "identity",
    }
}

/// A row with what its text is made of: of an identity `name` is the provider's uid.
struct Texts {
    seq: i64,
    project: i64,
    id: String,
    email: Option<String>,
    name: String,
    phone: Option<String>,
    labels: String,
}

record! { Texts { seq, project, id, email, name, phone, labels } }

impl Texts {
    /// The text that the index should have, if it can be told.
    fn text(&self, index: Index) -> Option<String> {
        match index {
            Index::Users => {
                let labels: Vec<String> = serde_json::from_str(&self.labels).ok()?;
                let (email, phone) = (self.email.as_deref(), self.phone.as_deref());
                Some(users::search_text(&self.id, email, &self.name, phone, &labels))
            }
            Index::Identities => Some(identities::search_text(&self.name, self.email.as_deref().unwrap_or_default())),
        }
    }

    /// The rows of all projects behind one and up to another.
    fn select(index: Index, after: i64, to: i64) -> Sql {
        let rows = match index {
            Index::Users => {
                "SELECT seq, project, id, email, name, phone, labels FROM users \
                 WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3"
            }
            Index::Identities => {
                "SELECT seq, project, id, provider_email AS email, provider_uid AS name, NULL AS phone, '[]' AS labels \
                 FROM identities WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3"
            }
        };
        sql(rows).bind(after).bind(to).bind(PAGE)
    }
}

/// Makes the entries of some rows anew, from what the rows are now.
async fn mend(tx: &mut Tx, index: Index, rows: Vec<i64>) -> Result<()> {
    for seq in rows {
        let found: Option<Texts> = Texts::select(index, seq - 1, seq).optional(tx.on()).await?;
        match found.as_ref().map(|row| (row, row.text(index))) {
            Some((row, Some(text))) => search::mend(tx, index, ProjectKey(row.project), seq, &text).await?,
            Some((_, None)) => {}
            // No project is zero, and a row number is of one only.
            None => search::remove(tx, index, ProjectKey(0), seq).await?,
        }
    }
    Ok(())
}

/// What differs among the next rows, at one moment, and behind which row to go on.
fn compare(connection: &Connection, index: Index, after: i64) -> Result<(Vec<Wrong>, Option<i64>)> {
    let (words, last, places) = match index {
        Index::Users => (
            "CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, user_search, instance)",
            "SELECT max(seq), count(*) FROM (SELECT seq FROM users WHERE seq > $1 ORDER BY seq LIMIT $2)",
            "SELECT id FROM user_search_docsize WHERE id > $1 AND id <= $2",
        ),
        Index::Identities => (
            "CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, identity_search, instance)",
            "SELECT max(seq), count(*) FROM (SELECT seq FROM identities WHERE seq > $1 ORDER BY seq LIMIT $2)",
            "SELECT id FROM identity_search_docsize WHERE id > $1 AND id <= $2",
        ),
    };
    connection.execute_batch(words)?;
    connection.execute_batch("BEGIN")?;
    let (last, rows): (Option<i64>, i64) =
        connection.query_row(last, [after, ROWS], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let next = last.filter(|_| rows == ROWS);
    let to = next.unwrap_or(i64::MAX);
    let mut sums = sums(connection, after, to)?;
    let places: Vec<(i64,)> = select(connection, &sql(places).bind(after).bind(to))?;
    let mut places: HashSet<i64> = places.into_iter().map(|(seq,)| seq).collect();
    let (mut wrong, mut at) = (Vec::new(), after);
    loop {
        let rows: Vec<Texts> = select(connection, &Texts::select(index, at, to))?;
        let Some(last) = rows.last() else { break };
        at = last.seq;
        for row in rows {
            let (kept, text, placed) = (sums.remove(&row.seq), row.text(index), places.remove(&row.seq));
            let known = text.is_some();
            let what = match (kept, text) {
                (None, _) => MISSING,
                (Some(kept), Some(text)) if kept != sum(ProjectKey(row.project), &text) => OTHER,
                _ if !placed => STUCK,
                _ => continue,
            };
            wrong.push(Wrong { seq: row.seq, of: Some((row.project, row.id)), what, known });
        }
    }
    connection.execute_batch("COMMIT")?;
    let nobody: BTreeSet<i64> = sums.into_keys().chain(places).collect();
    wrong.extend(nobody.into_iter().map(|seq| Wrong { seq, of: None, what: "is of no row", known: true }));
    Ok((wrong, next))
}

/// The sums of the rows in the index.
fn sums(connection: &Connection, after: i64, to: i64) -> Result<HashMap<i64, u64>> {
    let mut words = connection.prepare("SELECT doc, term, col = 'text', \"offset\" FROM temp.words")?;
    let (mut rows, mut sums) = (words.query([])?, HashMap::new());
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        if after < seq && seq <= to {
            let word = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
            let number = number(row.get(2)?, row.get(3)?, word);
            let sum: &mut u64 = sums.entry(seq).or_default();
            *sum = sum.wrapping_add(number);
        }
    }
    Ok(sums)
}

/// The sum of a row with this text.
fn sum(project: ProjectKey, text: &str) -> u64 {
    let scope = number(false, 0, search::scope(project).as_bytes());
    let words = (0..).zip(search::words(text)).map(|(place, word)| number(true, place, word.as_bytes()));
    words.fold(scope, u64::wrapping_add)
}

/// The number of a word at a place of a column: FNV-1a, of which the finish of SplitMix64 spreads every bit.
fn number(text: bool, place: i64, word: &[u8]) -> u64 {
    let bytes = [u8::from(text)].into_iter().chain(place.to_le_bytes()).chain(word.iter().copied());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
