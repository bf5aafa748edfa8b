//! The extractor of parameters: path, query string or body, read once and in the declared order.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};

use super::gate::Settled;
use super::routes::Path;
use crate::app::App;
use crate::error::{Error, Kind, Result};
use crate::params::{FromParams, Input, Reader, parse_body, parse_query};

/// Bytes of the largest body.
const BODY_MAX: usize = 1024 * 1024;

/// Bytes of a body that is too large which are still read, so that a client that is busy sending hears the answer.
const DRAIN_MAX: usize = 16 * 1024 * 1024;

/// The parameters of an endpoint. GET reads the query string, every other method the body; a value in the path beats
/// both.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: FromParams> FromRequest<Arc<App>> for Params<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let input = input(&parts, body).await?;
        read(&parts, app, input).map(Self)
    }
}

/// The named values of a request.
///
/// # Errors
/// As [`read_body`].
pub(super) async fn input(parts: &Parts, body: Body) -> Result<Input> {
    let mut input = match parts.method {
        Method::GET | Method::HEAD => {
            Input { values: parse_query(parts.uri.query().unwrap_or_default()), unread: None }
        }
        _ => {
            let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            parse_body(content_type.unwrap_or_default(), &read_body(body).await?).await
        }
    };
    add_path(&mut input.values, parts);
    Ok(input)
}

/// The parameters among the named values.
///
/// # Errors
/// 400 for the first that is missing or wrong.
pub(super) fn read<T: FromParams>(parts: &Parts, app: &App, input: Input) -> Result<T> {
    let project = parts.extensions.get::<Settled>().and_then(Settled::project);
    let checked = project.is_some_and(|project| project.settings.password_dictionary);
    let dictionary = app.dictionary.as_ref().filter(|_| checked);
    T::from_params(&mut Reader::new(input.values, input.unread, dictionary))
}

/// The whole body.
///
/// # Errors
/// 413 when it is larger than 1 MiB; 400 when it breaks off.
pub(super) async fn read_body(mut body: Body) -> Result<Bytes> {
    let mut bytes = Vec::new();
    let mut size = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::new(Kind::ArgumentInvalid, "The request body broke off."))?;
        let Ok(data) = frame.into_data() else { continue };
        size = size.saturating_add(data.len());
        if size <= BODY_MAX {
            bytes.extend_from_slice(&data);
        } else {
            bytes = Vec::new();
            if size > DRAIN_MAX {
                break;
            }
        }
    }
    if size > BODY_MAX { Err(Kind::BodyTooLarge.into()) } else { Ok(bytes.into()) }
}

/// Adds the values of the path as they stand in the request, without decoding: no valid id changes when it is
/// encoded, so a percent sign can only be a mistake, which the check of the id reports.
fn add_path(values: &mut Map<String, Value>, parts: &Parts) {
    let Some(Path(path)) = parts.extensions.get() else { return };
    for (pattern, segment) in path.split('/').zip(parts.uri.path().split('/')) {
        if let Some(name) = pattern.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            values.insert(name.to_owned(), Value::from(segment));
        }
    }
}
