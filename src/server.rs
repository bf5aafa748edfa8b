//! Running the server: a function of a configuration, a listener and the moment to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::ServiceExt as _;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

use crate::app::App;
use crate::{housekeeping, http};

/// How long requests that are running may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How long the database may take to close after that.
const CLOSING: Duration = Duration::from_secs(5);

/// Answers requests on `listener` and keeps house until `stop` is ready, then finishes what runs and closes the
/// database.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let service = http::router(Arc::clone(&app)).into_make_service_with_connect_info::<SocketAddr>();
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    // Without this the last piece of an answer may wait for the client to acknowledge the one before it.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    let background = tokio::spawn(housekeeping::run(Arc::clone(&app), housekeeping::EVERY));
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        stop.await;
        background.abort();
        tracing::info!("stopping: no new connections, waiting for requests that are running");
        let _ = stopping.send(());
    });
    let too_late = async {
        // An error means that the server ended by itself.
        if stopped.await.is_ok() {
            tokio::time::sleep(GRACE).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = server => ended.context("the listener failed")?,
        () = too_late => tracing::warn!("some requests did not end in time and were cut off"),
    }
    let closed = async {
        app.background.close();
        app.background.wait().await;
        app.store.close().await;
    };
    match tokio::time::timeout(CLOSING, closed).await {
        Ok(()) => tracing::info!("stopped"),
        Err(_) => tracing::warn!("stopped while the database was still busy; what was answered is stored"),
    }
    Ok(())
}

/// A piece of memory that the C library maps for itself.
const LARGE: usize = 4 << 20;

/// Keeps the C library from handing memory back to the system that the next request wants again, which costs each page a
/// fault. glibc does so with whatever is free at the end of a thread's heap above 128 KiB, until it has seen a larger piece
/// come and go: from then on it keeps twice as much (mallopt(3), on `M_MMAP_THRESHOLD`). Other libraries learn nothing.
pub fn keep_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
}

/// Ready on SIGTERM or SIGINT.
///
/// # Errors
/// When the signals cannot be watched.
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
