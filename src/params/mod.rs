//! Parameters: how they are found in a request, and the types that hold them.
//!
//! An endpoint's parameters are a struct that implements [`FromParams`] and pulls its fields out of a [`Reader`] in
//! the order in which the API declares them; the first failure is the answer. Each type says for itself what it
//! accepts ([`Param`]).

mod contact;
mod dictionary;
mod id;
mod input;
mod json;
mod listing;
mod password;
mod reader;
mod scalar;

pub use self::contact::{Email, OrEmpty, Phone};
pub use self::dictionary::Dictionary;
pub use self::id::{CustomId, Uid, project_id};
pub use self::input::{Input, parse_body, parse_query};
pub use self::json::{Labels, Prefs};
pub use self::listing::{Queries, Search};
pub use self::password::{AnyPassword, HashText, NewPassword};
pub use self::reader::{Described, FromParams, Param, Reader, Reason, describe};
pub use self::scalar::{Flag, Integer, Text, Whole};
