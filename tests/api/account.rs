//! The Account service.

pub mod credentials;
mod jwt;
mod sessions;
mod sign_in;
mod tokens;
