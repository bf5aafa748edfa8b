//! The Account service.

mod sign_in;
