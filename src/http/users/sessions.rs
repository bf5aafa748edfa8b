//! Sessions of users.

use axum::response::{IntoResponse as _, Response};

use super::OneUser;
use crate::error::{Kind, Result};
use crate::http::access::{Access, scope};
use crate::http::change::{Change, change, find};
use crate::http::list::total;
use crate::http::params::Params;
use crate::http::reply::{Json, NoContent};
use crate::http::view::{self, SessionList};
use crate::params::{FromParams, Reader, Uid};
use crate::store::sessions;

/// Parameters of the list.
pub(super) struct List {
    id: Uid,
    total: bool,
}

impl FromParams for List {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { id: reader.required("userId")?, total: total(reader)? })
    }
}

/// `GET /v1/users/{userId}/sessions`: oldest first, at most 1,000, without those that have ended.
pub(super) async fn list(access: Access<scope::SessionsRead>, Params(params): Params<List>) -> Result<Response> {
    let user = find(&access, &params.id.0).await?;
    let sessions = sessions::of(access.store().read(), access.project_key(), &user.id, access.now()).await?;
    let shown = sessions.iter().map(|session| view::Session::of(session, &access.view)).collect();
    Ok(Json(SessionList::new(shown, params.total)).into_response())
}

/// `DELETE /v1/users/{userId}/sessions`
pub(super) async fn delete_all(
    access: Access<scope::SessionsWrite>,
    Params(params): Params<OneUser>,
) -> Result<NoContent> {
    change(&access, access.log("session.delete", &params.id.0), |Change { tx, project, user }| {
        Box::pin(async move {
            sessions::delete_all(tx, project, &user.id).await?;
            Ok(())
        })
    })
    .await?;
    Ok(NoContent)
}

/// Parameters of the deletion of one session.
pub(super) struct OneSession {
    user: Uid,
    session: Uid,
}

impl FromParams for OneSession {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { user: reader.required("userId")?, session: reader.required("sessionId")? })
    }
}

/// `DELETE /v1/users/{userId}/sessions/{sessionId}`
pub(super) async fn delete(
    access: Access<scope::SessionsWrite>,
    Params(params): Params<OneSession>,
) -> Result<NoContent> {
    let now = access.now();
    change(&access, access.log("session.delete", &params.user.0), move |Change { tx, project, user }| {
        Box::pin(async move {
            match sessions::delete(tx, project, &user.id, &params.session.0, now).await? {
                true => Ok(()),
                false => Err(Kind::UserSessionNotFound.into()),
            }
        })
    })
    .await?;
    Ok(NoContent)
}
