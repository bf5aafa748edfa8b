//! The seven import endpoints.
