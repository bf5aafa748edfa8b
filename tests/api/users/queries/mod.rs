//! Filters: both languages over HTTP, what each method means, and that SQL means the same on both engines.

mod forms;
mod meaning;
mod refusals;
mod trees;
