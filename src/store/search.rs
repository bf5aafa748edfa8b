//! Substring search. Texts are folded before they get here, so that both engines compare them alike.
//!
//! SQLite has FTS5 with its trigram tokenizer. PostgreSQL has a GIN index over hashed trigrams, which needs no
//! extension, keeps the projects apart inside the index, and cuts text into pieces by the same rule whatever the
//! database's locale; what it finds is checked against the text, which stands beside the hashes, so that a collision
//! is harmless.

mod fill;

pub(super) use self::fill::fill;
use super::index::Change;
use super::{Engine, ProjectKey, Result, Sql, Tx, sql};
use crate::fold::fold;

/// Characters of the shortest term that the indexes know.
const GRAM: usize = 3;

/// Which texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Index {
    /// `users.search`
    Users,
    /// `identities.search`
    Identities,
}

/// What is looked for: every term must occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms(Vec<String>);

impl Terms {
    /// Cuts a text at white space and at any of `@ + - * ( ) < > ~ "`; a text in double quotes is one term as it
    /// stands. May leave no term at all, and then nothing is found.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let text = fold(text.trim());
        if let Some(phrase) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            return Self(Some(phrase).filter(|phrase| !phrase.is_empty()).map(str::to_owned).into_iter().collect());
        }
        let breaks = |c: char| c.is_whitespace() || "@+-*()<>~\"".contains(c);
        Self(text.split(breaks).filter(|term| !term.is_empty()).map(str::to_owned).collect())
    }

    /// The terms themselves, folded.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Those that the index knows, and those that are too short for it.
    fn by_length(&self) -> (Vec<&String>, Vec<&String>) {
        self.0.iter().partition(|term| term.chars().count() >= GRAM)
    }

    /// Whether the index knows all of them.
    pub(super) fn are_indexed(&self) -> bool {
        self.by_length().1.is_empty()
    }

    /// Whether every term is too short for the index, so that texts have to be read one by one.
    #[must_use]
    pub fn needs_scan(&self) -> bool {
        !self.0.iter().any(|term| term.chars().count() >= GRAM)
    }
}

/// Adds ` AND …` for the rows of the table `t` in which every term occurs, as the index tells.
pub(super) fn push(to: &mut Sql, engine: Engine, index: Index, project: ProjectKey, terms: &Terms) {
    let (long, short) = terms.by_length();
    if long.is_empty() {
        return push_texts(to, engine, terms);
    }
    to.push(match (engine, index) {
        (Engine::Sqlite, Index::Users) => " AND t.seq IN (SELECT rowid FROM user_search WHERE user_search MATCH ",
        (Engine::Sqlite, Index::Identities) => {
            " AND t.seq IN (SELECT rowid FROM identity_search WHERE identity_search MATCH "
        }
        (Engine::Postgres, Index::Users) => " AND t.seq IN (SELECT s.seq FROM user_search s WHERE s.project = ",
        (Engine::Postgres, Index::Identities) => {
            " AND t.seq IN (SELECT s.seq FROM identity_search s WHERE s.project = "
        }
    });
    push_match(to, engine, project, terms);
    to.push(")");
    if engine == Engine::Sqlite {
        short.into_iter().for_each(|term| push_text(to, engine, term));
    }
}

/// Counts the rows in which every term occurs, where the index alone can tell.
pub(super) fn count(engine: Engine, index: Index, project: ProjectKey, terms: &Terms) -> Option<Sql> {
    let (long, short) = terms.by_length();
    if long.is_empty() || (engine == Engine::Sqlite && !short.is_empty()) {
        return None;
    }
    let mut count = sql(match (engine, index) {
        (Engine::Sqlite, Index::Users) => "SELECT count(*) FROM user_search WHERE user_search MATCH ",
        (Engine::Sqlite, Index::Identities) => "SELECT count(*) FROM identity_search WHERE identity_search MATCH ",
        (Engine::Postgres, Index::Users) => "SELECT count(*) FROM user_search s WHERE s.project = ",
        (Engine::Postgres, Index::Identities) => "SELECT count(*) FROM identity_search s WHERE s.project = ",
    });
    push_match(&mut count, engine, project, terms);
    Some(count)
}

/// On PostgreSQL, counts the rows in which every term occurs, and names them if there are so few: their numbers with commas
/// between them, else NULL. `None` when no term is long enough for the index.
pub(super) fn count_and_few(index: Index, project: ProjectKey, terms: &Terms, few: usize) -> Option<Sql> {
    if terms.needs_scan() {
        return None;
    }
    let mut count = sql("SELECT count(*), CASE WHEN count(*) <= ");
    count.push_bind(i64::try_from(few).unwrap_or(i64::MAX)).push(match index {
        Index::Users => " THEN array_to_string(array_agg(s.seq), ',') END FROM user_search s WHERE s.project = ",
        Index::Identities => {
            " THEN array_to_string(array_agg(s.seq), ',') END FROM identity_search s WHERE s.project = "
        }
    });
    push_match(&mut count, Engine::Postgres, project, terms);
    Some(count)
}

/// Adds ` AND …` for the rows of the table `t` in whose text every term occurs; no index helps.
pub(super) fn push_texts(to: &mut Sql, engine: Engine, terms: &Terms) {
    if terms.0.is_empty() {
        to.push(" AND FALSE");
    }
    terms.0.iter().for_each(|term| push_text(to, engine, term));
}

fn push_text(to: &mut Sql, engine: Engine, term: &str) {
    to.push(match engine {
        Engine::Sqlite => " AND instr(t.search, ",
        Engine::Postgres => " AND strpos(t.search, ",
    });
    to.push_bind(term).push(") > 0");
}

/// What the index is asked. The trigrams of FTS5 have positions and are exact; the hashed ones are not, and what they
/// find is checked against the text beside them.
fn push_match(to: &mut Sql, engine: Engine, project: ProjectKey, terms: &Terms) {
    let (long, _) = terms.by_length();
    match engine {
        Engine::Sqlite => {
            to.push_bind(format!("scope : {} AND {}", phrase(&scope(project)), any_project(terms)));
        }
        Engine::Postgres => {
            to.push_bind(project).push(" AND s.grams @> CAST(");
            to.push_bind(array(long.iter().flat_map(|term| cover(project, term)))).push(" AS INTEGER[])");
            for term in &terms.0 {
                to.push(" AND strpos(s.text, ").push_bind(term).push(") > 0");
            }
        }
    }
}

/// What FTS5 is asked for rows of any project in whose texts the terms are that it knows. A term that cannot be taken for the
/// word of a project is looked for in all columns, which is a third cheaper than in one.
pub(super) fn any_project(terms: &Terms) -> String {
    let in_text = |term: &str| if term.contains(SCOPES) { "text : " } else { "" };
    let (long, _) = terms.by_length();
    let texts: Vec<String> = long.iter().map(|term| format!("{}{}", in_text(term), phrase(term))).collect();
    texts.join(" AND ")
}

fn phrase(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Indexes the text of a new identity, or on SQLite of a new user.
pub(super) async fn put(tx: &mut Tx, index: Index, project: ProjectKey, seq: i64, text: &str) -> Result<()> {
    if let Tx::Sqlite(part) = tx {
        part.index(Change::Put { index, seq, scope: scope(project), text: text.to_owned(), replaces: false });
        return Ok(());
    }
    let insert = match index {
        Index::Users => {
            "INSERT INTO user_search (project, seq, text, grams) VALUES ($1, $2, $3, CAST($4 AS INTEGER[]))"
        }
        Index::Identities => {
            "INSERT INTO identity_search (project, seq, text, grams) VALUES ($1, $2, $3, CAST($4 AS INTEGER[]))"
        }
    };
    let insert = sql(insert).bind(project).bind(seq).bind(text).bind(array(grams(project, text)));
    insert.execute(tx.on()).await.map(drop)
}

/// Appends a statement of PostgreSQL that indexes the text of a new user: a `SELECT` from something called `u` that has the
/// project and the number of the row.
pub(super) fn push_insert(to: &mut Sql, project: ProjectKey, text: &str) {
    to.push("INSERT INTO user_search (project, seq, text, grams) SELECT u.project, u.seq, ").push_bind(text);
    to.push(", CAST(").push_bind(array(grams(project, text))).push(" AS INTEGER[])");
}

/// Indexes another text of a user.
pub(super) async fn change(tx: &mut Tx, project: ProjectKey, seq: i64, text: &str) -> Result<()> {
    if let Tx::Sqlite(part) = tx {
        let (index, text) = (Index::Users, text.to_owned());
        part.index(Change::Put { index, seq, scope: scope(project), text, replaces: true });
        return Ok(());
    }
    let update = "UPDATE user_search SET text = $3, grams = CAST($4 AS INTEGER[]) WHERE project = $1 AND seq = $2";
    let update = sql(update).bind(project).bind(seq).bind(text).bind(array(grams(project, text)));
    update.execute(tx.on()).await.map(drop)
}

/// Appends the parts of a statement of PostgreSQL that index another text of a user, of whom an earlier part called `u`
/// has the project and the number of the row. The last of them is still open.
pub(super) fn push_change(to: &mut Sql, project: ProjectKey, text: &str) {
    to.push("entry (text, grams) AS (VALUES (").push_bind(text).push(", CAST(");
    to.push_bind(array(grams(project, text))).push(" AS INTEGER[]))), found AS (");
    to.push("UPDATE user_search s SET text = e.text, grams = e.grams FROM u, entry e WHERE s.project = u.project ");
    to.push("AND s.seq = u.seq");
}

/// Indexes the text of a row, whatever the index has of it.
pub(super) async fn mend(tx: &mut Tx, index: Index, project: ProjectKey, seq: i64, text: &str) -> Result<()> {
    if let Tx::Sqlite(part) = tx {
        part.index(Change::Put { index, seq, scope: scope(project), text: text.to_owned(), replaces: true });
        return Ok(());
    }
    let insert = match index {
        Index::Users => {
            "INSERT INTO user_search (project, seq, text, grams) VALUES ($1, $2, $3, CAST($4 AS INTEGER[])) \
             ON CONFLICT (project, seq) DO UPDATE SET text = excluded.text, grams = excluded.grams"
        }
        Index::Identities => {
            "INSERT INTO identity_search (project, seq, text, grams) VALUES ($1, $2, $3, CAST($4 AS INTEGER[])) \
             ON CONFLICT (project, seq) DO UPDATE SET text = excluded.text, grams = excluded.grams"
        }
    };
    let insert = sql(insert).bind(project).bind(seq).bind(text).bind(stored(project, text));
    insert.execute(tx.on()).await.map(drop)
}

/// Takes the text of a row out of the index.
pub(super) async fn remove(tx: &mut Tx, index: Index, project: ProjectKey, seq: i64) -> Result<()> {
    if let Tx::Sqlite(part) = tx {
        part.index(Change::Remove { index, seq });
        return Ok(());
    }
    let delete = match index {
        Index::Users => "DELETE FROM user_search WHERE project = $1 AND seq = $2",
        Index::Identities => "DELETE FROM identity_search WHERE project = $1 AND seq = $2",
    };
    sql(delete).bind(project).bind(seq).execute(tx.on()).await.map(drop)
}

/// Takes all texts of a project out of the indexes.
pub(super) async fn clear(tx: &mut Tx, project: ProjectKey) -> Result<()> {
    if let Tx::Sqlite(part) = tx {
        part.index(Change::Forget { scope: scope(project) });
    }
    let statements = match tx.engine() {
        Engine::Sqlite => [
            "DELETE FROM user_search WHERE rowid IN (SELECT seq FROM users WHERE project = $1)",
            "DELETE FROM identity_search WHERE rowid IN (SELECT seq FROM identities WHERE project = $1)",
        ],
        Engine::Postgres => {
            ["DELETE FROM user_search WHERE project = $1", "DELETE FROM identity_search WHERE project = $1"]
        }
    };
    for statement in statements {
        sql(statement).bind(project).execute(tx.on()).await?;
    }
    Ok(())
}

/// Whether a letter is of the private area of Unicode that the words of projects are written in.
const SCOPES: fn(char) -> bool = |letter| ('\u{e000}'..='\u{f8ff}').contains(&letter);

/// The project as a word of three letters from a private area of Unicode, one trigram that no text contains in
/// its own column. There is room for 6,400³ projects.
pub(super) fn scope(project: ProjectKey) -> String {
    const FIRST: u32 = 0xE000;
    const COUNT: i64 = 6400;
    let number = project.number();
    [number / (COUNT * COUNT), number / COUNT, number]
        .into_iter()
        .filter_map(|digit| char::from_u32(FIRST + u32::try_from(digit.rem_euclid(COUNT)).unwrap_or(0)))
        .collect()
}

/// The trigrams of a text, in their order.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let starts = starts(text);
    (GRAM..starts.len()).filter_map(move |end| text.get(*starts.get(end - GRAM)?..*starts.get(end)?))
}

/// What PostgreSQL has of a text in an index beside it.
pub(super) fn stored(project: ProjectKey, text: &str) -> String {
    array(grams(project, text))
}

/// The trigrams of a text, each hashed with the project to 32 bits.
fn grams(project: ProjectKey, text: &str) -> impl Iterator<Item = i32> {
    let mut hashes: Vec<i32> = words(text).map(|word| hash(project, word)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.into_iter()
}

/// As few of a term's trigrams as hold all of its characters: the others would hardly rule out another row, and each
/// is a list that the index has to read.
fn cover(project: ProjectKey, term: &str) -> Vec<i32> {
    let starts = starts(term);
    let last = starts.len().saturating_sub(GRAM + 1);
    let firsts = (0..last).step_by(GRAM).chain([last]);
    firsts
        .filter_map(|first| term.get(*starts.get(first)?..*starts.get(first + GRAM)?))
        .map(|gram| hash(project, gram))
        .collect()
}

/// Where the characters begin, and where the last one ends.
fn starts(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
}

/// The hash is part of the stored format: FNV-1a over the project's eight bytes (little endian) and the UTF-8 of the
/// three characters.
fn hash(project: ProjectKey, gram: &str) -> i32 {
    let bytes = project.number().to_le_bytes().into_iter().chain(gram.bytes());
    bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)).cast_signed()
}

/// An array literal of PostgreSQL.
fn array(numbers: impl Iterator<Item = i32>) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    format!("{{{}}}", numbers.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        Terms::read(text).0
    }

    #[test]
    fn terms_are_cut_and_folded() {
        assert_eq!(terms(" Åsa  Lee "), ["asa", "lee"]);
        assert_eq!(terms("anna@example.org"), ["anna", "example.org"]);
        assert_eq!(terms("+1617-555(01)"), ["1617", "555", "01"]);
        assert_eq!(terms("label:vip"), ["label:vip"]);
        assert_eq!(terms("\"Anna@Example.org\""), ["anna@example.org"]);
        assert_eq!(terms("\"anna"), ["anna"]);
        for nothing in ["", " ", ">", "\"", "\"\"", "@+-*()<>~\""] {
            assert_eq!(terms(nothing), [""; 0], "{nothing}");
        }
    }

    #[test]
    fn scopes_are_three_characters_and_differ() {
        for (a, b) in [(1, 2), (1, 6401), (6400, 6400 * 6400), (6399, 6400)] {
            let (a, b) = (scope(ProjectKey(a)), scope(ProjectKey(b)));
            assert_eq!((a.chars().count(), b.chars().count()), (3, 3));
            assert_ne!(a, b);
        }
    }

    #[test]
    fn a_term_is_covered_by_few_of_its_grams() {
        let of = |term| cover(ProjectKey(1), term);
        for (term, covering) in [
            ("abc", &["abc"][..]),
            ("abcd", &["abc", "bcd"]),
            ("abcdef", &["abc", "def"]),
            ("abcdefg", &["abc", "def", "efg"]),
            ("äöüß日", &["äöü", "üß日"]),
        ] {
            let covering: Vec<i32> = covering.iter().map(|gram| hash(ProjectKey(1), gram)).collect();
            assert_eq!(of(term), covering, "{term}");
            assert!(covering.iter().all(|hash| grams(ProjectKey(1), term).any(|gram| gram == *hash)));
        }
        assert_eq!(of("ab"), [0_i32; 0]);
    }

    #[test]
    fn grams_differ_by_project_and_are_stable() {
        let of = |project, text| grams(ProjectKey(project), text).collect::<Vec<_>>();
        assert_eq!(of(1, "ab"), [0_i32; 0]);
        assert_eq!(of(1, "abcabc").len(), 3);
        assert_ne!(of(1, "abc"), of(2, "abc"));
        assert_eq!(of(1, "äöü").len(), 1);
        assert_eq!(of(7, "abc"), [grams(ProjectKey(7), "xabcx").find(|g| of(7, "abc").contains(g)).unwrap()]);
    }
}
