//! The query language of list requests: `queries` in, a checked [`Listing`] out.
//!
//! A request carries up to 100 texts. Each is written in one of two forms, told apart by the first character that is
//! not white space: `{` opens the JSON form of the newer SDKs (`json_form`), anything else is the older
//! `method("attribute", ["value"])` form (`string_form`). Both readers yield the same `raw::Query`; `check`
//! holds it against what the list offers. What leaves this module needs no further checks: attributes are known,
//! values have the attribute's type, and texts are folded where the attribute is compared folded.

mod check;
mod date;
mod json_form;
mod raw;
mod string_form;
#[cfg(test)]
mod tests;

/// Most queries in one request.
pub const MAX_QUERIES: usize = 100;
/// Most characters (not bytes) in one query.
pub const MAX_QUERY_CHARS: usize = 4096;
/// Most values in one filter.
pub const MAX_FILTER_VALUES: usize = 500;
/// Most values in all filters of one request together, since each becomes a bound value of one statement.
pub const MAX_BOUND_VALUES: usize = 10_000;

/// How an attribute's values compare, and thus which values a query may hold against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, compared byte for byte.
    Text,
    /// Text, both sides compared after [`fold`](crate::fold::fold).
    Folded,
    /// A boolean.
    Bool,
    /// A point in time, in milliseconds since the Unix epoch.
    Date,
    /// The integer that numbers rows in the order of their insertion.
    Sequence,
    /// A set of texts; elements compare byte for byte.
    List,
}

/// One attribute that a list may be filtered and ordered by.
#[derive(Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The name on the wire, such as `$createdAt`.
    pub name: &'static str,
    /// How its values compare.
    pub kind: Kind,
    /// Whether the stored value may be NULL.
    pub nullable: bool,
    /// The SQL column behind it. Nothing in this module looks at it.
    pub column: &'static str,
}

/// What one list offers.
#[derive(Debug)]
pub struct Schema {
    /// The attributes to filter and order by.
    pub attributes: &'static [Attribute],
    /// Whether only `limit` and `offset` are accepted, as on activity logs.
    pub paging_only: bool,
}

/// A request's queries, read and checked. The default is that of a request without queries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Conditions that all have to hold.
    pub filters: Vec<Filter>,
    /// Orders, the most significant first.
    pub orders: Vec<Order>,
    /// Where the page starts or ends.
    pub cursor: Option<Cursor>,
    /// Page size, at least 1; the list's own default when absent.
    pub limit: Option<i64>,
    /// Rows to skip after the cursor, at least 0.
    pub offset: i64,
}

/// A condition on a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Every child holds; two children or more.
    All(Vec<Filter>),
    /// At least one child holds; two children or more.
    Any(Vec<Filter>),
    /// One attribute passes one test.
    Test {
        /// What is tested.
        attribute: &'static Attribute,
        /// The test.
        op: Op,
    },
}

/// A test of one attribute. No test but [`Op::IsNull`] is passed by NULL, negated ones included.
///
/// Every [`Scalar`] is of the variant that belongs to the attribute's [`Kind`]. Patterns are literal texts, and only
/// occur on [`Kind::Text`] and [`Kind::Folded`]; the `Contains` family occurs on [`Kind::List`] as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Equal to any of the values; one value or more.
    Equal(Vec<Scalar>),
    /// Different from the value.
    NotEqual(Scalar),
    /// Before the value.
    Less(Scalar),
    /// Before the value or equal to it.
    LessEqual(Scalar),
    /// After the value.
    Greater(Scalar),
    /// After the value or equal to it.
    GreaterEqual(Scalar),
    /// Within both bounds, which belong to the range.
    Between(Scalar, Scalar),
    /// Outside the bounds.
    NotBetween(Scalar, Scalar),
    /// NULL.
    IsNull,
    /// Anything but NULL.
    IsNotNull,
    /// The text starts so; the empty text matches every row.
    StartsWith(String),
    /// The text does not start so.
    NotStartsWith(String),
    /// The text ends so.
    EndsWith(String),
    /// The text does not end so.
    NotEndsWith(String),
    /// Any of these occurs: within a text, or as an element of a list.
    Contains(Vec<String>),
    /// None of these occurs.
    NotContains(Vec<String>),
    /// All of these occur.
    ContainsAll(Vec<String>),
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// For [`Kind::Text`], and for [`Kind::Folded`], where it is folded already.
    Text(String),
    /// For [`Kind::Bool`].
    Bool(bool),
    /// For [`Kind::Date`] (milliseconds since the Unix epoch) and [`Kind::Sequence`].
    Int(i64),
}

/// One order of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// By an attribute. A [`Kind::List`] attribute may occur.
    By {
        /// The attribute.
        attribute: &'static Attribute,
        /// The largest first.
        descending: bool,
    },
    /// By insertion; asked for by an empty attribute or the attribute of [`Kind::Sequence`].
    Sequence {
        /// The newest first.
        descending: bool,
    },
    /// Shuffled anew for each request.
    Random,
}

/// A row that bounds the page. Its id is well formed; whether it exists is for the store to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// The page starts after this row.
    After(String),
    /// The page ends before this row.
    Before(String),
}

/// Which error a refused query amounts to. All are answered with status 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedKind {
    /// Malformed or not offered: `general_argument_invalid`.
    Argument,
    /// Well formed, but cannot be run: `general_query_invalid`.
    Query,
    /// More than [`MAX_BOUND_VALUES`] values: `general_query_limit_exceeded`.
    TooMany,
}

/// Why queries were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which error it is.
    pub kind: RefusedKind,
    /// For the caller's eyes: which query (`queries[2]`, counted from 0), what is wrong, and what is allowed.
    pub message: String,
}

/// Reads and checks the `queries` of one request to a list that offers `schema`.
///
/// The first `limit`, the first `offset` and the first cursor count; later ones are checked and dropped. Filters and
/// orders add up in the order given.
///
/// # Errors
///
/// [`Refused`] for the first query that is not acceptable. No input panics.
pub fn read(schema: &'static Schema, queries: &[String]) -> Result<Listing, Refused> {
    if queries.len() > MAX_QUERIES {
        return Err(Refused {
            kind: RefusedKind::Argument,
            message: format!("`queries`: at most {MAX_QUERIES} are allowed, {} were sent.", queries.len()),
        });
    }
    let mut checker = check::Checker::new(schema);
    for (index, text) in queries.iter().enumerate() {
        parse(text).and_then(|query| checker.add(query)).map_err(|fault| fault.in_query(index))?;
    }
    Ok(checker.finish())
}

/// Reads one query of either form.
fn parse(text: &str) -> Result<raw::Query, raw::Fault> {
    // One character more than allowed settles it; a long text is not counted to its end.
    if text.chars().nth(MAX_QUERY_CHARS).is_some() {
        return Err(raw::Fault::argument(format!("a query is at most {MAX_QUERY_CHARS} characters long")));
    }
    if text.trim_start().starts_with('{') { json_form::read(text) } else { string_form::read(text) }
}
