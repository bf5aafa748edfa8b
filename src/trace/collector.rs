//! The collector: spans as protobuf, by HTTP/1.1 on one connection.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::http::{HeaderMap, HeaderValue, Request};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use prost::Message as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::config::{Endpoint, Otlp, otlp_headers};
use crate::tls::provider;

/// Bytes of an answer that are read.
const ANSWER_MAX: usize = 64 << 10;

/// Who takes spans.
pub(super) struct Collector {
    endpoint: Endpoint,
    headers: HeaderMap,
    resource: ResourceAttributesWithSchema,
    tls: Option<TlsConnector>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Collector {
    /// Nobody is asked yet.
    ///
    /// # Errors
    /// When it is to be asked by TLS, and this machine knows no certificates by which to tell who it is.
    pub(super) fn new(otlp: &Otlp, resource: &Resource) -> anyhow::Result<Self> {
        let endpoint = otlp.endpoint.clone();
        let mut headers = otlp_headers(&otlp.headers.0)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("usher/", env!("CARGO_PKG_VERSION"))));
        headers.insert(HOST, HeaderValue::from_str(&endpoint.authority)?);
        let tls = if endpoint.encrypted { Some(connector()?) } else { None };
        Ok(Self { endpoint, headers, resource: resource.into(), tls, connection: None })
    }

    /// Has it take spans; how many of them it refused.
    ///
    /// # Errors
    /// Why it took none.
    pub(super) async fn take(&mut self, spans: Vec<SpanData>) -> anyhow::Result<u64> {
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        let body = Bytes::from(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
        let mut request = Request::post(&self.endpoint.path).body(Full::new(body))?;
        *request.headers_mut() = self.headers.clone();
        let mut connection = match self.connection.take().filter(SendRequest::is_ready) {
            Some(connection) => connection,
            // There is none yet, or the collector has closed it.
            None => self.connect().await?,
        };
        let answer = connection.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("its answer cannot be read: {error}"))?.to_bytes();
        if !status.is_success() {
            bail!("it answers {status}");
        }
        self.connection = Some(connection);
        let answer = ExportTraceServiceResponse::decode(body).unwrap_or_default();
        Ok(answer.partial_success.map_or(0, |part| u64::try_from(part.rejected_spans).unwrap_or(0)))
    }

    async fn connect(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let Endpoint { host, port, .. } = &self.endpoint;
        let stream = TcpStream::connect((host.as_str(), *port)).await?;
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => talk(stream).await,
            Some(tls) => talk(tls.connect(ServerName::try_from(host.clone())?, stream).await?).await,
        }
    }
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; what goes wrong on it is told to who sends.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// Connects to whoever shows a certificate that this machine trusts.
fn connector() -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        bail!(
            "OTEL_EXPORTER_OTLP_ENDPOINT begins with https, and this machine has no certificates to trust (SSL_CERT_FILE)"
        );
    }
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let config = config.context("TLS cannot be set up")?.with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
