//! Sessions of users.

use super::row::record;
use super::{On, ProjectKey, Result, Tx, jobs, sql};
use crate::clock::Millis;

/// A session as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// When it began.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// When it ends.
    pub expire: Millis,
    /// How the user signed in: `email`, `anonymous`, an OAuth2 provider, …
    pub provider: String,
    /// The user's id at the provider.
    pub provider_uid: String,
    /// Sealed.
    pub provider_access_token: Option<Vec<u8>>,
    /// When the access token ends.
    pub provider_access_token_expiry: Option<Millis>,
    /// Sealed.
    pub provider_refresh_token: Option<Vec<u8>>,
    /// SHA-256 of the secret, in lower-case hexadecimal.
    pub digest: String,
    /// Address of the client.
    pub ip: String,
    /// User agent of the client.
    pub user_agent: String,
    /// JSON list of the factors that were shown.
    pub factors: String,
    /// When a second factor was last shown.
    pub mfa_updated_at: Option<Millis>,
}

record! {
    Session {
        id, user_id, created_at, updated_at, expire, provider, provider_uid, provider_access_token,
        provider_access_token_expiry, provider_refresh_token, digest, ip, user_agent, factors, mfa_updated_at,
    }
}

/// Sessions that a list shows at most.
const LIST_LIMIT: i64 = 1000;

macro_rules! columns {
    () => {
        "id, user_id, created_at, updated_at, expire, provider, provider_uid, provider_access_token, \
         provider_access_token_expiry, provider_refresh_token, digest, ip, user_agent, factors, mfa_updated_at"
    };
}

/// The sessions of a user that have not ended, oldest first, at most 1,000.
pub async fn of(on: On<'_>, project: ProjectKey, user: &str, now: Millis) -> Result<Vec<Session>> {
    sql(concat!(
        "SELECT ",
        columns!(),
        " FROM sessions WHERE project = $1 AND user_id = $2 AND expire > $3 ORDER BY seq LIMIT $4"
    ))
    .bind(project)
    .bind(user)
    .bind(now)
    .bind(LIST_LIMIT)
    .all(on)
    .await
}

/// All sessions that are stored of a user, oldest first, ended ones among them.
pub async fn stored(on: On<'_>, project: ProjectKey, user: &str) -> Result<Vec<Session>> {
    sql(concat!("SELECT ", columns!(), " FROM sessions WHERE project = $1 AND user_id = $2 ORDER BY seq"))
        .bind(project)
        .bind(user)
        .all(on)
        .await
}

/// The session of a user with this id, unless it has ended.
pub async fn find(on: On<'_>, project: ProjectKey, user: &str, id: &str, now: Millis) -> Result<Option<Session>> {
    sql(concat!(
        "SELECT ",
        columns!(),
        " FROM sessions WHERE project = $1 AND user_id = $2 AND id = $3 AND expire > $4"
    ))
    .bind(project)
    .bind(user)
    .bind(id)
    .bind(now)
    .optional(on)
    .await
}

/// The session whose secret has this digest, unless it has ended.
pub async fn find_by_digest(on: On<'_>, project: ProjectKey, digest: &str, now: Millis) -> Result<Option<Session>> {
    sql(concat!("SELECT ", columns!(), " FROM sessions WHERE project = $1 AND digest = $2 AND expire > $3"))
        .bind(project)
        .bind(digest)
        .bind(now)
        .optional(on)
        .await
}

/// The newest session of a user that has not ended.
pub async fn newest(on: On<'_>, project: ProjectKey, user: &str, now: Millis) -> Result<Option<Session>> {
    sql(concat!(
        "SELECT ",
        columns!(),
        " FROM sessions WHERE project = $1 AND user_id = $2 AND expire > $3 ORDER BY seq DESC LIMIT 1"
    ))
    .bind(project)
    .bind(user)
    .bind(now)
    .optional(on)
    .await
}

/// Moves the end of a session; `false` when it is gone.
pub async fn extend(tx: &mut Tx, project: ProjectKey, session: &Session) -> Result<bool> {
    let moved = sql("UPDATE sessions SET expire = $4, updated_at = $5 WHERE project = $1 AND user_id = $2 AND id = $3")
        .bind(project)
        .bind(&session.user_id)
        .bind(&session.id)
        .bind(session.expire)
        .bind(session.updated_at)
        .execute(tx.on())
        .await?;
    Ok(moved > 0)
}

/// Removes the oldest sessions of a user, but for the `keep` newest. Ended ones do not count and stay.
pub async fn trim(tx: &mut Tx, project: ProjectKey, user: &str, keep: u8, now: Millis) -> Result<()> {
    sql("DELETE FROM sessions WHERE project = $1 AND user_id = $2 AND expire > $4 AND seq NOT IN \
         (SELECT seq FROM sessions WHERE project = $1 AND user_id = $2 AND expire > $4 ORDER BY seq DESC LIMIT $3)")
    .bind(project)
    .bind(user)
    .bind(i64::from(keep))
    .bind(now)
    .execute(tx.on())
    .await
    .map(drop)
}

/// Removes the sessions of a user, but for one.
pub async fn delete_others(tx: &mut Tx, project: ProjectKey, user: &str, kept: &str) -> Result<()> {
    sql("DELETE FROM sessions WHERE project = $1 AND user_id = $2 AND id <> $3")
        .bind(project)
        .bind(user)
        .bind(kept)
        .execute(tx.on())
        .await
        .map(drop)
}

/// Stores a session.
pub async fn insert(tx: &mut Tx, project: ProjectKey, session: &Session) -> Result<()> {
    sql("INSERT INTO sessions (project, id, user_id, created_at, updated_at, expire, provider, provider_uid, \
         provider_access_token, provider_access_token_expiry, provider_refresh_token, digest, ip, user_agent, \
         factors, mfa_updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)")
    .bind(project)
    .bind(&session.id)
    .bind(&session.user_id)
    .bind(session.created_at)
    .bind(session.updated_at)
    .bind(session.expire)
    .bind(&session.provider)
    .bind(&session.provider_uid)
    .bind(session.provider_access_token.clone())
    .bind(session.provider_access_token_expiry)
    .bind(session.provider_refresh_token.clone())
    .bind(&session.digest)
    .bind(&session.ip)
    .bind(&session.user_agent)
    .bind(&session.factors)
    .bind(session.mfa_updated_at)
    .execute(tx.on())
    .await
    .map(drop)
}

/// Removes one session of a user; `false` when the user has none with this id that has not ended.
pub async fn delete(tx: &mut Tx, project: ProjectKey, user: &str, id: &str, now: Millis) -> Result<bool> {
    let removed = sql("DELETE FROM sessions WHERE project = $1 AND user_id = $2 AND id = $3 AND expire > $4")
        .bind(project)
        .bind(user)
        .bind(id)
        .bind(now)
        .execute(tx.on())
        .await?;
    Ok(removed > 0)
}

/// Removes all sessions of a user; how many there were.
pub async fn delete_all(tx: &mut Tx, project: ProjectKey, user: &str) -> Result<u64> {
    sql("DELETE FROM sessions WHERE project = $1 AND user_id = $2").bind(project).bind(user).execute(tx.on()).await
}

/// Removes sessions that have ended, at most [`jobs::BATCH`] of them; how many those were.
pub async fn delete_ended(tx: &mut Tx, project: ProjectKey, now: Millis) -> Result<u64> {
    jobs::remove_batch(tx, jobs::ended!("sessions", "seq", "expire"), project, now).await
}
