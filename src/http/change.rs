//! Finding and changing one user: nobody else changes the user meanwhile, and the activity log tells of it in the same
//! transaction.

use super::call::{Actor, Call};
use super::member::signed_out;
use crate::clock::Millis;
use crate::error::{Error, Kind, Result};
use crate::store::logs::Log;
use crate::store::users::{self, User};
use crate::store::{self, Constraint, Engine, ProjectKey, Tx, Work, sessions};

/// The user with this id.
///
/// # Errors
/// 404 `user_not_found`.
pub(super) async fn find(call: &Call, id: &str) -> Result<User> {
    call.store().user(call.project_key(), id).await?.ok_or_else(|| Kind::UserNotFound.into())
}

/// A user who is being changed, inside the transaction of the change. What `user` holds in the end is stored.
pub(super) struct Change<'t> {
    pub(super) tx: &'t mut Tx,
    pub(super) project: ProjectKey,
    pub(super) user: &'t mut User,
}

/// Changes one user: nobody else changes it meanwhile, and the log tells of it in the same transaction.
///
/// # Errors
/// 404 `user_not_found`, 409 when another user has the email or phone number, and those of `work`.
pub(super) async fn change<F>(call: &Call, log: Log, work: F) -> Result<User>
where
    F: for<'t> FnOnce(Change<'t>) -> Work<'t, Result<()>> + Send + 'static,
{
    let (project, now, actor) = (call.project_key(), call.now(), call.actor.clone());
    call.store()
        .write(move |tx| {
            Box::pin(async move {
                let before = users::lock(tx, project, &log.user_id).await?.ok_or(Kind::UserNotFound)?;
                still_in(tx, project, &before, &actor, now).await?;
                let mut user = before.clone();
                work(Change { tx: &mut *tx, project, user: &mut user }).await?;
                users::save(tx, project, &before, &mut user, now, Some(&log)).await.map_err(taken_by_another)?;
                Ok(user)
            })
        })
        .await
}

/// Sees to it that users who change themselves may do so still: between their coming and this they may have been blocked
/// or signed out.
///
/// # Errors
/// 403 `user_blocked`; 401 when the session is gone.
async fn still_in(tx: &mut Tx, project: ProjectKey, user: &User, actor: &Actor, now: Millis) -> Result<()> {
    let Actor::User { session, .. } = actor else { return Ok(()) };
    if !user.status {
        return Err(Kind::UserBlocked.into());
    }
    match session {
        Some(id) if sessions::find(tx.on(), project, &user.id, id, now).await?.is_none() => Err(signed_out()),
        _ => Ok(()),
    }
}

/// Changes fields of one user.
///
/// # Errors
/// As [`change`].
pub(super) async fn set(call: &Call, log: Log, set: impl Fn(&mut User) + Send + 'static) -> Result<User> {
    // Users who change themselves have to be signed in still, which takes a look inside a transaction.
    if call.by_key()
        && call.store().engine() == Engine::Postgres
        && let Some(user) = set_at_once(call, &log, &set).await?
    {
        return Ok(user);
    }
    change(call, log, move |change| {
        set(change.user);
        Box::pin(std::future::ready(Ok(())))
    })
    .await
}

/// Reads the user and stores the change if the user is then still as read: half the round trips of a lock.
async fn set_at_once(call: &Call, log: &Log, set: &impl Fn(&mut User)) -> Result<Option<User>> {
    let (project, now, log) = (call.project_key(), call.now(), log.clone());
    let before = find(call, &log.user_id).await?;
    let mut user = before.clone();
    set(&mut user);
    let stored = call.store().write_at_once(move |tx| {
        Box::pin(async move {
            let stored = users::save_at_once(tx, project, &before, &mut user, now, &log).await;
            Ok(stored.map_err(taken_by_another)?.then_some(user))
        })
    });
    stored.await
}

/// Says which of a user's unique fields is taken, when a change meets one.
pub(super) fn taken_by_another(error: store::Error) -> Error {
    match error {
        store::Error::Conflict(Constraint::UserEmail) => Kind::UserEmailAlreadyExists.into(),
        store::Error::Conflict(Constraint::UserPhone) => Kind::UserPhoneAlreadyExists.into(),
        store::Error::Conflict(Constraint::TargetId) => {
            Error::new(Kind::UserTargetAlreadyExists, "A target with this id exists already in the project.")
        }
        store::Error::Conflict(Constraint::TargetIdentifier) => {
            let message = "A messaging target has this identifier, email or phone number already.";
            Error::new(Kind::UserTargetAlreadyExists, message)
        }
        other => other.into(),
    }
}

/// Says which of a user's unique fields is taken, when a new user meets one.
pub(super) fn taken(error: store::Error) -> Error {
    let field = match error {
        store::Error::Conflict(Constraint::UserId) => "id",
        store::Error::Conflict(Constraint::UserEmail) => "email",
        store::Error::Conflict(Constraint::UserPhone) => "phone number",
        store::Error::Conflict(Constraint::TargetIdentifier) => {
            let message = "A messaging target of another user has this email or phone number.";
            return Error::new(Kind::UserTargetAlreadyExists, message);
        }
        other => return other.into(),
    };
    Error::new(Kind::UserAlreadyExists, format!("A user with this {field} exists already in the project."))
}
