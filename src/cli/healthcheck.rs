//! `usher healthcheck`: for containers without a shell.

use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::reachable;
use crate::config::{Config, Listen};
use crate::tls::pinned;

/// How long the server may take.
const LIMIT: Duration = Duration::from_secs(4);

/// Asks `/readyz` of the server that listens where this configuration says.
pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let address = reachable(&config.listen);
    let by = config.tls.as_ref().map(pinned).transpose()?;
    tokio::time::timeout(LIMIT, ask(&address, by.as_ref()))
        .await
        .with_context(|| format!("{address} did not answer in time"))?
}

async fn ask(address: &Listen, by: Option<&TlsConnector>) -> anyhow::Result<()> {
    let nobody = || format!("nothing answers on {address}");
    let answer = match address {
        Listen::Tcp(to) => talk(TcpStream::connect(to).await.with_context(nobody)?, &to.to_string(), by).await,
        Listen::Unix(path) => talk(UnixStream::connect(path).await.with_context(nobody)?, "localhost", by).await,
    };
    let answer = answer.with_context(|| format!("{address} does not answer as it should"))?;
    match answer.lines().next() {
        Some(line) if line.starts_with("HTTP/1.1 200 ") => Ok(()),
        line => bail!("{address} is not ready: {}", line.unwrap_or("an empty answer")),
    }
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    host: &str,
    by: Option<&TlsConnector>,
) -> std::io::Result<String> {
    match by {
        None => exchange(stream, host).await,
        // The name does not matter, as the certificate itself is known.
        Some(connector) => {
            let name = ServerName::try_from("localhost").map_err(std::io::Error::other)?;
            exchange(connector.connect(name, stream).await?, host).await
        }
    }
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, host: &str) -> std::io::Result<String> {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer).await?;
    Ok(answer)
}
