//! Searches that few rows match. Those are looked up once, for the total and for the page. FTS5 finds them without the word of
//! the project, whose list of all its rows would have to be read beside those of the term; whose they are is asked of each.

use super::effort::Effort;
use super::{Ask, Direction, Ordering, Page, Position, totals};
use crate::store::search::{self, Index, Terms};
use crate::store::{Engine, ProjectKey, Result, Sql, Store, Value, sql};

/// Matches in all projects, up to which they are few.
const FEW: usize = 5000;

/// What a look into the index of a search has found.
#[derive(Debug, Default)]
pub struct Found {
    /// The numbers of the rows, when they are few.
    pub few: Option<Vec<i64>>,
    /// How many rows match, when that is known by this.
    pub total: Option<i64>,
}

impl Ask<'_> {
    /// The rows in which the index finds the terms. Nothing when there is no index to ask. PostgreSQL is asked when they are
    /// to be counted, since it knows how many there are no sooner than all of them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn few(&self, store: &Store, project: ProjectKey, counted: bool) -> Result<Found> {
        let (Some(index), Some(terms)) = (self.source.search, self.terms) else { return Ok(Found::default()) };
        match store.engine() {
            Engine::Sqlite if !terms.needs_scan() => self.few_of_sqlite(store, project, index, terms).await,
            Engine::Postgres if counted && self.owner.is_none() && self.listing.filters.is_empty() => {
                self.few_of_postgres(store, project, index, terms).await
            }
            _ => Ok(Found::default()),
        }
    }

    async fn few_of_sqlite(&self, store: &Store, project: ProjectKey, index: Index, terms: &Terms) -> Result<Found> {
        let mut select = sql(match index {
            Index::Users => {
                "SELECT f.rowid, EXISTS (SELECT 1 FROM users t INDEXED BY users_project \
                 WHERE t.project = $1 AND t.seq = f.rowid) \
                 FROM (SELECT rowid FROM user_search WHERE user_search MATCH "
            }
            Index::Identities => {
                "SELECT f.rowid, EXISTS (SELECT 1 FROM identities t INDEXED BY identities_project \
                 WHERE t.project = $1 AND t.seq = f.rowid) \
                 FROM (SELECT rowid FROM identity_search WHERE identity_search MATCH "
            }
        })
        .bind(project);
        select.push_bind(search::any_project(terms));
        select.push(" LIMIT ").push_bind(i64::try_from(FEW + 1).unwrap_or(i64::MAX)).push(") f");
        let found: Vec<(i64, bool)> = self.run(store, select, Effort::Unknown).await?;
        let own = found.iter().filter(|(_, own)| *own).map(|(seq, _)| *seq);
        Ok(Found { few: (found.len() <= FEW).then(|| own.collect()), total: None })
    }

    async fn few_of_postgres(&self, store: &Store, project: ProjectKey, index: Index, terms: &Terms) -> Result<Found> {
        let Some(select) = search::count_and_few(index, project, terms, FEW) else { return Ok(Found::default()) };
        let found: Vec<(i64, Option<String>)> = self.run(store, select, Effort::Unknown).await?;
        let Some((total, few)) = found.into_iter().next() else { return Ok(Found::default()) };
        let numbers = |list: String| list.split(',').filter_map(|number| number.parse().ok()).collect();
        Ok(Found { few: if total == 0 { Some(Vec::new()) } else { few.map(numbers) }, total: Some(total) })
    }
}

/// The numbers of the rows that a page has, where those that were found are all that match and none has to be read to
/// know its place.
pub(super) fn of_page(
    ask: &Ask<'_>,
    order: &Ordering,
    from: Option<(&Position, Direction)>,
    page: Page,
) -> Option<Vec<i64>> {
    let few = ask.few.filter(|_| totals::of_few(ask).is_some() && order.is_of_numbers())?;
    let place = match from.and_then(|(position, _)| position.0.first()) {
        None => None,
        Some(Value::Int(Some(number))) => Some(*number),
        Some(_) => return None,
    };
    let descending =
        order.keys(from.map_or(Direction::After, |(_, direction)| direction)).iter().any(|key| key.descending);
    let behind = |number: i64| place.is_none_or(|place| if descending { number < place } else { number > place });
    let mut numbers: Vec<i64> = few.iter().copied().filter(|number| behind(*number)).collect();
    numbers.sort_unstable();
    if descending {
        numbers.reverse();
    }
    let (offset, limit) = (usize::try_from(page.offset).ok()?, usize::try_from(page.limit).ok()?);
    Some(numbers.into_iter().skip(offset).take(limit).collect())
}

/// Adds ` AND …` for those of these rows that still have all terms.
pub(super) fn push(to: &mut Sql, engine: Engine, few: &[i64]) {
    let few = few.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    match engine {
        Engine::Sqlite => {
            to.push(" AND t.seq IN (SELECT value FROM json_each(").push_bind(format!("[{few}]")).push("))")
        }
        Engine::Postgres => to.push(" AND t.seq = ANY(CAST(").push_bind(format!("{{{few}}}")).push(" AS BIGINT[]))"),
    };
}
