//! Filters: both languages over HTTP, and random trees against a plain evaluation.
