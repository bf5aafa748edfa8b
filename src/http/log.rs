//! One line a request: what was asked, what was answered, how long it took. The path is the one of the route, so that
//! no id, and with it no person, gets into the log; but the request has one of its own.

use std::time::Duration;

use axum::http::Method;
use axum::response::Response;
use tracing::field::display;

use super::routes::Path;
use crate::error::Error;
use crate::request_id::RequestId;
use crate::trace::Trace;

/// What is said of a path that is no route.
pub(crate) const UNKNOWN: &str = "unknown";

/// Logs a request that was answered after this time.
pub(super) fn one_line(
    (id, trace): (&RequestId, Option<&Trace>),
    method: &str,
    path: Option<Path>,
    response: &Response,
    took: Duration,
) {
    // An id has nothing in it that would have to be put into quotes, which costs a look at each letter.
    let trace_id = trace.map(|trace| display(trace.id()));
    let (request_id, route) = (&**id, path.map_or(UNKNOWN, |path| path.0));
    let status = response.status().as_u16();
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let error = response.extensions().get::<Error>();
    let kind = error.map(|error| error.kind().wire_type());
    match error.and_then(Error::cause) {
        Some(cause) if status >= 500 => {
            tracing::error!(%method, route, status, kind, micros, %request_id, trace_id, cause, "request");
        }
        Some(cause) => tracing::warn!(%method, route, status, kind, micros, %request_id, trace_id, cause, "request"),
        None if super::health::WATCHED.contains(&route) => {
            tracing::debug!(%method, route, status, micros, %request_id, trace_id, "request");
        }
        None => tracing::info!(%method, route, status, kind, micros, %request_id, trace_id, "request"),
    }
}

/// All that [`name`] gives.
pub(super) const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", UNKNOWN];

/// The name of a method that HTTP has. Any other is a text of the client's choice, up to the length of a head, in which
/// an id or a key could stand.
pub(super) fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => UNKNOWN,
    }
}
