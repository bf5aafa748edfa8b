//! Answers: their bodies, and the headers that every one of them has.

use std::any::Any;
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, EXPIRES, PRAGMA, RETRY_AFTER, SERVER, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::client;
use super::format::Format;
use crate::app::App;
use crate::error::{Error, Kind};
use crate::request_id::{self, RequestId};

/// The type of every JSON answer. Some clients decode JSON only when there is a parameter behind the type.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");

/// Bytes of most answers, so that a body need not grow.
const BYTES: usize = 1280;

/// How long the answer took, in seconds.
const SPEED: HeaderName = HeaderName::from_static("x-debug-speed");

/// The id of the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Seconds after which a client may try again.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// A compact JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut body = Vec::with_capacity(BYTES);
        match serde_json::to_writer(&mut body, &self.0) {
            Ok(()) => ([(CONTENT_TYPE, JSON)], body).into_response(),
            Err(error) => {
                let request_id = request_id::current();
                tracing::error!(%error, request_id = request_id.as_deref(), "an answer could not be written as JSON");
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

/// What went wrong.
#[derive(Serialize, JsonSchema)]
pub(super) struct ErrorBody<'a> {
    /// For people: which parameter is wrong, and what its limit is.
    message: &'a str,
    /// The status once more.
    code: u16,
    /// For programs.
    r#type: &'static str,
    /// The version of the protocol.
    version: &'a str,
}

/// What every answer has, whatever it is: the headers of the server, and of errors the body.
pub(super) struct Frame<'a> {
    app: &'a App,
    pub(super) https: bool,
    /// Whether the client wants a newer generation of models than there is.
    newer: bool,
    /// The id of the request: the one that the client, or what stands between, has given it, when it is sane.
    pub(super) id: RequestId,
}

impl<'a> Frame<'a> {
    /// For the answer to a request.
    pub(super) fn of(request: &Request, app: &'a App) -> Self {
        let format = Format::of(request.headers());
        let sent = request.headers().get(REQUEST_ID).and_then(|id| RequestId::parse(id.as_bytes()));
        Self {
            app,
            id: sent.unwrap_or_else(|| app.request_ids.next()),
            https: client::is_https(request.headers(), request.extensions(), &app.config.trusted_proxies),
            newer: format.after(&app.config.compat_version),
        }
    }

    /// Puts it around the answer to a request that came at `begun`.
    pub(super) fn around(&self, mut response: Response, begun: Instant) -> Response {
        let version = &self.app.config.compat_version;
        if let Some(error) = response.extensions().get::<Error>().cloned() {
            response = with_body(response, &error, version);
        }
        let headers = response.headers_mut();
        headers.insert(SERVER, HeaderValue::from_static("Appwrite"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let took = begun.elapsed();
        if let Some(seconds) = seconds(took) {
            headers.insert(SPEED, seconds);
        }
        if let Ok(id) = HeaderValue::try_from(&*self.id) {
            headers.insert(REQUEST_ID, id);
        }
        if self.https {
            headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=10886400"));
        }
        if self.newer {
            let warning = format!("This server speaks {version} of the protocol, the client a newer one");
            if let Ok(warning) = HeaderValue::try_from(warning) {
                headers.insert(HeaderName::from_static("x-appwrite-warning"), warning);
            }
        }
        response
    }
}

/// Seconds with six digits behind the point. Every answer has them, so they are written digit by digit.
fn seconds(took: Duration) -> Option<HeaderValue> {
    const POINT: usize = 20;
    let mut text = [b'0'; POINT + 7];
    let (mut left, mut first) = (u64::try_from(took.as_micros()).ok()?, text.len());
    while left > 0 || first >= POINT {
        first -= 1;
        if first == POINT {
            text[first] = b'.';
        } else {
            text[first] = b'0' + (left % 10) as u8;
            left /= 10;
        }
    }
    HeaderValue::from_bytes(&text[first..]).ok()
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
pub(super) fn panicked(panic: Box<dyn Any + Send>, id: &RequestId) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(request_id = &**id, panic = text.unwrap_or("no text"), "a handler panicked");
    Error::from(Kind::Unknown).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_six_digits_behind_the_point() {
        for micros in [0, 1, 999, 999_999, 1_000_000, 61_000_001, 123_456_789_012, u64::MAX] {
            let took = Duration::from_micros(micros);
            assert_eq!(seconds(took).unwrap(), format!("{}.{:06}", took.as_secs(), took.subsec_micros()));
        }
    }
}
