//! The one entrance for writes: shared commits, failures, panics, cancelled callers, races.
