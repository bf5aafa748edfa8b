//! Passkeys of users: those that were verified. Here they are read, renamed and removed.

use axum::response::{IntoResponse as _, Response};

use crate::error::{Kind, Result};
use crate::http::access::{Access, scope};
use crate::http::call::Call;
use crate::http::change::{Change, change, find};
use crate::http::list::{ListParams, answer};
use crate::http::params::Params;
use crate::http::reply::{Json, NoContent};
use crate::http::view;
use crate::params::{FromParams, Reader, Text, Uid};
use crate::store::list::PASSKEYS;
use crate::store::passkeys::{self, Passkey};

/// Parameters of the list.
pub(super) struct List {
    user: Uid,
    list: ListParams,
}

impl FromParams for List {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { user: reader.required("userId")?, list: ListParams::without_search(reader, &PASSKEYS)? })
    }
}

/// `GET /v1/users/{userId}/passkeys`: oldest first.
pub(super) async fn list(access: Access<scope::UsersRead>, Params(params): Params<List>) -> Result<Response> {
    let user = find(&access, &params.user.0).await?;
    answer::<Passkey>(&access, params.list, Some(user.id)).await
}

/// Names a passkey.
pub(super) struct OnePasskey {
    user: Uid,
    id: Uid,
}

impl FromParams for OnePasskey {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { user: reader.required("userId")?, id: reader.required("passkeyId")? })
    }
}

/// The passkey that a request names.
///
/// # Errors
/// 404 `user_not_found`; 404 `user_passkey_not_found`, for one of another user too, and for one that is not verified.
async fn named(call: &Call, named: &OnePasskey) -> Result<Passkey> {
    let user = find(call, &named.user.0).await?;
    let found = passkeys::find(call.store().read(), call.project_key(), &user.id, &named.id.0).await?;
    found.ok_or_else(|| Kind::UserPasskeyNotFound.into())
}

/// `GET /v1/users/{userId}/passkeys/{passkeyId}`
pub(super) async fn get(access: Access<scope::UsersRead>, Params(params): Params<OnePasskey>) -> Result<Response> {
    let passkey = named(&access, &params).await?;
    Ok(Json(view::Passkey::of(&passkey)).into_response())
}

/// Parameters of a change.
pub(super) struct Rename {
    named: OnePasskey,
    name: Text<1, 128>,
}

impl FromParams for Rename {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { named: OnePasskey::from_params(reader)?, name: reader.required("name")? })
    }
}

/// `PATCH /v1/users/{userId}/passkeys/{passkeyId}`
pub(super) async fn rename(access: Access<scope::UsersWrite>, Params(new): Params<Rename>) -> Result<Response> {
    let mut passkey = named(&access, &new.named).await?;
    if passkey.name != new.name.0 {
        (passkey.name, passkey.updated_at) = (new.name.0, access.now());
    }
    let renamed = passkey.clone();
    change(&access, access.log("passkey.update", &passkey.user_id), move |Change { tx, project, .. }| {
        Box::pin(async move {
            match passkeys::rename(tx, project, &renamed).await? {
                true => Ok(()),
                false => Err(Kind::UserPasskeyNotFound.into()),
            }
        })
    })
    .await?;
    Ok(Json(view::Passkey::of(&passkey)).into_response())
}

/// `DELETE /v1/users/{userId}/passkeys/{passkeyId}`
pub(super) async fn delete(access: Access<scope::UsersWrite>, Params(named): Params<OnePasskey>) -> Result<NoContent> {
    change(&access, access.log("passkey.delete", &named.user.0), move |Change { tx, project, user }| {
        Box::pin(async move {
            match passkeys::delete(tx, project, &user.id, &named.id.0).await? {
                true => Ok(()),
                false => Err(Kind::UserPasskeyNotFound.into()),
            }
        })
    })
    .await?;
    Ok(NoContent)
}
