//! Who may call: projects, keys, scopes, expiry, revocation, origins.
