//! Running the server: a function of a configuration, a listener and the moment to stop.

mod connections;
mod listener;
mod metrics;
mod pace;
pub mod supervisor;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use self::connections::{CROWD, Connections};
pub use self::listener::Listener;
pub use self::metrics::serve_metrics;
use crate::app::App;
use crate::{backup, housekeeping, http};

/// How long requests that are running may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How long the database may take to close after that.
const CLOSING: Duration = Duration::from_secs(5);

/// Answers requests on `listener`, keeps house and copies the database until `stop` is ready, then finishes what runs and closes the
/// database.
pub async fn serve(app: Arc<App>, listener: impl Into<Listener>, stop: impl Future<Output = ()> + Send + 'static) {
    let listener = listener.into();
    let connections = Connections::new(
        Arc::clone(&app),
        http::router(Arc::clone(&app)),
        app.config.connections,
        app.config.client_timeout,
    );
    let background = [
        tokio::spawn(housekeeping::run(Arc::clone(&app), housekeeping::EVERY)),
        tokio::spawn(backup::run(Arc::clone(&app), backup::EVERY)),
    ];
    tokio::select! {
        never = connections.accept(&listener) => match never {},
        () = stop => {}
    }
    background.iter().for_each(JoinHandle::abort);
    let waiting = listener.close();
    tracing::info!("stopping: no new connections, waiting for requests that are running");
    let finish = async {
        for connection in waiting {
            connections.take(connection).await;
        }
        connections.finish().await;
    };
    if tokio::time::timeout(GRACE, finish).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut off");
    }
    let closed = async {
        app.background.close();
        app.background.wait().await;
        let sent = async {
            if let Some(traces) = &app.traces {
                traces.close().await;
            }
        };
        tokio::join!(app.store.close(), sent);
    };
    match tokio::time::timeout(CLOSING, closed).await {
        Ok(()) => tracing::info!("stopped"),
        Err(_) => tracing::warn!("stopped while the database was still busy; what was answered is stored"),
    }
}

/// A piece of memory that the C library maps for itself.
const LARGE: usize = 4 << 20;

/// Keeps the C library from handing memory back to the system that the next request wants again, which costs each page a
/// fault. glibc does so with whatever is free at the end of a thread's heap above 128 KiB, until it has seen a larger piece
/// come and go: from then on it keeps twice as much (mallopt(3), on `M_MMAP_THRESHOLD`). Other libraries learn nothing.
pub fn keep_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
}

/// Files that are open besides the connections of clients: the database, its connections, the log.
const OTHER_FILES: u64 = 64;

/// Has the system allow as many open files as `connections` clients need, and those who are told that there are too many.
///
/// # Errors
/// The number of clients that can be connected, when the system allows no more.
pub fn allow_connections(connections: usize, database_connections: u32) -> Result<(), u64> {
    let limit = getrlimit(Resource::Nofile);
    let others = OTHER_FILES + u64::from(database_connections);
    let clients = u64::try_from(connections.saturating_add(CROWD)).unwrap_or(u64::MAX);
    let wanted = clients.saturating_add(others);
    let Some(current) = limit.current.filter(|current| *current < wanted) else { return Ok(()) };
    let raised = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let raised = match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }) {
        Ok(()) => raised,
        Err(_) => current,
    };
    if raised < wanted { Err(raised.saturating_sub(others)) } else { Ok(()) }
}

/// Ready on SIGTERM or SIGINT.
///
/// # Errors
/// When the signals cannot be watched.
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The signals SIGHUP, which no longer end the program.
///
/// # Errors
/// When they cannot be watched.
pub fn hangups() -> std::io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// Reads the certificate anew at each of the signals, for ever.
pub async fn renew(app: Arc<App>, mut hangups: Signal) {
    while hangups.recv().await.is_some() {
        if app.tls.is_none() {
            tracing::info!("SIGHUP: there is nothing to read anew, since USHER_TLS_CERT is not set");
            continue;
        }
        let app = Arc::clone(&app);
        // A file may be on a disk that is slow.
        let read = tokio::task::spawn_blocking(move || {
            let Some(tls) = &app.tls else { return };
            match tls.renew() {
                Ok(()) => tls.tell(app.clock.now()),
                Err(error) => tracing::error!(
                    error = format!("{error:#}"),
                    "SIGHUP: the files of the certificate are of no use, so the one from before stays in force"
                ),
            }
        });
        // A panic has been printed.
        let _ = read.await;
    }
}
