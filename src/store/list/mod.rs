//! Lists: a checked [`Listing`] becomes SQL, in which everything that came from a client is a bound value, but for
//! a few usual limits.

mod effort;
mod few;
mod filter;
mod label;
mod near;
mod order;
mod sources;
mod stretch;
mod totals;

use self::effort::Effort;
use self::filter::{Lists, push_filter};
pub use self::order::{Direction, Ordering, Position};
use self::order::{Limit, Placed, Texts};
pub use self::sources::{IDENTITIES, LOGS, MEMBERSHIPS, PASSKEYS, Source, TARGETS, USERS};
use super::search::{self, Terms};
use super::{Engine, ProjectKey, Record, Result, Sql, Store, sql};
use crate::query::{Cursor, Listing};

/// What is asked of a list.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Which list.
    pub source: &'static Source,
    /// Filters and orders.
    pub listing: &'a Listing,
    /// The terms of `search`.
    pub terms: Option<&'a Terms>,
    /// The user whose rows alone are listed.
    pub owner: Option<&'a str>,
    /// The rows in which the terms are, where [`Ask::few`] has found them.
    pub few: Option<&'a [i64]>,
    /// How many rows match, where that is known already: it decides which way is the shorter.
    pub total: Option<i64>,
}

/// How many rows, after how many that are left out.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Rows at most.
    pub limit: i64,
    /// Rows to leave out before them.
    pub offset: i64,
}

impl Ask<'_> {
    /// How many rows match, whatever the page.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn total(&self, store: &Store, project: ProjectKey) -> Result<i64> {
        if let Some(total) = self.total.or_else(|| totals::of_few(self)) {
            return Ok(total);
        }
        let (count, effort) = match totals::known(self, store.engine(), project) {
            Some(known) => (known, if self.terms.is_none() { Effort::Light } else { Effort::Unknown }),
            None => {
                let mut count = sql("SELECT count(*) FROM ");
                count.push(self.source.table);
                self.push_where(&mut count, store.engine(), project);
                (if self.owner.is_none() { count.once() } else { count }, Effort::Unknown)
            }
        };
        let rows: Vec<(i64,)> = self.run(store, count, effort).await?;
        Ok(rows.first().map_or(0, |(total,)| *total))
    }

    /// Where the row with this id stands; `None` when there is no such row.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn position(
        &self,
        store: &Store,
        project: ProjectKey,
        order: &Ordering,
        id: &str,
    ) -> Result<Option<Position>> {
        let mut select = sql("SELECT ");
        order.push_texts(&mut select);
        select.push(" FROM ").push(self.source.table).push(" WHERE t.project = ").push_bind(project);
        select.push(" AND t.id = ").push_bind(id);
        if let Some(owner) = self.owner {
            select.push(" AND t.user_id = ").push_bind(owner);
        }
        select.push(self.source.only);
        let row: Option<Texts> = select.optional(store.read()).await?;
        Ok(row.map(|texts| order.position(texts)))
    }

    /// How many rows match and come before a position.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn count_before(
        &self,
        store: &Store,
        project: ProjectKey,
        order: &Ordering,
        position: &Position,
    ) -> Result<i64> {
        let mut count = sql("SELECT count(*) FROM ");
        count.push(self.source.table);
        self.push_where(&mut count, store.engine(), project);
        count.push(" AND ");
        order.push_beyond(&mut count, position, Direction::Before);
        let rows: Vec<(i64,)> = self.run(store, count.once(), Effort::Unknown).await?;
        Ok(rows.first().map_or(0, |(total,)| *total))
    }

    /// Up to `limit` rows from `offset` on, of those on one side of `from`. Rows before a position come nearest
    /// first, that is, in the reverse of the requested order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rows<T: Record>(
        &self,
        store: &Store,
        project: ProjectKey,
        order: &Ordering,
        from: Option<(&Position, Direction)>,
        page: Page,
    ) -> Result<Vec<T>> {
        let mut select = sql("SELECT ");
        select.push(self.source.columns);
        self.page(store, project, select, order, from, page).await
    }

    /// As [`Ask::rows`], and where the last of the rows stood when it was read.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rows_and_place<T: Record>(
        &self,
        store: &Store,
        project: ProjectKey,
        order: &Ordering,
        from: Option<&Position>,
        page: Page,
    ) -> Result<(Vec<T>, Option<Position>)> {
        let mut select = sql("SELECT ");
        select.push(self.source.columns).push(", ");
        order.push_texts(&mut select);
        let from = from.map(|from| (from, Direction::After));
        let rows: Vec<Placed<T>> = self.page(store, project, select, order, from, page).await?;
        let (rows, mut places): (Vec<T>, Vec<Texts>) = rows.into_iter().map(|Placed(row, place)| (row, place)).unzip();
        Ok((rows, places.pop().map(|place| order.position(place))))
    }

    /// Everything behind the columns.
    fn push_page(
        &self,
        select: &mut Sql,
        engine: Engine,
        project: ProjectKey,
        order: &Ordering,
        from: Option<(&Position, Direction)>,
        page: Page,
    ) {
        if let Some(label) = self.label_in_order(order) {
            return self.push_page_of_label(select, engine, (project, label), order, from, page);
        }
        select.push(" FROM ").push(self.source.tables);
        self.push_where(select, engine, project);
        if let Some((position, direction)) = from {
            select.push(" AND ");
            order.push_beyond(select, position, direction);
        }
        // A page that an index has in one piece is read on one way, whatever the values.
        let one_way = engine == Engine::Postgres && self.effort(order, from, page) == Effort::Light;
        let limit = if one_way { Limit::of(page) } else { Limit::Bound };
        order.push_cut(select, from.map_or(Direction::After, |(_, direction)| direction), page, limit);
    }

    fn push_where(&self, to: &mut Sql, engine: Engine, project: ProjectKey) {
        to.push(" WHERE t.project = ").push_bind(project);
        if let Some(owner) = self.owner {
            to.push(" AND t.user_id = ").push_bind(owner);
        }
        to.push(self.source.only);
        for filter in &self.listing.filters {
            to.push(" AND ");
            push_filter(to, engine, project, filter, Lists::Joined);
        }
        match (self.terms, self.few, self.source.search) {
            (Some(terms), Some(few), _) => {
                few::push(to, engine, few);
                search::push_texts(to, engine, terms);
            }
            (Some(terms), None, Some(index)) => search::push(to, engine, index, project, terms),
            (Some(terms), None, None) => push_scan(to, engine, terms),
            (None, ..) => {}
        }
    }
}

/// The search of memberships, which are few for one user: in the ids of the membership and of the user.
fn push_scan(to: &mut Sql, engine: Engine, terms: &Terms) {
    if terms.as_slice().is_empty() {
        to.push(" AND FALSE");
    }
    for term in terms.as_slice() {
        to.push(" AND ")
            .push(position_of(engine))
            .push("lower(t.id || ' ' || t.user_id), ")
            .push_bind(term)
            .push(") > 0");
    }
}

/// The id that a cursor names, and which way it goes.
#[must_use]
pub fn cursor(listing: &Listing) -> Option<(&str, Direction)> {
    listing.cursor.as_ref().map(|cursor| match cursor {
        Cursor::After(id) => (id.as_str(), Direction::After),
        Cursor::Before(id) => (id.as_str(), Direction::Before),
    })
}

/// The function that finds one text in another, up to its first argument.
const fn position_of(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "instr(",
        Engine::Postgres => "strpos(",
    }
}

fn push_list<T>(to: &mut Sql, items: &[T], mut push: impl FnMut(&mut Sql, &T)) {
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            to.push(", ");
        }
        push(to, item);
    }
}
