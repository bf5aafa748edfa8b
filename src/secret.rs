//! Secrets: random bytes, digests of what must be recognised but not kept, and sealing of what must be read again.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

/// `N` bytes from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give: nothing that needs a secret may go on then.
#[must_use]
#[expect(clippy::expect_used, reason = "without randomness no secret may be made")]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
        }
        text
    })
}

/// What is stored of an API key or a session secret: the SHA-256 in lower-case hexadecimal. The secrets are
/// long and random, so a slow hash would add nothing.
#[must_use]
pub fn digest(secret: &str) -> String {
    hex(&sha256(secret))
}

/// The SHA-256 of a secret.
#[must_use]
pub fn sha256(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// A new API key: `standard_` and 256 hexadecimal characters, the form that newer upstream servers mint.
#[must_use]
pub fn api_key() -> String {
    format!("standard_{}", hex(&random::<128>()))
}

/// A value that never shows in logs or debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden<T>(pub T);

impl<T> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

/// Seals texts for storage with XChaCha20-Poly1305 under a key derived from `USHER_SECRET`.
#[derive(Clone)]
pub struct Seal {
    key: XChaCha20Poly1305,
    /// That of the secret that was in use before.
    previous: Option<XChaCha20Poly1305>,
}

/// What becomes of a sealed text when another secret comes into use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewed {
    /// It is sealed with the secret that is in use.
    Current,
    /// It was sealed with the one before; here it is with the one that is in use.
    Anew(Vec<u8>),
    /// Neither opens it.
    Closed,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// The nonce that stands before each sealed text, in bytes.
    const NONCE: usize = 24;

    /// The key is the SHA-256 of a fixed label and `secret`, so that other uses of the secret have other keys.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let key = Sha256::new().chain_update("usher seal v1\0").chain_update(secret).finalize();
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&key);
        Self { key: XChaCha20Poly1305::new(&bytes.into()), previous: None }
    }

    /// Opens what was sealed with the secret that was in use before, too.
    #[must_use]
    pub fn with_previous(self, secret: &str) -> Self {
        Self { previous: Some(Self::new(secret).key), ..self }
    }

    /// Nonce and ciphertext.
    #[must_use]
    #[expect(clippy::expect_used, reason = "fails only for texts of more than 256 GiB")]
    pub fn seal(&self, text: &str) -> Vec<u8> {
        let nonce = random::<{ Self::NONCE }>();
        let sealed = self.key.encrypt(&XNonce::from(nonce), text.as_bytes()).expect("a text that fits into memory");
        [&nonce[..], &sealed].concat()
    }

    /// The text again; `None` when it was sealed with another key or changed since.
    #[must_use]
    pub fn open(&self, sealed: &[u8]) -> Option<String> {
        opened(&self.key, sealed).or_else(|| opened(self.previous.as_ref()?, sealed))
    }

    /// The same text, sealed with the secret that is in use.
    #[must_use]
    pub fn renew(&self, sealed: &[u8]) -> Renewed {
        if opened(&self.key, sealed).is_some() {
            return Renewed::Current;
        }
        self.open(sealed).map_or(Renewed::Closed, |text| Renewed::Anew(self.seal(&text)))
    }
}

fn opened(key: &XChaCha20Poly1305, sealed: &[u8]) -> Option<String> {
    let (nonce, sealed) = sealed.split_first_chunk::<{ Seal::NONCE }>()?;
    String::from_utf8(key.decrypt(&XNonce::from(*nonce), sealed).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_sha_256_in_hex() {
        assert_eq!(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_new_key_has_the_published_form() {
        let key = api_key();
        assert!(key.starts_with("standard_") && key.len() == 265, "{key}");
    }

    #[test]
    fn sealed_texts_open_with_their_key_only() {
        let sealed = Seal::new("one").seal("token");
        assert_eq!(Seal::new("one").open(&sealed).as_deref(), Some("token"));
        assert_eq!(Seal::new("two").open(&sealed), None);
        assert_eq!(Seal::new("one").open(&sealed[..10]), None);
        let mut changed = sealed.clone();
        changed[30] ^= 1;
        assert_eq!(Seal::new("one").open(&changed), None);
        assert!(!sealed.windows(5).any(|w| w == b"token"));
    }

    #[test]
    fn what_the_secret_before_has_sealed_is_opened_and_sealed_anew() {
        let (before, both) = (Seal::new("one"), Seal::new("two").with_previous("one"));
        let sealed = before.seal("token");
        assert_eq!(both.open(&sealed).as_deref(), Some("token"));
        let Renewed::Anew(anew) = both.renew(&sealed) else { panic!("it is not sealed anew") };
        assert_eq!((Seal::new("two").open(&anew).as_deref(), before.open(&anew)), (Some("token"), None));
        assert_eq!((both.renew(&anew), both.renew(&both.seal("token"))), (Renewed::Current, Renewed::Current));
        assert_eq!(both.renew(&Seal::new("three").seal("token")), Renewed::Closed);
        assert_eq!((both.renew(b""), Seal::new("two").renew(&sealed)), (Renewed::Closed, Renewed::Closed));
    }

    #[test]
    fn hidden_values_do_not_print() {
        assert_eq!(format!("{:?}", Hidden("pass")), "<hidden>");
    }
}
