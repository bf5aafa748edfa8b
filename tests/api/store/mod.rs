//! The storage layer by itself.

mod attempts;
mod plans;
mod schema;
mod search_index;
mod targets;
mod tokens;
mod writing;
