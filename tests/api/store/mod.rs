//! The storage layer by itself.

mod plans;
mod schema;
mod search_index;
mod writing;
