//! Rules about passwords that are not about hashing: earlier ones may not come back, and personal data may not be in
//! them.

use serde::{Deserialize, Serialize};

use crate::hashing::Stored;
use crate::store::users::User;

/// The password that a user can sign in with: none when none was ever set, when it was taken away, or when what is
/// stored beside the hash cannot be read.
#[must_use]
pub fn stored(user: &User) -> Option<Stored> {
    let text = user.password.clone().filter(|text| !text.is_empty() && user.password_update.is_some())?;
    Stored::from_columns(text, &user.hash, &user.hash_options)
}

/// Earlier passwords of a user, newest last. Each keeps its own algorithm and options, so that it still matches when
/// the user's present password is of another kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    text: String,
    hash: String,
    options: String,
}

impl History {
    /// Reads the stored form.
    #[must_use]
    pub fn from_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The stored form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "[]".into())
    }

    /// Adds a password and keeps the last `length`. With a length of 0 the history is switched off, and what it holds
    /// stays untouched.
    pub fn push(&mut self, stored: &Stored, length: u8) {
        if length == 0 {
            return;
        }
        let hash = stored.algorithm().as_str().to_owned();
        self.0.push(Entry { text: stored.text.clone(), hash, options: stored.options_to_json() });
        let surplus = self.0.len().saturating_sub(usize::from(length));
        self.0.drain(..surplus);
    }

    /// The last `length` passwords, newest first.
    #[must_use]
    pub fn last(self, length: u8) -> Vec<Stored> {
        let entries = self.0.into_iter().rev().take(usize::from(length));
        entries.filter_map(|entry| Stored::from_columns(entry.text, &entry.hash, &entry.options)).collect()
    }
}

/// Whether a password contains the user's id, email, the part of it before `@`, name, or phone number with or without
/// `+`, whatever the case of ASCII letters.
#[must_use]
pub fn personal_data(password: &str, id: &str, email: Option<&str>, name: &str, phone: Option<&str>) -> bool {
    let password = password.to_ascii_lowercase();
    let (email, phone) = (email.unwrap_or_default(), phone.unwrap_or_default());
    let local = email.split('@').next().unwrap_or_default();
    [id, email, local, name, phone, phone.trim_start_matches('+')]
        .into_iter()
        .any(|data| !data.is_empty() && password.contains(&data.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashing::Options;

    fn stored(text: &str) -> Stored {
        Stored { text: text.into(), options: Options::Md5 }
    }

    #[test]
    fn a_history_keeps_the_last_ones() {
        let mut history = History::default();
        for text in ["a", "b", "c", "d"] {
            history.push(&stored(text), 3);
        }
        let history = History::from_json(&history.to_json());
        assert_eq!(history.clone().last(3), [stored("d"), stored("c"), stored("b")]);
        assert_eq!(history.clone().last(1), [stored("d")]);
        let mut off = history.clone();
        off.push(&stored("e"), 0);
        assert_eq!(off, history);
        assert_eq!(History::from_json("nonsense"), History::default());
    }

    #[test]
    fn personal_data_is_found_whatever_its_case() {
        let found =
            |password| personal_data(password, "u1-id", Some("anna.lee@example.org"), "Åsa Lee", Some("+14155550100"));
        for password in ["xU1-IDx", "ANNA.LEE@EXAMPLE.ORG", "my anna.lee!", "Åsa LEE 7", "14155550100", "a+14155550100"]
        {
            assert!(found(password), "{password}");
        }
        for password in ["correct horse", "example.org", "Lee Åsa", "4155550100"] {
            assert!(!found(password), "{password}");
        }
        assert!(!personal_data("anything", "", None, "", None));
    }
}
