//! The Users service.

mod attributes;
mod create;
pub mod crud;
mod email;
mod identities;
pub mod import;
mod limits;
pub mod list;
mod logs;
mod memberships;
pub mod mfa;
pub mod passkeys;
pub mod password;
mod queries;
mod search;
mod sessions;
mod stream;
mod targets;
mod usage;
