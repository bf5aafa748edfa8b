//! Pages that are too long for one batch.
