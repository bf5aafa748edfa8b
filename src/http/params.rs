//! The extractor of parameters: path, query string or body, read once and in the declared order.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request;
use axum::http::{HeaderMap, Method};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::gate::Settled;
use super::openapi::{Part, Parts};
use super::routes::Path;
use crate::admission::Held;
use crate::app::App;
use crate::error::{Error, Kind, Result};
use crate::params::{FromParams, Input, Reader, parse_body, parse_query};

/// Bytes of the largest body.
const BODY_MAX: usize = 1024 * 1024;

/// Bytes of a body that is refused which are still read, and for how long.
const DRAIN_MAX: usize = 16 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// The parameters of an endpoint. GET reads the query string, every other method the body; a value in the path beats
/// both.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: FromParams> FromRequestParts<Arc<App>> for Params<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut request::Parts, app: &Arc<App>) -> Result<Self> {
        let (input, _room) = input(parts, app).await?;
        read(parts, app, input).map(Self)
    }
}

impl<T: FromParams> Part for Params<T> {
    fn describe(parts: &mut Parts) {
        parts.take::<T>();
    }
}

/// The named values of a request, and the room that they take.
///
/// # Errors
/// As [`Received::read`].
pub(super) async fn input(parts: &request::Parts, app: &App) -> Result<(Input, Option<OwnedSemaphorePermit>)> {
    let (mut input, room) = match parts.extensions.get::<Received>() {
        Some(received) => {
            let (input, room) = received.read(&parts.headers, app).await?;
            (input, Some(room))
        }
        None => {
            let values = parse_query(parts.uri.query().unwrap_or_default());
            (Input { values, unread: None }, None)
        }
    };
    add_path(&mut input.values, parts);
    Ok((input, room))
}

/// The parameters among the named values.
///
/// # Errors
/// 400 for the first that is missing or wrong.
pub(super) fn read<T: FromParams>(parts: &request::Parts, app: &App, input: Input) -> Result<T> {
    let project = parts.extensions.get::<Settled>().and_then(Settled::project);
    let checked = project.is_some_and(|project| project.settings.password_dictionary);
    let dictionary = app.dictionary.as_ref().filter(|_| checked);
    T::from_params(&mut Reader::new(input.values, input.unread, dictionary))
}

/// The body of a request, or why there is none: whoever reads it says so.
#[derive(Debug, Clone)]
pub(super) struct Received(Result<Bytes>);

impl Received {
    /// The values in the body, and the room that they take.
    ///
    /// # Errors
    /// Why there is no body, and 503 when there is no room for the values.
    pub(super) async fn read(&self, headers: &HeaderMap, app: &App) -> Result<(Input, OwnedSemaphorePermit)> {
        let body = self.0.as_ref().map_err(Clone::clone)?;
        let room = app.admission.values(body).await?;
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Ok((parse_body(content_type.unwrap_or_default(), body).await, room))
    }
}

/// Receives the body of a request that has one, before the request takes a place that others could need while it comes. One
/// that does not come within `USHER_CLIENT_TIMEOUT` is 408 to whoever reads it.
pub(super) async fn receive(app: &App, request: &mut Request) {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return;
    }
    let mut body = std::mem::take(request.body_mut());
    let received = timeout(app.config.client_timeout, whole(app.admission.body(), &mut body)).await;
    if let Ok(Err(_)) = received {
        let _ = timeout(DRAIN_TIME, drain(body)).await;
    }
    request.extensions_mut().insert(Received(received.unwrap_or_else(|_| Err(Kind::BodyTooSlow.into()))));
}

/// The whole body.
///
/// # Errors
/// 413 when it is larger than 1 MiB; 503 when the server holds too many others; 400 when it breaks off.
async fn whole(mut held: Held, body: &mut Body) -> Result<Bytes> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::new(Kind::ArgumentInvalid, "The request body broke off."))?;
        let Ok(data) = frame.into_data() else { continue };
        if held.as_ref().len() + data.len() > BODY_MAX {
            return Err(Kind::BodyTooLarge.into());
        }
        held.extend(&data)?;
    }
    Ok(Bytes::from_owner(held))
}

/// Reads what follows of a body that is refused: a client that is busy sending does not hear the answer before.
async fn drain(mut body: Body) {
    let mut size = 0_usize;
    while let Some(Ok(frame)) = body.frame().await {
        size += frame.data_ref().map_or(0, Bytes::len);
        if size > DRAIN_MAX {
            break;
        }
    }
}

/// Adds the values of the path as they stand in the request, without decoding: no valid id changes when it is
/// encoded, so a percent sign can only be a mistake, which the check of the id reports.
fn add_path(values: &mut Map<String, Value>, parts: &request::Parts) {
    let Some(Path(path)) = parts.extensions.get() else { return };
    for (pattern, segment) in path.split('/').zip(parts.uri.path().split('/')) {
        if let Some(name) = pattern.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            values.insert(name.to_owned(), Value::from(segment));
        }
    }
}
