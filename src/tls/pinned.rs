//! A client that talks to the server of this machine: it knows the one certificate that it wants to see.

use std::sync::Arc;

use anyhow::Context as _;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::{HTTP, chain, provider};
use crate::config::TlsFiles;

/// Connects to a server that has the configured certificate, whatever names are in it, whoever made it, and also when it has
/// expired; and to no other.
///
/// # Errors
/// When there is none.
pub fn pinned(files: &TlsFiles) -> anyhow::Result<TlsConnector> {
    let place = &files.certificate;
    let chain =
        chain(place).with_context(|| format!("USHER_TLS_CERT names {}, which cannot be used", place.display()))?;
    let known = chain.into_iter().next().context("a chain has a first certificate")?;
    let provider = provider();
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let only = Arc::new(Only { known, provider });
    let mut config = config.dangerous().with_custom_certificate_verifier(only).with_no_client_auth();
    config.alpn_protocols = vec![HTTP.to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Takes one certificate, of whose key the server has to show that it has it.
#[derive(Debug)]
struct Only {
    known: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *shown == self.known {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, shown, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, shown, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
