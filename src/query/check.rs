//! Holds queries against what a list offers and turns them into a [`Listing`].

use super::raw::{Fault, Method, Query, Value, quoted};
use super::{
    Attribute, Cursor, Filter, Kind, Listing, MAX_BOUND_VALUES, MAX_FILTER_VALUES, Op, Order, Scalar, Schema, date,
};
use crate::fold::fold;

/// The largest value a sequence is compared with, as upstream has it.
const MAX_SEQUENCE: i64 = 2_147_483_647;

/// Collects the queries of one request.
pub(super) struct Checker {
    schema: &'static Schema,
    listing: Listing,
    offset: Option<i64>,
    /// Values in all filters so far.
    bound: usize,
}

impl Checker {
    pub(super) fn new(schema: &'static Schema) -> Self {
        Self { schema, listing: Listing::default(), offset: None, bound: 0 }
    }

    /// What the accepted queries amount to.
    pub(super) fn finish(self) -> Listing {
        Listing { offset: self.offset.unwrap_or_default(), ..self.listing }
    }

    /// Checks one query of the list and adds it to the listing.
    pub(super) fn add(&mut self, query: Query) -> Result<(), Fault> {
        match query.method {
            Method::Limit => {
                let limit = whole(&query, 1)?;
                self.listing.limit.get_or_insert(limit);
            }
            Method::Offset => {
                let offset = whole(&query, 0)?;
                self.offset.get_or_insert(offset);
            }
            method if self.schema.paging_only => {
                return Err(Fault::argument(format!(
                    "the method `{}` is not offered on this list, which takes only limit and offset",
                    method.name()
                )));
            }
            Method::CursorAfter => {
                let id = id(&query)?;
                self.listing.cursor.get_or_insert(Cursor::After(id));
            }
            Method::CursorBefore => {
                let id = id(&query)?;
                self.listing.cursor.get_or_insert(Cursor::Before(id));
            }
            Method::OrderAsc => self.order(&query, false)?,
            Method::OrderDesc => self.order(&query, true)?,
            Method::OrderRandom => self.listing.orders.push(Order::Random),
            _ => {
                let filter = self.filter(query)?;
                self.listing.filters.push(filter);
            }
        }
        Ok(())
    }

    fn order(&mut self, query: &Query, descending: bool) -> Result<(), Fault> {
        let order = if query.attribute.is_empty() {
            Order::Sequence { descending }
        } else {
            match self.attribute(&query.attribute)? {
                Attribute { kind: Kind::Sequence, .. } => Order::Sequence { descending },
                attribute => Order::By { attribute, descending },
            }
        };
        self.listing.orders.push(order);
        Ok(())
    }

    /// Checks a filter with everything inside it.
    fn filter(&mut self, query: Query) -> Result<Filter, Fault> {
        use Method::*;
        let (name, method) = match query.method {
            And => return Ok(Filter::All(self.children(query)?)),
            Or => return Ok(Filter::Any(self.children(query)?)),
            // Some SDK releases send these conveniences under their own names and without an attribute.
            CreatedBefore => ("$createdAt", LessThan),
            CreatedAfter => ("$createdAt", GreaterThan),
            CreatedBetween => ("$createdAt", Between),
            UpdatedBefore => ("$updatedAt", LessThan),
            UpdatedAfter => ("$updatedAt", GreaterThan),
            UpdatedBetween => ("$updatedAt", Between),
            Limit | Offset | CursorAfter | CursorBefore | OrderAsc | OrderDesc | OrderRandom => {
                return Err(no_filter(query.method));
            }
            method => (query.attribute.as_str(), method),
        };
        let attribute = self.attribute(name)?;
        let test = Test { attribute, method, values: &query.values };
        self.bound += query.values.len();
        let op = test.op()?;
        if self.bound > MAX_BOUND_VALUES {
            return Err(Fault::too_many(format!(
                "all filters of a request together hold at most {MAX_BOUND_VALUES} values, this one goes beyond"
            )));
        }
        Ok(Filter::Test { attribute, op })
    }

    /// The children of `and` or `or`.
    fn children(&mut self, query: Query) -> Result<Vec<Filter>, Fault> {
        let name = query.method.name();
        if query.values.len() < 2 {
            return Err(Fault::argument(format!("`{name}` takes at least two filters")));
        }
        let child = |(index, value)| {
            let filter = match value {
                Value::Query(query) => self.filter(query),
                other => Err(Fault::argument(format!("`{name}` takes query objects, not {}", other.described()))),
            };
            filter.map_err(|fault| fault.in_child(index))
        };
        query.values.into_iter().enumerate().map(child).collect()
    }

    fn attribute(&self, name: &str) -> Result<&'static Attribute, Fault> {
        let attributes = self.schema.attributes;
        attributes.iter().find(|attribute| attribute.name == name).ok_or_else(|| {
            let names: Vec<_> = attributes.iter().map(|attribute| attribute.name).collect();
            Fault::argument(format!("there is no attribute {}; allowed are {}", quoted(name), names.join(", ")))
        })
    }
}

/// A filter on one attribute, whose values are still to be checked.
struct Test<'a> {
    attribute: &'static Attribute,
    method: Method,
    values: &'a [Value],
}

impl Test<'_> {
    fn op(&self) -> Result<Op, Fault> {
        use Method::*;
        Ok(match self.method {
            Equal => Op::Equal(self.several(Self::scalar)?),
            NotEqual => Op::NotEqual(self.one(Self::scalar)?),
            LessThan => Op::Less(self.one(Self::scalar)?),
            LessThanEqual => Op::LessEqual(self.one(Self::scalar)?),
            GreaterThan => Op::Greater(self.one(Self::scalar)?),
            GreaterThanEqual => Op::GreaterEqual(self.one(Self::scalar)?),
            Between => self.two().map(|(low, high)| Op::Between(low, high))?,
            NotBetween => self.two().map(|(low, high)| Op::NotBetween(low, high))?,
            IsNull => self.none(Op::IsNull)?,
            IsNotNull => self.none(Op::IsNotNull)?,
            StartsWith => Op::StartsWith(self.one(Self::pattern)?),
            NotStartsWith => Op::NotStartsWith(self.one(Self::pattern)?),
            EndsWith => Op::EndsWith(self.one(Self::pattern)?),
            NotEndsWith => Op::NotEndsWith(self.one(Self::pattern)?),
            Contains | ContainsAny => Op::Contains(self.several(Self::part)?),
            NotContains => Op::NotContains(self.several(Self::part)?),
            ContainsAll => Op::ContainsAll(self.several(Self::part)?),
            Search | NotSearch => {
                self.one(Self::scalar)?;
                return Err(Fault::query(format!(
                    "`{}` needs a full-text index, which {} does not have; use contains, or the parameter `search`",
                    self.method.name(),
                    quoted(self.attribute.name)
                )));
            }
            // Resolved before a test is made of them.
            Limit | Offset | CursorAfter | CursorBefore | OrderAsc | OrderDesc | OrderRandom | CreatedBefore
            | CreatedAfter | CreatedBetween | UpdatedBefore | UpdatedAfter | UpdatedBetween | And | Or => {
                return Err(no_filter(self.method));
            }
        })
    }

    fn none(&self, op: Op) -> Result<Op, Fault> {
        if self.values.is_empty() { Ok(op) } else { Err(self.wrong_count("no value")) }
    }

    fn one<T>(&self, check: impl Fn(&Self, &Value) -> Result<T, Fault>) -> Result<T, Fault> {
        match self.values {
            [value] => check(self, value),
            _ => Err(self.wrong_count("exactly one value")),
        }
    }

    fn two(&self) -> Result<(Scalar, Scalar), Fault> {
        match self.values {
            [low, high] => Ok((self.scalar(low)?, self.scalar(high)?)),
            _ => Err(self.wrong_count("exactly two values")),
        }
    }

    fn several<T>(&self, check: impl Fn(&Self, &Value) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        if !(1..=MAX_FILTER_VALUES).contains(&self.values.len()) {
            return Err(self.wrong_count(&format!("1 to {MAX_FILTER_VALUES} values")));
        }
        self.values.iter().map(|value| check(self, value)).collect()
    }

    fn wrong_count(&self, wanted: &str) -> Fault {
        let name = self.method.name();
        Fault::argument(format!("`{name}` takes {wanted}, {} were given", self.values.len()))
    }

    /// A value that is compared whole.
    fn scalar(&self, value: &Value) -> Result<Scalar, Fault> {
        match (self.attribute.kind, value) {
            (Kind::List, _) => {
                Err(self.unfit("takes only contains, containsAny, containsAll, notContains, isNull, isNotNull"))
            }
            (Kind::Text | Kind::Folded, Value::Text(text)) => self.text(text).map(Scalar::Text),
            (Kind::Bool, Value::Bool(value)) => Ok(Scalar::Bool(*value)),
            (Kind::Date, Value::Text(text)) => match date::millis(text) {
                Some(millis) => Ok(Scalar::Int(millis)),
                None => Err(self.mismatch("different text")),
            },
            (Kind::Sequence, Value::Integer(value @ 1..=MAX_SEQUENCE)) => Ok(Scalar::Int(*value)),
            (Kind::Sequence, Value::Integer(_)) => Err(self.mismatch("an integer beyond")),
            (_, other) => Err(self.mismatch(other.described())),
        }
    }

    /// A beginning or an end of a text.
    fn pattern(&self, value: &Value) -> Result<String, Fault> {
        match self.scalar(value)? {
            Scalar::Text(text) => Ok(text),
            _ => Err(self.unfit("is not text")),
        }
    }

    /// A part of a text or an element of a list.
    fn part(&self, value: &Value) -> Result<String, Fault> {
        match (self.attribute.kind, value) {
            (Kind::List, Value::Text(text)) => self.text(text),
            (Kind::List, other) => Err(self.mismatch(other.described())),
            _ => self.pattern(value),
        }
    }

    fn text(&self, text: &str) -> Result<String, Fault> {
        if text.contains('\0') {
            return Err(Fault::argument(format!(
                "a value for {} contains the character U+0000, which cannot be stored",
                quoted(self.attribute.name)
            )));
        }
        Ok(if self.attribute.kind == Kind::Folded { fold(text) } else { text.to_owned() })
    }

    /// The method does not go with the attribute.
    fn unfit(&self, reason: &str) -> Fault {
        Fault::argument(format!(
            "`{}` cannot be used on {}, which {reason}",
            self.method.name(),
            quoted(self.attribute.name)
        ))
    }

    /// A value does not go with the attribute.
    fn mismatch(&self, found: &str) -> Fault {
        let wanted = match self.attribute.kind {
            Kind::Text | Kind::Folded | Kind::List => "text",
            Kind::Bool => "true or false",
            Kind::Date => date::FORMS,
            Kind::Sequence => "an integer from 1 to 2147483647",
        };
        Fault::argument(format!("a value for {} has to be {wanted}; {found} was given", quoted(self.attribute.name)))
    }
}

/// A method that is no filter stands where only filters may.
fn no_filter(method: Method) -> Fault {
    Fault::argument(format!("`{}` is no filter, and only filters may stand inside `and` and `or`", method.name()))
}

/// The number of `limit` or `offset`: an integer or its digits as text. Values after the first do not count.
fn whole(query: &Query, least: i64) -> Result<i64, Fault> {
    let number = match query.values.first() {
        Some(Value::Integer(number)) => Some(*number),
        // Digits that do not fit mean "no end".
        Some(Value::Text(text)) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(text.parse().unwrap_or(i64::MAX))
        }
        _ => None,
    };
    number.filter(|number| *number >= least).ok_or_else(|| {
        Fault::argument(format!("`{}` takes one whole number from {least} to {}", query.method.name(), i64::MAX))
    })
}

/// The row id of a cursor, checked for form. Values after the first do not count.
fn id(query: &Query) -> Result<String, Fault> {
    match query.values.first() {
        Some(Value::Text(id)) if is_id(id) => Ok(id.clone()),
        _ => Err(Fault::argument(format!(
            "`{}` takes one id as text: 1 to 36 characters of a-z, A-Z, 0-9, period, hyphen and underscore, starting \
             with a letter or digit",
            query.method.name()
        ))),
    }
}

fn is_id(text: &str) -> bool {
    (1..=36).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}
