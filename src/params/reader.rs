//! Pulling parameters out of a request in their declared order.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Dictionary;
use crate::error::{Error, Kind, Result};

/// Why a value was refused, as the rest of a sentence that begins with the parameter's name: "must be …".
pub type Reason = Cow<'static, str>;

/// A type that a parameter may have.
pub trait Param: Sized {
    /// What is accepted, as JSON Schema in the dialect of OpenAPI 3.1. The first of its `examples` is accepted.
    fn schema() -> Value;

    /// Reads the value, of whatever JSON type it is.
    ///
    /// # Errors
    /// What is wrong with it, with the limit where there is one.
    fn parse(value: &Value) -> Result<Self, Reason>;
}

/// The parameters of an endpoint.
pub trait FromParams: Sized {
    /// Pulls the parameters in the order in which the API declares them.
    ///
    /// # Errors
    /// 400 `general_argument_invalid` for the first that is missing or wrong.
    fn from_params(reader: &mut Reader<'_>) -> Result<Self>;
}

/// What is known of a parameter without any request.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// Its name on the wire.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// What is accepted, as [`Param::schema`] says.
    pub schema: Value,
}

/// The parameters of an endpoint, in the order in which they are pulled.
#[must_use]
pub fn describe<T: FromParams>() -> Vec<Described> {
    let mut reader = Reader { described: Some(Vec::new()), ..Reader::new(Map::new(), None, None) };
    // Pulled out of examples, which are accepted; a test pulls those of every endpoint.
    let _ = T::from_params(&mut reader);
    reader.described.unwrap_or_default()
}

/// The parameters of one request.
#[derive(Debug)]
pub struct Reader<'a> {
    values: Map<String, Value>,
    unread: Option<String>,
    dictionary: Option<&'a Dictionary>,
    /// What was pulled so far, when the parameters are only to be described.
    described: Option<Vec<Described>>,
}

impl<'a> Reader<'a> {
    /// `unread` says why the body could not be parsed, when it could not; it is told to whoever misses a parameter.
    /// `dictionary` holds the words that may not be passwords.
    #[must_use]
    pub const fn new(values: Map<String, Value>, unread: Option<String>, dictionary: Option<&'a Dictionary>) -> Self {
        Self { values, unread, dictionary, described: None }
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// When it is missing or wrong.
    pub fn required<T: Param>(&mut self, name: &str) -> Result<T> {
        if let Some(described) = &mut self.described {
            return example(described, name, true);
        }
        match self.values.get(name) {
            Some(value) => parse(name, value),
            None => {
                let unread = self.unread.as_deref().map(|why| format!(" {why}")).unwrap_or_default();
                Err(Error::new(Kind::ArgumentInvalid, format!("Param `{name}` is not optional.{unread}")))
            }
        }
    }

    /// A parameter that may be absent; `null` is as good as absent.
    ///
    /// # Errors
    /// When it is wrong.
    pub fn optional<T: Param>(&mut self, name: &str) -> Result<Option<T>> {
        if let Some(described) = &mut self.described {
            return example(described, name, false).map(Some);
        }
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => parse(name, value).map(Some),
        }
    }

    /// Says more of the parameter that was pulled last, where parameters are described.
    pub fn remark(&mut self, remark: impl FnOnce() -> String) {
        if let Some(last) = self.described.as_mut().and_then(|described| described.last_mut()) {
            last.schema["description"] = remark().into();
        }
    }

    /// The words that may not be passwords in this project.
    #[must_use]
    pub const fn dictionary(&self) -> Option<&'a Dictionary> {
        self.dictionary
    }
}

/// The error for a value that was refused.
pub(super) fn invalid(name: &str, reason: &str) -> Error {
    Error::new(Kind::ArgumentInvalid, format!("Invalid `{name}` param: `{name}` {reason}"))
}

/// Notes a parameter down, and reads its first example in place of a value.
fn example<T: Param>(described: &mut Vec<Described>, name: &str, required: bool) -> Result<T> {
    let schema = T::schema();
    let example = parse(name, &schema["examples"][0]);
    described.push(Described { name: name.to_owned(), required, schema });
    example
}

fn parse<T: Param>(name: &str, value: &Value) -> Result<T> {
    T::parse(value).map_err(|reason| invalid(name, &reason))
}

/// The text of a value, without the character that PostgreSQL cannot store.
///
/// # Errors
/// When it is no text, or contains U+0000.
pub(super) fn text(value: &Value) -> Result<&str, Reason> {
    match value {
        Value::String(text) if text.contains('\0') => Err("must not contain the character U+0000.".into()),
        Value::String(text) => Ok(text),
        other => Err(format!("must be a text, not {}.", type_name(other)).into()),
    }
}

/// What a value is, for messages.
pub(super) const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
