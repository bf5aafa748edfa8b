//! What a certificate says of itself.

use std::fmt;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_cert::Certificate as Parsed;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::clock::Millis;

/// The server's own certificate.
#[derive(Debug)]
pub struct Certificate {
    /// Whose it is: the subject, or where that is empty, as it is more and more, the names of hosts.
    pub subject: String,
    /// Since when it is valid.
    pub begins: Millis,
    /// Until when.
    pub expires: Millis,
    /// What curl's `--pinnedpubkey` takes: the SHA-256 of its public key.
    pub pin: String,
}

impl Certificate {
    pub(super) fn of(certified: &CertifiedKey) -> anyhow::Result<Self> {
        let parsed = Parsed::from_der(certified.end_entity_cert()?)?;
        let parsed = parsed.tbs_certificate();
        let key = certified.key.public_key().context("its key has no public half")?;
        let at = |since: Duration| Millis(0).plus(since);
        Ok(Self {
            subject: match parsed.subject().to_string() {
                empty if empty.is_empty() => names(&parsed.get_extension()?.map(|(_, names)| names)),
                subject => subject,
            },
            begins: at(parsed.validity().not_before.to_unix_duration()),
            expires: at(parsed.validity().not_after.to_unix_duration()),
            pin: format!("sha256//{}", BASE64_STANDARD.encode(Sha256::digest(&key))),
        })
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, begins, expires, .. } = self;
        write!(f, "{}, valid from {begins} to {expires}", subject.escape_debug())
    }
}

fn names(names: &Option<SubjectAltName>) -> String {
    let all = names.iter().flat_map(|names| &names.0).filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.as_str()),
        _ => None,
    });
    all.collect::<Vec<_>>().join(", ")
}
