//! Changing what is known of a user.
