//! Hot statements use their indexes.
