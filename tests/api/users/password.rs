//! `PATCH /v1/users/{userId}/password` and the rules for passwords.
