//! The integration tests: one binary, whose modules mirror the routes.
#![allow(missing_docs, unreachable_pub, reason = "nobody uses the modules of a test binary from outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod account;
mod architecture;
mod attacks;
mod backup;
mod copy;
mod crash;
mod decoding;
mod erasure;
mod formats;
mod fuzz;
mod generator;
mod health;
mod housekeeping;
mod isolation;
mod load;
mod metrics;
mod nodes;
mod openapi;
mod pooler;
mod program;
mod request_ids;
mod store;
mod support;
mod tls;
mod traces;
mod users;
mod wire;

/// Without PostgreSQL the suite passes, but nobody should think that all of it ran.
#[test]
fn postgresql_is_there() {
    if support::notice_when_absent() {
        assert!(std::env::var_os("CI").is_none(), "in CI the tests must run on PostgreSQL too");
    }
}
