//! Pages of what many rows match. An index that knows only who matches would have to be read whole before the first row
//! of a page is known; where matches are frequent, the page is found sooner by looking at the rows in its own order.

use super::effort::Effort;
use super::filter::{Lists, push_filter};
use super::order::Limit;
use super::{Ask, Direction, Ordering, Page, Position, few};
use crate::query::{Filter, Kind};
use crate::store::{Engine, ProjectKey, Record, Result, Sql, Store, search};

/// Rows that are looked at one by one.
const NEAR: i64 = 10_000;

/// With fewer matches than this, reading all of them is as good.
const MANY: i64 = 1000;

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
        if self.reads_an_index_of_matches(store.engine()) && self.total.is_none_or(|total| total > MANY) {
            let mut near = select.clone();
            self.push_near(&mut near, store.engine(), project, order, from, page);
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

    /// Of searches on both engines. The rows of a label PostgreSQL knows to read in the order of the page.
    fn reads_an_index_of_matches(&self, engine: Engine) -> bool {
        let of_list =
            |filter: &Filter| matches!(filter, Filter::Test { attribute, .. } if attribute.kind == Kind::List);
        let searched =
            self.few.is_none() && self.source.search.is_some() && self.terms.is_some_and(|terms| !terms.needs_scan());
        searched || (engine == Engine::Sqlite && self.source.kept && self.listing.filters.iter().any(of_list))
    }

    /// Everything behind the columns: the page, if it is among the next rows of the list, matching or not.
    fn push_near(
        &self,
        select: &mut Sql,
        engine: Engine,
        project: ProjectKey,
        order: &Ordering,
        from: Option<(&Position, Direction)>,
        page: Page,
    ) {
        let direction = from.map_or(Direction::After, |(_, direction)| direction);
        select.push(" FROM (SELECT * FROM ").push(self.source.table).push(" WHERE t.project = ").push_bind(project);
        if let Some((position, direction)) = from {
            select.push(" AND ");
            order.push_beyond(select, position, direction);
        }
        select.push(" ORDER BY ");
        order.push(select, direction);
        select.push(" LIMIT ").push_bind(NEAR).push(") t WHERE TRUE");
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
