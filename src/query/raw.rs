//! What the two readers yield and the checker takes: a known method, an attribute name, values of any type.

use super::{Refused, RefusedKind};

/// One query as it was written, not yet held against what a list offers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub(super) method: Method,
    /// Empty when the query names none.
    pub(super) attribute: String,
    pub(super) values: Vec<Value>,
}

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// A whole number; one beyond 64 bits is held at the end of the range.
    Integer(i64),
    /// Any other number. No attribute takes one, so its size does not matter.
    Fraction,
    Text(String),
    List,
    /// An object that is not a child of `and` or `or`.
    Object,
    /// A child of `and` or `or`.
    Query(Query),
}

impl Value {
    /// What the value is, for a message. The value itself stays out of messages, it may be personal.
    pub(super) fn described(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Fraction => "a number that is not an integer",
            Self::Text(_) => "text",
            Self::List => "a list",
            Self::Object | Self::Query(_) => "an object",
        }
    }
}

/// Declares [`Method`] together with its wire names, so that neither can lack an entry.
macro_rules! methods {
    ($($variant:ident $name:literal,)+) => {
        /// A method that some list offers, or that is refused with an error of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Method { $($variant,)+ }

        impl Method {
            /// Every method, in the order in which messages list them.
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name on the wire.
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

methods! {
    Limit "limit",
    Offset "offset",
    CursorAfter "cursorAfter",
    CursorBefore "cursorBefore",
    OrderAsc "orderAsc",
    OrderDesc "orderDesc",
    OrderRandom "orderRandom",
    Equal "equal",
    NotEqual "notEqual",
    LessThan "lessThan",
    LessThanEqual "lessThanEqual",
    GreaterThan "greaterThan",
    GreaterThanEqual "greaterThanEqual",
    Between "between",
    NotBetween "notBetween",
    IsNull "isNull",
    IsNotNull "isNotNull",
    StartsWith "startsWith",
    NotStartsWith "notStartsWith",
    EndsWith "endsWith",
    NotEndsWith "notEndsWith",
    Contains "contains",
    ContainsAny "containsAny",
    NotContains "notContains",
    ContainsAll "containsAll",
    Search "search",
    NotSearch "notSearch",
    CreatedBefore "createdBefore",
    CreatedAfter "createdAfter",
    CreatedBetween "createdBetween",
    UpdatedBefore "updatedBefore",
    UpdatedAfter "updatedAfter",
    UpdatedBetween "updatedBetween",
    And "and",
    Or "or",
}

impl Method {
    /// The method of that name; names are case-sensitive.
    pub(super) fn named(name: &str) -> Result<Self, Fault> {
        Self::ALL.iter().copied().find(|method| method.name() == name).ok_or_else(|| {
            let offered = Self::ALL.iter().filter(|method| !matches!(method, Self::Search | Self::NotSearch));
            let names: Vec<_> = offered.map(|method| method.name()).collect();
            Fault::argument(format!("the method {} is not offered; offered are {}", quoted(name), names.join(", ")))
        })
    }
}

/// Why one query is refused, before it is known where in the list it stands.
#[derive(Debug)]
pub(super) struct Fault {
    kind: RefusedKind,
    text: String,
    /// Positions among the children of `and` and `or`, the innermost first.
    path: Vec<usize>,
}

impl Fault {
    fn new(kind: RefusedKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), path: Vec::new() }
    }

    /// Malformed or not offered.
    pub(super) fn argument(text: impl Into<String>) -> Self {
        Self::new(RefusedKind::Argument, text)
    }

    /// Well formed, but cannot be run.
    pub(super) fn query(text: impl Into<String>) -> Self {
        Self::new(RefusedKind::Query, text)
    }

    /// More bound values than one statement takes.
    pub(super) fn too_many(text: impl Into<String>) -> Self {
        Self::new(RefusedKind::TooMany, text)
    }

    /// The same fault, seen from the `and` or `or` around its query.
    pub(super) fn in_child(mut self, index: usize) -> Self {
        self.path.push(index);
        self
    }

    /// The final error, for the query at that position of the request.
    pub(super) fn in_query(self, index: usize) -> Refused {
        let path: String = self.path.iter().rev().map(|child| format!(".values[{child}]")).collect();
        Refused { kind: self.kind, message: format!("`queries[{index}]{path}`: {}.", self.text) }
    }
}

/// A name from the request for use in a message, cut to a length that keeps the message readable.
pub(super) fn quoted(name: &str) -> String {
    const SHOWN: usize = 40;
    let cut = if name.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("`{name:.SHOWN$}{cut}`")
}
