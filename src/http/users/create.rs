//! Making users.

use axum::response::{IntoResponse as _, Response};

use crate::error::{Kind, Result};
use crate::http::access::{Access, scope};
use crate::http::new_user::{self, Draft};
use crate::http::params::Params;
use crate::http::reply::Created;
use crate::http::view;
use crate::params::{CustomId, Email, FromParams, NewPassword, Phone, Reader, Text};
use crate::store::users::User;

/// Parameters of `POST /v1/users`.
pub(super) struct Create {
    id: CustomId,
    email: Option<Email>,
    phone: Option<Phone>,
    password: Option<NewPassword>,
    name: Option<Text<1, 128>>,
}

impl FromParams for Create {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            id: reader.required("userId")?,
            email: reader.optional("email")?,
            phone: reader.optional("phone")?,
            password: reader
                .optional::<NewPassword>("password")?
                .map(|password| password.check("password", reader))
                .transpose()?,
            name: reader.optional("name")?,
        })
    }
}

/// `POST /v1/users`
pub(super) async fn create(access: Access<scope::UsersWrite>, Params(new): Params<Create>) -> Result<Response> {
    let password = new.password.map(|password| password.0.0);
    let draft = Draft {
        id: new.id,
        email: new.email.map(|email| email.0),
        phone: new.phone.map(|phone| phone.0),
        name: new.name.map(|name| name.0).unwrap_or_default(),
    };
    let draft = draft.named(&access, password.as_deref())?;
    let stored = match password {
        Some(password) => Some(access.app().hashing.hash(password.into_bytes()).await?),
        None => None,
    };
    store(&access, draft.with_password(&access, stored)).await
}

/// Stores a user and answers with it.
///
/// # Errors
/// 409 when the id, the email or the phone number is taken.
pub(super) async fn store(access: &Access<scope::UsersWrite>, user: User) -> Result<Response> {
    let (project, log) = (access.project_key(), access.log("user.create", &user.id));
    let work = access.store().write_at_once(move |tx| {
        Box::pin(async move { new_user::create(tx, project, user, &log, Kind::UserEmailAlreadyExists).await })
    });
    Ok(Created(view::User::of(&work.await?, &access.view)).into_response())
}
