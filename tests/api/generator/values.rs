//! Values of parameters: usual ones, odd ones that are allowed, broken ones, and whatever else may come.

use serde_json::{Value, json};

use crate::crash::Dice;

/// What a parameter is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    NewId,
    /// Of something that need not be there.
    Id,
    Email,
    Phone,
    Password,
    /// The password that the user has.
    OwnPassword,
    Name,
    Truth,
    Labels,
    Prefs,
    Queries,
    Search,
    /// A whole number in these bounds.
    Whole(i64, i64),
    /// A whole number that is right together with others.
    Number(i64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A hash of this kind that can match.
    Hash(&'static str),
    /// Any text of at least one character.
    Text,
    /// Exactly this.
    Just(&'static str),
}

/// The password of every user that is made for this.
pub const PASSWORD: &str = "correct horse";

impl Kind {
    /// A value that is right; `n` makes it new where it has to be.
    pub fn usual(self, n: usize) -> Value {
        match self {
            Self::NewId => json!(format!("new{n}")),
            Self::Id => json!("ghost"),
            Self::Email => json!(format!("new{n}@example.org")),
            Self::Phone => json!(format!("+49{:09}", 300_000_000 + n)),
            Self::Password | Self::OwnPassword => json!(PASSWORD),
            Self::Name => json!("Ada Löwe"),
            Self::Truth => json!(n.is_multiple_of(2)),
            Self::Labels => json!(["vip", "beta2"]),
            Self::Prefs => json!({ "theme": "dark", "n": n, "deep": { "list": [1, null, "é"] } }),
            Self::Queries => json!([r#"{"method":"limit","values":[3]}"#]),
            Self::Search => json!("ada"),
            Self::Whole(min, max) => json!(min.midpoint(max)),
            Self::Number(number) => json!(number),
            Self::Word(words) => json!(words[n % words.len()]),
            Self::Hash(text) | Self::Just(text) => json!(text),
            Self::Text => json!("text"),
        }
    }

    /// Values that are allowed, at their limits.
    pub fn odd(self, n: usize) -> Vec<Value> {
        match self {
            Self::NewId => vec![json!("unique()"), json!(format!("{n:a>36}")), json!(format!("A.b-c_{n}"))],
            Self::Email => vec![json!(format!("a.{n}+tag@sub.example.co.uk"))],
            Self::Name => vec![json!("x".repeat(128)), json!("é".repeat(128)), json!("<b>&'\"\\ \u{1F600}")],
            Self::Truth => vec![json!("true"), json!("0"), json!(1)],
            Self::Labels => vec![json!([]), json!(["a".repeat(36)]), json!(["twice", "twice"])],
            Self::Prefs => vec![json!({}), json!({ "": "" }), json!({ "text": "x".repeat(65_000) })],
            Self::Queries => vec![json!([]), json!(["limit(1)", "offset(0)"])],
            Self::Search => vec![json!("x".repeat(256)), json!("%_'\"")],
            Self::Whole(min, max) => vec![json!(min), json!(max)],
            Self::Password => vec![json!("12345678"), json!("é".repeat(128))],
            _ => Vec::new(),
        }
    }

    /// Values that must be refused with 400 and the name of the parameter.
    pub fn broken(self) -> Vec<Value> {
        let mut broken = match self {
            Self::Prefs => vec![json!("text"), json!(["a"]), json!({ "text": "x".repeat(65_536) })],
            Self::Labels => vec![json!("vip"), json!(["not ok"]), json!(["a".repeat(37)]), json!([["a"]])],
            Self::Queries => vec![json!(["nonsense("]), json!([7]), json!(["{}"])],
            Self::Truth => vec![json!("maybe"), json!(2), json!({}), json!([])],
            Self::Whole(min, max) => vec![json!(min - 1), json!(max + 1), json!(0.5), json!("1e9999"), json!({})],
            Self::Number(_) => vec![json!(-1), json!(0.5), json!("many"), json!({}), json!([])],
            Self::NewId => vec![json!(""), json!("_a"), json!("a b"), json!("é"), json!("a".repeat(37)), json!({})],
            Self::Id => vec![json!("_a"), json!("a b"), json!("a".repeat(37)), json!({}), json!([])],
            Self::Email => vec![json!("nobody"), json!("a@b@c"), json!("@example.org"), json!("a@"), json!({})],
            Self::Phone => vec![json!("030123456"), json!("+"), json!("+49a"), json!("+1234567890123456"), json!([])],
            Self::Name => vec![json!("x".repeat(129)), json!({}), json!([])],
            Self::Password => vec![json!("short"), json!("x".repeat(257)), json!({}), json!([])],
            Self::Search => vec![json!("x".repeat(257)), json!({})],
            Self::Word(_) => vec![json!("nonsense"), json!({}), json!([])],
            Self::OwnPassword | Self::Hash(_) | Self::Text | Self::Just(_) => vec![json!({}), json!([])],
        };
        if !matches!(self, Self::Prefs | Self::Labels | Self::Queries | Self::Truth | Self::Whole(..) | Self::Number(_))
        {
            broken.push(json!("a\0b"));
        }
        broken
    }
}

/// Anything at all.
pub fn junk(dice: &mut Dice) -> Value {
    let number = dice.below(1 << 31);
    match dice.below(24) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(number),
        3 => json!(-1),
        4 => json!(1e308),
        5 => serde_json::from_str("123456789012345678901234567890.5e-7").expect("a number"),
        6 => json!(""),
        7 => json!(" "),
        8 => json!("\0"),
        9 => json!("\u{FEFF}\u{202E}\u{10FFFF}"),
        10 => json!("' OR 1=1 --"),
        11 => json!("x".repeat(70_000)),
        12 => json!([]),
        13 => json!({}),
        14 => json!([null, [[]], {}]),
        15 => json!({ "$id": "x", "method": "equal" }),
        16 => json!((0..1001).collect::<Vec<_>>()),
        17 => nested(300),
        18 => json!("unique()"),
        19 => json!("%00%2e%2e/"),
        20 => json!("../../etc/passwd"),
        21 => json!(i64::MIN),
        22 => json!(u64::MAX),
        _ => json!(format!("{number:x}")),
    }
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, _| json!([inner]))
}
