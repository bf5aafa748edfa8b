//! The activity log of a user.

use axum::response::Response;

use crate::error::Result;
use crate::http::access::{Access, scope};
use crate::http::change::find;
use crate::http::list::{ListParams, answer};
use crate::http::params::Params;
use crate::params::{FromParams, Reader, Uid};
use crate::store::list::LOGS;
use crate::store::logs::Log;

/// Parameters.
pub(super) struct List {
    id: Uid,
    list: ListParams,
}

impl FromParams for List {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { id: reader.required("userId")?, list: ListParams::without_search(reader, &LOGS)? })
    }
}

/// `GET /v1/users/{userId}/logs`: newest first.
pub(super) async fn list(access: Access<scope::UsersRead>, Params(params): Params<List>) -> Result<Response> {
    let user = find(&access, &params.id.0).await?;
    answer::<Log>(&access, params.list, Some(user.id)).await
}
