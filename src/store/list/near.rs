//! Pages of what many rows match. An index that knows only who matches would have to be read whole before the first row
//! of a page is known; where matches are frequent, the page is found sooner by looking at the rows in its own order.

use super::effort::Effort;
use super::filter::{Lists, push_filter};
use super::order::Limit;
use super::{Ask, Direction, Ordering, Page, Position, few, totals};
use crate::query::{Filter, Kind};
use crate::store::{Engine, ProjectKey, Record, Result, Sql, Store, search};

/// Rows that are looked at one by one, at most.
const NEAR: i64 = 10_000;

/// How many times as many rows are looked at as hold a page where matches are spread evenly, which they need not be.
const SPARE: i64 = 4;

impl Ask<'_> {
    /// A page, whose columns stand in `select`.
    pub(super) async fn page<T: Record>(
        &self,
        store: &Store,
        project: ProjectKey,
        select: Sql,
        order: &Ordering,
        from: Option<(&Position, Direction)>,
        page: Page,
    ) -> Result<Vec<T>> {
        if self.total == Some(0) {
            return Ok(Vec::new());
        }
        if let Some(cut) = few::of_page(self, order, from, page) {
            if cut.is_empty() {
                return Ok(Vec::new());
            }
            let (ask, page) = (Ask { few: Some(&cut), ..*self }, Page { offset: 0, ..page });
            let mut select = select.clone();
            ask.push_page(&mut select, store.engine(), project, order, from, page);
            let rows: Vec<T> = ask.run(store, select, Effort::of_rows(page.limit)).await?;
            // Else somebody has changed them meanwhile.
            if rows.len() == cut.len() {
                return Ok(rows);
            }
        }
        if self.reads_an_index_of_matches(store.engine())
            && self.label_in_order(order).is_none()
            && let Some(rows) = self.near(store, project, page).await?
        {
            let mut near = select.clone();
            self.push_near(&mut near, store.engine(), project, order, from, (page, rows));
            let rows: Vec<T> = self.run(store, near, Effort::Unknown).await?;
            if i64::try_from(rows.len()).is_ok_and(|count| count == page.limit) {
                return Ok(rows);
            }
        }
        let stretches =
            if page.offset == 0 && self.terms.is_none() { order.stretches(store.engine(), from) } else { None };
        let Some(stretches) = stretches else {
            let mut select = select;
            self.push_page(&mut select, store.engine(), project, order, from, page);
            return self.run(store, select, self.effort(order, from, page)).await;
        };
        let (mut rows, mut left) = (Vec::new(), page.limit);
        for stretch in stretches {
            let mut select = select.clone();
            select.push(" FROM ").push(self.source.tables);
            self.push_where(&mut select, store.engine(), project);
            order.push_stretch(&mut select, &stretch, from.map_or(Direction::After, |(_, direction)| direction));
            select.push(" LIMIT ").push_bind(left);
            let more: Vec<T> = self.run(store, select, self.effort_of(&stretch, order, page)).await?;
            left -= i64::try_from(more.len()).unwrap_or(left);
            rows.extend(more);
            if left <= 0 {
                break;
            }
        }
        Ok(rows)
    }

    /// How many rows are to be looked at before the index of the matches is read; `None` when that has no more of them.
    async fn near(&self, store: &Store, project: ProjectKey, page: Page) -> Result<Option<i64>> {
        let (Some(matches), true) = (self.total, self.source.kept) else { return Ok(Some(NEAR)) };
        if worth_looking(matches, matches, page).is_none() {
            // However few other rows there are.
            return Ok(None);
        }
        Ok(worth_looking(matches, totals::users(store, project).await?, page))
    }

    /// Of searches on both engines. The rows of a label PostgreSQL knows to read in the order of the page.
    fn reads_an_index_of_matches(&self, engine: Engine) -> bool {
        let of_list =
            |filter: &Filter| matches!(filter, Filter::Test { attribute, .. } if attribute.kind == Kind::List);
        let searched =
            self.few.is_none() && self.source.search.is_some() && self.terms.is_some_and(|terms| !terms.needs_scan());
        searched || (engine == Engine::Sqlite && self.source.kept && self.listing.filters.iter().any(of_list))
    }

    /// Everything behind the columns: the page, if it is among so many of the next rows of the list, matching or not.
    fn push_near(
        &self,
        select: &mut Sql,
        engine: Engine,
        project: ProjectKey,
        order: &Ordering,
        from: Option<(&Position, Direction)>,
        (page, rows): (Page, i64),
    ) {
        let direction = from.map_or(Direction::After, |(_, direction)| direction);
        select.push(" FROM (SELECT * FROM ").push(self.source.table).push(" WHERE t.project = ").push_bind(project);
        if let Some((position, direction)) = from {
            select.push(" AND ");
            order.push_beyond(select, position, direction);
        }
        select.push(" ORDER BY ");
        order.push(select, direction);
        select.push(" LIMIT ").push_bind(rows).push(") t WHERE TRUE");
        for filter in &self.listing.filters {
            select.push(" AND ");
            push_filter(select, engine, project, filter, Lists::LookedUp);
        }
        if let Some(terms) = self.terms {
            search::push_texts(select, engine, terms);
        }
        order.push_cut(select, direction, page, Limit::Bound);
    }
}

/// How many rows to look at for a page of these matches among all rows; `None` when the matches are fewer, or too rare.
fn worth_looking(matches: i64, all: i64, page: Page) -> Option<i64> {
    let page = page.limit.saturating_add(page.offset);
    let needed = all.checked_mul(page)? / matches.max(1);
    let rows = needed.saturating_mul(SPARE);
    (rows < matches && needed <= NEAR).then_some(rows.min(NEAR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_looked_at_where_matches_are_frequent() {
        let page = |limit, offset| Page { limit, offset };
        for (matches, all, page, expected) in [
            (800_000, 1_000_000, page(25, 0), Some(124)),
            (360_000, 1_000_000, page(25, 0), Some(276)),
            // As many either way.
            (10_000, 1_000_000, page(25, 0), None),
            (10_001, 1_000_000, page(25, 0), Some(9996)),
            (1500, 3_000_000, page(25, 0), None),
            (500_000, 1_000_000, page(25, 1000), Some(8200)),
            // More than is ever looked at.
            (500_000, 1_000_000, page(25, 5000), None),
            // Among ten thousand rows a page is not sure, but likely.
            (40_000, 10_000_000, page(25, 0), Some(NEAR)),
            (25, 25, page(25, 0), None),
            (0, 0, page(25, 0), None),
            (i64::MAX, i64::MAX, page(i64::MAX, i64::MAX), None),
        ] {
            assert_eq!(worth_looking(matches, all, page), expected, "{matches} of {all}, {page:?}");
        }
    }
}
