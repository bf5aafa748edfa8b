//! Rows that are looked at one by one, in pages.

use super::{At, Mend, memberships, names, users};
use crate::store::{Engine, ProjectKey, Result, Tx, sql};

/// Rows of a page.
const PAGE: i64 = 500;

/// What rows they are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Users,
    Identities,
    Memberships,
    Teams,
    Passkeys,
}

/// All kinds.
pub(super) const KINDS: [Kind; 5] = [Kind::Users, Kind::Identities, Kind::Memberships, Kind::Teams, Kind::Passkeys];

/// Which rows, by their numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    /// Behind this one.
    pub(super) after: i64,
    /// Up to this one.
    pub(super) to: i64,
    /// So many at most.
    pub(super) most: i64,
}

impl Range {
    pub(super) const fn all() -> Self {
        Self { after: i64::MIN, to: i64::MAX, most: PAGE }
    }

    pub(super) const fn one(seq: i64) -> Self {
        Self { after: seq.saturating_sub(1), to: seq, most: 1 }
    }

    pub(super) const fn behind(self, last: i64) -> Self {
        Self { after: last, ..self }
    }
}

/// What a look at some rows has found.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// How many they were.
    pub(super) rows: u64,
    /// The last one, if there was any.
    pub(super) last: Option<i64>,
    /// Those with something wrong.
    pub(super) suspects: Vec<Suspect>,
}

/// A row with something wrong.
#[derive(Debug)]
pub(super) struct Suspect {
    pub(super) seq: i64,
    /// What it is called.
    pub(super) who: String,
    /// What is wrong, and what makes it right if it is derived.
    pub(super) wrong: Vec<(&'static str, Option<Vec<Mend>>)>,
}

impl Page {
    /// Of rows with these numbers.
    pub(super) fn of(numbers: impl ExactSizeIterator<Item = i64>) -> Self {
        let rows = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
        Self { rows, last: numbers.last(), suspects: Vec::new() }
    }

    /// Keeps a row if something is wrong with it.
    pub(super) fn add(&mut self, suspect: Suspect) {
        if !suspect.wrong.is_empty() {
            self.suspects.push(suspect);
        }
    }
}

impl Suspect {
    pub(super) const fn new(seq: i64, who: String) -> Self {
        Self { seq, who, wrong: Vec::new() }
    }

    /// Something is not as it must be, and this makes it right.
    pub(super) fn unless(&mut self, right: bool, what: &'static str, mends: impl FnOnce() -> Vec<Mend>) {
        if !right {
            self.wrong.push((what, Some(mends())));
        }
    }
}

impl Kind {
    pub(super) async fn look(self, at: &mut At<'_>, project: ProjectKey, range: Range) -> Result<Page> {
        match self {
            Self::Users => users::look(at, project, range).await,
            Self::Identities => names::identities(at, project, range).await,
            Self::Memberships => memberships::look(at, project, range).await,
            Self::Teams => memberships::teams(at, project, range).await,
            Self::Passkeys => names::passkeys(at, project, range).await,
        }
    }

    /// Sees to it that nobody changes the rows, and what is derived from them, until the transaction ends. On SQLite there is only
    /// one writer.
    pub(super) async fn lock(self, tx: &mut Tx, project: ProjectKey, range: Range) -> Result<()> {
        if tx.engine() == Engine::Sqlite {
            return Ok(());
        }
        let lock = match self {
            Self::Users => "SELECT seq FROM users WHERE project = $1 AND seq > $2 AND seq <= $3 FOR UPDATE",
            Self::Identities => "SELECT seq FROM identities WHERE project = $1 AND seq > $2 AND seq <= $3 FOR UPDATE",
            Self::Memberships => "SELECT seq FROM memberships WHERE project = $1 AND seq > $2 AND seq <= $3 FOR UPDATE",
            Self::Teams => "SELECT seq FROM teams WHERE project = $1 AND seq > $2 AND seq <= $3 FOR UPDATE",
            Self::Passkeys => "SELECT seq FROM passkeys WHERE project = $1 AND seq > $2 AND seq <= $3 FOR UPDATE",
        };
        sql(lock).bind(project).bind(range.after).bind(range.to).execute(tx.on()).await.map(drop)
    }
}
