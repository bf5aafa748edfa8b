//! Changing what is known of a user.

use axum::response::{IntoResponse as _, Response};

use super::{Change, change};
use crate::error::{Error, Kind, Result};
use crate::http::access::{Access, scope};
use crate::http::params::Params;
use crate::http::reply::Json;
use crate::http::view;
use crate::params::{Email, Flag, FromParams, Labels, OrEmpty, Param, Phone, Prefs, Reader, Text, Uid};
use crate::store::{self, Constraint, identities, users};

/// A user's id and one more parameter, which is called as the implementation of [`Named`] says.
pub(super) struct Set<T: Named> {
    id: Uid,
    value: T::Value,
}

/// A parameter with its name.
pub(super) trait Named {
    /// The name on the wire.
    const NAME: &'static str;
    /// Its type.
    type Value: Param;
}

impl<T: Named> FromParams for Set<T> {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { id: reader.required("userId")?, value: reader.required(T::NAME)? })
    }
}

macro_rules! named {
    ($($kind:ident $name:literal $value:ty;)*) => {$(
        pub(super) struct $kind;
        impl Named for $kind {
            const NAME: &'static str = $name;
            type Value = $value;
        }
    )*};
}

named! {
    NewName "name" Text<0, 128>;
    NewEmail "email" OrEmpty<Email>;
    NewPhone "number" OrEmpty<Phone>;
    NewLabels "labels" Labels;
    NewPrefs "prefs" Prefs;
    NewStatus "status" Flag;
    NewEmailVerification "emailVerification" Flag;
    NewPhoneVerification "phoneVerification" Flag;
}

type Write = Access<scope::UsersWrite>;

fn shown(access: &Write, user: &users::User) -> Response {
    Json(view::User::of(user, &access.view)).into_response()
}

/// `PATCH /v1/users/{userId}/name`
pub(super) async fn name(access: Write, Params(set): Params<Set<NewName>>) -> Result<Response> {
    let user = change(&access, &set.id.0, Some("user.update"), move |Change { tx, project, user, now }| {
        Box::pin(async move { Ok(users::set_name(tx, project, user, set.value.0, now).await?) })
    });
    Ok(shown(&access, &user.await?))
}

/// `PATCH /v1/users/{userId}/email`. The new address is unconfirmed; the empty text clears it.
pub(super) async fn email(access: Write, Params(set): Params<Set<NewEmail>>) -> Result<Response> {
    let user = change(&access, &set.id.0, Some("user.update"), move |Change { tx, project, user, now }| {
        Box::pin(async move {
            let email = set.value.0.map(|email| email.0);
            if let Some(email) = &email
                && identities::email_taken(tx.on(), project, email, &user.id).await?
            {
                let message = "An identity of another user has this email.";
                return Err(Error::new(Kind::UserEmailAlreadyExists, message));
            }
            users::set_email(tx, project, user, email, now).await.map_err(|error| match error {
                store::Error::Conflict(Constraint::UserEmail) => Kind::UserEmailAlreadyExists.into(),
                error => Error::from(error),
            })
        })
    });
    Ok(shown(&access, &user.await?))
}

/// `PATCH /v1/users/{userId}/phone`. The new number is unconfirmed; the empty text clears it.
pub(super) async fn phone(access: Write, Params(set): Params<Set<NewPhone>>) -> Result<Response> {
    let user = change(&access, &set.id.0, Some("user.update"), move |Change { tx, project, user, now }| {
        Box::pin(async move {
            let phone = set.value.0.map(|phone| phone.0);
            users::set_phone(tx, project, user, phone, now).await.map_err(|error| match error {
                store::Error::Conflict(Constraint::UserPhone) => Kind::UserPhoneAlreadyExists.into(),
                error => Error::from(error),
            })
        })
    });
    Ok(shown(&access, &user.await?))
}

/// `PUT /v1/users/{userId}/labels`
pub(super) async fn labels(access: Write, Params(set): Params<Set<NewLabels>>) -> Result<Response> {
    let labels = serde_json::Value::from(set.value.0).to_string();
    let user = change(&access, &set.id.0, Some("user.update"), move |Change { tx, project, user, now }| {
        Box::pin(async move { Ok(users::set_labels(tx, project, user, labels, now).await?) })
    });
    Ok(shown(&access, &user.await?))
}

/// `PATCH /v1/users/{userId}/prefs`: replaces them all, and answers with what is stored. Upstream does not log this one.
pub(super) async fn prefs(access: Write, Params(set): Params<Set<NewPrefs>>) -> Result<Response> {
    let user = change(&access, &set.id.0, Some("user.update"), move |Change { tx, project, user, now }| {
        Box::pin(async move { Ok(users::set_prefs(tx, project, user, set.value.0, now).await?) })
    });
    Ok(view::Prefs(user.await?.prefs).into_response())
}

/// `PATCH /v1/users/{userId}/status`: blocks or unblocks. Sessions stay.
pub(super) async fn status(access: Write, Params(set): Params<Set<NewStatus>>) -> Result<Response> {
    let user = change(&access, &set.id.0, Some("user.update"), move |Change { tx, project, user, now }| {
        Box::pin(async move { Ok(users::set_status(tx, project, user, set.value.0, now).await?) })
    });
    Ok(shown(&access, &user.await?))
}

/// `PATCH /v1/users/{userId}/verification`
pub(super) async fn email_verification(
    access: Write,
    Params(set): Params<Set<NewEmailVerification>>,
) -> Result<Response> {
    let user = change(&access, &set.id.0, Some("verification.update"), move |Change { tx, project, user, now }| {
        Box::pin(async move { Ok(users::set_email_verified(tx, project, user, set.value.0, now).await?) })
    });
    Ok(shown(&access, &user.await?))
}

/// `PATCH /v1/users/{userId}/verification/phone`
pub(super) async fn phone_verification(
    access: Write,
    Params(set): Params<Set<NewPhoneVerification>>,
) -> Result<Response> {
    let user = change(&access, &set.id.0, Some("verification.update"), move |Change { tx, project, user, now }| {
        Box::pin(async move { Ok(users::set_phone_verified(tx, project, user, set.value.0, now).await?) })
    });
    Ok(shown(&access, &user.await?))
}
