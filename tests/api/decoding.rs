//! How parameters are decoded over HTTP: JSON, forms, query strings, null, sizes.
