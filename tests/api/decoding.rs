//! From the bytes of a request to parameters.

mod account;
mod arrays;
mod bodies;
pub mod types;
