//! One line a request: what was asked, what was answered, how long it took. The path is the one of the route, so that
//! no id, and with it no person, gets into the log.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

use crate::error::Error;

/// Logs the request that passes.
pub(super) async fn one_line(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("unknown", MatchedPath::as_str);
    let status = response.status().as_u16();
    let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    let error = response.extensions().get::<Error>();
    let kind = error.map_or("", |error| error.kind().wire_type());
    match error.and_then(Error::cause) {
        Some(cause) if status >= 500 => tracing::error!(%method, route, status, kind, micros, cause, "request"),
        Some(cause) => tracing::warn!(%method, route, status, kind, micros, cause, "request"),
        None if route == "/livez" || route == "/readyz" => tracing::debug!(%method, route, status, micros, "request"),
        None => tracing::info!(%method, route, status, kind, micros, "request"),
    }
    response
}
