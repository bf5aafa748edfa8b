//! The activity log of a user.

use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::find;
use crate::error::Result;
use crate::http::access::{Access, scope};
use crate::http::list::{listing, page_of, total};
use crate::http::params::Params;
use crate::http::reply::Json;
use crate::http::view;
use crate::params::{FromParams, Reader, Uid};
use crate::store::list::LOGS;
use crate::store::logs;

/// Parameters.
pub(super) struct List {
    id: Uid,
    page: (i64, i64),
    total: bool,
}

impl FromParams for List {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { id: reader.required("userId")?, page: page_of(&listing(reader, &LOGS)?), total: total(reader)? })
    }
}

#[derive(Serialize)]
struct LogList<'a> {
    total: i64,
    logs: Vec<view::Log<'a>>,
}

/// `GET /v1/users/{userId}/logs`: newest first.
pub(super) async fn list(access: Access<scope::UsersRead>, Params(params): Params<List>) -> Result<Response> {
    let (limit, offset) = params.page;
    let user = find(&access, &params.id.0).await?;
    let (store, project) = (access.store(), access.project_key());
    let logs = logs::of(store.read(), project, &user.id, limit, offset).await?;
    let total = if params.total { logs::total(store.read(), project, &user.id).await? } else { 0 };
    let shown = logs.iter().map(|log| view::Log::of(log, &access.view)).collect();
    Ok(Json(LogList { total, logs: shown }).into_response())
}
