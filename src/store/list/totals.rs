//! Totals that need no look at the rows. The database keeps those of all users, of the users for whom something is true
//! or not, and of those with a label; how many match a search, its index tells.

use super::effort::Effort;
use super::order::Limit;
use super::{Ask, Direction, Ordering, Page, Position};
use crate::query::{Attribute, Filter, Kind, Op, Scalar};
use crate::store::{Engine, ProjectKey, Record, Result, Row, Sql, Store, search, sql};

impl Ask<'_> {
    /// As [`Ask::rows`], and how many rows match, whatever the page.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rows_and_total<T: Record>(
        &self,
        store: &Store,
        project: ProjectKey,
        order: &Ordering,
        from: Option<(&Position, Direction)>,
        page: Page,
    ) -> Result<(Vec<T>, i64)> {
        // A trip to PostgreSQL costs as much as a page, so one brings both.
        if store.engine() == Engine::Postgres
            && self.terms.is_none()
            && order.stretches(Engine::Postgres, from).is_none()
            && let Some(total) = known(self, Engine::Postgres, project)
        {
            let mut select = total.inside("SELECT (", ") AS total, ");
            select.push(self.source.columns);
            self.push_page(&mut select, Engine::Postgres, project, order, from, page);
            return match apart(self.run(store, select, Effort::Light).await?) {
                Some(found) => Ok(found),
                None => Ok((Vec::new(), self.total(store, project).await?)),
            };
        }
        let total = self.total(store, project).await?;
        let ask = Ask { total: Some(total), ..*self };
        Ok((ask.rows(store, project, order, from, page).await?, total))
    }

    /// The page on one side of the row with this id, and how many rows match, in one trip to PostgreSQL. `None` where that
    /// takes more than one statement, and when there is no such row or nothing on that side of it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rows_and_total_from<T: Record>(
        &self,
        store: &Store,
        project: ProjectKey,
        order: &Ordering,
        (id, direction): (&str, Direction),
        page: Page,
    ) -> Result<Option<(Vec<T>, i64)>> {
        let one_way = store.engine() == Engine::Postgres
            && self.listing.filters.is_empty()
            && page.offset == 0
            && self.effort(order, None, page) == Effort::Light;
        if !one_way {
            return Ok(None);
        }
        let Some(total) = known(self, Engine::Postgres, project) else { return Ok(None) };
        let mut select = total.inside("SELECT (", ") AS total, ");
        select.push(self.source.columns).push(" FROM ").push(self.source.tables);
        self.push_where(&mut select, Engine::Postgres, project);
        if !order.push_beyond_row(&mut select, direction) {
            return Ok(None);
        }
        select.push(" FROM ").push(self.source.table).push(" WHERE t.project = ").push_bind(project);
        select.push(" AND t.id = ").push_bind(id).push(")");
        order.push_cut(&mut select, direction, page, Limit::of(page));
        Ok(apart(self.run(store, select, Effort::Light).await?))
    }
}

/// A row behind a total.
struct Counted<T>(i64, T);

impl<T: Record> Record for Counted<T> {
    fn read(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self(row.take()?, T::read(row)?))
    }
}

/// The rows, and the total before each of them; `None` without rows.
fn apart<T>(rows: Vec<Counted<T>>) -> Option<(Vec<T>, i64)> {
    let Counted(total, _) = rows.first()?;
    let total = *total;
    Some((rows.into_iter().map(|Counted(_, row)| row).collect(), total))
}

/// How many rows match, when they were all found for the page already.
pub(super) fn of_few(ask: &Ask<'_>) -> Option<i64> {
    let (few, terms) = (ask.few?, ask.terms?);
    (ask.owner.is_none() && ask.listing.filters.is_empty() && terms.are_indexed())
        .then(|| i64::try_from(few.len()).unwrap_or(i64::MAX))
}

/// The statement that tells the total, when it is one of those.
pub(super) fn known(ask: &Ask<'_>, engine: Engine, project: ProjectKey) -> Option<Sql> {
    if ask.owner.is_some() {
        return None;
    }
    if let Some(terms) = ask.terms {
        let index = ask.source.search.filter(|_| ask.listing.filters.is_empty())?;
        return search::count(engine, index, project, terms);
    }
    if !ask.source.kept {
        return None;
    }
    match ask.listing.filters.as_slice() {
        [] => Some(sum(&["users"], project)),
        [Filter::Test { attribute, op }] if attribute.kind == Kind::Bool => of_truth(attribute, op, project),
        [Filter::Test { attribute: Attribute { kind: Kind::List, .. }, op: Op::Contains(labels) }] => {
            let [label] = labels.as_slice() else { return None };
            let total = "SELECT CAST(coalesce(sum(users), 0) AS BIGINT) FROM label_totals \
                 WHERE project = $1 AND label = $2";
            Some(sql(total).bind(project).bind(label))
        }
        _ => None,
    }
}

/// How many users are on one side of a truth value, or on both. NULL is on neither.
fn of_truth(attribute: &Attribute, op: &Op, project: ProjectKey) -> Option<Sql> {
    let (yes, no) = match op {
        Op::Equal(values) => (values.contains(&Scalar::Bool(true)), values.contains(&Scalar::Bool(false))),
        Op::NotEqual(Scalar::Bool(value)) => (!value, *value),
        Op::IsNotNull => (true, true),
        _ => return None,
    };
    let (true_ones, known) = match attribute.column {
        "t.status" => ("status", "users"),
        "t.email_verified" => ("email_verified", "users"),
        "t.phone_verified" => ("phone_verified", "users"),
        "t.impersonator" => ("impersonator", "users"),
        "t.password_pwned" => ("password_pwned", "users - password_pwned_unknown"),
        _ => return None,
    };
    Some(match (yes, no) {
        (true, false) => sum(&[true_ones], project),
        (true, true) => sum(&[known], project),
        (false, _) => sum(&[known, " - ", true_ones], project),
    })
}

/// How many users there are.
pub(super) async fn users(store: &Store, project: ProjectKey) -> Result<i64> {
    let (users,) = sum(&["users"], project).one(store.read()).await?;
    Ok(users)
}

/// The sum over all shards.
fn sum(parts: &[&'static str], project: ProjectKey) -> Sql {
    let mut select = sql("SELECT CAST(coalesce(sum(");
    for part in parts {
        select.push(part);
    }
    select.push("), 0) AS BIGINT) FROM user_totals WHERE project = ").push_bind(project);
    select
}
