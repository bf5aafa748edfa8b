//! Pages of the users with a label. Its rows stand in the order of the users' numbers, so a page in that order is a piece of
//! them, however many users have it.

use super::order::Limit;
use super::{Ask, Direction, Ordering, Page, Position};
use crate::query::{Attribute, Filter, Kind, Op};
use crate::store::{Engine, ProjectKey, Sql};

impl Ask<'_> {
    /// The label, where it alone tells who is listed, and the list is in the order of the numbers.
    pub(super) fn label_in_order(&self, order: &Ordering) -> Option<&String> {
        if !self.source.kept || self.terms.is_some() || !order.is_of_numbers() {
            return None;
        }
        match self.listing.filters.as_slice() {
            [Filter::Test { attribute: Attribute { kind: Kind::List, .. }, op: Op::Contains(labels) }] => {
                let [label] = labels.as_slice() else { return None };
                Some(label)
            }
            _ => None,
        }
    }

    /// Everything behind the columns of such a page.
    pub(super) fn push_page_of_label(
        &self,
        select: &mut Sql,
        engine: Engine,
        (project, label): (ProjectKey, &str),
        order: &Ordering,
        from: Option<(&Position, Direction)>,
        page: Page,
    ) {
        let direction = from.map_or(Direction::After, |(_, direction)| direction);
        let Some(number) = order.keys(direction).first().copied() else { return };
        select.push(" FROM (SELECT l.user_seq FROM user_labels l WHERE l.project = ").push_bind(project);
        select.push(" AND l.label = ").push_bind(label);
        if let Some(place) = from.and_then(|(position, _)| position.0.first()) {
            select.push(" AND l.user_seq").push(number.behind()).push_bind(place.clone());
        }
        select.push(" ORDER BY l.user_seq").push(number.way());
        // From the beginning there is one way. From a place on PostgreSQL might take the way through all labels for as short,
        // where most users have the same one, so that is planned for the label.
        let one_way = engine == Engine::Postgres && from.is_none();
        page.push(select, if one_way { Limit::of(page) } else { Limit::Bound });
        // SQLite takes the tables of a CROSS JOIN in this order.
        select.push(") page CROSS JOIN users t WHERE t.project = ").push_bind(project);
        select.push(" AND t.seq = page.user_seq ORDER BY ");
        order.push(select, direction);
    }
}
