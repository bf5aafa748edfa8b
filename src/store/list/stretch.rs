//! Pages in stretches. Rows that share the value which a list is ordered by stand next to each other in its index, in the
//! order of their numbers, and there may be a million of them. A page that begins among them, or that goes down where the
//! numbers go up, is read in stretches, each of which is a part of the index from some place on: the ties of the cursor's
//! row, what lies beyond them, the rows without a value.

use super::order::{By, Direction, Key, Ordering, Position, is_null};
use crate::query::Kind;
use crate::store::{Engine, Sql, sql::Value};

/// Rows that are next to each other.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stretch {
    /// Those with this value, NULL for those without one, and with numbers behind this one.
    Ties(Value, Option<Value>),
    /// Those with other values, behind this one or from the first one on.
    Beyond(Option<Value>),
}

impl Ordering {
    /// The stretches of the rows behind `from`, when the order is that of one column and engine and order call for it.
    pub(super) fn stretches(&self, engine: Engine, from: Option<(&Position, Direction)>) -> Option<Vec<Stretch>> {
        let keys = self.keys(from.map_or(Direction::After, |(_, direction)| direction));
        let [key, number] = keys.as_slice() else { return None };
        let (By::Column { kind, .. }, true) = (key.by, number.is_number()) else { return None };
        let place = from.and_then(|(position, _)| Some((position.0.first()?, position.0.get(1)?)));
        let same_way = key.descending == number.descending;
        let in_one = match (engine, place) {
            (_, None) => same_way,
            // PostgreSQL enters an index at several columns at once, though not among or before NULLs.
            (Engine::Postgres, Some((value, _))) => same_way && !is_null(value) && !key.nulls_follow(),
            (Engine::Sqlite, Some(_)) => false,
        };
        if in_one {
            return None;
        }
        let mut stretches: Vec<Stretch> =
            place.iter().map(|(value, number)| Stretch::Ties((*value).clone(), Some((*number).clone()))).collect();
        let value = place.map(|(value, _)| value);
        if kind == Kind::Bool {
            // Each of the few values is a tie of many rows.
            let mut values = vec![Value::Bool(Some(false)), Value::Bool(Some(true))];
            if key.is_nullable() {
                values.insert(0, Value::Bool(None));
            }
            if key.descending {
                values.reverse();
            }
            let passed = values.iter().position(|other| Some(other) == value).map_or(0, |at| at + 1);
            stretches.extend(values.drain(passed..).map(|value| Stretch::Ties(value, None)));
            return Some(stretches);
        }
        let among_nulls = value.is_some_and(is_null);
        if place.is_none() && key.is_nullable() && !key.descending {
            stretches.push(Stretch::Ties(Value::Int(None), None));
        }
        if !(among_nulls && key.descending) {
            stretches.push(Stretch::Beyond(value.filter(|value| !is_null(value)).cloned()));
        }
        if key.nulls_follow() && !among_nulls {
            stretches.push(Stretch::Ties(Value::Int(None), None));
        }
        Some(stretches)
    }

    /// Appends the condition for the rows of a stretch, and their order.
    pub(super) fn push_stretch(&self, to: &mut Sql, stretch: &Stretch, direction: Direction) {
        let keys = self.keys(direction);
        let [key, number] = keys.as_slice() else { return };
        to.push(" AND ");
        key.push(to);
        match stretch {
            Stretch::Ties(value, after) => {
                match value {
                    // As a literal: PostgreSQL makes one plan for all values that it does not know.
                    Value::Bool(Some(true)) => to.push(" = TRUE"),
                    Value::Bool(Some(false)) => to.push(" = FALSE"),
                    value if is_null(value) => to.push(" IS NULL"),
                    value => to.push(" = ").push_bind(value.clone()),
                };
                if let Some(after) = after {
                    to.push(" AND ");
                    number.push(to);
                    to.push(number.behind()).push_bind(after.clone());
                }
                to.push(" ORDER BY ");
                number.push(to);
                to.push(number.way());
            }
            Stretch::Beyond(value) => {
                match value {
                    Some(value) => to.push(key.behind()).push_bind(value.clone()),
                    None => to.push(" IS NOT NULL"),
                };
                to.push(" ORDER BY ");
                self.push(to, direction);
            }
        }
    }
}

impl Key {
    const fn nulls_follow(&self) -> bool {
        self.descending && self.is_nullable()
    }

    pub(super) const fn behind(&self) -> &'static str {
        if self.descending { " < " } else { " > " }
    }

    pub(super) const fn way(&self) -> &'static str {
        if self.descending { " DESC" } else { " ASC" }
    }
}
