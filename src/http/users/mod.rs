//! The Users service: its routes, and what several of them share.

mod attributes;
mod create;
mod crud;
mod identities;
mod import;
mod logs;
mod memberships;
mod password;
mod sessions;

use super::access::Access;
use super::routes::Routes;
use crate::error::{Error, Kind, Result};
use crate::params::{FromParams, Reader, Uid};
use crate::store::logs::Log;
use crate::store::users::{self, User};
use crate::store::{self, Constraint, ProjectKey, Tx, Work};

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/v1/users", crud::list)
        .post("/v1/users", create::create)
        .post("/v1/users/argon2", import::argon2)
        .post("/v1/users/bcrypt", import::bcrypt)
        .post("/v1/users/md5", import::md5)
        .post("/v1/users/phpass", import::phpass)
        .post("/v1/users/scrypt", import::scrypt)
        .post("/v1/users/scrypt-modified", import::scrypt_modified)
        .post("/v1/users/sha", import::sha)
        .get("/v1/users/identities", identities::list)
        .delete("/v1/users/identities/{identityId}", identities::delete)
        .get("/v1/users/{userId}", crud::get)
        .delete("/v1/users/{userId}", crud::delete)
        .patch("/v1/users/{userId}/email", attributes::email)
        .put("/v1/users/{userId}/labels", attributes::labels)
        .get("/v1/users/{userId}/logs", logs::list)
        .get("/v1/users/{userId}/memberships", memberships::list)
        .patch("/v1/users/{userId}/name", attributes::name)
        .patch("/v1/users/{userId}/password", password::update)
        .patch("/v1/users/{userId}/phone", attributes::phone)
        .get("/v1/users/{userId}/prefs", crud::prefs)
        .patch("/v1/users/{userId}/prefs", attributes::prefs)
        .get("/v1/users/{userId}/sessions", sessions::list)
        .delete("/v1/users/{userId}/sessions", sessions::delete_all)
        .delete("/v1/users/{userId}/sessions/{sessionId}", sessions::delete)
        .patch("/v1/users/{userId}/status", attributes::status)
        .patch("/v1/users/{userId}/verification", attributes::email_verification)
        .patch("/v1/users/{userId}/verification/phone", attributes::phone_verification)
}

/// The parameters of a route that only names a user.
#[derive(Debug)]
struct OneUser {
    id: Uid,
}

impl FromParams for OneUser {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { id: reader.required("userId")? })
    }
}

/// The user with this id.
///
/// # Errors
/// 404 `user_not_found`.
async fn find<S>(access: &Access<S>, id: &str) -> Result<User> {
    users::find(access.store().read(), access.project_key(), id).await?.ok_or_else(|| Kind::UserNotFound.into())
}

/// A user who is being changed, inside the transaction of the change. What `user` holds in the end is stored.
struct Change<'t> {
    tx: &'t mut Tx,
    project: ProjectKey,
    user: &'t mut User,
}

/// Changes one user: nobody else changes it meanwhile, and the log tells of it in the same transaction.
///
/// # Errors
/// 404 `user_not_found`, 409 when another user has the email or phone number, and those of `work`.
async fn change<S, F>(access: &Access<S>, log: Log, work: F) -> Result<User>
where
    F: for<'t> FnOnce(Change<'t>) -> Work<'t, Result<()>> + Send + 'static,
{
    let (project, now) = (access.project_key(), access.now());
    access
        .store()
        .write(move |tx| {
            Box::pin(async move {
                let before = users::lock(tx, project, &log.user_id).await?.ok_or(Kind::UserNotFound)?;
                let mut user = before.clone();
                work(Change { tx: &mut *tx, project, user: &mut user }).await?;
                users::save(tx, project, &before, &mut user, now).await.map_err(taken_by_another)?;
                store::logs::insert(tx, project, &log).await?;
                Ok(user)
            })
        })
        .await
}

/// Changes fields of one user.
///
/// # Errors
/// As [`change`].
async fn set<S>(access: &Access<S>, log: Log, set: impl FnOnce(&mut User) + Send + 'static) -> Result<User> {
    change(access, log, |change| {
        set(change.user);
        Box::pin(std::future::ready(Ok(())))
    })
    .await
}

/// Says which of a user's unique fields is taken, when a change meets one.
fn taken_by_another(error: store::Error) -> Error {
    match error {
        store::Error::Conflict(Constraint::UserEmail) => Kind::UserEmailAlreadyExists.into(),
        store::Error::Conflict(Constraint::UserPhone) => Kind::UserPhoneAlreadyExists.into(),
        other => other.into(),
    }
}

/// Says which of a user's unique fields is taken, when a new user meets one.
fn taken(error: store::Error) -> Error {
    let field = match error {
        store::Error::Conflict(Constraint::UserId) => "id",
        store::Error::Conflict(Constraint::UserEmail) => "email",
        store::Error::Conflict(Constraint::UserPhone) => "phone number",
        other => return other.into(),
    };
    Error::new(Kind::UserAlreadyExists, format!("A user with this {field} exists already in the project."))
}
