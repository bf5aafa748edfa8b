//! Certificates that are made for a test, and a client that knows one of them, as a browser knows those who make others.

use std::io::BufReader;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, Error, RootCertStore, ServerConfig, StreamOwned, SupportedProtocolVersion, version,
};

/// The name in every certificate, which is not that of this machine.
pub const NAME: &str = "usher.example.org";

/// The seconds at which a certificate expires that nothing is wrong with.
pub const EXPIRES: u64 = 4_070_908_800;

/// A certificate and its key.
pub struct Made {
    pub certificate: String,
    pub key: String,
    der: CertificateDer<'static>,
}

impl Made {
    /// One that is valid for long.
    pub fn valid() -> Self {
        Self::between(2020, 2099)
    }

    /// One that is valid from the beginning of a year to that of another.
    pub fn between(from: i32, to: i32) -> Self {
        let mut wanted = CertificateParams::new([NAME.to_owned()]).unwrap();
        wanted.distinguished_name = rcgen::DistinguishedName::new();
        wanted.distinguished_name.push(DnType::CommonName, NAME);
        (wanted.not_before, wanted.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        Self::of(wanted)
    }

    /// One for another name.
    pub fn named(name: &str) -> Self {
        let mut wanted = CertificateParams::new([name.to_owned()]).unwrap();
        (wanted.not_before, wanted.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2099, 1, 1));
        Self::of(wanted)
    }

    /// A server that shows it.
    pub fn server(&self) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        Arc::new(config.with_single_cert(vec![self.der.clone()], key).unwrap())
    }

    /// One without a subject, as many are today.
    pub fn nameless() -> Self {
        let mut wanted = CertificateParams::new([NAME.to_owned(), "other.example.org".to_owned()]).unwrap();
        wanted.distinguished_name = rcgen::DistinguishedName::new();
        (wanted.not_before, wanted.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2099, 1, 1));
        Self::of(wanted)
    }

    fn of(wanted: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let made = wanted.self_signed(&key).unwrap();
        Self { certificate: made.pem(), key: key.serialize_pem(), der: made.der().clone() }
    }

    /// Writes both into a folder, each into a file of its own.
    pub fn write(&self, folder: &Path) -> [PathBuf; 2] {
        let files = [folder.join("cert.pem"), folder.join("key.pem")];
        std::fs::write(&files[0], &self.certificate).unwrap();
        std::fs::write(&files[1], &self.key).unwrap();
        files
    }

    /// A client that trusts it and speaks these versions and protocols.
    pub fn client(&self, versions: &[&'static SupportedProtocolVersion], protocols: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_protocol_versions(versions).unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// A connection of such a client.
    pub fn connect(&self, address: SocketAddr) -> Result<Tls, Error> {
        shake_hands(
            &self.client(&[&version::TLS13, &version::TLS12], &["http/1.1"]),
            crate::wire::socket::connect(address),
        )
    }
}

/// A connection with TLS.
pub type Tls = BufReader<StreamOwned<ClientConnection, TcpStream>>;

/// Begins TLS on a connection.
pub fn shake_hands(config: &Arc<ClientConfig>, plain: BufReader<TcpStream>) -> Result<Tls, Error> {
    let mut stream = plain.into_inner();
    let name = ServerName::try_from(NAME).unwrap();
    let mut session = ClientConnection::new(Arc::clone(config), name)?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    while session.is_handshaking() {
        session.complete_io(&mut stream).map_err(|error| {
            let text = error.to_string();
            error.downcast::<Error>().unwrap_or(Error::General(text))
        })?;
    }
    Ok(BufReader::new(StreamOwned::new(session, stream)))
}

/// Files of a certificate that all tests in this process may use.
pub fn shared() -> (&'static Made, [&'static str; 2]) {
    use std::sync::LazyLock;
    static SHARED: LazyLock<(Made, [String; 2])> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tls");
        std::fs::create_dir_all(&folder).unwrap();
        let made = Made::valid();
        let files = made.write(&folder).map(|file| file.to_str().unwrap().to_owned());
        (made, files)
    });
    let (made, [certificate, key]) = &*SHARED;
    (made, [certificate, key])
}
