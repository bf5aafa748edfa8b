//! Health, version, ping, liveness and readiness.
