//! Takes a user agent apart once, so that the tables compare whole words and never search the text.
//!
//! An agent is a row of products (`Name/1.2`) and comments in brackets whose items are parted by `;`.
//! Both views are kept: the words, in and out of comments, and the items of the comments.

use super::Text;

/// Words and items beyond these are ignored, which bounds the work per table row. A real agent has
/// about 15 words and 5 items.
const MAX_WORDS: usize = 96;
const MAX_ITEMS: usize = 32;
/// Longest version that is passed on.
const MAX_VERSION: usize = 32;

/// One product or plain word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    /// What is left of the `/`.
    pub name: &'a str,
    /// What is right of it, `""` when there is none.
    pub version: &'a str,
    /// Only a blank lies between this word and the one before it.
    pub joined: bool,
}

/// A user agent in parts.
#[derive(Debug)]
pub(super) struct Agent<'a> {
    /// All words in order.
    pub words: Vec<Word<'a>>,
    /// The items of all comments in order, without outer blanks.
    pub items: Vec<&'a str>,
}

impl<'a> Agent<'a> {
    /// Splits `text`. The caller bounds its length.
    pub(super) fn read(text: &'a str) -> Agent<'a> {
        let mut agent = Agent { words: Vec::with_capacity(24), items: Vec::with_capacity(8) };
        let mut depth = 0_usize;
        let mut joined = false;
        // A nested bracket (`moto g(60)`) stays inside its item; only words are split at it.
        let (mut word, mut item) = (0, 0);
        for (at, byte) in text.bytes().enumerate() {
            if !matches!(byte, b' ' | b'\t' | b'(' | b')' | b'[' | b']' | b';' | b',') {
                continue;
            }
            if agent.push_word(&text[word..at], joined) {
                joined = true;
            }
            word = at + 1;
            match byte {
                b'(' => {
                    depth += 1;
                    if depth == 1 {
                        item = at + 1;
                    }
                }
                b')' => {
                    if depth == 1 {
                        agent.push_item(&text[item..at]);
                    }
                    depth = depth.saturating_sub(1);
                }
                b';' if depth > 0 => {
                    agent.push_item(&text[item..at]);
                    item = at + 1;
                }
                _ => {}
            }
            if !matches!(byte, b' ' | b'\t') {
                joined = false;
            }
        }
        agent.push_word(&text[word..], joined);
        if depth > 0 {
            agent.push_item(&text[item..]);
        }
        agent
    }

    /// Adds `text` as one word, or as several when a version is itself a name (`XiaoMi/MiuiBrowser/14.1`).
    fn push_word(&mut self, text: &'a str, joined: bool) -> bool {
        if text.is_empty() {
            return false;
        }
        let mut rest = text;
        loop {
            let (name, version) = rest.split_once('/').unwrap_or((rest, ""));
            if self.words.len() == MAX_WORDS {
                return true;
            }
            let joined = joined && rest.len() == text.len();
            self.words.push(Word { name, version, joined });
            if !version.starts_with(|c: char| c.is_ascii_alphabetic()) || !version.contains('/') {
                return true;
            }
            rest = version;
        }
    }

    fn push_item(&mut self, text: &'a str) {
        let text = text.trim();
        if !text.is_empty() && self.items.len() < MAX_ITEMS {
            self.items.push(text);
        }
    }

    /// The first word with this name, in any case.
    pub(super) fn word(&self, name: &str) -> Option<Word<'a>> {
        self.words.iter().copied().find(|word| word.name.eq_ignore_ascii_case(name))
    }

    /// Is there a word with this name?
    pub(super) fn has(&self, name: &str) -> bool {
        self.word(name).is_some()
    }

    /// The version of the product `name`, when it starts with a digit.
    pub(super) fn product(&self, name: &str) -> Option<&'a str> {
        let named = |word: &&Word<'_>| word.name.eq_ignore_ascii_case(name);
        let versions = self.words.iter().filter(named).map(|word| number(word.version));
        versions.into_iter().find(|version| !version.is_empty())
    }

    /// The number that follows `name`, after a `/` or a single blank: `Android 13`, `Tizen/6.0`.
    /// `""` when the word is there without one, `None` when the word is not there at all.
    pub(super) fn number_after(&self, name: &str) -> Option<&'a str> {
        let mut answer = None;
        for (at, word) in self.words.iter().enumerate() {
            if !word.name.eq_ignore_ascii_case(name) {
                continue;
            }
            let own = number(word.version);
            if !own.is_empty() {
                return Some(own);
            }
            answer.get_or_insert("");
            if let Some(next) = self.words.get(at + 1).filter(|next| next.joined) {
                let next = number(next.name);
                if !next.is_empty() {
                    return Some(next);
                }
            }
        }
        answer
    }

    /// Do these two words stand side by side, as in `Windows Phone`?
    pub(super) fn has_pair(&self, first: &str, second: &str) -> bool {
        self.words.windows(2).any(|pair| {
            pair[1].joined && pair[0].name.eq_ignore_ascii_case(first) && pair[1].name.eq_ignore_ascii_case(second)
        })
    }
}

/// The leading digits, dots and underscores of `text` (after one `v`), cut to a sane length.
pub(super) fn number(text: &str) -> &str {
    let text = text.strip_prefix('v').unwrap_or(text);
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    let end = text.bytes().position(|b| !matches!(b, b'0'..=b'9' | b'.' | b'_'));
    let end = end.unwrap_or(text.len()).min(MAX_VERSION);
    text[..end].trim_end_matches(['.', '_'])
}

/// A version in its wire form with all its parts.
pub(super) fn all_parts(number: &str) -> Text {
    match number {
        "" => Text::Borrowed(""),
        _ => Text::Owned(number.replace('_', ".")),
    }
}

/// A version in its wire form, cut to two parts: `10_15_7` becomes `10.15`.
pub(super) fn two_parts(number: &str) -> Text {
    let cut = number.match_indices(['.', '_']).nth(1).map_or(number.len(), |(at, _)| at);
    all_parts(&number[..cut])
}

/// `starts_with` that takes no notice of ASCII case and cannot split a character.
pub(super) fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
