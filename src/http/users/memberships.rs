//! Memberships of users in teams.

use axum::response::Response;

use crate::error::Result;
use crate::http::access::{Access, scope};
use crate::http::change::find;
use crate::http::list::{ListParams, answer};
use crate::http::params::Params;
use crate::params::{FromParams, Reader, Uid};
use crate::store::list::MEMBERSHIPS;
use crate::store::memberships::Membership;

/// Parameters.
pub(super) struct List {
    id: Uid,
    list: ListParams,
}

impl FromParams for List {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { id: reader.required("userId")?, list: ListParams::read(reader, &MEMBERSHIPS)? })
    }
}

/// `GET /v1/users/{userId}/memberships`
pub(super) async fn list(access: Access<scope::UsersRead>, Params(params): Params<List>) -> Result<Response> {
    let user = find(&access, &params.id.0).await?;
    answer::<Membership>(&access, params.list, Some(user.id)).await
}
