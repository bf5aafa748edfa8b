//! What is done with the inputs of the fuzz targets: one module for each, whose `run` panics when the server does not keep
//! a promise. The targets in `targets/` hand over what libFuzzer makes up; the tests of the server compile this file into
//! their own binary and replay what is stored (`tests/api/fuzz.rs`).

mod answer;
pub mod credentials;
mod form;
pub mod json;
pub mod jwt;
mod listing;
pub mod params;
pub mod passwords;
pub mod query;
pub mod router;
pub mod scene;
