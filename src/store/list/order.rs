//! Orders and cursors: `ORDER BY`, and the condition that holds for the rows on one side of a row.

use super::{Page, Source, push_list};
use crate::query::{Kind, Listing, Order};
use crate::store::{Record, Result, Row, Sql, Value};

/// Where a row stands in the requested order: its value of each order, and its number.
#[derive(Debug, Clone, PartialEq)]
pub struct Position(pub(super) Vec<Value>);

/// Which way a page goes from a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The rows that come after it.
    After,
    /// The rows that come before it, nearest first.
    Before,
}

/// Something that rows are ordered by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) by: By,
    pub(super) descending: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    Column {
        text: &'static str,
        kind: Kind,
        nullable: bool,
    },
    /// A scattering of the row numbers, `(seq % p · factor + offset) % p`: any order will do, as long as each
    /// statement of one request sees the same.
    Random {
        factor: i64,
        offset: i64,
    },
}

impl Key {
    const fn number(descending: bool) -> Self {
        Self { by: By::Column { text: "t.seq", kind: Kind::Sequence, nullable: false }, descending }
    }

    pub(super) const fn is_nullable(&self) -> bool {
        matches!(self.by, By::Column { nullable: true, .. })
    }

    pub(super) const fn is_number(&self) -> bool {
        matches!(self.by, By::Column { kind: Kind::Sequence, .. })
    }

    const fn reversed(self) -> Self {
        Self { descending: !self.descending, ..self }
    }

    pub(super) fn push(self, to: &mut Sql) {
        match self.by {
            By::Column { text, .. } => to.push(text),
            By::Random { factor, offset } => to
                .push("((t.seq % 2147483647) * ")
                .push_bind(factor)
                .push(" + ")
                .push_bind(offset)
                .push(") % 2147483647"),
        };
    }
}

/// How the number of rows gets into a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// As a value.
    Bound,
    /// As a part of the text. PostgreSQL takes a limit that it does not know for a tenth of the table and does not keep
    /// such a plan, but makes one each time, which takes longer than reading a page does.
    Written,
}

impl Page {
    /// Appends `LIMIT` and `OFFSET`.
    pub(super) fn push(self, to: &mut Sql, limit: Limit) {
        to.push(" LIMIT ");
        match limit {
            Limit::Bound => to.push_bind(self.limit),
            Limit::Written => to.push_number(self.limit),
        };
        if self.offset > 0 {
            to.push(" OFFSET ").push_bind(self.offset);
        }
    }
}

/// Limits that clients ask for again and again. Each makes a statement of its own, of which a connection keeps a hundred.
const USUAL: [i64; 8] = [1, 5, 10, 20, 25, 30, 50, 100];

impl Limit {
    /// Of a page for whose every limit there is one plan. An offset is always bound, and has one made each time.
    pub(super) fn of(page: Page) -> Self {
        if page.offset == 0 && USUAL.contains(&page.limit) { Self::Written } else { Self::Bound }
    }
}

/// The complete order of a request: what it asks for, then the tie-break.
#[derive(Debug, Clone)]
pub struct Ordering(Vec<Key>);

impl Ordering {
    /// Ties are broken by the row number, ascending unless the list shows its newest rows first, or in the direction of
    /// the first order when that is on `$createdAt` or `$updatedAt`.
    #[must_use]
    pub fn of(source: &Source, listing: &Listing) -> Self {
        if listing.orders.is_empty()
            && let Some(text) = source.newest_by
        {
            let by = By::Column { text, kind: Kind::Date, nullable: false };
            return Self(vec![Key { by, descending: true }, Key::number(true)]);
        }
        let mut keys = Vec::with_capacity(listing.orders.len() + 1);
        let mut unique = false;
        for order in &listing.orders {
            match *order {
                Order::By { attribute, descending } => {
                    unique |= attribute.name == "$id";
                    let (text, kind) = match attribute.kind {
                        // The index of this expression is in the migrations.
                        Kind::List if attribute.column == "user_labels" => ("substr(t.labels, 1, 64)", Kind::Text),
                        Kind::List => ("t.roles", Kind::Text),
                        kind => (attribute.column, kind),
                    };
                    keys.push(Key { by: By::Column { text, kind, nullable: attribute.nullable }, descending });
                }
                Order::Sequence { descending } => {
                    unique = true;
                    keys.push(Key::number(descending));
                }
                Order::Random => {
                    let [a, b, c, d, e, f, g, h] = crate::secret::random::<8>();
                    let below = |bytes| i64::from(u32::from_be_bytes(bytes) >> 1);
                    let by = By::Random { factor: below([a, b, c, d]) | 1, offset: below([e, f, g, h]) };
                    keys.push(Key { by, descending: false });
                }
            }
        }
        if !unique {
            let by_time = matches!(listing.orders.first(), Some(Order::By { attribute, descending: true })
                if ["$createdAt", "$updatedAt"].contains(&attribute.name));
            keys.push(Key::number(by_time));
        }
        Self(keys)
    }

    /// Whether an index has the rows in this order: each has one column before the number of the row, and both go the
    /// same way.
    pub(super) fn is_of_an_index(&self) -> bool {
        match self.0.as_slice() {
            [first] => matches!(first.by, By::Column { .. }),
            [first, Key { by: By::Column { kind: Kind::Sequence, .. }, descending }] => {
                matches!(first.by, By::Column { .. }) && first.descending == *descending
            }
            _ => false,
        }
    }

    /// Whether no two rows are alike in what is asked for.
    pub(super) fn is_of_one_key(&self) -> bool {
        self.0.len() == 1
    }

    /// Whether the rows stand in the order of their numbers alone.
    pub(super) fn is_of_numbers(&self) -> bool {
        matches!(self.0.as_slice(), [key] if key.is_number())
    }

    /// The keys in the direction of reading.
    pub(super) fn keys(&self, direction: Direction) -> Vec<Key> {
        self.0.iter().map(|key| if direction == Direction::Before { key.reversed() } else { *key }).collect()
    }

    /// Appends the list of keys behind `ORDER BY`.
    pub(super) fn push(&self, to: &mut Sql, direction: Direction) {
        push_list(to, &self.keys(direction), |to, key| {
            key.push(to);
            // NULLs are the smallest: SQLite's own rule, which PostgreSQL has to be told. It is not told for columns
            // without NULLs, since that would keep it from using their indexes.
            to.push(match (key.descending, key.is_nullable()) {
                (false, true) => " ASC NULLS FIRST",
                (true, true) => " DESC NULLS LAST",
                (false, false) => " ASC",
                (true, false) => " DESC",
            });
        });
    }

    /// Appends `ORDER BY` and the part of the rows that a page is, with a bound limit or one in the text.
    pub(super) fn push_cut(&self, to: &mut Sql, direction: Direction, page: Page, limit: Limit) {
        to.push(" ORDER BY ");
        self.push(to, direction);
        page.push(to, limit);
    }

    /// Appends the condition for the rows on one side of a position.
    pub(super) fn push_beyond(&self, to: &mut Sql, position: &Position, direction: Direction) {
        push_after(to, &self.keys(direction), &position.0);
    }

    /// Appends the same for the position of a row, which is looked up by a `SELECT` in the brackets that this opens.
    /// `false` when that takes more than one comparison of rows.
    pub(super) fn push_beyond_row(&self, to: &mut Sql, direction: Direction) -> bool {
        let keys = self.keys(direction);
        if keys.iter().any(|key| key.is_nullable() || key.descending != keys[0].descending) {
            return false;
        }
        to.push(" AND (");
        push_list(to, &keys, |to, key| key.push(to));
        to.push(if keys[0].descending { ") < (SELECT " } else { ") > (SELECT " });
        push_list(to, &keys, |to, key| key.push(to));
        true
    }

    /// Appends the values of the keys as texts, for [`Ordering::position`].
    pub(super) fn push_texts(&self, to: &mut Sql) {
        push_list(to, &self.0, |to, key| {
            to.push("CAST(");
            key.push(to);
            // Without a name of its own it would be called like the column, and be taken for it.
            to.push(" AS TEXT) AS k");
        });
    }

    /// The position of a row whose keys were read as texts.
    pub(super) fn position(&self, texts: Texts) -> Position {
        Position(self.0.iter().zip(texts.0).map(|(key, text)| key.value(text)).collect())
    }
}

/// Rows strictly after `values` in the order of `keys`.
fn push_after(to: &mut Sql, keys: &[Key], values: &[Value]) {
    let plain = |key: &Key, value: &Value| {
        let nulls_follow = key.descending && key.is_nullable();
        !is_null(value) && !nulls_follow
    };
    let same_way = keys.windows(2).all(|pair| pair[0].descending == pair[1].descending);
    if same_way && keys.iter().zip(values).all(|(key, value)| plain(key, value)) {
        // One comparison of rows, which both engines turn into a start in the index.
        to.push("(");
        push_list(to, keys, |to, key| key.push(to));
        to.push(if keys[0].descending { ") < (" } else { ") > (" });
        push_list(to, values, |to, value| {
            to.push_bind(value.clone());
        });
        to.push(")");
        return;
    }
    to.push("(");
    if let (Some(key), Some(value)) = (keys.first(), values.first())
        && plain(key, value)
    {
        // Implied by what follows, and the part that an index can start at.
        key.push(to);
        to.push(if key.descending { " <= " } else { " >= " }).push_bind(value.clone()).push(" AND (");
    } else {
        to.push("(");
    }
    for n in 0..keys.len() {
        to.push(if n == 0 { "(" } else { " OR (" });
        for (key, value) in keys.iter().zip(values).take(n) {
            key.push(to);
            match is_null(value) {
                true => to.push(" IS NULL AND "),
                false => to.push(" = ").push_bind(value.clone()).push(" AND "),
            };
        }
        let (key, value) = (keys[n], &values[n]);
        match (key.descending, is_null(value)) {
            // NULLs come first when ascending and last when descending.
            (false, true) => {
                key.push(to);
                to.push(" IS NOT NULL");
            }
            (true, true) => {
                to.push("FALSE");
            }
            (false, false) => {
                key.push(to);
                to.push(" > ").push_bind(value.clone());
            }
            (true, false) => {
                to.push("(");
                key.push(to);
                to.push(" < ").push_bind(value.clone());
                if key.is_nullable() {
                    to.push(" OR ");
                    key.push(to);
                    to.push(" IS NULL");
                }
                to.push(")");
            }
        }
        to.push(")");
    }
    to.push("))");
}

pub(super) const fn is_null(value: &Value) -> bool {
    matches!(value, Value::Text(None) | Value::Int(None) | Value::Bool(None) | Value::Bytes(None))
}

impl Key {
    /// The value of this key, which the position query has read as text.
    fn value(self, text: Option<String>) -> Value {
        match self.by {
            By::Random { .. } => Value::Int(text.and_then(|text| text.parse().ok())),
            By::Column { kind, .. } => match kind {
                Kind::Text | Kind::Folded | Kind::List => Value::Text(text),
                Kind::Date | Kind::Sequence => Value::Int(text.and_then(|text| text.parse().ok())),
                // SQLite says 1, PostgreSQL says true.
                Kind::Bool => Value::Bool(text.map(|text| text == "1" || text == "true")),
            },
        }
    }
}

/// A row of texts, however many.
pub(super) struct Texts(Vec<Option<String>>);

impl Record for Texts {
    fn read(row: &mut Row<'_>) -> Result<Self> {
        (0..row.left()).map(|_| row.take()).collect::<Result<_>>().map(Self)
    }
}

/// A row, and behind its columns the texts of its keys.
pub(super) struct Placed<T>(pub(super) T, pub(super) Texts);

impl<T: Record> Record for Placed<T> {
    fn read(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self(T::read(row)?, Texts::read(row)?))
    }
}
