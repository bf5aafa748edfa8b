//! Identities of users at OAuth2 providers.

use axum::response::Response;

use crate::error::{Error, Kind, Result};
use crate::http::access::{Access, scope};
use crate::http::list::{ListParams, answer};
use crate::http::params::Params;
use crate::http::reply::NoContent;
use crate::params::{FromParams, Reader, Uid};
use crate::store::list::IDENTITIES;
use crate::store::{identities, logs};

/// Parameters of the list.
pub(super) struct List(ListParams);

impl FromParams for List {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        ListParams::read(reader, &IDENTITIES).map(Self)
    }
}

/// `GET /v1/users/identities`: of all users.
pub(super) async fn list(access: Access<scope::UsersRead>, Params(List(params)): Params<List>) -> Result<Response> {
    answer::<identities::Identity>(&access, params, None).await
}

/// Parameters of the deletion.
pub(super) struct One {
    id: Uid,
}

impl FromParams for One {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { id: reader.required("identityId")? })
    }
}

/// `DELETE /v1/users/identities/{identityId}`. Sessions of the provider stay.
pub(super) async fn delete(access: Access<scope::UsersWrite>, Params(params): Params<One>) -> Result<NoContent> {
    let project = access.project_key();
    let log = access.log("identity.delete", "");
    access
        .store()
        .write(move |tx| {
            Box::pin(async move {
                let found = identities::find(tx.on(), project, &params.id.0).await?;
                let identity = found.ok_or(Kind::UserIdentityNotFound)?;
                identities::delete(tx, project, &identity).await?;
                let log = logs::Log { user_id: identity.user_id, ..log };
                logs::insert(tx, project, &log).await?;
                Ok::<_, Error>(())
            })
        })
        .await?;
    Ok(NoContent)
}
