//! The activity log of a user who is signed in.

use axum::response::Response;

use crate::error::Result;
use crate::http::list::{ListParams, answer};
use crate::http::member::Member;
use crate::http::params::Params;
use crate::params::{FromParams, Reader};
use crate::store::list::LOGS;
use crate::store::logs::Log;

/// Parameters: limit and offset.
pub(super) struct List(ListParams);

impl FromParams for List {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        ListParams::without_search(reader, &LOGS).map(Self)
    }
}

/// `GET /v1/account/logs`: newest first.
pub(super) async fn list(member: Member, Params(List(params)): Params<List>) -> Result<Response> {
    answer::<Log>(&member, params, Some(member.user.id.clone())).await
}
