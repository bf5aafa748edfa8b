//! The storage layer by itself.

mod at_once;
mod attempts;
mod check;
mod lookups;
mod plans;
mod recorded;
pub mod schema;
mod search_index;
pub mod statements;
mod targets;
mod tokens;
pub mod totals;
mod writing;
