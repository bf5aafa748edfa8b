//! Connections: how many there may be, and how long each may keep the server waiting.

use std::convert::Infallible;
use std::future::Future;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::listener::{Accepted, Listener};
use super::pace::Paced;
use crate::app::App;
use crate::http::{Encrypted, Router, UnixPeer};
use crate::tls::Tls;

/// Bytes of the largest head of a request, and of what is read at once of a body. A target alone may have 65,534 (hyper); with a
/// longer head the answer is 431.
const READ_MAX: usize = 80 << 10;

/// Connections beyond the limit that are told so at the same time. Those after them wait in the queue of the system.
pub(super) const CROWD: usize = 256;

/// How long one of those may take to ask.
const CROWD_PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait after the system refused to hand over a connection, as it does when too many files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a connection on which nothing was asked yet is waited for when the server stops: the client may have asked already.
const LATE: Duration = Duration::from_millis(200);

/// All connections.
pub(super) struct Connections {
    app: Arc<App>,
    router: Router,
    patience: Duration,
    places: Arc<Semaphore>,
    crowd: Arc<Semaphore>,
    stopping: CancellationToken,
    running: TaskTracker,
}

/// What a connection gets.
struct Turn {
    /// Held as long as there is the connection.
    place: OwnedSemaphorePermit,
    router: Router,
    /// Whether it may ask more than once.
    stays: bool,
    patience: Duration,
}

impl Connections {
    /// At most `limit` connections, each of which may keep the server waiting for `patience`: for the head of a request,
    /// also between two requests, and for taking 32 KiB of an answer.
    pub(super) fn new(app: Arc<App>, router: Router, limit: usize, patience: Duration) -> Self {
        Self {
            app,
            router,
            patience,
            places: Arc::new(Semaphore::new(limit)),
            crowd: Arc::new(Semaphore::new(CROWD)),
            stopping: CancellationToken::new(),
            running: TaskTracker::new(),
        }
    }

    /// Takes connections for ever. A new one beyond the limit can ask how the server is; to all else it hears 503.
    pub(super) async fn accept(&self, listener: &Listener) -> Infallible {
        loop {
            let accepted = match listener.accept().await {
                Ok(accepted) => accepted,
                // The client left while it waited.
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {
                    continue;
                }
                Err(error) => {
                    tracing::error!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            self.take(accepted).await;
        }
    }

    /// Takes a connection.
    pub(super) async fn take(&self, accepted: Accepted) {
        let turn = if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            Turn { place, router: self.router.clone(), stays: true, patience: self.patience }
        } else if let Ok(place) = Arc::clone(&self.crowd).acquire_owned().await {
            self.app.metrics.crowd.add(1);
            let patience = CROWD_PATIENCE.min(self.patience);
            Turn { place, router: self.router.crowded(), stays: false, patience }
        } else {
            return;
        };
        match accepted {
            Accepted::Tcp(stream, peer) => {
                // Without this the last piece of an answer may wait for the client to acknowledge the one before it.
                let _ = stream.set_nodelay(true);
                self.start(stream, ConnectInfo(peer), turn);
            }
            Accepted::Unix(stream) => self.start(stream, ConnectInfo(UnixPeer), turn),
        }
    }

    /// Answers the requests of a connection, until it ends or the server does. Where there is TLS, its handshake comes first,
    /// and is no more than another thing that the client may keep the server waiting for.
    fn start<S, P>(&self, stream: S, peer: ConnectInfo<P>, turn: Turn)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        P: Clone + Send + Sync + 'static,
    {
        let Turn { place, router, stays, patience } = turn;
        let stream = Paced::new(stream, patience);
        let acceptor = self.app.tls.as_ref().map(Tls::acceptor);
        let (stopping, app) = (self.stopping.clone(), Arc::clone(&self.app));
        let talk = Talk { router, stays, patience, stopping };
        self.running.spawn(async move {
            let (_place, _counted) = (place, app.metrics.connections.hold());
            match acceptor {
                None => talk.answer(stream, move |request| drop(request.extensions_mut().insert(peer.clone()))).await,
                // In a box of its own, so that connections without TLS are not as large.
                Some(acceptor) => Box::pin(talk.answer_encrypted(acceptor, stream, peer)).await,
            }
        });
    }

    /// Ready when requests that run have been answered and all connections are closed.
    pub(super) async fn finish(&self) {
        self.stopping.cancel();
        self.running.close();
        self.running.wait().await;
    }
}

/// What is done on a connection.
struct Talk {
    router: Router,
    stays: bool,
    patience: Duration,
    stopping: CancellationToken,
}

impl Talk {
    async fn answer_encrypted<S, P>(self, acceptor: TlsAcceptor, stream: S, peer: ConnectInfo<P>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        P: Clone + Send + Sync + 'static,
    {
        if let Some(stream) = self.shake_hands(acceptor.accept(stream)).await {
            let tell = move |request: &mut Request| {
                request.extensions_mut().insert(peer.clone());
                request.extensions_mut().insert(Encrypted);
            };
            self.answer(stream, tell).await;
        }
    }

    /// The connection, once both sides have agreed on its keys. Whatever fails is the client's doing, who may be anybody and
    /// come as often as it likes, so that it is worth no line of the log.
    async fn shake_hands<S>(
        &self,
        handshake: impl Future<Output = std::io::Result<TlsStream<S>>>,
    ) -> Option<TlsStream<S>> {
        let mut handshake = pin!(timeout(self.patience, handshake));
        let shaken = tokio::select! {
            shaken = handshake.as_mut() => shaken,
            () = self.stopping.cancelled() => timeout(LATE, handshake).await.and_then(|shaken| shaken),
        };
        let shaken = shaken.unwrap_or_else(|late| Err(late.into()));
        shaken.inspect_err(|error| tracing::debug!(%error, "a client failed to begin TLS")).ok()
    }

    /// Answers requests, of each of which `tell` says first where it comes from.
    async fn answer<S>(self, stream: S, tell: impl Fn(&mut Request))
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { router, stays, patience, stopping } = self;
        let asked = AtomicBool::new(false);
        let service = service_fn(|request: Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            let mut request = request.map(Body::new);
            tell(&mut request);
            router.clone().call(request)
        });
        let mut server = http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .max_header_size(READ_MAX)
            .max_buf_size(READ_MAX)
            .keep_alive(stays);
        let mut connection = pin!(server.serve_connection(TokioIo::new(stream), service));
        // An error is the client's doing: it left, it sent no HTTP, it was too slow. hyper answers what can be answered.
        let _ = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stopping.cancelled() => {
                if !asked.load(Ordering::Relaxed) && timeout(LATE, connection.as_mut()).await.is_ok() {
                    return;
                }
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
    }
}
