//! TLS: the certificate that the server shows. It is read from files at the start, and again whenever the operator says so.

mod certificate;
mod pinned;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context as _, bail};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, ServerConfig, sign};

pub use self::certificate::Certificate;
pub use self::pinned::pinned;
use crate::clock::Millis;
use crate::config::TlsFiles;

/// The only protocol that is spoken.
const HTTP: &[u8] = b"http/1.1";

/// The certificate in force, and where a newer one will be.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    current: RwLock<Current>,
}

#[derive(Debug, Clone)]
struct Current {
    config: Arc<ServerConfig>,
    certificate: Arc<Certificate>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// What is wrong with them; the variable is named, and nothing of the key is shown.
    pub fn open(files: &TlsFiles) -> anyhow::Result<Self> {
        Ok(Self { files: files.clone(), current: RwLock::new(read(files)?) })
    }

    /// Reads the files anew. What was in force stays so when they are of no use; connections that are open keep what they
    /// have.
    ///
    /// # Errors
    /// As [`Tls::open`].
    pub fn renew(&self) -> anyhow::Result<()> {
        let new = read(&self.files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Takes connections.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current().config)
    }

    /// The certificate in force.
    #[must_use]
    pub fn certificate(&self) -> Arc<Certificate> {
        self.current().certificate
    }

    /// Tells the log which certificate is in force, and warns of one that clients will not take at the moment.
    pub fn tell(&self, now: Millis) {
        let Certificate { subject, begins, expires, .. } = &*self.certificate();
        if *expires <= now {
            tracing::warn!(subject, %expires, "the certificate has expired; clients will refuse it");
        } else if *begins > now {
            tracing::warn!(subject, %begins, "the certificate is not valid yet; clients will refuse it");
        } else {
            tracing::info!(subject, %expires, "the certificate is in force");
        }
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What computes. It is named wherever it is needed, since there is no other that could be meant.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn read(files: &TlsFiles) -> anyhow::Result<Current> {
    let TlsFiles { certificate: place, key: key_place } = files;
    let of_certificate = |what: &str| format!("USHER_TLS_CERT names {}, {what}", place.display());
    let of_key = |what: &str| format!("USHER_TLS_KEY names {}, {what}", key_place.display());
    let chain = chain(place).with_context(|| of_certificate("which cannot be used"))?;
    let key = PrivateKeyDer::from_pem_file(key_place).map_err(|error| match error {
        pem::Error::NoItemsFound => anyhow::anyhow!("it has no private key in PEM that is not encrypted"),
        error => said(error),
    });
    let key = key.with_context(|| of_key("which cannot be used"))?;
    let provider = provider();
    let key = provider.key_provider.load_private_key(key);
    let key = key.map_err(|_| anyhow::anyhow!(of_key("whose key is damaged or of a kind that is not known here")))?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) => {}
        Err(Error::InconsistentKeys(_)) => {
            bail!(of_key(&format!(
                "whose key does not belong to the certificate in {} (USHER_TLS_CERT)",
                place.display()
            )))
        }
        Err(error) => return Err(error).with_context(|| of_certificate("whose first certificate cannot be used")),
    }
    let certificate =
        Certificate::of(&certified).with_context(|| of_certificate("whose first certificate is damaged"))?;
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = config.with_no_client_auth().with_cert_resolver(Arc::new(sign::SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![HTTP.to_vec()];
    // Clients keep what they need to go on with, so that nothing is remembered here for each of them.
    config.ticketer = ring::Ticketer::new()?;
    Ok(Current { config: Arc::new(config), certificate: Arc::new(certificate) })
}

/// The certificates of a file: the server's own, and those that lead to one that clients know.
fn chain(place: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(place).and_then(Iterator::collect);
    let chain = chain.map_err(said)?;
    if chain.is_empty() {
        bail!("it has no certificate in PEM");
    }
    Ok(chain)
}

/// Why a file in PEM cannot be read. Of the text nothing is shown, since it may be a key.
fn said(error: pem::Error) -> anyhow::Error {
    match error {
        pem::Error::Io(error) => error.into(),
        _ => anyhow::anyhow!("it is no PEM"),
    }
}
