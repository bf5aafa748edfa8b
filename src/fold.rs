//! Text folding: the form in which names and e-mail addresses are compared, ordered and searched.
//!
//! The folded form is computed here and stored beside the value, so SQLite and PostgreSQL agree on it and neither
//! needs a collation of its own.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Folds a text: lower case, accents removed, composed form (NFC).
///
/// `Åsa`, `ÅSA` and `asa` fold to the same text. Each character is folded by itself, whatever stands around it, so
/// that the folded form of a beginning is a beginning of the folded form (the Greek final sigma becomes an ordinary
/// one for that reason). Folding twice changes nothing.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd().filter(|&c| !is_accent(c)).flat_map(char::to_lowercase).map(plain_sigma).nfc().collect()
}

/// Whether a combining mark is an accent or an optional point rather than a part of a letter.
///
/// Decided by canonical combining class: overlays (1), Hebrew, Arabic and Syriac points (10 to 36) and everything
/// attached above or below (from 200 on) go. The rest stays, because there a mark makes another letter: the vowel
/// signs of Indic scripts, Thai, Lao and Tibetan, nukta, virama, and the voicing marks of Japanese.
fn is_accent(c: char) -> bool {
    matches!(canonical_combining_class(c), 1 | 10..=36 | 200..)
}

fn plain_sigma(c: char) -> char {
    if c == 'ς' { 'σ' } else { c }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fold;

    #[test]
    fn folds_case_and_accents() {
        for (text, folded) in [
            ("", ""),
            ("Anna.Lee@Example.ORG", "anna.lee@example.org"),
            ("Åsa", "asa"),
            ("A\u{30a}sa", "asa"),
            ("ZOË", "zoe"),
            ("İstanbul", "istanbul"),
            ("Nguyễn Thị Ánh", "nguyen thi anh"),
            ("Łódź", "łodz"),
            ("ΟΔΟΣ", "οδοσ"),
            ("οδός", "οδοσ"),
            ("Straße", "straße"),
            ("ЁЛКА", "елка"),
            ("한국어", "한국어"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn keeps_marks_that_make_another_letter() {
        for (one, other) in [("राम", "रम"), ("ที่", "ทา"), ("が", "か")] {
            assert_ne!(fold(one), fold(other), "{one} and {other}");
        }
        assert_eq!(fold("が"), "が", "composed form comes back composed");
    }

    #[test]
    fn is_idempotent_for_every_character() {
        for c in '\0'..=char::MAX {
            let once = fold(c.encode_utf8(&mut [0; 4]));
            assert_eq!(fold(&once), once, "U+{:04X}", u32::from(c));
        }
    }

    proptest! {
        #[test]
        fn is_idempotent(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn folds_a_beginning_to_a_beginning(start in "[a-zA-ZåÅéΣςσß ]{0,8}", rest in "[a-zA-ZåÅéΣςσß ]{0,8}") {
            let whole = fold(&[start.as_str(), &rest].concat());
            prop_assert!(whole.starts_with(&fold(&start)));
        }
    }
}
