//! The least that an HTTP server of this kind costs: the same library, runtime and bytes, and nothing between them.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::any;
use tokio::net::TcpListener;

/// Answers every request with `bytes`, until the process is ended.
pub(crate) async fn serve(bytes: Bytes, address: SocketAddr) -> anyhow::Result<()> {
    let answer = move || {
        let bytes = bytes.clone();
        async move { ([(CONTENT_TYPE, "application/json; charset=UTF-8")], bytes) }
    };
    let router = Router::new().fallback(any(answer));
    axum::serve(TcpListener::bind(address).await?, router).await?;
    Ok(())
}
