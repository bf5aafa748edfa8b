//! The search index follows every write.
