//! From the bytes of a request to parameters.

mod arrays;
mod bodies;
pub mod types;
