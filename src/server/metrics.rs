//! The listener of the metrics: one path, for whoever watches the server. It has nothing in common with the listener of the API,
//! so that neither can be reached by way of the other, and one is answered when the other is not.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::app::App;
use crate::metrics::exposition;

/// Connections at a time. Those after them wait in the queue of the system.
const CONNECTIONS: usize = 16;

/// How long a connection may take for its one request, from the first byte to the last of the answer.
const LIMIT: Duration = Duration::from_secs(10);

/// Bytes of the largest head of a request.
const HEAD_MAX: usize = 16 << 10;

/// How long to wait after the system refused to hand over a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Where the metrics are.
const PATH: &str = "/metrics";

/// Answers `GET /metrics` on `listener` for ever, and refuses all else. A client who is slow is cut off after 10 seconds.
pub async fn serve_metrics(app: Arc<App>, listener: TcpListener) -> Infallible {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { continue };
        match listener.accept().await {
            Ok((stream, _)) => {
                let app = Arc::clone(&app);
                tokio::spawn(async move {
                    let _place = place;
                    // An error is the client's doing, as is being too slow.
                    let _ = timeout(LIMIT, converse(app, stream)).await;
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// One request and its answer.
async fn converse(app: Arc<App>, stream: TcpStream) -> hyper::Result<()> {
    let service = service_fn(move |request: Request<Incoming>| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(answer(&app, request.method(), request.uri().path()).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(LIMIT).max_buf_size(HEAD_MAX).keep_alive(false);
    server.serve_connection(TokioIo::new(stream), service).await
}

async fn answer(app: &App, method: &Method, path: &str) -> Response {
    let (status, body) = match (path, method) {
        (PATH, &Method::GET) => (StatusCode::OK, exposition(app).await),
        (PATH, _) => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
        _ => (StatusCode::NOT_FOUND, String::new()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET"));
    }
    response
}
