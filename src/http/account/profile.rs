//! What users see and change of themselves without a password.

use axum::response::{IntoResponse as _, Response};

use crate::error::Result;
use crate::http::change::set;
use crate::http::member::Member;
use crate::http::params::Params;
use crate::http::reply::Json;
use crate::http::site::Site;
use crate::http::view;
use crate::params::{FromParams, Prefs, Reader, Text};
use crate::store::users::User;

/// The account as its owner sees it.
pub(super) fn shown(member: &Member, user: &User) -> Response {
    Json(view::User::account(user, &member.view).seen_by(member.impersonator.as_deref())).into_response()
}

/// `GET /v1/account`
pub(super) async fn get(member: Member) -> Response {
    shown(&member, &member.user)
}

/// `GET /v1/account/prefs`
pub(super) async fn prefs(member: Member) -> view::Prefs {
    view::Prefs(member.user.prefs)
}

/// A name, which may be empty.
pub(super) struct NewName(Text<0, 128>);

impl FromParams for NewName {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        reader.required("name").map(Self)
    }
}

/// `PATCH /v1/account/name`
pub(super) async fn set_name(member: Member, Params(NewName(name)): Params<NewName>) -> Result<Response> {
    let log = member.log("user.update", &member.user.id);
    let user = set(&member, log, move |user| user.name.clone_from(&name.0)).await?;
    Ok(shown(&member, &user))
}

/// Preferences.
pub(super) struct NewPrefs(Prefs);

impl FromParams for NewPrefs {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        reader.required("prefs").map(Self)
    }
}

/// `PATCH /v1/account/prefs`: replaces them all, and answers with the whole account.
pub(super) async fn set_prefs(member: Member, Params(NewPrefs(prefs)): Params<NewPrefs>) -> Result<Response> {
    let log = member.log("user.update", &member.user.id);
    let user = set(&member, log, move |user| user.prefs.clone_from(&prefs.0)).await?;
    Ok(shown(&member, &user))
}

/// `PATCH /v1/account/status`: users block themselves, which only an API key can undo. Sessions stay and are of no use.
pub(super) async fn block(site: Site, member: Member) -> Result<Response> {
    let log = member.log("user.update", &member.user.id);
    let user = set(&member, log, |user| user.status = false).await?;
    let mut response = shown(&member, &user);
    site.sign_out(response.headers_mut(), &member.project.id, member.now());
    Ok(response)
}
