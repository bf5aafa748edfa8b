//! The Users service.

mod attributes;
mod create;
mod crud;
mod identities;
mod import;
mod limits;
pub mod list;
mod logs;
mod memberships;
mod password;
mod queries;
mod search;
mod sessions;
mod stream;
mod targets;
