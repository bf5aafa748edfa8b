//! Callers without an API key: who is signed in, and who need not be.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::access::{key_of, missing_scope};
use super::call::{Actor, Call};
use super::client;
use super::credentials::Credentials;
use super::gate::Settled;
use super::impersonation;
use super::openapi::{self, Caller, Part};
use crate::access::Scope;
use crate::app::App;
use crate::clock::Millis;
use crate::error::{Error, Kind, Result};
use crate::request_id;
use crate::secret::digest;
use crate::store::projects::Project;
use crate::store::sessions::{self, Session};
use crate::store::users::{self, User};

/// How often it is written down that a user was seen.
const TOUCHED: Duration = Duration::from_secs(24 * 60 * 60);

/// A user who is signed in.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) user: User,
    /// The session; none when a token (JWT) said who it is.
    pub(super) session: Option<Session>,
}

/// A user who is signed in, and what a handler needs to serve the request. API keys are nobody's session.
#[derive(Debug)]
pub(super) struct Member {
    call: Call,
    /// The user as the request found them.
    pub(super) user: User,
    /// The session; none when a token (JWT) said who it is, and for who acts as another.
    pub(super) session: Option<Session>,
    /// The id of the caller, who acts as another; then `user` is that other one.
    pub(super) impersonator: Option<String>,
}

impl Deref for Member {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}

impl Part for Member {
    fn describe(parts: &mut openapi::Parts) {
        parts.by(Caller::Member);
    }
}

impl FromRequestParts<Arc<App>> for Member {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let key = client::text(&parts.headers, &client::KEY);
        let project = project_of(parts, key.is_some())?;
        if let Some(secret) = key {
            key_of(app, &project, &secret).await?;
            let caller = format!("app.{}@service (role: applications)", project.id);
            return Err(missing_scope(&caller, "[\"account\"]", " An API key has no account; sign in as a user."));
        }
        let Some(SignedIn { user, session }) = signed_in(parts, app, &project).await? else {
            return Err(signed_out());
        };
        let call = Call::new(parts, app, project, Actor::user(&user, session.as_ref()));
        if let Some(other) = impersonation::wanted(parts, &user)? {
            let other = Box::pin(other.find(app, &call.project)).await?;
            return Ok(Self { call, user: other, session: None, impersonator: Some(user.id) });
        }
        touch(app, &call.project, &user);
        Ok(Self { call, user, session, impersonator: None })
    }
}

impl Member {
    /// The session of this request.
    ///
    /// # Errors
    /// 404 `user_session_not_found` when a token said who the user is.
    pub(super) fn session(&self) -> Result<&Session> {
        self.session.as_ref().ok_or_else(|| Kind::UserSessionNotFound.into())
    }

    /// Whether this is the session of this request.
    pub(super) fn is_current(&self, id: &str) -> bool {
        self.session.as_ref().is_some_and(|session| session.id == id)
    }
}

/// The error for a caller who would have to be signed in.
pub(super) fn signed_out() -> Error {
    let advice = " Sign in first: no session that is valid came with the request.";
    missing_scope("User (role: guests)", "[\"account\"]", advice)
}

/// Anybody who may sign up and sign in: strangers, users, and API keys with `sessions.write`.
#[derive(Debug)]
pub(super) struct Visitor {
    call: Call,
    signed_in: bool,
}

impl Deref for Visitor {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}

impl Part for Visitor {
    fn describe(parts: &mut openapi::Parts) {
        parts.by(Caller::Visitor);
    }
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let key = client::text(&parts.headers, &client::KEY);
        let project = project_of(parts, key.is_some())?;
        if let Some(secret) = key {
            let key = key_of(app, &project, &secret).await?;
            if !key.allows(&[Scope::SessionsWrite]) {
                let caller = format!("app.{}@service (role: applications)", project.id);
                return Err(missing_scope(&caller, "[\"sessions.write\"]", " Use a key that has it."));
            }
            return Ok(Self { call: Call::new(parts, app, project, Actor::Key(key)), signed_in: false });
        }
        let known = signed_in(parts, app, &project).await?;
        if let Some(known) = &known {
            // Who signs up or in does not read, so whoever wants to act as another is refused here.
            impersonation::wanted(parts, &known.user)?;
        }
        let actor = known.as_ref().map_or(Actor::Guest, |known| Actor::user(&known.user, known.session.as_ref()));
        Ok(Self { call: Call::new(parts, app, project, actor), signed_in: known.is_some() })
    }
}

impl Visitor {
    /// Refuses who is signed in already.
    ///
    /// # Errors
    /// 401 `user_session_already_exists`.
    pub(super) fn alone(self) -> Result<Self> {
        if self.signed_in { Err(Kind::UserSessionAlreadyExists.into()) } else { Ok(self) }
    }
}

/// The project of the request.
///
/// # Errors
/// When it names none: 404 `project_not_found`, and for whoever shows a key the same as from the other services.
fn project_of(parts: &Parts, with_key: bool) -> Result<Arc<Project>> {
    match parts.extensions.get::<Settled>() {
        Some(Settled::Project(project)) => Ok(Arc::clone(project)),
        Some(Settled::Console) if with_key => Err(Kind::Unauthorized.into()),
        _ if with_key => Err(Kind::ProjectIdMissing.into()),
        _ => Err(Kind::ProjectNotFound.into()),
    }
}

/// Who is signed in, by the credentials that the gate has found.
///
/// # Errors
/// 403 `user_jwt_and_cookie_set` when a session and a token are valid, 403 `user_blocked`.
pub(super) async fn signed_in(parts: &Parts, app: &Arc<App>, project: &Project) -> Result<Option<SignedIn>> {
    let Some(credentials) = parts.extensions.get::<Credentials>() else { return Ok(None) };
    let by_session = by_session(app, project, credentials).await?;
    let found = match &credentials.token {
        Some(_) if by_session.is_some() => return Err(Kind::JwtAndCookieSet.into()),
        Some(_) => by_token(app, project, credentials).await?,
        None => by_session,
    };
    match found {
        Some(known) if !known.user.status => Err(Kind::UserBlocked.into()),
        found => Ok(found),
    }
}

async fn by_session(app: &App, project: &Project, credentials: &Credentials) -> Result<Option<SignedIn>> {
    let Some(shown) = &credentials.session else { return Ok(None) };
    let session =
        sessions::find_by_digest(app.store.read(), project.key, &digest(&shown.secret), app.clock.now()).await?;
    let Some(session) = session.filter(|session| session.user_id == shown.user) else {
        return Ok(None);
    };
    let user = app.store.user(project.key, &shown.user).await?;
    Ok(user.map(|user| SignedIn { user, session: Some(session) }))
}

/// A token ends with its session.
async fn by_token(app: &App, project: &Project, credentials: &Credentials) -> Result<Option<SignedIn>> {
    let Some(claims) = &credentials.token else { return Ok(None) };
    if !claims.session_id.is_empty() {
        let (store, now) = (app.store.read(), app.clock.now());
        if sessions::find(store, project.key, &claims.user_id, &claims.session_id, now).await?.is_none() {
            return Ok(None);
        }
    }
    let user = app.store.user(project.key, &claims.user_id).await?;
    Ok(user.map(|user| SignedIn { user, session: None }))
}

/// Whether it is time to write down that a user was seen.
pub(super) fn is_due(user: &User, now: Millis) -> bool {
    user.accessed_at.is_none_or(|at| at.plus(TOUCHED) <= now)
}

/// Writes down that a user was seen, at most once a day.
fn touch(app: &Arc<App>, project: &Project, user: &User) {
    let now = app.clock.now();
    if !is_due(user, now) {
        return;
    }
    let (app, project, id) = (Arc::clone(app), project.key, user.id.clone());
    // Nobody waits for this, and a request does not fail when it fails.
    let background = app.background.clone();
    background.spawn(request_id::carried(async move {
        let touched = app.store.write(move |tx| {
            Box::pin(async move {
                let Some(before) = users::lock(tx, project, &id).await?.filter(|user| is_due(user, now)) else {
                    return Ok(());
                };
                let mut user = User { accessed_at: Some(now), ..before.clone() };
                users::save(tx, project, &before, &mut user, now, None).await
            })
        });
        if let Err(error) = touched.await {
            let request_id = request_id::current();
            tracing::warn!(%error, request_id = request_id.as_deref(), "the last access of a user could not be written down");
        }
    }));
}
