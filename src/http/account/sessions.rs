//! The sessions of a user who is signed in.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};

use crate::error::{Kind, Result};
use crate::http::change::{Change, change};
use crate::http::limit::{By, Counted, HOUR, Limit, Limited};
use crate::http::list::total;
use crate::http::member::Member;
use crate::http::params::Params;
use crate::http::reply::{Json, NoContent};
use crate::http::site::Site;
use crate::http::view::{self, SessionList};
use crate::params::{Flag, FromParams, Reader, Uid};
use crate::store::sessions::{self, Session};

/// Parameters of the list.
pub(super) struct List {
    total: bool,
}

impl FromParams for List {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { total: total(reader)? })
    }
}

/// `GET /v1/account/sessions`: oldest first, at most 1,000, without those that have ended.
pub(super) async fn list(member: Member, Params(params): Params<List>) -> Result<Response> {
    let sessions = sessions::of(member.store().read(), member.project_key(), &member.user.id, member.now()).await?;
    let shown = sessions.iter().map(|session| shown(&member, session)).collect();
    Ok(Json(SessionList::new(shown, params.total)).into_response())
}

/// A session as its user sees it, or somebody who acts as the user.
fn shown<'a>(member: &Member, session: &'a Session) -> view::Session<'a> {
    let shown = view::Session::of(session, &member.view).current(member.is_current(&session.id));
    if member.impersonator.is_some() { shown.without_tokens() } else { shown }
}

/// Names one session.
#[derive(Debug)]
pub(super) struct One {
    id: Uid,
}

impl FromParams for One {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { id: reader.required("sessionId")? })
    }
}

impl One {
    /// The id of the session; `current` is that of the request.
    fn of(self, member: &Member) -> Result<String> {
        if self.id.0 == "current" { Ok(member.session()?.id.clone()) } else { Ok(self.id.0) }
    }
}

/// The session that a request names.
///
/// # Errors
/// 404 `user_session_not_found`, for one of another user too.
async fn find(member: &Member, id: &str) -> Result<Session> {
    let found = sessions::find(member.store().read(), member.project_key(), &member.user.id, id, member.now()).await?;
    found.ok_or_else(|| Kind::UserSessionNotFound.into())
}

/// `GET /v1/account/sessions/{sessionId}`
pub(super) async fn get(member: Member, Params(one): Params<One>) -> Result<Response> {
    let session = find(&member, &one.of(&member)?).await?;
    Ok(Json(shown(&member, &session)).into_response())
}

/// Names the session that is to live longer.
#[derive(Debug)]
pub(super) struct Longer(One);

impl FromParams for Longer {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        One::from_params(reader).map(Self)
    }
}

impl Limited for Longer {
    const LIMIT: Limit = Limit { name: "session extension", max: 10, window: HOUR, by: &[By::Address, By::User] };
}

/// `PATCH /v1/account/sessions/{sessionId}`: it lives again as long as a new one.
pub(super) async fn extend(Counted { who: member, params, .. }: Counted<Member, Longer>) -> Result<Response> {
    let id = params.0.of(&member)?;
    let mut session = find(&member, &id).await?;
    let lives = Duration::from_secs(member.project.settings.session_duration.into());
    (session.expire, session.updated_at) = (member.now().plus(lives), member.now());
    let extended = session.clone();
    change(&member, member.log("session.update", &member.user.id), move |Change { tx, project, .. }| {
        Box::pin(async move {
            match sessions::extend(tx, project, &extended).await? {
                true => Ok(()),
                false => Err(Kind::UserSessionNotFound.into()),
            }
        })
    })
    .await?;
    Ok(Json(shown(&member, &session)).into_response())
}

/// Names the session that is to end.
#[derive(Debug)]
pub(super) struct Ended(One);

impl FromParams for Ended {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        One::from_params(reader).map(Self)
    }
}

impl Limited for Ended {
    const LIMIT: Limit = Limit { name: "session end", max: 100, window: HOUR, by: &[By::Address, By::User] };
}

/// `DELETE /v1/account/sessions/{sessionId}`: signs out, here or elsewhere.
pub(super) async fn delete(
    site: Site,
    Counted { who: member, params, .. }: Counted<Member, Ended>,
) -> Result<Response> {
    let id = params.0.of(&member)?;
    let (ended, now) = (id.clone(), member.now());
    change(&member, member.log("session.delete", &member.user.id), move |Change { tx, project, user }| {
        Box::pin(async move {
            match sessions::delete(tx, project, &user.id, &ended, now).await? {
                true => Ok(()),
                false => Err(Kind::UserSessionNotFound.into()),
            }
        })
    })
    .await?;
    Ok(left(&site, &member, member.is_current(&id)))
}

/// Says which sessions are to end.
#[derive(Debug)]
pub(super) struct AllEnded {
    /// Whether that of the request ends too.
    current: bool,
}

impl FromParams for AllEnded {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { current: reader.optional::<Flag>("current")?.is_none_or(|flag| flag.0) })
    }
}

impl Limited for AllEnded {
    const LIMIT: Limit = Limit { name: "all sessions' end", max: 100, window: HOUR, by: &[By::Address, By::User] };
}

/// `DELETE /v1/account/sessions`: signs out everywhere, or everywhere else.
pub(super) async fn delete_all(
    site: Site,
    Counted { who: member, params, .. }: Counted<Member, AllEnded>,
) -> Result<Response> {
    let kept = if params.current { None } else { Some(member.session()?.id.clone()) };
    let leaves = kept.is_none() && member.session.is_some();
    change(&member, member.log("session.delete", &member.user.id), move |Change { tx, project, user }| {
        Box::pin(async move {
            match kept {
                Some(kept) => sessions::delete_others(tx, project, &user.id, &kept).await?,
                None => drop(sessions::delete_all(tx, project, &user.id).await?),
            }
            Ok(())
        })
    })
    .await?;
    Ok(left(&site, &member, leaves))
}

/// 204; whoever has left their own session loses the cookies.
fn left(site: &Site, member: &Member, own: bool) -> Response {
    let mut response = NoContent.into_response();
    if own {
        site.sign_out(response.headers_mut(), &member.project.id, member.now());
    }
    response
}
