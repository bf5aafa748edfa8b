//! Whether the tables and what belongs to them are as the migrations make them. The migrations themselves are what is compared with:
//! they make everything once more, on SQLite in memory and on PostgreSQL in a transaction that is undone. What a database has beyond
//! that is its operator's.

mod postgres;
mod sqlite;

use std::collections::{BTreeSet, HashMap};

use super::Check;
use crate::store::{Engine, Result};

/// What a part of a database is. Those that others need come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Function,
    Table,
    Column,
    Constraint,
    Index,
    Trigger,
}

/// A part of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    kind: Kind,
    /// The table that it belongs to, or nothing.
    table: String,
    name: String,
    /// What it is, in words that are equal where it is the same.
    text: String,
    /// The statement that makes it.
    make: String,
    /// Whether it is whole, which an index is not whose making has failed.
    valid: bool,
}

/// All parts of a database, and those that the migrations make.
#[derive(Debug)]
struct Parts {
    found: Vec<Part>,
    wanted: Vec<Part>,
}

/// A part that is not as it must be.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    line: String,
    /// What there must be, and whether something is in its place. Nothing where the index of an operator is not valid.
    wanted: Option<(Part, bool)>,
}

/// Compares everything. Whether the rest can be looked at, for which no table or column may be missing.
pub(super) async fn all(check: &mut Check<'_>) -> Result<bool> {
    let parts = match check.store.engine() {
        Engine::Sqlite => Some(check.alone(sqlite::parts).await?),
        Engine::Postgres => postgres::parts(check).await?,
    };
    let Some(parts) = parts else {
        (check.tell)("without the right to CREATE in the database the schema was not compared");
        return Ok(true);
    };
    let (mut wrong, mut whole) = (parts.compare(), true);
    wrong.sort_by_key(|wrong| wrong.wanted.as_ref().map(|(part, _)| part.kind));
    for Wrong { mut line, wanted } in wrong {
        let mut mended = false;
        if let Some((part, there)) = wanted {
            whole &= there || !matches!(part.kind, Kind::Table | Kind::Column);
            match make(check, part, there).await {
                Made::Yes => mended = true,
                Made::No => {}
                Made::Failed(why) => line = format!("{line}; could not be made: {why}"),
            }
        }
        check.fault(&line, mended);
    }
    if !whole {
        (check.tell)("without these nothing else was looked at");
    }
    Ok(whole)
}

/// Whether a part was made anew.
enum Made {
    Yes,
    No,
    Failed(String),
}

/// Makes what holds no rows of its own. That it cannot be is no reason not to look at the rest: an index may find that its rows are
/// not unique.
async fn make(check: &Check<'_>, part: Part, there: bool) -> Made {
    if !check.repair || !part.kind.is_made() {
        return Made::No;
    }
    let made = match check.store.engine() {
        Engine::Sqlite => sqlite::make(check, part).await,
        Engine::Postgres => postgres::make(check, part, there).await,
    };
    made.map_or_else(|error| Made::Failed(error.to_string()), |()| Made::Yes)
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Table => "table",
            Self::Column => "column",
            Self::Constraint => "constraint",
            Self::Index => "index",
            Self::Trigger => "trigger",
        }
    }

    /// Whether it can be made anew beside its table.
    const fn is_made(self) -> bool {
        matches!(self, Self::Function | Self::Index | Self::Trigger)
    }
}

impl Part {
    /// What it is called.
    fn called(&self) -> String {
        let what = format!("the {} {}", self.kind.word(), self.name);
        if self.table.is_empty() { what } else { format!("{}: {what}", self.table) }
    }

    /// What there is to do by hand where it is missing.
    fn advice(&self) -> String {
        match self.kind {
            Kind::Function | Kind::Index | Kind::Trigger => String::new(),
            Kind::Table => "; only a copy of the database has its rows".to_owned(),
            Kind::Constraint if !self.make.is_empty() => format!("; by hand: {}", self.make),
            Kind::Constraint => String::new(),
            Kind::Column => format!("; it must be {}", self.text),
        }
    }
}

impl Parts {
    fn compare(self) -> Vec<Wrong> {
        let key = |part: &Part| (part.kind, part.table.clone(), part.name.clone());
        let found: HashMap<_, &Part> = self.found.iter().map(|part| (key(part), part)).collect();
        let is_missing = |part: &Part| !found.contains_key(&key(part));
        let gone: BTreeSet<&str> = self
            .wanted
            .iter()
            .filter(|part| part.kind == Kind::Table && is_missing(part))
            .map(|part| &*part.name)
            .collect();
        let (mut wrong, mut known, mut tables) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for part in &self.wanted {
            known.insert(key(part));
            tables.insert(&*part.table);
            // All that belongs to a table has gone with it.
            if gone.contains(&*part.table) {
                continue;
            }
            let called = part.called();
            let (line, there) = match found.get(&key(part)) {
                None => (format!("{called} is missing{}", part.advice()), false),
                Some(found) if found.text != part.text => {
                    let must = if part.kind.is_made() { String::new() } else { format!("; it must be {}", part.text) };
                    (format!("{called} is other than the migrations make it{must}"), true)
                }
                Some(found) if !found.valid => (format!("{called} is not valid"), true),
                Some(_) => continue,
            };
            wrong.push(Wrong { line, wanted: Some((part.clone(), there)) });
        }
        // What is left of a making that has failed costs writes, whoever has begun it.
        let left = self.found.iter().filter(|part| !part.valid && tables.contains(&*part.table));
        for part in left.filter(|part| !known.contains(&key(part))) {
            let line = format!("{} is not valid; by hand: DROP INDEX CONCURRENTLY {}", part.called(), part.name);
            wrong.push(Wrong { line, wanted: None });
        }
        wrong
    }
}
