//! The storage layer by itself.

mod attempts;
mod plans;
pub mod schema;
mod search_index;
mod targets;
mod tokens;
mod writing;
