//! Where a statement of a list runs, and how long it may: most take microseconds, some read a million rows.

use std::time::Duration;

use super::stretch::Stretch;
use super::{Ask, Ordering, Page};
use crate::query::{Filter, Kind, Op};
use crate::store::sqlite::Reads;
use crate::store::{Record, Result, STATEMENT_LIMIT, Sql, Store};

/// What a statement takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// Less than passing it on to another thread would.
    Light,
    /// Perhaps a lot.
    Unknown,
}

/// Rows that are read in less time than passing them on takes to pay.
const LIGHT: i64 = 100;

/// How long a search may read texts one by one, when its terms are too short for the index.
const SCAN_LIMIT: Duration = Duration::from_secs(2);

/// Whether a filter looks into the middle of texts.
fn reads_texts(filter: &Filter) -> bool {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => filters.iter().any(reads_texts),
        Filter::Test { attribute, .. } if attribute.kind == Kind::List => false,
        Filter::Test { op, .. } => matches!(
            op,
            Op::EndsWith(_) | Op::NotEndsWith(_) | Op::Contains(_) | Op::ContainsAll(_) | Op::NotContains(_)
        ),
    }
}

impl Ask<'_> {
    /// Runs a statement. SQLite reads what may be long away from the threads that serve requests, and under a time limit,
    /// since it has none of its own; texts that no index answers are read under one on both engines.
    pub(super) async fn run<T: Record>(&self, store: &Store, statement: Sql, effort: Effort) -> Result<Vec<T>> {
        let scan = match (self.terms, &self.listing.filters) {
            (Some(terms), _) if terms.needs_scan() => Some(SCAN_LIMIT),
            (_, filters) if filters.iter().any(reads_texts) => Some(STATEMENT_LIMIT),
            _ => None,
        };
        match (scan, effort) {
            (Some(limit), _) => store.db.long(statement, Reads::Scans, limit).await,
            (None, Effort::Unknown) => store.db.long(statement, Reads::Lists, STATEMENT_LIMIT).await,
            (None, Effort::Light) => statement.all(store.read()).await,
        }
    }

    /// What it takes to read a page: little where its rows stand next to each other in an index.
    pub(super) fn effort(&self, order: &Ordering, page: Page) -> Effort {
        let light = self.source.kept
            && self.terms.is_none()
            && self.listing.filters.is_empty()
            && order.is_of_an_index()
            && page.limit.saturating_add(page.offset) <= LIGHT;
        if light { Effort::Light } else { Effort::Unknown }
    }

    /// The same for a part of it: ties are in the order of their numbers in every index.
    pub(super) fn effort_of(&self, stretch: &Stretch, order: &Ordering, page: Page) -> Effort {
        match (stretch, self.effort(order, page)) {
            (Stretch::Ties(..), _) if self.source.kept && self.listing.filters.is_empty() && page.limit <= LIGHT => {
                Effort::Light
            }
            (_, effort) => effort,
        }
    }
}
