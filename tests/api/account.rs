//! The Account service.

mod contact;
pub mod credentials;
mod jwt;
mod logs;
mod password;
mod profile;
mod sessions;
mod sign_in;
mod sign_up;
mod tokens;
