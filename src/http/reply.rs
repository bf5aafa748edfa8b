//! Answers: their bodies, and the headers that every one of them has.

use std::any::Any;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, EXPIRES, PRAGMA, RETRY_AFTER, SERVER, STRICT_TRANSPORT_SECURITY,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::client;
use crate::app::App;
use crate::error::{Error, Kind};

/// The type of every JSON answer. Some clients decode JSON only when there is a parameter behind the type.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");

/// Seconds after which a client may try again.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// A compact JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(CONTENT_TYPE, JSON)], body).into_response(),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                Error::from(Kind::Unknown).into_response()
            }
        }
    }
}

/// A new thing: 201 with its JSON.
#[derive(Debug)]
pub(super) struct Created<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.0).into_response();
        if response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::CREATED;
        }
        response
    }
}

/// 204. Python SDKs fail when an empty answer has no type, and Node SDKs when it claims to be JSON.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        let text = HeaderValue::from_static("text/plain; charset=UTF-8");
        (StatusCode::NO_CONTENT, [(CONTENT_TYPE, text)]).into_response()
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    message: &'a str,
    code: u16,
    r#type: &'static str,
    version: &'a str,
}

/// Writes the body of errors and the headers that every answer has.
pub(super) async fn finish(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let begun = std::time::Instant::now();
    let format = super::Format::new(client::text(request.headers(), "x-appwrite-response-format"));
    let (parts, body) = request.into_parts();
    let https = client::is_https(&parts, &app.config.trusted_proxies);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(error) = response.extensions().get::<Error>().cloned() {
        response = with_body(response, &error, &app.config.compat_version);
    }
    let headers = response.headers_mut();
    headers.insert(SERVER, HeaderValue::from_static("Appwrite"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if let Ok(seconds) = HeaderValue::try_from(format!("{:.6}", begun.elapsed().as_secs_f64())) {
        headers.insert("x-debug-speed", seconds);
    }
    if https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=10886400"));
    }
    if format.after(&app.config.compat_version) {
        let warning =
            format!("This server speaks {} of the protocol, the client a newer one", app.config.compat_version);
        if let Ok(warning) = HeaderValue::try_from(warning) {
            headers.insert(HeaderName::from_static("x-appwrite-warning"), warning);
        }
    }
    response
}

fn with_body(response: Response, error: &Error, version: &str) -> Response {
    let kind = error.kind();
    let body = ErrorBody { message: error.message(), code: kind.status(), r#type: kind.wire_type(), version };
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(CONTENT_TYPE, JSON);
    parts.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate"));
    parts.headers.insert(EXPIRES, HeaderValue::from_static("0"));
    parts.headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    if kind.status() == 503 {
        parts.headers.insert(RETRY_AFTER, RETRY_SECONDS);
    }
    Response::from_parts(parts, serde_json::to_vec(&body).unwrap_or_default().into())
}

/// The answer of a handler that panicked. What it said goes to the log.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("no text"), "a handler panicked");
    Error::from(Kind::Unknown).into_response()
}
