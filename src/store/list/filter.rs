//! Filters: a checked tree of conditions becomes SQL by one recursive function.

use std::collections::BTreeSet;

use super::{position_of, push_list};
use crate::query::{Attribute, Filter, Kind, Op, Scalar};
use crate::store::{Engine, ProjectKey, Sql, Value};

impl From<&Scalar> for Value {
    fn from(scalar: &Scalar) -> Self {
        match scalar {
            Scalar::Text(text) => text.into(),
            Scalar::Bool(truth) => (*truth).into(),
            Scalar::Int(number) => (*number).into(),
        }
    }
}

/// How tests of lists are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// As a set of rows, for the database to begin with if that is shorter.
    Joined,
    /// For one row at a time.
    LookedUp,
}

pub(super) fn push_filter(to: &mut Sql, engine: Engine, project: ProjectKey, filter: &Filter, lists: Lists) {
    match filter {
        Filter::All(filters) => push_filters(to, engine, project, filters, " AND ", lists),
        Filter::Any(filters) => push_filters(to, engine, project, filters, " OR ", lists),
        Filter::Test { attribute, op } if attribute.kind == Kind::List => {
            push_list_op(to, project, attribute, op, lists);
        }
        Filter::Test { attribute, op } => push_op(to, engine, attribute.column, op),
    }
}

fn push_filters(
    to: &mut Sql,
    engine: Engine,
    project: ProjectKey,
    filters: &[Filter],
    between: &'static str,
    lists: Lists,
) {
    to.push("(");
    for (n, filter) in filters.iter().enumerate() {
        if n > 0 {
            to.push(between);
        }
        push_filter(to, engine, project, filter, lists);
    }
    to.push(")");
}

/// A test of one column. None of them is true for NULL, except `IS NULL`.
fn push_op(to: &mut Sql, engine: Engine, column: &'static str, op: &Op) {
    let compare = |to: &mut Sql, operator: &'static str, value: &Scalar| {
        to.push(column).push(operator).push_bind(value);
    };
    match op {
        Op::Equal(values) => match values.as_slice() {
            [value] => compare(to, " = ", value),
            values => {
                to.push(column).push(" IN (");
                push_list(to, values, |to, value| {
                    to.push_bind(value);
                });
                to.push(")");
            }
        },
        Op::NotEqual(value) => compare(to, " <> ", value),
        Op::Less(value) => compare(to, " < ", value),
        Op::LessEqual(value) => compare(to, " <= ", value),
        Op::Greater(value) => compare(to, " > ", value),
        Op::GreaterEqual(value) => compare(to, " >= ", value),
        Op::Between(low, high) => {
            to.push("(").push(column).push(" >= ").push_bind(low);
            to.push(" AND ").push(column).push(" <= ").push_bind(high).push(")");
        }
        Op::NotBetween(low, high) => {
            to.push("(").push(column).push(" < ").push_bind(low);
            to.push(" OR ").push(column).push(" > ").push_bind(high).push(")");
        }
        Op::IsNull => {
            to.push(column).push(" IS NULL");
        }
        Op::IsNotNull => {
            to.push(column).push(" IS NOT NULL");
        }
        Op::StartsWith(prefix) => push_prefix(to, column, prefix, true),
        Op::NotStartsWith(prefix) => push_prefix(to, column, prefix, false),
        Op::EndsWith(suffix) => push_suffix(to, column, " = ", suffix),
        Op::NotEndsWith(suffix) => push_suffix(to, column, " <> ", suffix),
        Op::Contains(parts) => push_parts(to, engine, column, parts, " OR ", " > 0"),
        Op::ContainsAll(parts) => push_parts(to, engine, column, parts, " AND ", " > 0"),
        Op::NotContains(parts) => push_parts(to, engine, column, parts, " AND ", " = 0"),
    }
}

/// A prefix is a range, which both engines read from the index of the column.
fn push_prefix(to: &mut Sql, column: &'static str, prefix: &str, wanted: bool) {
    if prefix.is_empty() {
        to.push(if wanted { "(" } else { "(FALSE AND " }).push(column).push(" IS NOT NULL)");
        return;
    }
    to.push("(").push(column).push(if wanted { " >= " } else { " < " }).push_bind(prefix);
    if let Some(end) = after_prefix(prefix) {
        to.push(if wanted { " AND " } else { " OR " });
        to.push(column).push(if wanted { " < " } else { " >= " }).push_bind(end);
    }
    to.push(")");
}

/// The smallest text greater than every text with this prefix, in the order of bytes.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut rest = prefix.to_owned();
    while let Some(last) = rest.pop() {
        // Skips the gap of the surrogates, which are no characters.
        if let Some(next) = (u32::from(last) + 1..=0x10_FFFF).find_map(char::from_u32) {
            rest.push(next);
            return Some(rest);
        }
    }
    None
}

fn push_suffix(to: &mut Sql, column: &'static str, operator: &'static str, suffix: &str) {
    if suffix.is_empty() {
        to.push(if operator == " = " { "(" } else { "(FALSE AND " }).push(column).push(" IS NOT NULL)");
        return;
    }
    // When the column is shorter than the suffix, what substr makes of the start is shorter as well: not equal.
    to.push("substr(").push(column).push(", length(").push(column).push(") - length(CAST(").push_bind(suffix);
    to.push(" AS TEXT)) + 1)").push(operator).push_bind(suffix);
}

fn push_parts(
    to: &mut Sql,
    engine: Engine,
    column: &'static str,
    parts: &[String],
    between: &'static str,
    found: &'static str,
) {
    to.push("(");
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            to.push(between);
        }
        to.push(position_of(engine)).push(column).push(", ").push_bind(part).push(")").push(found);
    }
    to.push(")");
}

/// Tests of lists in one statement that PostgreSQL may plan as joins.
const JOINS_MAX: usize = 4;

/// A test of a list, whose elements are rows of a table of their own. A list is never NULL.
fn push_list_op(to: &mut Sql, project: ProjectKey, attribute: &Attribute, op: &Op, lists: Lists) {
    let (rows, row, element, group) = match attribute.column {
        "user_labels" => (
            "(t.seq IN (SELECT l.user_seq FROM user_labels l WHERE l.project = ",
            " AND l.user_seq = t.seq",
            " AND l.label IN (",
            " GROUP BY l.user_seq HAVING count(*) = ",
        ),
        _ => (
            "(t.seq IN (SELECT l.membership_seq FROM membership_roles l WHERE l.project = ",
            " AND l.membership_seq = t.seq",
            " AND l.role IN (",
            " GROUP BY l.membership_seq HAVING count(*) = ",
        ),
    };
    // How many of the elements a row must have; one when it is not said.
    let among = |to: &mut Sql, values: &[&String], all: bool| {
        let joined = to.text.matches(" IN (SELECT l.").count();
        to.push(rows).push_bind(project);
        if lists == Lists::LookedUp {
            to.push(row);
        }
        to.push(element);
        push_list(to, values, |to, value| {
            to.push_bind(*value);
        });
        to.push(")");
        if all {
            to.push(group).push_bind(i64::try_from(values.len()).unwrap_or(i64::MAX));
        }
        // PostgreSQL makes a join of each of these, and takes seconds to find the best order of many. What is asked
        // whether it is true is no join, but still a look-up.
        to.push(if joined < JOINS_MAX { "))" } else { ")) IS TRUE" });
    };
    match op {
        Op::Contains(values) => among(to, &values.iter().collect::<Vec<_>>(), false),
        Op::NotContains(values) => {
            to.push("NOT ");
            among(to, &values.iter().collect::<Vec<_>>(), false);
        }
        Op::ContainsAll(values) => {
            // No row has an element twice, so the count of those that are wanted tells.
            let wanted: BTreeSet<&String> = values.iter().collect();
            among(to, &wanted.into_iter().collect::<Vec<_>>(), true);
        }
        Op::IsNotNull => {
            to.push("TRUE");
        }
        // The check of the query lets nothing else through.
        _ => {
            to.push("FALSE");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_the_next_text_in_the_order_of_bytes() {
        assert_eq!(after_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(after_prefix("a\u{D7FF}").as_deref(), Some("a\u{E000}"));
        assert_eq!(after_prefix("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{10FFFF}"), None);
    }
}
