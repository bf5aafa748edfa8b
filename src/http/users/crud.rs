//! Listing, reading and deleting users.

use axum::response::{IntoResponse as _, Response};

use super::OneUser;
use crate::error::Result;
use crate::http::access::{Access, scope};
use crate::http::change::{Change, change, find};
use crate::http::list::{ListParams, answer};
use crate::http::params::Params;
use crate::http::reply::{Json, NoContent};
use crate::http::view;
use crate::params::{FromParams, Reader};
use crate::store::list::USERS;
use crate::store::logs::Log;
use crate::store::users::{self, User};

/// Parameters of the list.
pub(super) struct List(ListParams);

impl FromParams for List {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        ListParams::read(reader, &USERS).map(Self)
    }
}

/// `GET /v1/users`
pub(super) async fn list(access: Access<scope::UsersRead>, Params(List(params)): Params<List>) -> Result<Response> {
    answer::<User>(&access, params, None).await
}

/// `GET /v1/users/{userId}`
pub(super) async fn get(access: Access<scope::UsersRead>, Params(params): Params<OneUser>) -> Result<Response> {
    let user = find(&access, &params.id.0).await?;
    Ok(Json(view::User::of(&user, &access.view)).into_response())
}

/// `GET /v1/users/{userId}/prefs`
pub(super) async fn prefs(access: Access<scope::UsersRead>, Params(params): Params<OneUser>) -> Result<view::Prefs> {
    Ok(view::Prefs(find(&access, &params.id.0).await?.prefs))
}

/// `DELETE /v1/users/{userId}`. One row of the log remains, with the id alone.
pub(super) async fn delete(access: Access<scope::UsersWrite>, Params(params): Params<OneUser>) -> Result<NoContent> {
    let log = Log { ip: String::new(), user_agent: String::new(), ..access.log("user.delete", &params.id.0) };
    change(&access, log, |Change { tx, project, user }| {
        Box::pin(async move { Ok(users::delete(tx, project, user).await?) })
    })
    .await?;
    Ok(NoContent)
}
