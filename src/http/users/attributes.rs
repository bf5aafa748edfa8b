//! Changing what is known of a user.

use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use crate::error::{Error, Kind, Result};
use crate::http::access::{Access, scope};
use crate::http::change::{Change, change, set};
use crate::http::params::Params;
use crate::http::reply::Json;
use crate::http::view;
use crate::params::{Email, Flag, FromParams, Labels, OrEmpty, Param, Phone, Prefs, Reader, Text, Uid};
use crate::store::identities;
use crate::store::users::User;

/// A user's id and one more parameter, which is called as the implementation of [`Named`] says.
pub(super) struct Set<T: Named> {
    id: Uid,
    value: T::Param,
}

/// A parameter with its name.
pub(super) trait Named {
    /// The name on the wire.
    const NAME: &'static str;
    /// Its type.
    type Param: Param;
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
            type Param = $value;
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
    NewMfa "mfa" Flag;
    NewImpersonator "impersonator" Flag;
    NewEmailVerification "emailVerification" Flag;
    NewPhoneVerification "phoneVerification" Flag;
}

type Write = Access<scope::UsersWrite>;

fn shown(access: &Write, user: &User) -> Response {
    Json(view::User::of(user, &access.view)).into_response()
}

/// `PATCH /v1/users/{userId}/name`
pub(super) async fn name(access: Write, Params(new): Params<Set<NewName>>) -> Result<Response> {
    let log = access.log("user.update", &new.id.0);
    let user = set(&access, log, move |user| user.name.clone_from(&new.value.0)).await?;
    Ok(shown(&access, &user))
}

/// `PATCH /v1/users/{userId}/email`. The new address is unconfirmed; the empty text clears it.
pub(super) async fn email(access: Write, Params(new): Params<Set<NewEmail>>) -> Result<Response> {
    let log = access.log("user.update", &new.id.0);
    let user = change(&access, log, |Change { tx, project, user }| {
        Box::pin(async move {
            user.email = new.value.0.map(|email| email.0);
            user.email_verified = false;
            match &user.email {
                Some(email) if identities::email_taken(tx.on(), project, email, &user.id).await? => {
                    Err(Error::new(Kind::UserEmailAlreadyExists, "An identity of another user has this email."))
                }
                _ => Ok(()),
            }
        })
    });
    Ok(shown(&access, &user.await?))
}

/// `PATCH /v1/users/{userId}/phone`. The new number is unconfirmed; the empty text clears it.
pub(super) async fn phone(access: Write, Params(new): Params<Set<NewPhone>>) -> Result<Response> {
    let log = access.log("user.update", &new.id.0);
    let phone = new.value.0.map(|phone| phone.0);
    let user = set(&access, log, move |user| {
        user.phone.clone_from(&phone);
        user.phone_verified = false;
    });
    Ok(shown(&access, &user.await?))
}

/// `PUT /v1/users/{userId}/labels`
pub(super) async fn labels(access: Write, Params(new): Params<Set<NewLabels>>) -> Result<Response> {
    let log = access.log("user.update", &new.id.0);
    let labels = Value::from(new.value.0).to_string();
    let user = set(&access, log, move |user| user.labels.clone_from(&labels)).await?;
    Ok(shown(&access, &user))
}

/// `PATCH /v1/users/{userId}/prefs`: replaces them all, and answers with what is stored. Upstream does not log this one.
pub(super) async fn prefs(access: Write, Params(new): Params<Set<NewPrefs>>) -> Result<view::Prefs> {
    let log = access.log("user.update", &new.id.0);
    let user = set(&access, log, move |user| user.prefs.clone_from(&new.value.0)).await?;
    Ok(view::Prefs(user.prefs))
}

/// `PATCH /v1/users/{userId}/status`: blocks or unblocks. Sessions stay.
pub(super) async fn status(access: Write, Params(new): Params<Set<NewStatus>>) -> Result<Response> {
    let log = access.log("user.update", &new.id.0);
    let user = set(&access, log, move |user| user.status = new.value.0).await?;
    Ok(shown(&access, &user))
}

/// `PATCH /v1/users/{userId}/mfa`: whether a second factor is asked for.
pub(super) async fn mfa(access: Write, Params(new): Params<Set<NewMfa>>) -> Result<Response> {
    let log = access.log("user.update", &new.id.0);
    let user = set(&access, log, move |user| user.mfa = new.value.0).await?;
    Ok(shown(&access, &user))
}

/// `PATCH /v1/users/{userId}/impersonator`: whether the user may act as others, and read their accounts.
pub(super) async fn impersonator(access: Write, Params(new): Params<Set<NewImpersonator>>) -> Result<Response> {
    let log = access.log("user.update", &new.id.0);
    let user = set(&access, log, move |user| user.impersonator = new.value.0).await?;
    Ok(shown(&access, &user))
}

/// `PATCH /v1/users/{userId}/verification`
pub(super) async fn email_verification(
    access: Write,
    Params(new): Params<Set<NewEmailVerification>>,
) -> Result<Response> {
    let log = access.log("verification.update", &new.id.0);
    let user = set(&access, log, move |user| user.email_verified = new.value.0).await?;
    Ok(shown(&access, &user))
}

/// `PATCH /v1/users/{userId}/verification/phone`
pub(super) async fn phone_verification(
    access: Write,
    Params(new): Params<Set<NewPhoneVerification>>,
) -> Result<Response> {
    let log = access.log("verification.update", &new.id.0);
    let user = set(&access, log, move |user| user.phone_verified = new.value.0).await?;
    Ok(shown(&access, &user))
}
