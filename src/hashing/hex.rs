//! Hexadecimal text as the imported digests use it: lower case only, two digits a byte.

/// Decodes lower-case hexadecimal. `None` for an odd length or any other character, capitals included,
/// so that comparing the decoded bytes decides exactly as comparing the two texts would.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}
