//! The published description of the API in OpenAPI 3.1, made of what the program is: extractors say who may ask and which
//! parameters there are, models say what is answered, and the table of routes adds words and errors.

mod document;
mod model;
mod operation;
mod page;
mod words;

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse as _;
use serde_json::Value;

pub(super) use self::model::Model;
pub(super) use self::operation::{Arguments, Caller, Operation, Part, Parts, Words};
use super::reply::JSON;
use super::routes::Routes;
use crate::app::App;

/// What a page of this server may do: be looked at, with the style that it brings.
const LOOKED_AT: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

impl<S> Part for State<S> {
    fn describe(_: &mut Parts) {}
}

impl<T> Part for axum::Extension<T> {
    fn describe(_: &mut Parts) {}
}

/// Adds the routes of the description of the others, which is written when somebody asks for it first.
pub(super) fn routes(routes: Routes) -> Routes {
    let operations = Arc::new(routes.operations());
    let json = cached(Arc::clone(&operations), |document| serde_json::to_vec(document).unwrap_or_default());
    let page = cached(operations, |document| page::page(document).into_bytes());
    routes
        .hidden("/v1/openapi.json", move |State(app): State<Arc<App>>| {
            std::future::ready(([(CONTENT_TYPE, JSON)], json(&app)).into_response())
        })
        .hidden("/docs", move |State(app): State<Arc<App>>| {
            let headers = [(CONTENT_TYPE, "text/html; charset=UTF-8"), (CONTENT_SECURITY_POLICY, LOOKED_AT)];
            std::future::ready((headers, page(&app)).into_response())
        })
}

/// The document in some form, which is made once.
fn cached(operations: Arc<Vec<Operation>>, form: fn(&Value) -> Vec<u8>) -> impl Fn(&App) -> Bytes + Clone {
    let made = Arc::new(OnceLock::new());
    move |app| {
        let make = || Bytes::from(form(&document::document(&operations, &app.config.compat_version)));
        made.get_or_init(make).clone()
    }
}

/// The description of these routes.
pub(super) fn describe(routes: &Routes, version: &str) -> Value {
    document::document(&routes.operations(), version)
}
