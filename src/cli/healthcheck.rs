//! `usher healthcheck`: for containers without a shell.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::reachable;
use crate::config::Config;

/// How long the server may take.
const LIMIT: Duration = Duration::from_secs(4);

/// Asks `/readyz` of the server that listens where this configuration says.
pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let address = reachable(config.listen);
    tokio::time::timeout(LIMIT, ask(address)).await.with_context(|| format!("{address} did not answer in time"))?
}

async fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await.with_context(|| format!("nothing answers on {address}"))?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    let talk = async {
        stream.write_all(request.as_bytes()).await?;
        stream.take(64 * 1024).read_to_string(&mut answer).await
    };
    talk.await.with_context(|| format!("{address} does not answer as it should"))?;
    match answer.lines().next() {
        Some(line) if line.starts_with("HTTP/1.1 200 ") => Ok(()),
        line => bail!("{address} is not ready: {}", line.unwrap_or("an empty answer")),
    }
}
