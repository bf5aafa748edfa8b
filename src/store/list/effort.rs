//! Where a statement of a list runs, and how long it may: most take microseconds, some read a million rows.

use std::time::Duration;

use super::stretch::Stretch;
use super::{Ask, Direction, Ordering, Page, Position};
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

impl Effort {
    /// Of reading that many rows whose numbers are known.
    pub(super) const fn of_rows(count: i64) -> Self {
        if count <= LIGHT { Self::Light } else { Self::Unknown }
    }
}

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

    /// What it takes to read a page: little where its rows stand next to each other in an index, at its beginning, at a
    /// place that is one comparison of its only key, or in a stretch.
    pub(super) fn effort(&self, order: &Ordering, from: Option<(&Position, Direction)>, page: Page) -> Effort {
        let entered = from.is_none() || page.offset == 0 || order.is_of_one_key();
        let light = entered
            && self.source.kept
            && self.terms.is_none()
            && (self.listing.filters.is_empty() || self.label_in_order(order).is_some())
            && order.is_of_an_index()
            && page.limit.saturating_add(page.offset) <= LIGHT;
        if light { Effort::Light } else { Effort::Unknown }
    }

    /// The same for a part of it: ties are in the order of their numbers in every index.
    pub(super) fn effort_of(&self, stretch: &Stretch, order: &Ordering, page: Page) -> Effort {
        match (stretch, self.effort(order, None, page)) {
            (Stretch::Ties(..), _) if self.source.kept && self.listing.filters.is_empty() && page.limit <= LIGHT => {
                Effort::Light
            }
            (_, effort) => effort,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Listing, read};
    use crate::store::list::USERS;
    use crate::store::sql::Value;

    /// What a page of users takes, `queries` of which say how it is ordered and filtered.
    fn effort(queries: &[&str], cursor: bool, limit: i64, offset: i64) -> Effort {
        let queries: Vec<String> = queries.iter().map(|query| (*query).to_owned()).collect();
        let listing: Listing = read(USERS.schema, &queries).unwrap();
        let ask = Ask { source: &USERS, listing: &listing, terms: None, owner: None, few: None, total: None };
        let position = Position(vec![Value::Text(Some("x".into())), Value::Int(Some(1))]);
        let from = cursor.then_some((&position, Direction::After));
        ask.effort(&Ordering::of(&USERS, &listing), from, Page { limit, offset })
    }

    #[test]
    fn a_page_is_light_where_an_index_has_it_in_one_piece() {
        use Effort::{Light, Unknown};
        for (queries, cursor, limit, offset, expected) in [
            (&[][..], false, 25, 0, Light),
            (&[], false, LIGHT, 0, Light),
            (&[], false, LIGHT + 1, 0, Unknown),
            (&[], false, 25, LIGHT - 24, Unknown),
            (&[], true, 25, 5, Light),
            (&["orderAsc('name')"], false, 25, 5, Light),
            (&["orderAsc('name')"], true, 25, 0, Light),
            // The ties of the cursor's row would be walked through.
            (&["orderAsc('name')"], true, 25, 5, Unknown),
            (&["orderDesc('$id')"], true, 25, 5, Light),
            (&["orderDesc('name')"], false, 25, 0, Unknown),
            (&["orderDesc('name')", "orderDesc('')"], false, 25, 0, Light),
            (&["orderAsc('name')", "orderAsc('email')"], false, 25, 0, Unknown),
            (&["{\"method\":\"orderRandom\"}"], false, 25, 0, Unknown),
            (&["equal('status',true)"], false, 25, 0, Unknown),
            (&["contains('labels','vip')"], true, 25, 0, Light),
            (&["contains('labels',['vip','VIP'])"], false, 25, 0, Unknown),
            (&["contains('labels','vip')", "orderAsc('name')"], false, 25, 0, Unknown),
            (&["contains('labels','vip')", "equal('status',true)"], false, 25, 0, Unknown),
        ] {
            assert_eq!(effort(queries, cursor, limit, offset), expected, "{queries:?} {cursor} {limit} {offset}");
        }
    }
}
