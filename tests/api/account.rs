//! The Account service.

mod contact;
pub mod credentials;
mod impersonation;
mod jwt;
mod logs;
mod parameters;
mod password;
pub mod people;
mod profile;
mod sessions;
mod sign_in;
mod sign_up;
mod tokens;
