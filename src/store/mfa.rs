//! Second factors of users: recovery codes, authenticators and challenges. What they hold is sealed.

use super::row::record;
use super::{On, ProjectKey, Result, Tx, jobs, sql};
use crate::clock::Millis;

/// The recovery codes of a user, a JSON list, sealed; none when none were made.
pub async fn recovery_codes(on: On<'_>, project: ProjectKey, user: &str) -> Result<Option<Vec<u8>>> {
    let row: Option<(Vec<u8>,)> = sql("SELECT codes FROM recovery_codes WHERE project = $1 AND user_id = $2")
        .bind(project)
        .bind(user)
        .optional(on)
        .await?;
    Ok(row.map(|(codes,)| codes))
}

/// Stores the first recovery codes of a user; `false`, and nothing is stored, when there are some.
pub async fn add_recovery_codes(
    tx: &mut Tx,
    project: ProjectKey,
    user: &str,
    codes: Vec<u8>,
    now: Millis,
) -> Result<bool> {
    let added = sql("INSERT INTO recovery_codes (project, user_id, created_at, updated_at, codes) \
         VALUES ($1, $2, $3, $3, $4) ON CONFLICT (project, user_id) DO NOTHING")
    .bind(project)
    .bind(user)
    .bind(now)
    .bind(codes)
    .execute(tx.on())
    .await?;
    Ok(added > 0)
}

/// Replaces the recovery codes of a user; `false` when there are none.
pub async fn replace_recovery_codes(
    tx: &mut Tx,
    project: ProjectKey,
    user: &str,
    codes: Vec<u8>,
    now: Millis,
) -> Result<bool> {
    let replaced = sql("UPDATE recovery_codes SET updated_at = $3, codes = $4 WHERE project = $1 AND user_id = $2")
        .bind(project)
        .bind(user)
        .bind(now)
        .bind(codes)
        .execute(tx.on())
        .await?;
    Ok(replaced > 0)
}

/// Whether a user has an authenticator of this type that was verified.
pub async fn has_verified(on: On<'_>, project: ProjectKey, user: &str, kind: &str) -> Result<bool> {
    let row: Option<(bool,)> =
        sql("SELECT verified FROM authenticators WHERE project = $1 AND user_id = $2 AND type = $3")
            .bind(project)
            .bind(user)
            .bind(kind)
            .optional(on)
            .await?;
    Ok(row.is_some_and(|(verified,)| verified))
}

/// Removes the authenticator of a user of this type; `false` when there is none.
pub async fn delete_authenticator(tx: &mut Tx, project: ProjectKey, user: &str, kind: &str) -> Result<bool> {
    let removed = sql("DELETE FROM authenticators WHERE project = $1 AND user_id = $2 AND type = $3")
        .bind(project)
        .bind(user)
        .bind(kind)
        .execute(tx.on())
        .await?;
    Ok(removed > 0)
}

/// A code that a user is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Its id.
    pub id: String,
    /// Who is asked.
    pub user_id: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends.
    pub expire: Millis,
    /// Sealed.
    pub code: Vec<u8>,
}

record! {
    Challenge {
        id, user_id, created_at, expire, code,
    }
}

/// The challenge of a user with this id, for this factor, that has not ended.
pub async fn challenge(
    on: On<'_>,
    project: ProjectKey,
    user: &str,
    id: &str,
    factor: &str,
    now: Millis,
) -> Result<Option<Challenge>> {
    sql("SELECT id, user_id, created_at, expire, code FROM challenges \
         WHERE project = $1 AND id = $2 AND user_id = $3 AND factor = $4 AND expire > $5")
    .bind(project)
    .bind(id)
    .bind(user)
    .bind(factor)
    .bind(now)
    .optional(on)
    .await
}

/// Removes challenges that have ended, at most [`jobs::BATCH`] of them; how many those were.
pub async fn delete_ended(tx: &mut Tx, project: ProjectKey, now: Millis) -> Result<u64> {
    jobs::remove_batch(tx, jobs::ended!("challenges", "id", "expire"), project, now).await
}
