//! The words that may not be passwords.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Context as _;

/// A list of words, compared exactly.
#[derive(Debug, Default)]
pub struct Dictionary(HashSet<String>);

impl Dictionary {
    /// Reads a file of one word a line.
    ///
    /// # Errors
    /// When the file cannot be read as UTF-8.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("USHER_PASSWORD_DICTIONARY names {}, which cannot be read", path.display()))?;
        // Words that are too short to be a password need no place.
        Ok(Self(text.lines().filter(|word| word.len() >= 8).map(str::to_owned).collect()))
    }

    /// Whether this is one of the words.
    #[must_use]
    pub fn contains(&self, word: &str) -> bool {
        self.0.contains(word)
    }
}
