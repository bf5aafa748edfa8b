//! Changing a password by an API key, which need not know the old one.

use axum::response::{IntoResponse as _, Response};

use crate::error::Result;
use crate::http::access::{Access, scope};
use crate::http::new_password::set_password;
use crate::http::params::Params;
use crate::http::reply::Json;
use crate::http::view;
use crate::params::{FromParams, NewPassword, OrEmpty, Reader, Uid};

/// Parameters.
pub(super) struct Update {
    id: Uid,
    password: Option<NewPassword>,
}

impl FromParams for Update {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        let id = reader.required("userId")?;
        let password: OrEmpty<NewPassword> = reader.required("password")?;
        Ok(Self { id, password: password.0.map(|password| password.check("password", reader)).transpose()? })
    }
}

/// `PATCH /v1/users/{userId}/password`. The empty text takes the password away. The user's sessions end, unless the
/// project keeps them.
pub(super) async fn update(access: Access<scope::UsersWrite>, Params(new): Params<Update>) -> Result<Response> {
    let user = set_password(&access, &new.id.0, new.password, None).await?;
    Ok(Json(view::User::of(&user, &access.view)).into_response())
}
